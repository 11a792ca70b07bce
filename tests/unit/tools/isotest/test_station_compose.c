/* Messages as a station makes them. Method: compose, and read what went out on the wire again. */
#include "hsm_sim/engine/tester.h"
#include "station_world.h"
#include "tools/isotest/station_state.h"

#define TPK "\x01\x23\x45\x67\x89\xAB\xCD\xEF\xFE\xDC\xBA\x98\x76\x54\x32\x10"
#define TAK "\x13\x34\x57\x79\x13\x34\x57\x79\x13\x34\x57\x79\x13\x34\x57\x79"

#define CLEAR(key) ((struct secret_span){(const uint8_t *)(key), 16})

START_TEST(network_message_has_time_number_and_the_declared_lines)
{
    struct world *w = world_open(T1 TEST("send 0800 from T1\n 70 301\n"));
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->got);
    ck_assert_int_eq(w->got.msg.mti, 0x0800);
    ck_assert_str_eq(text_of(&w->got, 7), "1121101530");
    ck_assert_uint_eq(strspn(text_of(&w->got, 11), "0123456789"), 6);
    ck_assert_str_eq(text_of(&w->got, 41), "TERM0001");
    ck_assert_str_eq(text_of(&w->got, 42), "MERCHANT0000001");
    ck_assert_str_eq(text_of(&w->got, 70), "301");
    ck_assert_str_eq(text_of(&w->got, 12), "absent");
    ck_assert_str_eq(text_of(&w->got, 37), "absent");
    ck_assert_mem_eq(w->tpdu.ptr, "\x60\x00\x01\x00\x00", 5);
    world_close(w);
}
END_TEST

START_TEST(financial_message_has_local_time_and_a_number_of_its_own)
{
    struct world *w = world_open(T1 TEST("send 0200 from T1\n 4 amount 12.50 EUR\n 11 000017\n"));
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 12), "101530");
    ck_assert_str_eq(text_of(&w->made, 13), "1121");
    ck_assert_str_eq(text_of(&w->made, 49), "978");
    ck_assert_int_eq(strncmp(text_of(&w->made, 37), "632510", 6), 0); /* 2026, day 325, 10 h */
    ck_assert_str_eq(text_of(&w->made, 11), "000017");
    world_close(w);
}
END_TEST

START_TEST(stan_goes_on_and_never_becomes_0)
{
    static const char *const stans[] = {"999998", "999999", "000001", "000002"};
    struct world *w = world_open(T1 TEST("send 0800 from T1\n"));
    w->station[0]->stan = 999998;
    for (size_t i = 0; i < ARRAY_COUNT(stans); i++) {
        world_send(w, 0);
        ck_assert_str_eq(text_of(&w->made, 11), stans[i]);
    }
    world_close(w);
}
END_TEST

START_TEST(step_overrides_and_removes)
{
    struct world *w = world_open(
        T1 TEST("send 0200 from T1\n 7 0101000000\n 11 -\n 12 -\n 41 X\n 42 -\n 37 -\n 49 826\n"
                " 4 amount 1.00 EUR\n hdr.tpdu x'6011112222'\n"));
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 7), "0101000000");
    ck_assert_str_eq(text_of(&w->made, 11), "absent");
    ck_assert_str_eq(text_of(&w->made, 12), "absent");
    ck_assert_str_eq(text_of(&w->made, 37), "absent");
    ck_assert_str_eq(text_of(&w->made, 42), "absent");
    ck_assert_str_eq(text_of(&w->made, 41), "X       ");
    ck_assert_str_eq(text_of(&w->made, 49), "826"); /* said by the step: not the amount's */
    ck_assert_mem_eq(w->tpdu.ptr, "\x60\x11\x11\x22\x22", 5);
    world_close(w);
}
END_TEST

START_TEST(kept_message_is_what_went_on_the_wire)
{
    /* Short values are filled by the codec: the kept ones must be, too. */
    struct world *w = world_open(
        T1 TEST("send 0200 from T1\n 3 0\n 41 X\n 24 3\n 43 here\n 2 4111111111111111\n"));
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->got);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        ck_assert_int_eq(iso_has(&w->made.msg, de), iso_has(&w->got.msg, de));
        ck_assert_msg(span_equal(iso_get(&w->made.msg, de), iso_get(&w->got.msg, de)), "DE%u", de);
    }
    world_close(w);
}
END_TEST

START_TEST(raw_bytes_go_as_they_are)
{
    struct world *w = world_open(T1 TEST("send raw x'0800822000000000000004000000000000' from T1\n"
                                         "send raw x'DEAD' from T1\n"));
    world_send(w, 0);
    ck_assert_uint_eq(w->made.wire_len, 17);
    ck_assert_mem_eq(w->made.wire, "\x08\x00\x82\x20", 4);
    ck_assert_int_eq(w->made.msg.mti, 0x0800); /* what decodes of it can be looked at */
    world_send(w, 1);
    ck_assert_uint_eq(w->made.wire_len, 2);
    ck_assert_mem_eq(w->made.wire, "\xDE\xAD", 2);
    world_close(w);
}
END_TEST

START_TEST(copy_has_the_same_fields_and_a_mac_of_its_own)
{
    struct world *w = world_open(KEY_LINES T1_BEGIN
                                 " mac tak:T1\n}\n" TEST("send 0200 from T1\n 4 amount 1.00 EUR\n"
                                                         "send 0201 from T1\n 24 003\n"));
    struct stmt *second = world_stmt(w, 1);
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->sent);
    ck_assert_int_eq(compose_send(w->station[0], &second->u.send, &w->scope, &w->sent, &w->made,
                                  &w->tpdu, &w->fault),
                     0);
    ck_assert_int_eq(w->made.msg.mti, 0x0201);
    static const uint8_t same[] = {4, 7, 11, 12, 13, 37, 41, 42, 49};
    for (size_t i = 0; i < sizeof same; i++) {
        ck_assert(iso_has(&w->made.msg, same[i]));
        ck_assert(span_equal(iso_get(&w->made.msg, same[i]), iso_get(&w->sent.msg, same[i])));
    }
    ck_assert_str_eq(text_of(&w->made, 24), "003");
    ck_assert_str_ne(text_of(&w->made, 64), text_of(&w->sent, 64));
    world_close(w);
}
END_TEST

static void mac_is(const struct held *held, unsigned de, const uint8_t *mac)
{
    ck_assert(iso_has(&held->msg, de));
    ck_assert_mem_eq(iso_get(&held->msg, de).ptr, mac, 8);
}

START_TEST(mac_covers_all_before_it)
{
    struct world *w = world_open(KEY_LINES T1_BEGIN " mac tak:T1 x9.19\n}\n" TEST(
        "send 0200 from T1\n"
        "send 0200 from T1\n 90 020000000111211015300000000471100000000000\n"
        "send 0800 from T1\n"
        "send 0800 from T1\n mac\n"
        "send 0200 from T1\n mac bad\n"
        "send 0200 from T1\n 64 -\n"));
    uint8_t mac[8];
    for (unsigned i = 0; i < 6; i++) {
        world_send(w, i);
        world_carry(&w->made, "iso87_bcd", &w->got);
        struct span before = span_make(w->made.wire, w->made.wire_len - 8u);
        ck_assert_int_eq(hsm_tester_mac(CLEAR(TAK), 1, before, mac), 0);
        mac[0] ^= i == 4 ? 0xFF : 0;
        if (i == 2 || i == 5) {
            ck_assert_str_eq(text_of(&w->got, 64), "absent");
        } else {
            mac_is(&w->got, i == 1 ? 128 : 64, mac);
            mac_is(&w->made, i == 1 ? 128 : 64, mac);
        }
    }
    ck_assert_ptr_nonnull(strstr(w->told, "key tak:T1 kcv 6FB1C8"));
    world_close(w);
}
END_TEST

START_TEST(mac_in_hex_characters_covers_the_same)
{
    struct world *w = world_open(
        KEY_LINES
        "terminal T1 {\n connect 127.0.0.1:8583\n"
        " dialect iso87_asciihex\n frame len2\n mac tak:T1 x9.19\n}\n" TEST("send 0200 from T1\n"));
    uint8_t mac[8];
    world_send(w, 0);
    world_carry(&w->made, "iso87_asciihex", &w->got);
    ck_assert_int_eq(
        hsm_tester_mac(CLEAR(TAK), 1, span_make(w->made.wire, w->made.wire_len - 16u), mac), 0);
    mac_is(&w->got, 64, mac);
    world_close(w);
}
END_TEST

START_TEST(mac_without_a_key_is_told)
{
    /* The check of a script sees to that; a station does not rely on it. */
    struct world *w = world_open(T1 TEST("send 0200 from T1\n"));
    world_stmt(w, 0)->u.send.mac = true;
    ck_assert_int_eq(world_try_send(w, 0), ERR_NOT_FOUND);
    ck_assert_str_eq(w->fault.text, "T1 has no `mac` key");
    world_close(w);
}
END_TEST

START_TEST(pin_block_is_iso_0_under_the_terminals_key)
{
    struct world *w = world_open(KEY_LINES T1_BEGIN " pin tpk:T1\n}\n" CARD TEST(
        "send 0200 from T1\n card gold by magstripe\n pin gold\n"
        "send 0200 from T1\n pin gold\n 52 x'0102030405060708'\n"));
    uint8_t block[8];
    ck_assert_int_eq(hsm_tester_pin_block(CLEAR(TPK), (struct secret_span){(uint8_t *)"1234", 4},
                                          SPAN_LITERAL("4111111111111111"), block),
                     0);
    world_send(w, 0);
    ck_assert_mem_eq(iso_get(&w->made.msg, 52).ptr, block, 8);
    ck_assert_ptr_nonnull(strstr(w->told, "PIN block ISO-0, key tpk:T1 kcv 08D7B4"));
    ck_assert_ptr_null(strstr(w->told, "1234"));
    world_send(w, 1);
    ck_assert_str_eq(text_of(&w->made, 52), "0102030405060708");
    world_close(w);
}
END_TEST

START_TEST(dukpt_terminal_goes_through_its_ksns)
{
    /* X9.24-1 A.4: BDK, PAN, PIN and the blocks of the first two KSNs. */
    struct world *w = world_open(KEY_LINES T1_BEGIN
                                 " pin tpk:T1 dukpt in 62 ksn FFFF9876543210E00001\n}\n"
                                 "card gold {\n pan 4012345678909\n exp 2912\n pin 1234\n}\n" TEST(
                                     "send 0200 from T1\n pin gold\n"));
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 52), "1B9C1845EB993A7A");
    ck_assert_str_eq(text_of(&w->made, 62), "FFFF9876543210E00001");
    world_send(w, 0);
    ck_assert_str_eq(text_of(&w->made, 52), "10A01C8D02C69107");
    ck_assert_str_eq(text_of(&w->made, 62), "FFFF9876543210E00002");
    world_close(w);
}
END_TEST

START_TEST(card_gives_the_fields_of_its_entry)
{
    struct world *w = world_open(KEY_LINES T1_BEGIN " pin tpk:T1\n}\n" CARD TEST(
        "send 0200 from T1\n card gold by chip\n"
        "send 0200 from T1\n card gold by magstripe\n"
        "send 0200 from T1\n card gold by manual\n"
        "send 0200 from T1\n card gold by ecom\n 22 810\n"));
    static const struct {
        const char *entry, *sequence;
        bool has_track, has_chip;
    } expected[] = {
        {"051", "001", true, true},
        {"021", "absent", true, false},
        {"011", "absent", false, false},
        {"810", "absent", false, false},
    };
    for (unsigned i = 0; i < ARRAY_COUNT(expected); i++) {
        world_send(w, i);
        ck_assert_str_eq(text_of(&w->made, 2), "4111111111111111");
        ck_assert_str_eq(text_of(&w->made, 14), "2912");
        ck_assert_str_eq(text_of(&w->made, 22), expected[i].entry);
        ck_assert_str_eq(text_of(&w->made, 23), expected[i].sequence);
        ck_assert_str_eq(text_of(&w->made, 35),
                         expected[i].has_track ? "4111111111111111=291220100000" : "absent");
        ck_assert_int_eq(iso_has(&w->made.msg, 55), expected[i].has_chip);
    }
    world_close(w);
}
END_TEST

START_TEST(answer_repeats_what_networks_repeat)
{
    struct world *w = world_open(KEY_LINES T1 VISA CARD TEST(
        "on VISA 0200 reply 0210\n 38 123456\n 39 00\n"
        "send 0200 from T1\n 3 000000\n 4 amount 12.50 EUR\n 32 12345678\n card gold by chip\n"));
    world_send(w, 1);
    struct stmt *on = world_stmt(w, 0);
    struct held *request = &w->made;
    ck_assert_int_eq(
        compose_reply(w->station[1], &on->u.on, &w->scope, request, &w->got, &w->fault), 0);
    ck_assert_int_eq(w->got.msg.mti, 0x0210);
    static const uint8_t same[] = {2, 3, 4, 7, 11, 12, 13, 32, 37, 41, 42, 49};
    static const uint8_t gone[] = {14, 22, 23, 35, 52, 55};
    for (size_t i = 0; i < sizeof same; i++) {
        ck_assert(iso_has(&w->got.msg, same[i]));
        ck_assert(span_equal(iso_get(&w->got.msg, same[i]), iso_get(&request->msg, same[i])));
    }
    for (size_t i = 0; i < sizeof gone; i++) {
        ck_assert(!iso_has(&w->got.msg, gone[i]));
    }
    ck_assert_str_eq(text_of(&w->got, 38), "123456");
    ck_assert_str_eq(text_of(&w->got, 39), "00");
    /* And that is what is on the wire, in the issuer's dialect. */
    world_carry(&w->got, "iso87_ascii", &w->asked);
    ck_assert_str_eq(text_of(&w->asked, 38), "123456");
    world_close(w);
}
END_TEST

START_TEST(network_message_is_answered_without_a_rule)
{
    struct world *w = world_open(T1 VISA TEST("send 0800 from T1\n 70 301\n"));
    world_send(w, 0);
    ck_assert_int_eq(compose_reply(w->station[1], NULL, &w->scope, &w->made, &w->got, &w->fault),
                     0);
    ck_assert_int_eq(w->got.msg.mti, 0x0810);
    ck_assert_str_eq(text_of(&w->got, 39), "00");
    ck_assert_str_eq(text_of(&w->got, 70), "301");
    ck_assert_str_eq(text_of(&w->got, 11), text_of(&w->made, 11));
    world_close(w);
}
END_TEST

START_TEST(reversal_names_its_original)
{
    struct world *w = world_open(KEY_LINES T1_BEGIN " mac tak:T1\n pin tpk:T1\n}\n" CARD TEST(
        "send 0200 from T1\n 4 amount 12.50 EUR\n 11 000017\n 32 4711\n card gold by chip\n"
        " pin gold\n"));
    world_send(w, 0);
    world_carry(&w->made, "iso87_bcd", &w->sent);
    ck_assert_int_eq(compose_reversal(w->station[0], &w->sent, false, &w->made, &w->fault), 0);
    world_carry(&w->made, "iso87_bcd", &w->got);
    ck_assert_int_eq(w->got.msg.mti, 0x0420);
    ck_assert_str_eq(text_of(&w->got, 90), "020000001711211015300000000471100000000000");
    ck_assert_str_eq(text_of(&w->got, 4), "000000001250");
    ck_assert_str_eq(text_of(&w->got, 11), "000017");
    ck_assert_str_eq(text_of(&w->got, 41), "TERM0001");
    ck_assert_str_eq(text_of(&w->got, 52), "absent");
    ck_assert_str_eq(text_of(&w->got, 55), "absent");
    ck_assert(iso_has(&w->got.msg, 128));
    ck_assert_int_eq(compose_reversal(w->station[0], &w->sent, true, &w->made, &w->fault), 0);
    ck_assert_int_eq(w->made.msg.mti, 0x0421);
    world_close(w);
}
END_TEST

START_TEST(answer_has_the_key_of_its_request_and_another_request_has_not)
{
    struct world *w = world_open(T1 VISA TEST("send 0200 from T1\nsend 0201 from T1\n 11 000001\n"
                                              "send 0220 from T1\n 11 000001\n"
                                              "send 0200 from T1\n 11 000001\n 41 OTHER\n"));
    struct station *t1 = w->station[0];
    world_send(w, 0);
    uint64_t key = match_key(t1, &w->made.msg);
    ck_assert_int_eq(compose_reply(w->station[1], NULL, &w->scope, &w->made, &w->got, &w->fault),
                     0);
    world_carry(&w->got, "iso87_ascii", &w->asked);
    ck_assert_uint_eq(match_key(t1, &w->asked.msg), key);
    world_send(w, 0);
    ck_assert_uint_ne(match_key(t1, &w->made.msg), key); /* the next STAN */
    uint64_t keys[3];
    for (unsigned i = 0; i < 3; i++) {
        world_send(w, i + 1);
        keys[i] = match_key(t1, &w->made.msg);
    }
    ck_assert_uint_ne(keys[0], keys[1]); /* an advice is no request */
    ck_assert_uint_ne(keys[0], keys[2]); /* another terminal */
    world_close(w);
}
END_TEST

START_TEST(match_of_the_declaration_decides)
{
    struct world *w = world_open(
        T1_BEGIN " match 7, 41\n}\n" TEST("send 0200 from T1\nsend 0200 from T1\n 7 0101000000\n"));
    world_send(w, 0);
    uint64_t key = match_key(w->station[0], &w->made.msg);
    world_send(w, 0);
    ck_assert_uint_eq(match_key(w->station[0], &w->made.msg), key);
    world_send(w, 1);
    ck_assert_uint_ne(match_key(w->station[0], &w->made.msg), key);
    world_close(w);
}
END_TEST

START_TEST(value_that_does_not_fit_its_field_is_told_without_its_bytes)
{
    struct world *w = world_open(T1 "set pan = 1\n" TEST("send 0200 from T1\n 2 {{pan}}\n"));
    w->variables[0] = SPAN_LITERAL("41111111111111111111");
    ck_assert_int_eq(world_try_send(w, 0), ERR_LENGTH);
    ck_assert_ptr_nonnull(strstr(w->fault.text, "DE2"));
    ck_assert_ptr_null(strstr(w->fault.text, "4111"));
    ck_assert(!w->made.present);
    world_close(w);
}
END_TEST

START_TEST(unknown_key_is_told)
{
    struct world *w =
        world_parse(KEY_LINES T1_BEGIN " mac tak:T1\n}\n" TEST("send 0800 from T1\n"));
    w->script->peers->mac.name.bytes = SPAN_LITERAL("tak:none");
    ck_assert_int_eq(station_open(w->script->peers, 0, &w->scope, &w->station[0], &w->fault),
                     ERR_CONFIG);
    ck_assert_str_eq(w->fault.text, "there is no key tak:none");
    w->station[0] = NULL;
    world_close(w);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        network_message_has_time_number_and_the_declared_lines,
        financial_message_has_local_time_and_a_number_of_its_own,
        stan_goes_on_and_never_becomes_0,
        step_overrides_and_removes,
        kept_message_is_what_went_on_the_wire,
        raw_bytes_go_as_they_are,
        copy_has_the_same_fields_and_a_mac_of_its_own,
        mac_covers_all_before_it,
        mac_in_hex_characters_covers_the_same,
        mac_without_a_key_is_told,
        pin_block_is_iso_0_under_the_terminals_key,
        dukpt_terminal_goes_through_its_ksns,
        card_gives_the_fields_of_its_entry,
        answer_repeats_what_networks_repeat,
        network_message_is_answered_without_a_rule,
        reversal_names_its_original,
        answer_has_the_key_of_its_request_and_another_request_has_not,
        match_of_the_declaration_decides,
        value_that_does_not_fit_its_field_is_told_without_its_bytes,
        unknown_key_is_told,
    };
    return run_tests("station compose", tests, ARRAY_COUNT(tests));
}
