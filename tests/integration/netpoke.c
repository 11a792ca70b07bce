/* netpoke: a peer that behaves as no honest one does, and one that listens in. For the tests alone.
 *
 *   netpoke send ADDR:PORT        what stdin has, then awaits that the peer closes
 *   netpoke drip ADDR:PORT MS     the same, a byte every MS milliseconds
 *   netpoke deaf ADDR:PORT COUNT  what stdin has, COUNT times, and never reads an answer
 *   netpoke flood ADDR:PORT COUNT connections that say nothing, held until stdin ends
 *   netpoke storm ADDR:PORT COUNT connections that all send what stdin has, again and again as fast
 *                                 as it is taken, and read what comes, until SIGTERM
 *   netpoke tap PORT ADDR:PORT PREFIX    a proxy on 127.0.0.1:PORT that records both directions
 *   netpoke capture FILE PORT ADDR:PORT [PORT ADDR:PORT]...    proxies that write a pcap file
 *
 * The first three print "sent N received N closed|open ms N"; exit 0: the peer closed, 1: it did
 * not within PATIENCE_MS. storm prints "sent N received N closed N" at its end. flood prints "open
 * N closed N" whenever that changes. tap writes, for the n-th connection, PREFIX.n.in (from who
 * dialled) and PREFIX.n.out (to them); capture, what somebody with tcpdump would have seen of
 * connections to the ADDR:PORTs. Both run until they are killed. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/net/address.h"
#include "tests/unit/tools/capture/pcap_make.h"

enum {
    EXIT_CALLED_WRONG = 2,
    EXIT_NO_PEER = 4,
    EXIT_NO_DISK = 5,
    PATIENCE_MS = 30000,
    INPUT_LEN_MAX = 32 << 20,
    CHUNK_LEN = 16384,
    WINDOW_LEN = 4096, /* the receive buffer of one who never reads */
    FLOOD_MAX = 4096,
    TAPS_MAX = 64,
    ROUTES_MAX = 4,
    PATH_LEN = 512,
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void fail(int code, const char *what)
{
    fprintf(stderr, "netpoke: %s: %s\n", what, strerror(errno));
    exit(code);
}

static uint32_t number_of(const char *text)
{
    uint64_t number = 0;
    if (span_number(span_text(text), &number) != 0 || number > UINT32_MAX) {
        fprintf(stderr, "netpoke: '%s' is not a number\n", text);
        exit(EXIT_CALLED_WRONG);
    }
    return (uint32_t)number;
}

/* A connected socket that does not block, or -1. */
static int peer_connect(const char *text, int window_len)
{
    struct sockaddr_storage address;
    if (address_parse(text, &address) != 0) {
        fprintf(stderr, "netpoke: '%s' is not ADDR:PORT\n", text);
        exit(EXIT_CALLED_WRONG);
    }
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return -1;
    }
    if (window_len != 0) {
        (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window_len, sizeof window_len);
    }
    if (connect(fd, (struct sockaddr *)&address, sizeof(struct sockaddr_in)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* --- send, drip, deaf ------------------------------------------------------------------------- */

struct poke {
    int fd;
    struct span input;
    uint64_t left; /* bytes still to be sent, the input again and again */
    uint64_t sent;
    uint64_t received;
    uint32_t every_ms; /* a byte each; 0: all at once */
    bool reads;
    bool closed;
};

static void poke_write(struct poke *poke)
{
    size_t at = (size_t)(poke->sent % poke->input.len);
    size_t len = poke->input.len - at;
    len = len < poke->left ? len : (size_t)poke->left;
    ssize_t sent = send(poke->fd, poke->input.ptr + at, poke->every_ms != 0 ? 1 : len,
                        MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
        poke->sent += (uint64_t)sent;
        poke->left -= (uint64_t)sent;
    } else if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        poke->closed = true;
    }
}

static void poke_read(struct poke *poke)
{
    uint8_t bytes[CHUNK_LEN];
    ssize_t got = recv(poke->fd, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got > 0) {
        poke->received += (uint64_t)got;
    } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
        poke->closed = true;
    }
}

static int poke_run(struct poke *poke)
{
    int64_t began_ms = now_ms();
    int64_t next_ms = began_ms;
    int64_t until_ms = began_ms + PATIENCE_MS;
    while (!poke->closed && now_ms() < until_ms) {
        bool may_send = poke->left != 0 && now_ms() >= next_ms;
        short events = (short)((poke->reads ? POLLIN : POLLRDHUP) | (may_send ? POLLOUT : 0));
        struct pollfd wait = {poke->fd, events, 0};
        int64_t wake_ms = poke->left != 0 && !may_send ? next_ms : until_ms;
        int64_t wait_ms = wake_ms - now_ms();
        if (poll(&wait, 1, wait_ms > 0 ? (int)wait_ms : 0) <= 0) {
            continue;
        }
        if ((wait.revents & (POLLERR | POLLHUP | POLLRDHUP)) != 0 && !poke->reads) {
            poke->closed = true;
        } else if ((wait.revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
            poke_read(poke);
        } else if ((wait.revents & POLLOUT) != 0) {
            poke_write(poke);
            next_ms = now_ms() + poke->every_ms;
        }
    }
    printf("sent %llu received %llu %s ms %lld\n", (unsigned long long)poke->sent,
           (unsigned long long)poke->received, poke->closed ? "closed" : "open",
           (long long)(now_ms() - began_ms));
    return poke->closed ? 0 : 1;
}

/* All of stdin, static. */
static struct span input_read(void)
{
    static uint8_t bytes[INPUT_LEN_MAX];
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && len < INPUT_LEN_MAX) {
        got = read(STDIN_FILENO, bytes + len, INPUT_LEN_MAX - len);
        len += got > 0 ? (size_t)got : 0;
    }
    if (got < 0 || len == 0) {
        fail(EXIT_CALLED_WRONG, "stdin");
    }
    return span_make(bytes, len);
}

static int poke_peer(const char *address, uint64_t times, uint32_t every_ms, bool reads)
{
    struct poke poke = {.input = input_read(), .every_ms = every_ms, .reads = reads};
    poke.left = poke.input.len * times;
    poke.fd = peer_connect(address, reads ? 0 : WINDOW_LEN);
    if (poke.fd < 0) {
        fail(EXIT_NO_PEER, address);
    }
    return poke_run(&poke);
}

static int send_main(char **args)
{
    return poke_peer(args[0], 1, 0, true);
}

static int drip_main(char **args)
{
    return poke_peer(args[0], 1, number_of(args[1]), true);
}

static int deaf_main(char **args)
{
    return poke_peer(args[0], number_of(args[1]), 0, false);
}

/* --- flood ------------------------------------------------------------------------------------ */

static void flood_print(const struct pollfd *peers, uint32_t count)
{
    uint32_t open_count = 0;
    for (uint32_t i = 1; i <= count; i++) {
        open_count += peers[i].fd >= 0;
    }
    printf("open %u closed %u\n", open_count, count - open_count);
    (void)fflush(stdout);
}

static int flood_main(char **args)
{
    static struct pollfd peers[FLOOD_MAX + 1];
    uint32_t count = number_of(args[1]);
    if (count > FLOOD_MAX) {
        return EXIT_CALLED_WRONG;
    }
    peers[0] = (struct pollfd){STDIN_FILENO, POLLIN, 0};
    for (uint32_t i = 1; i <= count; i++) {
        peers[i] = (struct pollfd){peer_connect(args[0], 0), POLLIN, 0};
    }
    flood_print(peers, count);
    for (;;) {
        bool changed = false;
        (void)poll(peers, count + 1, -1);
        for (uint32_t i = 1; i <= count; i++) {
            uint8_t byte;
            if (peers[i].fd >= 0 && peers[i].revents != 0 &&
                recv(peers[i].fd, &byte, 1, MSG_DONTWAIT) <= 0) {
                close(peers[i].fd);
                peers[i].fd = -1; /* poll() passes over it */
                changed = true;
            }
        }
        if (changed) {
            flood_print(peers, count);
        }
        if (peers[0].revents != 0) {
            return 0;
        }
    }
}

/* --- storm ------------------------------------------------------------------------------------ */

static volatile sig_atomic_t is_over;

static void on_terminate(int number)
{
    (void)number;
    is_over = 1;
}

/* What @poke can do now; it takes what comes first, so that nobody waits for it. */
static void storm_turn(struct poke *poke, struct pollfd *peer)
{
    if ((peer->revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
        poke_read(poke);
    }
    if ((peer->revents & POLLOUT) != 0 && !poke->closed) {
        poke_write(poke);
    }
    if (poke->closed) {
        close(peer->fd);
        peer->fd = -1; /* poll() passes over it */
    }
}

static int storm_main(char **args)
{
    static struct pollfd peers[FLOOD_MAX];
    static struct poke pokes[FLOOD_MAX];
    struct span input = input_read();
    uint32_t count = number_of(args[1]);
    uint64_t sent = 0;
    uint64_t received = 0;
    uint32_t closed = 0;
    if (count > FLOOD_MAX) {
        return EXIT_CALLED_WRONG;
    }
    (void)signal(SIGTERM, on_terminate);
    for (uint32_t i = 0; i < count; i++) {
        peers[i] = (struct pollfd){peer_connect(args[0], 0), POLLIN | POLLOUT, 0};
        pokes[i] = (struct poke){
            .fd = peers[i].fd, .input = input, .left = UINT64_MAX, .closed = peers[i].fd < 0};
    }
    while (is_over == 0) {
        (void)poll(peers, count, -1);
        for (uint32_t i = 0; i < count; i++) {
            storm_turn(&pokes[i], &peers[i]);
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        sent += pokes[i].sent;
        received += pokes[i].received;
        closed += pokes[i].closed;
    }
    printf("sent %llu received %llu closed %u\n", (unsigned long long)sent,
           (unsigned long long)received, closed);
    return 0;
}

/* --- tap -------------------------------------------------------------------------------------- */

enum side { DIALLED, SERVED, SIDES };

struct tap {
    int fd[SIDES];
    FILE *record[SIDES];  /* of a tap */
    uint16_t port[SIDES]; /* of a capture: as who listens in would see them */
    uint32_t seq[SIDES];
};

/* Where somebody may dial, and what becomes of it. */
struct route {
    int listener;
    const char *address;
    const char *prefix; /* a tap */
    FILE *pcap;         /* a capture */
};

static FILE *record_open(const char *prefix, uint32_t number, const char *suffix)
{
    char path[PATH_LEN];
    (void)snprintf(path, sizeof path, "%s.%u.%s", prefix, number, suffix);
    FILE *file = fopen(path, "w");
    if (file == NULL) {
        fail(EXIT_NO_DISK, path);
    }
    return file;
}

/* One more packet of @from into the capture. */
static void pcap_write(FILE *pcap, struct tap *tap, enum side from, uint8_t flags,
                       struct span payload)
{
    static uint8_t packet[PCAP_PACKET_MAX];
    static uint8_t room[PCAP_PACKET_MAX];
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct pcap_segment segment = {.at_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000,
                                   .from = (uint8_t)(1 + from),
                                   .to = (uint8_t)(2 - from),
                                   .from_port = tap->port[from],
                                   .to_port = tap->port[1 - from],
                                   .seq = tap->seq[from],
                                   .flags = flags,
                                   .payload = payload};
    struct writer out = writer_make(packet, sizeof packet);
    pcap_segment_put(&out, PCAP_ETHERNET, &segment, room);
    tap->seq[from] += (uint32_t)payload.len + ((flags & (PCAP_SYN | PCAP_FIN)) != 0);
    (void)fwrite(packet, 1, out.len, pcap);
    (void)fflush(pcap);
}

static void tap_close(struct tap *tap)
{
    for (int side = 0; side < SIDES; side++) {
        if (tap->fd[side] >= 0) {
            close(tap->fd[side]);
        }
        if (tap->record[side] != NULL) {
            fclose(tap->record[side]);
        }
    }
    *tap = (struct tap){.fd = {-1, -1}};
}

static void tap_record(const struct route *route, struct tap *tap, enum side from,
                       struct span bytes)
{
    if (route->pcap != NULL) {
        pcap_write(route->pcap, tap, from, PCAP_ACK, bytes);
        return;
    }
    (void)fwrite(bytes.ptr, 1, bytes.len, tap->record[from]);
    (void)fflush(tap->record[from]);
}

static void tap_carry(const struct route *route, struct tap *tap, enum side from)
{
    uint8_t bytes[CHUNK_LEN];
    ssize_t got = recv(tap->fd[from], bytes, sizeof bytes, 0);
    if (got <= 0) {
        if (route->pcap != NULL) {
            pcap_write(route->pcap, tap, from, PCAP_FIN | PCAP_ACK, SPAN_NONE);
        }
        tap_close(tap);
        return;
    }
    tap_record(route, tap, from, span_make(bytes, (size_t)got));
    for (ssize_t done = 0, sent = 0; done < got; done += sent) {
        sent = send(tap->fd[1 - from], bytes + done, (size_t)(got - done), MSG_NOSIGNAL);
        if (sent <= 0) {
            tap_close(tap);
            return;
        }
    }
}

static uint16_t port_of(int fd, int (*name)(int, struct sockaddr *, socklen_t *))
{
    struct sockaddr_in address = {0};
    socklen_t len = sizeof address;
    (void)name(fd, (struct sockaddr *)&address, &len);
    return ntohs(address.sin_port);
}

static void tap_accept(const struct route *route, struct tap *taps)
{
    static uint32_t number;
    struct tap *tap = taps;
    int fd = accept(route->listener, NULL, NULL);
    while (tap < taps + TAPS_MAX && tap->fd[DIALLED] >= 0) {
        tap++;
    }
    int peer = fd >= 0 && tap < taps + TAPS_MAX ? peer_connect(route->address, 0) : -1;
    if (peer < 0) {
        if (fd >= 0) {
            close(fd);
        }
        return;
    }
    number++;
    *tap = (struct tap){.fd = {fd, peer}, .seq = {number << 20, number << 21}};
    if (route->pcap == NULL) {
        tap->record[DIALLED] = record_open(route->prefix, number, "in");
        tap->record[SERVED] = record_open(route->prefix, number, "out");
        return;
    }
    tap->port[DIALLED] = port_of(fd, getpeername);
    tap->port[SERVED] = port_of(peer, getpeername);
    pcap_write(route->pcap, tap, DIALLED, PCAP_SYN, SPAN_NONE);
    pcap_write(route->pcap, tap, SERVED, PCAP_SYN | PCAP_ACK, SPAN_NONE);
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number_of(port)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int one = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, TAPS_MAX) != 0) {
        fail(EXIT_NO_PEER, port);
    }
    return fd;
}

/* Carry what comes on @routes, for ever. */
static int routes_serve(const struct route *routes, nfds_t count)
{
    static struct tap taps[ROUTES_MAX][TAPS_MAX];
    static struct pollfd waits[ROUTES_MAX + ROUTES_MAX * TAPS_MAX * SIDES];
    for (nfds_t i = 0; i < count * TAPS_MAX; i++) {
        taps[i / TAPS_MAX][i % TAPS_MAX] = (struct tap){.fd = {-1, -1}};
    }
    int ready = 0;
    while (ready >= 0) {
        struct pollfd *wait = waits;
        for (nfds_t i = 0; i < count; i++) {
            *wait++ = (struct pollfd){routes[i].listener, POLLIN, 0};
            for (int k = 0; k < SIDES * TAPS_MAX; k++) {
                *wait++ = (struct pollfd){taps[i][k / SIDES].fd[k % SIDES], POLLIN, 0};
            }
        }
        ready = poll(waits, (nfds_t)(wait - waits), -1);
        wait = waits;
        for (nfds_t i = 0; i < count; i++) {
            bool is_dialled = wait++->revents != 0;
            for (int k = 0; k < SIDES * TAPS_MAX; k++) {
                struct tap *tap = &taps[i][k / SIDES];
                if (wait++->revents != 0 && tap->fd[k % SIDES] >= 0) {
                    tap_carry(&routes[i], tap, (enum side)(k % SIDES));
                }
            }
            if (is_dialled) {
                tap_accept(&routes[i], taps[i]);
            }
        }
    }
    return EXIT_NO_PEER;
}

static int tap_main(char **args)
{
    struct route route = {.listener = listen_on(args[0]), .address = args[1], .prefix = args[2]};
    fprintf(stderr, "netpoke listening on 127.0.0.1:%s\n", args[0]);
    return routes_serve(&route, 1);
}

static int capture_main(char **args)
{
    struct route routes[ROUTES_MAX];
    uint8_t head[PCAP_FILE_HEAD_LEN];
    struct writer out = writer_make(head, sizeof head);
    FILE *pcap = fopen(args[0], "w");
    nfds_t count = 0;
    if (pcap == NULL) {
        fail(EXIT_NO_DISK, args[0]);
    }
    pcap_file_begin(&out, PCAP_ETHERNET);
    (void)fwrite(head, 1, out.len, pcap);
    (void)fflush(pcap);
    for (args++; args[0] != NULL && args[1] != NULL && count < ROUTES_MAX; args += 2) {
        routes[count++] =
            (struct route){.listener = listen_on(args[0]), .address = args[1], .pcap = pcap};
    }
    fprintf(stderr, "netpoke listening for a capture\n");
    return routes_serve(routes, count);
}

/* To add a behaviour, add a row. */
static const struct behaviour {
    const char *name;
    int arg_count; /* at least, of a capture; else exactly */
    int (*main)(char **args);
} behaviours[] = {
    {"send", 1, send_main},       {"drip", 2, drip_main},   {"deaf", 2, deaf_main},
    {"flood", 2, flood_main},     {"storm", 2, storm_main}, {"tap", 3, tap_main},
    {"capture", 3, capture_main},
};

int main(int argc, char **argv)
{
    (void)signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_COUNT(behaviours); i++) {
        const struct behaviour *row = &behaviours[i];
        bool is_row = argc > 1 && strcmp(argv[1], row->name) == 0;
        bool is_capture = row->main == capture_main;
        if (is_row && (is_capture ? argc >= 2 + row->arg_count : argc == 2 + row->arg_count)) {
            return row->main(argv + 2);
        }
    }
    fprintf(stderr,
            "usage: netpoke send|drip|deaf|flood|storm|tap|capture ARGUMENTS (netpoke.c tells)\n");
    return EXIT_CALLED_WRONG;
}
