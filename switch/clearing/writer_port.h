/* How swclear changes the store: one question, one answer, two ways.
 *
 * direct  the daemon is down: this process holds the store's lock and executes requests itself.
 * admin   the daemon runs and has the lock: requests go through its unix socket, and the store is
 *         read through a snapshot of one's own. One JSON object a line each way:
 *
 *   {"cmd":"book","op":"FILE","step":"assign","day":"2026-11-20"}
 *   {"cmd":"book","op":"FILE","step":"built","day":"2026-11-20","file_seq":7,"bytes":31434,
 *    "count":98,"sha256":"<64 hex digits>"}
 *   {"cmd":"book","op":"FILE","step":"published","day":"2026-11-20","file_seq":7}
 *   {"cmd":"book","op":"SIGN_OFF","day":"2026-11-20"}
 *
 *   {"ok":true,"result":"STORED","code":"","day":"2026-11-20","file_seq":7,"created_ms":1795305600000}
 *   {"ok":true,"result":"MORE","code":"","day":"2026-11-20","file_seq":7,"created_ms":1795305600000}
 *   {"ok":true,"result":"NO_SUCH","code":"dr","day":"2026-11-20","file_seq":0,"created_ms":0}
 *   {"ok":false,"error":"a sentence"}
 *
 * MORE is for assign: some items have their file, ask the same again. result and code are
 * book_answer's ("" if it has none); the daemon stamps wall_ms itself. file_seq and created_ms may
 * be left out where the answer has none (0). */
#pragma once

#include "switch/store/book.h"

struct writer_port {
    const char *name; /* "direct" or "admin" */
    struct kv *kv;    /* to read: as long as the port is open */
    /* Submit @request and wait for its answer. 0, ERR_CONNECT, ERR_CLOSED (the daemon went away:
     * whether it was done is not known; steps may be repeated), ERR_FORMAT, or what the store says.
     * @port->why has a sentence after an error. */
    int (*submit)(struct writer_port *port, const struct book_request *request,
                  struct book_answer *answer);
    void (*close)(struct writer_port *port);
    char why[256];
};

/* Open the port to the store in @data: direct if its lock is free, else admin by @socket_path
 * (NULL: admin.sock in @data). ERR_NOT_FOUND, ERR_CONNECT, or what the store says; @why (256 bytes)
 * gets a sentence. */
MUST_USE int writer_port_open(const char *data, const char *socket_path, struct writer_port **out,
                              char why[256]);

/* A port on a book that is open already (tests). The caller keeps both. */
MUST_USE int writer_port_book(struct kv *kv, struct book *book, struct writer_port **out);

/* The lines of the admin socket, for both ends. */
MUST_USE int writer_port_encode(const struct book_request *request, struct writer *out);
MUST_USE int writer_port_decode(struct span line, struct book_answer *answer, char why[256]);
