#include "routes/route_file.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/iso8583/suite.h"
#include "tests/unit/routes/collect.h"

static const char *const issuers[] = {"visa", "mc", "amex"};

static struct collected collected;

static int parse(struct span text, struct routes **out)
{
    collected = (struct collected){0};
    *out = NULL;
    return routes_parse(text, "bins.csv", issuers, 3, collect, &collected, out);
}

START_TEST(good_file_gives_a_table)
{
    struct routes *routes;
    ck_assert_int_eq(parse(SPAN_LITERAL("# comment\n"
                                        "prefix,issuer\n"
                                        "411111,visa\n"
                                        "\n"
                                        "  \t\n"
                                        "# another, with a \" quote\n"
                                        "222100-272099, mc \r\n"
                                        "\"4\",\"visa\"\n"
                                        "41111111111,amex\n"),
                           &routes),
                     0);
    ck_assert_str_eq(collected.text, "");
    uint32_t line = 0;
    ck_assert_int_eq(routes_find(routes, span_text("2720990000000000"), &line), 1);
    ck_assert_uint_eq(line, 7);
    ck_assert_int_eq(routes_find(routes, span_text("4999"), &line), 0);
    ck_assert_uint_eq(line, 8);
    ck_assert_int_eq(routes_find(routes, span_text("4111111111111111"), &line), 2);
    ck_assert_int_eq(routes_find(routes, span_text("4111110000000000"), &line), 0);
    ck_assert_uint_eq(line, 3);
    ck_assert_uint_eq(routes_count(routes), 4);
    routes_free(routes);
}
END_TEST

/* What a file says, and all that is told of it. */
static const struct {
    const char *text;
    const char *errors;
} golden[] = {
    {"", "bins.csv:1:1: error: the file is empty\n"},
    {"prefix,issuer\n411111,visa",
     "bins.csv:2:12: error: the last line does not end with a newline: the file may be truncated\n"
     "      2 | 411111,visa\n"
     "        |            ^\n"},
    {"prefix,issuer\n# none\n", "bins.csv:2:1: error: there are no rows\n"
                                "      2 | # none\n"
                                "        | ^\n"},
    {"411111,visa\n", "bins.csv:1:1: error: the first row must be the header 'prefix,issuer'\n"
                      "      1 | 411111,visa\n"
                      "        | ^^^^^^^^^^^\n"},
    {"prefix,issuer\n411111\n", "bins.csv:2:1: error: 2 columns expected (prefix,issuer), 1 found\n"
                                "      2 | 411111\n"
                                "        | ^^^^^^\n"},
    {"prefix,issuer\n1,visa,2,3,4,5,6,7,8,9\n",
     "bins.csv:2:1: error: 2 columns expected (prefix,issuer), 10 found\n"
     "      2 | 1,visa,2,3,4,5,6,7,8,9\n"
     "        | ^^^^^^^^^^^^^^^^^^^^^^\n"},
    {"prefix,issuer\n41x,visa\n",
     "bins.csv:2:1: error: '41x' is neither a prefix of 1 to 11 digits nor a range like "
     "222100-272099\n"
     "      2 | 41x,visa\n"
     "        | ^^^\n"},
    {"prefix,issuer\n4111111111111111,visa\n",
     "bins.csv:2:1: error: '411111******1111' is neither a prefix of 1 to 11 digits nor a range "
     "like 222100-272099\n"
     "      2 | 411111******1111,visa\n"
     "        | ^^^^^^^^^^^^^^^^\n"},
    {"prefix,issuer\n,visa\n",
     "bins.csv:2:1: error: '' is neither a prefix of 1 to 11 digits nor a range like "
     "222100-272099\n"
     "      2 | ,visa\n"
     "        | ^\n"},
    {"prefix,issuer\n40-411,visa\n",
     "bins.csv:2:1: error: both ends of a range have the same number of digits\n"
     "      2 | 40-411,visa\n"
     "        | ^^^^^^\n"},
    {"prefix,issuer\n42-41,visa\n", "bins.csv:2:1: error: the range ends before it begins\n"
                                    "      2 | 42-41,visa\n"
                                    "        | ^^^^^\n"},
    {"prefix,issuer\n42,  vsia  \n",
     "bins.csv:2:6: error: unknown issuer 'vsia'; did you mean 'visa'?\n"
     "      2 | 42,  vsia  \n"
     "        |      ^^^^\n"},
    {"prefix,issuer\n42,\tdiners\n", "bins.csv:2:5: error: unknown issuer 'diners'\n"
                                     "      2 | 42, diners\n"
                                     "        |     ^^^^^^\n"},
    {"prefix,issuer\n42,\033[2J\n", "bins.csv:2:4: error: unknown issuer '?[2J'\n"
                                    "      2 | 42,?[2J\n"
                                    "        |    ^^^^\n"},
    {"prefix,issuer\n42,vi\"sa\n", "bins.csv:2:6: error: a quote must enclose a whole cell\n"
                                   "      2 | 42,vi\"sa\n"
                                   "        |      ^\n"},
    {"prefix,issuer\n42,\"visa\n43,mc\n",
     "bins.csv:2:4: error: the quoted cell does not end on its line\n"
     "      2 | 42,\"visa\n"
     "        |    ^^^^^\n"},
    {"prefix,issuer\n42,visa\r43,mc\n",
     "bins.csv:2:8: error: a carriage return may only stand at the end of a line\n"
     "      2 | 42,visa 43,mc\n"
     "        |        ^\n"},
    {"prefix,issuer\n411111,visa\n5,mc\n411111,mc\n",
     "bins.csv:4:1: error: prefix 411111 is also on line 2, with another issuer\n"
     "      4 | 411111,mc\n"
     "        | ^^^^^^\n"},
    {"prefix,issuer\n51-55,mc\n51-55,mc\n", "bins.csv:3:1: error: range 51-55 is also on line 2\n"
                                            "      3 | 51-55,mc\n"
                                            "        | ^^^^^\n"},
    {"prefix,issuer\n40-45,visa\n43-48,mc\n",
     "bins.csv:3:1: error: this row and line 2 share cards and are equally wide: neither is "
     "narrower, with another issuer\n"
     "      3 | 43-48,mc\n"
     "        | ^^^^^\n"},
    {"prefix,issuer\n4,visa\nx,vsa\n4,visa\n4,mc\n",
     "bins.csv:3:1: error: 'x' is neither a prefix of 1 to 11 digits nor a range like "
     "222100-272099\n"
     "      3 | x,vsa\n"
     "        | ^\n"
     "bins.csv:3:3: error: unknown issuer 'vsa'; did you mean 'visa'?\n"
     "      3 | x,vsa\n"
     "        |   ^^^\n"
     "bins.csv:4:1: error: prefix 4 is also on line 2\n"
     "      4 | 4,visa\n"
     "        | ^\n"
     "bins.csv:5:1: error: prefix 4 is also on line 2, with another issuer\n"
     "      5 | 4,mc\n"
     "        | ^\n"},
};

START_TEST(every_error_is_told_with_its_place_and_line)
{
    struct routes *routes;
    ck_assert_int_eq(parse(span_text(golden[_i].text), &routes), ERR_CONFIG);
    ck_assert_str_eq(collected.text, golden[_i].errors);
    ck_assert_ptr_null(routes);
}
END_TEST

START_TEST(at_most_twenty_errors_are_told)
{
    struct routes *routes;
    char text[1024] = "prefix,issuer\n";
    for (int i = 0; i < 30; i++) {
        text_append(text, sizeof text, "x,visa\n");
    }
    ck_assert_int_eq(parse(span_text(text), &routes), ERR_CONFIG);
    ck_assert_uint_eq(collected.count, 20);
    (void)snprintf(text, sizeof text, "%s", "prefix,issuer\n");
    for (int i = 0; i < 30; i++) {
        text_append(text, sizeof text, "4,visa\n");
    }
    ck_assert_int_eq(parse(span_text(text), &routes), ERR_CONFIG);
    ck_assert_uint_eq(collected.count, 20);
}
END_TEST

START_TEST(long_line_is_shown_around_its_place)
{
    struct routes *routes;
    static char text[4096] = "prefix,issuer\n";
    memset(text + 14, '7', 900);
    text_append(text, sizeof text, ",visa\n4,vist\n");
    ck_assert_int_eq(parse(span_text(text), &routes), ERR_CONFIG);
    ck_assert_uint_eq(collected.count, 2);
    ck_assert_ptr_nonnull(strstr(collected.text, "bins.csv:3:3: error: unknown issuer 'vist'"));
    memset(text + 14, '7', 2000);
    text[2014] = '\0';
    text_append(text, sizeof text, ",visa\n");
    ck_assert_int_eq(parse(span_text(text), &routes), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(collected.text, "the line is longer than 1024 bytes"));
    ck_assert_ptr_null(strstr(collected.text, "77777777777777777777"));
}
END_TEST

START_TEST(files_are_read_and_missing_ones_told)
{
    struct routes *routes = NULL;
    collected = (struct collected){0};
    ck_assert_int_eq(routes_read("/nonexistent/bins.csv", issuers, 3, collect, &collected, &routes),
                     ERR_IO);
    ck_assert_str_eq(collected.text, "/nonexistent/bins.csv: error: No such file or directory\n");
    char path[] = "/tmp/test_route_file.XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    static const char text[] = "prefix,issuer\n4,visa\n";
    ck_assert_int_eq(write(fd, text, sizeof text - 1), sizeof text - 1);
    close(fd);
    ck_assert_int_eq(routes_read(path, issuers, 3, collect, &collected, &routes), 0);
    ck_assert_int_eq(routes_find(routes, span_text("4111111111111111"), NULL), 0);
    routes_free(routes);
    unlink(path);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("route_file");
    tcase_add_test(tcase, good_file_gives_a_table);
    tcase_add_loop_test(tcase, every_error_is_told_with_its_place_and_line, 0,
                        (int)(sizeof golden / sizeof golden[0]));
    tcase_add_test(tcase, at_most_twenty_errors_are_told);
    tcase_add_test(tcase, long_line_is_shown_around_its_place);
    tcase_add_test(tcase, files_are_read_and_missing_ones_told);
    Suite *suite = suite_create("route_file");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
