#include "tools/capture/stream.h"

#include <stdlib.h>

#include "iso8583/base/map.h"

enum { KEY_LEN = 2 * ADDRESS_LEN + 2 * 2 + 1 };

/* A segment that came early. */
struct piece {
    struct piece *next; /* in the order of the stream */
    int64_t at_us;
    uint32_t seq;
    uint32_t len;
    uint8_t bytes[];
};

struct direction {
    bool known;    /* @next is */
    uint32_t next; /* sequence number of the byte to come */
    uint32_t count;
    uint32_t len; /* bytes of @pieces */
    struct piece *pieces;
};

struct connection {
    struct direction direction[2]; /* by from_client */
};

struct streams {
    uint16_t port;
    struct stream_told told;
    struct map index; /* of connections by their ends */
    void *index_memory;
    struct connection *connections;
    uint32_t count;
    uint32_t cap;
    bool left_out;
    size_t waiting_len; /* of all pieces, with their heads */
};

int streams_open(uint16_t port, const struct stream_told *told, struct streams **out)
{
    struct streams *streams = calloc(1, sizeof *streams);
    void *memory = malloc(map_memory(CONNECTIONS_MAX, KEY_LEN));
    if (streams == NULL || memory == NULL) {
        free(streams);
        free(memory);
        return ERR_MEMORY;
    }
    streams->port = port;
    streams->told = *told;
    streams->index_memory = memory;
    map_init(&streams->index, memory, CONNECTIONS_MAX, KEY_LEN);
    *out = streams;
    return 0;
}

static void piece_drop(struct streams *streams, struct direction *direction)
{
    struct piece *piece = direction->pieces;
    direction->pieces = piece->next;
    direction->count--;
    direction->len -= piece->len;
    streams->waiting_len -= sizeof *piece + piece->len;
    bytes_wipe(piece->bytes, piece->len);
    free(piece);
}

void streams_close(struct streams *streams)
{
    if (streams == NULL) {
        return;
    }
    for (uint32_t i = 0; i < 2 * streams->count; i++) {
        struct direction *direction = &streams->connections[i / 2].direction[i % 2];
        while (direction->pieces != NULL) {
            piece_drop(streams, direction);
        }
    }
    free(streams->connections);
    free(streams->index_memory);
    free(streams);
}

/* --- one direction -------------------------------------------------------------------------------
 */

static struct direction *direction_of(struct streams *streams, struct stream_id id)
{
    return &streams->connections[id.connection].direction[id.from_client];
}

/* How far @seq is ahead of the byte to come; negative: behind it. */
static int32_t ahead_of(const struct direction *direction, uint32_t seq)
{
    return (int32_t)(seq - direction->next);
}

/* Give out what of @bytes, which begin at @seq, is new. */
static void give(struct streams *streams, struct stream_id id, int64_t at_us, uint32_t seq,
                 struct span bytes)
{
    struct direction *direction = direction_of(streams, id);
    int32_t ahead = ahead_of(direction, seq);
    struct span fresh = span_skip(bytes, ahead < 0 ? (size_t) - (int64_t)ahead : 0);
    CHECK(ahead <= 0);
    if (fresh.len > 0) {
        direction->next += (uint32_t)fresh.len;
        streams->told.bytes(streams->told.context, id, at_us, fresh);
    }
}

/* Give out the pieces that are due now. */
static void pieces_give(struct streams *streams, struct stream_id id)
{
    struct direction *direction = direction_of(streams, id);
    while (direction->pieces != NULL && ahead_of(direction, direction->pieces->seq) <= 0) {
        struct piece *piece = direction->pieces;
        give(streams, id, piece->at_us, piece->seq, span_make(piece->bytes, piece->len));
        piece_drop(streams, direction);
    }
}

/* The hole in front of the first piece will not be filled. */
static void hole_pass(struct streams *streams, struct stream_id id)
{
    struct direction *direction = direction_of(streams, id);
    uint32_t len = direction->pieces->seq - direction->next;
    direction->next += len;
    streams->told.lost(streams->told.context, id, len);
    pieces_give(streams, id);
}

static void holes_pass(struct streams *streams, struct stream_id id)
{
    while (direction_of(streams, id)->pieces != NULL) {
        hole_pass(streams, id);
    }
}

static void piece_keep(struct streams *streams, struct direction *direction, uint32_t seq,
                       int64_t at_us, struct span bytes)
{
    struct piece **at = &direction->pieces;
    while (*at != NULL && ahead_of(direction, (*at)->seq) <= ahead_of(direction, seq)) {
        at = &(*at)->next;
    }
    struct piece *piece = malloc(sizeof *piece + bytes.len);
    if (piece == NULL) {
        streams->left_out = true;
        return;
    }
    piece->next = *at;
    piece->at_us = at_us;
    piece->seq = seq;
    piece->len = (uint32_t)bytes.len;
    memcpy(piece->bytes, bytes.ptr, bytes.len);
    *at = piece;
    direction->count++;
    direction->len += piece->len;
    streams->waiting_len += sizeof *piece + piece->len;
}

static void segment_take(struct streams *streams, struct stream_id id, const struct packet *packet)
{
    struct direction *direction = direction_of(streams, id);
    uint32_t seq = packet->seq + packet->syn; /* A SYN counts as a byte. */
    if (!direction->known) {
        direction->known = true;
        direction->next = seq;
        if (!packet->syn) {
            streams->told.lost(streams->told.context, id, 0);
        }
    }
    if (packet->payload.len == 0) {
        return;
    }
    int32_t ahead = ahead_of(direction, seq);
    if (ahead > STREAM_AHEAD_MAX || ahead < -STREAM_AHEAD_MAX) {
        /* Nobody's window is that wide: the ports are used anew, and their SYN is not here. */
        holes_pass(streams, id);
        direction->next = seq;
        ahead = 0;
        streams->told.lost(streams->told.context, id, 0);
    }
    if (ahead <= 0) {
        give(streams, id, packet->at_us, seq, packet->payload);
        pieces_give(streams, id);
        return;
    }
    piece_keep(streams, direction, seq, packet->at_us, packet->payload);
    while (direction->pieces != NULL &&
           (direction->count > PIECES_MAX || direction->len > PIECES_LEN_MAX ||
            streams->waiting_len > PIECES_ALL_MAX)) {
        hole_pass(streams, id);
    }
}

static void connection_end(struct streams *streams, uint32_t connection)
{
    for (int side = 0; side < 2; side++) {
        struct stream_id id = {connection, side == 1};
        holes_pass(streams, id);
    }
}

/* --- connections ---------------------------------------------------------------------------------
 */

/* The ends of the packet's connection, the client's first. */
static void key_make(const struct packet *packet, bool from_client, uint8_t key[KEY_LEN])
{
    struct writer out = writer_make(key, KEY_LEN);
    writer_put(&out, from_client ? packet->from : packet->to, ADDRESS_LEN);
    writer_put(&out, from_client ? packet->to : packet->from, ADDRESS_LEN);
    writer_be16(&out, from_client ? packet->from_port : packet->to_port);
    writer_be16(&out, from_client ? packet->to_port : packet->from_port);
    writer_u8(&out, packet->is_v6);
    CHECK(out.len == KEY_LEN && !out.overflow);
}

static bool connection_add(struct streams *streams, const uint8_t key[KEY_LEN], uint32_t *at)
{
    if (streams->count == streams->cap) {
        uint32_t cap = streams->cap == 0 ? 16 : streams->cap * 2;
        struct connection *more =
            streams->count >= CONNECTIONS_MAX
                ? NULL
                : realloc(streams->connections, cap * sizeof *streams->connections);
        if (more == NULL) {
            return false;
        }
        streams->connections = more;
        streams->cap = cap;
    }
    (void)map_remove(&streams->index, key);
    if (map_add(&streams->index, key, streams->count) < 0) {
        return false;
    }
    *at = streams->count++;
    streams->connections[*at] = (struct connection){0};
    return true;
}

void streams_packet(struct streams *streams, const struct packet *packet)
{
    uint8_t key[KEY_LEN];
    bool from_client = packet->to_port == streams->port;
    struct stream_id id = {0};
    if (!from_client && packet->from_port != streams->port) {
        return;
    }
    key_make(packet, from_client, key);
    bool known = map_find(&streams->index, key, &id.connection);
    if (!known && from_client && packet->from_port == streams->port) {
        /* Both ends have the port: who was seen first is the client. */
        key_make(packet, false, key);
        known = map_find(&streams->index, key, &id.connection);
        from_client = !known;
        key_make(packet, from_client, key);
    }
    id.from_client = from_client;
    if (known && packet->syn && !packet->ack) {
        const struct direction *direction = direction_of(streams, id);
        if (direction->known && direction->next != packet->seq + 1) {
            connection_end(streams, id.connection); /* The ports are used anew. */
            known = false;
        }
    }
    if (!known && !connection_add(streams, key, &id.connection)) {
        streams->left_out = true;
        return;
    }
    segment_take(streams, id, packet);
    if (packet->rst) {
        connection_end(streams, id.connection);
    }
}

void streams_end(struct streams *streams)
{
    for (uint32_t i = 0; i < streams->count; i++) {
        connection_end(streams, i);
    }
}

bool streams_left_out(const struct streams *streams)
{
    return streams->left_out;
}
