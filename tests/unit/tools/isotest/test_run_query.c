/* Words and queries of scripts, as requests of the admin socket; what is picked from answers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/isotest/control.h"
#include "tools/isotest/query_words.h"
#include "tools/isotest/spawn.h"

static void becomes(const char *command, const char *json)
{
    const char *error = NULL;
    json_t *request = control_request(span_text(command), &error);
    json_t *wanted = json_loads(json, 0, NULL);
    ck_assert_ptr_nonnull(wanted);
    ck_assert_msg(json_equal(request, wanted) == 1, "%s", command);
    json_decref(request);
    json_decref(wanted);
}

static void is_refused(const char *command)
{
    const char *error = NULL;
    ck_assert_ptr_null(control_request(span_text(command), &error));
    ck_assert_ptr_nonnull(error);
}

START_TEST(words_become_the_request_that_switchctl_makes)
{
    becomes("status", "{\"cmd\":\"status\"}");
    becomes("switchctl day show --day 2026-11-20", "{\"cmd\":\"day.show\",\"day\":\"2026-11-20\"}");
    becomes("day cutover --yes", "{\"cmd\":\"day.cutover\"}");
    becomes("tx show --stan 000017 --terminal TERM0001",
            "{\"cmd\":\"tx.show\",\"stan\":\"000017\",\"terminal\":\"TERM0001\"}");
    becomes("tx show 12", "{\"cmd\":\"tx.show\",\"seq\":12}");
    becomes("tx list --last 5", "{\"cmd\":\"tx.list\",\"last\":5}");
    becomes("link down 'visa 1'", "{\"cmd\":\"link.down\",\"name\":\"visa 1\"}");
}
END_TEST

START_TEST(words_that_are_no_verb_are_refused)
{
    is_refused("");
    is_refused("tx");
    is_refused("reboot");
    is_refused("tx show --stan");
    is_refused("tx show 1 2");
    is_refused("status now");
    is_refused("day show --colour red");
}
END_TEST

static const char *picked(const char *answer, const char *path)
{
    static char text[200];
    json_t *json = json_loads(answer, 0, NULL);
    ck_assert_ptr_nonnull(json);
    int len = json_pick(json, span_text(path), text, sizeof text);
    json_decref(json);
    return len < 0 ? NULL : text;
}

START_TEST(path_picks_members_entries_and_names)
{
    const char *answer = "{\"ok\":true,\"tx\":{\"state\":\"reversed\",\"n\":-5,\"x\":null,"
                         "\"journal\":[{\"what\":\"OPEN\"},{\"what\":\"CLOSE\"}]}}";
    ck_assert_str_eq(picked(answer, ".ok"), "true");
    ck_assert_str_eq(picked(answer, ".tx.state"), "reversed");
    ck_assert_str_eq(picked(answer, ".state"), "reversed");
    ck_assert_str_eq(picked(answer, ".tx.n"), "-5");
    ck_assert_str_eq(picked(answer, ".tx.x"), "null");
    ck_assert_str_eq(picked(answer, ".tx.journal.1.what"), "CLOSE");
    ck_assert_str_eq(picked(answer, ".tx.journal[0].what"), "OPEN");
    ck_assert_str_eq(picked("{\"links\":[{\"name\":\"a\"},{\"name\":\"b\",\"state\":\"up\"}]}",
                            ".links.b.state"),
                     "up");
    ck_assert_ptr_null(picked(answer, ".nothing"));
    ck_assert_ptr_null(picked(answer, ".tx.journal.2.what"));
}
END_TEST

static const char *queried(const char *query, const char *cmd, const char *answer)
{
    static char text[200];
    json_t *request = query_request(span_text(query));
    json_t *json = json_loads(answer, 0, NULL);
    ck_assert_ptr_nonnull(request);
    ck_assert_ptr_nonnull(json);
    ck_assert_str_eq(json_string_value(json_object_get(request, "cmd")), cmd);
    int len = query_pick(span_text(query), json, text, sizeof text);
    json_decref(json);
    json_decref(request);
    return len < 0 ? NULL : text;
}

START_TEST(query_asks_and_picks)
{
    const char *saf = "{\"saf\":[{\"issuer\":\"visa\"},{\"issuer\":\"mc\"},{\"issuer\":\"visa\"}]}";
    const char *days = "{\"days\":[{\"day\":\"2026-11-21\",\"state\":\"OPEN\"},"
                       "{\"day\":\"2026-11-20\",\"state\":\"DRAINED\"}]}";
    ck_assert_str_eq(queried("saf.VISA.depth", "saf.list", saf), "2");
    ck_assert_str_eq(queried("saf.depth", "saf.list", saf), "3");
    ck_assert_str_eq(queried("saf.amex.depth", "saf.list", saf), "0");
    ck_assert_str_eq(queried("day.business_date", "day.show", days), "2026-11-21");
    ck_assert_str_eq(queried("day.state", "day.show", days), "OPEN");
    ck_assert_str_eq(queried("day.previous.state", "day.show", days), "DRAINED");
    ck_assert_ptr_null(queried("day.previous.state", "day.show", "{\"days\":[]}"));
    ck_assert_str_eq(queried("link.visa1.state", "link.list",
                             "{\"links\":[{\"name\":\"visa1\",\"state\":\"signed-on\"}]}"),
                     "signed-on");
    ck_assert_str_eq(queried("status.slots.used", "status", "{\"slots\":{\"used\":3}}"), "3");
    ck_assert_ptr_null(query_request(SPAN_LITERAL("weather.paris")));
}
END_TEST

static const char *cell(const char *csv, const char *where, const char *value, const char *column)
{
    static char text[100];
    char path[] = "/tmp/test-run-query-XXXXXX";
    int fd = mkstemp(path);
    const char *error = "";
    ck_assert_int_ge(fd, 0);
    FILE *file = fdopen(fd, "w");
    ck_assert_ptr_nonnull(file);
    fputs(csv, file);
    (void)fclose(file);
    int len = table_cell(path, span_text(where), span_text(value), span_text(column), text,
                         sizeof text, &error);
    (void)remove(path);
    return len < 0 ? error : text;
}

START_TEST(cell_of_a_table_is_found_by_its_row_and_column)
{
    const char *csv = "network,count,note\nvisa,3,\"a, b\"\nmc,4,\n";
    ck_assert_str_eq(cell(csv, "network", "mc", "count"), "4");
    ck_assert_str_eq(cell(csv, "count", "3", "note"), "a, b");
    ck_assert_str_eq(cell(csv, "note", "", "network"), "mc");
    ck_assert_str_eq(cell(csv, "network", "amex", "count"), "it has no such row");
    ck_assert_str_eq(cell(csv, "network", "mc", "sum"), "it has no such column");
    ck_assert_str_eq(cell(csv, "net", "mc", "count"), "it has no column of the `where`");
    ck_assert_str_eq(cell("a\nb\"x\n", "a", "x", "a"), "it is no CSV file");
}
END_TEST

/* The check and the run know the same queries and commands. */
START_TEST(what_check_knows_can_be_asked)
{
    for (size_t i = 0; i < query_word_count; i++) {
        struct span query = span_text(query_words[i]);
        ck_assert_msg(is_query(query), "%s", query_words[i]);
        json_t *request = query_request(query);
        ck_assert_msg(request != NULL, "%s", query_words[i]);
        json_decref(request);
    }
    for (size_t i = 0; i < command_word_count; i++) {
        const char *error;
        json_t *request = control_request(span_text(command_words[i]), &error);
        ck_assert_msg(request != NULL && is_command(span_text(command_words[i])), "%s",
                      command_words[i]);
        json_decref(request);
    }
    ck_assert(!is_query(SPAN_LITERAL("sad.depth")) && !is_query(SPAN_LITERAL("saf.VISA")));
    ck_assert(!is_command(SPAN_LITERAL("day shwo")) && !is_command(SPAN_LITERAL("")));
    ck_assert(is_command(SPAN_LITERAL("switchctl day show --day 2026-11-20")));
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        words_become_the_request_that_switchctl_makes,  words_that_are_no_verb_are_refused,
        path_picks_members_entries_and_names,           query_asks_and_picks,
        cell_of_a_table_is_found_by_its_row_and_column, what_check_knows_can_be_asked,
    };
    Suite *suite = suite_create("isotest query");
    for (size_t i = 0; i < ARRAY_COUNT(tests); i++) {
        TCase *tcase = tcase_create(tests[i]->name);
        tcase_add_test(tcase, tests[i]);
        suite_add_tcase(suite, tcase);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
