#include "switch/store/seal.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/switch/store/fixture.h"

#define PAN "4111111111111111"

static char dir[64];
static char key_path[128];

static void setup(void)
{
    fixture_dir_make(dir);
    snprintf(key_path, sizeof key_path, "%s/key", dir);
    ck_assert_int_eq(seal_create(key_path), 0);
}

static void teardown(void)
{
    fixture_dir_remove(dir);
}

static struct seal *open_seal(void)
{
    struct seal *seal = NULL;
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), 0);
    return seal;
}

static struct record card(const char *pan)
{
    struct record record = fixture_purchase(1, 1000);
    snprintf(record.pan, sizeof record.pan, "%s", pan);
    return record;
}

static bool holds(const struct record *record, const char *text)
{
    return memmem(record, sizeof *record, text, strlen(text)) != NULL;
}

START_TEST(sealed_pan_opens_again_and_is_not_to_be_seen)
{
    struct seal *seal = open_seal();
    struct record record = card(PAN);
    ck_assert_int_eq(seal_record(seal, &record), 0);
    ck_assert_str_eq(record.pan, "");
    ck_assert(!holds(&record, PAN));
    ck_assert_str_eq(record.pan_masked, "411111******1111");
    seal_close(seal);
    /* After a restart, too. */
    seal = open_seal();
    ck_assert_int_eq(seal_open_pan(seal, &record), 0);
    ck_assert_str_eq(record.pan, PAN);
    seal_close(seal);
}
END_TEST

START_TEST(same_card_has_the_same_token_and_never_the_same_bytes)
{
    struct seal *seal = open_seal();
    struct record a = card(PAN);
    struct record b = card(PAN);
    struct record other = card("4111111111111112");
    ck_assert_int_eq(seal_record(seal, &a), 0);
    ck_assert_int_eq(seal_record(seal, &b), 0);
    ck_assert_int_eq(seal_record(seal, &other), 0);
    ck_assert_mem_eq(a.pan_token, b.pan_token, sizeof a.pan_token);
    ck_assert_mem_ne(a.pan_sealed, b.pan_sealed, sizeof a.pan_sealed);
    ck_assert_mem_ne(a.pan_token, other.pan_token, sizeof a.pan_token);
    seal_close(seal);
}
END_TEST

START_TEST(fingerprint_is_of_content_and_not_of_stamps)
{
    struct seal *seal = open_seal();
    struct record base = card(PAN);
    ck_assert_int_eq(seal_record(seal, &base), 0);
    struct record same = card(PAN);
    memcpy(same.de7, "1121999999", sizeof same.de7);
    memcpy(same.stan, "000002", sizeof same.stan);
    ck_assert_int_eq(seal_record(seal, &same), 0);
    ck_assert_mem_eq(base.fingerprint, same.fingerprint, sizeof base.fingerprint);
    /* The terminal sent no DE42: what our table says of it may change. */
    struct record moved = card(PAN);
    moved.merchant[0] = 'X';
    ck_assert_int_eq(seal_record(seal, &moved), 0);
    ck_assert_mem_eq(base.fingerprint, moved.fingerprint, sizeof base.fingerprint);

    struct record others[6];
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        others[i] = card(i == 0 ? "4111111111111129" : PAN);
    }
    others[1].amount_minor++;
    others[2].currency++;
    others[3].proc[0] = '2';
    others[4].sent = SENT_MERCHANT;
    others[5].cryptogram[9] = 1;
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        ck_assert_int_eq(seal_record(seal, &others[i]), 0);
        ck_assert_mem_ne(base.fingerprint, others[i].fingerprint, sizeof base.fingerprint);
    }
    seal_close(seal);
}
END_TEST

START_TEST(any_changed_byte_does_not_open)
{
    struct seal *seal = open_seal();
    struct record record = card(PAN);
    ck_assert_int_eq(seal_record(seal, &record), 0);
    for (size_t i = 0; i < sizeof record.pan_sealed; i++) {
        record.pan_sealed[i] ^= 1;
        ck_assert_int_eq(seal_open_pan(seal, &record), ERR_CORRUPT);
        ck_assert_str_eq(record.pan, "");
        record.pan_sealed[i] ^= 1;
    }
    record.pan_token[0] ^= 1;
    ck_assert_int_eq(seal_open_pan(seal, &record), ERR_CORRUPT);
    record.pan_token[0] ^= 1;
    ck_assert_int_eq(seal_open_pan(seal, &record), 0);
    seal_close(seal);
}
END_TEST

START_TEST(pans_of_all_lengths_are_masked)
{
    static const struct {
        const char *pan;
        const char *masked;
    } rows[] = {
        {"", ""},
        {"123456789012", "************"},
        {"1234567890123", "123456***0123"},
        {"1234567890123456789", "123456*********6789"},
    };
    struct seal *seal = open_seal();
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct record record = card(rows[i].pan);
        ck_assert_int_eq(seal_record(seal, &record), 0);
        ck_assert_str_eq(record.pan_masked, rows[i].masked);
        ck_assert_int_eq(seal_open_pan(seal, &record), 0);
        ck_assert_str_eq(record.pan, rows[i].pan);
    }
    seal_close(seal);
}
END_TEST

START_TEST(key_file_is_made_once_and_for_its_owner)
{
    struct stat stat_of_key;
    ck_assert_int_eq(seal_create(key_path), ERR_EXISTS);
    ck_assert_int_eq(stat(key_path, &stat_of_key), 0);
    ck_assert_uint_eq(stat_of_key.st_mode & 0777, 0400);
    ck_assert_int_eq(stat_of_key.st_size, 65);
}
END_TEST

START_TEST(another_key_is_told)
{
    uint8_t check[16];
    struct seal *seal = open_seal();
    seal_check_value(seal, check);
    seal_close(seal);
    ck_assert_int_eq(seal_open(key_path, check, &seal), 0);
    seal_close(seal);
    unlink(key_path);
    ck_assert_int_eq(seal_open(key_path, check, &seal), ERR_NOT_FOUND);
    ck_assert_int_eq(seal_create(key_path), 0);
    ck_assert_int_eq(seal_open(key_path, check, &seal), ERR_CORRUPT);
}
END_TEST

static void write_key(const char *text, mode_t mode)
{
    unlink(key_path);
    int fd = open(key_path, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    ck_assert_int_eq(chmod(key_path, mode), 0);
}

START_TEST(wrong_key_files_are_refused)
{
#define HEX64 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"
    struct seal *seal = NULL;
    write_key(HEX64, 0600);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), 0);
    seal_close(seal);
    write_key(HEX64 "\n", 0644);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), ERR_CONFIG);
    write_key(HEX64 "\n", 0440);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), ERR_CONFIG);
    write_key(HEX64 "0", 0400);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), ERR_CONFIG);
    write_key(HEX64 "\n0", 0400);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), ERR_CONFIG);
    write_key("0011", 0400);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), ERR_CONFIG);
    write_key("x" HEX64, 0400);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), ERR_CONFIG);
    write_key("", 0400);
    ck_assert_int_eq(seal_open(key_path, NULL, &seal), ERR_CONFIG);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("seal");
    TCase *tc = tcase_create("seal");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, sealed_pan_opens_again_and_is_not_to_be_seen);
    tcase_add_test(tc, same_card_has_the_same_token_and_never_the_same_bytes);
    tcase_add_test(tc, fingerprint_is_of_content_and_not_of_stamps);
    tcase_add_test(tc, any_changed_byte_does_not_open);
    tcase_add_test(tc, pans_of_all_lengths_are_masked);
    tcase_add_test(tc, key_file_is_made_once_and_for_its_owner);
    tcase_add_test(tc, another_key_is_told);
    tcase_add_test(tc, wrong_key_files_are_refused);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
