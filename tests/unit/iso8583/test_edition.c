/* A message in the elements of 1987, said in the words of a later edition, and read back. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/action_code.h"
#include "iso8583/edition.h"
#include "iso8583/mti.h"
#include "iso8583/point_of_service.h"

#define NOON_MS INT64_C(1795262400000) /* 2026-11-21T12:00:00Z */

static uint8_t wire[4096];
static uint8_t bytes[8192];
static struct iso_error error;
static char text[ISO_TEXT_LEN_MAX];

static const struct later {
    const char *dialect;
    unsigned edition;
} laters[] = {{"iso93_ascii", 1}, {"iso93_bcd", 1}, {"iso2003", 2}};

static const struct iso_dialect *dialect_of(size_t index)
{
    const struct iso_dialect *dialect = dialect_find(laters[index].dialect);
    ck_assert_ptr_nonnull(dialect);
    ck_assert_uint_eq(dialect->edition, laters[index].edition);
    return dialect;
}

static void set(struct iso_msg *msg, unsigned de, const char *value)
{
    iso_set(msg, de, span_text(value));
}

static void is(const struct iso_msg *msg, unsigned de, const char *value)
{
    struct span got = iso_get(msg, de);
    ck_assert_msg(iso_has(msg, de) == (value != NULL), "DE%u", de);
    ck_assert_msg(value == NULL || span_equal_text(got, value), "DE%u: %.*s, not %s", de,
                  (int)got.len, got.ptr == NULL ? "" : (const char *)got.ptr, value);
}

static struct span written(const struct iso_msg *msg, struct span request,
                           const struct iso_dialect *dialect)
{
    struct writer out = writer_make(wire, sizeof wire);
    int result = edition_write(msg, request, dialect, NOON_MS, &out, &error);
    ck_assert_msg(result == 0, "%s", iso_error_text(&error, dialect, text, sizeof text));
    return writer_written(&out);
}

static struct iso_msg decoded(const struct iso_dialect *dialect, struct span frame)
{
    struct iso_msg msg;
    struct writer scratch = writer_make(bytes, sizeof bytes / 2);
    ck_assert_int_eq(iso_decode(dialect, frame, &scratch, &msg, &error), 0);
    return msg;
}

static struct iso_msg read_back(const struct iso_dialect *dialect, struct span frame)
{
    struct iso_msg msg;
    struct writer scratch = writer_make(bytes + sizeof bytes / 2, sizeof bytes / 2);
    int result = edition_read(dialect, frame, &scratch, &msg, &error);
    ck_assert_msg(result == 0, "%s", iso_error_text(&error, dialect, text, sizeof text));
    return msg;
}

static struct iso_msg purchase(void)
{
    static const uint8_t pin[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    static const uint8_t chip[] = {0x9F, 0x36, 0x02, 0x00, 0x17};
    struct iso_msg msg;
    iso_init(&msg, 0x0200);
    set(&msg, 2, "4111111111111111");
    set(&msg, 3, "000000");
    set(&msg, 4, "000000001250");
    set(&msg, 7, "1121115959");
    set(&msg, 11, "000123");
    set(&msg, 12, "125959");
    set(&msg, 13, "1121");
    set(&msg, 14, "2912");
    set(&msg, 15, "1121");
    set(&msg, 18, "5411");
    set(&msg, 22, "051");
    set(&msg, 25, "00");
    set(&msg, 32, "12345678901");
    set(&msg, 37, "632512000123");
    set(&msg, 41, "TERM0001");
    set(&msg, 42, "MERCHANT0000001");
    set(&msg, 49, "978");
    iso_set(&msg, 52, span_make(pin, sizeof pin));
    iso_set(&msg, 55, span_make(chip, sizeof chip));
    set(&msg, 60, "private");
    return msg;
}

START_TEST(a_purchase_comes_back_as_it_was_said)
{
    const struct iso_dialect *dialect = dialect_of((size_t)_i);
    struct iso_msg said = purchase();
    if (dialect->edition == ISO_2003) {
        iso_unset(&said, 25); /* in its DE22, which is not read */
    }
    struct iso_msg heard = read_back(dialect, written(&said, SPAN_NONE, dialect));
    ck_assert_uint_eq(heard.mti, 0x0200);
    for (unsigned de = 2; de <= 128; de++) {
        ck_assert_msg(iso_has(&said, de) == iso_has(&heard, de), "DE%u", de);
        ck_assert_msg(span_equal(iso_get(&said, de), iso_get(&heard, de)), "DE%u", de);
    }
}
END_TEST

START_TEST(it_is_said_in_the_elements_of_1993)
{
    const struct iso_dialect *dialect = dialect_find("iso93_bcd");
    struct iso_msg said = purchase();
    struct iso_msg native = decoded(dialect, written(&said, SPAN_NONE, dialect));
    ck_assert_uint_eq(native.mti, 0x1200);
    is(&native, 12, "261121125959");
    is(&native, 13, NULL);
    is(&native, 15, "261121");
    is(&native, 18, NULL);
    is(&native, 22, "510101C99001");
    is(&native, 24, "200");
    is(&native, 25, NULL);
    is(&native, 26, "5411");
}
END_TEST

START_TEST(it_is_said_in_the_elements_of_2003)
{
    const struct iso_dialect *dialect = dialect_find("iso2003");
    struct iso_msg said = purchase();
    struct iso_msg native = decoded(dialect, written(&said, SPAN_NONE, dialect));
    ck_assert_uint_eq(native.mti, 0x2200);
    is(&native, 4, "9782000000001250");
    is(&native, 11, "000000000123");
    is(&native, 12, "20261121125959");
    is(&native, 15, "20261121");
    is(&native, 41, "TERM0001        ");
    is(&native, 49, NULL);
}
END_TEST

START_TEST(an_answer_echoes_what_it_was_asked_as_it_came)
{
    const struct iso_dialect *dialect = dialect_find("iso93_ascii");
    struct iso_msg asked;
    uint8_t frame[1024];
    iso_init(&asked, 0x1200);
    set(&asked, 3, "000000");
    set(&asked, 4, "000000001250");
    set(&asked, 7, "1121115959");
    set(&asked, 11, "000123");
    set(&asked, 12, "190229125959"); /* a clock that is years behind */
    set(&asked, 24, "201");
    set(&asked, 41, "TERM0001");
    struct writer out = writer_make(frame, sizeof frame);
    ck_assert_int_eq(iso_encode(&asked, dialect, &out, &error), 0);
    struct iso_msg canonical = read_back(dialect, writer_written(&out));
    struct iso_msg answer;
    iso_init(&answer, mti_answer(canonical.mti));
    static const uint8_t echoed[] = {3, 4, 7, 11, 12, 41};
    for (size_t i = 0; i < ARRAY_COUNT(echoed); i++) {
        iso_copy(&answer, &canonical, echoed[i]);
    }
    set(&answer, 13, "1121");
    set(&answer, 39, "51");
    struct iso_msg native = decoded(dialect, written(&answer, writer_written(&out), dialect));
    ck_assert_uint_eq(native.mti, 0x1210);
    is(&native, 12, "190229125959");
    is(&native, 24, "201");
    is(&native, 39, "116");
}
END_TEST

START_TEST(network_messages_say_in_de24_what_1987_says_in_de70)
{
    static const char *const functions[][2] = {
        {"001", "801"}, {"002", "802"}, {"161", "811"}, {"201", "821"}, {"301", "831"}};
    const struct iso_dialect *dialect = dialect_of((size_t)_i);
    for (size_t i = 0; i < ARRAY_COUNT(functions); i++) {
        struct iso_msg said;
        iso_init(&said, 0x0800);
        set(&said, 7, "1121115959");
        set(&said, 11, "000001");
        set(&said, 70, functions[i][0]);
        struct span frame = written(&said, SPAN_NONE, dialect);
        struct iso_msg native = decoded(dialect, frame);
        ck_assert_uint_eq(native.mti, (unsigned)dialect->edition << 12 | 0x804u);
        is(&native, 24, functions[i][1]);
        is(&native, 70, NULL);
        struct iso_msg heard = read_back(dialect, frame);
        ck_assert_uint_eq(heard.mti, 0x0800);
        is(&heard, 70, functions[i][0]);
    }
}
END_TEST

START_TEST(a_reversal_names_its_original_in_de56)
{
    const struct iso_dialect *dialect = dialect_of((size_t)_i);
    struct iso_msg said = purchase();
    said.mti = 0x0421;
    iso_unset(&said, 52);
    set(&said, 90, "020000012311211159590001234567800000000000");
    set(&said, 95, "000000000250000000000000000000000000000000");
    struct span frame = written(&said, SPAN_NONE, dialect);
    struct iso_msg native = decoded(dialect, frame);
    ck_assert_uint_eq(native.mti, (unsigned)dialect->edition << 12 | 0x421u);
    is(&native, 24, "401");
    is(&native, 25, "4021");
    is(&native, 56,
       dialect->edition == ISO_1993 ? "12000001232611211259591112345678901"
                                    : "220000000000012320261121125959"
                                      "12345678901");
    is(&native, 4, dialect->edition == ISO_1993 ? "000000000250" : "9782000000000250");
    struct iso_msg heard = read_back(dialect, frame);
    is(&heard, 4, "000000001250");
    is(&heard, 90, "0200000123000000000000000000000000000000001121125959");
    is(&heard, 95, "000000000250000000000000000000000000000000");
}
END_TEST

START_TEST(a_reversal_goes_without_a_date_that_is_none)
{
    const struct iso_dialect *dialect = dialect_of((size_t)_i);
    struct iso_msg said = purchase();
    said.mti = 0x0420;
    set(&said, 13, "1331");
    set(&said, 90, "020000012311211159590001234567800000000000");
    struct iso_msg native = decoded(dialect, written(&said, SPAN_NONE, dialect));
    is(&native, 12, NULL);
    ck_assert(iso_has(&native, 4) && iso_has(&native, 56));
}
END_TEST

START_TEST(a_reversal_that_is_accepted_is_told_by_its_own_code)
{
    static const struct {
        uint16_t mti;
        const char *codes[2];
    } rows[] = {{0x0430, {"400", "4000"}}, {0x0810, {"800", "8000"}}, {0x0210, {"000", "0000"}}};
    const struct iso_dialect *dialect = dialect_of((size_t)_i);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct iso_msg said;
        iso_init(&said, rows[i].mti);
        set(&said, 11, "000001");
        set(&said, 39, "00");
        struct span frame = written(&said, SPAN_NONE, dialect);
        struct iso_msg native = decoded(dialect, frame);
        is(&native, 39, rows[i].codes[dialect->edition - 1]);
        struct iso_msg heard = read_back(dialect, frame);
        is(&heard, 39, "00");
    }
}
END_TEST

/* What approves is an approval on the other side, and nothing else is: whatever the code. */
START_TEST(no_code_becomes_an_approval_on_its_way)
{
    static const char *const approvals[] = {"00", "08", "10", "11", "16", "85"};
    for (unsigned number = 0; number < 100; number++) {
        for (enum iso_edition edition = ISO_1993; edition <= ISO_2003; edition++) {
            uint8_t digits[ACTION_CODE_LEN_MAX];
            char code[3];
            bool approves = false;
            (void)snprintf(code, sizeof code, "%02u", number);
            for (size_t i = 0; i < ARRAY_COUNT(approvals); i++) {
                approves = approves || strcmp(code, approvals[i]) == 0;
            }
            size_t len = action_code_of(span_text(code), 2, edition, digits);
            ck_assert_uint_eq(len, edition == ISO_1993 ? 3 : 4);
            ck_assert_msg((digits[0] == '0') == approves, "%s", code);
            const char *back = action_code_1987(span_make(digits, len), 2);
            ck_assert_ptr_nonnull(back);
            ck_assert_msg(!approves || strcmp(back, code) == 0, "%s: %s", code, back);
        }
    }
    ck_assert_ptr_null(action_code_1987(span_text("050"), 2));
    ck_assert_ptr_null(action_code_1987(span_text("300"), 2));
    ck_assert_ptr_null(action_code_1987(span_text("400"), 2));
    ck_assert_ptr_null(action_code_1987(span_text("800"), 4));
    ck_assert_ptr_null(action_code_1987(span_text("00"), 2));
    ck_assert_ptr_null(action_code_1987(span_text("0100"), 2));
    ck_assert_str_eq(action_code_1987(span_text("199"), 2), "05");
    ck_assert_str_eq(action_code_1987(span_text("1899"), 2), "05");
    ck_assert_str_eq(action_code_1987(span_text("9112"), 2), "91");
    ck_assert_str_eq(action_code_1987(span_text("999"), 2), "96");
}
END_TEST

START_TEST(a_code_that_nobody_knows_is_silence)
{
    const struct iso_dialect *dialect = dialect_find("iso93_ascii");
    struct iso_msg native;
    iso_init(&native, 0x1210);
    set(&native, 11, "000001");
    set(&native, 39, "077");
    struct writer out = writer_make(wire, sizeof wire);
    ck_assert_int_eq(iso_encode(&native, dialect, &out, &error), 0);
    struct iso_msg heard = read_back(dialect, writer_written(&out));
    is(&heard, 39, NULL);
}
END_TEST

/* What 1987 cannot say is told with its element. */
START_TEST(what_1987_cannot_say_is_an_error_that_names_it)
{
    static const struct {
        unsigned de;
        const char *value;
        int code;
    } rows[] = {{11, "000001000123", ERR_RANGE},
                {4, "9783000000001250", ERR_RANGE},
                {41, "TERM00010001", ERR_LENGTH},
                {42, "MERCHANT000000001", ERR_LENGTH}};
    const struct iso_dialect *dialect = dialect_find("iso2003");
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct iso_msg native;
        struct iso_msg heard;
        iso_init(&native, 0x2200);
        set(&native, 11, "000000000123");
        set(&native, 41, "TERM0001");
        set(&native, rows[i].de, rows[i].value);
        struct writer out = writer_make(wire, sizeof wire);
        struct writer scratch = writer_make(bytes, sizeof bytes);
        ck_assert_int_eq(iso_encode(&native, dialect, &out, &error), 0);
        ck_assert_int_eq(edition_read(dialect, writer_written(&out), &scratch, &heard, &error),
                         rows[i].code);
        ck_assert_uint_eq(error.de, rows[i].de);
        ck_assert_uint_ne(error.at, 0);
    }
}
END_TEST

START_TEST(what_a_later_edition_has_no_element_for_is_not_left_out_in_silence)
{
    const struct iso_dialect *dialect = dialect_of((size_t)_i);
    struct iso_msg said = purchase();
    set(&said, 99, "1234");
    struct writer out = writer_make(wire, sizeof wire);
    ck_assert_int_eq(edition_write(&said, SPAN_NONE, dialect, NOON_MS, &out, &error),
                     ERR_FIELD_UNKNOWN);
    ck_assert_uint_eq(error.de, 99);
}
END_TEST

START_TEST(a_balance_has_its_decimals_in_2003)
{
    const struct iso_dialect *dialect = dialect_find("iso2003");
    struct iso_msg said;
    iso_init(&said, 0x0110);
    set(&said, 11, "000001");
    set(&said, 54, "0001978C0000000012500002392C000000000500");
    struct span frame = written(&said, SPAN_NONE, dialect);
    struct iso_msg native = decoded(dialect, frame);
    is(&native, 54, "00019782C00000000125000023920C000000000500");
    struct iso_msg heard = read_back(dialect, frame);
    is(&heard, 54, "0001978C0000000012500002392C000000000500");
}
END_TEST

START_TEST(a_balance_with_other_decimals_is_refused_in_a_request_and_left_out_of_an_answer)
{
    const struct iso_dialect *dialect = dialect_find("iso2003");
    static const uint16_t mtis[] = {0x2200, 0x2210};
    for (size_t i = 0; i < ARRAY_COUNT(mtis); i++) {
        struct iso_msg native;
        struct iso_msg heard;
        iso_init(&native, mtis[i]);
        set(&native, 11, "000000000123");
        set(&native, 54, "00409783D000000005000");
        struct writer out = writer_make(wire, sizeof wire);
        struct writer scratch = writer_make(bytes, sizeof bytes);
        ck_assert_int_eq(iso_encode(&native, dialect, &out, &error), 0);
        int result = edition_read(dialect, writer_written(&out), &scratch, &heard, &error);
        ck_assert_int_eq(result, i == 0 ? ERR_RANGE : 0);
        ck_assert(!iso_has(&heard, 54) && iso_has(&heard, 11));
    }
}
END_TEST

START_TEST(a_date_without_a_year_is_none_that_lies_ahead)
{
    static const char *const dates[][2] = {
        {"0401", "260401125959"}, {"1122", "261122125959"}, {"1231", "251231125959"}};
    const struct iso_dialect *dialect = dialect_find("iso93_bcd");
    for (size_t i = 0; i < ARRAY_COUNT(dates); i++) {
        struct iso_msg said = purchase();
        set(&said, 13, dates[i][0]);
        struct iso_msg native = decoded(dialect, written(&said, SPAN_NONE, dialect));
        is(&native, 12, dates[i][1]);
    }
}
END_TEST

START_TEST(what_of_a_request_cannot_be_said_is_echoed_as_it_came)
{
    const struct iso_dialect *dialect = dialect_find("iso2003");
    uint8_t frame[1024];
    struct iso_msg asked;
    struct iso_msg heard;
    iso_init(&asked, 0x2200);
    set(&asked, 4, "1239000000001250");
    set(&asked, 11, "000001234567");
    set(&asked, 12, "20261331101010");
    set(&asked, 41, "TERM0001");
    set(&asked, 49, "cvv2 123"); /* verification data, which nobody is told back */
    struct writer out = writer_make(frame, sizeof frame);
    struct writer scratch = writer_make(bytes, sizeof bytes);
    ck_assert_int_eq(iso_encode(&asked, dialect, &out, &error), 0);
    ck_assert_int_eq(edition_read(dialect, writer_written(&out), &scratch, &heard, &error),
                     ERR_RANGE);
    ck_assert_uint_eq(error.de, 11);
    struct iso_msg answer;
    iso_init(&answer, 0x0210);
    static const uint8_t echoes[] = {4, 11, 12, 13, 41, 49};
    for (size_t i = 0; i < ARRAY_COUNT(echoes); i++) {
        iso_copy(&answer, &heard, echoes[i]);
    }
    set(&answer, 39, "30");
    struct iso_msg native = decoded(dialect, written(&answer, writer_written(&out), dialect));
    is(&native, 4, "1239000000001250");
    is(&native, 11, "000001234567");
    is(&native, 12, "20261331101010");
    is(&native, 39, "9104");
    is(&native, 49, NULL);
}
END_TEST

START_TEST(point_of_service_is_read_as_it_was_written)
{
    static const char *const entries[] = {"011", "021", "051", "052", "071",
                                          "101", "801", "812", "911"};
    static const char *const conditions[] = {"00", "01", "02", "05", "08", "59"};
    for (size_t i = 0; i < ARRAY_COUNT(entries); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(conditions); j++) {
            uint8_t positions[POINT_OF_SERVICE_LEN];
            char entry[4];
            char condition[3];
            point_of_service(entries[i], conditions[j], positions);
            point_of_service_1987(positions, entry, condition);
            ck_assert_str_eq(entry, entries[i]);
            ck_assert_str_eq(condition, conditions[j]);
        }
    }
}
END_TEST

/* A frame of 1987's dialects is read and written by the codec alone. */
START_TEST(a_dialect_of_1987_says_everything_as_it_stands)
{
    const struct iso_dialect *dialect = dialect_find("iso87_bcd");
    struct iso_msg said = purchase();
    uint8_t plain[1024];
    struct writer out = writer_make(plain, sizeof plain);
    ck_assert_int_eq(iso_encode(&said, dialect, &out, &error), 0);
    ck_assert(span_equal(written(&said, SPAN_NONE, dialect), writer_written(&out)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("edition");
    TCase *cases = tcase_create("edition");
    int count = (int)ARRAY_COUNT(laters);
    tcase_add_loop_test(cases, a_purchase_comes_back_as_it_was_said, 0, count);
    tcase_add_test(cases, it_is_said_in_the_elements_of_1993);
    tcase_add_test(cases, it_is_said_in_the_elements_of_2003);
    tcase_add_test(cases, an_answer_echoes_what_it_was_asked_as_it_came);
    tcase_add_loop_test(cases, network_messages_say_in_de24_what_1987_says_in_de70, 0, count);
    tcase_add_loop_test(cases, a_reversal_names_its_original_in_de56, 0, count);
    tcase_add_loop_test(cases, a_reversal_goes_without_a_date_that_is_none, 0, count);
    tcase_add_loop_test(cases, a_reversal_that_is_accepted_is_told_by_its_own_code, 0, count);
    tcase_add_test(cases, no_code_becomes_an_approval_on_its_way);
    tcase_add_test(cases, a_code_that_nobody_knows_is_silence);
    tcase_add_test(cases, what_1987_cannot_say_is_an_error_that_names_it);
    tcase_add_loop_test(cases, what_a_later_edition_has_no_element_for_is_not_left_out_in_silence,
                        0, count);
    tcase_add_test(cases, a_balance_has_its_decimals_in_2003);
    tcase_add_test(cases,
                   a_balance_with_other_decimals_is_refused_in_a_request_and_left_out_of_an_answer);
    tcase_add_test(cases, a_date_without_a_year_is_none_that_lies_ahead);
    tcase_add_test(cases, what_of_a_request_cannot_be_said_is_echoed_as_it_came);
    tcase_add_test(cases, point_of_service_is_read_as_it_was_written);
    tcase_add_test(cases, a_dialect_of_1987_says_everything_as_it_stands);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
