/* The daemon's store: files, one process, the writer thread, and what happens when a commit fails.
 */
#include "switch/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/switch/store/fixture.h"

static char dir[64];
static char path[128];
static struct store_settings settings;

static void setup(void)
{
    fixture_dir_make(dir);
    snprintf(path, sizeof path, "%s/data", dir);
    settings = (struct store_settings){.path = path,
                                       .map_bytes = 16 << 20,
                                       .prealloc_bytes = 4 << 20,
                                       .queue_max = 256,
                                       .batch_max = 64,
                                       .book = BOOK_SETTINGS_DEFAULT};
}

static void teardown(void)
{
    fixture_dir_remove(path);
    fixture_dir_remove(dir);
}

/* A store at work: the loop, and the answers in the order of their coming. */
struct work {
    uv_loop_t loop;
    struct store *store;
    struct book_answer answers[2048];
    size_t count;
    size_t wanted; /* stop the loop at so many */
};

static struct work work;

static void on_answer(void *context, const struct book_answer *answer)
{
    struct work *w = context;
    ck_assert_uint_lt(w->count, ARRAY_COUNT(w->answers));
    w->answers[w->count++] = *answer;
    if (w->count == w->wanted) {
        uv_stop(&w->loop);
    }
}

static void on_failure(void *context, int err, const char *what)
{
    (void)context;
    (void)what;
    _exit(err == ERR_IO ? 5 : 6);
}

static void start(void)
{
    memset(&work, 0, sizeof work);
    ck_assert_int_eq(uv_loop_init(&work.loop), 0);
    ck_assert_int_eq(store_open(&settings, &work.store), 0);
    ck_assert_int_eq(store_start(work.store, &work.loop, on_answer, on_failure, &work), 0);
}

static void create_and_start(void)
{
    ck_assert_int_eq(store_create(&settings, FIXTURE_DAY, FIXTURE_NOON_MS), 0);
    start();
}

static void stop(void)
{
    store_stop(work.store);
    ck_assert_int_eq(uv_run(&work.loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&work.loop), 0);
    store_close(work.store);
}

static int submit_open(unsigned stan)
{
    struct book_request request = {.op = BOOK_OPEN,
                                   .ref = stan,
                                   .wall_ms = FIXTURE_NOON_MS,
                                   .record = fixture_purchase(stan, 1000)};
    memcpy(request.record.pan, "4999888877776666", 17);
    return store_submit(work.store, &request);
}

/* Run the loop until @count more answers are there. */
static void await(size_t count)
{
    work.wanted = work.count + count;
    store_flush(work.store);
    uv_run(&work.loop, UV_RUN_DEFAULT);
    ck_assert_uint_eq(work.count, work.wanted);
}

START_TEST(create_makes_private_preallocated_files)
{
    struct stat s;
    char file[256];
    ck_assert_int_eq(store_create(&settings, FIXTURE_DAY, FIXTURE_NOON_MS), 0);
    snprintf(file, sizeof file, "%s/data.mdb", path);
    ck_assert_int_eq(stat(file, &s), 0);
    ck_assert_int_eq(s.st_size, 4 << 20);
    ck_assert_uint_eq(s.st_mode & 0777, 0600);
    /* Written, not sparse. */
    ck_assert_int_ge((int64_t)s.st_blocks * 512, 4 << 20);
    snprintf(file, sizeof file, "%s/key", path);
    ck_assert_int_eq(stat(file, &s), 0);
    ck_assert_uint_eq(s.st_mode & 0777, 0400);
    ck_assert_int_eq(store_create(&settings, FIXTURE_DAY, FIXTURE_NOON_MS), ERR_EXISTS);
}
END_TEST

START_TEST(create_on_a_full_disk_leaves_nothing)
{
    /* The file size limit stands in for the disk: write() fails in the same place. */
    struct rlimit limit;
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &limit), 0);
    signal(SIGXFSZ, SIG_IGN);
    limit.rlim_cur = 1 << 20;
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    ck_assert_int_eq(store_create(&settings, FIXTURE_DAY, FIXTURE_NOON_MS), ERR_IO);
    ck_assert_int_eq(errno, EFBIG);
    ck_assert_int_ne(access(path, F_OK), 0);
}
END_TEST

START_TEST(open_needs_a_store)
{
    struct store *store = NULL;
    ck_assert_int_eq(store_open(&settings, &store), ERR_NOT_FOUND);
    ck_assert_int_eq(mkdir(path, 0700), 0);
    ck_assert_int_eq(store_open(&settings, &store), ERR_NOT_FOUND);
}
END_TEST

/* It is told by the directory itself: no other name of it, and no file that is missing, helps. */
START_TEST(second_process_is_refused_and_touches_nothing)
{
    struct store *mine = NULL;
    char leftover[256];
    char other[128];
    ck_assert_int_eq(store_create(&settings, FIXTURE_DAY, FIXTURE_NOON_MS), 0);
    ck_assert_int_eq(store_open(&settings, &mine), 0);
    snprintf(leftover, sizeof leftover, "%s/unfinished", path);
    snprintf(other, sizeof other, "%s/other", dir);
    ck_assert_int_eq(mkdir(leftover, 0700), 0); /* who may write takes it away first of all */
    ck_assert_int_eq(symlink(path, other), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct store *store = NULL;
        settings.path = other;
        bool refused = store_open(&settings, &store) == ERR_EXISTS &&
                       store_create(&settings, FIXTURE_DAY, FIXTURE_NOON_MS) == ERR_EXISTS;
        _exit(refused ? 0 : 1);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert_int_eq(status, 0);
    ck_assert_int_eq(access(leftover, F_OK), 0);
    store_close(mine);
    settings.path = other;
    ck_assert_int_eq(store_open(&settings, &mine), 0);
    ck_assert_int_ne(access(leftover, F_OK), 0);
    store_close(mine);
}
END_TEST

START_TEST(key_of_another_store_is_refused)
{
    char file[256];
    struct store *store = NULL;
    ck_assert_int_eq(store_create(&settings, FIXTURE_DAY, FIXTURE_NOON_MS), 0);
    snprintf(file, sizeof file, "%s/key", path);
    ck_assert_int_eq(unlink(file), 0);
    ck_assert_int_eq(store_open(&settings, &store), ERR_NOT_FOUND);
    ck_assert_int_eq(seal_create(file), 0);
    ck_assert_int_eq(store_open(&settings, &store), ERR_CORRUPT);
}
END_TEST

START_TEST(answers_come_in_order_and_requests_share_commits)
{
    create_and_start();
    for (unsigned stan = 1; stan <= 200; stan++) {
        ck_assert_int_eq(submit_open(stan), 0);
    }
    ck_assert_uint_eq(store_figures(work.store).requests, 0);
    await(200);
    for (unsigned i = 0; i < 200; i++) {
        ck_assert_uint_eq(work.answers[i].ref, i + 1);
        ck_assert_int_eq(work.answers[i].result, BOOK_IS_FRESH);
        ck_assert_uint_eq(work.answers[i].record.seq, i + 1);
        ck_assert_str_eq(work.answers[i].record.pan, "");
    }
    struct store_figures figures = store_figures(work.store);
    ck_assert_uint_eq(figures.requests, 200);
    ck_assert_uint_eq(figures.commits, 4);
    ck_assert_uint_eq(figures.batch_largest, 64);
    ck_assert_uint_eq(figures.waiting, 0);
    stop();
}
END_TEST

START_TEST(ring_wraps_without_losing_or_changing_order)
{
    settings.queue_max = 50;
    create_and_start();
    unsigned stan = 0;
    while (stan < 500) {
        unsigned burst = 1 + stan % 37;
        for (unsigned i = 0; i < burst; i++) {
            ck_assert_int_eq(submit_open(++stan), 0);
        }
        await(burst);
    }
    for (unsigned i = 0; i < stan; i++) {
        ck_assert_uint_eq(work.answers[i].ref, i + 1);
        ck_assert_uint_eq(work.answers[i].record.seq, i + 1);
    }
    stop();
}
END_TEST

START_TEST(queue_has_its_bound)
{
    create_and_start();
    for (unsigned stan = 1; stan <= settings.queue_max; stan++) {
        ck_assert_int_eq(submit_open(stan), 0);
    }
    /* Nothing was flushed, so nothing can have been taken. */
    ck_assert_int_eq(submit_open(9999), ERR_FULL);
    await(settings.queue_max);
    ck_assert_int_eq(submit_open(9999), 0);
    await(1);
    stop();
}
END_TEST

START_TEST(stop_finishes_what_is_queued)
{
    create_and_start();
    for (unsigned stan = 1; stan <= 100; stan++) {
        ck_assert_int_eq(submit_open(stan), 0);
    }
    store_stop(work.store);
    ck_assert_uint_eq(work.count, 100);
    ck_assert_int_eq(submit_open(101), ERR_CLOSED);
    ck_assert_int_eq(uv_run(&work.loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&work.loop), 0);
    store_close(work.store);
}
END_TEST

START_TEST(reopened_store_has_everything)
{
    struct book_recovered found;
    create_and_start();
    for (unsigned stan = 1; stan <= 100; stan++) {
        ck_assert_int_eq(submit_open(stan), 0);
    }
    await(100);
    stop();
    ck_assert_int_eq(store_open(&settings, &work.store), 0);
    ck_assert_int_eq(book_recover(store_book(work.store), FIXTURE_NOON_MS, NULL, NULL, &found), 0);
    ck_assert_uint_eq(found.unknown_count, 100);
    store_close(work.store);
    start();
    ck_assert_int_eq(submit_open(50), 0);
    await(1);
    ck_assert_int_eq(work.answers[0].result, BOOK_IS_REPEAT);
    ck_assert_uint_eq(work.answers[0].record.seq, 50);
    ck_assert_uint_eq(work.answers[0].record.state, STATE_UNKNOWN);
    stop();
}
END_TEST

START_TEST(readers_see_what_is_committed)
{
    struct kv_txn *txn = NULL;
    struct record record;
    create_and_start();
    ck_assert_int_eq(kv_begin(store_kv(work.store), false, &txn), 0);
    ck_assert_int_eq(submit_open(1), 0);
    await(1);
    ck_assert_int_eq(book_get(txn, 1, &record), ERR_NOT_FOUND);
    kv_abort(txn);
    ck_assert_int_eq(kv_begin(store_kv(work.store), false, &txn), 0);
    ck_assert_int_eq(book_get(txn, 1, &record), 0);
    kv_abort(txn);
    stop();
}
END_TEST

START_TEST(full_map_refuses_fresh_and_closes_open_ones)
{
    static struct record opened[2048];
    size_t count = 0;
    settings.map_bytes = 2 << 20;
    settings.prealloc_bytes = 2 << 20;
    create_and_start();
    for (;;) {
        ck_assert_int_eq(submit_open((unsigned)count + 1), 0);
        work.count = 0;
        await(1);
        if (work.answers[0].result == BOOK_IS_REFUSED) {
            break;
        }
        ck_assert_int_eq(work.answers[0].result, BOOK_IS_FRESH);
        ck_assert_uint_lt(count, ARRAY_COUNT(opened));
        opened[count++] = work.answers[0].record;
    }
    ck_assert_uint_gt(count, 20);
    ck_assert_uint_ge(store_figures(work.store).used_permille, 700);
    struct book_request close = {.op = BOOK_CLOSE, .record = opened[0]};
    close.record.state = STATE_APPROVED;
    close.record.approved_minor = 1000;
    ck_assert_int_eq(store_submit(work.store, &close), 0);
    ck_assert_int_eq(submit_open(2), 0);
    work.count = 0;
    await(2);
    ck_assert_int_eq(work.answers[0].result, BOOK_IS_STORED);
    ck_assert_uint_eq(work.answers[0].record.state, STATE_APPROVED);
    ck_assert_int_eq(work.answers[1].result, BOOK_IS_REPEAT_OPEN);
    stop();
}
END_TEST

/* What a terminal that goes mad sends: reversals that name nothing, each another. */
static struct book_request burial(unsigned stan)
{
    struct record original = fixture_purchase(stan, 1000);
    struct book_request request = {
        .op = BOOK_REVERSAL, .wall_ms = FIXTURE_NOON_MS, .record = fixture_reversal(&original)};
    be32_put(request.record.key + 21, stan);
    snprintf(request.record.stan, sizeof request.record.stan, "%06u", stan);
    snprintf(request.record.terminal, sizeof request.record.terminal, "T%07u",
             stan * 7919u % 9999991u);
    return request;
}

/* Reversals that name @original, each asking for a part of it: recorded, and declined. */
static struct book_request part_of(const struct record *original, unsigned stan)
{
    struct book_request request = {
        .op = BOOK_REVERSAL, .wall_ms = FIXTURE_NOON_MS, .record = fixture_reversal(original)};
    be32_put(request.record.key + 21, stan);
    request.record.key[8] = 'P';
    request.record.replacement_minor = 1;
    return request;
}

/* Submit @count of them, and say how many were refused. */
static size_t flood(const struct record *original, unsigned first, size_t count)
{
    size_t refused = 0;
    work.count = 0;
    for (unsigned i = 0; i < count; i++) {
        struct book_request request =
            original != NULL ? part_of(original, first + i) : burial(first + i);
        ck_assert_int_eq(store_submit(work.store, &request), 0);
    }
    await(count);
    for (size_t i = 0; i < count; i++) {
        refused += work.answers[i].result == BOOK_IS_REFUSED ? 1 : 0;
    }
    return refused;
}

static void close_some(const struct record *opened, size_t count)
{
    work.count = 0;
    for (size_t i = 0; i < count; i++) {
        struct book_request close = {
            .op = BOOK_CLOSE, .wall_ms = FIXTURE_NOON_MS, .record = opened[i]};
        close.record.state = STATE_APPROVED;
        close.record.approved_minor = 1000;
        ck_assert_int_eq(store_submit(work.store, &close), 0);
    }
    await(count);
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(work.answers[i].result, BOOK_IS_STORED);
    }
}

static uint32_t used(void)
{
    return store_figures(work.store).used_permille;
}

/* Requests a batch, as many as come at once. */
static const struct {
    uint32_t batch;
    size_t map_mib;
} floods[] = {{1, 16}, {64, 16}, {1024, 16}, {1024, 48}};

START_TEST(flood_of_reversals_never_stops_the_store)
{
    enum { OPEN = 600, STANS = 200000 };
    static struct record opened[OPEN];
    struct book_recovered recovered;
    unsigned stan = 1;
    size_t burst = floods[_i].batch;
    settings.map_bytes = floods[_i].map_mib << 20;
    settings.queue_max = 2048;
    settings.batch_max = floods[_i].batch;
    create_and_start();
    for (; stan <= OPEN; stan++) {
        ck_assert_int_eq(submit_open(stan), 0);
    }
    await(OPEN);
    for (size_t i = 0; i < OPEN; i++) {
        opened[i] = work.answers[i].record;
    }
    for (; flood(NULL, stan, burst) < burst; stan += (unsigned)burst) {
        ck_assert_uint_lt(stan, STANS);
    }
    uint32_t buried = used();
    /* What was refused is none of the record's: told again, it is refused again. */
    ck_assert_uint_eq(flood(NULL, stan, burst), burst);
    ck_assert_uint_ge(buried, floods[_i].batch == 1 ? 935 : 700);
    /* One that names an original is worth more. */
    unsigned known = 1;
    ck_assert_uint_eq(flood(&opened[0], known++, 1), 0);
    for (; flood(&opened[0], known, burst) < burst; known += (unsigned)burst) {
        ck_assert_uint_lt(known, STANS);
    }
    ck_assert_uint_lt(used(), 1000);
    /* Whatever comes, there is room for what ends. */
    close_some(opened, OPEN / 2);
    for (unsigned i = 0; i < 20; i++) {
        ck_assert_uint_eq(flood(NULL, stan, burst), burst);
    }
    stop();
    for (unsigned i = 0; i < 3; i++) {
        ck_assert_int_eq(store_open(&settings, &work.store), 0);
        ck_assert_int_eq(
            book_recover(store_book(work.store), FIXTURE_NOON_MS, NULL, NULL, &recovered), 0);
        ck_assert_uint_eq(recovered.open_count, i == 0 ? OPEN / 2 : 0);
        store_close(work.store);
    }
    start();
    ck_assert_uint_eq(flood(NULL, stan, 1), 1);
    stop();
}
END_TEST

/* Let every write to data.mdb fail, by putting /dev/full under its descriptor. */
static void break_disk(void)
{
    char link[64];
    char target[256];
    int full = open("/dev/full", O_WRONLY);
    unsigned broken = 0;
    ck_assert_int_ge(full, 0);
    for (int fd = 3; fd < 256; fd++) {
        snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
        ssize_t len = readlink(link, target, sizeof target - 1);
        if (len > 0) {
            target[len] = 0;
            if (strstr(target, "/data.mdb") != NULL) {
                ck_assert_int_eq(dup2(full, fd), fd);
                broken++;
            }
        }
    }
    ck_assert_uint_gt(broken, 0);
}

static void never_answered(void *context, const struct book_answer *answer)
{
    (void)context;
    (void)answer;
    _exit(7);
}

START_TEST(failed_commit_stops_the_process_before_another_word)
{
    char file[256];
    create_and_start();
    ck_assert_int_eq(submit_open(1), 0);
    await(1);
    stop();
    pid_t pid = fork();
    if (pid == 0) {
        uv_loop_t loop;
        if (uv_loop_init(&loop) != 0 || store_open(&settings, &work.store) != 0 ||
            store_start(work.store, &loop, never_answered, on_failure, NULL) != 0) {
            _exit(8);
        }
        break_disk();
        if (submit_open(2) != 0) {
            _exit(9);
        }
        store_flush(work.store);
        uv_run(&loop, UV_RUN_DEFAULT);
        _exit(10);
    }
    int status = 0;
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 5);
    /* The next start knows, checks everything, and goes on from the last commit. */
    snprintf(file, sizeof file, "%s/failed", path);
    ck_assert_int_eq(access(file, F_OK), 0);
    start();
    ck_assert_int_ne(access(file, F_OK), 0);
    ck_assert_int_eq(submit_open(1), 0);
    ck_assert_int_eq(submit_open(2), 0);
    await(2);
    ck_assert_int_eq(work.answers[0].result, BOOK_IS_REPEAT_OPEN);
    ck_assert_int_eq(work.answers[1].result, BOOK_IS_FRESH);
    stop();
}
END_TEST

START_TEST(start_after_a_failed_sync_checks_every_row)
{
    /* Damage an old record, further back than what every start looks at. */
    enum { RECORDS = 4200 };
    char file[256];
    struct store *store = NULL;
    create_and_start();
    for (unsigned stan = 1; stan <= RECORDS; stan++) {
        ck_assert_int_eq(submit_open(stan), 0);
        if (stan % 100 == 0) {
            work.count = 0;
            await(100);
        }
    }
    stop();
    ck_assert_int_eq(store_open(&settings, &store), 0);
    struct kv_txn *txn = NULL;
    struct span value;
    uint8_t row[RECORD_LEN_MAX + CRC_LEN];
    uint8_t key[8] = {0, 0, 0, 0, 0, 0, 0, 1};
    ck_assert_int_eq(kv_begin(store_kv(store), true, &txn), 0);
    ck_assert_int_eq(kv_get(txn, KV_txns, span_make(key, 8), &value), 0);
    memcpy(row, value.ptr, value.len);
    row[100] ^= 1;
    ck_assert_int_eq(kv_put(txn, KV_txns, span_make(key, 8), span_make(row, value.len), KV_REPLACE),
                     0);
    ck_assert_int_eq(kv_commit(txn), 0);
    store_close(store);
    ck_assert_int_eq(store_open(&settings, &store), 0);
    store_close(store);
    snprintf(file, sizeof file, "%s/failed", path);
    int fd = open(file, O_WRONLY | O_CREAT, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    ck_assert_int_eq(store_open(&settings, &store), ERR_CORRUPT);
    ck_assert_int_eq(access(file, F_OK), 0);
}
END_TEST

START_TEST(no_clear_pan_reaches_the_disk)
{
    char file[256];
    static uint8_t bytes[4 << 20];
    create_and_start();
    ck_assert_int_eq(submit_open(1), 0);
    await(1);
    stop();
    snprintf(file, sizeof file, "%s/data.mdb", path);
    int fd = open(file, O_RDONLY);
    ck_assert_int_eq(read(fd, bytes, sizeof bytes), (ssize_t)sizeof bytes);
    close(fd);
    ck_assert_ptr_nonnull(memmem(bytes, sizeof bytes, "MERCHANT0000001", 15));
    ck_assert_ptr_null(memmem(bytes, sizeof bytes, "4999888877776666", 16));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("store");
    TCase *tc = tcase_create("store");
    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_set_timeout(tc, 600);
    tcase_add_test(tc, create_makes_private_preallocated_files);
    tcase_add_test(tc, create_on_a_full_disk_leaves_nothing);
    tcase_add_test(tc, open_needs_a_store);
    tcase_add_test(tc, second_process_is_refused_and_touches_nothing);
    tcase_add_test(tc, key_of_another_store_is_refused);
    tcase_add_test(tc, answers_come_in_order_and_requests_share_commits);
    tcase_add_test(tc, ring_wraps_without_losing_or_changing_order);
    tcase_add_test(tc, queue_has_its_bound);
    tcase_add_test(tc, stop_finishes_what_is_queued);
    tcase_add_test(tc, reopened_store_has_everything);
    tcase_add_test(tc, readers_see_what_is_committed);
    tcase_add_test(tc, full_map_refuses_fresh_and_closes_open_ones);
    tcase_add_loop_test(tc, flood_of_reversals_never_stops_the_store, 0, ARRAY_COUNT(floods));
    tcase_add_test(tc, failed_commit_stops_the_process_before_another_word);
    tcase_add_test(tc, start_after_a_failed_sync_checks_every_row);
    tcase_add_test(tc, no_clear_pan_reaches_the_disk);
    suite_add_tcase(suite, tc);
    return fixture_main(suite);
}
