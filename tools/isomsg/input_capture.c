/* A capture as an input: the bytes of each direction of each connection, port by port. */
#include <stdio.h>
#include <stdlib.h>

#include "tools/capture/stream.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/keep.h"

enum { PORTS_MAX = 64 };

bool is_capture(struct span bytes)
{
    static const uint32_t marks[] = {0xA1B2C3D4u, 0xD4C3B2A1u, 0xA1B23C4Du, 0x4D3CB2A1u,
                                     0x0A0D0D0Au};
    for (size_t i = 0; i < ARRAY_COUNT(marks) && bytes.len >= 24; i++) {
        if (be32_get(bytes.ptr) == marks[i]) {
            return true;
        }
    }
    return false;
}

/* --- the ports that were connected to -----------------------------------------------------------
 */

struct ports {
    uint16_t opened[PORTS_MAX]; /* by a connection's first packet */
    size_t opened_count;
    uint16_t used[PORTS_MAX]; /* the smaller one of each packet with bytes */
    size_t used_count;
};

static void port_add(uint16_t port, uint16_t *list, size_t *count)
{
    for (size_t i = 0; i < *count; i++) {
        if (list[i] == port) {
            return;
        }
    }
    if (*count < PORTS_MAX) {
        list[(*count)++] = port;
    }
}

static void on_port(void *context, const struct packet *packet)
{
    struct ports *ports = context;
    if (packet->syn && !packet->ack) {
        port_add(packet->to_port, ports->opened, &ports->opened_count);
    } else if (packet->payload.len != 0) {
        port_add(packet->to_port < packet->from_port ? packet->to_port : packet->from_port,
                 ports->used, &ports->used_count);
    }
}

/* --- streams -----------------------------------------------------------------------------------
 */

struct stream {
    struct stream_id id;
    uint8_t *bytes;
    size_t len;
    size_t cap;
    bool broken; /* bytes were lost or memory: what follows cannot be cut */
};

struct collection {
    struct stream *streams;
    size_t count;
    size_t first; /* of the port at work */
    bool left_out;
};

static struct stream *stream_find(struct collection *all, struct stream_id id)
{
    for (size_t i = all->first; i < all->count; i++) {
        if (all->streams[i].id.connection == id.connection &&
            all->streams[i].id.from_client == id.from_client) {
            return &all->streams[i];
        }
    }
    if (all->count == INPUT_STREAMS_MAX) {
        all->left_out = true;
        return NULL;
    }
    struct stream *stream = &all->streams[all->count++];
    *stream = (struct stream){.id = id};
    return stream;
}

static void on_bytes(void *context, struct stream_id id, int64_t at_us, struct span bytes)
{
    struct stream *stream = stream_find(context, id);
    (void)at_us;
    if (stream == NULL || stream->broken) {
        return;
    }
    if (stream->cap - stream->len < bytes.len) {
        size_t cap = 2 * stream->cap + bytes.len;
        uint8_t *more = realloc(stream->bytes, cap);
        if (more == NULL) {
            stream->broken = true;
            return;
        }
        stream->bytes = more;
        stream->cap = cap;
    }
    memcpy(stream->bytes + stream->len, bytes.ptr, bytes.len);
    stream->len += bytes.len;
}

static void on_lost(void *context, struct stream_id id, uint32_t len)
{
    struct collection *all = context;
    struct stream *stream = stream_find(all, id);
    if (stream != NULL && len != 0) {
        stream->broken = true;
        all->left_out = true;
    }
}

static void on_packet(void *context, const struct packet *packet)
{
    streams_packet(context, packet);
}

/* Read the capture once, from memory. */
static int capture_walk(struct span bytes, void (*told)(void *context, const struct packet *packet),
                        void *context)
{
    char why[CAPTURE_WHY_LEN] = "";
    struct capture_counts counts;
    FILE *file = fmemopen((void *)(uintptr_t)bytes.ptr, bytes.len, "rb");
    if (file == NULL) {
        return ERR_MEMORY;
    }
    int err = capture_read(file, told, context, &counts, why);
    if (err < 0) {
        fprintf(stderr, "isomsg: %s\n", why);
    }
    return err;
}

static int port_collect(struct span bytes, uint16_t port, struct collection *all)
{
    const struct stream_told told = {all, on_bytes, on_lost};
    struct streams *streams = NULL;
    all->first = all->count;
    TRY(streams_open(port, &told, &streams));
    int err = capture_walk(bytes, on_packet, streams);
    streams_end(streams);
    all->left_out |= streams_left_out(streams);
    streams_close(streams);
    return err;
}

/* The streams that have bytes as the parts of @input. */
static int parts_make(const struct collection *all, const uint16_t *ports, struct input *input)
{
    struct span *parts = keep_new((all->count + 1) * sizeof *parts);
    uint16_t *of = keep_new((all->count + 1) * sizeof *of);
    size_t count = 0;
    if (parts == NULL || of == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < all->count; i++) {
        if (all->streams[i].len != 0) {
            parts[count] = span_make(all->streams[i].bytes, all->streams[i].len);
            of[count++] = ports[i];
        }
    }
    input->parts = parts;
    input->ports = of;
    input->count = count;
    input->is_capture = true;
    return 0;
}

int capture_open(struct span bytes, uint16_t port, struct input *input)
{
    static struct stream streams[INPUT_STREAMS_MAX];
    static uint16_t ports_of[INPUT_STREAMS_MAX];
    struct collection all = {.streams = streams};
    struct ports ports = {0};
    TRY(capture_walk(bytes, on_port, &ports));
    const uint16_t *list = ports.opened_count != 0 ? ports.opened : ports.used;
    size_t count = ports.opened_count != 0 ? ports.opened_count : ports.used_count;
    if (port != 0) {
        list = &port;
        count = 1;
    }
    for (size_t i = 0; i < count; i++) {
        TRY(port_collect(bytes, list[i], &all));
        for (size_t k = all.first; k < all.count; k++) {
            ports_of[k] = list[i];
        }
    }
    TRY(parts_make(&all, ports_of, input));
    if (all.left_out) {
        fprintf(stderr, "isomsg: bytes of the capture are missing; what stood behind them in their "
                        "stream is left out\n");
    }
    if (input->count == 0) {
        fprintf(stderr, "isomsg: %s: no TCP stream in it has bytes\n", input->name);
        return ERR_CONFIG;
    }
    return 0;
}
