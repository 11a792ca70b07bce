/* switchctl against a daemon that is a child of the test: it checks the request to the byte and
 * gives an answer that the test wrote. */
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "iso8583/base/bytes.h"
#include "tests/unit/iso8583/suite.h"
#include "tests/unit/tools/program.h"

static char said[SAID_LEN_MAX];
static char folder[] = "/tmp/switchctl_test_XXXXXX";
static char path[64];

/* A child that takes one connection, wants @request and sends @answer (NULL: stays silent). */
static pid_t daemon_start(const char *request, const char *answer)
{
    memcpy(folder, "/tmp/switchctl_test_XXXXXX", sizeof folder);
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/admin.sock", folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(listen(fd, 4), 0);
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0) {
        close(fd);
        return child;
    }
    int conn = accept(fd, NULL, NULL);
    char got[1024] = "";
    size_t len = 0;
    while (memchr(got, '\n', len) == NULL) {
        ssize_t n = read(conn, got + len, sizeof got - 1 - len);
        if (n <= 0) {
            _exit(2);
        }
        len += (size_t)n;
    }
    bool is_right = strlen(request) + 1 == len && memcmp(got, request, len - 1) == 0;
    if (answer != NULL && write(conn, answer, strlen(answer)) < 0) {
        _exit(3);
    }
    while (read(conn, got, sizeof got) > 0) {
    }
    _exit(is_right ? 0 : 1);
}

/* Call `switchctl @call` with a daemon that wants @request and says @answer. The exit code. */
static int talk(const char *call, const char *request, const char *answer)
{
    char command[512];
    pid_t child = daemon_start(request, answer);
    (void)snprintf(command, sizeof command, SWITCHCTL " --data %s %s </dev/null", folder, call);
    int code = program_run(command, said);
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%s: not the request %s", call,
                  request);
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    return code;
}

#define OK "{\"v\":1,\"ok\":true"
#define LINK_UP                                                                                    \
    "{\"name\":\"visa1\",\"issuer\":\"visa\",\"state\":\"signed-on\",\"since_ms\":273000000,"      \
    "\"pending\":14,\"reversals\":0,\"sent\":412,\"answered\":410,\"timed_out\":2,\"late\":1,"     \
    "\"unmatched\":0}"
#define LINK_DOWN "{\"name\":\"mc1\",\"issuer\":\"mc\",\"state\":\"down\",\"since_ms\":5000}"

START_TEST(verbs_become_requests)
{
    static const struct {
        const char *call;
        const char *request;
    } calls[] = {
        {"link up visa1", "{\"cmd\":\"link.up\",\"name\":\"visa1\"}"},
        {"link down visa1", "{\"cmd\":\"link.down\",\"name\":\"visa1\"}"},
        {"link drain visa1", "{\"cmd\":\"link.drain\",\"name\":\"visa1\"}"},
        {"stop --yes", "{\"cmd\":\"stop\"}"},
        {"day sign-off --day 2026-11-20", "{\"cmd\":\"day.sign_off\",\"day\":\"2026-11-20\"}"},
        {"day cutover -y", "{\"cmd\":\"day.cutover\"}"},
        {"day cutover --yes --force --day 2027-11-20",
         "{\"cmd\":\"day.cutover\",\"force\":true,\"day\":\"2027-11-20\"}"},
        {"tx list", "{\"cmd\":\"tx.list\",\"last\":20}"},
        {"tx list --last 3", "{\"cmd\":\"tx.list\",\"last\":3}"},
        {"tx show 17", "{\"cmd\":\"tx.show\",\"seq\":17}"},
        {"tx show --terminal T1 --stan 000017",
         "{\"cmd\":\"tx.show\",\"terminal\":\"T1\",\"stan\":\"000017\"}"},
        {"tx show --rrn 632516000017", "{\"cmd\":\"tx.show\",\"rrn\":\"632516000017\"}"},
        {"saf list", "{\"cmd\":\"saf.list\"}"},
        {"saf list --limit 7 --after visa/117",
         "{\"cmd\":\"saf.list\",\"limit\":7,\"after\":\"visa/117\"}"},
        {"link show visa1", "{\"cmd\":\"link.show\",\"name\":\"visa1\"}"},
        {"alarms", "{\"cmd\":\"alarms\"}"},
        {"day show", "{\"cmd\":\"day.show\"}"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        int code = talk(calls[i].call, calls[i].request, OK "}\n");
        ck_assert_msg(code == 0, "%s: %d %s", calls[i].call, code, said);
    }
}
END_TEST

START_TEST(a_wrong_call_asks_nothing_and_exits_2)
{
    static const char *const calls[] = {"",
                                        "frob",
                                        "link",
                                        "link up",
                                        "link up a b",
                                        "status x",
                                        "tx show",
                                        "tx show x",
                                        "tx show --stan 1",
                                        "tx show 5 --stan 1",
                                        "tx show 5 --terminal T1",
                                        "tx show --rrn 632516000017 --stan 000017",
                                        "tx show --terminal T1 --stan abc",
                                        "tx show --terminal T1 --stan 17",
                                        "tx show 1 --rrn 2",
                                        "stop",
                                        "day cutover",
                                        "tx list --last 0",
                                        "saf list --limit 1001",
                                        "link show",
                                        "day show --day 20261121",
                                        "status --timeout 10"};
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        char command[256];
        (void)snprintf(command, sizeof command, SWITCHCTL " -s /nowhere %s </dev/null", calls[i]);
        int code = program_run(command, said);
        ck_assert_msg(code == 2, "%s: %d %s", calls[i], code, said);
    }
}
END_TEST

START_TEST(a_refusal_is_told_and_exits_1)
{
    ck_assert_int_eq(talk("link up x", "{\"cmd\":\"link.up\",\"name\":\"x\"}",
                          "{\"v\":1,\"ok\":false,\"error\":\"no such link\"}\n"),
                     1);
    ck_assert_str_eq(said, "switchctl: no such link\n");
}
END_TEST

START_TEST(links_are_a_table_and_one_down_is_bad_news)
{
    int code = talk("link list", "{\"cmd\":\"link.list\"}", OK ",\"links\":[" LINK_UP "]}\n");
    ck_assert_str_eq(
        said, "LINK            ISSUER          STATE       SINCE               SENT  ANSWERED "
              "TIMED OUT  PENDING REVERSAL   LATE UNMATCH\n"
              "visa1           visa            signed-on   3 d 03:50:00         412       410 "
              "        2       14        0      1      0\n");
    ck_assert_int_eq(code, 0);
    code = talk("link list", "{\"cmd\":\"link.list\"}",
                OK ",\"links\":[" LINK_UP "," LINK_DOWN "]}\n");
    ck_assert_int_eq(code, 1);
}
END_TEST

START_TEST(status_tells_the_problems_last)
{
    int code =
        talk("status", "{\"cmd\":\"status\"}",
             OK ",\"version\":\"0.1.0\",\"uptime_ms\":61000,"
                "\"day\":{\"current\":\"2026-11-21\",\"state\":\"OPEN\"},\"links\":[" LINK_DOWN
                "],\"terminals\":{\"connected\":7},"
                "\"hsm\":{\"state\":\"up\",\"asked\":9,\"answered\":9,\"p99_us\":1900},"
                "\"store\":{\"used_permille\":123,\"commits\":5,\"requests\":50,"
                "\"batch_largest\":20,\"waiting\":0},"
                "\"slots\":{\"used\":1,\"free\":4095,\"peak\":9},"
                "\"totals\":[{\"kind\":\"purchase\",\"code\":\"00\",\"count\":40,"
                "\"repeats\":1}],"
                "\"latency\":[{\"stage\":\"whole\",\"count\":41,\"mean_us\":4100,"
                "\"p50_us\":4001,\"p99_us\":11900,\"p999_us\":31000,\"max_us\":88400}],"
                "\"alarms\":[]}\n");
    ck_assert_int_eq(code, 1);
    ck_assert_ptr_nonnull(strstr(said, "switchd 0.1.0  up 00:01:01  day 2026-11-21 OPEN\n"));
    ck_assert_ptr_nonnull(strstr(said, "TERMINALS 7 connected   HSM up"));
    ck_assert_ptr_nonnull(strstr(said, "STORE 12.3 % used"));
    ck_assert_ptr_nonnull(strstr(said, "purchase           00           40            1\n"));
    ck_assert_ptr_nonnull(
        strstr(said, "      4.100      4.001     11.900     31.000     88.400\n"));
    ck_assert_ptr_nonnull(strstr(said, "\n1 problem: 1 link not signed on\n"));
}
END_TEST

START_TEST(a_transaction_is_shown_with_its_money_and_journal)
{
    int code = talk("tx show 17", "{\"cmd\":\"tx.show\",\"seq\":17}",
                    OK ",\"tx\":{\"seq\":17,\"state\":\"APPROVED\",\"proc\":\"000000\","
                       "\"mti\":\"0200\",\"day\":\"2026-11-21\",\"opened_ms\":1795255209123,"
                       "\"terminal\":\"TERM0001\",\"pan\":\"411111******1111\","
                       "\"amount_minor\":1250,\"approved_minor\":1250,\"remaining_minor\":0,"
                       "\"currency\":978,\"code\":\"00\",\"auth\":\"331204\","
                       "\"rrn\":\"632516000017\",\"journal\":[{\"seq\":1,"
                       "\"at_ms\":1795255209123,\"what\":\"OPEN\",\"text\":\"by TERM0001\"}]}}\n");
    ck_assert_int_eq(code, 0);
    ck_assert_ptr_nonnull(strstr(said, "17         0200   000000         12.50 EUR  "
                                       "411111******1111     TERM0001  APPROVED      00\n"));
    ck_assert_ptr_nonnull(strstr(said, "  opened         2026-11-21T10:00:09.123Z\n"));
    ck_assert_ptr_nonnull(strstr(said, "  handed         -\n"));
    ck_assert_ptr_nonnull(strstr(said, "  rrn            632516000017\n"));
    ck_assert_ptr_nonnull(strstr(said, "  2026-11-21T10:00:09.123Z  OPEN      by TERM0001\n"));
}
END_TEST

START_TEST(an_amount_without_currency_is_in_minor_units)
{
    int code = talk("tx list", "{\"cmd\":\"tx.list\",\"last\":20}",
                    OK ",\"txs\":[{\"seq\":18,\"state\":\"reversed\",\"proc\":\"000000\","
                       "\"mti\":\"0400\",\"terminal\":\"TERM0001\",\"pan\":\"\","
                       "\"amount_minor\":1250,\"currency\":0,\"code\":\"00\"}]}\n");
    ck_assert_int_eq(code, 0);
    ck_assert_ptr_nonnull(strstr(said, "18         0400   000000  1250 minor units  -  "));
    ck_assert_ptr_null(strchr(said, '?'));
}
END_TEST

START_TEST(days_have_totals_in_their_currency)
{
    int code = talk("day show --day 2026-11-21", "{\"cmd\":\"day.show\",\"day\":\"2026-11-21\"}",
                    OK ",\"days\":[{\"day\":\"2026-11-21\",\"state\":\"OPEN\",\"open_count\":2,"
                       "\"due_count\":1,\"dead_count\":0,\"totals\":[{\"issuer\":\"visa\","
                       "\"acquirer\":\"10000000001\",\"currency\":392,\"sales_count\":3,"
                       "\"sales_minor\":900,\"sales_reversed_count\":1,"
                       "\"sales_reversed_minor\":100,\"net_minor\":800}]}]}\n");
    ck_assert_int_eq(code, 0);
    ck_assert_ptr_nonnull(strstr(said, "2026-11-21 OPEN      2 open, 1 due, 0 dead\n"));
    ck_assert_ptr_nonnull(strstr(said, "  visa            10000000001       3           900 JPY "
                                       "      0             0 JPY       1           100 JPY "
                                       "          800 JPY\n"));
}
END_TEST

START_TEST(a_link_is_shown_with_its_strays)
{
    int code = talk("link show visa1", "{\"cmd\":\"link.show\",\"name\":\"visa1\"}",
                    OK ",\"link\":" LINK_UP
                       ",\"strays\":[{\"at_ms\":1795255209123,\"mti\":\"0210\",\"stan\":\"000002\","
                       "\"rrn\":\"632516000001\",\"code\":\"00\",\"near\":{\"seq\":42,"
                       "\"stan\":\"000001\",\"rrn\":\"632516000001\"},\"differs\":[{"
                       "\"field\":\"DE11\",\"expected\":\"000001\",\"got\":\"000002\"},{"
                       "\"field\":\"MTI\",\"expected\":\"02xx\",\"got\":\"04xx\"}]},"
                       "{\"at_ms\":1795255209123,\"mti\":\"0210\",\"stan\":\"000003\",\"rrn\":\"\","
                       "\"code\":\"05\",\"differs\":[]}]}\n");
    ck_assert_int_eq(code, 0);
    ck_assert_ptr_nonnull(strstr(said, "visa1           visa            signed-on"));
    ck_assert_ptr_nonnull(strstr(
        said, "  2026-11-21T10:00:09.123Z  0210  000002  632516000001  00    ID 42 (stan "
              "000001 rrn 632516000001): DE11 is 000002, not 000001, MTI is 04xx, not 02xx\n"));
    ck_assert_ptr_nonnull(strstr(said, "000003  -             05    nothing pending is near\n"));
}
END_TEST

START_TEST(a_page_tells_how_many_there_are_and_how_to_go_on)
{
    int code = talk("saf list", "{\"cmd\":\"saf.list\"}",
                    OK ",\"total\":4096,\"saf\":[{\"due_seq\":117,"
                       "\"seq\":17,\"issuer\":\"visa\",\"since_ms\":1795255209123,\"tries\":2,"
                       "\"dead\":false,\"amount_minor\":1250,\"currency\":978,"
                       "\"pan\":\"411111******1111\",\"terminal\":\"TERM0001\"}],"
                       "\"next\":\"visa/117\"}\n");
    ck_assert_int_eq(code, 0);
    ck_assert_ptr_nonnull(strstr(said, "\n1 of 4096\nthe others: --after visa/117\n"));
}
END_TEST

START_TEST(json_is_passed_on_as_it_came)
{
    int code = talk("alarms --json", "{\"cmd\":\"alarms\"}",
                    OK ",\"alarms\":[{\"name\":\"x\",\"count\":1}]}\n");
    ck_assert_str_eq(said, OK ",\"alarms\":[{\"name\":\"x\",\"count\":1}]}\n");
    ck_assert_int_eq(code, 0);
    code = talk("alarms --json", "{\"cmd\":\"alarms\"}", "{\"v\":1,\"ok\":false}\n");
    ck_assert_int_eq(code, 1);
}
END_TEST

START_TEST(a_silent_daemon_is_a_timeout_and_none_is_no_connection)
{
    ck_assert_int_eq(talk("status --timeout 200ms", "{\"cmd\":\"status\"}", NULL), 6);
    ck_assert_int_eq(program_run(SWITCHCTL " -s /nowhere/admin.sock status", said), 4);
    ck_assert_str_eq(said, "switchctl: /nowhere/admin.sock: No such file or directory\n");
}
END_TEST

START_TEST(an_answer_that_is_no_json_is_told)
{
    ck_assert_int_eq(talk("status", "{\"cmd\":\"status\"}", "hello\n"), 5);
}
END_TEST

SUITE_MAIN("switchctl", verbs_become_requests, a_wrong_call_asks_nothing_and_exits_2,
           a_refusal_is_told_and_exits_1, links_are_a_table_and_one_down_is_bad_news,
           status_tells_the_problems_last, a_transaction_is_shown_with_its_money_and_journal,
           an_amount_without_currency_is_in_minor_units, days_have_totals_in_their_currency,
           a_link_is_shown_with_its_strays, a_page_tells_how_many_there_are_and_how_to_go_on,
           json_is_passed_on_as_it_came, a_silent_daemon_is_a_timeout_and_none_is_no_connection,
           an_answer_that_is_no_json_is_told)
