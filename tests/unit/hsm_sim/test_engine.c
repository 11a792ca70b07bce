#include "harness.h"
#include "hsm_sim/engine/tester.h"
#include "hsm_sim/wire/layout.h"

#define TPK_CLEAR "0123456789ABCDEFFEDCBA9876543210"
#define ZPK_CLEAR "1337457957EA9B3D5B6D7F8091A2B3C4"
#define PVK_CLEAR "89ABCDEF0123456776543210FEDCBA98"
#define PAN       "4012345678901236"
#define ACCOUNT   "234567890123"
#define DECTAB    "0123456789012345"
#define VALID     "50123456789N"

static struct hsm_engine *engine;
static char request[512];

/* The odd-parity form of a clear key of these tests. */
static const char *odd(const char *clear)
{
    static char out[4][49];
    static unsigned next;
    char *text = out[next++ % 4];
    uint8_t key[24];
    struct span bytes = unhex(clear);
    memcpy(key, bytes.ptr, bytes.len);
    hsm_tester_parity(key, bytes.len);
    memcpy(text, hex_text(key, bytes.len), 2 * bytes.len + 1);
    return text;
}

/* The encrypted ISO-0 block of a PIN under a clear key, as hex. */
static const char *block_of(const char *pin, const char *clear)
{
    static char out[17];
    uint8_t block[8];
    ck_assert_int_eq(hsm_tester_pin_block(secret(unhex(odd(clear))), secret(span_text(pin)),
                                          SPAN_LITERAL(PAN), block),
                     0);
    memcpy(out, hex_text(block, 8), 17);
    return out;
}

static const char *pvv_of(const char *pin)
{
    static char out[5];
    ck_assert_int_eq(hsm_tester_pvv(secret(unhex(odd(PVK_CLEAR))), secret(span_text(pin)),
                                    SPAN_LITERAL(PAN), '1', (uint8_t *)out),
                     0);
    return out;
}

static const char *ask_dc(const char *code, const char *key, const char *pvk, const char *block,
                          const char *format, const char *pvv)
{
    (void)snprintf(request, sizeof request, "%s%s%s%s%s%s1%s", code, key, pvk, block, format,
                   ACCOUNT, pvv);
    return ask(engine, request);
}

static const char *ask_da(const char *code, const char *key, const char *pvk, const char *block,
                          const char *dectab, const char *offset)
{
    (void)snprintf(request, sizeof request, "%s%s%s12%s0104%s%s%s%s", code, key, pvk, block,
                   ACCOUNT, dectab, VALID, offset);
    return ask(engine, request);
}

static const char *ask_ca(const char *code, const char *key, const char *dest, const char *block,
                          const char *from, const char *to)
{
    (void)snprintf(request, sizeof request, "%s%s%s12%s%s%s%s", code, key, dest, block, from, to,
                   ACCOUNT);
    return ask(engine, request);
}

START_TEST(every_layout_has_a_command_behind_it)
{
    const struct wire_layout *layout;
    uint8_t scratch[HSM_SCRATCH_LEN];
    engine = engine_new();
    for (size_t i = 0; (layout = wire_layout_at(i)) != NULL; i++) {
        struct hsm_command command = {.code = layout->code};
        struct hsm_reply reply;
        hsm_execute(engine, &command, &reply, scratch);
        ck_assert_int_ne(reply.error, HSM_DISABLED);
        ck_assert_int_eq(reply.code, hsm_reply_code(layout->code));
    }
    hsm_engine_close(engine);
}
END_TEST

START_TEST(status_commands_answer_in_their_form)
{
    struct hsm_settings settings = HSM_SETTINGS_DEFAULT;
    engine = hsm_engine_open(&settings);
    ck_assert_str_eq(ask(engine, "NC"), "ND0026860400000000000007-E000");
    ck_assert_str_eq(ask(engine, "NO00"), "NP0011640007-E00000000");
    /* Clients take an answer of 24 bytes and more behind the length for that of mode 00. */
    ck_assert_uint_eq(strlen(ask(engine, "NO00")) + 2 + 4, 28);
    ck_assert_uint_lt(strlen(ask(engine, "NO01")) + 2 + 4, 24);
    ck_assert_str_eq(ask(engine, "NO02"), "NP15");
    hsm_engine_close(engine);
    settings.lmk_check = "9D04A00000000000";
    engine = hsm_engine_open(&settings);
    ck_assert_str_eq(ask(engine, "NC%00\x19"
                                 "abc"),
                     "ND009D04A000000000000007-E000\x19"
                     "abc");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(echo_tells_short_data_from_long)
{
    engine = engine_new();
    ck_assert_str_eq(ask(engine, "B20004ABCD"), "B300ABCD");
    ck_assert_str_eq(ask(engine, "B20004ABCD\x19t"), "B300ABCD\x19t");
    ck_assert_str_eq(ask(engine, "B20005ABCD"), "B380");
    ck_assert_str_eq(ask(engine, "B20003ABCD"), "B315");
    ck_assert_str_eq(ask(engine, "B20"), "B315");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(unknown_command_and_wrong_lmk_are_refused)
{
    engine = engine_new();
    ck_assert_str_eq(ask(engine, "ZY"), "ZZ68");
    ck_assert_str_eq(ask(engine, "ZYanything\x19tr"), "ZZ68\x19tr");
    ck_assert_str_eq(ask(engine, "NC%01"), "ND13");
    ck_assert_str_eq(ask(engine, "NC%1"), "ND15");
    ck_assert_str_eq(ask(engine, "NC!"), "ND15");
    ck_assert_str_eq(ask(engine, "CA"), "CB15");
    ck_assert_str_eq(ask(engine, "CA%01"), "CB15");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(check_value_of_a_key)
{
    char bare[64];
    engine = engine_new();
    const char *key = wrapped(engine, "001", 'U', TPK_CLEAR);
    (void)snprintf(request, sizeof request, "BU011%s", key);
    ck_assert_str_eq(ask(engine, request), "BV0008D7B4FB629D0885");
    (void)snprintf(request, sizeof request, "BU011%s;001", key);
    ck_assert_str_eq(ask(engine, request), "BV0008D7B4");
    (void)snprintf(request, sizeof request, "BUFF1%s;001;001", key);
    ck_assert_str_eq(ask(engine, request), "BV0008D7B4");
    (void)snprintf(request, sizeof request, "BU010%s", key);
    ck_assert_str_eq(ask(engine, request), "BV05");
    (void)snprintf(request, sizeof request, "BU021%s", key);
    ck_assert_str_eq(ask(engine, request), "BV10");
    (void)snprintf(request, sizeof request, "BUFF1%s;00F", key);
    ck_assert_str_eq(ask(engine, request), "BV04");
    (void)snprintf(request, sizeof request, "BU01F%s", key);
    ck_assert_str_eq(ask(engine, request), "BV05");
    (void)snprintf(bare, sizeof bare, "%s", wrapped(engine, "000", 'Z', TPK_CLEAR));
    (void)snprintf(request, sizeof request, "BU001%s", bare);
    ck_assert_str_eq(ask(engine, request), "BV0008D7B4FB629D0885");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(pin_verifies_by_pvv_under_terminal_and_zone_key)
{
    static const char *const lengths[] = {"1234", "98765", "123456789012"};
    engine = engine_new();
    const char *tpk = wrapped(engine, "002", 'U', TPK_CLEAR);
    const char *zpk = wrapped(engine, "001", 'U', ZPK_CLEAR);
    const char *pvk = wrapped(engine, "002", 'U', PVK_CLEAR);
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        const char *pin = lengths[i];
        ck_assert_str_eq(ask_dc("DC", tpk, pvk, block_of(pin, TPK_CLEAR), "01", pvv_of(pin)),
                         "DD00");
        ck_assert_str_eq(ask_dc("EC", zpk, pvk, block_of(pin, ZPK_CLEAR), "01", pvv_of(pin)),
                         "ED00");
        ck_assert_str_eq(ask_dc("DC", tpk, pvk, block_of("0007", TPK_CLEAR), "01", pvv_of(pin)),
                         "DD01");
    }
    ck_assert_str_eq(ask_dc("DC", tpk, pvk, block_of("1234", ZPK_CLEAR), "01", "0000"), "DD20");
    ck_assert_str_eq(ask_dc("DC", tpk, pvk, block_of("1234", TPK_CLEAR), "34", "0000"), "DD23");
    ck_assert_str_eq(ask_dc("DC", zpk, pvk, block_of("1234", TPK_CLEAR), "01", "0000"), "DD10");
    ck_assert_str_eq(ask_dc("DC", tpk, zpk, block_of("1234", TPK_CLEAR), "01", "0000"), "DD11");
    ck_assert_str_eq(ask_dc("DC", tpk, wrapped(engine, "002", 'T', TPK_CLEAR "1337457957EA9B3D"),
                            block_of("1234", TPK_CLEAR), "01", "0000"),
                     "DD27");
    hsm_engine_close(engine);
}
END_TEST

/* Bad blocks take the whole way of verification, and one that has PIN 0000's reference value must
 * not verify by it. */
START_TEST(bad_block_never_verifies_even_against_zeros)
{
    engine = engine_new();
    const char *tpk = wrapped(engine, "002", 'U', TPK_CLEAR);
    const char *pvk = wrapped(engine, "002", 'U', PVK_CLEAR);
    ck_assert_str_eq(ask_dc("DC", tpk, pvk, "0123456789ABCDEF", "01", pvv_of("0000")), "DD20");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(pin_verifies_by_offset_and_long_pvk_is_a_warning)
{
    char offset[13] = "";
    engine = engine_new();
    const char *tpk = wrapped(engine, "002", 'U', TPK_CLEAR);
    const char *zpk = wrapped(engine, "001", 'U', ZPK_CLEAR);
    const char *pvk = wrapped(engine, "002", 'Z', "89ABCDEF01234567");
    const char *pvk2 = wrapped(engine, "002", 'U', PVK_CLEAR);
    ck_assert_int_eq(hsm_tester_offset(secret(unhex(odd("89ABCDEF01234567"))),
                                       secret(SPAN_LITERAL("4321")), SPAN_LITERAL(PAN),
                                       SPAN_LITERAL(DECTAB), SPAN_LITERAL(VALID),
                                       (uint8_t *)offset),
                     0);
    ck_assert_str_eq(ask_da("DA", tpk, pvk, block_of("4321", TPK_CLEAR), DECTAB, offset), "DB00");
    ck_assert_str_eq(ask_da("EA", zpk, pvk, block_of("4321", ZPK_CLEAR), DECTAB, offset), "EB00");
    ck_assert_str_eq(ask_da("DA", tpk, pvk, block_of("4322", TPK_CLEAR), DECTAB, offset), "DB01");
    ck_assert_str_eq(ask_da("DA", tpk, pvk2, block_of("4321", TPK_CLEAR), DECTAB, offset), "DB01");
    ck_assert_int_eq(hsm_tester_offset(secret(unhex(odd(PVK_CLEAR))), secret(SPAN_LITERAL("4321")),
                                       SPAN_LITERAL(PAN), SPAN_LITERAL(DECTAB), SPAN_LITERAL(VALID),
                                       (uint8_t *)offset),
                     0);
    ck_assert_str_eq(ask_da("DA", tpk, pvk2, block_of("4321", TPK_CLEAR), DECTAB, offset), "DB02");
    ck_assert_str_eq(ask_da("DA", tpk, pvk, "0123456789ABCDEF", DECTAB, offset), "DB20");
    ck_assert_str_eq(
        ask_da("DA", tpk, pvk, block_of("4321", TPK_CLEAR), "0000000000000000", offset), "DB25");
    ck_assert_str_eq(ask_da("DA", tpk, pvk, block_of("4321", TPK_CLEAR), DECTAB, "123FFFFFFFFF"),
                     "DB15");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(clear_decimalisation_table_can_be_forbidden)
{
    struct hsm_settings settings = HSM_SETTINGS_DEFAULT;
    settings.dectab_plain = false;
    engine = hsm_engine_open(&settings);
    const char *tpk = wrapped(engine, "002", 'U', TPK_CLEAR);
    const char *pvk = wrapped(engine, "002", 'Z', "89ABCDEF01234567");
    ck_assert_str_eq(ask_da("DA", tpk, pvk, block_of("4321", TPK_CLEAR), DECTAB, "0000FFFFFFFF"),
                     "DB25");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(translated_pin_verifies_under_the_other_key)
{
    static const char *const formats[] = {"01", "03", "47"};
    char block[17] = "";
    engine = engine_new();
    const char *tpk = wrapped(engine, "002", 'U', TPK_CLEAR);
    const char *zpk = wrapped(engine, "001", 'U', ZPK_CLEAR);
    const char *pvk = wrapped(engine, "002", 'U', PVK_CLEAR);
    for (size_t i = 0; i < ARRAY_COUNT(formats); i++) {
        const char *reply = ask_ca("CA", tpk, zpk, block_of("271828", TPK_CLEAR), "01", formats[i]);
        ck_assert_uint_eq(strlen(reply), 4 + 2 + 16 + 2);
        ck_assert_int_eq(memcmp(reply, "CB0006", 6), 0);
        ck_assert_str_eq(reply + 22, formats[i]);
        memcpy(block, reply + 6, 16);
        ck_assert_str_eq(ask_dc("EC", zpk, pvk, block, formats[i], pvv_of("2718")), "ED00");
        reply = ask_ca("CC", zpk, zpk, block, formats[i], "01");
        ck_assert_int_eq(memcmp(reply, "CD0006", 6), 0);
        ck_assert_int_eq(memcmp(reply + 6, block_of("271828", ZPK_CLEAR), 16), 0);
    }
    hsm_engine_close(engine);
}
END_TEST

START_TEST(translation_refuses_what_a_device_refuses)
{
    char iso1[17] = "";
    engine = engine_new();
    const char *tpk = wrapped(engine, "002", 'U', TPK_CLEAR);
    const char *zpk = wrapped(engine, "001", 'U', ZPK_CLEAR);
    const char *good = block_of("1234", TPK_CLEAR);
    ck_assert_str_eq(ask_ca("CA", tpk, zpk, good, "01", "05"), "CB23");
    ck_assert_str_eq(ask_ca("CA", tpk, zpk, good, "47", "05"), "CB23");
    ck_assert_str_eq(ask_ca("CA", tpk, zpk, good, "34", "01"), "CB23");
    ck_assert_str_eq(ask_ca("CA", tpk, zpk, good, "01", "99"), "CB23");
    ck_assert_str_eq(ask_ca("CA", tpk, zpk, good, "47", "01"), "CB20");
    ck_assert_str_eq(ask_ca("CA", tpk, tpk, good, "01", "01"), "CB11");
    ck_assert_str_eq(ask_ca("CA", zpk, zpk, good, "01", "01"), "CB10");
    ck_assert_str_eq(ask_ca("CC", tpk, zpk, good, "01", "01"), "CD10");
    /* ISO-1 may become ISO-0, once: there is no way back. */
    const char *reply = ask_ca("CA", tpk, zpk, good, "01", "03");
    memcpy(iso1, reply + 6, 16);
    reply = ask_ca("CC", zpk, zpk, iso1, "03", "05");
    ck_assert_int_eq(memcmp(reply, "CD0004", 6), 0);
    memcpy(iso1, reply + 6, 16);
    reply = ask_ca("CC", zpk, zpk, iso1, "05", "01");
    ck_assert_int_eq(memcmp(reply + 6, block_of("1234", ZPK_CLEAR), 16), 0);
    /* A key block is not of this LMK. */
    ck_assert_str_eq(
        ask_ca("CA", "S00072P0TB00E0001EA421618B34F5FA1A77F7CF6480111B97CF0FAE7BD77D589EC921EF9",
               zpk, good, "01", "01"),
        "CB26");
    /* A PIN longer than the request allows. */
    (void)snprintf(request, sizeof request, "CA%s%s04%s0101%s", tpk, zpk,
                   block_of("12345", TPK_CLEAR), ACCOUNT);
    ck_assert_str_eq(ask(engine, request), "CB24");
    hsm_engine_close(engine);
}
END_TEST

static const char *ask_mac(const char *head, const char *key, const char *tail)
{
    (void)snprintf(request, sizeof request, "%s%s%s", head, key, tail);
    return ask(engine, request);
}

START_TEST(mac_generated_here_is_the_testers_and_verifies)
{
    uint8_t mac[8];
    char tail[64];
    engine = engine_new();
    const char *tak = wrapped(engine, "003", 'U', TPK_CLEAR);
    ck_assert_int_eq(hsm_tester_mac(secret(unhex(TPK_CLEAR)), 1, SPAN_LITERAL("hello world"), mac),
                     0);
    const char *hex = hex_text(mac, 8);
    char expected[32];
    (void)snprintf(expected, sizeof expected, "M700%.16s", hex);
    ck_assert_str_eq(ask_mac("M600131003", tak, "000Bhello world"), expected);
    ck_assert_str_eq(ask_mac("M602131003", tak, "000Bhello world"), expected);
    ck_assert_str_eq(ask_mac("M601131003", tak, "001668656C6C6F20776F726C64"), expected);
    (void)snprintf(tail, sizeof tail, "000Bhello world%.16s", hex);
    ck_assert_str_eq(ask_mac("M800131003", tak, tail), "M900");
    (void)snprintf(tail, sizeof tail, "000Bhello worle%.16s", hex);
    ck_assert_str_eq(ask_mac("M800131003", tak, tail), "M901");
    expected[12] = '\0';
    ck_assert_str_eq(ask_mac("M600031003", tak, "000Bhello world"), expected);
    (void)snprintf(tail, sizeof tail, "000Bhello world%.8s", hex);
    ck_assert_str_eq(ask_mac("M800031003", tak, tail), "M900");
    tail[4 + 11 + 7] ^= 1;
    ck_assert_str_eq(ask_mac("M800031003", tak, tail), "M901");
    hsm_engine_close(engine);
}
END_TEST

START_TEST(mac_in_parts_carries_its_iv)
{
    char tail[64];
    char whole[32];
    engine = engine_new();
    const char *zak = wrapped(engine, "008", 'U', TPK_CLEAR);
    for (unsigned algorithm = 1; algorithm <= 3; algorithm += 2) {
        char head[16];
        (void)snprintf(head, sizeof head, "M6001%u2008", algorithm);
        (void)snprintf(whole, sizeof whole, "%.31s",
                       ask_mac(head, zak, "00141234567812345678abc\x19"));
        head[2] = '0';
        (void)snprintf(whole, sizeof whole, "%.31s", ask_mac(head, zak, "00131234567812345678abc"));
        ck_assert_uint_eq(strlen(whole), 20);
        head[2] = '1';
        const char *reply = ask_mac(head, zak, "000812345678");
        ck_assert_uint_eq(strlen(reply), 20);
        (void)snprintf(tail, sizeof tail,
                       "%.16s0008"
                       "12345678",
                       reply + 4);
        head[1] = '8';
        head[2] = '2';
        reply = ask_mac(head, zak, tail);
        ck_assert_uint_eq(strlen(reply), 20);
        (void)snprintf(tail, sizeof tail, "%.16s0003abc%.16s", reply + 4, whole + 4);
        head[2] = '3';
        ck_assert_str_eq(ask_mac(head, zak, tail), "M900");
    }
    hsm_engine_close(engine);
}
END_TEST

START_TEST(mac_commands_refuse_by_their_own_codes)
{
    engine = engine_new();
    const char *tak = wrapped(engine, "003", 'U', TPK_CLEAR);
    const char *single = wrapped(engine, "003", 'Z', "0123456789ABCDEF");
    ck_assert_str_eq(ask_mac("M640131003", tak, "0001a"), "M702");
    ck_assert_str_eq(ask_mac("M603131003", tak, "0001a"), "M703");
    ck_assert_str_eq(ask_mac("M600121003", tak, "0001a"), "M704");
    ck_assert_str_eq(ask_mac("M600231003", tak, "0001a"), "M704");
    ck_assert_str_eq(ask_mac("M600131002", tak, "0001a"), "M705");
    ck_assert_str_eq(ask_mac("M600131FFF", tak, "0001a"), "M705");
    ck_assert_str_eq(ask_mac("M600130003", tak, "0001a"), "M706");
    ck_assert_str_eq(ask_mac("M600131003", tak, "0000"), "M706");
    ck_assert_str_eq(ask_mac("M601131003", tak, "0003ABC"), "M706");
    ck_assert_str_eq(ask_mac("M601131003", tak, "0002XY"), "M715");
    ck_assert_str_eq(ask_mac("M610131003", tak, "0007abcdefg"), "M706");
    ck_assert_str_eq(ask_mac("M600133003", tak, "0001a"), "M709");
    ck_assert_str_eq(ask_mac("M600131008", tak, "0001a"), "M710");
    ck_assert_str_eq(ask_mac("M600131003", tak, "0002a"), "M780");
    ck_assert_str_eq(ask_mac("M600131003", single, "0001a"), "M727");
    ck_assert_int_eq(memcmp(ask_mac("M600111003", single, "0001a"), "M700", 4), 0);
    hsm_engine_close(engine);
}
END_TEST

START_TEST(hex_data_is_wiped_from_scratch)
{
    uint8_t scratch[HSM_SCRATCH_LEN];
    struct hsm_command command;
    struct hsm_envelope envelope;
    struct hsm_reply reply;
    engine = engine_new();
    memset(scratch, 0, sizeof scratch);
    (void)snprintf(request, sizeof request, "M601132003%s0020%s",
                   wrapped(engine, "003", 'U', TPK_CLEAR), "EEEEEEEEEEEEEEEEEEEEEEEEEEEEEEEE");
    ck_assert_int_eq(hsm_command_decode(span_text(request), 0, &command, &envelope), 0);
    hsm_execute(engine, &command, &reply, scratch);
    ck_assert_int_eq(reply.error, HSM_OK);
    ck_assert_ptr_eq(reply.arg[HSM_ARG_MAC].ptr, scratch);
    for (size_t i = 0; i < sizeof scratch; i++) {
        ck_assert_uint_ne(scratch[i], 0xEE);
    }
    hsm_engine_close(engine);
}
END_TEST

/* Whoever fills a command in process need not have passed it through the codec. */
START_TEST(command_with_arguments_of_wrong_length_is_refused)
{
    uint8_t scratch[HSM_SCRATCH_LEN];
    struct hsm_reply reply;
    struct hsm_command command = {.code = HSM_CODE('N', 'O')};
    engine = engine_new();
    hsm_execute(engine, &command, &reply, scratch);
    ck_assert_int_eq(reply.error, HSM_INPUT);
    command.arg[HSM_ARG_MODE] = SPAN_LITERAL("0");
    hsm_execute(engine, &command, &reply, scratch);
    ck_assert_int_eq(reply.error, HSM_INPUT);
    command.arg[HSM_ARG_MODE] = SPAN_LITERAL("00");
    hsm_execute(engine, &command, &reply, scratch);
    ck_assert_int_eq(reply.error, HSM_OK);
    hsm_engine_close(engine);
}
END_TEST

START_TEST(same_seed_gives_the_same_random_fill)
{
    char first[32];
    for (unsigned i = 0; i < 2; i++) {
        engine = engine_new();
        const char *reply =
            ask_ca("CA", wrapped(engine, "002", 'U', TPK_CLEAR),
                   wrapped(engine, "001", 'U', ZPK_CLEAR), block_of("1234", TPK_CLEAR), "01", "47");
        if (i == 0) {
            (void)snprintf(first, sizeof first, "%s", reply);
        }
        ck_assert_str_eq(first, reply);
        ck_assert_int_eq(memcmp(reply, "CB00", 4), 0);
        hsm_engine_close(engine);
    }
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        every_layout_has_a_command_behind_it,
        status_commands_answer_in_their_form,
        echo_tells_short_data_from_long,
        unknown_command_and_wrong_lmk_are_refused,
        check_value_of_a_key,
        pin_verifies_by_pvv_under_terminal_and_zone_key,
        bad_block_never_verifies_even_against_zeros,
        pin_verifies_by_offset_and_long_pvk_is_a_warning,
        clear_decimalisation_table_can_be_forbidden,
        translated_pin_verifies_under_the_other_key,
        translation_refuses_what_a_device_refuses,
        mac_generated_here_is_the_testers_and_verifies,
        mac_in_parts_carries_its_iv,
        mac_commands_refuse_by_their_own_codes,
        hex_data_is_wiped_from_scratch,
        command_with_arguments_of_wrong_length_is_refused,
        same_seed_gives_the_same_random_fill,
    };
    return run_tests("hsm engine", tests, ARRAY_COUNT(tests));
}
