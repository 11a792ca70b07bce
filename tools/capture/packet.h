/* A captured packet down to its TCP payload: what a capture is read as.
 *
 * libpcap reads the file (pcap and pcapng); the headers from the link up are ours. To add a link:
 * a row in packet.c. */
#pragma once

#include <stdio.h>

#include "iso8583/base/bytes.h"

enum { ADDRESS_LEN = 16, CAPTURE_WHY_LEN = 300 };

/* One TCP segment. @payload borrows from the packet. */
struct packet {
    int64_t at_us;
    uint8_t from[ADDRESS_LEN]; /* IPv4: the first four bytes, then zeros */
    uint8_t to[ADDRESS_LEN];
    uint16_t from_port;
    uint16_t to_port;
    uint32_t seq;
    bool is_v6;
    bool syn;
    bool ack;
    bool rst;
    struct span payload;
};

enum packet_kind {
    PACKET_TCP,
    PACKET_OTHER,    /* no TCP, or a link that is not known */
    PACKET_FRAGMENT, /* a piece of an IP packet: its TCP is not read */
    PACKET_SHORT,    /* its headers are not whole */
};

/* Read the headers of @bytes, captured on a link of pcap type @link, into @packet (all but at_us).
 * Never reads beyond @bytes; sets @packet only for PACKET_TCP. */
enum packet_kind packet_parse(int link, struct span bytes, struct packet *packet);

/* Whether packet_parse() knows this pcap link type. */
bool packet_knows_link(int link);

/* What was passed over while a capture was read. */
struct capture_counts {
    uint64_t packets;
    uint64_t other;
    uint64_t fragments;
    uint64_t short_headers;
    char fault[CAPTURE_WHY_LEN]; /* why the file was not read to its end; empty: it was */
};

/* Read the capture @file (closed in any case) and call @told with every TCP segment. Returns 0, or
 * ERR_CONFIG (no capture, or of a link that is not known) or ERR_MEMORY with @why filled. */
MUST_USE int capture_read(FILE *file, void (*told)(void *context, const struct packet *packet),
                          void *context, struct capture_counts *counts, char why[CAPTURE_WHY_LEN]);
