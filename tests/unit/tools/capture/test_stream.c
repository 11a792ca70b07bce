/* From captured packets to bytes in order: links, IP, TCP, holes; and what is no packet at all. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/tools/capture/pcap_make.h"
#include "tools/capture/stream.h"

enum { PORT = 8583, HEARD_MAX = 512 };

/* What was told, as a text: bytes as they came, "[7]" for a hole, "|" where another stream speaks.
 */
struct heard {
    char text[HEARD_MAX];
    struct stream_id last;
    uint64_t count; /* bytes, of those beyond HEARD_MAX too */
};

static void on_bytes(void *context, struct stream_id id, int64_t at_us, struct span bytes)
{
    struct heard *heard = context;
    size_t len = strlen(heard->text);
    bool other =
        heard->last.connection != id.connection || heard->last.from_client != id.from_client;
    (void)at_us;
    heard->last = id;
    heard->count += bytes.len;
    (void)snprintf(heard->text + len, sizeof heard->text - len, "%s%.*s",
                   other && heard->count > bytes.len ? "|" : "", (int)bytes.len,
                   (const char *)bytes.ptr);
}

static void on_lost(void *context, struct stream_id id, uint32_t len)
{
    struct heard *heard = context;
    size_t at = strlen(heard->text);
    (void)id;
    (void)snprintf(heard->text + at, sizeof heard->text - at, "[%u]", len);
}

static struct heard heard;
static struct streams *streams;

static void begin(void)
{
    struct stream_told told = {&heard, on_bytes, on_lost};
    heard = (struct heard){0};
    ck_assert_int_eq(streams_open(PORT, &told, &streams), 0);
}

static void end(void)
{
    streams_close(streams);
}

/* A segment of the client with port @from_port. */
static void say_from(uint16_t from_port, uint32_t seq, const char *text, uint8_t flags)
{
    struct packet packet = {.from = {1},
                            .to = {2},
                            .from_port = from_port,
                            .to_port = PORT,
                            .seq = seq,
                            .syn = (flags & PCAP_SYN) != 0,
                            .rst = (flags & PCAP_RST) != 0,
                            .ack = (flags & PCAP_ACK) != 0,
                            .payload = span_text(text)};
    streams_packet(streams, &packet);
}

static void call(uint32_t seq)
{
    say_from(40000, seq, "", PCAP_SYN);
}

static void say(uint32_t seq, const char *text)
{
    say_from(40000, seq, text, PCAP_ACK);
}

static void expect_heard(const char *text)
{
    streams_end(streams);
    ck_assert_str_eq(heard.text, text);
}

/* --- packets ------------------------------------------------------------------------------------
 */

static const int links[] = {PCAP_NULL, PCAP_ETHERNET, PCAP_RAW, PCAP_LOOP, PCAP_SLL, PCAP_SLL2};

START_TEST(every_link_carries_both_ips)
{
    uint8_t bytes[200];
    for (int v6 = 0; v6 < 2; v6++) {
        struct pcap_segment segment = {.from = 1,
                                       .to = 2,
                                       .from_port = 40000,
                                       .to_port = PORT,
                                       .seq = 0x01020304,
                                       .flags = PCAP_ACK,
                                       .is_v6 = v6 == 1,
                                       .payload = SPAN_LITERAL("hello")};
        struct writer out = writer_make(bytes, sizeof bytes);
        struct packet packet;
        pcap_packet_make(&out, links[_i], &segment);
        writer_text(&out, "padding"); /* Short frames are filled up: it is no payload. */
        ck_assert(packet_knows_link(links[_i]));
        ck_assert_int_eq(packet_parse(links[_i], writer_written(&out), &packet), PACKET_TCP);
        ck_assert_uint_eq(packet.from_port, 40000);
        ck_assert_uint_eq(packet.to_port, PORT);
        ck_assert_uint_eq(packet.seq, 0x01020304);
        ck_assert(packet.is_v6 == segment.is_v6 && packet.ack && !packet.syn && !packet.rst);
        ck_assert(span_equal_text(packet.payload, "hello"));
        ck_assert_uint_eq(packet.from[v6 == 1 ? 15 : 3], 1);
    }
}
END_TEST

START_TEST(packet_cut_anywhere_is_read_to_its_end_and_no_further)
{
    uint8_t bytes[200];
    struct pcap_segment segment = {
        .to_port = PORT, .is_v6 = _i % 2 == 1, .payload = SPAN_LITERAL("hello")};
    struct writer out = writer_make(bytes, sizeof bytes);
    pcap_packet_make(&out, links[_i / 2], &segment);
    for (size_t len = 0; len < out.len; len++) {
        /* Memory of just this length: a sanitizer sees a byte too far. */
        uint8_t *copy = malloc(len + (len == 0));
        struct packet packet = {0};
        memcpy(copy, bytes, len);
        enum packet_kind kind = packet_parse(links[_i / 2], span_make(copy, len), &packet);
        ck_assert_int_eq(kind == PACKET_TCP, len >= out.len - segment.payload.len);
        if (kind == PACKET_TCP) {
            ck_assert_uint_eq(packet.payload.len, len - (out.len - segment.payload.len));
        }
        free(copy);
    }
}
END_TEST

START_TEST(lengths_that_lie_are_no_packets)
{
    /* Of an IPv4 packet without link: byte and what is put there. */
    static const struct {
        uint8_t at;
        uint8_t value;
        enum packet_kind kind;
    } rows[] = {
        {0, 0x41, PACKET_SHORT},    /* IP header of 4 bytes */
        {0, 0x4F, PACKET_SHORT},    /* ... that goes beyond the packet */
        {3, 10, PACKET_SHORT},      /* IP packet shorter than its header */
        {3, 30, PACKET_SHORT},      /* ... than its TCP header */
        {0, 0x75, PACKET_OTHER},    /* of no known version */
        {9, 17, PACKET_OTHER},      /* UDP */
        {6, 0x20, PACKET_FRAGMENT}, /* more fragments come */
        {7, 1, PACKET_FRAGMENT},    /* a later fragment */
        {32, 0x40, PACKET_SHORT},   /* TCP header of 16 bytes */
        {32, 0xF0, PACKET_SHORT},   /* ... that goes beyond the packet */
        {32, 0x50, PACKET_TCP},     /* as it was: the table can tell */
    };
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        uint8_t bytes[45];
        struct pcap_segment segment = {.to_port = PORT, .payload = SPAN_LITERAL("hello")};
        struct writer out = writer_make(bytes, sizeof bytes);
        struct packet packet;
        pcap_packet_make(&out, PCAP_RAW, &segment);
        bytes[rows[i].at] = rows[i].value;
        ck_assert_int_eq(packet_parse(PCAP_RAW, writer_written(&out), &packet), rows[i].kind);
    }
}
END_TEST

START_TEST(vlan_tags_are_passed_over)
{
    uint8_t bytes[200];
    uint8_t ip[100];
    struct pcap_segment segment = {.to_port = PORT, .payload = SPAN_LITERAL("hello")};
    struct writer inner = writer_make(ip, sizeof ip);
    struct writer out = writer_make(bytes, sizeof bytes);
    struct packet packet;
    pcap_packet_make(&inner, PCAP_RAW, &segment);
    pcap_zeros(&out, 12);
    writer_be32(&out, 0x88A80007u);
    writer_be32(&out, 0x81000008u);
    writer_be16(&out, 0x0800);
    writer_span(&out, writer_written(&inner));
    ck_assert_int_eq(packet_parse(PCAP_ETHERNET, writer_written(&out), &packet), PACKET_TCP);
    ck_assert(span_equal_text(packet.payload, "hello"));
}
END_TEST

START_TEST(extension_headers_end)
{
    uint8_t bytes[200] = {0x60, 0, 0, 0, 0, 160, 0, 64}; /* hop by hop, and again, ... */
    struct packet packet;
    ck_assert_int_ne(packet_parse(PCAP_RAW, span_make(bytes, sizeof bytes), &packet), PACKET_TCP);
}
END_TEST

/* --- streams ------------------------------------------------------------------------------------
 */

START_TEST(segments_out_of_order_are_put_in_order)
{
    call(100);
    say(107, "three");
    say(104, "two");
    say(101, "one");
    expect_heard("onetwothree");
}
END_TEST

START_TEST(segments_that_come_again_are_passed_over)
{
    call(100);
    say(101, "one");
    say(101, "one");
    say(104, "two");
    say(101, "onetwo");
    say(107, "three");
    say(104, "two");
    expect_heard("onetwothree");
}
END_TEST

START_TEST(of_bytes_that_overlap_the_first_count)
{
    call(100);
    say(101, "abcdef");
    say(104, "XXXghi");
    say(113, "mno");
    say(109, "YjklZZZp"); /* fills the hole, and goes beyond what waits behind it */
    expect_heard("abcdefghijklZZZp");
}
END_TEST

START_TEST(hole_is_told_and_the_stream_goes_on_behind_it)
{
    call(100);
    say(101, "one");
    say(107, "three");
    say(122, "nine");
    expect_heard("one[3]three[10]nine");
}
END_TEST

START_TEST(numbers_wrap)
{
    call(0xFFFFFFFCu);
    say(0xFFFFFFFDu, "abc");
    say(3, "ghi");
    say(0, "defg");
    expect_heard("abcdefghi");
}
END_TEST

START_TEST(stream_that_began_before_the_capture_is_told_so)
{
    say(5000, "abc");
    say(5003, "def");
    expect_heard("[0]abcdef");
}
END_TEST

START_TEST(ports_used_anew_are_another_connection)
{
    call(100);
    say(101, "one");
    call(90000);
    say(90001, "two");
    expect_heard("one|two");
}
END_TEST

START_TEST(far_number_begins_anew)
{
    call(100);
    say(101, "one");
    say(101 + (1u << 30), "two");
    say(104 + (1u << 30), "three");
    expect_heard("one[0]twothree");
}
END_TEST

START_TEST(streams_of_clients_do_not_mix)
{
    say_from(40000, 100, "", PCAP_SYN);
    say_from(40001, 500, "", PCAP_SYN);
    say_from(40000, 101, "a1", PCAP_ACK);
    say_from(40001, 501, "b1", PCAP_ACK);
    say_from(40000, 103, "a2", PCAP_ACK);
    expect_heard("a1|b1|a2");
}
END_TEST

START_TEST(other_ports_are_passed_over)
{
    struct packet packet = {.from_port = 1, .to_port = 2, .payload = SPAN_LITERAL("x")};
    streams_packet(streams, &packet);
    expect_heard("");
}
END_TEST

START_TEST(what_waits_is_bounded)
{
    static char text[1001];
    memset(text, 'x', sizeof text - 1);
    call(0);
    for (uint32_t i = 0; i < 2000; i++) { /* a hole of one byte before each */
        say(2 + i * 1001, text);
    }
    ck_assert_uint_gt(heard.count, (2000 - PIECES_MAX - 1) * 1000ull);
    streams_end(streams);
    ck_assert_uint_eq(heard.count, 2000 * 1000ull);
}
END_TEST

START_TEST(noise_crashes_nothing)
{
    uint8_t bytes[128];
    srand((unsigned)_i);
    for (int round = 0; round < 20000; round++) {
        struct pcap_segment segment = {
            .from = (uint8_t)(rand() % 2),
            .to = (uint8_t)(rand() % 2),
            .from_port = (uint16_t)(rand() % 3 == 0 ? PORT : 40000),
            .to_port = PORT,
            .seq = (uint32_t)(rand() % 300),
            .flags = (uint8_t)(rand() % 32),
            .is_v6 = rand() % 2 == 0,
            .payload = span_first(SPAN_LITERAL("0123456789abcdef"), (size_t)(rand() % 17))};
        struct writer out = writer_make(bytes, sizeof bytes);
        struct packet packet;
        pcap_packet_make(&out, PCAP_RAW, &segment);
        for (int changes = rand() % 4; changes > 0; changes--) {
            size_t at = (size_t)rand() % out.len;
            bytes[at] = (uint8_t)rand();
        }
        size_t len = (size_t)rand() % (out.len + 1);
        uint8_t *copy = malloc(len + 1);
        memcpy(copy, bytes, len);
        if (packet_parse(PCAP_RAW, span_make(copy, len), &packet) == PACKET_TCP) {
            ck_assert_uint_le(packet.payload.len, len);
            streams_packet(streams, &packet);
        }
        free(copy);
    }
    streams_end(streams);
    ck_assert_uint_gt(heard.count, 100);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("capture_stream");
    TCase *packets = tcase_create("packets");
    int link_count = (int)ARRAY_COUNT(links);
    tcase_add_loop_test(packets, every_link_carries_both_ips, 0, link_count);
    tcase_add_loop_test(packets, packet_cut_anywhere_is_read_to_its_end_and_no_further, 0,
                        2 * link_count);
    tcase_add_test(packets, lengths_that_lie_are_no_packets);
    tcase_add_test(packets, vlan_tags_are_passed_over);
    tcase_add_test(packets, extension_headers_end);
    suite_add_tcase(suite, packets);
    TCase *tcase = tcase_create("streams");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, segments_out_of_order_are_put_in_order);
    tcase_add_test(tcase, segments_that_come_again_are_passed_over);
    tcase_add_test(tcase, of_bytes_that_overlap_the_first_count);
    tcase_add_test(tcase, hole_is_told_and_the_stream_goes_on_behind_it);
    tcase_add_test(tcase, numbers_wrap);
    tcase_add_test(tcase, stream_that_began_before_the_capture_is_told_so);
    tcase_add_test(tcase, ports_used_anew_are_another_connection);
    tcase_add_test(tcase, far_number_begins_anew);
    tcase_add_test(tcase, streams_of_clients_do_not_mix);
    tcase_add_test(tcase, other_ports_are_passed_over);
    tcase_add_test(tcase, what_waits_is_bounded);
    tcase_add_loop_test(tcase, noise_crashes_nothing, 0, 4);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
