/* Terminals: frames of the listeners' connections to events, answers to frames. */
#pragma once

#include "iso8583/net/conn.h"
#include "switch/edge/driver.h"

/* Make the pool and the listeners' endpoints; nothing listens yet. NULL if memory is short. */
struct terminal_edge *terminal_edge_new(struct driver *driver);

/* Begin to listen on every configured listener. On failure ERR_IO (or ERR_USAGE) after logging
 * which address and why. */
MUST_USE int terminal_edge_listen(struct terminal_edge *edge);

/* Stop accepting; connections go on (draining). */
void terminal_edge_stop_listening(struct terminal_edge *edge);

/* Close every connection, what is queued is sent first. */
void terminal_edge_shutdown(struct terminal_edge *edge);
void terminal_edge_free(struct terminal_edge *edge);

/* Queue an answer. A connection that is gone or does not read is counted, and closed. */
void terminal_send(struct terminal_edge *edge, uint16_t listener, uint64_t conn, struct span tpdu,
                   struct span message);

/* The message that is being fed could not be read. A connection that brings nothing else, many
 * times in a row, is closed: it is no terminal of ours, or speaks another dialect. */
void terminal_unreadable(struct terminal_edge *edge, uint16_t listener, uint64_t conn);

uint32_t terminal_edge_connected(const struct terminal_edge *edge);
/* The port that listener @index has; 0 if it does not listen. */
int terminal_edge_port(const struct terminal_edge *edge, uint32_t index);
