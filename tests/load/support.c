#include "tests/load/support.h"

#include <check.h>
#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/mti.h"
#include "iso8583/net/listen.h"
#include "tests/load/setup.h"

void support_init(struct support *support)
{
    memset(support, 0, sizeof *support);
    (void)snprintf(support->dir, sizeof support->dir, "/tmp/load-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(support->dir));
    struct setup setup = {support->dir, 7, SUPPORT_TERMINALS, SUPPORT_CARDS};
    ck_assert_int_eq(setup_make(&setup), 0);
    ck_assert_int_eq(dataset_read(support->dir, NULL, &support->dataset), 0);
}

void support_deinit(struct support *support)
{
    DIR *dir = opendir(support->dir);
    ck_assert_ptr_nonnull(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL; entry = readdir(dir)) {
        char path[SUPPORT_PATH_CAP];
        if (entry->d_name[0] != '.') {
            ck_assert_int_eq(unlink(support_path(support, entry->d_name, path)), 0);
        }
    }
    closedir(dir);
    ck_assert_int_eq(rmdir(support->dir), 0);
    dataset_free(&support->dataset);
}

const char *support_path(const struct support *support, const char *name, char *out)
{
    int len = snprintf(out, SUPPORT_PATH_CAP, "%s/%.180s", support->dir, name);
    ck_assert_int_lt(len, SUPPORT_PATH_CAP);
    return out;
}

void support_write(const struct support *support, const char *name, const char *text)
{
    char path[SUPPORT_PATH_CAP];
    FILE *file = fopen(support_path(support, name, path), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    ck_assert_int_eq(fclose(file), 0);
}

size_t answer_make(const struct iso_dialect *dialect, struct span wire, const char *code,
                   uint8_t *out)
{
    static const uint8_t echoed[] = {2, 3, 4, 7, 11, 12, 13, 37, 41, 42, 49};
    struct iso_msg request;
    struct iso_msg answer;
    struct iso_error error;
    uint8_t bytes[2 * FRAME_LEN_MAX];
    uint8_t rrn[12];
    struct writer scratch = writer_make(bytes, sizeof bytes);
    struct writer w = writer_make(out, FRAME_LEN_MAX);
    CHECK(iso_decode(dialect, wire, &scratch, &request, &error) == 0);
    iso_init(&answer, mti_answer(request.mti));
    for (size_t i = 0; i < sizeof echoed; i++) {
        iso_copy(&answer, &request, echoed[i]);
    }
    memset(rrn, '7', sizeof rrn);
    memcpy(rrn + 6, iso_get(&request, 11).ptr, 6);
    if (!iso_has(&answer, 37)) {
        iso_set(&answer, 37, span_make(rrn, sizeof rrn));
    }
    if (strcmp(code, "00") == 0) {
        iso_set(&answer, 38, span_make(rrn + 6, 6));
    }
    iso_set(&answer, 39, span_text(code));
    CHECK(iso_encode(&answer, dialect, &w, &error) == 0);
    return w.len;
}

/* --- The answerer ----------------------------------------------------------------------------- */

enum { PORT_LOW = 20000, PORT_COUNT = 11000, SEEN_MAX = 1 << 16 };

struct answerer {
    struct answerer_plan plan;
    uv_loop_t loop;
    uv_async_t stop;
    struct conn_pool *pool;
    struct listener *listener;
    struct endpoint endpoint;
    pthread_t thread;
    uint64_t heard;
    uint64_t requests;
    uint8_t seen[SEEN_MAX]; /* by terminal and STAN: how often a request came */
};

/* Whether this is the first sending of the request, by a hash of what names it. */
static bool is_first(struct answerer *a, const struct iso_msg *request)
{
    uint32_t hash = 2166136261u;
    struct span names[] = {iso_get(request, 41), iso_get(request, 11)};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        for (size_t k = 0; k < names[i].len; k++) {
            hash = (hash ^ names[i].ptr[k]) * 16777619u;
        }
    }
    return a->seen[hash % SEEN_MAX]++ == 0;
}

/* Whether the journal has a SENT line of this request. */
static bool intent_is_written(const char *path, const struct iso_msg *request)
{
    char wanted[64];
    char line[512];
    bool found = false;
    (void)snprintf(wanted, sizeof wanted, "\tSENT\t%.8s\t%.6s\t",
                   (const char *)iso_get(request, 41).ptr, (const char *)iso_get(request, 11).ptr);
    FILE *file = fopen(path, "r");
    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        found = strstr(line, wanted) != NULL;
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}

static void on_message(void *user, conn_id conn, struct span tpdu, struct span message)
{
    struct answerer *a = user;
    struct iso_msg request;
    struct iso_error error;
    uint8_t bytes[2 * FRAME_LEN_MAX];
    uint8_t answer[FRAME_LEN_MAX];
    struct writer scratch = writer_make(bytes, sizeof bytes);
    a->heard++;
    if (a->heard == a->plan.terminate_at) {
        CHECK(kill(getpid(), SIGTERM) == 0);
    }
    CHECK(iso_decode(a->plan.dialect, message, &scratch, &request, &error) == 0);
    if (a->plan.hang_up_every != 0 && a->heard % a->plan.hang_up_every == 0) {
        conn_close(a->pool, conn, false);
        return;
    }
    const char *code = "00";
    if (mti_class(request.mti) != 4) {
        a->requests++;
        if (a->plan.journal_path != NULL && !intent_is_written(a->plan.journal_path, &request)) {
            return; /* The population is left without an answer, and its test sees it. */
        }
        if (a->plan.requests_silent || (a->plan.first_silent && is_first(a, &request))) {
            return;
        }
        bool refuse = a->plan.refuse_every != 0 && a->requests % a->plan.refuse_every == 0;
        code = refuse ? "51" : "00";
    }
    size_t len = answer_make(a->plan.dialect, message, code, answer);
    for (int i = 0; i < (a->plan.answer_twice ? 2 : 1); i++) {
        CHECK(conn_send(a->pool, conn, tpdu, span_make(answer, len)) == 0);
    }
}

static const struct conn_events events = {.on_message = on_message};

static void on_stop(uv_async_t *handle)
{
    struct answerer *a = handle->data;
    listener_close(a->listener);
    conn_pool_shutdown(a->pool);
    uv_close((uv_handle_t *)&a->stop, NULL);
}

static void *answerer_main(void *context)
{
    struct answerer *a = context;
    uv_run(&a->loop, UV_RUN_DEFAULT);
    return NULL;
}

struct answerer *answerer_start(const struct answerer_plan *plan, char *address, size_t cap)
{
    struct conn_limits limits = {
        .count_max = 64, .in_len = FRAME_LEN_MAX + FRAME_HEAD_LEN_MAX, .out_len = 1 << 20};
    struct answerer *a = calloc(1, sizeof *a);
    ck_assert_ptr_nonnull(a);
    a->plan = *plan;
    a->endpoint = (struct endpoint){.framing = plan->framing, .events = &events, .user = a};
    ck_assert_int_eq(uv_loop_init(&a->loop), 0);
    ck_assert_int_eq(uv_async_init(&a->loop, &a->stop, on_stop), 0);
    a->stop.data = a;
    a->pool = conn_pool_new(&a->loop, &limits);
    ck_assert_ptr_nonnull(a->pool);
    int result = ERR_IO;
    for (int i = 0; i < 200 && result != 0; i++) {
        int uv_error = 0;
        int port = PORT_LOW + (getpid() * 37 + i * 13) % PORT_COUNT;
        (void)snprintf(address, cap, "127.0.0.1:%d", port);
        result = listener_open(a->pool, address, 64, &a->endpoint, &a->listener, &uv_error);
    }
    ck_assert_int_eq(result, 0);
    ck_assert_int_eq(pthread_create(&a->thread, NULL, answerer_main, a), 0);
    return a;
}

uint64_t answerer_stop(struct answerer *a)
{
    uv_async_send(&a->stop);
    pthread_join(a->thread, NULL);
    uint64_t heard = a->heard;
    conn_pool_free(a->pool);
    ck_assert_int_eq(uv_loop_close(&a->loop), 0);
    free(a);
    return heard;
}
