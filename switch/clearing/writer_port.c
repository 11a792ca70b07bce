#include "switch/clearing/writer_port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "switch/store/kv_lmdb.h"
#include "switch/store/store.h"

enum {
    PORT_WAIT_S = 60,
    PORT_LINE_LEN_MAX = 4096,
    WHY_LEN = 256,
    QUEUE_MAX = 16,
    PATH_MAX_LEN = 512,
    LOCK_TRIES = 60,
    LOCK_WAIT_NS = 50000000,
};

struct port {
    struct writer_port base;
    struct book *book;   /* direct */
    struct store *store; /* direct, and ours to close */
    int fd;              /* admin */
};

static struct port *port_of(struct writer_port *base)
{
    return (struct port *)(void *)base;
}

static int fail(char why[WHY_LEN], int err, const char *what)
{
    (void)snprintf(why, WHY_LEN, "%s: %s", what, err == ERR_IO ? strerror(errno) : err_text(err));
    return err;
}

/* ---- direct ---- */

static void answer_take(void *context, const struct book_answer *answer)
{
    *(struct book_answer *)context = *answer;
}

static int direct_submit(struct writer_port *base, const struct book_request *request,
                         struct book_answer *answer)
{
    int rc = book_execute(port_of(base)->book, request, 1, answer_take, answer);
    return rc < 0 ? fail(base->why, rc, "the store did not take it") : 0;
}

static void direct_close(struct writer_port *base)
{
    struct port *port = port_of(base);
    if (port->store != NULL) {
        store_close(port->store);
    }
    free(port);
}

int writer_port_book(struct kv *kv, struct book *book, struct writer_port **out)
{
    struct port *port = calloc(1, sizeof *port);
    if (port == NULL) {
        return ERR_MEMORY;
    }
    port->base = (struct writer_port){
        .name = "direct", .kv = kv, .submit = direct_submit, .close = direct_close};
    port->book = book;
    port->fd = -1;
    *out = &port->base;
    return 0;
}

/* ---- admin ---- */

static void day_text(uint32_t day, char out[11])
{
    (void)snprintf(out, 11, "%04u-%02u-%02u", day / 10000 % 10000, day / 100 % 100, day % 100);
}

/* "2026-11-20" to 20261120; 0 if it is not of that form. */
static uint32_t day_number(const char *text)
{
    uint32_t day = 0;
    for (size_t i = 0; i < 10; i++) {
        if (i == 4 || i == 7 ? text[i] != '-' : !byte_is_digit((uint8_t)text[i])) {
            return 0;
        }
        day = text[i] == '-' ? day : day * 10 + (uint32_t)(text[i] - '0');
    }
    return text[10] == '\0' ? day : 0;
}

int writer_port_encode(const struct book_request *request, struct writer *out)
{
    static const char *const steps[] = {
        [FILE_ASSIGN] = "assign", [FILE_BUILT] = "built", [FILE_PUBLISHED] = "published"};
    char day[11];
    char hash[65] = {0};
    day_text(request->day, day);
    json_t *root =
        json_pack("{s:s, s:s, s:s}", "cmd", "book", "op", book_op_name(request->op), "day", day);
    if (request->op == BOOK_FILE) {
        (void)json_object_set_new(root, "step", json_string(steps[request->file_step]));
        if (request->file_step != FILE_ASSIGN) {
            (void)json_object_set_new(root, "file_seq",
                                      json_integer((json_int_t)request->file_seq));
        }
        if (request->file_step == FILE_BUILT) {
            hex_encode(span_make(request->file_hash, 32), (uint8_t *)hash);
            (void)json_object_set_new(root, "bytes", json_integer((json_int_t)request->file_bytes));
            (void)json_object_set_new(root, "count", json_integer((json_int_t)request->file_count));
            (void)json_object_set_new(root, "sha256", json_string(hash));
        }
    }
    char *text = root == NULL ? NULL : json_dumps(root, JSON_COMPACT);
    json_decref(root);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    writer_text(out, text);
    writer_u8(out, '\n');
    free(text);
    return out->overflow ? ERR_SPACE : 0;
}

static int answer_unpack(json_t *root, struct book_answer *answer, char why[WHY_LEN])
{
    int ok = 0;
    const char *error = "no reason is given";
    const char *result = "";
    const char *code = "";
    const char *day = "";
    json_int_t file_seq = 0;
    json_int_t created_ms = 0;
    if (json_unpack(root, "{s:b, s?s, s?s, s?s, s?s, s?I, s?I}", "ok", &ok, "error", &error,
                    "result", &result, "code", &code, "day", &day, "file_seq", &file_seq,
                    "created_ms", &created_ms) != 0) {
        return fail(why, ERR_FORMAT, "the daemon's answer");
    }
    if (!ok) {
        (void)snprintf(why, WHY_LEN, "the daemon refused: %s", error);
        return ERR_CONNECT;
    }
    memset(answer, 0, sizeof *answer);
    answer->result = BOOK_RESULT_COUNT;
    for (unsigned i = 0; i < BOOK_RESULT_COUNT; i++) {
        if (strcmp(book_result_name((enum book_result)i), result) == 0) {
            answer->result = (enum book_result)i;
        }
    }
    if (answer->result == BOOK_RESULT_COUNT || strlen(code) >= sizeof answer->code) {
        return fail(why, ERR_FORMAT, "the daemon's answer");
    }
    memcpy(answer->code, code, strlen(code) + 1);
    answer->day = day_number(day);
    answer->file_seq = (uint64_t)file_seq;
    answer->file_created_ms = (uint64_t)created_ms;
    return 0;
}

int writer_port_decode(struct span line, struct book_answer *answer, char why[WHY_LEN])
{
    json_t *root = json_loadb((const char *)line.ptr, line.len, 0, NULL);
    int rc = root == NULL ? fail(why, ERR_FORMAT, "the daemon's answer")
                          : answer_unpack(root, answer, why);
    json_decref(root);
    return rc;
}

static int line_send(int fd, struct span line)
{
    while (line.len > 0) {
        ssize_t sent = send(fd, line.ptr, line.len, MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            return ERR_IO;
        }
        line = span_skip(line, (size_t)sent);
    }
    return 0;
}

/* One line into @buffer, without its end. */
static int line_receive(int fd, uint8_t *buffer, size_t cap, struct span *line)
{
    size_t len = 0;
    while (len < cap) {
        ssize_t got = recv(fd, buffer + len, cap - len, 0);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ERR_IO;
        }
        if (got == 0) {
            return ERR_CLOSED;
        }
        len += (size_t)got;
        if (buffer[len - 1] == '\n') {
            *line = span_make(buffer, len - 1);
            return 0;
        }
    }
    return ERR_LENGTH;
}

static int admin_submit(struct writer_port *base, const struct book_request *request,
                        struct book_answer *answer)
{
    struct port *port = port_of(base);
    uint8_t bytes[PORT_LINE_LEN_MAX];
    struct writer line = writer_make(bytes, sizeof bytes);
    struct span reply;
    TRY(writer_port_encode(request, &line));
    int rc = line_send(port->fd, writer_written(&line));
    rc = rc == 0 ? line_receive(port->fd, bytes, sizeof bytes, &reply) : rc;
    return rc < 0 ? fail(base->why, rc, "the daemon's admin socket")
                  : writer_port_decode(reply, answer, base->why);
}

static void admin_close(struct writer_port *base)
{
    struct port *port = port_of(base);
    (void)close(port->fd);
    kv_lmdb_close(base->kv);
    free(port);
}

static int admin_connect(const char *path, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct timeval wait = {.tv_sec = PORT_WAIT_S};
    if (strlen(path) >= sizeof address.sun_path) {
        return ERR_CONNECT;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return ERR_CONNECT;
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0) {
        (void)close(fd);
        return ERR_CONNECT;
    }
    *out = fd;
    return 0;
}

static int admin_open(const char *data, const char *socket_path, struct port *port,
                      char why[WHY_LEN])
{
    char path[PATH_MAX_LEN];
    int len = socket_path != NULL ? snprintf(path, sizeof path, "%s", socket_path)
                                  : snprintf(path, sizeof path, "%s/admin.sock", data);
    if (len < 0 || (size_t)len >= sizeof path || admin_connect(path, &port->fd) != 0) {
        (void)snprintf(why, WHY_LEN,
                       "another process has the store, and no daemon answers at the admin socket");
        return ERR_CONNECT;
    }
    int rc = kv_lmdb_open_readonly(data, &port->base.kv);
    if (rc < 0) {
        (void)close(port->fd);
        return fail(why, rc, data);
    }
    port->base.name = "admin";
    port->base.submit = admin_submit;
    port->base.close = admin_close;
    return 0;
}

/* The daemon's own limits do not matter here: one request at a time. */
static int direct_open(const char *data, struct port *port, char why[WHY_LEN])
{
    struct kv *kv = NULL;
    int rc = kv_lmdb_open_readonly(data, &kv);
    if (rc < 0) {
        return fail(why, rc, data);
    }
    struct store_settings settings = {.path = data,
                                      .map_bytes = kv_lmdb_map_bytes(kv),
                                      .queue_max = QUEUE_MAX,
                                      .batch_max = QUEUE_MAX,
                                      .book = BOOK_SETTINGS_DEFAULT};
    kv_lmdb_close(kv);
    rc = store_open(&settings, &port->store);
    if (rc == ERR_EXISTS) {
        return rc;
    }
    if (rc < 0) {
        return fail(why, rc, data);
    }
    port->base.name = "direct";
    port->base.kv = store_kv(port->store);
    port->base.submit = direct_submit;
    port->base.close = direct_close;
    port->book = store_book(port->store);
    return 0;
}

int writer_port_open(const char *data, const char *socket_path, struct writer_port **out,
                     char why[WHY_LEN])
{
    struct port *port = calloc(1, sizeof *port);
    if (port == NULL) {
        return fail(why, ERR_MEMORY, data);
    }
    port->fd = -1;
    /* Who has the store and does not answer may be a daemon that is starting, or a process that was
     * killed and whose lock the kernel has not taken away yet. */
    static const struct timespec pause = {.tv_nsec = LOCK_WAIT_NS};
    int rc = direct_open(data, port, why);
    for (int tries = 0; rc == ERR_EXISTS; tries++) {
        rc = admin_open(data, socket_path, port, why);
        if (rc != ERR_CONNECT || tries == LOCK_TRIES) {
            break;
        }
        (void)nanosleep(&pause, NULL);
        rc = direct_open(data, port, why);
    }
    if (rc < 0) {
        free(port);
        return rc;
    }
    *out = &port->base;
    return 0;
}
