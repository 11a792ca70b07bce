/* The canonical layout, and the verbs that use it on files. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iso8583/base/source.h"
#include "tools/isotest/fmt.h"
#include "tools/isotest/lexer.h"
#include "tools/isotest/verb.h"

static void on_report(void *context, const char *text)
{
    (void)context;
    (void)text;
}

/* @text laid out, as a text that the caller frees. */
static char *laid(const char *text)
{
    struct span out;
    ck_assert_int_eq(fmt_text("t.isot", span_text(text), on_report, NULL, &out), 0);
    char *copy = strndup((const char *)out.ptr, out.len);
    free((void *)(uintptr_t)out.ptr);
    return copy;
}

/* To add a layout: a row. */
static const struct row {
    const char *from;
    const char *to;
} rows[] = {
    {"", ""},
    {"\n\n", ""},
    {"# only", "# only\n"},
    {"set   x=5", "set x=5\n"},
    {"set x =5", "set x = 5\n"},
    {"terminal T1 { connect a:1\n   dialect iso87_bcd\n 41   X }\n",
     "terminal T1 {\n  connect a:1\n  dialect iso87_bcd\n  41 X\n}\n"},
    {"test \"t\"{\nsend 0800\n70 301\nexpect 0810\n39==00\n}\n",
     "test \"t\" {\n  send 0800\n    70 301\n  expect 0810\n    39 == 00\n}\n"},
    {"test \"t\" {\n if {{x}} == 1 { wait 1s } else { wait 2s }\n}\n",
     "test \"t\" {\n  if {{x}} == 1 {\n    wait 1s\n  } else {\n    wait 2s\n  }\n}\n"},
    {"test \"t\" {\n if {{x}} == 1 { wait 1s }\n # or\n else { wait 2s }\n}\n",
     "test \"t\" {\n  if {{x}} == 1 {\n    wait 1s\n  }\n  # or\n  else {\n    wait 2s\n  }\n}\n"},
    {"test \"t\" {\n\n\n\n  wait 1s\n\n\n  wait 2s\n\n}\n",
     "test \"t\" {\n  wait 1s\n\n  wait 2s\n}\n"},
    {"test \"t\" { # first\n wait 1s # a\n wait 10s# b\n repeat 2 {\n}\n wait 5s   # c\n} # end\n",
     "test \"t\" {  # first\n  wait 1s   # a\n  wait 10s# b\n  repeat 2 {\n  }\n  wait 5s  # c\n"
     "}          # end\n"},
    {"test \"t\" {\nsend 0800\n# about 70\n70 301\n# about what follows\nwait 1s\n# last\n}\n",
     "test \"t\" {\n  send 0800\n    # about 70\n    70 301\n  # about what follows\n  wait 1s\n"
     "  # last\n}\n"},
    {"test \"t\" {\ncapture\nnext = 37\nset = sent.11\nwait 1s\n}\n",
     "test \"t\" {\n  capture\n    next = 37\n    set = sent.11\n  wait 1s\n}\n"},
    {"test \"t\" {\nsend 0800 \\\n from T [ 3 ]\n 7 now ( MMDD )\n 39 in(00,51)\n}\n",
     "test \"t\" {\n  send 0800 \\\n      from T[3]\n    7 now(MMDD)\n    39 in (00, 51)\n}\n"},
    {"test \"t\" {\nexec \"x\"\ncsv \"a\" where n=\"v w\": c == 1\n}\n",
     "test \"t\" {\n  exec \"x\"\n    csv \"a\" where n=\"v w\": c == 1\n}\n"},
    {"set a = \"\xC3\xA9\xC3\xA9\" # x\nset a = \"ee\" # y\n",
     "set a = \"\xC3\xA9\xC3\xA9\"  # x\nset a = \"ee\"  # y\n"},
};

/* What the language would not take is not written. */
START_TEST(line_that_becomes_too_long_is_refused)
{
    enum { LEN = SCRIPT_LINE_LEN_MAX };
    static char text[LEN + 100] = "test \"t\" {\nset a = ";
    size_t head = strlen(text);
    memset(text + head, 'x', LEN - (head - 11)); /* the second line is as long as it may be */
    memcpy(text + head + LEN - (head - 11), "\n}\n", 4);
    struct span out;
    ck_assert_int_eq(fmt_text("t.isot", span_text(text), on_report, NULL, &out), ERR_CONFIG);
}
END_TEST

START_TEST(layout_is_canonical)
{
    char *out = laid(rows[_i].from);
    ck_assert_str_eq(out, rows[_i].to);
    free(out);
}
END_TEST

START_TEST(layout_of_a_layout_is_itself)
{
    char *once = laid(rows[_i].from);
    char *twice = laid(once);
    ck_assert_str_eq(once, twice);
    free(once);
    free(twice);
}
END_TEST

START_TEST(what_cannot_be_read_is_not_laid_out)
{
    static const char *const wrong[] = {"test \"t\" {\n", "}\n", "set x = \"y\n", "set x = \x01\n"};
    struct span out;
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        ck_assert_int_eq(fmt_text("t", span_text(wrong[i]), on_report, NULL, &out), ERR_CONFIG);
    }
}
END_TEST

static void tell_nothing(void *context, struct spot spot, const char *what)
{
    (void)context;
    (void)spot;
    (void)what;
}

/* Statements and words are all that a parser sees. */
static void same_words(struct span a, struct span b)
{
    static struct line line_a;
    static struct line line_b;
    struct lexer lexer_a;
    struct lexer lexer_b;
    lexer_init(&lexer_a, a, 0, tell_nothing, NULL);
    lexer_init(&lexer_b, b, 0, tell_nothing, NULL);
    bool more = true;
    while (more) {
        more = lexer_next(&lexer_a, &line_a);
        ck_assert_int_eq(lexer_next(&lexer_b, &line_b), more);
        ck_assert_uint_eq(line_a.count, line_b.count);
        for (uint32_t i = 0; more && i < line_a.count; i++) {
            ck_assert_int_eq(line_a.token[i].kind, line_b.token[i].kind);
            ck_assert(span_equal(line_a.token[i].raw, line_b.token[i].raw));
        }
    }
}

START_TEST(words_stay_as_they_are)
{
    char *out = laid(rows[_i].from);
    same_words(span_text(rows[_i].from), span_text(out));
    free(out);
}
END_TEST

START_TEST(examples_of_the_manual_are_canonical)
{
    static const char *const names[] = {"lab", "echo", "purchase_pin", "timeout_reversal",
                                        "clearing_day"};
    char path[512];
    struct span text;
    struct span out;
    (void)snprintf(path, sizeof path, "%s/isot/%s.isot", VECTORS, names[_i]);
    ck_assert_int_eq(source_load(path, on_report, NULL, &text), 0);
    ck_assert_int_eq(fmt_text(path, text, on_report, NULL, &out), 0);
    ck_assert(span_equal(text, out));
    free((void *)(uintptr_t)text.ptr);
    free((void *)(uintptr_t)out.ptr);
}
END_TEST

/* --- verbs ------------------------------------------------------------------------------------ */

static char folder[64];
static char path[128];

static void folder_make(void)
{
    (void)snprintf(folder, sizeof folder, "/tmp/isot-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/a.isot", folder);
}

static void folder_remove(void)
{
    char command[128];
    (void)snprintf(command, sizeof command, "rm -r '%s'", folder);
    ck_assert_int_eq(system(command), 0);
}

static void file_write(const char *text)
{
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void file_is(const char *expected)
{
    struct span text;
    ck_assert_int_eq(source_load(path, on_report, NULL, &text), 0);
    ck_assert(span_equal_text(text, expected));
    free((void *)(uintptr_t)text.ptr);
}

static int verb(int (*run)(int argc, char **argv), const char *option, const char *name)
{
    char words[3][128];
    char *argv[] = {words[0], words[1], words[2], NULL};
    (void)snprintf(words[0], sizeof words[0], "isotest");
    (void)snprintf(words[1], sizeof words[1], "%s", option);
    (void)snprintf(words[2], sizeof words[2], "%s", name);
    return run(3, argv);
}

START_TEST(fmt_rewrites_files_of_a_folder_and_keeps_their_mode)
{
    struct stat status;
    file_write("set  x = 1\n");
    ck_assert_int_eq(chmod(path, 0640), 0);
    ck_assert_int_eq(verb(verb_fmt, "--check", folder), 1);
    file_is("set  x = 1\n");
    ck_assert_int_eq(verb(verb_fmt, "--", folder), 0);
    file_is("set x = 1\n");
    ck_assert_int_eq(stat(path, &status), 0);
    ck_assert_int_eq(status.st_mode & 07777, 0640);
    ck_assert_int_eq(verb(verb_fmt, "--check", folder), 0);
}
END_TEST

START_TEST(fmt_leaves_a_wrong_file_alone)
{
    file_write("test \"t\" {\n   wait 1s\n");
    ck_assert_int_eq(verb(verb_fmt, "--", path), 3);
    file_is("test \"t\" {\n   wait 1s\n");
}
END_TEST

START_TEST(check_exits_with_three_for_a_wrong_script)
{
    file_write("set x = 1\n");
    ck_assert_int_eq(verb(verb_check, "--quiet", path), 0);
    ck_assert_int_eq(verb(verb_check, "--quiet", folder), 0);
    file_write("sett x = 1\n");
    ck_assert_int_eq(verb(verb_check, "--quiet", path), 3);
    ck_assert_int_eq(verb(verb_check, "--quiet", "/nowhere/x.isot"), 3);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("language_fmt");
    TCase *tcase = tcase_create("texts");
    tcase_add_loop_test(tcase, layout_is_canonical, 0, (int)ARRAY_COUNT(rows));
    tcase_add_loop_test(tcase, layout_of_a_layout_is_itself, 0, (int)ARRAY_COUNT(rows));
    tcase_add_loop_test(tcase, words_stay_as_they_are, 0, (int)ARRAY_COUNT(rows));
    tcase_add_test(tcase, what_cannot_be_read_is_not_laid_out);
    tcase_add_test(tcase, line_that_becomes_too_long_is_refused);
    tcase_add_loop_test(tcase, examples_of_the_manual_are_canonical, 0, 5);
    suite_add_tcase(suite, tcase);
    TCase *files = tcase_create("files");
    tcase_add_checked_fixture(files, folder_make, folder_remove);
    tcase_add_test(files, fmt_rewrites_files_of_a_folder_and_keeps_their_mode);
    tcase_add_test(files, fmt_leaves_a_wrong_file_alone);
    tcase_add_test(files, check_exits_with_three_for_a_wrong_script);
    suite_add_tcase(suite, files);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
