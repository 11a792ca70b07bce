#include "harness.h"
#include "hsm_sim/wire/layout.h"

#define KEY_U   "U8463435FC4B4DAA0C49025272C29B12C"
#define KEY_T   "TEFF270C330101C2D6B23DF72EA8FFEBD0E491D62E2E3D151"
#define KEY_Z   "0406FBB23A5214DF"
#define PAIR    "367930344805B1FAD6146EF4ED7502B3"
#define BLOCK   "6428EB94035AF53B"
#define ACCOUNT "550000025321"
#define DA_REST "12" BLOCK "0104" ACCOUNT "01234567890123455000000N32164321FFFFFFFF"

/* Goal: both directions of every row. A sample is what is on the wire behind the header. */
static const char *const requests[] = {
    "NC",
    "NO00",
    "NO01",
    "B20000",
    "B20004abcd",
    "B2000AABC%01\x19XYZ",
    "BU011" KEY_U,
    "BU000" KEY_Z,
    "BU02F"
    "S00072K0TB00E0001DB045F29C053EEFF7B9425B3A88C7258EB7EA7E40E2C47878647072A",
    "BU021" PAIR,
    "BUFF1" KEY_U ";402",
    "BUFF1" KEY_U ";402;001",
    "BU001" KEY_U ";000",
    "CA" KEY_U KEY_T "12" BLOCK "0103" ACCOUNT,
    "CC" KEY_Z KEY_U "12" BLOCK "0147" ACCOUNT,
    "DA" KEY_T KEY_Z DA_REST,
    "EA" KEY_U KEY_U DA_REST,
    "DC" KEY_U "X" PAIR BLOCK "01" ACCOUNT "14402",
    "EC" KEY_Z PAIR BLOCK "01" ACCOUNT "14402",
    "M600032003" KEY_U "0003\x19%\x01",
    "M601032003" KEY_U "0004ABCD",
    "M610131008" KEY_U "0000",
    "M620132003" KEY_U "0123456789ABCDEF"
    "0008abcdefgh",
    "M800032003" KEY_U "0003abcD1F18EC5",
    "M830131003" KEY_U "0123456789ABCDEF"
    "0001x" BLOCK,
    "M811032003" KEY_U "0010" BLOCK,
};
static const char *const replies[] = {
    "ND0026860400000000000007-E000",
    "NP0011640007-E00000000",
    "NP15",
    "B300",
    "B300abcd",
    "BV006F1E3F",
    "BV006F1E3F74F826B7EB",
    "BV10",
    "CB000482206CCD872229C203",
    "CB23",
    "CD000482206CCD872229C203",
    "DB00",
    "DB02",
    "EB01",
    "DD00",
    "DD01",
    "ED00",
    "ED20",
    "M7005F1448EE",
    "M7005F1448EE5F1448EE",
    "M9005F1448EE5F1448EE",
    "M900",
    "M901",
    "CB41",
    "CDA1",
};

static struct span sample_message(const char *sample, const char *tail)
{
    static char message[512];
    int len = snprintf(message, sizeof message, "0042%s%s", sample, tail);
    return span_make(message, (size_t)len);
}

static bool same_arguments(const struct span *a, const struct span *b)
{
    for (size_t i = 0; i < HSM_ARG_COUNT; i++) {
        if (!span_equal(a[i], b[i])) {
            return false;
        }
    }
    return true;
}

/* Decode; if that succeeds, encode and decode again, and the arguments must be the same. Returns
 * whether it decoded; @again is what was encoded. */
static bool request_round(struct span message, struct writer *again)
{
    struct hsm_command first;
    struct hsm_command second;
    struct hsm_envelope envelope;
    struct hsm_envelope envelope2;
    again->len = 0;
    if (hsm_command_decode(message, 4, &first, &envelope) < 0) {
        return false;
    }
    ck_assert_int_eq(hsm_command_check(&first), 0);
    ck_assert_int_eq(hsm_command_encode(&first, &envelope, again), 0);
    ck_assert_int_eq(hsm_command_decode(writer_written(again), 4, &second, &envelope2), 0);
    ck_assert(same_arguments(first.arg, second.arg));
    ck_assert(span_equal(envelope.header, envelope2.header));
    ck_assert(span_equal(envelope.trailer, envelope2.trailer));
    return true;
}

static bool reply_round(struct span message, struct writer *again)
{
    struct hsm_reply first;
    struct hsm_reply second;
    struct hsm_envelope envelope;
    again->len = 0;
    if (hsm_reply_decode(message, 4, &first, &envelope) < 0) {
        return false;
    }
    ck_assert_int_eq(hsm_reply_encode(&first, &envelope, again), 0);
    ck_assert_int_eq(hsm_reply_decode(writer_written(again), 4, &second, &envelope), 0);
    ck_assert_int_eq(first.error, second.error);
    ck_assert(same_arguments(first.arg, second.arg));
    return true;
}

START_TEST(every_request_survives_the_round_trip)
{
    static const char *const tails[] = {"", "%00", "%01\x19token", "\x19\x19\x01%"};
    uint8_t buffer[512];
    struct writer again = writer_make(buffer, sizeof buffer);
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(tails); j++) {
            struct span message = sample_message(requests[i], tails[j]);
            ck_assert_msg(request_round(message, &again), "%s%s", requests[i], tails[j]);
            ck_assert_msg(span_equal(message, writer_written(&again)), "%s", requests[i]);
        }
    }
}
END_TEST

START_TEST(every_reply_survives_the_round_trip)
{
    static const char *const tails[] = {"", "\x19token"};
    uint8_t buffer[512];
    struct writer again = writer_make(buffer, sizeof buffer);
    for (size_t i = 0; i < ARRAY_COUNT(replies); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(tails); j++) {
            struct span message = sample_message(replies[i], tails[j]);
            ck_assert_msg(reply_round(message, &again), "%s", replies[i]);
            ck_assert_msg(span_equal(message, writer_written(&again)), "%s", replies[i]);
        }
    }
}
END_TEST

START_TEST(every_row_of_the_layout_has_a_sample_in_both_directions)
{
    const struct wire_layout *layout;
    for (size_t i = 0; (layout = wire_layout_at(i)) != NULL; i++) {
        bool has_request = false;
        bool has_reply = false;
        for (size_t j = 0; j < ARRAY_COUNT(requests); j++) {
            has_request |= be16_get((const uint8_t *)requests[j]) == layout->code;
        }
        for (size_t j = 0; j < ARRAY_COUNT(replies); j++) {
            has_reply |= be16_get((const uint8_t *)replies[j]) == hsm_reply_code(layout->code);
        }
        ck_assert_msg(has_request && has_reply, "row %zu", i);
        ck_assert_ptr_eq(wire_layout_find(layout->code), layout);
        ck_assert_int_eq(layout->request[WIRE_FIELDS_MAX - 1].kind, W_END);
        ck_assert_int_eq(layout->reply[WIRE_FIELDS_MAX - 1].kind, W_END);
    }
}
END_TEST

/* A request cut short is refused, unless what is left is a request itself (its tail was cut). */
START_TEST(request_cut_at_any_byte_is_refused)
{
    uint8_t buffer[512];
    struct writer again = writer_make(buffer, sizeof buffer);
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        struct span message = sample_message(requests[i], "");
        bool has_tail = strchr(requests[i], ';') != NULL;
        for (size_t len = 0; len < message.len; len++) {
            /* A copy of its own, so that a sanitizer sees a byte too far. */
            uint8_t *copy = malloc(len + 1);
            memcpy(copy + 1, message.ptr, len);
            struct span cut = span_make(copy + 1, len);
            bool decoded = request_round(cut, &again);
            ck_assert_msg(!decoded || (has_tail && span_equal(cut, writer_written(&again))),
                          "%s at %zu", requests[i], len);
            free(copy);
        }
    }
}
END_TEST

START_TEST(byte_of_another_kind_never_misleads)
{
    static const uint8_t wrong[] = {0x00, 0x19, '%', ';', 'z', 'U', 'S', 'F', '9', 0xFF};
    uint8_t copy[512];
    uint8_t buffer[1024];
    struct writer again = writer_make(buffer, sizeof buffer);
    size_t refused = 0;
    for (size_t i = 0; i < ARRAY_COUNT(requests) + ARRAY_COUNT(replies); i++) {
        bool is_reply = i >= ARRAY_COUNT(requests);
        const char *sample = is_reply ? replies[i - ARRAY_COUNT(requests)] : requests[i];
        struct span message = sample_message(sample, "\x19t");
        for (size_t at = 4; at < message.len; at++) {
            for (size_t j = 0; j < sizeof wrong; j++) {
                memcpy(copy, message.ptr, message.len);
                copy[at] = wrong[j];
                struct span bad = span_make(copy, message.len);
                refused += is_reply ? !reply_round(bad, &again) : !request_round(bad, &again);
            }
        }
    }
    ck_assert_uint_gt(refused, 1000);
}
END_TEST

START_TEST(refused_request_still_tells_header_code_and_trailer)
{
    struct hsm_command command;
    struct hsm_envelope envelope;
    struct span message = SPAN_LITERAL("0042CAgarbage\x19"
                                       "7/3/9");
    ck_assert_int_eq(hsm_command_decode(message, 4, &command, &envelope), ERR_FORMAT);
    ck_assert_int_eq(command.code, HSM_CODE('C', 'A'));
    ck_assert(span_equal_text(envelope.header, "0042"));
    ck_assert(span_equal_text(envelope.trailer, "7/3/9"));
    message = SPAN_LITERAL("0042ZZ");
    ck_assert_int_eq(hsm_command_decode(message, 4, &command, &envelope), ERR_NOT_FOUND);
    ck_assert_int_eq(command.code, HSM_CODE('Z', 'Z'));
    ck_assert_uint_eq(envelope.trailer.len, 0);
    ck_assert_int_eq(hsm_command_decode(SPAN_LITERAL("0042N"), 4, &command, &envelope),
                     ERR_TRUNCATED);
}
END_TEST

START_TEST(header_has_the_length_that_was_agreed)
{
    struct hsm_command command;
    struct hsm_envelope envelope;
    ck_assert_int_eq(hsm_command_decode(SPAN_LITERAL("NC"), 0, &command, &envelope), 0);
    ck_assert_uint_eq(envelope.header.len, 0);
    ck_assert_int_eq(hsm_command_decode(SPAN_LITERAL("ABCDEFGHNC"), 8, &command, &envelope), 0);
    ck_assert(span_equal_text(envelope.header, "ABCDEFGH"));
}
END_TEST

START_TEST(missing_argument_is_a_usage_error)
{
    uint8_t buffer[256];
    uint8_t little[20];
    struct hsm_command command;
    struct hsm_envelope envelope;
    struct writer out = writer_make(buffer, sizeof buffer);
    const struct span message = sample_message(requests[16], "");
    ck_assert_int_eq(hsm_command_decode(message, 4, &command, &envelope), 0);
    const struct wire_layout *layout = wire_layout_find(command.code);
    for (const struct wire_field *field = layout->request; field->kind != W_END; field++) {
        struct hsm_command poor = command;
        poor.arg[field->arg] = SPAN_NONE;
        ck_assert_int_eq(hsm_command_encode(&poor, &envelope, &out), ERR_USAGE);
        poor.arg[field->arg] = span_first(command.arg[field->arg], command.arg[field->arg].len - 1);
        ck_assert_int_lt(hsm_command_encode(&poor, &envelope, &out), 0);
    }
    struct writer narrow = writer_make(little, sizeof little);
    ck_assert_int_eq(hsm_command_encode(&command, &envelope, &narrow), ERR_SPACE);
}
END_TEST

START_TEST(count_above_what_is_left_is_a_length_error)
{
    struct hsm_command command;
    struct hsm_envelope envelope;
    ck_assert_int_eq(hsm_command_decode(SPAN_LITERAL("0042B20005abcd"), 4, &command, &envelope),
                     ERR_LENGTH);
    ck_assert_int_eq(hsm_decode_refusal(ERR_LENGTH), HSM_DATA_LEN);
    ck_assert_int_eq(hsm_decode_refusal(ERR_NOT_FOUND), HSM_DISABLED);
    ck_assert_int_eq(hsm_decode_refusal(ERR_TRUNCATED), HSM_INPUT);
}
END_TEST

START_TEST(trailer_above_the_maximum_is_refused)
{
    struct hsm_command command;
    struct hsm_envelope envelope;
    char message[64] = "0042NC\x19"
                       "12345678901234567890123456789012";
    ck_assert_int_eq(hsm_command_decode(span_text(message), 4, &command, &envelope), 0);
    ck_assert_uint_eq(envelope.trailer.len, HSM_TRAILER_LEN_MAX);
    message[strlen(message)] = '3';
    ck_assert_int_eq(hsm_command_decode(span_text(message), 4, &command, &envelope), ERR_FORMAT);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_request_survives_the_round_trip,
        every_reply_survives_the_round_trip,
        every_row_of_the_layout_has_a_sample_in_both_directions,
        request_cut_at_any_byte_is_refused,
        byte_of_another_kind_never_misleads,
        refused_request_still_tells_header_code_and_trailer,
        header_has_the_length_that_was_agreed,
        missing_argument_is_a_usage_error,
        count_above_what_is_left_is_a_length_error,
        trailer_above_the_maximum_is_refused,
    };
    return run_tests("hsm codec", tests, ARRAY_COUNT(tests));
}
