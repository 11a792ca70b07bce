/* Goal: while another process has the store, steps go through its admin socket, as the comment in
 * writer_port.h says. Method: a child process that has the lock and answers from a script. */
#include <stdio.h>
#include <stdlib.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "switch/clearing/writer_port.h"
#include "switch/store/store.h"
#include "tests/unit/switch/clearing/rows.h"
#include "tests/unit/switch/clearing/store_day.h"

static struct store_day *day;

static void setup(void)
{
    day = store_day_open();
}

static void teardown(void)
{
    store_day_close(day);
}

static const char *encoded(const struct book_request *request)
{
    static char text[1024];
    struct writer out = writer_make(text, sizeof text - 1);
    ck_assert_int_eq(writer_port_encode(request, &out), 0);
    text[out.len] = '\0';
    return text;
}

START_TEST(steps_are_the_documented_lines)
{
    struct book_request request = {.op = BOOK_FILE, .day = 20261120, .file_step = FILE_ASSIGN};
    ck_assert_str_eq(encoded(&request), "{\"cmd\":\"book\",\"op\":\"FILE\",\"day\":\"2026-11-20\","
                                        "\"step\":\"assign\"}\n");
    request.file_step = FILE_BUILT;
    request.file_seq = 7;
    request.file_bytes = 31434;
    request.file_count = 98;
    memset(request.file_hash, 0xAB, sizeof request.file_hash);
    ck_assert_ptr_nonnull(strstr(encoded(&request),
                                 "\"step\":\"built\",\"file_seq\":7,"
                                 "\"bytes\":31434,\"count\":98,\"sha256\":\"AB"));
    request.file_step = FILE_PUBLISHED;
    ck_assert_ptr_nonnull(strstr(encoded(&request), "\"step\":\"published\",\"file_seq\":7}"));
}
END_TEST

START_TEST(answers_are_read_and_refusals_told)
{
    struct book_answer answer;
    char why[256] = "";
    ck_assert_int_eq(
        writer_port_decode(SPAN_LITERAL("{\"v\":1,\"ok\":true,\"result\":\"STORED\",\"code\":\"\","
                                        "\"day\":\"2026-11-20\",\"file_seq\":7,"
                                        "\"created_ms\":1795305600000}"),
                           &answer, why),
        0);
    ck_assert_int_eq(answer.result, BOOK_IS_STORED);
    ck_assert_uint_eq(answer.day, 20261120);
    ck_assert_uint_eq(answer.file_seq, 7);
    ck_assert_uint_eq(answer.file_created_ms, 1795305600000);
    ck_assert_int_eq(writer_port_decode(SPAN_LITERAL("{\"ok\":true,\"result\":\"NO_SUCH\","
                                                     "\"code\":\"dr\"}"),
                                        &answer, why),
                     0);
    ck_assert_int_eq(answer.result, BOOK_IS_NO_SUCH);
    ck_assert_str_eq(answer.code, "dr");
    ck_assert_int_eq(
        writer_port_decode(SPAN_LITERAL("{\"ok\":false,\"error\":\"not now\"}"), &answer, why),
        ERR_CONNECT);
    ck_assert_ptr_nonnull(strstr(why, "not now"));
    ck_assert_int_eq(
        writer_port_decode(SPAN_LITERAL("{\"ok\":true,\"result\":\"MORE\"}"), &answer, why), 0);
    ck_assert_int_eq(answer.result, BOOK_IS_MORE);
    ck_assert_int_eq(writer_port_decode(SPAN_LITERAL("{\"ok\":true}"), &answer, why), ERR_FORMAT);
    ck_assert_int_eq(writer_port_decode(SPAN_LITERAL("nonsense"), &answer, why), ERR_FORMAT);
}
END_TEST

/* The daemon of this test: opens the store, listens, tells so on @ready, answers one line. */
static _Noreturn void daemon_play(const char *data, const char *socket_path, int ready)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct store_settings settings = store_day_settings(data);
    struct store *store = NULL;
    char line[1024];
    size_t len = 0;
    memcpy(address.sun_path, socket_path, strlen(socket_path) + 1);
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (store_open(&settings, &store) != 0 ||
        bind(listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(listener, 1) != 0 || write(ready, "x", 1) != 1) {
        _exit(1);
    }
    int client = accept(listener, NULL, NULL);
    while (len < sizeof line && (len == 0 || line[len - 1] != '\n')) {
        ssize_t got = read(client, line + len, sizeof line - len);
        if (got <= 0) {
            _exit(2);
        }
        len += (size_t)got;
    }
    static const char answer[] = "{\"v\":1,\"ok\":true,\"result\":\"NO_SUCH\",\"code\":\"dr\"}\n";
    bool good = strncmp(line, "{\"cmd\":\"book\"", 13) == 0 &&
                write(client, answer, sizeof answer - 1) == (ssize_t)sizeof answer - 1;
    store_close(store);
    _exit(good ? 0 : 3);
}

START_TEST(daemon_that_has_the_store_is_asked)
{
    char socket_path[108];
    char why[256] = "";
    char byte = 0;
    int ready[2];
    int status = -1;
    struct writer_port *port = NULL;
    struct book_request request = {.op = BOOK_FILE, .day = STORE_DAY, .file_step = FILE_ASSIGN};
    struct book_answer answer;
    store_day_release(day);
    (void)snprintf(socket_path, sizeof socket_path, "%s/admin.sock", day->data);
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        daemon_play(day->data, socket_path, ready[1]);
    }
    (void)close(ready[1]);
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    ck_assert_int_eq(writer_port_open(day->data, NULL, &port, why), 0);
    ck_assert_str_eq(port->name, "admin");
    ck_assert_int_eq(port->submit(port, &request, &answer), 0);
    ck_assert_int_eq(answer.result, BOOK_IS_NO_SUCH);
    /* It does not answer a second time: the port tells, and does not hang. */
    ck_assert_int_lt(port->submit(port, &request, &answer), 0);
    ck_assert_uint_gt(strlen(port->why), 0);
    port->close(port);
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_int_eq(status, 0);
    (void)close(ready[0]);
}
END_TEST

START_TEST(store_that_nobody_has_is_opened_directly)
{
    char why[256] = "";
    struct writer_port *port = NULL;
    store_day_release(day);
    ck_assert_int_eq(writer_port_open(day->data, NULL, &port, why), 0);
    ck_assert_str_eq(port->name, "direct");
    port->close(port);
    ck_assert_int_lt(writer_port_open("/nonexistent/store", NULL, &port, why), 0);
    ck_assert_ptr_nonnull(strstr(why, "/nonexistent/store"));
}
END_TEST

START_TEST(lock_without_a_daemon_is_told)
{
    char why[256] = "";
    int ready[2];
    char byte = 0;
    struct writer_port *port = NULL;
    store_day_release(day);
    ck_assert_int_eq(pipe(ready), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child == 0) {
        struct store_settings settings = store_day_settings(day->data);
        struct store *store = NULL;
        bool good = store_open(&settings, &store) == 0 && write(ready[1], "x", 1) == 1;
        while (good) {
            (void)pause();
        }
        _exit(1);
    }
    ck_assert_int_eq(read(ready[0], &byte, 1), 1);
    int rc = writer_port_open(day->data, NULL, &port, why);
    (void)kill(child, SIGKILL);
    (void)waitpid(child, NULL, 0);
    ck_assert_int_eq(rc, ERR_CONNECT);
    ck_assert_ptr_nonnull(strstr(why, "admin socket"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("writer_port");
    TCase *tcase = tcase_create("writer_port");
    tcase_add_checked_fixture(tcase, setup, teardown);
    tcase_add_test(tcase, steps_are_the_documented_lines);
    tcase_add_test(tcase, answers_are_read_and_refusals_told);
    tcase_add_test(tcase, daemon_that_has_the_store_is_asked);
    tcase_add_test(tcase, store_that_nobody_has_is_opened_directly);
    tcase_add_test(tcase, lock_without_a_daemon_is_told);
    suite_add_tcase(suite, tcase);
    return row_main(suite);
}
