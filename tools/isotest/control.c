#include "tools/isotest/control.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/list.h"

enum { ANSWER_LEN_MAX = 16 << 20, QUESTIONS_MAX = 4096 };

/* A question on its way: they are answered in order. */
struct question {
    struct list node; /* in control->questions */
    uv_write_t write;
    struct strand *strand; /* NULL: forgotten */
    char *text;            /* with its newline; freed when written and answered */
    bool is_written;
    bool is_answered;
};

struct control {
    uv_loop_t *loop;
    char *socket; /* or NULL */
    control_told told;
    uv_pipe_t pipe;
    uv_connect_t connect;
    enum { IDLE, CONNECTING, OPEN, CLOSING } state;
    bool closing;
    struct list questions;
    uint32_t count;
    char *in;
    size_t in_len;
    size_t in_cap;
};

int control_open(uv_loop_t *loop, const char *socket, control_told told, struct control **out)
{
    struct control *control = calloc(1, sizeof *control);
    char *copy = socket == NULL ? NULL : strdup(socket);
    if (control == NULL || (socket != NULL && copy == NULL)) {
        free(control);
        free(copy);
        return ERR_MEMORY;
    }
    control->loop = loop;
    control->socket = copy;
    control->told = told;
    list_init(&control->questions);
    *out = control;
    return 0;
}

static void question_drop(struct question *question)
{
    if (question->is_written && question->is_answered) {
        free(question->text);
        free(question);
    }
}

/* The first question is answered: @answer, or NULL and @error. */
static void question_end(struct control *control, const json_t *answer, const char *error)
{
    struct question *question = LIST_OWNER(list_first(&control->questions), struct question, node);
    struct strand *strand = question->strand;
    list_remove(&question->node);
    control->count--;
    question->is_answered = true;
    question_drop(question);
    if (strand != NULL && !control->closing) {
        control->told(strand, answer, error);
    }
}

static void on_closed(uv_handle_t *handle)
{
    struct control *control = handle->data;
    control->state = IDLE;
    control->in_len = 0;
}

/* The connection is of no use any more: all questions fail. */
static void pipe_fail(struct control *control, const char *error)
{
    if (control->state == CLOSING || control->state == IDLE) {
        return;
    }
    control->state = CLOSING;
    uv_close((uv_handle_t *)&control->pipe, on_closed);
    /* Those that are asked meanwhile wait for the next connection: control_ask() says no. */
    while (!list_is_empty(&control->questions)) {
        question_end(control, NULL, error);
    }
}

static void line_take(struct control *control, const char *line, size_t len)
{
    json_error_t wrong;
    json_t *answer = json_loadb(line, len, 0, &wrong);
    if (list_is_empty(&control->questions)) {
        json_decref(answer);
        return;
    }
    question_end(control, json_is_object(answer) ? answer : NULL, "what came is no JSON object");
    json_decref(answer);
}

static void on_room(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct control *control = handle->data;
    (void)suggested;
    if (control->in_cap - control->in_len < 4096 && control->in_cap < ANSWER_LEN_MAX) {
        size_t cap = control->in_cap == 0 ? 1u << 16 : control->in_cap * 2;
        char *larger = realloc(control->in, cap);
        if (larger != NULL) {
            control->in = larger;
            control->in_cap = cap;
        }
    }
    *buf =
        uv_buf_init(control->in + control->in_len, (unsigned)(control->in_cap - control->in_len));
}

static void on_read(uv_stream_t *stream, ssize_t count, const uv_buf_t *buf)
{
    struct control *control = stream->data;
    (void)buf;
    if (count < 0) {
        pipe_fail(control, count == UV_EOF ? "the switch hung up" : uv_strerror((int)count));
        return;
    }
    control->in_len += (size_t)count;
    size_t used = 0;
    char *end;
    while (control->state == OPEN &&
           (end = memchr(control->in + used, '\n', control->in_len - used)) != NULL) {
        size_t len = (size_t)(end - (control->in + used));
        line_take(control, control->in + used, len);
        used += len + 1;
    }
    if (control->state == OPEN) {
        memmove(control->in, control->in + used, control->in_len - used);
        control->in_len -= used;
    }
}

static void on_written(uv_write_t *write, int status)
{
    struct question *question = write->data;
    (void)status;
    question->is_written = true;
    question_drop(question);
}

static void question_write(struct control *control, struct question *question)
{
    uv_buf_t buf = uv_buf_init(question->text, (unsigned)strlen(question->text));
    question->is_written = false;
    question->write.data = question;
    if (uv_write(&question->write, (uv_stream_t *)&control->pipe, &buf, 1, on_written) != 0) {
        question->is_written = true;
    }
}

static void on_connected(uv_connect_t *connect, int status)
{
    struct control *control = connect->data;
    if (status != 0) {
        char text[200];
        (void)snprintf(text, sizeof text, "%s: %s", control->socket, uv_strerror(status));
        pipe_fail(control, text);
        return;
    }
    control->state = OPEN;
    CHECK(uv_read_start((uv_stream_t *)&control->pipe, on_room, on_read) == 0);
    for (struct list *node = control->questions.next; node != &control->questions;
         node = node->next) {
        question_write(control, LIST_OWNER(node, struct question, node));
    }
}

int control_ask(struct control *control, struct strand *strand, json_t *request)
{
    char *text = json_dumps(request, JSON_COMPACT);
    json_decref(request);
    size_t len = text == NULL ? 0 : strlen(text);
    struct question *question = calloc(1, sizeof *question);
    char *line = realloc(text, len + 2);
    if (question == NULL || text == NULL || line == NULL) {
        free(question);
        free(line == NULL ? text : line);
        return ERR_MEMORY;
    }
    if (control->socket == NULL || control->state == CLOSING || control->count == QUESTIONS_MAX) {
        free(question);
        free(line);
        return control->socket == NULL ? ERR_NOT_FOUND : ERR_FULL;
    }
    line[len] = '\n';
    line[len + 1] = '\0';
    question->strand = strand;
    question->text = line;
    question->is_written = true;
    list_append(&control->questions, &question->node);
    control->count++;
    if (control->state == IDLE) {
        CHECK(uv_pipe_init(control->loop, &control->pipe, 0) == 0);
        control->pipe.data = control;
        control->connect.data = control;
        control->state = CONNECTING;
        uv_pipe_connect(&control->connect, &control->pipe, control->socket, on_connected);
    } else if (control->state == OPEN) {
        question_write(control, question);
    }
    return 0;
}

void control_forget(struct control *control, struct strand *strand)
{
    for (struct list *node = control->questions.next; node != &control->questions;
         node = node->next) {
        struct question *question = LIST_OWNER(node, struct question, node);
        question->strand = question->strand == strand ? NULL : question->strand;
    }
}

void control_close(struct control *control)
{
    if (control != NULL) {
        control->closing = true;
        pipe_fail(control, "closed");
    }
}

void control_free(struct control *control)
{
    if (control != NULL) {
        free(control->socket);
        free(control->in);
        free(control);
    }
}
