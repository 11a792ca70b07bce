/* isomsg send: one message to a peer, and its answer. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/mti.h"
#include "iso8583/net/address.h"
#include "tools/exit_code.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/show.h"

enum { FIELD_COUNT_MAX = 128 };

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* --- the message -------------------------------------------------------------------------------
 */

/* One "DE=VALUE" into @msg; binary fields are hex. Borrows @text or @room. */
static int field_set(const struct options *options, const char *text, struct writer *room,
                     struct iso_msg *msg)
{
    const char *equals = strchr(text, '=');
    uint64_t de = 0;
    if (equals == NULL || span_number(span_make(text, (size_t)(equals - text)), &de) < 0 ||
        de < 2 || de > ISO_DE_MAX || strlen(equals + 1) > UINT16_MAX) {
        fprintf(stderr, "isomsg: '%.20s' is not DE=VALUE\n", text);
        return ERR_USAGE;
    }
    struct span value = span_text(equals + 1);
    if (options->dialect->field[de].content == ISO_B) {
        uint8_t *to = writer_room(room, value.len / 2);
        if (to == NULL || hex_decode(value, to) < 0) {
            fprintf(stderr, "isomsg: DE%u takes an even number of hex digits\n", (unsigned)de);
            return ERR_USAGE;
        }
        value = span_make(to, value.len / 2);
    }
    iso_set(msg, (unsigned)de, value);
    return 0;
}

static int message_make(const struct options *options, struct writer *out)
{
    static uint8_t bytes[FRAME_LEN_MAX];
    struct writer room = writer_make(bytes, sizeof bytes);
    struct iso_msg msg;
    struct iso_error error = {0};
    uint16_t mti = 0;
    if (options->mti != NULL && strlen(options->mti) == 4) {
        mti = mti_parse((const uint8_t *)options->mti);
    }
    if (mti == 0) {
        fprintf(stderr, "isomsg: --mti (like 0800) or --hex is needed\n");
        return ERR_USAGE;
    }
    iso_init(&msg, mti);
    for (int i = 0; i < options->arg_count; i++) {
        TRY(field_set(options, options->args[i], &room, &msg));
    }
    if (iso_encode(&msg, options->dialect, out, &error) < 0) {
        char text[ISO_TEXT_LEN_MAX];
        fprintf(stderr, "isomsg: %s\n",
                iso_error_text(&error, options->dialect, text, sizeof text));
        return ERR_USAGE;
    }
    return 0;
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
                    struct span wire, struct span *answer)
{
    uint8_t frame[FRAME_HEAD_LEN_MAX + FRAME_LEN_MAX + 1];
    struct writer out = writer_make(frame, sizeof frame);
    uint8_t head[FRAME_HEAD_LEN_MAX];
    int head_len = frame_head(options->framing, SPAN_NONE, wire.len, head);
    TRY(head_len);
    writer_put(&out, head, (size_t)head_len);
    writer_span(&out, wire);
    writer_span(&out, frame_tail(options->framing));
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

int send_run(const struct options *options)
{
    static uint8_t room[FRAME_LEN_MAX];
    struct writer out = writer_make(room, sizeof room);
    struct sockaddr_storage address;
    struct span wire;
    if (options->framing->file) {
        fprintf(stderr, "isomsg: --frame is needed, `%s` does not end on a stream\n",
                options->framing->name);
        return EXIT_CALLED_WRONG;
    }
    if (options->connect == NULL || address_parse(options->connect, &address) < 0) {
        fprintf(stderr, "isomsg: --connect ADDRESS:PORT (numeric) is needed\n");
        return EXIT_CALLED_WRONG;
    }
    if (options->hex != NULL) {
        if (input_hex(options->hex, &wire) < 0 || options->arg_count > 0) {
            fprintf(stderr, "isomsg: --hex takes an even number of hex digits, and no fields\n");
            return EXIT_CALLED_WRONG;
        }
    } else if (message_make(options, &out) < 0) {
        return EXIT_CALLED_WRONG;
    } else {
        wire = writer_written(&out);
    }
    struct span answer;
    int err = exchange(options, &address, wire, &answer);
    if (err < 0) {
        return exchange_failed(options, err);
    }
    static uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer canonical = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    iso_init(&msg, 0);
    err = iso_decode(options->dialect, answer, &canonical, &msg, &error);
    struct show show = {options->dialect, answer, &msg, err < 0 ? &error : NULL, options->unmask};
    (options->json ? show_json : show_text)(&show);
    return err < 0 ? EXIT_BAD : EXIT_GOOD;
}
