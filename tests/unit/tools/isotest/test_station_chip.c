/* Chip data and cryptograms as cards and issuers of a script make them. Goal: agreement with
 * others. Method: the inputs of vectors (tests/vectors/hsm.json: arqc_cvn10, arqc_cvn22, arpc_*) as
 * a script's, and the vectors' answers in the message. */
#include "iso8583/tlv.h"
#include "station_world.h"

#define CARD_OF(lines)                                                                             \
    "card chip {\n pan 1234567890123456\n exp 2912\n psn 00\n imk imk:test\n" lines "}\n"

/* The transaction of arqc_cvn10 and arqc_cvn22: all but issuer data. */
#define TAGS                                                                                       \
    " emv chip 9F02 000000004000 9F03 000000000000 9F1A 0124 95 8000048000 5F2A 0124 9A 191105"    \
    " 9C 01 9F37 52BF4585 82 1800 9F36 001C"

static const char *tag_text(const struct held *held, uint32_t tag)
{
    static char text[8][128];
    static unsigned next;
    char *to = text[next++ % 8];
    struct span value;
    if (tlv_find(iso_get(&held->msg, 55), tag, &value) < 0) {
        return "absent";
    }
    ck_assert_uint_lt(value.len, 64);
    hex_encode(value, (uint8_t *)to);
    to[2 * value.len] = '\0';
    return to;
}

START_TEST(cryptogram_of_cvn_10_agrees)
{
    struct world *w = world_open(KEY_LINES T1 CARD_OF(" cvn 10\n") TEST(
        "send 0200 from T1\n card chip by chip\n" TAGS " 9F10 06010A03A06010\n"));
    world_send(w, 0);
    ck_assert_str_eq(tag_text(&w->made, 0x9F26), "29CCA15AE665FA2E");
    ck_assert_str_eq(tag_text(&w->made, 0x9F27), "80");
    world_close(w);
}
END_TEST

START_TEST(cryptogram_by_session_key_agrees)
{
    static const char *const cvns[] = {"18", "22"};
    char text[2048];
    for (size_t i = 0; i < ARRAY_COUNT(cvns); i++) {
        (void)snprintf(text, sizeof text,
                       KEY_LINES T1 CARD_OF(" cvn %s\n") TEST(
                           "send 0200 from T1\n card chip by chip\n" TAGS " 9F10 06011203A0B800\n"),
                       cvns[i]);
        struct world *w = world_open(text);
        world_send(w, 0);
        ck_assert_str_eq(tag_text(&w->made, 0x9F26), "7A788EA6B8A3E733");
        world_close(w);
    }
}
END_TEST

START_TEST(chip_takes_its_data_from_the_message)
{
    struct world *w = world_open(KEY_LINES T1 CARD TEST(
        "send 0200 from T1\n 3 203000\n 4 amount 12.50 USD\n card gold by chip\n"));
    world_send(w, 0);
    ck_assert_str_eq(tag_text(&w->made, 0x9F02), "000000001250");
    ck_assert_str_eq(tag_text(&w->made, 0x5F2A), "0840");
    ck_assert_str_eq(tag_text(&w->made, 0x9C), "20");
    ck_assert_str_eq(tag_text(&w->made, 0x9A), "261121");
    ck_assert_str_eq(tag_text(&w->made, 0x5F34), "01");
    ck_assert_str_eq(tag_text(&w->made, 0x9F36), "0001");
    ck_assert_str_eq(tag_text(&w->made, 0x84), "A0000000031010");
    ck_assert_str_ne(tag_text(&w->made, 0x9F26), "0000000000000000");
    const char *first = tag_text(&w->made, 0x9F26);
    world_send(w, 0);
    ck_assert_str_eq(tag_text(&w->made, 0x9F36), "0002"); /* the card goes on */
    ck_assert_str_ne(tag_text(&w->made, 0x9F26), first);
    world_close(w);
}
END_TEST

START_TEST(terminals_own_tags_are_in_its_chip_messages_and_signed)
{
    struct world *w =
        world_open(KEY_LINES T1_BEGIN " 55.9F1A 0826\n 55.9F1E 3132333435363738\n}\n" CARD TEST(
            "send 0200 from T1\n card gold by chip\n"
            "send 0800 from T1\n"));
    world_send(w, 0);
    ck_assert_str_eq(tag_text(&w->made, 0x9F1A), "0826");
    ck_assert_str_eq(tag_text(&w->made, 0x9F1E), "3132333435363738");
    ck_assert_ptr_nonnull(strstr(w->told, "ARQC data 0000000000000000000000000826"));
    world_send(w, 1);
    ck_assert_str_eq(text_of(&w->made, 55), "absent");
    world_close(w);
}
END_TEST

START_TEST(tags_are_overridden_added_and_removed)
{
    struct world *w = world_open(KEY_LINES T1 CARD TEST(
        "send 0200 from T1\n card gold by chip\n emv gold 82 5C00 9F1E 3132333435363738\n"
        " 55.9F27 00\n 55.95 -\n 55.9F09 008C\n"
        "send 0200 from T1\n card gold by chip\n 55 -\n"
        "send 0200 from T1\n card gold by chip\n 55 9F0101AA\n"));
    world_send(w, 0);
    ck_assert_str_eq(tag_text(&w->made, 0x82), "5C00");
    ck_assert_str_eq(tag_text(&w->made, 0x9F1E), "3132333435363738");
    ck_assert_str_eq(tag_text(&w->made, 0x9F27), "00");
    ck_assert_str_eq(tag_text(&w->made, 0x95), "absent");
    ck_assert_str_eq(tag_text(&w->made, 0x9F09), "008C");
    world_send(w, 1);
    ck_assert_str_eq(text_of(&w->made, 55), "absent");
    world_send(w, 2);
    ck_assert_str_eq(text_of(&w->made, 55), "9F0101AA");
    world_close(w);
}
END_TEST

#define ANSWER(code)                                                                               \
    "on VISA 0200 reply 0210\n 39 " code "\n 55.91 arpc chip\n"                                    \
    "expect 0210\n arpc chip\n"

START_TEST(answer_by_method_1_agrees)
{
    /* arpc_method1-225bd481 */
    struct world *w =
        world_open("key imk:jpos 13345779133457791334577913345779\n" T1 VISA
                   "card chip {\n pan 1234567890123456\n psn 00\n imk imk:jpos\n cvn 10\n}\n" TEST(
                       "send 0200 from T1\n 55 9F26082263CD868F3E02349F36023456\n" ANSWER("00")));
    struct miss misses[MISSES_MAX];
    struct on *on = &world_stmt(w, 1)->u.on;
    struct expect *expect = &world_stmt(w, 2)->u.expect;
    world_send(w, 0);
    ck_assert_int_eq(compose_reply(w->station[1], on, &w->scope, &w->made, &w->got, &w->fault), 0);
    ck_assert_str_eq(tag_text(&w->got, 0x91), "5A1D15A96C035C4F3030");
    ck_assert_int_eq(judge(w->station[0], expect, &w->scope, &w->made, &w->got, 0, misses), 0);
    world_close(w);
}
END_TEST

START_TEST(answer_by_method_2_is_what_the_card_checks)
{
    struct world *w = world_open(KEY_LINES T1 VISA CARD_OF(" cvn 18\n") TEST(
        "send 0200 from T1\n card chip by chip\n" ANSWER("{{sent.38}}")));
    struct miss misses[MISSES_MAX];
    struct on *on = &world_stmt(w, 1)->u.on;
    struct expect *expect = &world_stmt(w, 2)->u.expect;
    world_send(w, 0);
    for (unsigned i = 0; i < 2; i++) {
        w->sent.present = true;
        iso_init(&w->sent.msg, 0x0200);
        iso_set(&w->sent.msg, 38, i == 0 ? SPAN_LITERAL("00") : SPAN_LITERAL("05"));
        ck_assert_int_eq(compose_reply(w->station[1], on, &w->scope, &w->made, &w->got, &w->fault),
                         0);
        /* The issuer's word is in the card status update: approved or not. */
        ck_assert_str_eq(tag_text(&w->got, 0x91) + 8, i == 0 ? "00800000" : "00000000");
        ck_assert_int_eq(judge(w->station[0], expect, &w->scope, &w->made, &w->got, 0, misses), 0);
    }
    struct span tag91;
    ck_assert_int_eq(tlv_find(iso_get(&w->got.msg, 55), 0x91, &tag91), 0);
    w->got.room[(size_t)(tag91.ptr - w->got.room) + 1] ^= 1;
    ck_assert_int_eq(judge(w->station[0], expect, &w->scope, &w->made, &w->got, 0, misses), 1);
    ck_assert_str_eq(misses[0].expected, "valid");
    ck_assert_str_eq(misses[0].got, "wrong");
    ck_assert_uint_eq(misses[0].path->tag, 0x91);
    iso_unset(&w->got.msg, 55);
    ck_assert_int_eq(judge(w->station[0], expect, &w->scope, &w->made, &w->got, 0, misses), 1);
    ck_assert_str_eq(misses[0].got, "absent");
    world_close(w);
}
END_TEST

START_TEST(answer_to_a_request_without_a_cryptogram_is_told)
{
    struct world *w =
        world_open(KEY_LINES T1 VISA CARD_OF("") TEST("send 0200 from T1\n" ANSWER("00")));
    world_send(w, 0);
    ck_assert_int_eq(compose_reply(w->station[1], &world_stmt(w, 1)->u.on, &w->scope, &w->made,
                                   &w->got, &w->fault),
                     ERR_NOT_FOUND);
    ck_assert_str_eq(w->fault.text, "arpc: the request has no 9F26 and 9F36");
    world_close(w);
}
END_TEST

START_TEST(explanation_tells_kcvs_and_never_a_key)
{
    struct world *w = world_open(KEY_LINES T1 CARD TEST("send 0200 from T1\n card gold by chip\n"));
    world_send(w, 0);
    ck_assert_ptr_nonnull(strstr(w->told, "card key of imk:test (kcv 08D7B4)"));
    ck_assert_ptr_nonnull(strstr(w->told, "session key of ATC 0001: kcv "));
    ck_assert_ptr_nonnull(strstr(w->told, "ARQC CVN 18 over 40 bytes, 80 padding: "));
    ck_assert_ptr_nonnull(strstr(w->told, "ARQC data 000000000000"));
    ck_assert_ptr_null(strstr(w->told, "0123456789ABCDEF"));
    world_close(w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        cryptogram_of_cvn_10_agrees,
        cryptogram_by_session_key_agrees,
        chip_takes_its_data_from_the_message,
        terminals_own_tags_are_in_its_chip_messages_and_signed,
        tags_are_overridden_added_and_removed,
        answer_by_method_1_agrees,
        answer_by_method_2_is_what_the_card_checks,
        answer_to_a_request_without_a_cryptogram_is_told,
        explanation_tells_kcvs_and_never_a_key,
    };
    return run_tests("station chip", tests, ARRAY_COUNT(tests));
}
