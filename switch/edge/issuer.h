/* Issuer links: one dialled connection each; frames to events, requests to frames. */
#pragma once

#include "iso8583/net/conn.h"
#include "switch/edge/driver.h"

struct issuer_edge *issuer_edge_new(struct driver *driver);
/* Begin to dial every link. ERR_USAGE, ERR_MEMORY. */
MUST_USE int issuer_edge_dial(struct issuer_edge *edge);
void issuer_edge_shutdown(struct issuer_edge *edge);
void issuer_edge_free(struct issuer_edge *edge);

/* Queue a message. A link that cannot take it is cut: all its pending become UNKNOWN. */
void issuer_send(struct issuer_edge *edge, uint16_t link, struct span message);
void issuer_cut(struct issuer_edge *edge, uint16_t link);
