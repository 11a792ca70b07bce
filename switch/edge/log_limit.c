#include "switch/edge/log_limit.h"

#include "iso8583/base/bytes.h"

static void copy_text(char *out, size_t cap, const char *text)
{
    size_t len = strnlen(text, cap - 1);
    memcpy(out, text, len);
    out[len] = '\0';
}

static bool is_over(const struct log_limit_row *row, int64_t now_ms)
{
    return now_ms - row->since_ms >= LOG_LIMIT_MS;
}

/* The row of @event and @subject; else a new one, in place of one that is silent; else the last. */
static struct log_limit_row *row_of(struct log_limit *limit, const char *event, const char *subject,
                                    int64_t now_ms)
{
    struct log_limit_row *last = &limit->rows[LOG_LIMIT_ROWS - 1];
    struct log_limit_row *silent = NULL;
    for (struct log_limit_row *row = limit->rows; row < last; row++) {
        if (strncmp(row->event, event, sizeof row->event - 1) == 0 &&
            strncmp(row->subject, subject, sizeof row->subject - 1) == 0) {
            return row;
        }
        bool is_silent = row->event[0] == '\0' || (is_over(row, now_ms) && row->left_out == 0);
        silent = silent == NULL && is_silent ? row : silent;
    }
    struct log_limit_row *row = silent != NULL ? silent : last;
    if (row != last || row->event[0] == '\0') {
        *row = (struct log_limit_row){.since_ms = now_ms};
        copy_text(row->event, sizeof row->event, row == last ? "others" : event);
        copy_text(row->subject, sizeof row->subject, row == last ? "" : subject);
    }
    return row;
}

bool log_limit_takes(struct log_limit *limit, const char *event, const char *subject,
                     int64_t now_ms)
{
    struct log_limit_row *row = row_of(limit, event, subject, now_ms);
    if (is_over(row, now_ms) && row->left_out == 0) {
        row->since_ms = now_ms;
        row->lines = 0;
    }
    if (row->lines < LOG_LIMIT_LINES) {
        row->lines++;
        return true;
    }
    row->left_out++;
    return false;
}

bool log_limit_next(struct log_limit *limit, int64_t now_ms, struct log_limit_row *row)
{
    for (unsigned i = 0; i < LOG_LIMIT_ROWS; i++) {
        struct log_limit_row *at = &limit->rows[i];
        if (at->left_out != 0 && is_over(at, now_ms)) {
            *row = *at;
            at->since_ms = now_ms;
            at->lines = 0;
            at->left_out = 0;
            return true;
        }
    }
    return false;
}

bool log_limit_waits(const struct log_limit *limit)
{
    for (unsigned i = 0; i < LOG_LIMIT_ROWS; i++) {
        if (limit->rows[i].left_out != 0) {
            return true;
        }
    }
    return false;
}
