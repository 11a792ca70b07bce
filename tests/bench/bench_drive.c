#include "tests/bench/bench_drive.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/bench/bench.h"
#include "tests/load/histogram.h"

enum { IN_LEN = 1 << 15, OUT_LEN = 1 << 15, EVENTS_MAX = 256 };

struct stream {
    int fd;
    uint32_t in_len;
    uint8_t in[IN_LEN];
};

struct driving {
    const struct drive *drive;
    const struct sales *sales;
    struct stream *streams;
    uint64_t *sent_ns; /* by STAN */
    uint32_t next;     /* sale to send */
    int poll;
    uint64_t run_from_ns; /* 0: still warming */
    uint64_t answered;
    uint64_t answered_before; /* the run */
    struct histogram latency; /* microseconds */
    struct driven *out;
};

static int stream_open(int port)
{
    int one = 1;
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && (connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Send @count sales in one write. What a stream has outstanding always fits its socket's buffer. */
static int sales_send(struct driving *driving, struct stream *stream, uint32_t count, uint64_t now)
{
    uint8_t out[OUT_LEN];
    size_t len = 0;
    for (; count > 0 && driving->next < driving->sales->count; count--) {
        const struct sale *sale = &driving->sales->rows[driving->next++];
        CHECK(len + sale->len <= sizeof out);
        memcpy(out + len, sale->frame, sale->len);
        len += sale->len;
        driving->sent_ns[driving->next] = now;
    }
    return len == 0 || send(stream->fd, out, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : ERR_IO;
}

static int answer_take(struct driving *driving, struct span message, uint64_t now)
{
    uint32_t stan = 0;
    bool approved = false;
    TRY(sale_answer(message, &stan, &approved));
    if (stan == 0 || stan > driving->next) {
        return ERR_FORMAT;
    }
    driving->answered++;
    driving->out->refused += approved ? 0 : 1;
    uint64_t sent = driving->sent_ns[stan];
    if (driving->run_from_ns != 0 && sent >= driving->run_from_ns) {
        histogram_add(&driving->latency, (now - sent) / 1000);
    }
    return 0;
}

static int stream_read(struct driving *driving, struct stream *stream)
{
    ssize_t got = recv(stream->fd, stream->in + stream->in_len, IN_LEN - stream->in_len, 0);
    if (got <= 0) {
        return got < 0 && errno == EAGAIN ? 0 : ERR_CLOSED;
    }
    stream->in_len += (uint32_t)got;
    uint64_t now = bench_now_ns();
    uint32_t at = 0;
    uint32_t count = 0;
    while (stream->in_len - at >= 2) {
        uint32_t len = be16_get(stream->in + at);
        if (stream->in_len - at < 2 + len) {
            break;
        }
        TRY(answer_take(driving, span_make(stream->in + at + 2, len), now));
        at += 2 + len;
        count++;
    }
    memmove(stream->in, stream->in + at, stream->in_len - at);
    stream->in_len -= at;
    return sales_send(driving, stream, count, now);
}

static int streams_open(struct driving *driving)
{
    const struct drive *drive = driving->drive;
    for (uint32_t i = 0; i < drive->connections; i++) {
        struct stream *stream = &driving->streams[i];
        stream->fd = stream_open(drive->port);
        struct epoll_event event = {EPOLLIN, {.ptr = stream}};
        if (stream->fd < 0 || fcntl(stream->fd, F_SETFL, O_NONBLOCK) < 0 ||
            epoll_ctl(driving->poll, EPOLL_CTL_ADD, stream->fd, &event) != 0) {
            return ERR_IO;
        }
    }
    for (uint32_t i = 0; i < drive->connections; i++) {
        TRY(sales_send(driving, &driving->streams[i], drive->outstanding, bench_now_ns()));
    }
    return 0;
}

static void mark(struct driving *driving, bool end, uint64_t now)
{
    if (!end) {
        driving->run_from_ns = now;
        driving->answered_before = driving->answered;
    } else {
        driving->out->seconds = (double)(now - driving->run_from_ns) / 1e9;
        driving->out->count = driving->answered - driving->answered_before;
    }
    driving->drive->mark(driving->drive->context, end);
}

static int loop(struct driving *driving)
{
    struct epoll_event events[EVENTS_MAX];
    uint64_t warm_until = bench_now_ns() + driving->drive->warm_ns;
    TRY(streams_open(driving));
    for (;;) {
        int count = epoll_wait(driving->poll, events, EVENTS_MAX, 100);
        for (int i = 0; i < count; i++) {
            TRY(stream_read(driving, events[i].data.ptr));
        }
        uint64_t now = bench_now_ns();
        bool empty = driving->next == driving->sales->count;
        if (driving->run_from_ns == 0 && now >= warm_until) {
            mark(driving, false, now);
        } else if (driving->run_from_ns != 0 &&
                   (empty || now - driving->run_from_ns >= driving->drive->run_ns)) {
            mark(driving, true, now);
            return 0;
        }
        if (driving->run_from_ns == 0 && empty) {
            return ERR_RANGE;
        }
    }
}

int drive_run(const struct drive *drive, const struct sales *sales, struct driven *out)
{
    struct driving *driving = calloc(1, sizeof *driving);
    if (driving == NULL) {
        return ERR_MEMORY;
    }
    *out = (struct driven){0};
    driving->drive = drive;
    driving->sales = sales;
    driving->next = drive->first;
    driving->out = out;
    driving->streams = calloc(drive->connections, sizeof *driving->streams);
    driving->sent_ns = calloc(sales->count + 1, sizeof *driving->sent_ns);
    driving->poll = epoll_create1(EPOLL_CLOEXEC);
    int result = driving->streams == NULL || driving->sent_ns == NULL || driving->poll < 0
                     ? ERR_MEMORY
                     : loop(driving);
    out->p50_us = (double)histogram_at(&driving->latency, 500);
    out->p99_us = (double)histogram_at(&driving->latency, 990);
    for (uint32_t i = 0; driving->streams != NULL && i < drive->connections; i++) {
        if (driving->streams[i].fd > 0) {
            close(driving->streams[i].fd);
        }
    }
    close(driving->poll);
    free(driving->streams);
    free(driving->sent_ns);
    free(driving);
    return result;
}

int drive_probe(int port, const struct sales *sales, uint32_t index)
{
    uint8_t in[2 + SALE_LEN_MAX];
    const struct sale *sale = &sales->rows[index];
    uint32_t stan = 0;
    bool approved = false;
    int fd = stream_open(port);
    if (fd < 0) {
        return ERR_IO;
    }
    int result = send(fd, sale->frame, sale->len, MSG_NOSIGNAL) == sale->len ? 0 : ERR_IO;
    ssize_t got = result == 0 ? recv(fd, in, 2, MSG_WAITALL) : 0;
    size_t len = got == 2 ? be16_get(in) : 0;
    if (len == 0 || len > SALE_LEN_MAX || recv(fd, in, len, MSG_WAITALL) != (ssize_t)len) {
        result = ERR_IO;
    } else {
        result = sale_answer(span_make(in, len), &stan, &approved);
    }
    close(fd);
    return result == 0 && !approved ? ERR_FORMAT : result;
}
