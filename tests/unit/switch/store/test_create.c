/* Making a store is all or nothing. Goal: whenever it is killed, it can be made again, and what is
 * whole is never made anew. Method: a child runs store_create() and dies before its n-th change of
 * the disk (the linker wraps the calls that make them), for n = 0.. until it lives. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "switch/store/store.h"
#include "tests/unit/switch/store/fixture.h"

enum { NEVER = -1, CRASHED = 99, SECOND_DAY = 20261225 };

static char dir[64];
static char path[128];
static struct store_settings settings;
static int ops_left = NEVER;

static void count_op(void)
{
    if (ops_left == 0) {
        _exit(CRASHED);
    }
    ops_left -= ops_left > 0 ? 1 : 0;
}

#define WRAPPED(name, parameters, arguments)                                                       \
    int __real_##name parameters;                                                                  \
    int __wrap_##name parameters;                                                                  \
    int __wrap_##name parameters                                                                   \
    {                                                                                              \
        count_op();                                                                                \
        return __real_##name arguments;                                                            \
    }
WRAPPED(mkdir, (const char *name, mode_t mode), (name, mode))
WRAPPED(rmdir, (const char *name), (name))
WRAPPED(unlink, (const char *name), (name))
WRAPPED(link, (const char *from, const char *to), (from, to))
WRAPPED(rename, (const char *from, const char *to), (from, to))
WRAPPED(fsync, (int fd), (fd))
WRAPPED(flock, (int fd, int how), (fd, how))

ssize_t __real_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at);
ssize_t __wrap_pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    count_op();
    return __real_pwrite(fd, bytes, len, at);
}

ssize_t __real_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len);
ssize_t __wrap_write(int fd, const void *bytes, size_t len)
{
    count_op();
    return __real_write(fd, bytes, len);
}

static const char *in(const char *name)
{
    static char file[256];
    snprintf(file, sizeof file, "%s/%s", path, name);
    return file;
}

static void setup(void)
{
    fixture_dir_make(dir);
    snprintf(path, sizeof path, "%s/data", dir);
    settings = (struct store_settings){.path = path,
                                       .map_bytes = 16 << 20,
                                       .prealloc_bytes = 3 << 20,
                                       .queue_max = 256,
                                       .batch_max = 64,
                                       .book = BOOK_SETTINGS_DEFAULT};
}

static void remove_all(void)
{
    fixture_dir_remove(in("unfinished"));
    fixture_dir_remove(path);
}

static void teardown(void)
{
    remove_all();
    fixture_dir_remove(dir);
}

static int create(uint32_t day)
{
    return store_create(&settings, day, FIXTURE_NOON_MS);
}

/* Whether a child that dies before its @n-th change of the disk lived. */
static bool create_lives(int n)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0) {
        ops_left = n;
        int rc = create(FIXTURE_DAY);
        _exit(rc == 0 || rc == ERR_EXISTS ? 0 : 1);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_msg(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == CRASHED, "%d: %d", n, status);
    return WEXITSTATUS(status) == 0;
}

/* The business day of the store that is there; 0: there is none. */
static uint32_t day_of_store(void)
{
    struct store *store = NULL;
    int rc = store_open(&settings, &store);
    if (rc == ERR_NOT_FOUND) {
        return 0;
    }
    ck_assert_msg(rc == 0, "%s", err_name(rc));
    uint32_t day = book_current_day(store_book(store));
    store_close(store);
    return day;
}

START_TEST(one_that_was_killed_is_made_again_and_one_that_is_whole_is_not)
{
    unsigned again = 0;
    unsigned whole = 0;
    for (int n = 0; !create_lives(n); n++) {
        uint32_t day = day_of_store();
        if (day == 0) {
            again++;
            ck_assert_msg(create(SECOND_DAY) == 0, "%d", n);
            ck_assert_uint_eq(day_of_store(), SECOND_DAY);
        } else {
            whole++;
            ck_assert_msg(create(SECOND_DAY) == ERR_EXISTS, "%d", n);
            ck_assert_uint_eq(day_of_store(), FIXTURE_DAY);
        }
        ck_assert_msg(access(in("unfinished"), F_OK) != 0, "%d", n);
        remove_all();
    }
    ck_assert_uint_ge(again, 10);
    ck_assert_uint_ge(whole, 1);
    ck_assert_uint_eq(day_of_store(), FIXTURE_DAY);
}
END_TEST

START_TEST(one_that_was_killed_twice_is_made_the_third_time)
{
    for (int n = 0; !create_lives(n); n += 2) {
        if (create_lives(n + 1)) {
            remove_all();
            continue;
        }
        uint32_t day = day_of_store();
        ck_assert_int_eq(create(SECOND_DAY), day == 0 ? 0 : ERR_EXISTS);
        ck_assert_uint_eq(day_of_store(), day == 0 ? SECOND_DAY : FIXTURE_DAY);
        remove_all();
    }
}
END_TEST

static void file_make(const char *name, const char *text)
{
    int fd = open(in(name), O_WRONLY | O_CREAT | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
}

static void file_is(const char *name, const char *text)
{
    char bytes[64] = "";
    int fd = open(in(name), O_RDONLY);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_ge(read(fd, bytes, sizeof bytes - 1), 0);
    close(fd);
    ck_assert_str_eq(bytes, text);
}

START_TEST(a_key_alone_is_not_touched_nor_are_tables_alone)
{
    static const char *const names[] = {"key", "data.mdb"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        ck_assert_int_eq(mkdir(path, 0700), 0);
        file_make(names[i], "all that is left of a store");
        ck_assert_int_eq(create(FIXTURE_DAY), ERR_EXISTS);
        file_is(names[i], "all that is left of a store");
        remove_all();
    }
}
END_TEST

START_TEST(a_key_that_was_put_back_beside_leftovers_is_not_touched)
{
    int n = 0;
    /* Leftovers whose own key is not linked yet. */
    while (!create_lives(n) && access(in("unfinished/key"), F_OK) != 0) {
        remove_all();
        n++;
    }
    ck_assert_int_eq(access(in("unfinished/key"), F_OK), 0);
    ck_assert_int_ne(access(in("key"), F_OK), 0);
    file_make("key", "from the backup");
    ck_assert_int_eq(create(FIXTURE_DAY), ERR_EXISTS);
    file_is("key", "from the backup");
}
END_TEST

START_TEST(a_folder_that_has_other_files_may_have_a_store_too)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    file_make("notes", "mine");
    ck_assert_int_eq(create(FIXTURE_DAY), 0);
    ck_assert_uint_eq(day_of_store(), FIXTURE_DAY);
    file_is("notes", "mine");
}
END_TEST

START_TEST(two_at_a_time_make_one_store)
{
    ck_assert_int_eq(mkdir(path, 0700), 0);
    int fd = open(path, O_RDONLY | O_DIRECTORY);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    ck_assert_int_eq(create(FIXTURE_DAY), ERR_EXISTS);
    close(fd);
    ck_assert_int_eq(create(FIXTURE_DAY), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("create");
    TCase *tc = tcase_create("create");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 120);
    tcase_add_test(tc, one_that_was_killed_is_made_again_and_one_that_is_whole_is_not);
    tcase_add_test(tc, one_that_was_killed_twice_is_made_the_third_time);
    tcase_add_test(tc, a_key_alone_is_not_touched_nor_are_tables_alone);
    tcase_add_test(tc, a_key_that_was_put_back_beside_leftovers_is_not_touched);
    tcase_add_test(tc, a_folder_that_has_other_files_may_have_a_store_too);
    tcase_add_test(tc, two_at_a_time_make_one_store);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
