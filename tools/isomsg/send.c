/* isomsg send: one message to a peer, and its answer. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/net/address.h"
#include "tools/exit_code.h"
#include "tools/isomsg/draft.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/redact.h"
#include "tools/isomsg/show.h"

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the message -------------------------------------------------------------------------------
 */

/* From --from and the arguments into @out. Returns the exit code. */
static int message_make(const struct options *options, struct writer *out)
{
    struct draft *draft = NULL;
    uint8_t *text = NULL;
    size_t len = 0;
    size_t at = 0;
    int code = EXIT_GOOD;
    if (options->from != NULL && file_read(options->from, &text, &len) < 0) {
        fprintf(stderr, "isomsg: %s: %s\n", text_told(options->from), strerror(errno));
        return EXIT_IO;
    }
    if (draft_open(options->dialect, &draft) < 0) {
        fprintf(stderr, "isomsg: out of memory\n");
        code = EXIT_IO;
    } else if (text != NULL && draft_json(draft, options->from, (const char *)text, &at) != 1) {
        code = EXIT_INPUT;
    } else if (options->mti != NULL && draft_set(draft, "mti", span_text(options->mti)) < 0) {
        code = EXIT_CALLED_WRONG;
    }
    for (int i = 0; i < options->arg_count && code == EXIT_GOOD; i++) {
        code = draft_argument(draft, options->args[i]) < 0 ? EXIT_CALLED_WRONG : code;
    }
    if (code == EXIT_GOOD && draft_write(draft, out) < 0) {
        code = EXIT_CALLED_WRONG;
    }
    if (text != NULL) {
        bytes_wipe(text, len);
    }
    free(text);
    draft_close(draft);
    return code;
}

/* --- the wire ----------------------------------------------------------------------------------
 */

/* Wait until @fd is ready for @events; ERR_NOT_FOUND when the time is up. */
static int fd_await(int fd, short events, int64_t until_ms)
{
    struct pollfd wait = {fd, events, 0};
    for (;;) {
        int64_t left = until_ms - now_ms();
        int ready = left <= 0 ? 0 : poll(&wait, 1, (int)left);
        if (ready > 0) {
            return 0;
        }
        if (ready == 0) {
            return ERR_NOT_FOUND;
        }
        if (errno != EINTR) {
            return ERR_IO;
        }
    }
}

static int peer_connect(const struct sockaddr_storage *address, int64_t until_ms, int *out)
{
    socklen_t len =
        address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0) {
        return ERR_IO;
    }
    *out = fd;
    if (connect(fd, (const struct sockaddr *)address, len) == 0) {
        return 0;
    }
    if (errno != EINPROGRESS) {
        return ERR_CONNECT;
    }
    TRY(fd_await(fd, POLLOUT, until_ms));
    int reason = 0;
    socklen_t size = sizeof reason;
    (void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &reason, &size);
    errno = reason;
    return reason == 0 ? 0 : ERR_CONNECT;
}

static int peer_write(int fd, struct span bytes, int64_t until_ms)
{
    while (bytes.len > 0) {
        ssize_t sent = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL);
        if (sent >= 0) {
            bytes = span_skip(bytes, (size_t)sent);
        } else if (errno == EAGAIN) {
            TRY(fd_await(fd, POLLOUT, until_ms));
        } else if (errno != EINTR) {
            return ERR_CLOSED;
        }
    }
    return 0;
}

/* Read until a whole message is there (keep-alives are passed over). @message borrows a static. */
static int peer_read(int fd, const struct framing *framing, int64_t until_ms, struct span *message)
{
    static uint8_t in[4 * FRAME_LEN_MAX];
    size_t len = 0;
    size_t used = 0;
    for (;;) {
        struct reader reader = reader_make(span_make(in + used, len - used));
        struct span tpdu;
        int result = frame_next(framing, &reader, &tpdu, message);
        used += reader_offset(&reader);
        if (result < 0 || (result == 1 && message->len > 0)) {
            return result;
        }
        if (result == 1) {
            continue;
        }
        if (len == sizeof in) {
            return ERR_FRAME_LENGTH;
        }
        TRY(fd_await(fd, POLLIN, until_ms));
        ssize_t got = recv(fd, in + len, sizeof in - len, 0);
        if (got > 0) {
            len += (size_t)got;
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            return ERR_CLOSED;
        }
    }
}

static int exchange(const struct options *options, const struct sockaddr_storage *address,
                    struct span tpdu, struct span wire, struct span *answer)
{
    uint8_t frame[FRAME_HEAD_LEN_MAX + FRAME_LEN_MAX + 1];
    struct writer out = writer_make(frame, sizeof frame);
    TRY(frame_write(options->framing, tpdu, wire, &out));
    int64_t until_ms = now_ms() + options->timeout_ms;
    int fd = -1;
    int err = peer_connect(address, until_ms, &fd);
    err = err < 0 ? err : peer_write(fd, writer_written(&out), until_ms);
    err = err < 0 ? err : peer_read(fd, options->framing, until_ms, answer);
    if (fd >= 0) {
        int reason = errno;
        (void)close(fd);
        errno = reason;
    }
    return err;
}

/* Say what went wrong; the exit code. */
static int exchange_failed(const struct options *options, int err)
{
    switch (err) {
    case ERR_NOT_FOUND:
        fprintf(stderr, "isomsg: no answer from %s within %u ms\n", options->connect,
                options->timeout_ms);
        return EXIT_TIMEOUT;
    case ERR_CONNECT:
        fprintf(stderr, "isomsg: %s: %s\n", options->connect, strerror(errno));
        return EXIT_CONNECT;
    case ERR_CLOSED:
        fprintf(stderr, "isomsg: %s closed the connection without an answer\n", options->connect);
        return EXIT_CONNECT;
    case ERR_IO:
        fprintf(stderr, "isomsg: %s\n", strerror(errno));
        return EXIT_IO;
    default:
        fprintf(stderr, "isomsg: %s (framing %s)\n", err_text(err), options->framing->name);
        return EXIT_BAD;
    }
}

/* What is to be sent into @wire; the exit code. */
static int wire_make(const struct options *options, struct span *wire)
{
    static uint8_t room[FRAME_LEN_MAX];
    struct writer out = writer_make(room, sizeof room);
    if (options->hex_count > 0) {
        if (options->hex_count > 1 || options->arg_count > 0 || options->from != NULL ||
            input_hex(options->hex[0], wire) < 0) {
            fprintf(stderr, "isomsg: --hex takes an even number of hex digits, and no fields\n");
            return EXIT_CALLED_WRONG;
        }
        return EXIT_GOOD;
    }
    int code = message_make(options, &out);
    *wire = writer_written(&out);
    return code;
}

int send_run(const struct options *options)
{
    struct sockaddr_storage address;
    struct span wire;
    struct span answer;
    struct span tpdu = SPAN_NONE;
    if (options->framing->file) {
        fprintf(stderr, "isomsg: --frame is needed, `%s` does not end on a stream\n",
                options->framing->name);
        return EXIT_CALLED_WRONG;
    }
    if (options->connect == NULL || address_parse(options->connect, &address) < 0) {
        fprintf(stderr, "isomsg: --connect ADDRESS:PORT (numeric) is needed\n");
        return EXIT_CALLED_WRONG;
    }
    if (options->tpdu != NULL &&
        (input_hex(options->tpdu, &tpdu) < 0 || tpdu.len != options->framing->tpdu)) {
        fprintf(stderr, "isomsg: --tpdu: hex of %u bytes is needed in framing %s\n",
                (unsigned)options->framing->tpdu, options->framing->name);
        return EXIT_CALLED_WRONG;
    }
    int code = wire_make(options, &wire);
    if (code != EXIT_GOOD) {
        return code;
    }
    int err = exchange(options, &address, tpdu, wire, &answer);
    if (err < 0) {
        return exchange_failed(options, err);
    }
    struct show show = show_decode(options->dialect, answer, options->unmask);
    (options->json ? show_json : show_text)(&show);
    return show.error != NULL ? EXIT_BAD : EXIT_GOOD;
}
