#include "switch/edge/log_thread.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/base/log.h"

enum { HALF_LEN = 1 << 20 };

/* Two halves: lines gather in one while the other is written. Guarded by @lock: gathering, len,
 * dropped, stopping. The half that is being written is the thread's alone. */
struct log_thread {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    int level;
    bool json;
    unsigned gathering; /* 0 or 1 */
    size_t len;
    uint64_t dropped;
    bool stopping;
    char half[2][HALF_LEN];
};

static void take_line(void *context, struct span line)
{
    struct log_thread *log = context;
    pthread_mutex_lock(&log->lock);
    if (HALF_LEN - log->len < line.len) {
        log->dropped++;
    } else {
        memcpy(log->half[log->gathering] + log->len, line.ptr, line.len);
        log->len += line.len;
        pthread_cond_signal(&log->more);
    }
    pthread_mutex_unlock(&log->lock);
}

static void write_all(const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t wrote = write(STDERR_FILENO, bytes, len);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return; /* a closed or full stderr: nobody can be told */
        }
        bytes += wrote;
        len -= (size_t)wrote;
    }
}

static void *write_lines(void *context)
{
    struct log_thread *log = context;
    bool stopping = false;
    while (!stopping) {
        pthread_mutex_lock(&log->lock);
        while (log->len == 0 && !log->stopping) {
            pthread_cond_wait(&log->more, &log->lock);
        }
        const char *bytes = log->half[log->gathering];
        size_t len = log->len;
        uint64_t dropped = log->dropped;
        log->gathering ^= 1;
        log->len = 0;
        log->dropped = 0;
        stopping = log->stopping;
        pthread_mutex_unlock(&log->lock);
        write_all(bytes, len);
        if (dropped != 0) {
            char text[64];
            int text_len = snprintf(text, sizeof text, "log.dropped lines=%llu\n",
                                    (unsigned long long)dropped);
            write_all(text, (size_t)text_len);
        }
    }
    return NULL;
}

struct log_thread *log_thread_start(int level, bool json)
{
    struct log_thread *log = calloc(1, sizeof *log);
    if (log == NULL) {
        return NULL;
    }
    log->level = level;
    log->json = json;
    pthread_mutex_init(&log->lock, NULL);
    pthread_cond_init(&log->more, NULL);
    if (pthread_create(&log->thread, NULL, write_lines, log) != 0) {
        free(log);
        return NULL;
    }
    log_setup((enum log_level)level, json, take_line, log);
    return log;
}

void log_thread_stop(struct log_thread *log)
{
    if (log == NULL) {
        return;
    }
    log_setup((enum log_level)log->level, log->json, NULL, NULL);
    pthread_mutex_lock(&log->lock);
    log->stopping = true;
    pthread_cond_signal(&log->more);
    pthread_mutex_unlock(&log->lock);
    pthread_join(log->thread, NULL);
    pthread_cond_destroy(&log->more);
    pthread_mutex_destroy(&log->lock);
    free(log);
}
