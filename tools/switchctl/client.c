#include "tools/switchctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/base/bytes.h"

enum { ANSWER_LEN_MAX = 64 << 20 };

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int fd_await(int fd, short events, int64_t until_ms)
{
    for (;;) {
        struct pollfd wait = {fd, events, 0};
        int64_t left = until_ms - now_ms();
        int ready = left <= 0 ? 0 : poll(&wait, 1, (int)left);
        if (ready >= 0) {
            return ready > 0 ? 0 : ERR_NOT_FOUND;
        }
        if (errno != EINTR) {
            return ERR_IO;
        }
    }
}

static int socket_connect(const char *path, int64_t until_ms, int *out)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return ERR_CONNECT;
    }
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    *out = fd;
    /* EAGAIN: the daemon's queue is full at the moment; it empties it each loop turn. */
    while (connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        if (errno != EAGAIN) {
            return ERR_CONNECT;
        }
        if (now_ms() >= until_ms) {
            return ERR_NOT_FOUND;
        }
        struct timespec moment = {0, 10000000};
        (void)nanosleep(&moment, NULL);
    }
    return 0;
}

static int line_write(int fd, const char *text, int64_t until_ms)
{
    struct span rest = span_text(text);
    while (rest.len > 0) {
        ssize_t sent = send(fd, rest.ptr, rest.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            rest = span_skip(rest, (size_t)sent);
        } else if (errno == EAGAIN) {
            TRY(fd_await(fd, POLLOUT, until_ms));
        } else if (errno != EINTR) {
            /* Refused for too many clients: what it said is still to be read. */
            return errno == EPIPE || errno == ECONNRESET ? 0 : ERR_IO;
        }
    }
    return 0;
}

/* A whole line, malloc'ed. */
static int line_read(int fd, int64_t until_ms, char **out, size_t *out_len)
{
    size_t cap = 1 << 16;
    size_t len = 0;
    *out = malloc(cap);
    while (*out != NULL) {
        ssize_t got = recv(fd, *out + len, cap - len, 0);
        if (got > 0) {
            len += (size_t)got;
            if ((*out)[len - 1] == '\n') {
                *out_len = len - 1;
                return 0;
            }
        } else if (got == 0 || errno == ECONNRESET) {
            return ERR_CLOSED;
        } else if (errno == EAGAIN) {
            TRY(fd_await(fd, POLLIN, until_ms));
        } else if (errno != EINTR) {
            return ERR_IO;
        }
        if (len == cap) {
            char *larger = cap >= ANSWER_LEN_MAX ? NULL : realloc(*out, 2 * cap);
            if (larger == NULL) {
                return cap >= ANSWER_LEN_MAX ? ERR_LENGTH : ERR_MEMORY;
            }
            *out = larger;
            cap *= 2;
        }
    }
    return ERR_MEMORY;
}

static int answer_parse(const char *line, size_t len, json_t **answer)
{
    json_error_t error;
    *answer = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(*answer)) {
        json_decref(*answer);
        *answer = NULL;
        return ERR_FORMAT;
    }
    return 0;
}

int client_ask(const char *path, const json_t *request, uint32_t timeout_ms, json_t **answer)
{
    int64_t until_ms = now_ms() + timeout_ms;
    char *question = json_dumps(request, JSON_COMPACT);
    char *line = NULL;
    size_t len = 0;
    int fd = -1;
    int err = question == NULL ? ERR_MEMORY : socket_connect(path, until_ms, &fd);
    err = err < 0 ? err : line_write(fd, question, until_ms);
    err = err < 0 ? err : line_write(fd, "\n", until_ms);
    err = err < 0 ? err : line_read(fd, until_ms, &line, &len);
    err = err < 0 ? err : answer_parse(line, len, answer);
    int reason = errno;
    if (fd >= 0) {
        (void)close(fd);
    }
    free(line);
    free(question);
    errno = reason;
    return err;
}
