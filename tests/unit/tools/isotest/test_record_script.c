/* From a capture to a script: what is written, what is not, and what is told. */
#include <check.h>
#include <stdlib.h>

#include "tests/unit/tools/capture/pcap_make.h"
#include "tools/isotest/fmt.h"
#include "tools/isotest/record.h"
#include "tools/isotest/record_card.h"

enum {
    POS = 8583,
    LINK = 9001,
    FILE_LEN_MAX = 4 << 20,
    TEXT_LEN_MAX = 64 << 10,
    FIELDS_MAX = 24,
    LINES_MAX = 12,
};

#define PAN    "4929123456789012"
#define TRACK  PAN "=29122011234500000000"
#define PAN_MC "5413330089020011"

/* --- a capture -----------------------------------------------------------------------------------
 */

static uint8_t file_bytes[FILE_LEN_MAX];
static uint8_t room[PCAP_PACKET_MAX];
static struct writer file;
static int64_t now_us;
static uint32_t pos_seq[2];
static uint32_t link_seq[2];
static char told[TEXT_LEN_MAX];
static char *script; /* NULL: none was written */

/* One segment of the connection to @port, from who called it or to them. */
static void segment_say(uint16_t port, bool from_client, struct span bytes)
{
    uint32_t *seq = port == POS ? &pos_seq[from_client] : &link_seq[from_client];
    struct pcap_segment segment = {.at_us = now_us,
                                   .from = from_client ? 1 : 2,
                                   .to = from_client ? 2 : 1,
                                   .from_port = from_client ? 40000 : port,
                                   .to_port = from_client ? port : 40000,
                                   .seq = *seq,
                                   .flags = PCAP_ACK,
                                   .payload = bytes};
    pcap_segment_put(&file, PCAP_ETHERNET, &segment, room);
    *seq += (uint32_t)bytes.len;
    now_us += 1000;
}

struct line {
    unsigned de;
    const char *text; /* "x'..." bytes in hex */
};

static const struct iso_dialect *dialect_of(uint16_t port)
{
    return dialect_find(port == POS ? "iso87_bcd" : "iso87_ascii");
}

/* The frame (len2) of a message with @lines. */
static struct span frame_make(uint16_t port, uint16_t mti, const struct line *lines)
{
    static uint8_t bytes[FRAME_LEN_MAX];
    static uint8_t values[LINES_MAX][1000];
    struct writer out = writer_make(bytes, sizeof bytes);
    struct iso_msg msg;
    struct iso_error error = {0};
    iso_init(&msg, mti);
    for (size_t i = 0; lines[i].de != 0; i++) {
        struct span value = span_text(lines[i].text);
        if (value.len > 2 && value.ptr[1] == '\'') {
            ck_assert_int_eq(hex_decode(span_skip(value, 2), values[i]), 0);
            value = span_make(values[i], (value.len - 2) / 2);
        }
        iso_set(&msg, lines[i].de, value);
    }
    writer_be16(&out, 0);
    ck_assert_int_eq(iso_encode(&msg, dialect_of(port), &out, &error), 0);
    bytes[0] = (uint8_t)((out.len - 2) >> 8);
    bytes[1] = (uint8_t)(out.len - 2);
    return writer_written(&out);
}

static void say(uint16_t port, bool from_client, uint16_t mti, const struct line *lines)
{
    segment_say(port, from_client, frame_make(port, mti, lines));
}

#define SAY(port, from_client, mti, ...)                                                           \
    say(port, from_client, mti, (const struct line[]){__VA_ARGS__, {0, NULL}})

static void begin(void)
{
    file = writer_make(file_bytes, sizeof file_bytes);
    now_us = 1700000000000000;
    for (int i = 0; i < 2; i++) {
        pos_seq[i] = 1000;
        link_seq[i] = 2000;
    }
    pcap_file_begin(&file, PCAP_ETHERNET);
    told[0] = '\0';
    script = NULL;
}

static void end(void)
{
    free(script);
}

/* A sale that an issuer answers with @code. */
static void sale_say(const char *stan, const char *rrn, const char *pan, const char *amount,
                     const char *code)
{
    SAY(POS, true, 0x0200, {2, pan}, {3, "000000"}, {4, amount}, {7, "1120101112"}, {11, stan},
        {12, "101112"}, {13, "1120"}, {14, "2912"}, {22, "012"}, {41, "T0000001"}, {49, "978"});
    SAY(LINK, true, 0x0200, {2, pan}, {3, "000000"}, {4, amount}, {7, "1120101113"}, {11, "777001"},
        {32, "10000000001"}, {37, rrn}, {41, "T0000001"}, {49, "978"});
    SAY(LINK, false, 0x0210, {2, pan}, {3, "000000"}, {4, amount}, {7, "1120101113"},
        {11, "777001"}, {32, "10000000001"}, {37, rrn}, {38, "A1B2C3"}, {39, code},
        {41, "T0000001"}, {49, "978"});
    SAY(POS, false, 0x0210, {3, "000000"}, {4, amount}, {7, "1120101112"}, {11, stan}, {37, rrn},
        {38, "A1B2C3"}, {39, code}, {41, "T0000001"}, {49, "978"});
}

/* --- recording -----------------------------------------------------------------------------------
 */

static void on_report(void *context, const char *text)
{
    (void)context;
    size_t len = strlen(told);
    (void)snprintf(told + len, sizeof told - len, "%s\n", text);
}

static struct record_side sides[2];
static struct record_options options;

static void sides_reset(void)
{
    sides[0] = (struct record_side){NULL, POS, framing_find("len2"), dialect_of(POS)};
    sides[1] = (struct record_side){"VISA", LINK, framing_find("len2"), dialect_of(LINK)};
    options = (struct record_options){.source = "t.pcap",
                                      .script = "t.isot",
                                      .sides = sides,
                                      .side_count = 2,
                                      .report = on_report};
}

/* Record @len bytes of the file: the status; @script and @told are set. */
static int record(size_t len)
{
    struct span out;
    FILE *capture = fmemopen(file_bytes, len, "rb");
    ck_assert_ptr_nonnull(capture);
    free(script);
    script = NULL;
    int status = record_script(capture, &options, &out);
    if (status == 0) {
        script = strndup((const char *)out.ptr, out.len);
        free((void *)(uintptr_t)out.ptr);
    }
    return status;
}

static void recorded(void)
{
    sides_reset();
    ck_assert_msg(record(file.len) == 0, "%s", told);
}

static void ck_has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "'%s' is not in:\n%s", part, text);
}

static void ck_has_not(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) == NULL, "'%s' is in:\n%s", part, text);
}

static unsigned count_of(const char *text, const char *part)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at++) {
        count++;
    }
    return count;
}

/* --- what is written ----------------------------------------------------------------------------
 */

START_TEST(sale_becomes_a_test_with_its_issuer)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    recorded();
    ck_has(script, "test \"1: 0200 12.50 EUR, T0000001, answered 00\" tags recorded {\n"
                   "  on VISA 0200 reply 0210\n"
                   "    38 A1B2C3\n"
                   "    39 00\n"
                   "  send 0200 from T0000001\n");
    ck_has(script, "    4 amount 12.50 EUR\n    card c1 by manual\n");
    ck_has(script, "  expect 0200 at VISA within 2s\n"
                   "    3 == 000000\n"
                   "    4 == 000000001250\n"
                   "    49 == 978\n"
                   "  expect 0210 at T0000001 within 2s\n"
                   "    39 == 00\n"
                   "    38 present\n"
                   "    37 present\n"
                   "    same 3, 4, 7, 11, 41, 49 as sent\n");
    ck_has_not(script, "000017"); /* numbers are automatic */
}
END_TEST

START_TEST(script_is_good_and_laid_out)
{
    struct span again;
    struct script *parsed;
    struct script_options language = {.report = on_report, .no_files = true};
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    recorded();
    ck_assert_int_eq(script_parse_text("t.isot", span_text(script), &language, &parsed), 0);
    script_free(parsed);
    ck_assert_int_eq(fmt_text("t.isot", span_text(script), on_report, NULL, &again), 0);
    ck_assert(span_equal(again, span_text(script)));
    free((void *)(uintptr_t)again.ptr);
}
END_TEST

START_TEST(same_card_is_the_same_test_card)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    sale_say("000018", "632510000018", PAN_MC, "000000001300", "51");
    sale_say("000019", "632510000019", PAN, "000000001400", "00");
    recorded();
    ck_assert_uint_eq(count_of(script, "card c1 by manual"), 2);
    ck_assert_uint_eq(count_of(script, "card c2 by manual"), 1);
    ck_has(script, "card c1 {\n  pan 411111");
    ck_has(script, "card c2 {\n  pan 555555");
    ck_has_not(script, PAN);
    ck_has_not(script, PAN_MC);
}
END_TEST

START_TEST(tracks_pins_macs_and_cryptograms_are_made_anew)
{
    SAY(POS, true, 0x0200, {3, "000000"}, {4, "000000001250"}, {11, "000017"}, {22, "051"},
        {35, TRACK}, {41, "T0000001"}, {49, "978"}, {52, "x'A1A2A3A4A5A6A7A8"},
        {55, "x'5A0849291234567890129F2608C1C2C3C4C5C6C7C89F2701809505000000800082021980"
             "57134929123456789012D29122011234500000000F9F100706010A03A4B0005F340102"},
        {64, "x'B1B2B3B4B5B6B7B8"});
    SAY(POS, false, 0x0210, {11, "000017"}, {39, "00"}, {41, "T0000001"});
    sides_reset();
    options.side_count = 1;
    ck_assert_msg(record(file.len) == 0, "%s", told);
    ck_has(script, "    card c1 by chip\n    2 -\n    14 -\n    22 051\n    23 -\n"
                   "    emv c1 82 1980 95 0000008000 9F27 80\n    pin c1\n");
    ck_has(script, "  cvn 10\n");
    ck_has(script, "key tpk:T0000001 ");
    ck_has(script, "key tak:T0000001 ");
    ck_has(script, "key imk-ac:cards ");
    static const char *const secrets[] = {PAN,    "4929123456", "A1A2A3A4", "C1C2C3C4",
                                          "B1B2", "29122011",   "06010A"};
    for (size_t i = 0; i < ARRAY_COUNT(secrets); i++) {
        ck_has_not(script, secrets[i]);
        ck_has_not(told, secrets[i]);
    }
}
END_TEST

/* Where a card number could hide: the field, and how it is written there. To add one: a row. */
static const struct line hidden[] = {
    {43, "SHOP " PAN " PARIS         FR  "},
    {43, "SHOP 4929 1234 5678 9012 PARIS      FR  "},
    {48, PAN},
    {48, "4929-1234-5678-9012"},
    {102, PAN "9"},
    {60, "6011000990139424"}, /* a number that nobody knows, but it must be one */
};

START_TEST(card_number_is_found_wherever_it_hides)
{
    struct line line = hidden[_i];
    SAY(POS, true, 0x0200, {2, PAN}, {3, "000000"}, {11, "000017"}, {41, "T0000001"},
        {line.de, line.text});
    sides_reset();
    options.side_count = 1;
    options.keep[48] = true;
    options.keep[60] = true;
    ck_assert_msg(record(file.len) == 0, "%s", told);
    char comment[40];
    (void)snprintf(comment, sizeof comment, "# DE%u is left out: ", line.de);
    ck_has(script, comment);
    ck_has_not(script, "9012");
    ck_has_not(script, "6011000990139424");
}
END_TEST

START_TEST(card_number_is_found_in_any_code)
{
    /* To add a code: a row. */
    static const struct {
        const char *hex;
        bool found;
    } codes[] = {
        {"34393239313233343536373839303132", true}, /* ASCII */
        {"F4F9F2F9F1F2F3F4F5F6F7F8F9F0F1F2", true}, /* EBCDIC */
        {"004929123456789012FF", true},             /* BCD */
        {"A4929123456789012A", true},               /* ... from the second half of a byte on */
        {"A4929123456789013A", false},              /* another number, whose check digit is wrong */
        {"60110009901394240F", false}, /* BCD, but longer than a number that it could be */
        {"F6011000990139424F", true},  /* nobody's, but it must be one */
    };
    struct cards *cards;
    ck_assert_int_eq(cards_make(&cards), 0);
    ck_assert_uint_eq(cards_see(cards, SPAN_LITERAL(PAN)), 0);
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        uint8_t bytes[32];
        struct span hex = span_text(codes[i].hex);
        ck_assert_int_eq(hex_decode(hex, bytes), 0);
        ck_assert_msg(cards_stand_in(cards, span_make(bytes, hex.len / 2)) == codes[i].found, "%s",
                      codes[i].hex);
    }
    cards_drop(cards);
}
END_TEST

START_TEST(private_field_is_written_only_if_asked_for)
{
    SAY(POS, true, 0x0200, {2, PAN}, {3, "000000"}, {11, "000017"}, {41, "T0000001"},
        {48, "CVV2 123"});
    sides_reset();
    options.side_count = 1;
    ck_assert_int_eq(record(file.len), 0);
    ck_has(script, "# DE48 is left out: it is private");
    options.keep[48] = true;
    ck_assert_int_eq(record(file.len), 0);
    ck_has(script, "    48 x'4356563220313233'\n");
}
END_TEST

START_TEST(reversal_names_its_original_by_captures)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    SAY(POS, true, 0x0420, {2, PAN}, {3, "000000"}, {4, "000000001250"}, {7, "1120101500"},
        {11, "000018"}, {12, "101112"}, {13, "1120"}, {38, "A1B2C3"}, {41, "T0000001"}, {49, "978"},
        {90, "020000001711201011120000000000000000000000"});
    SAY(POS, false, 0x0430, {11, "000018"}, {39, "00"}, {41, "T0000001"});
    recorded();
    ck_assert_uint_eq(count_of(script, "\ntest "), 1);
    ck_has(script, "  capture\n    stan1 = sent.11\n    time1 = sent.7\n");
    ck_has(script, "    90 \"0200{{stan1}}{{time1}}0000000000000000000000\"\n");
    ck_has(script, "    approval2 = 38\n");
    ck_has(script, "    38 {{approval2}}\n");
}
END_TEST

START_TEST(silence_of_an_issuer_is_silence)
{
    SAY(POS, true, 0x0200, {2, PAN}, {3, "000000"}, {4, "000000001250"}, {11, "000017"},
        {41, "T0000001"}, {49, "978"});
    SAY(LINK, true, 0x0200, {2, PAN}, {4, "000000001250"}, {11, "000001"}, {41, "T0000001"});
    now_us += 1000000;
    SAY(POS, false, 0x0210, {11, "000017"}, {39, "91"}, {41, "T0000001"});
    for (int i = 0; i < 3; i++) {
        SAY(LINK, true, i == 0 ? 0x0420 : 0x0421, {2, PAN}, {4, "000000001250"}, {11, "000002"},
            {41, "T0000001"}, {90, "020000000100000000000000000000000000000000"});
        now_us += 1000000;
    }
    SAY(LINK, false, 0x0430, {11, "000002"}, {39, "00"}, {41, "T0000001"});
    recorded();
    ck_has(script, "  on VISA 0200 drop\n"
                   "  on VISA 0420 drop times 2\n"
                   "  on VISA 0420 reply 0430 after 1001ms\n");
    ck_has(script, "  expect 0210 at T0000001 within 3s\n    39 == 91\n");
    ck_assert_uint_eq(count_of(script, "expect 0421 at VISA"), 2);
}
END_TEST

START_TEST(two_answers_in_a_test_differ_by_amount)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    SAY(POS, true, 0x0200, {2, PAN}, {3, "000000"}, {4, "000000001300"}, {11, "000018"},
        {37, "632510000017"}, {41, "T0000001"}, {49, "978"});
    SAY(LINK, true, 0x0200, {2, PAN}, {4, "000000001300"}, {11, "777002"}, {37, "632510000017"},
        {41, "T0000001"});
    SAY(LINK, false, 0x0210, {4, "000000001300"}, {11, "777002"}, {37, "632510000017"}, {39, "51"},
        {41, "T0000001"});
    SAY(POS, true, 0x0200, {2, PAN}, {3, "000000"}, {4, "000000001400"}, {11, "000019"},
        {37, "632510000017"}, {41, "T0000001"}, {49, "978"});
    SAY(LINK, true, 0x0200, {2, PAN}, {4, "000000001400"}, {11, "777003"}, {37, "632510000017"},
        {41, "T0000001"});
    recorded();
    ck_has(script, "  on VISA 0200 where 4 == 000000001300 reply 0210\n    2 -\n    39 51\n");
    ck_has(script, "  on VISA 0200 where 4 == 000000001400 drop\n");
    ck_assert_uint_eq(count_of(script, "\ntest "), 1);
    ck_has(script, "    rrn2 = 37\n"); /* the number that the switch gave */
    ck_assert_uint_eq(count_of(script, "    37 {{rrn2}}\n"), 2);
}
END_TEST

START_TEST(issuer_alone_is_played_against_whoever_asks)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "05");
    sides_reset();
    options.sides = &sides[1];
    options.side_count = 1;
    ck_assert_int_eq(record(file.len), 0);
    ck_has(script, "issuer VISA {\n  listen {{VISA_at}}\n");
    ck_has(script, "  on VISA 0200 reply 0210\n    38 A1B2C3\n    39 05\n"
                   "  expect 0200 at VISA within 60s\n");
    ck_has_not(script, "send");
}
END_TEST

START_TEST(test_cards_of_a_table_are_taken_by_class)
{
    char path[] = "/tmp/record-cards-XXXXXX";
    static const char text[] = "pan,expiry,pin,note\n5555550000000006,3001,9876,x\n" PAN
                               ",3002,1111,known\n4000000000000002,3003,,\n";
    int fd = mkstemp(path);
    FILE *table = fdopen(fd, "w");
    ck_assert(fwrite(text, 1, strlen(text), table) == strlen(text) && fclose(table) == 0);
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    sale_say("000018", "632510000018", "4929123456789020", "000000001300", "00");
    sides_reset();
    options.cards = path;
    int status = record(file.len);
    (void)remove(path);
    ck_assert_msg(status == 0, "%s", told);
    ck_has(script, "card c1 {\n  pan 4000000000000002\n  exp 3003\n");
    ck_has(script, "card c2 {\n  pan 411111");
    ck_has_not(script, PAN); /* although it stands in the table */
    ck_has(told, "has no card left for 1 of the cards");
}
END_TEST

START_TEST(wrong_table_of_cards_is_told_without_its_cells)
{
    char path[] = "/tmp/record-cards-XXXXXX";
    static const char text[] = "pan,pin\n4000000000000002,98765A\n";
    FILE *table = fdopen(mkstemp(path), "w");
    ck_assert(fwrite(text, 1, strlen(text), table) == strlen(text) && fclose(table) == 0);
    sides_reset();
    options.cards = path;
    int status = record(file.len);
    (void)remove(path);
    ck_assert_int_eq(status, ERR_CONFIG);
    ck_has(told, "row 1: 'pin' has 4 to 12 digits");
    ck_has_not(told, "98765A");
}
END_TEST

/* --- what is told -------------------------------------------------------------------------------
 */

START_TEST(wrong_framing_is_told_with_what_fits)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    sides_reset();
    sides[0].framing = framing_find("ascii4");
    sides[1].framing = NULL;
    sides[1].dialect = NULL;
    ck_assert_int_eq(record(file.len), ERR_CONFIG);
    ck_has(told, "what was said is not framed as ascii4 in iso87_bcd");
    ck_has(told, "--terminals 8583,len2,iso87_bcd (2 messages fit)");
    ck_has(told, "--issuer VISA=9001,len2,iso87_ascii (2 messages fit)");
    ck_assert_ptr_null(script);
}
END_TEST

START_TEST(what_is_no_iso_is_told_with_what_was_tried)
{
    segment_say(POS, true, SPAN_LITERAL("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    segment_say(POS, false, SPAN_LITERAL("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    sides_reset();
    options.side_count = 1;
    ck_assert_int_eq(record(file.len), ERR_CONFIG);
    ck_has(told, "no framing and dialect that is known fits it; tried: len2 ");
    ck_has(told, "iso87_ascii");
}
END_TEST

START_TEST(other_port_is_told_with_those_that_are_there)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    sides_reset();
    sides[0].port = 7;
    ck_assert_int_eq(record(file.len), ERR_NOT_FOUND);
    ck_has(told, "nothing was said on port 7; there is data of port ");
    ck_has(told, "8583");
    ck_has(told, "9001");
}
END_TEST

START_TEST(what_is_no_capture_is_told)
{
    sides_reset();
    memset(file_bytes, 'x', 100);
    ck_assert_int_eq(record(100), ERR_CONFIG);
    ck_has(told, "t.pcap: this is no capture");
}
END_TEST

START_TEST(empty_capture_has_no_data)
{
    sides_reset();
    ck_assert_int_eq(record(file.len), ERR_NOT_FOUND);
    ck_has(told, "there is no TCP data in it");
}
END_TEST

START_TEST(link_that_is_not_known_is_named)
{
    file = writer_make(file_bytes, sizeof file_bytes);
    pcap_file_begin(&file, 105);
    sides_reset();
    ck_assert_int_eq(record(file.len), ERR_CONFIG);
    ck_has(told, "IEEE802_11 (105); known are Ethernet, loopback");
}
END_TEST

/* --- what is lost -------------------------------------------------------------------------------
 */

START_TEST(lost_segment_costs_its_messages_only)
{
    for (int i = 0; i < 3; i++) {
        if (i == 1) { /* half a message, then nothing until the middle of the next */
            struct span frame = frame_make(
                POS, 0x0200,
                (const struct line[]){
                    {2, PAN}, {3, "000000"}, {11, "000020"}, {41, "T0000001"}, {0, NULL}});
            segment_say(POS, true, span_first(frame, 20));
            pos_seq[true] += 300;
            segment_say(POS, true, span_skip(frame, 11));
        }
        char stan[7];
        (void)snprintf(stan, sizeof stan, "%06d", 17 + i);
        SAY(POS, true, 0x0200, {2, PAN}, {3, "000000"}, {11, stan}, {41, "T0000001"});
        SAY(POS, false, 0x0210, {11, stan}, {39, "00"}, {41, "T0000001"});
    }
    sides_reset();
    options.side_count = 1;
    ck_assert_msg(record(file.len) == 0, "%s", told);
    ck_assert_uint_eq(count_of(script, "\ntest "), 3);
    ck_has(told, "note: port 8583: 300 bytes were not captured, in 1 places");
    ck_has(told, "passed over");
}
END_TEST

START_TEST(capture_may_begin_in_a_message)
{
    struct span frame =
        frame_make(POS, 0x0200, (const struct line[]){{2, PAN}, {3, "000000"}, {0, NULL}});
    segment_say(POS, true, span_skip(frame, 7));
    SAY(POS, true, 0x0200, {2, PAN}, {3, "000000"}, {11, "000017"}, {41, "T0000001"});
    SAY(POS, false, 0x0210, {11, "000017"}, {39, "00"}, {41, "T0000001"});
    sides_reset();
    options.side_count = 1;
    ck_assert_msg(record(file.len) == 0, "%s", told);
    ck_assert_uint_eq(count_of(script, "\ntest "), 1);
}
END_TEST

START_TEST(message_may_come_a_byte_at_a_time)
{
    static uint8_t copy[FRAME_LEN_MAX];
    struct span frame =
        frame_make(POS, 0x0200,
                   (const struct line[]){
                       {2, PAN}, {3, "000000"}, {11, "000017"}, {41, "T0000001"}, {0, NULL}});
    memcpy(copy, frame.ptr, frame.len);
    for (size_t i = 0; i < frame.len; i++) {
        segment_say(POS, true, span_make(copy + i, 1));
    }
    sides_reset();
    options.side_count = 1;
    ck_assert_msg(record(file.len) == 0, "%s", told);
    ck_has(script, "send 0200 from T0000001");
    ck_has(script, "# no answer was captured");
}
END_TEST

START_TEST(file_cut_anywhere_gives_a_script_or_an_error)
{
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    sides_reset();
    for (size_t len = 1; len < file.len; len += 7) {
        told[0] = '\0';
        if (record(len) < 0) {
            ck_assert_ptr_null(script);
            ck_assert_str_ne(told, "");
        }
        ck_assert(script == NULL || strstr(script, PAN) == NULL);
        ck_has_not(told, PAN);
    }
}
END_TEST

START_TEST(hostile_bytes_crash_nothing_and_give_no_card_away)
{
    static uint8_t good[FILE_LEN_MAX];
    sale_say("000017", "632510000017", PAN, "000000001250", "00");
    sale_say("000018", "632510000018", PAN_MC, "000000001250", "00");
    SAY(POS, true, 0x0200, {3, "000000"}, {11, "000019"}, {35, TRACK}, {41, "T0000001"},
        {55, "x'5A0849291234567890129F2608C1C2C3C4C5C6C7C8"});
    memcpy(good, file_bytes, file.len);
    sides_reset();
    srand((unsigned)_i + 1);
    unsigned written = 0;
    for (int round = 0; round < 150; round++) {
        memcpy(file_bytes, good, file.len);
        for (int changes = 1 + rand() % 6; changes > 0; changes--) {
            size_t at = PCAP_FILE_HEAD_LEN + (size_t)rand() % (file.len - PCAP_FILE_HEAD_LEN);
            file_bytes[at] =
                (uint8_t)(rand() % 3 == 0 ? rand() : file_bytes[at] ^ (1 << rand() % 8));
        }
        told[0] = '\0';
        int status = record(file.len);
        ck_assert_int_ne(status, ERR_MEMORY);
        written += status == 0;
        ck_assert(script == NULL || strstr(script, PAN) == NULL);
        ck_assert(strstr(told, PAN) == NULL);
    }
    ck_assert_uint_gt(written, 15);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("record_script");
    TCase *tcase = tcase_create("scripts");
    tcase_add_checked_fixture(tcase, begin, end);
    tcase_add_test(tcase, sale_becomes_a_test_with_its_issuer);
    tcase_add_test(tcase, script_is_good_and_laid_out);
    tcase_add_test(tcase, same_card_is_the_same_test_card);
    tcase_add_test(tcase, tracks_pins_macs_and_cryptograms_are_made_anew);
    tcase_add_loop_test(tcase, card_number_is_found_wherever_it_hides, 0, (int)ARRAY_COUNT(hidden));
    tcase_add_test(tcase, card_number_is_found_in_any_code);
    tcase_add_test(tcase, private_field_is_written_only_if_asked_for);
    tcase_add_test(tcase, reversal_names_its_original_by_captures);
    tcase_add_test(tcase, silence_of_an_issuer_is_silence);
    tcase_add_test(tcase, two_answers_in_a_test_differ_by_amount);
    tcase_add_test(tcase, issuer_alone_is_played_against_whoever_asks);
    tcase_add_test(tcase, test_cards_of_a_table_are_taken_by_class);
    tcase_add_test(tcase, wrong_table_of_cards_is_told_without_its_cells);
    tcase_add_test(tcase, wrong_framing_is_told_with_what_fits);
    tcase_add_test(tcase, what_is_no_iso_is_told_with_what_was_tried);
    tcase_add_test(tcase, other_port_is_told_with_those_that_are_there);
    tcase_add_test(tcase, what_is_no_capture_is_told);
    tcase_add_test(tcase, empty_capture_has_no_data);
    tcase_add_test(tcase, link_that_is_not_known_is_named);
    tcase_add_test(tcase, lost_segment_costs_its_messages_only);
    tcase_add_test(tcase, capture_may_begin_in_a_message);
    tcase_add_test(tcase, message_may_come_a_byte_at_a_time);
    tcase_add_test(tcase, file_cut_anywhere_gives_a_script_or_an_error);
    tcase_add_loop_test(tcase, hostile_bytes_crash_nothing_and_give_no_card_away, 0, 4);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
