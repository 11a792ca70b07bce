#include "tools/capture/packet.h"

#include <pcap/pcap.h>

enum {
    ETHERTYPE_V4 = 0x0800,
    ETHERTYPE_V6 = 0x86DD,
    PROTOCOL_TCP = 6,
    VLANS_MAX = 4,
    EXTENSIONS_MAX = 8,
    V4_HEAD_LEN = 20,
    V6_HEAD_LEN = 40,
    TCP_HEAD_LEN = 20,
};

/* --- links -------------------------------------------------------------------------------------
 *
 * Each takes its header from @in. True if an IP packet follows; false: it is something else, or
 * its header is not whole. */

static bool ethertype_is_ip(uint16_t type)
{
    return type == ETHERTYPE_V4 || type == ETHERTYPE_V6;
}

static bool ethernet_take(struct reader *in)
{
    struct span addresses;
    uint16_t type = 0;
    uint16_t tag = 0;
    if (reader_take(in, 12, &addresses) < 0 || reader_be16(in, &type) < 0) {
        return false;
    }
    for (int i = 0; i < VLANS_MAX && (type == 0x8100 || type == 0x88A8 || type == 0x9100); i++) {
        if (reader_be16(in, &tag) < 0 || reader_be16(in, &type) < 0) {
            return false;
        }
    }
    return ethertype_is_ip(type);
}

/* The family in the byte order of whoever captured it: which one it is, the IP header tells. */
static bool loopback_take(struct reader *in)
{
    struct span family;
    return reader_take(in, 4, &family) == 0;
}

static bool raw_take(struct reader *in)
{
    (void)in;
    return true;
}

static bool cooked_take(struct reader *in)
{
    struct span head;
    return reader_take(in, 16, &head) == 0 && ethertype_is_ip(be16_get(head.ptr + 14));
}

static bool cooked2_take(struct reader *in)
{
    struct span head;
    return reader_take(in, 20, &head) == 0 && ethertype_is_ip(be16_get(head.ptr));
}

/* To add a link: a row. */
static const struct link_row {
    int link;
    bool (*take)(struct reader *in);
} links[] = {
    {DLT_EN10MB, ethernet_take},
    {DLT_NULL, loopback_take},
    {DLT_LOOP, loopback_take},
    {DLT_RAW, raw_take},
    {101, raw_take}, /* LINKTYPE_RAW, where libpcap does not turn it into DLT_RAW */
    {DLT_IPV4, raw_take},
    {DLT_IPV6, raw_take},
    {DLT_LINUX_SLL, cooked_take},
    {DLT_LINUX_SLL2, cooked2_take},
};

static const struct link_row *link_find(int link)
{
    for (size_t i = 0; i < ARRAY_COUNT(links); i++) {
        if (links[i].link == link) {
            return &links[i];
        }
    }
    return NULL;
}

bool packet_knows_link(int link)
{
    return link_find(link) != NULL;
}

/* --- IP ------------------------------------------------------------------------------------------
 */

/* Cut @in to @len bytes. What a short capture left out is missing at its end. */
static void cut_to(struct reader *in, size_t len)
{
    if (reader_left(in) > len) {
        in->end = in->ptr + len;
    }
}

static enum packet_kind v4_take(struct reader *in, struct packet *packet)
{
    struct span head;
    struct span options;
    size_t left = reader_left(in);
    if (reader_take(in, V4_HEAD_LEN, &head) < 0) {
        return PACKET_SHORT;
    }
    size_t head_len = (size_t)(head.ptr[0] & 15u) * 4;
    size_t total_len = be16_get(head.ptr + 2); /* 0: the card was to cut it (TSO) */
    if (head_len < V4_HEAD_LEN || (total_len != 0 && total_len < head_len)) {
        return PACKET_SHORT;
    }
    cut_to(in, (total_len == 0 ? left : total_len) - V4_HEAD_LEN);
    if (reader_take(in, head_len - V4_HEAD_LEN, &options) < 0) {
        return PACKET_SHORT;
    }
    if ((be16_get(head.ptr + 6) & 0x3FFFu) != 0) {
        return PACKET_FRAGMENT;
    }
    memcpy(packet->from, head.ptr + 12, 4);
    memcpy(packet->to, head.ptr + 16, 4);
    return head.ptr[9] == PROTOCOL_TCP ? PACKET_TCP : PACKET_OTHER;
}

/* Pass over the extension headers up to TCP. */
static enum packet_kind v6_extensions_take(struct reader *in, uint8_t next)
{
    enum { HOP_BY_HOP = 0, ROUTING = 43, FRAGMENT = 44, DESTINATION = 60 };
    struct span head;
    struct span rest;
    for (int i = 0; i < EXTENSIONS_MAX && next != PROTOCOL_TCP; i++) {
        if (next != HOP_BY_HOP && next != ROUTING && next != FRAGMENT && next != DESTINATION) {
            return PACKET_OTHER;
        }
        if (reader_take(in, 8, &head) < 0) {
            return PACKET_SHORT;
        }
        if (next == FRAGMENT && (be16_get(head.ptr + 2) & 0xFFF9u) != 0) {
            return PACKET_FRAGMENT;
        }
        if (next != FRAGMENT && reader_take(in, (size_t)head.ptr[1] * 8, &rest) < 0) {
            return PACKET_SHORT;
        }
        next = head.ptr[0];
    }
    return next == PROTOCOL_TCP ? PACKET_TCP : PACKET_OTHER;
}

static enum packet_kind v6_take(struct reader *in, struct packet *packet)
{
    struct span head;
    if (reader_take(in, V6_HEAD_LEN, &head) < 0) {
        return PACKET_SHORT;
    }
    size_t payload_len = be16_get(head.ptr + 4);
    if (payload_len != 0) {
        cut_to(in, payload_len);
    }
    memcpy(packet->from, head.ptr + 8, ADDRESS_LEN);
    memcpy(packet->to, head.ptr + 24, ADDRESS_LEN);
    packet->is_v6 = true;
    return v6_extensions_take(in, head.ptr[6]);
}

/* --- TCP -----------------------------------------------------------------------------------------
 */

static enum packet_kind tcp_take(struct reader *in, struct packet *packet)
{
    struct span head;
    struct span options;
    if (reader_take(in, TCP_HEAD_LEN, &head) < 0) {
        return PACKET_SHORT;
    }
    size_t head_len = (size_t)(head.ptr[12] >> 4) * 4;
    if (head_len < TCP_HEAD_LEN || reader_take(in, head_len - TCP_HEAD_LEN, &options) < 0) {
        return PACKET_SHORT;
    }
    uint8_t flags = head.ptr[13];
    packet->from_port = be16_get(head.ptr);
    packet->to_port = be16_get(head.ptr + 2);
    packet->seq = be32_get(head.ptr + 4);
    packet->rst = (flags & 0x04u) != 0;
    packet->syn = (flags & 0x02u) != 0;
    packet->ack = (flags & 0x10u) != 0;
    packet->payload = span_make(in->ptr, reader_left(in));
    return PACKET_TCP;
}

enum packet_kind packet_parse(int link, struct span bytes, struct packet *packet)
{
    const struct link_row *row = link_find(link);
    struct reader in = reader_make(bytes);
    struct packet parsed = {0};
    if (row == NULL || !row->take(&in)) {
        return PACKET_OTHER;
    }
    if (reader_left(&in) == 0) {
        return PACKET_SHORT;
    }
    unsigned version = in.ptr[0] >> 4;
    if (version != 4 && version != 6) {
        return PACKET_OTHER;
    }
    enum packet_kind kind = version == 4 ? v4_take(&in, &parsed) : v6_take(&in, &parsed);
    kind = kind == PACKET_TCP ? tcp_take(&in, &parsed) : kind;
    if (kind == PACKET_TCP) {
        *packet = parsed;
    }
    return kind;
}

/* --- captures ------------------------------------------------------------------------------------
 */

static void packet_count(struct capture_counts *counts, enum packet_kind kind)
{
    counts->packets++;
    counts->other += kind == PACKET_OTHER;
    counts->fragments += kind == PACKET_FRAGMENT;
    counts->short_headers += kind == PACKET_SHORT;
}

/* A time that nobody's clock shows is none. */
static int64_t time_us(const struct pcap_pkthdr *head)
{
    const int64_t time_s_max = (int64_t)1 << 40;
    bool good = head->ts.tv_sec >= 0 && head->ts.tv_sec < time_s_max && head->ts.tv_usec >= 0 &&
                head->ts.tv_usec < 1000000;
    return good ? (int64_t)head->ts.tv_sec * 1000000 + head->ts.tv_usec : 0;
}

int capture_read(FILE *file, void (*told)(void *context, const struct packet *packet),
                 void *context, struct capture_counts *counts, char why[CAPTURE_WHY_LEN])
{
    char error[PCAP_ERRBUF_SIZE] = "";
    *counts = (struct capture_counts){0};
    pcap_t *pcap = pcap_fopen_offline(file, error);
    if (pcap == NULL) {
        (void)snprintf(why, CAPTURE_WHY_LEN, "this is no capture: %s", error);
        (void)fclose(file);
        return ERR_CONFIG;
    }
    int link = pcap_datalink(pcap);
    if (!packet_knows_link(link)) {
        const char *name = pcap_datalink_val_to_name(link);
        (void)snprintf(why, CAPTURE_WHY_LEN,
                       "captured on a link that is not known here: %s (%d); known are Ethernet, "
                       "loopback, raw IP and Linux cooked",
                       name == NULL ? "?" : name, link);
        pcap_close(pcap);
        return ERR_CONFIG;
    }
    struct pcap_pkthdr *head = NULL;
    const u_char *bytes = NULL;
    int status = 0;
    while ((status = pcap_next_ex(pcap, &head, &bytes)) == 1) {
        struct packet packet;
        enum packet_kind kind = packet_parse(link, span_make(bytes, head->caplen), &packet);
        packet_count(counts, kind);
        if (kind == PACKET_TCP) {
            packet.at_us = time_us(head);
            told(context, &packet);
        }
    }
    if (status == PCAP_ERROR) {
        (void)snprintf(counts->fault, sizeof counts->fault, "%s", pcap_geterr(pcap));
    }
    pcap_close(pcap);
    return 0;
}
