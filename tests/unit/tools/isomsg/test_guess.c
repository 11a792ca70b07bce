/* Doctor's guesses: on the golden messages, given only their bytes; on messages of every dialect in
 * every framing; and what is told where nothing fits. */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect.h"
#include "tools/isomsg/cut.h"
#include "tools/isomsg/draft.h"
#include "tools/isomsg/guess.h"
#include "tools/isomsg/weigh.h"

enum { WIRE_MAX = 4096 };

static struct guesses guesses;
static uint8_t scratch[2 * WIRE_MAX];
static struct iso_msg msg;

/* Guess @bytes, and read them by the first guess into msg. The wire must live. */
static int first_guess_read(struct span bytes)
{
    char why[CUT_WHY_LEN];
    struct cutter cutter;
    struct cut cut;
    struct iso_error error;
    struct writer room = writer_make(scratch, sizeof scratch);
    ck_assert_int_eq(guesses_make(&bytes, 1, NULL, 0, &guesses), 0);
    if (guesses.count == 0) {
        return ERR_NOT_FOUND;
    }
    const struct iso_dialect *dialect = dialect_spelled(guesses.best[0].dialect);
    ck_assert_ptr_nonnull(dialect);
    ck_assert_int_eq(cutter_open(&cutter, &guesses.best[0].framing, bytes, why), 0);
    TRY(cutter_next(&cutter, &cut, why));
    return iso_decode(dialect, cut.wire, &room, &msg, &error);
}

/* --- golden messages ---------------------------------------------------------------------------
 */

/* One character of a vector's text or of ours: case, and the separator of tracks, are the same. */
static int plain(int c)
{
    int upper = c >= 'a' && c <= 'z' ? c - 0x20 : c;
    return upper == 'D' ? '=' : upper;
}

/* Whether @value is what the vector's @text says: as characters (UTF-8 of Latin-1; spaces behind do
 * not count), or as hex. */
static bool is_value(struct span value, const json_t *text)
{
    const uint8_t *in = (const uint8_t *)json_string_value(text);
    size_t len = json_string_length(text);
    uint8_t latin[WIRE_MAX];
    uint8_t bytes[WIRE_MAX];
    size_t count = 0;
    if (hex_decode(span_make(in, len), bytes) == 0 &&
        span_equal(value, span_make(bytes, len / 2))) {
        return true;
    }
    for (size_t i = 0; i < len; i++) {
        latin[count++] = in[i] < 0x80 ? in[i] : (uint8_t)((in[i] & 3u) << 6 | (in[i + 1] & 0x3Fu));
        i += in[i] >= 0x80;
    }
    for (size_t i = 0; i < value.len || i < count; i++) {
        int a = i < value.len ? plain(value.ptr[i]) : ' ';
        int b = i < count ? plain(latin[i]) : ' ';
        if (a != b) {
            return false;
        }
    }
    return true;
}

static bool has_all_fields(const json_t *fields)
{
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        char key[8];
        (void)snprintf(key, sizeof key, "%u", de);
        const json_t *text = json_object_get(fields, key);
        if ((text != NULL) != iso_has(&msg, de) ||
            (text != NULL && !is_value(iso_get(&msg, de), text))) {
            printf("  DE%u differs\n", de);
            return false;
        }
    }
    return true;
}

START_TEST(first_guess_reads_the_golden_messages)
{
    json_error_t error;
    json_t *root = json_load_file(VECTORS "/messages.json", JSON_ALLOW_NUL, &error);
    ck_assert_ptr_nonnull(root);
    size_t index;
    json_t *vector;
    unsigned good = 0;
    json_array_foreach(json_object_get(root, "messages"), index, vector)
    {
        static uint8_t bytes[WIRE_MAX];
        struct span hex = span_text(json_string_value(json_object_get(vector, "hex")));
        ck_assert_int_eq(hex_decode(hex, bytes), 0);
        const json_t *fields = json_object_get(vector, "fields");
        bool is_good = first_guess_read(span_make(bytes, hex.len / 2)) == 0 &&
                       json_is_object(fields) && has_all_fields(fields);
        printf("%-5s %s  %s %s\n", json_string_value(json_object_get(vector, "id")),
               is_good ? "good" : "BAD ", guesses.best[0].framing.name, guesses.best[0].dialect);
        good += is_good;
    }
    ck_assert_uint_eq(index, 27);
    ck_assert_uint_ge(good, 26); /* all but the one that is defective on purpose */
    json_decref(root);
}
END_TEST

/* --- every dialect in every framing --------------------------------------------------------------
 */

/* A purchase of 1987 in @dialect; elements that it has otherwise are left out. */
static struct span purchase_make(const struct iso_dialect *dialect, struct writer *out)
{
    static const struct {
        unsigned de;
        const char *value;
    } set[] = {{2, "4111111111111111"},
               {3, "000000"},
               {4, "000000001250"},
               {7, "1120080001"},
               {11, "000017"},
               {12, "080001"},
               {13, "1120"},
               {14, "2912"},
               {18, "5411"},
               {22, "051"},
               {25, "00"},
               {35, "4111111111111111=29121010000000000"},
               {37, "632508000017"},
               {41, "TERM0001"},
               {42, "MERCHANT0000001"},
               {43, "SHOP                     PARIS        FR"},
               {49, "978"}};
    struct iso_error error;
    struct iso_msg sent;
    iso_init(&sent, 0x0200);
    for (size_t i = 0; i < ARRAY_COUNT(set); i++) {
        const struct iso_field_row *row = &dialect->field[set[i].de];
        size_t len = strlen(set[i].value);
        if (row->content != ISO_NONE && row->content != ISO_B &&
            (row->prefix != 0 ? row->len >= len : row->len == len)) {
            iso_set(&sent, set[i].de, span_text(set[i].value));
        }
    }
    ck_assert_int_eq(iso_encode(&sent, dialect, out, &error), 0);
    return writer_written(out);
}

static bool is_of_1987(const struct iso_dialect *dialect)
{
    return strncmp(dialect->name, "iso87", 5) == 0 || strcmp(dialect->name, "base1") == 0;
}

/* Which dialects the loops below are run with. */
static int dialect_count(void)
{
    int count = 0;
    while (dialect_at((size_t)count) != NULL) {
        count++;
    }
    return count;
}

static void guess_is_right(const struct framing *framing, const struct iso_dialect *dialect,
                           struct span frame)
{
    const struct guess *best = &guesses.best[0];
    ck_assert_msg(first_guess_read(frame) == 0, "%s %s", framing->name, dialect->name);
    ck_assert_msg(best->whole && best->left == 0, "%s %s: %s %s", framing->name, dialect->name,
                  best->framing.name, best->dialect);
    ck_assert_msg(span_equal_text(iso_get(&msg, 2), "4111111111111111") &&
                      span_equal_text(iso_get(&msg, 4), "000000001250") &&
                      span_equal_text(iso_get(&msg, 11), "000017") &&
                      span_equal_text(iso_get(&msg, 49), "978"),
                  "%s %s: read as %s %s", framing->name, dialect->name, best->framing.name,
                  best->dialect);
}

/* A loop over dialects, each in every other framing: a guess takes long with sanitizers. */
START_TEST(first_guess_reads_every_dialect_of_1987_in_every_framing)
{
    unsigned tried = 0;
    unsigned exact = 0;
    const struct iso_dialect *dialect = dialect_at((size_t)_i);
    if (!is_of_1987(dialect)) {
        return;
    }
    for (size_t i = (size_t)_i % 2; framing_at(i) != NULL; i += 2) {
        uint8_t message_room[WIRE_MAX];
        uint8_t frame_room[WIRE_MAX];
        struct writer message = writer_make(message_room, sizeof message_room);
        struct writer frame = writer_make(frame_room, sizeof frame_room);
        const struct framing *framing = framing_at(i);
        struct span wire = purchase_make(dialect, &message);
        if (framing->blocked || frame_write(framing, SPAN_NONE, wire, &frame) < 0) {
            continue; /* or too long for the digits of its length */
        }
        guess_is_right(framing, dialect, writer_written(&frame));
        tried++;
        exact += strcmp(guesses.best[0].dialect, dialect->name) == 0 &&
                 strcmp(guesses.best[0].framing.name, framing->name) == 0;
    }
    printf("%s: %u read, %u of them by their own names\n", dialect->name, tried, exact);
    ck_assert_uint_ge(tried, 20);
    ck_assert_uint_ge(exact, tried * 6 / 10); /* some framings look alike */
}
END_TEST

START_TEST(several_frames_decide_together)
{
    uint8_t message_room[WIRE_MAX];
    uint8_t frame_room[4 * WIRE_MAX];
    struct writer message = writer_make(message_room, sizeof message_room);
    struct writer frames = writer_make(frame_room, sizeof frame_room);
    struct span wire = purchase_make(dialect_find("iso87_bcd"), &message);
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(frame_write(framing_find("len2+tpdu"), SPAN_NONE, wire, &frames), 0);
    }
    /* The last one is cut: it is told as left over, and the others stand. */
    ck_assert_int_eq(first_guess_read(span_make(frame_room, frames.len - 7)), 0);
    ck_assert_str_eq(guesses.best[0].framing.name, "len2+tpdu");
    ck_assert_str_eq(guesses.best[0].dialect, "iso87_bcd");
    ck_assert_uint_eq(guesses.best[0].messages, 4);
    ck_assert_uint_eq(guesses.best[0].left, frames.len / 5 - 7);
}
END_TEST

START_TEST(a_dialect_of_the_users_own_is_tried_too)
{
    uint8_t room[WIRE_MAX];
    struct writer out = writer_make(room, sizeof room);
    struct iso_error error;
    struct iso_msg sent;
    /* Lengths of DE48 that no built-in dialect has, and doctor would have to repair. */
    const struct iso_dialect *own = dialect_spelled("iso87_bcd+48=LLLLans999,ascii,ascii");
    iso_init(&sent, 0x0200);
    iso_set(&sent, 4, span_text("000000001250"));
    iso_set(&sent, 11, span_text("000017"));
    iso_set(&sent, 48, span_text("WHATEVER ONE MAY SAY"));
    ck_assert_int_eq(iso_encode(&sent, own, &out, &error), 0);
    struct span bytes = writer_written(&out);
    ck_assert_int_eq(guesses_make(&bytes, 1, own, 0, &guesses), 0);
    ck_assert(guesses.best[0].whole);
    ck_assert_str_eq(guesses.best[0].dialect, own->name);
}
END_TEST

/* --- the negative space ------------------------------------------------------------------------
 */

START_TEST(bytes_that_are_no_message_fit_nothing)
{
    uint8_t noise[256];
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof noise; i++) {
        state = state * 1664525u + 1013904223u;
        noise[i] = (uint8_t)(state >> 24);
    }
    (void)first_guess_read(span_make(noise, sizeof noise));
    for (size_t i = 0; i < guesses.count; i++) {
        ck_assert(!guesses.best[i].whole);
        ck_assert(guesses.best[i].why[0] != '\0');
    }
    (void)first_guess_read(span_make(noise, 1));
    ck_assert(guesses.count == 0 || !guesses.best[0].whole);
}
END_TEST

START_TEST(a_failing_guess_names_the_byte)
{
    uint8_t room[WIRE_MAX];
    struct writer out = writer_make(room, sizeof room);
    struct span wire = purchase_make(dialect_find("iso87_ascii"), &out);
    ck_assert_int_lt(first_guess_read(span_first(wire, wire.len / 3)), 0);
    ck_assert(!guesses.best[0].whole);
    ck_assert_ptr_nonnull(strstr(guesses.best[0].why, "at byte"));
}
END_TEST

/* What a guess tells is for logs: not even a header that it took for one may be card data. */
START_TEST(a_message_that_was_cut_off_misses_bytes)
{
    static const char *const names[] = {"iso87_ascii", "iso87_asciihex"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        static uint8_t room[WIRE_MAX];
        struct writer out = writer_make(room, sizeof room);
        struct span wire = purchase_make(dialect_find(names[i]), &out);
        for (size_t cut = 1; cut < 60; cut += 7) {
            ck_assert_int_lt(first_guess_read(span_first(wire, wire.len - cut)), 0);
            ck_assert_str_eq(guesses.best[0].dialect, names[i]);
            ck_assert(!guesses.best[0].whole);
            ck_assert_ptr_nonnull(strstr(guesses.best[0].why, " bytes missing at byte "));
        }
    }
}
END_TEST

START_TEST(a_fault_inside_an_element_is_told_of_the_best_guess)
{
    static const uint8_t chip[] = {0x82, 0x02, 0x39, 0x00, 0x9F, 0x36, 0x09, 0x00, 0x17};
    static uint8_t room[WIRE_MAX];
    struct iso_msg sent;
    struct iso_error error;
    struct writer out = writer_make(room, sizeof room);
    iso_init(&sent, 0x0200);
    iso_set(&sent, 3, span_text("000000"));
    iso_set(&sent, 11, span_text("000017"));
    iso_set(&sent, 55, span_make(chip, sizeof chip));
    ck_assert_int_eq(iso_encode(&sent, dialect_find("iso87_bcd"), &out, &error), 0);
    ck_assert_int_eq(first_guess_read(writer_written(&out)), 0);
    ck_assert_str_eq(guesses.best[0].dialect, "iso87_bcd");
    ck_assert_ptr_nonnull(strstr(guesses.best[0].why, "; but DE55.9F36 "));
}
END_TEST

START_TEST(no_guess_tells_a_card_number)
{
    uint8_t room[WIRE_MAX];
    struct writer out = writer_make(room, sizeof room);
    if (!is_of_1987(dialect_at((size_t)_i))) {
        return;
    }
    struct span wire = purchase_make(dialect_at((size_t)_i), &out);
    for (size_t cut = (size_t)_i % 2; cut < 40 && cut < wire.len; cut += 2) {
        (void)first_guess_read(span_skip(wire, cut));
        for (size_t i = 0; i < guesses.count; i++) {
            const struct guess *guess = &guesses.best[i];
            ck_assert(strstr(guess->framing.name, "41111111") == NULL);
            ck_assert(strstr(guess->framing.name, "3431313131313131") == NULL);
            ck_assert(strstr(guess->why, "41111111") == NULL);
        }
    }
}
END_TEST

START_TEST(evidence_weighs_for_a_message_and_against_noise)
{
    struct weight good = {0};
    struct weight bad = {0};
    struct iso_msg made;
    const struct iso_dialect *dialect = dialect_find("iso87_ascii");
    iso_init(&made, 0x0200);
    iso_set(&made, 2, span_text("4111111111111111"));
    iso_set(&made, 7, span_text("1120080001"));
    message_weigh(dialect, &made, &good);
    iso_set(&made, 2, span_text("4111111111111112"));
    iso_set(&made, 7, span_text("9920080001"));
    message_weigh(dialect, &made, &bad);
    ck_assert_int_gt(good.tenths, bad.tenths);
    ck_assert_uint_eq(good.facts & (1u << FACT_LUHN | 1u << FACT_DATES),
                      1u << FACT_LUHN | 1u << FACT_DATES);
    ck_assert_uint_eq(bad.facts & (1u << FACT_LUHN | 1u << FACT_DATES), 0);
    ck_assert(mti_is_plausible(0x0200) && mti_is_plausible(0x1804));
    ck_assert(!mti_is_plausible(0x0000) && !mti_is_plausible(0x0900) && !mti_is_plausible(0x5200));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("guess");
    TCase *tcase = tcase_create("guesses");
    tcase_add_test(tcase, first_guess_reads_the_golden_messages);
    tcase_add_loop_test(tcase, first_guess_reads_every_dialect_of_1987_in_every_framing, 0,
                        dialect_count());
    tcase_add_test(tcase, several_frames_decide_together);
    tcase_add_test(tcase, a_dialect_of_the_users_own_is_tried_too);
    tcase_add_test(tcase, bytes_that_are_no_message_fit_nothing);
    tcase_add_test(tcase, a_failing_guess_names_the_byte);
    tcase_add_test(tcase, a_message_that_was_cut_off_misses_bytes);
    tcase_add_test(tcase, a_fault_inside_an_element_is_told_of_the_best_guess);
    tcase_add_loop_test(tcase, no_guess_tells_a_card_number, 0, dialect_count());
    tcase_add_test(tcase, evidence_weighs_for_a_message_and_against_noise);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
