/* isomsg as it is called: what it prints and how it exits. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "iso8583/base/bytes.h"
#include "tests/unit/iso8583/suite.h"
#include "tests/unit/tools/program.h"

static char said[SAID_LEN_MAX];

/* 0200 with DE2, 3, 4, 11, 35, 41, 49, 55 in iso87_ascii; DE55 is 9F26 and 5A. */
#define HEAD "303230307020000020808200"
#define PAN                                                                                        \
    "3136"                                                                                         \
    "34313131313131313131313131313131"
#define REST                                                                                       \
    "303030303030"                                                                                 \
    "303030303030303031323530"                                                                     \
    "303030303137"
#define TRACK                                                                                      \
    "3337"                                                                                         \
    "343131313131313131313131313131313D3239313231303131303030303132333435363738"
#define TAIL                                                                                       \
    "5445524D30303031"                                                                             \
    "393738"
#define CHIP                                                                                       \
    "303231"                                                                                       \
    "9F26080102030405060708"                                                                       \
    "5A084111111111111111"
#define GOOD HEAD PAN REST TRACK TAIL CHIP

START_TEST(a_message_is_shown_with_names_and_masks)
{
    int code = program_run(ISOMSG " view --dialect iso87_ascii --hex " GOOD, said);
    ck_assert_str_eq(said, "0200  financial request  bitmap 7020000020808200  fields 2 3 4 11 35 "
                           "41 49 55\n"
                           "  DE2   pan              411111******1111\n"
                           "  DE3   processing       000000  purchase\n"
                           "  DE4   amount           000000001250  12.50 EUR\n"
                           "  DE11  stan             000017\n"
                           "  DE35  track2           *************************************\n"
                           "  DE41  terminal         TERM0001\n"
                           "  DE49  currency         978  EUR\n"
                           "  DE55  chip             21 bytes, 2 parts\n"
                           "      9F26      application cryptogram         0102030405060708\n"
                           "      5A        PAN                            ****************\n");
    ck_assert_int_eq(code, 0);
}
END_TEST

START_TEST(json_has_the_same_masks)
{
    int code = program_run(ISOMSG " view --json -d iso87_ascii -x " GOOD, said);
    ck_assert_str_eq(said, "{\"mti\":\"0200\",\"fields\":{\"2\":\"411111******1111\","
                           "\"3\":\"000000\",\"4\":\"000000001250\",\"11\":\"000017\","
                           "\"35\":\"*************************************\","
                           "\"41\":\"TERM0001\",\"49\":\"978\","
                           "\"55\":\"9F260801020304050607085A08****************\"}}\n");
    ck_assert_int_eq(code, 0);
}
END_TEST

START_TEST(unmask_shows_what_was_asked_for)
{
    int code = program_run(ISOMSG " view --unmask --json -d iso87_ascii -x " GOOD, said);
    ck_assert_int_eq(code, 0);
    ck_assert_ptr_nonnull(strstr(said, "\"2\":\"4111111111111111\""));
    ck_assert_ptr_nonnull(strstr(said, "\"35\":\"4111111111111111=29121011000012345678\""));
    ck_assert_ptr_nonnull(strstr(said, "\"55\":\"9F260801020304050607085A084111111111111111\""));
}
END_TEST

START_TEST(an_error_is_shown_behind_all_that_was_read)
{
    /* DE4 has a letter: DE2 and DE3 stand, and what follows is not shown. */
    int code = program_run(ISOMSG " view -d iso87_ascii -x " HEAD PAN "303030303030"
                                  "303030303030303041323530" TRACK,
                           said);
    ck_assert_int_eq(code, 1);
    ck_assert_str_eq(said,
                     "0200  financial request  fields 2 3\n"
                     "  DE2   pan              411111******1111\n"
                     "  DE3   processing       000000  purchase\n"
                     "! DE4 amount: digit expected at byte 44\n"
                     "  0010  ** ** ** ** ** ** ** ** ** ** ** ** ** ** 30 30  **************00\n"
                     "  0020  30 30 30 30 30 30 30 30 30 30 30 30 41 32 35 30  000000000000A250\n"
                     "                                            ^^\n"
                     "everything before DE4 decoded\n"
                     "read behind it, and in doubt: DE 11 35 41 49\n"
                     "bad behind it, too: DE 55\n");
}
END_TEST

START_TEST(an_error_shows_no_card_data)
{
    /* The track is one character too long for its field; then its bytes are not to be seen. */
    int code = program_run(ISOMSG " view -d iso87_ascii -x " HEAD PAN REST "3338"
                                  "34313131313131313131313131313131"
                                  "3D",
                           said);
    ck_assert_int_eq(code, 1);
    ck_assert_ptr_nonnull(strstr(said, "! DE35 track2: length 38 > 37 at byte 54"));
    ck_assert_ptr_null(strstr(said, "34 31 31"));
    ck_assert_ptr_null(strstr(said, "41111111"));
}
END_TEST

START_TEST(json_of_a_broken_message_tells_the_error)
{
    int code = program_run(ISOMSG " view --json -d iso87_ascii -x " HEAD "3136", said);
    ck_assert_int_eq(code, 1);
    ck_assert_str_eq(said, "{\"mti\":\"0200\",\"fields\":{},\"error\":{\"de\":2,\"at\":14,"
                           "\"code\":\"ERR_TRUNCATED\",\"expected\":16,\"got\":0,"
                           "\"text\":\"DE2 pan: bytes: 16 needed, 0 left "
                           "at byte 14\",\"in_doubt\":[],\"unread\":[3,4,11,35,41,49,55]}}\n");
}
END_TEST

START_TEST(the_likely_cause_of_an_error_is_told)
{
    /* DE2 tells a length of 17. */
    static const char longer[] = HEAD "3137"
                                      "34313131313131313131313131313131" REST TRACK TAIL CHIP;
    char call[1024];
    (void)snprintf(call, sizeof call, ISOMSG " view -d iso87_ascii -x %s", longer);
    ck_assert_int_eq(program_run(call, said), 1);
    ck_assert_ptr_nonnull(strstr(said, "likely cause: the length of DE2 pan at byte 12\n"));
    (void)snprintf(call, sizeof call, ISOMSG " view -j -d iso87_ascii -x %s", longer);
    ck_assert_int_eq(program_run(call, said), 1);
    ck_assert_ptr_nonnull(strstr(said, "\"culprit\":2,\"culprit_at\":12"));
}
END_TEST

/* 0200 with DE3 and DE55, whose second part says that it is longer than the element. */
#define FAULTY                                                                                     \
    "30323030"                                                                                     \
    "2000000000000200"                                                                             \
    "303030303030"                                                                                 \
    "303039"                                                                                       \
    "820239009F36090017"

START_TEST(a_fault_inside_an_element_is_an_error)
{
    ck_assert_int_eq(program_run(ISOMSG " view -d iso87_ascii -x " FAULTY, said), 1);
    ck_assert_ptr_nonnull(strstr(said, "! DE55.9F36 chip: "));
    ck_assert_ptr_nonnull(strstr(said, " at byte 25\n"));
    ck_assert_ptr_nonnull(strstr(said, "all elements decoded; this is inside DE55\n"));
    ck_assert_int_eq(program_run(ISOMSG " view -j -d iso87_ascii -x " FAULTY, said), 1);
    ck_assert_ptr_nonnull(strstr(said, "\"error\":{\"de\":55,\"at\":25,"));
    ck_assert_ptr_nonnull(strstr(said, "\"path\":\"9F36\""));
    (void)program_run(ISOMSG " doctor -x " FAULTY, said);
    ck_assert_ptr_nonnull(strstr(said, "; but DE55.9F36 chip: "));
}
END_TEST

START_TEST(a_frame_that_is_not_whole_is_json_too)
{
    ck_assert_int_eq(
        program_run(ISOMSG " view -j -f len2 -d iso87_ascii -x 00503032 2>/dev/null", said), 1);
    ck_assert_str_eq(said,
                     "{\"error\":{\"text\":\"byte 0: the frame is not whole in framing len2\"}}\n");
}
END_TEST

START_TEST(card_numbers_among_the_arguments_are_not_told)
{
    static const char *const calls[] = {
        ISOMSG " pack -d iso87_ascii -m 0200 4111117828621854 2>&1",
        ISOMSG " pack -d iso87_ascii -m 0200 4111117828621855 2>&1",
        ISOMSG " pack -d iso87_ascii -m 0200 4111117828621854=2912101000 2>&1",
        "echo '{\"mti\":\"0200\",\"fields\":{\"4111117828621854\":\"1\"}}' | " ISOMSG
        " pack -d iso87_ascii -r - 2>&1",
        ISOMSG " view -d iso87_ascii 4111117828621854 2>&1",
        ISOMSG " view -d 4111117828621854 -x 00 2>&1",
    };
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        ck_assert_int_ne(program_run(calls[i], said), 0);
        ck_assert_ptr_nonnull(strstr(said, "4111"));
        ck_assert_ptr_null(strstr(said, "4111117828"));
        ck_assert_ptr_null(strstr(said, "2912"));
    }
}
END_TEST

START_TEST(frames_are_taken_from_stdin_one_by_one)
{
    int code = program_run("printf '\\000\\0240800\\202\\040\\000\\000\\000\\000\\000\\000"
                           "000017\\000\\000' | " ISOMSG " view -f len2 -d iso87_ascii",
                           said);
    ck_assert_int_eq(code, 1); /* Bit 1 says a second bitmap: not all of it is there. */
    code = program_run("printf '\\000\\0220800\\000\\040\\000\\000\\000\\000\\000\\000000017"
                       "\\000\\0220800\\000\\040\\000\\000\\000\\000\\000\\000000018' | " ISOMSG
                       " view -f len2 -d iso87_ascii --json",
                       said);
    ck_assert_str_eq(said, "{\"mti\":\"0800\",\"fields\":{\"11\":\"000017\"}}\n"
                           "{\"mti\":\"0800\",\"fields\":{\"11\":\"000018\"}}\n");
    ck_assert_int_eq(code, 0);
    static const char *const wrong[][2] = {
        {"len2+etx --hex '0002 41 04'", "isomsg: byte 3: "},
        {"len2+header:ISO --hex '0008 4953 4E'", "isomsg: byte 4: "},
        {"ascii4 --hex '30 30 3A 30'", "isomsg: byte 2: "},
        {"rdw --hex '00000000 40 41'", "isomsg: byte 5: "},
        {"rdw1014 --hex '00000000'", "isomsg: byte 4: "},
    };
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        char command[512];
        (void)snprintf(command, sizeof command, ISOMSG " view -d iso87_ascii -f %s", wrong[i][0]);
        code = program_run(command, said);
        ck_assert_msg(strncmp(said, wrong[i][1], strlen(wrong[i][1])) == 0, "%s: %s", wrong[i][0],
                      said);
        ck_assert_int_eq(code, 1);
    }
    code = program_run("printf '\\000\\0220800' | " ISOMSG " view -f len2 -d iso87_ascii", said);
    ck_assert_str_eq(said, "isomsg: byte 0: the frame is not whole in framing len2\n");
    ck_assert_int_eq(code, 1);
}
END_TEST

START_TEST(a_wrong_call_is_told_and_exits_2)
{
    static const struct {
        const char *call;
        const char *told;
    } calls[] = {
        {" view -x 00", "--dialect is needed"},
        {" view -d nothing -x 00", "unknown dialect 'nothing'"},
        {" view -d iso87_bcd -f nothing -x 00", "there is no framing 'nothing'"},
        {" view -d iso87_bcd -x 0", "an even number of hex digits"},
        {" look", "there is no verb 'look'"},
        {"", "Usage: isomsg VERB"},
        {" view -d iso87_bcd a b", "too many arguments"},
        {" view -d iso87_bcd+x -x 00", "no such change of a dialect"},
        {" view -d iso87_bcd --nothing -x 00", "unrecognized option"},
        {" view -d iso87_bcd --connect 127.0.0.1:1 -x 00", "unrecognized option"},
        {" view -d iso87_bcd -x 00 -x 00 -x 00", "given too often"},
        {" diff -d iso87_bcd -x 00", "diff takes two"},
        {" diff -d iso87_bcd -x 00 -x 00 -i x", "--ignore"},
        {" pack -d iso87_bcd 11=1", "--mti"},
        {" pack -d iso87_bcd -m 0800 11=a", "DE11 stan"},
        {" pack -d iso87_bcd -m 0800 52=0", "hex digits"},
        {" pack -d iso87_bcd -f len2+tpdu --tpdu 60 -m 0800 11=1", "--tpdu"},
        {" mask -d iso87_bcd --with flowers -x 00", "--with takes"},
        {" fields nothing", "unknown dialect 'nothing'"},
        {" send -d iso87_bcd -f len2 -m 0800", "--connect"},
        {" send -d iso87_bcd -m 0800 -c 127.0.0.1:1", "--frame is needed"},
        {" send -d iso87_bcd -f len2 -c 127.0.0.1:1 -m 0800 x=1", "'x=1' is not DE=VALUE"},
        {" send -d iso87_bcd -f len2 -c 127.0.0.1:1 11=1", "--mti"},
        {" send -d iso87_bcd -f len2 -c 127.0.0.1:1 -m 0800 11=a", "DE11 stan"},
        {" send -d iso87_bcd -f len2 -c 127.0.0.1:1 -m 0800 -t 10", "'10' is not a duration"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        char command[512];
        (void)snprintf(command, sizeof command, ISOMSG "%s </dev/null", calls[i].call);
        int code = program_run(command, said);
        ck_assert_msg(code == 2, "%s: %d %s", calls[i].call, code, said);
        ck_assert_msg(strstr(said, calls[i].told) != NULL, "%s: %s", calls[i].call, said);
    }
}
END_TEST

START_TEST(fields_lists_dialects_and_their_rows)
{
    ck_assert_int_eq(program_run(ISOMSG " fields", said), 0);
    ck_assert_ptr_nonnull(strstr(said, "iso87_bcd"));
    ck_assert_ptr_nonnull(strstr(said, "len2+tpdu"));
    ck_assert_int_eq(program_run(ISOMSG " fields -d iso87_ascii", said), 0);
    ck_assert_ptr_nonnull(
        strstr(said, "DE2   pan                  n..19      ascii  LL  masked\n"));
    ck_assert_ptr_nonnull(strstr(said, "DE4   amount               n 12       ascii"));
}
END_TEST

/* --- send: the peer is a child of the test ------------------------------------------------------
 */

static int peer_port;

/* Listen on a free port below the ephemeral ones. */
static int peer_listen(void)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(fd, 0);
    for (int i = 0; i < 10000; i++) {
        peer_port = 20000 + (int)(((unsigned)getpid() * 31u + (unsigned)i) % 11000u);
        struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons((uint16_t)peer_port),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        if (bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0) {
            return fd;
        }
    }
    ck_abort_msg("no free port");
    return -1;
}

/* A child that takes one connection, reads @expected whole, sends @answer, and waits for the end.
 */
static pid_t peer_start(int fd, struct span expected, struct span answer)
{
    pid_t child = fork();
    ck_assert_int_ge(child, 0);
    if (child > 0) {
        close(fd);
        return child;
    }
    int conn = accept(fd, NULL, NULL);
    uint8_t got[512];
    size_t len = 0;
    while (len < expected.len) {
        ssize_t n = read(conn, got + len, sizeof got - len);
        if (n <= 0) {
            _exit(2);
        }
        len += (size_t)n;
    }
    bool is_right = span_equal(span_make(got, len), expected);
    if (answer.len > 0 && write(conn, answer.ptr, answer.len) < 0) {
        _exit(3);
    }
    while (answer.ptr != NULL && read(conn, got, sizeof got) > 0) {
    }
    _exit(is_right ? 0 : 1);
}

static void peer_end(pid_t child)
{
    int status = 0;
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}

static int send_echo(const char *timeout)
{
    char command[512];
    (void)snprintf(command, sizeof command,
                   ISOMSG " send -c 127.0.0.1:%d -f len2 -d iso87_ascii -m 0800 -t %s 11=17 "
                          "52=0123456789ABCDEF",
                   peer_port, timeout);
    return program_run(command, said);
}

#define REQUEST                                                                                    \
    "\0\x1a"                                                                                       \
    "0800"                                                                                         \
    "\0\x20\0\0\0\0\x10\0"                                                                         \
    "000017"                                                                                       \
    "\x01\x23\x45\x67\x89\xab\xcd\xef"

START_TEST(send_builds_the_message_and_shows_the_answer)
{
    int fd = peer_listen();
    /* A keep-alive comes first: it is no answer. */
    pid_t child = peer_start(fd, SPAN_LITERAL(REQUEST),
                             SPAN_LITERAL("\0\0"
                                          "\0\x14"
                                          "0810"
                                          "\0\x20\0\0\x02\0\0\0"
                                          "000017"
                                          "00"));
    int code = send_echo("10s");
    ck_assert_str_eq(said, "0810  network management request response  bitmap "
                           "0020000002000000  fields 11 39\n"
                           "  DE11  stan             000017\n"
                           "  DE39  response         00  approved\n");
    ck_assert_int_eq(code, 0);
    peer_end(child);
}
END_TEST

START_TEST(a_silent_peer_is_a_timeout)
{
    int fd = peer_listen();
    pid_t child = peer_start(fd, SPAN_LITERAL(REQUEST), SPAN_LITERAL(""));
    ck_assert_int_eq(send_echo("200ms"), 6);
    ck_assert_ptr_nonnull(strstr(said, "within 200 ms"));
    peer_end(child);
}
END_TEST

START_TEST(a_peer_that_hangs_up_is_no_answer)
{
    int fd = peer_listen();
    pid_t child = peer_start(fd, SPAN_LITERAL(REQUEST), SPAN_NONE);
    ck_assert_int_eq(send_echo("10s"), 4);
    ck_assert_ptr_nonnull(strstr(said, "closed the connection without an answer"));
    peer_end(child);
}
END_TEST

START_TEST(nobody_there_exits_4)
{
    close(peer_listen());
    ck_assert_int_eq(send_echo("10s"), 4);
    ck_assert_ptr_nonnull(strstr(said, "refused"));
}
END_TEST

SUITE_MAIN("isomsg", a_message_is_shown_with_names_and_masks, json_has_the_same_masks,
           unmask_shows_what_was_asked_for, an_error_is_shown_behind_all_that_was_read,
           an_error_shows_no_card_data, json_of_a_broken_message_tells_the_error,
           the_likely_cause_of_an_error_is_told, a_fault_inside_an_element_is_an_error,
           a_frame_that_is_not_whole_is_json_too, card_numbers_among_the_arguments_are_not_told,
           frames_are_taken_from_stdin_one_by_one, a_wrong_call_is_told_and_exits_2,
           fields_lists_dialects_and_their_rows, send_builds_the_message_and_shows_the_answer,
           a_silent_peer_is_a_timeout, a_peer_that_hangs_up_is_no_answer, nobody_there_exits_4)
