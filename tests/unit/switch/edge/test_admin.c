/* The admin socket with real clients in one thread: a client writes, the loop turns until what is
 * awaited has come. Timers run a hundred times as fast (see __wrap_uv_timer_start). */
#include "switch/edge/admin.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "iso8583/base/bytes.h"
#include "tests/unit/iso8583/suite.h"

enum { SPEED = 100, TURNS_MAX = 100000, BIG_LEN = 4 << 20 };

static struct {
    uv_loop_t loop;
    struct admin *admin;
    char folder[32];
    char path[64];
    admin_id pending;
    uint32_t runs;
} w;

int __real_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t wait, uint64_t repeat);
int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t wait, uint64_t repeat);

int __wrap_uv_timer_start(uv_timer_t *timer, uv_timer_cb callback, uint64_t wait, uint64_t repeat)
{
    return __real_uv_timer_start(timer, callback, wait / SPEED, repeat);
}

/* --- commands ----------------------------------------------------------------------------------
 */

static json_t *run_echo(void *daemon, admin_id id, const json_t *request, const char **error)
{
    (void)id;
    (void)error;
    ck_assert_ptr_eq(daemon, &w);
    w.runs++;
    return json_pack("{s:O}", "text", json_object_get(request, "text"));
}

static json_t *run_fail(void *daemon, admin_id id, const json_t *request, const char **error)
{
    (void)daemon;
    (void)id;
    (void)request;
    *error = "no such link";
    return NULL;
}

static json_t *run_later(void *daemon, admin_id id, const json_t *request, const char **error)
{
    (void)daemon;
    (void)request;
    (void)error;
    w.pending = id;
    return ADMIN_PENDING;
}

static json_t *run_at_once(void *daemon, admin_id id, const json_t *request, const char **error)
{
    (void)daemon;
    (void)request;
    (void)error;
    admin_complete(w.admin, id, json_pack("{s:i}", "n", 1), NULL);
    return ADMIN_PENDING;
}

static json_t *run_big(void *daemon, admin_id id, const json_t *request, const char **error)
{
    (void)daemon;
    (void)id;
    (void)request;
    (void)error;
    w.runs++;
    char *text = malloc(BIG_LEN + 1);
    ck_assert_ptr_nonnull(text);
    memset(text, 'x', BIG_LEN);
    text[BIG_LEN] = '\0';
    json_t *answer = json_pack("{s:s}", "text", text);
    free(text);
    return answer;
}

static const struct admin_command commands[] = {
    {"echo", "say it again", run_echo},   {"fail", "say no", run_fail},
    {"later", "answer later", run_later}, {"at_once", "complete while running", run_at_once},
    {"big", "a long answer", run_big},    {NULL, NULL, NULL},
};

/* --- the world ---------------------------------------------------------------------------------
 */

static void world_open(void)
{
    memset(&w, 0, sizeof w);
    memcpy(w.folder, "/tmp/admin_test_XXXXXX", 23);
    ck_assert_ptr_nonnull(mkdtemp(w.folder));
    (void)snprintf(w.path, sizeof w.path, "%s/admin.sock", w.folder);
    ck_assert_int_eq(uv_loop_init(&w.loop), 0);
    ck_assert_int_eq(admin_open(&w.loop, w.path, commands, &w, &w.admin), 0);
}

static void world_close(void)
{
    if (w.admin != NULL) {
        admin_close(w.admin);
    }
    uv_run(&w.loop, UV_RUN_DEFAULT);
    ck_assert_int_eq(uv_loop_close(&w.loop), 0);
    ck_assert_int_ne(access(w.path, F_OK), 0);
    ck_assert_int_eq(rmdir(w.folder), 0);
}

/* What has been sent is in the kernel already: after these turns all of it was read and run. */
static void loop_settle(void)
{
    for (int turn = 0; turn < 50; turn++) {
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
}

static int client_open(void)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, w.path, strlen(w.path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void client_say(int fd, const char *text)
{
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

/* Turn the loop until a line has come; "" if the connection was closed first. Static memory. */
static const char *client_hear(int fd)
{
    static char line[512];
    size_t len = 0;
    for (int turn = 0; turn < TURNS_MAX; turn++) {
        uv_run(&w.loop, UV_RUN_NOWAIT);
        ssize_t got = read(fd, line + len, 1);
        if (got == 0) {
            return "";
        }
        ck_assert(got > 0 || errno == EAGAIN || errno == ECONNRESET);
        if (got < 0 && errno == ECONNRESET) {
            return "";
        }
        len += got > 0 ? 1 : 0;
        if (got > 0 && line[len - 1] == '\n') {
            line[len - 1] = '\0';
            return line;
        }
        ck_assert_uint_lt(len, sizeof line);
    }
    ck_abort_msg("nothing came");
    return NULL;
}

static const char *ask(int fd, const char *request)
{
    client_say(fd, request);
    return client_hear(fd);
}

#define REFUSED(text) "{\"v\":1,\"ok\":false,\"error\":\"" text "\"}"

/* --- tests -------------------------------------------------------------------------------------
 */

START_TEST(a_command_is_answered_on_one_line)
{
    world_open();
    int fd = client_open();
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"echo\",\"text\":\"a\\nb\"}\n"),
                     "{\"v\":1,\"ok\":true,\"text\":\"a\\nb\"}");
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"at_once\"}\n"), "{\"v\":1,\"ok\":true,\"n\":1}");
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"fail\"}\n"), REFUSED("no such link"));
    close(fd);
    world_close();
}
END_TEST

START_TEST(what_is_no_request_is_refused_and_the_next_one_served)
{
    world_open();
    int fd = client_open();
    ck_assert_str_eq(ask(fd, "hello\n"), REFUSED("the request is no JSON object"));
    ck_assert_str_eq(ask(fd, "\n"), REFUSED("the request is no JSON object"));
    ck_assert_str_eq(ask(fd, "[1]\n"), REFUSED("a request is an object with a text \\\"cmd\\\""));
    ck_assert_str_eq(ask(fd, "{\"cmd\":1}\n"),
                     REFUSED("a request is an object with a text \\\"cmd\\\""));
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"ech\"}\n"),
                     REFUSED("there is no command of this name, \\\"help\\\" lists them"));
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"echo\",\"cmd\":\"echo\"}\n"),
                     REFUSED("the request is no JSON object"));
    ck_assert_uint_eq(w.runs, 0);
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"echo\",\"text\":1}\n"),
                     "{\"v\":1,\"ok\":true,\"text\":1}");
    close(fd);
    world_close();
}
END_TEST

START_TEST(help_lists_the_commands)
{
    world_open();
    int fd = client_open();
    const char *answer = ask(fd, "{\"cmd\":\"help\"}\n");
    ck_assert_ptr_nonnull(strstr(answer, "{\"name\":\"fail\",\"help\":\"say no\"}"));
    close(fd);
    world_close();
}
END_TEST

START_TEST(requests_sent_ahead_are_answered_in_order)
{
    world_open();
    int fd = client_open();
    client_say(fd, "{\"cmd\":\"later\"}\n{\"cmd\":\"echo\",\"text\":2}\n{\"cmd\":\"ec");
    loop_settle();
    ck_assert_uint_eq(w.runs, 0); /* The second waits for the first. */
    admin_complete(w.admin, w.pending, json_pack("{s:i}", "text", 1), NULL);
    ck_assert_str_eq(client_hear(fd), "{\"v\":1,\"ok\":true,\"text\":1}");
    ck_assert_str_eq(client_hear(fd), "{\"v\":1,\"ok\":true,\"text\":2}");
    ck_assert_str_eq(ask(fd, "ho\",\"text\":3}\n"), "{\"v\":1,\"ok\":true,\"text\":3}");
    close(fd);
    world_close();
}
END_TEST

START_TEST(a_late_answer_for_a_client_that_left_is_dropped)
{
    world_open();
    int fd = client_open();
    client_say(fd, "{\"cmd\":\"later\"}\n");
    loop_settle();
    admin_id id = w.pending;
    client_say(fd, "{\"cmd\":\"fail\"}\n");
    close(fd);
    admin_complete(w.admin, id, NULL, "gone");
    for (int turn = 0; turn < TURNS_MAX && admin_client_count(w.admin) > 0; turn++) {
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    ck_assert_uint_eq(admin_client_count(w.admin), 0);
    /* The slot's next client asks nothing: the old id is not its. */
    fd = client_open();
    loop_settle();
    ck_assert_uint_eq(admin_client_count(w.admin), 1);
    client_say(fd, "{\"cmd\":\"later\"}\n");
    loop_settle();
    ck_assert(w.pending != id);
    admin_complete(w.admin, id, json_pack("{s:i}", "old", 1), NULL);
    admin_complete(w.admin, w.pending, NULL, "new");
    ck_assert_str_eq(client_hear(fd), REFUSED("new"));
    close(fd);
    world_close();
}
END_TEST

START_TEST(a_client_that_sends_its_end_is_answered_first)
{
    world_open();
    int fd = client_open();
    client_say(fd, "{\"cmd\":\"echo\",\"text\":1}\n{\"cmd\":\"echo\",\"text\":2}\nrest");
    ck_assert_int_eq(shutdown(fd, SHUT_WR), 0);
    ck_assert_str_eq(client_hear(fd), "{\"v\":1,\"ok\":true,\"text\":1}");
    ck_assert_str_eq(client_hear(fd), "{\"v\":1,\"ok\":true,\"text\":2}");
    ck_assert_str_eq(client_hear(fd), "");
    close(fd);
    world_close();
}
END_TEST

START_TEST(a_request_that_is_too_long_ends_the_client)
{
    world_open();
    int fd = client_open();
    static char filler[4096];
    memset(filler, 'x', sizeof filler);
    size_t sent = 0;
    for (int turn = 0; turn < TURNS_MAX && sent < ADMIN_REQUEST_LEN_MAX; turn++) {
        size_t want = ADMIN_REQUEST_LEN_MAX - sent < sizeof filler ? ADMIN_REQUEST_LEN_MAX - sent
                                                                   : sizeof filler;
        ssize_t got = write(fd, filler, want);
        sent += got > 0 ? (size_t)got : 0;
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    ck_assert_str_eq(client_hear(fd), "");
    close(fd);
    world_close();
}
END_TEST

START_TEST(the_seventeenth_client_is_told_and_refused)
{
    world_open();
    int fds[ADMIN_CLIENT_COUNT_MAX];
    for (int i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        fds[i] = client_open();
        ck_assert_str_eq(ask(fds[i], "{\"cmd\":\"echo\",\"text\":1}\n"),
                         "{\"v\":1,\"ok\":true,\"text\":1}");
    }
    int fd = client_open();
    ck_assert_str_eq(client_hear(fd), REFUSED("too many clients"));
    ck_assert_str_eq(client_hear(fd), "");
    close(fd);
    close(fds[3]);
    while (admin_client_count(w.admin) == ADMIN_CLIENT_COUNT_MAX) {
        uv_run(&w.loop, UV_RUN_NOWAIT);
    }
    uv_run(&w.loop, UV_RUN_NOWAIT);
    fds[3] = client_open();
    ck_assert_str_eq(ask(fds[3], "{\"cmd\":\"echo\",\"text\":1}\n"),
                     "{\"v\":1,\"ok\":true,\"text\":1}");
    for (int i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        close(fds[i]);
    }
    world_close();
}
END_TEST

START_TEST(a_client_that_does_not_read_is_closed)
{
    world_open();
    int fd = client_open();
    client_say(fd, "{\"cmd\":\"big\"}\n");
    while (w.runs == 0 || admin_client_count(w.admin) > 0) {
        uv_run(&w.loop, UV_RUN_ONCE);
    }
    /* What the kernel had taken is there, the rest is lost. */
    static char got[65536];
    size_t len = 0;
    for (ssize_t n = 1; n > 0; len += n > 0 ? (size_t)n : 0) {
        n = read(fd, got, sizeof got);
    }
    ck_assert_uint_lt(len, BIG_LEN);
    close(fd);
    world_close();
}
END_TEST

START_TEST(clients_that_do_not_read_are_closed_and_hold_no_place)
{
    int fds[ADMIN_CLIENT_COUNT_MAX];
    world_open();
    for (int i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        fds[i] = client_open();
        client_say(fds[i], "{\"cmd\":\"big\"}\n{\"cmd\":\"big\"}\n");
    }
    while (w.runs < ADMIN_CLIENT_COUNT_MAX || admin_client_count(w.admin) > 0) {
        uv_run(&w.loop, UV_RUN_ONCE);
    }
    ck_assert_uint_eq(w.runs, ADMIN_CLIENT_COUNT_MAX); /* none was served its second */
    uv_run(&w.loop, UV_RUN_NOWAIT);
    int fd = client_open();
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"echo\",\"text\":1}\n"),
                     "{\"v\":1,\"ok\":true,\"text\":1}");
    close(fd);
    for (int i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        close(fds[i]);
    }
    world_close();
}
END_TEST

START_TEST(a_client_that_asks_nothing_is_closed)
{
    world_open();
    int fd = client_open();
    uv_run(&w.loop, UV_RUN_ONCE);
    ck_assert_uint_eq(admin_client_count(w.admin), 1);
    while (admin_client_count(w.admin) > 0) {
        uv_run(&w.loop, UV_RUN_ONCE);
    }
    close(fd);
    world_close();
}
END_TEST

START_TEST(only_the_owner_may_open_the_socket)
{
    world_open();
    struct stat status;
    ck_assert_int_eq(stat(w.path, &status), 0);
    ck_assert(S_ISSOCK(status.st_mode));
    ck_assert_uint_eq(status.st_mode & 0777, 0600);
    world_close();
}
END_TEST

START_TEST(a_socket_in_use_is_left_alone)
{
    world_open();
    struct admin *second = NULL;
    ck_assert_int_eq(admin_open(&w.loop, w.path, commands, &w, &second), ERR_EXISTS);
    ck_assert_ptr_null(second);
    int fd = client_open();
    ck_assert_str_eq(ask(fd, "{\"cmd\":\"fail\"}\n"), REFUSED("no such link"));
    close(fd);
    world_close();
}
END_TEST

START_TEST(a_socket_left_behind_is_replaced)
{
    world_open();
    char other[64];
    (void)snprintf(other, sizeof other, "%s/old.sock", w.folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, other, strlen(other));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    close(fd); /* As a killed process leaves it. */
    struct admin *admin = NULL;
    ck_assert_int_eq(admin_open(&w.loop, other, commands, &w, &admin), 0);
    admin_close(admin);
    world_close();
}
END_TEST

START_TEST(a_file_that_is_no_socket_is_left_alone)
{
    world_open();
    char other[64];
    (void)snprintf(other, sizeof other, "%s/file", w.folder);
    int fd = open(other, O_CREAT | O_WRONLY | O_EXCL, 0600);
    ck_assert_int_ge(fd, 0);
    close(fd);
    struct admin *admin = NULL;
    ck_assert_int_eq(admin_open(&w.loop, other, commands, &w, &admin), ERR_EXISTS);
    ck_assert_int_eq(access(other, F_OK), 0);
    ck_assert_int_eq(unlink(other), 0);
    char path[200];
    memset(path, 'x', sizeof path);
    path[sizeof path - 1] = '\0';
    ck_assert_int_eq(admin_open(&w.loop, path, commands, &w, &admin), ERR_LENGTH);
    ck_assert_int_eq(admin_open(&w.loop, "/nowhere/at/all", commands, &w, &admin), ERR_IO);
    world_close();
}
END_TEST

SUITE_MAIN("admin", a_command_is_answered_on_one_line,
           what_is_no_request_is_refused_and_the_next_one_served, help_lists_the_commands,
           requests_sent_ahead_are_answered_in_order,
           a_late_answer_for_a_client_that_left_is_dropped,
           a_client_that_sends_its_end_is_answered_first,
           a_request_that_is_too_long_ends_the_client, the_seventeenth_client_is_told_and_refused,
           a_client_that_does_not_read_is_closed,
           clients_that_do_not_read_are_closed_and_hold_no_place,
           a_client_that_asks_nothing_is_closed, only_the_owner_may_open_the_socket,
           a_socket_in_use_is_left_alone, a_socket_left_behind_is_replaced,
           a_file_that_is_no_socket_is_left_alone)
