#include "switch/edge/admin.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "iso8583/base/bytes.h"

enum { ADMIN_VERSION = 1, BACKLOG = 16 };

struct client {
    uv_pipe_t pipe;
    uv_timer_t timer; /* of what is awaited from the client: a request, or taking the answer */
    uv_write_t write;
    struct admin *admin;
    char *answer; /* being written; NULL: none */
    uint32_t index;
    uint32_t generation;
    uint32_t handles; /* that are not closed yet; 0: the slot is free */
    bool pending;     /* a command answers later */
    bool closing;
    bool ended; /* the peer sends no more; what it asked is answered all the same */
    size_t len;
    char in[ADMIN_REQUEST_LEN_MAX];
};

struct admin {
    uv_loop_t *loop;
    uv_pipe_t pipe;
    const struct admin_command *commands;
    void *daemon;
    bool closing;
    bool pipe_closed;
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    struct client clients[ADMIN_CLIENT_COUNT_MAX];
};

static void client_serve(struct client *client);

/* --- closing ------------------------------------------------------------------------------------
 */

static void free_if_closed(struct admin *admin)
{
    bool is_open = !admin->closing || !admin->pipe_closed;
    for (uint32_t i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        is_open = is_open || admin->clients[i].handles != 0;
    }
    if (!is_open) {
        free(admin);
    }
}

static void on_client_closed(uv_handle_t *handle)
{
    struct client *client = handle->data;
    client->handles--;
    if (client->handles == 0) {
        client->generation++;
        free(client->answer);
        client->answer = NULL;
        free_if_closed(client->admin);
    }
}

static void client_close(struct client *client)
{
    if (!client->closing) {
        client->closing = true;
        uv_close((uv_handle_t *)&client->pipe, on_client_closed);
        uv_close((uv_handle_t *)&client->timer, on_client_closed);
    }
}

static void on_patience_ended(uv_timer_t *timer)
{
    client_close(timer->data);
}

static void client_await(struct client *client, uint64_t wait_ms)
{
    CHECK(uv_timer_start(&client->timer, on_patience_ended, wait_ms, 0) == 0);
}

/* --- answers -----------------------------------------------------------------------------------
 */

static void on_written(uv_write_t *write, int status)
{
    struct client *client = write->data;
    free(client->answer);
    client->answer = NULL;
    if (status < 0) {
        client_close(client);
        return;
    }
    if (!client->closing) {
        client_await(client, ADMIN_IDLE_MS);
        client_serve(client);
    }
}

/* @text with a newline, malloc'ed, in place of @text. */
static char *line_make(char *text, size_t *len)
{
    *len = text == NULL ? 0 : strlen(text);
    char *line = text == NULL ? NULL : realloc(text, *len + 1);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    line[(*len)++] = '\n'; /* In place of the NUL: it is sent, not printed. */
    return line;
}

/* Send the members of @body (taken over, may be NULL) as the answer. */
static void client_answer(struct client *client, json_t *body, const char *error)
{
    CHECK(client->answer == NULL);
    json_t *answer = json_pack("{s:i, s:b}", "v", ADMIN_VERSION, "ok", body != NULL);
    if (body != NULL) {
        (void)json_object_update_missing(answer, body);
        json_decref(body);
    } else {
        json_t *text = json_string(error);
        (void)json_object_set_new(answer, "error", text != NULL ? text : json_string("failed"));
    }
    size_t len = 0;
    client->answer = line_make(json_dumps(answer, JSON_COMPACT), &len);
    json_decref(answer);
    client->write.data = client;
    uv_buf_t buf = uv_buf_init(client->answer, (unsigned)len);
    if (client->answer == NULL ||
        uv_write(&client->write, (uv_stream_t *)&client->pipe, &buf, 1, on_written) != 0) {
        client_close(client);
        return;
    }
    client_await(client, ADMIN_WRITE_MS);
}

static json_t *help_make(const struct admin_command *commands)
{
    json_t *list = json_array();
    for (; commands->name != NULL; commands++) {
        (void)json_array_append_new(
            list, json_pack("{s:s, s:s}", "name", commands->name, "help", commands->help));
    }
    return json_pack("{s:o}", "commands", list);
}

static admin_id id_of(const struct client *client)
{
    return (admin_id)client->generation << 32 | client->index;
}

static void command_run(struct client *client, const json_t *request)
{
    struct admin *admin = client->admin;
    const char *name = json_string_value(json_object_get(request, "cmd"));
    if (name == NULL) {
        client_answer(client, NULL, "a request is an object with a text \"cmd\"");
        return;
    }
    if (strcmp(name, "help") == 0) {
        client_answer(client, help_make(admin->commands), NULL);
        return;
    }
    const struct admin_command *command = admin->commands;
    while (command->name != NULL && strcmp(command->name, name) != 0) {
        command++;
    }
    if (command->name == NULL) {
        client_answer(client, NULL, "there is no command of this name, \"help\" lists them");
        return;
    }
    const char *error = "it cannot be done";
    client->pending = true; /* The command may complete before it returns. */
    json_t *answer = command->run(admin->daemon, id_of(client), request, &error);
    if (!json_is_null(answer) || answer == NULL) {
        client->pending = false;
        client_answer(client, answer, error);
    }
}

void admin_complete(struct admin *admin, admin_id id, json_t *answer, const char *error)
{
    uint32_t index = (uint32_t)id;
    CHECK(index < ADMIN_CLIENT_COUNT_MAX);
    struct client *client = &admin->clients[index];
    bool is_there = client->handles != 0 && !client->closing && client->pending &&
                    client->generation == (uint32_t)(id >> 32);
    if (!is_there) {
        json_decref(answer);
        return;
    }
    client->pending = false;
    client_answer(client, answer, error == NULL ? "it cannot be done" : error);
}

/* --- requests ----------------------------------------------------------------------------------
 */

static void line_run(struct client *client, const char *line, size_t len)
{
    json_error_t error;
    json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (request == NULL) {
        client_answer(client, NULL, "the request is no JSON object");
        return;
    }
    command_run(client, request);
    json_decref(request);
}

/* Run the next whole line of the client, if none is in hand. Never two at a time: the answer's
 * callback comes back here. */
static void client_serve(struct client *client)
{
    if (client->answer != NULL || client->pending || client->closing) {
        return;
    }
    char *end = memchr(client->in, '\n', client->len);
    if (end == NULL) {
        bool is_lost = client->ended || client->len == sizeof client->in;
        if (is_lost) {
            client_close(client);
        }
        return;
    }
    size_t taken = (size_t)(end - client->in) + 1;
    uv_timer_stop(&client->timer); /* Now they wait for us. */
    line_run(client, client->in, taken - 1);
    client->len -= taken;
    memmove(client->in, client->in + taken, client->len);
}

static void on_room_asked(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    (void)suggested;
    struct client *client = handle->data;
    *buf = uv_buf_init(client->in + client->len, (unsigned)(sizeof client->in - client->len));
}

static void on_bytes(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    (void)buf;
    struct client *client = stream->data;
    if (count > 0) {
        client->len += (size_t)count;
    } else if (count == UV_EOF) {
        client->ended = true;
        (void)uv_read_stop(stream);
    } else if (count < 0) { /* UV_ENOBUFS: more was sent ahead than there is room for. */
        client_close(client);
        return;
    }
    client_serve(client);
}

/* --- clients -----------------------------------------------------------------------------------
 */

static struct client *client_acquire(struct admin *admin)
{
    for (uint32_t i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        if (admin->clients[i].handles == 0) {
            return &admin->clients[i];
        }
    }
    return NULL;
}

/* Nobody else would take it from the queue, and the client would wait. */
static void refuse(uv_stream_t *listener)
{
    uv_pipe_t *pipe = malloc(sizeof *pipe);
    if (pipe == NULL || uv_pipe_init(listener->loop, pipe, 0) != 0) {
        free(pipe);
        return;
    }
    if (uv_accept(listener, (uv_stream_t *)pipe) == 0) {
        static char text[] = "{\"v\":1,\"ok\":false,\"error\":\"too many clients\"}\n";
        uv_buf_t buf = uv_buf_init(text, sizeof text - 1);
        (void)uv_try_write((uv_stream_t *)pipe, &buf, 1);
    }
    uv_close((uv_handle_t *)pipe, (uv_close_cb)free);
}

static void on_connection(uv_stream_t *listener, int status)
{
    struct admin *admin = listener->data;
    if (status < 0 || admin->closing) {
        return;
    }
    struct client *client = client_acquire(admin);
    if (client == NULL) {
        refuse(listener);
        return;
    }
    uint32_t generation = client->generation;
    uint32_t index = (uint32_t)(client - admin->clients);
    memset(client, 0, offsetof(struct client, in));
    client->admin = admin;
    client->index = index;
    client->generation = generation;
    client->handles = 2;
    client->pipe.data = client;
    client->timer.data = client;
    CHECK(uv_pipe_init(admin->loop, &client->pipe, 0) == 0);
    CHECK(uv_timer_init(admin->loop, &client->timer) == 0);
    if (uv_accept(listener, (uv_stream_t *)&client->pipe) != 0 ||
        uv_read_start((uv_stream_t *)&client->pipe, on_room_asked, on_bytes) != 0) {
        client_close(client);
        return;
    }
    client_await(client, ADMIN_IDLE_MS);
}

uint32_t admin_client_count(const struct admin *admin)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        count += admin->clients[i].handles != 0 && !admin->clients[i].closing;
    }
    return count;
}

/* --- the socket --------------------------------------------------------------------------------
 */

/* A socket file whose process is gone may be removed; anything else may not. */
static int stale_remove(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0) {
        return errno == ENOENT ? 0 : ERR_IO;
    }
    if (!S_ISSOCK(status.st_mode)) {
        return ERR_EXISTS;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    int result = connect(fd, (const struct sockaddr *)address, sizeof *address);
    bool is_stale = result != 0 && errno == ECONNREFUSED;
    (void)close(fd);
    if (!is_stale) {
        return ERR_EXISTS;
    }
    return unlink(address->sun_path) == 0 ? 0 : ERR_IO;
}

/* A bound socket that only its owner may connect to, from its first moment on: Linux takes the mode
 * of the file from that of the descriptor. */
static int socket_bind(const struct sockaddr_un *address, int *out)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    if (fchmod(fd, 0600) != 0 || bind(fd, (const struct sockaddr *)address, sizeof *address) != 0) {
        int reason = errno;
        (void)close(fd);
        errno = reason;
        return ERR_IO;
    }
    *out = fd;
    return 0;
}

static void on_listener_closed(uv_handle_t *handle)
{
    struct admin *admin = handle->data;
    admin->pipe_closed = true;
    free_if_closed(admin);
}

int admin_open(uv_loop_t *loop, const char *path, const struct admin_command *commands,
               void *daemon, struct admin **out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    static_assert(sizeof address.sun_path == ADMIN_PATH_LEN_MAX + 1, "the path of a socket");
    if (strlen(path) > ADMIN_PATH_LEN_MAX) {
        return ERR_LENGTH;
    }
    memcpy(address.sun_path, path, strlen(path));
    (void)signal(SIGPIPE, SIG_IGN); /* A client that left is an error of its write. */
    TRY(stale_remove(&address));
    struct admin *admin = calloc(1, sizeof *admin);
    if (admin == NULL) {
        return ERR_MEMORY;
    }
    admin->loop = loop;
    admin->commands = commands;
    admin->daemon = daemon;
    memcpy(admin->path, address.sun_path, sizeof admin->path);
    int fd = -1;
    int err = socket_bind(&address, &fd);
    if (err < 0) {
        free(admin);
        return err;
    }
    CHECK(uv_pipe_init(loop, &admin->pipe, 0) == 0);
    admin->pipe.data = admin;
    if (uv_pipe_open(&admin->pipe, fd) != 0 ||
        uv_listen((uv_stream_t *)&admin->pipe, BACKLOG, on_connection) != 0) {
        int reason = errno;
        admin_close(admin);
        errno = reason;
        return ERR_IO;
    }
    *out = admin;
    return 0;
}

void admin_close(struct admin *admin)
{
    CHECK(!admin->closing);
    admin->closing = true;
    (void)unlink(admin->path);
    uv_close((uv_handle_t *)&admin->pipe, on_listener_closed);
    for (uint32_t i = 0; i < ADMIN_CLIENT_COUNT_MAX; i++) {
        if (admin->clients[i].handles != 0) {
            client_close(&admin->clients[i]);
        }
    }
}
