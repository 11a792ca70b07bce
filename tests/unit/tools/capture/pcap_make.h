/* Captures for tests: TCP segments as a pcap file, on the links that `isotest record` reads. */
#pragma once

#include "iso8583/base/bytes.h"

/* Numbers of pcap. To add a link: a constant, and a row in pcap_link_put(). */
enum pcap_link {
    PCAP_NULL = 0,
    PCAP_ETHERNET = 1,
    PCAP_RAW = 101,
    PCAP_LOOP = 108,
    PCAP_SLL = 113,
    PCAP_SLL2 = 276,
};

enum pcap_flag { PCAP_FIN = 1, PCAP_SYN = 2, PCAP_RST = 4, PCAP_ACK = 16 };

enum { PCAP_FILE_HEAD_LEN = 24, PCAP_PACKET_MAX = 64 << 10 };

struct pcap_segment {
    int64_t at_us;
    uint8_t from; /* the last byte of its address */
    uint8_t to;
    uint16_t from_port;
    uint16_t to_port;
    uint32_t seq;
    uint8_t flags;
    bool is_v6;
    struct span payload;
};

static inline void pcap_file_begin(struct writer *out, int link)
{
    writer_be32(out, 0xA1B2C3D4u);
    writer_be16(out, 2);
    writer_be16(out, 4);
    writer_be32(out, 0);
    writer_be32(out, 0);
    writer_be32(out, PCAP_PACKET_MAX);
    writer_be32(out, (uint32_t)link);
}

/* Captured bytes of a packet, of which there were @wire_len. */
static inline void pcap_packet(struct writer *out, int64_t at_us, struct span bytes,
                               size_t wire_len)
{
    writer_be32(out, (uint32_t)(at_us / 1000000));
    writer_be32(out, (uint32_t)(at_us % 1000000));
    writer_be32(out, (uint32_t)bytes.len);
    writer_be32(out, (uint32_t)wire_len);
    writer_span(out, bytes);
}

static inline void pcap_zeros(struct writer *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        writer_u8(out, 0);
    }
}

static inline void pcap_link_put(struct writer *out, int link, bool is_v6)
{
    uint16_t type = is_v6 ? 0x86DD : 0x0800;
    switch (link) {
    case PCAP_NULL:
    case PCAP_LOOP:
        writer_be32(out, is_v6 ? 30 : 2);
        break;
    case PCAP_ETHERNET:
        pcap_zeros(out, 12);
        writer_be16(out, type);
        break;
    case PCAP_RAW:
        break;
    case PCAP_SLL:
        pcap_zeros(out, 14);
        writer_be16(out, type);
        break;
    case PCAP_SLL2:
        writer_be16(out, type);
        pcap_zeros(out, 18);
        break;
    }
}

/* The packet of @segment on @link, into @out. */
static inline void pcap_packet_make(struct writer *out, int link,
                                    const struct pcap_segment *segment)
{
    size_t tcp_len = 20 + segment->payload.len;
    pcap_link_put(out, link, segment->is_v6);
    if (segment->is_v6) {
        writer_be32(out, 0x60000000u);
        writer_be16(out, (uint16_t)tcp_len);
        writer_be16(out, 0x0640);
        pcap_zeros(out, 15);
        writer_u8(out, segment->from);
        pcap_zeros(out, 15);
        writer_u8(out, segment->to);
    } else {
        writer_be16(out, 0x4500);
        writer_be16(out, (uint16_t)(20 + tcp_len));
        writer_be32(out, 0);
        writer_be32(out, 0x40060000u);
        writer_be32(out, 0x0A000000u | segment->from);
        writer_be32(out, 0x0A000000u | segment->to);
    }
    writer_be16(out, segment->from_port);
    writer_be16(out, segment->to_port);
    writer_be32(out, segment->seq);
    writer_be32(out, 0);
    writer_u8(out, 0x50);
    writer_u8(out, segment->flags);
    writer_be16(out, 0xFFFF);
    writer_be32(out, 0);
    writer_span(out, segment->payload);
}

/* The same as the next packet of a file. @room: PCAP_PACKET_MAX bytes. */
static inline void pcap_segment_put(struct writer *out, int link,
                                    const struct pcap_segment *segment, uint8_t *room)
{
    struct writer packet = writer_make(room, PCAP_PACKET_MAX);
    pcap_packet_make(&packet, link, segment);
    CHECK(!packet.overflow);
    pcap_packet(out, segment->at_us, writer_written(&packet), packet.len);
}
