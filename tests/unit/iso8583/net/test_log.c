/* Golden lines. The time is now, so its shape is checked and it is cut off before comparing. */
#include <check.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/base/log.h"
#include "tests/unit/iso8583/suite.h"

static struct {
    char text[LOG_LINE_LEN_MAX + 1];
    size_t len;
    uint32_t count;
} got;

static void keep(void *context, struct span line)
{
    ck_assert_ptr_eq(context, &got);
    ck_assert_uint_gt(line.len, 0);
    ck_assert_uint_le(line.len, LOG_LINE_LEN_MAX);
    ck_assert_int_eq(line.ptr[line.len - 1], '\n');
    memcpy(got.text, line.ptr, line.len);
    got.text[line.len] = '\0';
    got.len = line.len;
    got.count++;
}

static void setup(enum log_level level, bool json)
{
    memset(&got, 0, sizeof got);
    log_setup(level, json, keep, &got);
}

/* The line without its time, which must look like one and begins at @at. */
static const char *timeless(size_t at)
{
    const char *shape = "2nnn-nn-nnTnn:nn:nn.nnnZ";
    ck_assert_uint_gt(got.len, at + strlen(shape));
    for (size_t i = 0; shape[i] != '\0'; i++) {
        char c = got.text[at + i];
        ck_assert(shape[i] == 'n' ? byte_is_digit((uint8_t)c) : c == shape[i]);
    }
    return got.text + at + strlen(shape);
}

static void line_of_all_kinds(enum log_level level)
{
    struct log_line line;
    log_begin(&line, level, "link.up");
    log_text(&line, "link", "visa");
    log_number(&line, "port", 5001);
    log_number(&line, "low", INT64_MIN);
    log_text(&line, "note", "two words");
    log_text(&line, "quoted", "say \"a\\b\"");
    log_text(&line, "none", "");
    log_text(&line, "pair", "a=b");
    log_span(&line, "bytes", span_make("A\n\0\xFF", 4));
    log_end(&line);
}

START_TEST(text_line_quotes_only_what_needs_it)
{
    setup(LOG_INFO, false);
    line_of_all_kinds(LOG_INFO);
    ck_assert_str_eq(timeless(0), " INFO  link.up link=visa port=5001 low=-9223372036854775808"
                                  " note=\"two words\" quoted=\"say \\\"a\\\\b\\\"\" none=\"\""
                                  " pair=\"a=b\" bytes=\"A\\x0A\\x00\\xFF\"\n");
}
END_TEST

START_TEST(json_line_has_the_same_keys)
{
    setup(LOG_INFO, true);
    line_of_all_kinds(LOG_INFO);
    ck_assert_int_eq(strncmp(got.text, "{\"time\":\"", 9), 0);
    ck_assert_str_eq(timeless(9),
                     "\",\"level\":\"INFO\",\"event\":\"link.up\",\"link\":\"visa\",\"port\":5001,"
                     "\"low\":-9223372036854775808,\"note\":\"two words\","
                     "\"quoted\":\"say \\\"a\\\\b\\\"\",\"none\":\"\",\"pair\":\"a=b\","
                     "\"bytes\":\"A\\\\x0A\\\\x00\\\\xFF\"}\n");
}
END_TEST

START_TEST(level_is_named)
{
    static const char *const names[] = {" ERROR e\n", " WARN  e\n", " INFO  e\n", " DEBUG e\n"};
    setup(LOG_DEBUG, false);
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct log_line line;
        log_begin(&line, (enum log_level)i, "e");
        log_end(&line);
        ck_assert_str_eq(timeless(0), names[i]);
    }
}
END_TEST

START_TEST(level_that_is_off_writes_nothing)
{
    setup(LOG_WARN, false);
    ck_assert(log_wants(LOG_ERROR));
    ck_assert(log_wants(LOG_WARN));
    ck_assert(!log_wants(LOG_INFO));
    line_of_all_kinds(LOG_INFO);
    line_of_all_kinds(LOG_DEBUG);
    ck_assert_uint_eq(got.count, 0);
    line_of_all_kinds(LOG_WARN);
    ck_assert_uint_eq(got.count, 1);
}
END_TEST

START_TEST(pan_shows_first_six_and_last_four_only)
{
    static const struct {
        const char *pan;
        const char *line;
    } rows[] = {
        {"4761739001010010", " INFO  e pan=476173******0010\n"},
        {"4761739001010", " INFO  e pan=476173***1010\n"},
        {"4761739001010010123", " INFO  e pan=476173*********0123\n"},
        {"476173900101", " INFO  e pan=************\n"},
        {"4761739001010010=2512", " INFO  e pan=*******************\n"},
        {"47617390010100101234", " INFO  e pan=*******************\n"},
        {"", " INFO  e pan=\"\"\n"},
    };
    setup(LOG_INFO, false);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct log_line line;
        log_begin(&line, LOG_INFO, "e");
        log_pan(&line, "pan", span_text(rows[i].pan));
        log_end(&line);
        ck_assert_str_eq(timeless(0), rows[i].line);
    }
}
END_TEST

/* Every length around the end of the line, and bytes of every width: the line is never too long,
 * always closed, and says that it was cut. */
START_TEST(long_line_is_cut_and_still_well_formed)
{
    static const uint8_t bytes[] = {'a', '"', 0x01, ' '};
    for (int json = 0; json < 2; json++) {
        for (size_t kind = 0; kind < ARRAY_COUNT(bytes); kind++) {
            for (size_t len = 0; len < 1100; len++) {
                static uint8_t value[1100];
                memset(value, bytes[kind], len);
                setup(LOG_INFO, json == 1);
                struct log_line line;
                log_begin(&line, LOG_INFO, "e");
                log_span(&line, "v", span_make(value, len));
                log_number(&line, "n", 123456);
                log_text(&line, "t", "end");
                log_end(&line);
                ck_assert_uint_eq(got.count, 1);
                bool cut = strstr(got.text, json ? "...\"}\n" : "...") != NULL;
                bool whole = strstr(got.text, json ? "\"n\":123456,\"t\":\"end\"}\n"
                                                   : " n=123456 t=end\n") != NULL;
                ck_assert(!(cut && whole));
                ck_assert(whole || got.len > LOG_LINE_LEN_MAX - 40);
                ck_assert(len < 150 ? whole : true);
                ck_assert(len > 1000 ? cut : true);
                if (json) {
                    ck_assert_str_eq(got.text + got.len - 2, "}\n");
                }
                size_t quotes = 0;
                for (size_t i = 0; i < got.len; i++) {
                    i += got.text[i] == '\\' ? 1 : 0;
                    quotes += got.text[i] == '"' && got.text[i - 1] != '\\' ? 1 : 0;
                }
                ck_assert_uint_eq(quotes % 2, 0);
            }
        }
    }
}
END_TEST

START_TEST(line_that_stderr_refuses_is_counted)
{
    int pipe_fds[2];
    int saved = dup(STDERR_FILENO);
    ck_assert_int_eq(pipe2(pipe_fds, O_NONBLOCK), 0);
    ck_assert_int_ge(dup2(pipe_fds[1], STDERR_FILENO), 0);
    log_setup(LOG_INFO, false, NULL, NULL);
    line_of_all_kinds(LOG_INFO);
    uint64_t after_good = log_dropped();
    char text[2048];
    ssize_t len = read(pipe_fds[0], text, sizeof text);
    static char fill[4096];
    while (write(STDERR_FILENO, fill, sizeof fill) > 0) {
    }
    line_of_all_kinds(LOG_INFO);
    line_of_all_kinds(LOG_INFO);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    ck_assert_uint_eq(after_good, 0);
    ck_assert_int_gt((int)len, 100);
    ck_assert_int_eq(text[len - 1], '\n');
    ck_assert_uint_eq(log_dropped(), 2);
    close(saved);
    close(pipe_fds[0]);
    close(pipe_fds[1]);
}
END_TEST

SUITE_MAIN("log", text_line_quotes_only_what_needs_it, json_line_has_the_same_keys, level_is_named,
           level_that_is_off_writes_nothing, pan_shows_first_six_and_last_four_only,
           long_line_is_cut_and_still_well_formed, line_that_stderr_refuses_is_counted)
