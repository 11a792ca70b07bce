#include "iso8583/base/source.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { SHOWN_LEN_MAX = 100, PAN_DIGITS_MIN = 13, WORD_LEN_MAX = 40, DISTANCE_MAX = 2 };

/* The message and the quoted line alike. */
static void mask_numbers(char *text)
{
    for (char *p = text; *p != '\0';) {
        size_t len = strspn(p, "0123456789");
        if (len >= PAN_DIGITS_MIN) {
            memset(p + 6, '*', len - 10);
        }
        p += len > 0 ? len : 1;
    }
}

/* What a file holds may not drive the reader's terminal. */
static void show(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        uint8_t byte = (uint8_t)text[i];
        text[i] = byte == '\t' || byte == '\r' ? ' ' : byte < ' ' || byte > '~' ? '?' : text[i];
    }
}

static struct span line_find(const struct source *source, uint32_t wanted)
{
    size_t offset = 0;
    uint32_t line = 0;
    struct span text = SPAN_NONE;
    while (line < wanted && source_next_line(source, &offset, &line, &text)) {
    }
    return line == wanted ? text : SPAN_NONE;
}

/* Append the line at @at and the caret line; a long line is shown from shortly before the place. */
static void quote(const struct source *source, struct place at, char *out, size_t cap)
{
    struct span text = line_find(source, at.line);
    if (text.len == 0) {
        return;
    }
    size_t col = at.col > 0 ? at.col - 1 : 0;
    size_t skipped = col > SHOWN_LEN_MAX / 2 && text.len > SHOWN_LEN_MAX ? col - 20 : 0;
    col -= skipped;
    text = span_first(span_skip(text, skipped), SHOWN_LEN_MAX);
    char shown[SHOWN_LEN_MAX + 1] = "";
    memcpy(shown, text.ptr, text.len);
    show(shown, text.len);
    char carets[SHOWN_LEN_MAX + 2] = "";
    size_t end = col + (at.len > 0 ? at.len : 1);
    for (size_t i = 0; i < end && i <= text.len; i++) {
        carets[i] = i < col ? ' ' : '^';
    }
    (void)snprintf(out, cap, "\n%7u | %s\n        | %s", (unsigned)at.line, shown, carets);
}

void source_error(struct source *source, struct place at, const char *format, ...)
{
    if (source->error_count++ >= SOURCE_ERRORS_MAX) {
        return;
    }
    char text[SOURCE_TEXT_LEN_MAX];
    int len = snprintf(text, sizeof text / 4, "%s:%u:%u: error: ", source->name, (unsigned)at.line,
                       (unsigned)at.col);
    size_t used = len < 0 ? 0 : (size_t)len < sizeof text / 4 ? (size_t)len : sizeof text / 4 - 1;
    va_list arguments;
    va_start(arguments, format);
    len = vsnprintf(text + used, sizeof text / 2, format, arguments);
    va_end(arguments);
    size_t message_len = len < 0                         ? 0
                         : (size_t)len < sizeof text / 2 ? (size_t)len
                                                         : sizeof text / 2 - 1;
    show(text + used, message_len);
    used += message_len;
    quote(source, at, text + used, sizeof text - used);
    mask_numbers(text);
    source->report(source->context, text);
}

int source_check_whole(struct source *source)
{
    if (source->text.len == 0) {
        source_error(source, (struct place){1, 1, 0}, "the file is empty");
        return ERR_CONFIG;
    }
    if (source->text.ptr[source->text.len - 1] == '\n') {
        return 0;
    }
    size_t offset = 0;
    uint32_t line = 0;
    struct span last = SPAN_NONE;
    while (source_next_line(source, &offset, &line, &last)) {
    }
    source_error(source, (struct place){line, (uint32_t)last.len + 1, 1},
                 "the last line does not end with a newline: the file may be truncated");
    return ERR_CONFIG;
}

bool source_next_line(const struct source *source, size_t *offset, uint32_t *line, struct span *out)
{
    if (*offset >= source->text.len) {
        return false;
    }
    struct span rest = span_skip(source->text, *offset);
    const uint8_t *end = memchr(rest.ptr, '\n', rest.len);
    size_t len = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
    *out = span_first(rest, len);
    *offset += len + (end != NULL ? 1 : 0);
    (*line)++;
    return true;
}

/* Letters to insert, remove or replace to make @b of @a; both at most WORD_LEN_MAX. */
static size_t distance(struct span a, struct span b)
{
    size_t row[WORD_LEN_MAX + 1];
    for (size_t j = 0; j <= b.len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a.len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.len; j++) {
            size_t replaced = diagonal + (a.ptr[i - 1] == b.ptr[j - 1] ? 0 : 1);
            size_t shorter = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = replaced < shorter ? replaced : shorter;
        }
    }
    return row[b.len];
}

const char *source_suggest(struct span word, const char *const *names, size_t count)
{
    const char *best = NULL;
    size_t best_distance = DISTANCE_MAX + 1;
    for (size_t i = 0; i < count; i++) {
        struct span name = span_text(names[i]);
        if (word.len > WORD_LEN_MAX || name.len > WORD_LEN_MAX) {
            continue;
        }
        size_t d = distance(word, name);
        /* A word with no letter in common is no misspelling of a short name. */
        if (d < best_distance && d < name.len) {
            best = names[i];
            best_distance = d;
        }
    }
    return best;
}

static int load_failed(const char *path, source_report report, void *context, int error,
                       const char *why)
{
    char text[SOURCE_TEXT_LEN_MAX];
    (void)snprintf(text, sizeof text, "%s: error: %s", path, why);
    report(context, text);
    return error;
}

int source_load(const char *path, source_report report, void *context, struct span *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return load_failed(path, report, context, ERR_IO, strerror(errno));
    }
    size_t cap = 64 << 10;
    size_t len = 0;
    uint8_t *bytes = malloc(cap);
    while (bytes != NULL && cap <= 2 * (size_t)SOURCE_FILE_LEN_MAX) {
        len += fread(bytes + len, 1, cap - len, file);
        if (len < cap) {
            break;
        }
        cap *= 2;
        uint8_t *more = realloc(bytes, cap);
        if (more == NULL) {
            free(bytes);
        }
        bytes = more;
    }
    int read_errno = ferror(file) != 0 ? errno : 0;
    (void)fclose(file);
    if (bytes == NULL) {
        return load_failed(path, report, context, ERR_MEMORY, "out of memory");
    }
    if (read_errno != 0 || len > SOURCE_FILE_LEN_MAX) {
        free(bytes);
        return read_errno != 0
                   ? load_failed(path, report, context, ERR_IO, strerror(read_errno))
                   : load_failed(path, report, context, ERR_LENGTH, "the file is too large");
    }
    *out = span_make(bytes, len);
    return 0;
}
