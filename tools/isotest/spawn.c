#include "tools/isotest/spawn.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARGS_MAX = 64, ERRORS_MAX = 2048, PATH_LEN_MAX = 4096 };

struct job {
    uv_process_t process;
    uv_pipe_t out_pipe;
    uv_pipe_t err_pipe;
    uint32_t open;         /* handles that are not closed */
    struct strand *strand; /* NULL: forgotten */
    void **owner;          /* the strand's pointer to us */
    spawn_told told;
    int64_t code;
    size_t out_len;
    size_t err_len;
    char out[SPAWN_OUTPUT_MAX];
    char err[ERRORS_MAX];
    char read[4096];
    char text[8192]; /* the words */
    char *args[ARGS_MAX + 1];
};

/* --- words ------------------------------------------------------------------------------------ */

static int words_split(struct job *job, struct span command)
{
    uint32_t count = 0;
    size_t to = 0;
    char quote = '\0';
    bool in_word = false;
    for (size_t i = 0; i < command.len; i++) {
        char byte = (char)command.ptr[i];
        if (to + 2 >= sizeof job->text || byte == '\0') {
            return ERR_FORMAT;
        }
        if (quote == '\0' && (byte == ' ' || byte == '\t')) {
            job->text[to] = '\0';
            to += in_word;
            in_word = false;
            continue;
        }
        if (!in_word) {
            in_word = true;
            if (count == ARGS_MAX) {
                return ERR_FORMAT;
            }
            job->args[count++] = job->text + to;
        }
        if (quote == '\0' && (byte == '"' || byte == '\'')) {
            quote = byte;
        } else if (byte == quote) {
            quote = '\0';
        } else {
            job->text[to++] = byte;
        }
    }
    job->text[to] = '\0';
    job->args[count] = NULL;
    return count == 0 || quote != '\0' ? ERR_FORMAT : 0;
}

/* PATH with our own folder in front: the programs of one build belong together. */
static void path_extend(void)
{
    static bool done;
    static char path[2 * PATH_LEN_MAX];
    char self[PATH_LEN_MAX];
    size_t len = sizeof self;
    const char *old = getenv("PATH");
    if (done || uv_exepath(self, &len) != 0) {
        return;
    }
    char *slash = strrchr(self, '/');
    if (slash != NULL) {
        *slash = '\0';
        (void)snprintf(path, sizeof path, "%s:%s", self, old == NULL ? "/usr/bin:/bin" : old);
        (void)setenv("PATH", path, 1);
    }
    done = true;
}

/* --- the program ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
    struct job *job = handle->data;
    if (--job->open > 0) {
        return;
    }
    if (job->strand != NULL) {
        *job->owner = NULL;
        job->told(job->strand, job->code, span_make(job->out, job->out_len),
                  span_make(job->err, job->err_len));
    }
    free(job);
}

static void on_exit_told(uv_process_t *process, int64_t code, int signal)
{
    struct job *job = process->data;
    job->code = signal == 0 ? code : 128 + signal;
    uv_close((uv_handle_t *)process, on_closed);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct job *job = handle->data;
    (void)suggested;
    *buf = uv_buf_init(job->read, sizeof job->read);
}

static void out_take(struct job *job, const char *bytes, size_t len)
{
    size_t room = sizeof job->out - job->out_len;
    size_t taken = len < room ? len : room;
    memcpy(job->out + job->out_len, bytes, taken);
    job->out_len += taken;
}

/* The last bytes count: there a program says what went wrong. */
static void err_take(struct job *job, const char *bytes, size_t len)
{
    struct span new = span_last(span_make(bytes, len), sizeof job->err);
    size_t over =
        job->err_len + new.len > sizeof job->err ? job->err_len + new.len - sizeof job->err : 0;
    memmove(job->err, job->err + over, job->err_len - over);
    memcpy(job->err + job->err_len - over, new.ptr, new.len);
    job->err_len = job->err_len - over + new.len;
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct job *job = stream->data;
    if (count < 0) {
        uv_close((uv_handle_t *)stream, on_closed);
    } else if (stream == (uv_stream_t *)&job->out_pipe) {
        out_take(job, buf->base, (size_t)count);
    } else {
        err_take(job, buf->base, (size_t)count);
    }
}

int spawn_start(uv_loop_t *loop, struct strand *strand, void **owner, struct span command,
                spawn_told told)
{
    struct job *job = calloc(1, sizeof *job);
    if (job == NULL) {
        return ERR_MEMORY;
    }
    int err = words_split(job, command);
    if (err < 0) {
        free(job);
        return err;
    }
    path_extend();
    CHECK(uv_pipe_init(loop, &job->out_pipe, 0) == 0);
    CHECK(uv_pipe_init(loop, &job->err_pipe, 0) == 0);
    job->process.data = job;
    job->out_pipe.data = job;
    job->err_pipe.data = job;
    job->told = told;
    job->open = 3;
    uv_stdio_container_t stdio[3] = {
        {.flags = UV_IGNORE},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&job->out_pipe},
        {.flags = UV_CREATE_PIPE | UV_WRITABLE_PIPE, .data.stream = (uv_stream_t *)&job->err_pipe}};
    uv_process_options_t options = {.exit_cb = on_exit_told,
                                    .file = job->args[0],
                                    .args = job->args,
                                    .stdio_count = 3,
                                    .stdio = stdio};
    int status = uv_spawn(loop, &job->process, &options);
    if (status != 0) {
        uv_close((uv_handle_t *)&job->process, on_closed);
        uv_close((uv_handle_t *)&job->out_pipe, on_closed);
        uv_close((uv_handle_t *)&job->err_pipe, on_closed);
        return status == UV_ENOENT ? ERR_NOT_FOUND : ERR_IO;
    }
    job->strand = strand;
    job->owner = owner;
    *owner = job;
    CHECK(uv_read_start((uv_stream_t *)&job->out_pipe, on_room, on_read) == 0);
    CHECK(uv_read_start((uv_stream_t *)&job->err_pipe, on_room, on_read) == 0);
    return 0;
}

void spawn_forget(void *handle)
{
    struct job *job = handle;
    if (job != NULL) {
        job->strand = NULL;
        if (!uv_is_closing((uv_handle_t *)&job->process)) {
            (void)uv_process_kill(&job->process, SIGKILL);
        }
    }
}
