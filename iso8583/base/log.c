#include "iso8583/base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "iso8583/base/pan.h"

/* What closes a line that is full in the middle of a value: ..." } and newline. */
enum { TAIL_LEN = 6, CONTENT_LEN_MAX = LOG_LINE_LEN_MAX - TAIL_LEN };

static struct {
    enum log_level level;
    bool json;
    void (*sink)(void *context, struct span line);
    void *context;
} settings = {.level = LOG_INFO};

static atomic_uint_fast64_t dropped;

/* Five wide, so that events stand under each other. JSON takes the name without the blanks. */
static const char level_names[][6] = {
    [LOG_ERROR] = "ERROR", [LOG_WARN] = "WARN ", [LOG_INFO] = "INFO ", [LOG_DEBUG] = "DEBUG"};

/* One line, one write(2): lines of several threads do not mix. A log that cannot be written must
 * not stop the program, but it must be seen that it could not. */
static void stderr_write(struct span line)
{
    ssize_t count;
    do {
        count = write(STDERR_FILENO, line.ptr, line.len);
    } while (count < 0 && errno == EINTR);
    if (count < 0 || (size_t)count != line.len) {
        atomic_fetch_add(&dropped, 1);
    }
}

uint64_t log_dropped(void)
{
    return atomic_load(&dropped);
}

void log_setup(enum log_level level, bool json, void (*sink)(void *context, struct span line),
               void *context)
{
    settings.level = level;
    settings.json = json;
    settings.sink = sink;
    settings.context = context;
}

bool log_wants(enum log_level level)
{
    return level <= settings.level;
}

/* Bytes of content that still fit; none once a tail was begun. */
static size_t room(const struct log_line *line)
{
    return line->len < CONTENT_LEN_MAX ? CONTENT_LEN_MAX - line->len : 0;
}

/* Append all of @bytes, or nothing and false. */
static bool put(struct log_line *line, struct span bytes)
{
    if (bytes.len > room(line)) {
        return false;
    }
    memcpy(line->buf + line->len, bytes.ptr, bytes.len);
    line->len += bytes.len;
    return true;
}

/* Append beyond the content, where room is kept for it. */
static void put_tail(struct log_line *line, const char *text)
{
    size_t len = strlen(text);
    CHECK(len <= LOG_LINE_LEN_MAX - line->len);
    memcpy(line->buf + line->len, text, len);
    line->len += len;
}

/* A byte of a value as it is written within quotes: at most 5 bytes in @out. */
static struct span byte_escape(uint8_t byte, uint8_t out[5])
{
    struct writer w = writer_make(out, 5);
    if (byte == '"' || byte == '\\') {
        writer_u8(&w, '\\');
        writer_u8(&w, byte);
    } else if (byte >= 0x20 && byte < 0x7F) {
        writer_u8(&w, byte);
    } else {
        writer_text(&w, settings.json ? "\\\\x" : "\\x");
        writer_u8(&w, hex_digit(byte >> 4));
        writer_u8(&w, hex_digit(byte));
    }
    return span_make(out, w.len);
}

/* Text lines quote only what would be read wrongly without. */
static bool wants_quotes(struct span value)
{
    for (size_t i = 0; i < value.len; i++) {
        uint8_t byte = value.ptr[i];
        if (byte <= ' ' || byte >= 0x7F || byte == '"' || byte == '\\' || byte == '=') {
            return true;
        }
    }
    return value.len == 0 || settings.json;
}

/* Append the separator and @key, if there is also room for @value_len bytes of value. */
static bool put_key(struct log_line *line, const char *key, size_t value_len)
{
    char text[64];
    int len = snprintf(text, sizeof text, settings.json ? ",\"%s\":" : " %s=", key);
    CHECK(len > 0 && (size_t)len < sizeof text); /* keys are our own */
    return (size_t)len + value_len <= room(line) && put(line, span_make(text, (size_t)len));
}

static void put_field(struct log_line *line, const char *key, struct span value)
{
    bool quotes = wants_quotes(value);
    if (!line->wanted || !put_key(line, key, 1 + quotes)) {
        return;
    }
    if (quotes) {
        CHECK(put(line, SPAN_LITERAL("\"")));
    }
    bool fits = true;
    for (size_t i = 0; i < value.len && fits; i++) {
        uint8_t escaped[5];
        fits = put(line, byte_escape(value.ptr[i], escaped));
    }
    if (!fits) {
        put_tail(line, "...");
    }
    if (quotes) {
        put_tail(line, "\"");
    }
}

static void put_time(struct log_line *line)
{
    struct timespec now;
    struct tm utc;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    CHECK(gmtime_r(&now.tv_sec, &utc) != NULL);
    char text[32];
    size_t len = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
    int more = snprintf(text + len, sizeof text - len, ".%03ldZ", now.tv_nsec / 1000000);
    CHECK(put(line, span_make(text, len + (size_t)more)));
}

void log_begin(struct log_line *line, enum log_level level, const char *event)
{
    line->len = 0;
    line->wanted = log_wants(level);
    if (!line->wanted) {
        return;
    }
    const char *name = level_names[level];
    bool fits;
    if (settings.json) {
        fits = put(line, SPAN_LITERAL("{\"time\":\""));
        put_time(line);
        fits = fits && put(line, SPAN_LITERAL("\",\"level\":\"")) &&
               put(line, span_make(name, name[4] == ' ' ? 4 : 5)) &&
               put(line, SPAN_LITERAL("\",\"event\":\"")) && put(line, span_text(event)) &&
               put(line, SPAN_LITERAL("\""));
    } else {
        put_time(line);
        fits = put(line, SPAN_LITERAL(" ")) && put(line, span_text(name)) &&
               put(line, SPAN_LITERAL(" ")) && put(line, span_text(event));
    }
    CHECK(fits); /* event names are our own and short */
}

void log_text(struct log_line *line, const char *key, const char *text)
{
    put_field(line, key, span_text(text));
}

void log_number(struct log_line *line, const char *key, int64_t number)
{
    char text[24];
    int len = snprintf(text, sizeof text, "%" PRId64, number);
    if (line->wanted && put_key(line, key, (size_t)len)) {
        CHECK(put(line, span_make(text, (size_t)len)));
    }
}

void log_span(struct log_line *line, const char *key, struct span bytes)
{
    put_field(line, key, bytes);
}

void log_pan(struct log_line *line, const char *key, struct span pan)
{
    uint8_t masked[19];
    size_t len = pan.len < sizeof masked ? pan.len : sizeof masked;
    /* What is no PAN is card data nevertheless: it shows nothing but that it was there. */
    bool is_number = span_is_digits(pan);
    for (size_t i = 0; i < len; i++) {
        masked[i] = is_number && pan_shows(pan.len, i) ? pan.ptr[i] : '*';
    }
    put_field(line, key, span_make(masked, len));
}

void log_end(struct log_line *line)
{
    if (!line->wanted) {
        return;
    }
    put_tail(line, settings.json ? "}\n" : "\n");
    struct span whole = span_make(line->buf, line->len);
    if (settings.sink != NULL) {
        settings.sink(settings.context, whole);
    } else {
        stderr_write(whole);
    }
}
