/* TCP streams out of captured segments: the bytes of each direction in order.
 *
 * Segments that come again are passed over, those that come early are kept (a bounded number of
 * them) until the hole in front of them is filled; a hole that stays is told as lost bytes, and the
 * stream goes on behind it. Sequence numbers wrap. Of bytes that come twice those count that could
 * be given out first. */
#pragma once

#include "tools/capture/packet.h"

enum {
    CONNECTIONS_MAX = 1 << 16,
    PIECES_MAX = 256,            /* segments that wait in one direction */
    PIECES_LEN_MAX = 1 << 20,    /* and their bytes */
    PIECES_ALL_MAX = 64 << 20,   /* the bytes of all that wait */
    STREAM_AHEAD_MAX = 16 << 20, /* a sequence number further ahead is no one's */
};

/* One direction of a connection: connections are numbered in the order they are seen in. */
struct stream_id {
    uint32_t connection;
    bool from_client; /* towards the port */
};

struct stream_told {
    void *context;
    /* The next bytes; borrowed for the call. */
    void (*bytes)(void *context, struct stream_id id, int64_t at_us, struct span bytes);
    /* @len bytes were not captured: the next ones stand behind a hole. 0: the capture begins in the
     * middle of the stream, how much is missing is not known. */
    void (*lost)(void *context, struct stream_id id, uint32_t len);
};

struct streams;

/* The streams from and to TCP port @port. ERR_MEMORY. */
MUST_USE int streams_open(uint16_t port, const struct stream_told *told, struct streams **out);
void streams_close(struct streams *streams);

/* One more segment, in the order of the capture; of other ports: nothing happens. */
void streams_packet(struct streams *streams, const struct packet *packet);

/* The capture is over: what still waits is given out, with its holes. */
void streams_end(struct streams *streams);

/* Whether something was left out (memory, CONNECTIONS_MAX). */
bool streams_left_out(const struct streams *streams);
