/* switch.yml, right and wrong. Each wrong file is the good one with one text replaced, and what is
 * told of it is compared to the byte: these texts are what an operator works with. */
#include "switch/config/config.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "iso8583/yaml/problems.h"

/* clang-format off */
static const char good[] =
    "hsm: {address: 127.0.0.1:1500}\n"
    "files: {terminals: terminals.csv, bins: bins.csv}\n"
    "listeners:\n"
    "  pos:\n"
    "    address: 127.0.0.1:8583\n"
    "    frame: len2+tpdu\n"
    "    dialect: iso87_bcd\n"
    "groups:\n"
    "  shops: {identity: de12, acquirer: \"10000000001\"}\n"
    "issuers:\n"
    "  visa:\n"
    "    id: \"40000000001\"\n"
    "    pin: translate\n"
    "    zpk: U0123456789ABCDEF0123456789ABCDEF\n"
    "links:\n"
    "  visa1:\n"
    "    issuer: visa\n"
    "    address: 127.0.0.1:9001\n"
    "    frame: len2\n"
    "    dialect: iso87_ascii\n";

/* To add a case: a name, what is replaced (it stands in `good` once; NULL: all of it) and by what,
 * and every byte that is told. */
static const struct wrong {
    const char *name;
    const char *from;
    const char *to;
    const char *told;
} wrongs[] = {
    {"wrong port",
     "8583",
     "50o1",
     "switch.yml:5:14: error: listeners.pos.address: '50o1' is not a port number (1-65535)\n"
     "      5 |     address: 127.0.0.1:50o1\n"
     "        |              ^^^^^^^^^^^^^^"},
    {"port zero",
     "127.0.0.1:9001",
     "127.0.0.1:0",
     "switch.yml:18:14: error: links.visa1.address: '0' is not a port number (1-65535)\n"
     "     18 |     address: 127.0.0.1:0\n"
     "        |              ^^^^^^^^^^^"},
    {"no port",
     "127.0.0.1:1500",
     "127.0.0.1",
     "switch.yml:1:16: error: hsm.address: '127.0.0.1' is not an address with a port (like 127.0.0.1:8583 or [::1]:8583)\n"
     "      1 | hsm: {address: 127.0.0.1}\n"
     "        |                ^^^^^^^^^"},
    {"host name",
     "127.0.0.1:9001",
     "visa.example:9001",
     "switch.yml:18:14: error: links.visa1.address: 'visa.example:9001' is not a numeric address (names are not looked up)\n"
     "     18 |     address: visa.example:9001\n"
     "        |              ^^^^^^^^^^^^^^^^^"},
    {"a dialect file that is not there",
     "dialect: iso87_bcd",
     "dialect: nowhere.yml",
     "switch.yml:7:14: error: listeners.pos.dialect: the dialect file 'nowhere.yml' cannot be read: No such file or directory\n"
     "      7 |     dialect: nowhere.yml\n"
     "        |              ^^^^^^^^^^^"},
    {"unknown key, a near one is told",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii\n"
     "    anwser: 10s\n",
     "switch.yml:21:5: error: links.visa1: unknown key 'anwser'; did you mean 'answer'?\n"
     "     21 |     anwser: 10s\n"
     "        |     ^^^^^^"},
    {"unknown key, none near",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii\n"
     "    colour: red\n",
     "switch.yml:21:5: error: links.visa1: unknown key 'colour'\n"
     "     21 |     colour: red\n"
     "        |     ^^^^^^"},
    {"unknown section",
     "groups:\n",
     "limts: {slots: 64}\n"
     "groups:\n",
     "switch.yml:8:1: error: unknown key 'limts'; did you mean 'limits'?\n"
     "      8 | limts: {slots: 64}\n"
     "        | ^^^^^"},
    {"duplicate key",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii\n"
     "    frame: len4\n",
     "switch.yml:21:5: error: links.visa1: the key 'frame' is already on line 19\n"
     "     21 |     frame: len4\n"
     "        |     ^^^^^"},
    {"duplicate section",
     "links:\n",
     "hsm: {address: 127.0.0.1:1}\n"
     "links:\n",
     "switch.yml:15:1: error: the key 'hsm' is already on line 1\n"
     "     15 | hsm: {address: 127.0.0.1:1}\n"
     "        | ^^^"},
    {"duplicate name",
     "groups:\n",
     "  pos: {address: 127.0.0.1:1, frame: len2, dialect: iso87_bcd}\n"
     "groups:\n",
     "switch.yml:8:3: error: listeners: the key 'pos' is already on line 4\n"
     "      8 |   pos: {address: 127.0.0.1:1, frame: len2, dialect: iso87_bcd}\n"
     "        |   ^^^"},
    {"missing key",
     "    frame: len2\n",
     "",
     "switch.yml:16:3: error: links.visa1: the key 'frame' is missing\n"
     "     16 |   visa1:\n"
     "        |   ^^^^^"},
    {"missing section",
     "hsm: {address: 127.0.0.1:1500}\n",
     "",
     "switch.yml:1:1: error: the section 'hsm' is missing\n"
     "      1 | files: {terminals: terminals.csv, bins: bins.csv}\n"
     "        | ^"},
    {"a list for a value",
     "frame: len2\n",
     "frame: [len2, len4]\n",
     "switch.yml:19:12: error: links.visa1.frame: a value is needed, here is a list\n"
     "     19 |     frame: [len2, len4]\n"
     "        |            ^"},
    {"a value for a map",
     "groups:\n"
     "  shops: {identity: de12, acquirer: \"10000000001\"}\n",
     "groups:\n"
     "  shops: de12\n",
     "switch.yml:9:10: error: groups.shops: a map of keys is needed, here is a single value\n"
     "      9 |   shops: de12\n"
     "        |          ^^^^"},
    {"nothing for a value",
     "identity: de12",
     "identity: ",
     "switch.yml:9:21: error: groups.shops.identity: a value is needed, here is nothing\n"
     "      9 |   shops: {identity: , acquirer: \"10000000001\"}\n"
     "        |                     ^"},
    {"number too small",
     "links:\n",
     "limits: {slots: 4}\n"
     "links:\n",
     "switch.yml:15:17: error: limits.slots: '4' is not a number from 16 to 1000000\n"
     "     15 | limits: {slots: 4}\n"
     "        |                 ^"},
    {"number with letters",
     "links:\n",
     "limits: {slots: 4k}\n"
     "links:\n",
     "switch.yml:15:17: error: limits.slots: '4k' is not a number from 16 to 1000000\n"
     "     15 | limits: {slots: 4k}\n"
     "        |                 ^^"},
    {"negative number",
     "links:\n",
     "limits: {slots: -4}\n"
     "links:\n",
     "switch.yml:15:17: error: limits.slots: '-4' is not a number from 16 to 1000000\n"
     "     15 | limits: {slots: -4}\n"
     "        |                 ^^"},
    {"duration without unit",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii\n"
     "    answer: 10\n",
     "switch.yml:21:13: error: links.visa1.answer: '10' is not a duration (like 500ms, 10s, 5m, 24h)\n"
     "     21 |     answer: 10\n"
     "        |             ^^"},
    {"duration too long",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii\n"
     "    answer: 2h\n",
     "switch.yml:21:13: error: links.visa1.answer: '2h' is not from 100ms to 5m\n"
     "     21 |     answer: 2h\n"
     "        |             ^^"},
    {"duration beyond all numbers",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii\n"
     "    answer: 99999999999999999999s\n",
     "switch.yml:21:13: error: links.visa1.answer: '9999****************s' is not from 100ms to 5m\n"
     "     21 |     answer: 9999****************s\n"
     "        |             ^^^^^^^^^^^^^^^^^^^^^"},
    {"size with a decimal unit",
     "links:\n",
     "store: {map: 4GB}\n"
     "links:\n",
     "switch.yml:15:14: error: store.map: '4GB' is not a size (like 512KiB, 64MiB, 4GiB)\n"
     "     15 | store: {map: 4GB}\n"
     "        |              ^^^"},
    {"size too small",
     "links:\n",
     "store: {map: 1MiB, preallocate: 0MiB}\n"
     "links:\n",
     "switch.yml:15:14: error: store.map: '1MiB' is not from 16MiB to 16TiB\n"
     "     15 | store: {map: 1MiB, preallocate: 0MiB}\n"
     "        |              ^^^^"},
    {"preallocate above map",
     "links:\n",
     "store: {map: 64MiB, preallocate: 65MiB}\n"
     "links:\n",
     "switch.yml:15:34: error: store: 'preallocate' is larger than 'map'\n"
     "     15 | store: {map: 64MiB, preallocate: 65MiB}\n"
     "        |                                  ^^^^^"},
    {"a word of none",
     "de12",
     "de21",
     "switch.yml:9:21: error: groups.shops.identity: 'de21' is none of: de12, de7, day; did you mean 'de12'?\n"
     "      9 |   shops: {identity: de21, acquirer: \"10000000001\"}\n"
     "        |                     ^^^^"},
    {"yes and no",
     ", acquirer: \"10000000001\"",
     ", acquirer: \"10000000001\", repeats: true",
     "switch.yml:9:61: error: groups.shops.repeats: 'true' is none of: yes, no\n"
     "      9 |   shops: {identity: de12, acquirer: \"10000000001\", repeats: true}\n"
     "        |                                                             ^^^^"},
    {"frame unknown",
     "frame: len2+tpdu",
     "frame: len2+tpud",
     "switch.yml:6:12: error: listeners.pos.frame: 'len2+tpud' is none of: len2, len2i, len3, len3i, len4, len4i, len2z, len2zi, bcd2, bcd2i, ascii4, ascii4i, hex4, hex4i, ascii2, ascii3, ascii5, ascii6, ascii7, ascii8, vap, vml; nor one with +header:TEXT, +tpdu, +etx; did you mean 'len2+tpdu'?\n"
     "      6 |     frame: len2+tpud\n"
     "        |            ^^^^^^^^^"},
    {"frame with a header that cannot be",
     "frame: len2+tpdu",
     "frame: len2+header:0x4+tpdu",
     "switch.yml:6:12: error: listeners.pos.frame: the header of a frame is 1 to 16 characters, or 0x and hex digits\n"
     "      6 |     frame: len2+header:0x4+tpdu\n"
     "        |            ^^^^^^^^^^^^^^^^^^^^"},
    {"keep-alives neither answered nor swallowed",
     "frame: len2+tpdu",
     "frame: len2+tpdu\n    keepalive: anser",
     "switch.yml:7:16: error: listeners.pos.keepalive: 'anser' is none of: swallow, answer; did you mean 'answer'?\n"
     "      7 |     keepalive: anser\n"
     "        |                ^^^^^"},
    {"dialect unknown",
     "iso87_bcd",
     "iso87bcd",
     "switch.yml:7:14: error: listeners.pos.dialect: 'iso87bcd' is none of: iso87_ascii, iso87_asciihex, iso87_bcd, iso87_ebcdic, iso93_ascii, iso93_bcd, iso2003, base1, ipm_ascii, ipm_ebcdic; did you mean 'iso87_bcd'?\n"
     "      7 |     dialect: iso87bcd\n"
     "        |              ^^^^^^^^"},
    {"issuer of a link unknown",
     "issuer: visa",
     "issuer: vias",
     "switch.yml:17:13: error: links.visa1.issuer: 'vias' is none of: visa; did you mean 'visa'?\n"
     "     17 |     issuer: vias\n"
     "        |             ^^^^"},
    {"issuer without link",
     "links:\n",
     "  mc: {id: 5}\n"
     "links:\n",
     "switch.yml:15:3: error: issuers.mc: no link leads to this issuer\n"
     "     15 |   mc: {id: 5}\n"
     "        |   ^^"},
    {"translate without zpk",
     "    zpk: U0123456789ABCDEF0123456789ABCDEF\n",
     "",
     "switch.yml:13:10: error: issuers.visa: 'pin: translate' needs a 'zpk'\n"
     "     13 |     pin: translate\n"
     "        |          ^^^^^^^^^"},
    {"verify without pvk and cards",
     "pin: translate",
     "pin: verify",
     "switch.yml:13:10: error: issuers.visa: 'pin: verify' needs a 'pvk'\n"
     "     13 |     pin: verify\n"
     "        |          ^^^^^^\n"
     "switch.yml:13:10: error: issuers.visa: 'pin: verify' needs 'cards' in 'files'\n"
     "     13 |     pin: verify\n"
     "        |          ^^^^^^"},
    {"key of a wrong shape is not shown",
     "zpk: U0123456789ABCDEF0123456789ABCDEF",
     "zpk: 0123456789ABCDEF0123456789ABCDEF",
     "switch.yml:14:10: error: issuers.visa.zpk: 32 characters that are not a key (16 hex digits, or U and 32, or T and 48)\n"
     "     14 |     zpk: 0123****************************\n"
     "        |          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"},
    {"acquirer not digits",
     "\"10000000001\"",
     "1000000000A",
     "switch.yml:9:37: error: groups.shops.acquirer: '1000000000A' is not 1 to 11 digits\n"
     "      9 |   shops: {identity: de12, acquirer: 1000000000A}\n"
     "        |                                     ^^^^^^^^^^^"},
    {"acquirer too long",
     "\"10000000001\"",
     "\"100000000012\"",
     "switch.yml:9:37: error: groups.shops.acquirer: '100000000012' is not 1 to 11 digits\n"
     "      9 |   shops: {identity: de12, acquirer: \"100000000012\"}\n"
     "        |                                     ^^^^^^^^^^^^^^"},
    {"name with a space",
     "  shops:",
     "  my shops:",
     "switch.yml:9:3: error: groups: the name 'my shops' is not 1 to 15 letters, digits, '_' or '-'\n"
     "      9 |   my shops: {identity: de12, acquirer: \"10000000001\"}\n"
     "        |   ^^^^^^^^"},
    {"name too long",
     "  visa1:",
     "  visa-in-the-north:",
     "switch.yml:16:3: error: links: the name 'visa-in-the-north' is not 1 to 15 letters, digits, '_' or '-'\n"
     "     16 |   visa-in-the-north:\n"
     "        |   ^^^^^^^^^^^^^^^^^"},
    {"no entries",
     "groups:\n"
     "  shops: {identity: de12, acquirer: \"10000000001\"}\n",
     "groups: {}\n",
     "switch.yml:8:1: error: groups: 1 to 256 entries are possible, here are 0\n"
     "      8 | groups: {}\n"
     "        | ^^^^^^"},
    {"doubt with an approval",
     "pin: translate",
     "doubt: [\"68\", \"00\"]\n"
     "    pin: translate",
     "switch.yml:13:12: error: issuers.visa: '00' cannot be both an approval and a doubt\n"
     "     13 |     doubt: [\"68\", \"00\"]\n"
     "        |            ^"},
    {"approval that is a doubt by default",
     "pin: translate",
     "approve: [\"00\", \"91\"]\n"
     "    pin: translate",
     "switch.yml:13:14: error: issuers.visa: '91' cannot be both an approval and a doubt\n"
     "     13 |     approve: [\"00\", \"91\"]\n"
     "        |              ^"},
    {"approvals without 00",
     "pin: translate",
     "approve: [\"08\"]\n"
     "    pin: translate",
     "switch.yml:13:14: error: issuers.visa: '00' is missing: with this list every approval would be doubted\n"
     "     13 |     approve: [\"08\"]\n"
     "        |              ^"},
    {"doubt of one digit",
     "pin: translate",
     "doubt: [6]\n"
     "    pin: translate",
     "switch.yml:13:13: error: issuers.visa.doubt: '6' is not a response code (2 digits or capitals)\n"
     "     13 |     doubt: [6]\n"
     "        |             ^"},
    {"reserved leaves nothing",
     "links:\n",
     "limits:\n"
     "  slots: 64\n"
     "  reserved: 64\n"
     "links:\n",
     "switch.yml:17:13: error: limits: 'reserved' leaves none of the 64 'slots'\n"
     "     17 |   reserved: 64\n"
     "        |             ^^"},
    {"queue too short",
     "links:\n",
     "limits: {queue: 100}\n"
     "links:\n",
     "switch.yml:15:10: error: limits.queue: slots, reversals and late answers may ask the store 12417 things at once, no less will do\n"
     "     15 | limits: {queue: 100}\n"
     "        |          ^^^^^"},
    {"retries the wrong way round",
     "links:\n",
     "retries: {first: 10s, max: 5s}\n"
     "links:\n",
     "switch.yml:15:18: error: retries: 'first' is longer than 'max'\n"
     "     15 | retries: {first: 10s, max: 5s}\n"
     "        |                  ^^^"},
    {"stans too few",
     "links:\n",
     "stans: {first: 900000, last: 900100}\n"
     "links:\n",
     "switch.yml:15:16: error: stans: 'first' to 'last' must be 10000 at least\n"
     "     15 | stans: {first: 900000, last: 900100}\n"
     "        |                ^^^^^^"},
    {"no newline at the end",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii",
     "switch.yml:20:25: error: the last line does not end with a newline: the file may be truncated\n"
     "     20 |     dialect: iso87_ascii\n"
     "        |                         ^"},
    {"a tab",
     "    frame: len2\n",
     "\tframe: len2\n",
     "switch.yml:19:1: error: found a tab character that violates indentation while scanning a plain scalar\n"
     "     19 |  frame: len2\n"
     "        | ^"},
    {"a flow map not closed",
     "{address: 127.0.0.1:1500}",
     "{address: 127.0.0.1:1500",
     "switch.yml:2:6: error: did not find expected ',' or '}' while parsing a flow mapping\n"
     "      2 | files: {terminals: terminals.csv, bins: bins.csv}\n"
     "        |      ^"},
    {"a second document",
     "    dialect: iso87_ascii\n",
     "    dialect: iso87_ascii\n"
     "---\n"
     "hsm: 1\n",
     "switch.yml:22:1: error: a second document begins here: one is enough\n"
     "     22 | hsm: 1\n"
     "        | ^"},
    {"a list for the file",
     NULL,
     "- hsm\n",
     "switch.yml:1:1: error: a map of sections is needed, here is a list\n"
     "      1 | - hsm\n"
     "        | ^"},
    {"an empty file",
     NULL,
     "",
     "switch.yml:1:1: error: the file is empty"},
    {"only a comment",
     NULL,
     "# nothing\n",
     "switch.yml:1:1: error: there is nothing in the file\n"
     "      1 | # nothing\n"
     "        | ^"},
    {"a control character",
     "de12, ac",
     "de12, \001ac",
     "switch.yml:9:27: error: control characters are not allowed\n"
     "      9 |   shops: {identity: de12, ?acquirer: \"10000000001\"}\n"
     "        |                           ^"},
    {"columns are bytes behind letters of two",
     "{identity: de12, acquirer: \"10000000001\"}",
     "{\"\303\251\": 1, identity: x}",
     "switch.yml:9:3: error: groups.shops: the key 'acquirer' is missing\n"
     "      9 |   shops: {\"?\?\": 1, identity: x}\n"
     "        |   ^^^^^\n"
     "switch.yml:9:11: error: groups.shops: unknown key '?\?'\n"
     "      9 |   shops: {\"?\?\": 1, identity: x}\n"
     "        |           ^^^^\n"
     "switch.yml:9:30: error: groups.shops.identity: 'x' is none of: de12, de7, day\n"
     "      9 |   shops: {\"?\?\": 1, identity: x}\n"
     "        |                              ^"},
    {"several are told in the order of the file",
     "files: {terminals: terminals.csv, bins: bins.csv}\n"
     "listeners:\n"
     "  pos:\n",
     "files: {terminal: terminals.csv, bins: bins.csv}\n"
     "listeners:\n"
     "  pos:\n"
     "    conections: 0\n",
     "switch.yml:2:1: error: files: the key 'terminals' is missing\n"
     "      2 | files: {terminal: terminals.csv, bins: bins.csv}\n"
     "        | ^^^^^\n"
     "switch.yml:2:9: error: files: unknown key 'terminal'; did you mean 'terminals'?\n"
     "      2 | files: {terminal: terminals.csv, bins: bins.csv}\n"
     "        |         ^^^^^^^^\n"
     "switch.yml:5:5: error: listeners.pos: unknown key 'conections'; did you mean 'connections'?\n"
     "      5 |     conections: 0\n"
     "        |     ^^^^^^^^^^"},
};
/* clang-format on */

struct told {
    char text[8192];
    size_t len;
    uint32_t count;
};

static void on_report(void *context, const char *text)
{
    struct told *told = context;
    int len = snprintf(told->text + told->len, sizeof told->text - told->len, "%s%s",
                       told->count == 0 ? "" : "\n", text);
    ck_assert_int_gt(len, 0);
    told->len += (size_t)len;
    ck_assert_uint_lt(told->len, sizeof told->text);
    told->count++;
}

/* `good` with the one @from replaced by @to, malloc'ed. */
static char *good_with(const char *from, const char *to)
{
    const char *at = from == NULL ? good : strstr(good, from);
    size_t removed = from == NULL ? strlen(good) : strlen(from);
    ck_assert_ptr_nonnull(at);
    ck_assert(from == NULL || strstr(at + 1, from) == NULL);
    size_t size = strlen(good) + strlen(to) + 1;
    char *text = malloc(size);
    ck_assert_ptr_nonnull(text);
    (void)snprintf(text, size, "%.*s%s%s", (int)(at - good), good, to, at + removed);
    return text;
}

static struct config *parse(const char *text)
{
    struct told told = {.len = 0};
    struct config *config = NULL;
    int err = config_parse(span_text(text), "switch.yml", &config, on_report, &told);
    ck_assert_str_eq(told.text, "");
    ck_assert_int_eq(err, 0);
    return config;
}

START_TEST(each_wrong_file_is_told_to_the_byte)
{
    const struct wrong *wrong = &wrongs[_i];
    char *text = good_with(wrong->from, wrong->to);
    struct told told = {.len = 0};
    struct config *config = NULL;
    int err = config_parse(span_text(text), "switch.yml", &config, on_report, &told);
    ck_assert_msg(err == ERR_CONFIG, "%s: %d", wrong->name, err);
    ck_assert_ptr_null(config);
    ck_assert_msg(strcmp(told.text, wrong->told) == 0, "%s:\n%s\n--- wanted:\n%s", wrong->name,
                  told.text, wrong->told);
    free(text);
}
END_TEST

/* Goal: `dialect` takes a file beside switch.yml, and what is wrong in it is told where it stands.
 */
START_TEST(a_dialect_may_be_a_file_beside_the_configuration)
{
    char folder[] = "/tmp/config-dialect-XXXXXX";
    char name[96];
    char path[96];
    struct told told = {.len = 0};
    struct config *config = NULL;
    char *text = good_with("iso87_bcd", "mine.yml");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/mine.yml", folder);
    (void)snprintf(name, sizeof name, "%s/switch.yml", folder);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("extends: iso87_bcd\nfields:\n  63: {length: 7}\n", file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(config_parse(span_text(text), name, &config, on_report, &told), 0);
    ck_assert_uint_eq(config->core.listeners[0].dialect->field[63].len, 7);
    config_free(config);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs("extends: iso87_bcd\nfields:\n  2: {mask: show}\n", file), 0);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(config_parse(span_text(text), name, &config, on_report, &told), ERR_CONFIG);
    ck_assert_ptr_nonnull(
        strstr(told.text, "/mine.yml:3:13: error: fields.2: card data stand here"));
    ck_assert_ptr_nonnull(strstr(told.text, "the dialect file 'mine.yml' is wrong"));
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
    free(text);
}
END_TEST

START_TEST(what_is_not_given_has_its_default)
{
    struct config *config = parse(good);
    const struct core_settings *core = &config->core;
    ck_assert_uint_eq(core->slots_max, 4096);
    ck_assert_uint_eq(core->slots_reserved, 256);
    ck_assert_uint_eq(core->reversals_max, 64);
    ck_assert_uint_eq(core->hsm_ms, 1000);
    ck_assert_uint_eq(core->reversal_answer_ms, 5000);
    ck_assert_uint_eq(core->retry_first_ms, 5000);
    ck_assert_uint_eq(core->retry_max_ms, 300000);
    ck_assert_uint_eq(core->stan_first, 1);
    ck_assert_uint_eq(core->stan_last, 999999);
    ck_assert_uint_eq(config->hsm_header_len, 4);
    ck_assert_str_eq(config->admin_socket, "admin.sock");
    ck_assert_uint_eq(config->store_map_bytes, 4ull << 30);
    ck_assert_uint_eq(config->store_prealloc_bytes, 256ull << 20);
    ck_assert_uint_eq(config->store_queue_max, 2 * 4096 + 65 + 4096 + 64);
    ck_assert_uint_eq(config->frame_ms, 5000);
    ck_assert_uint_eq(config->idle_ms, 600000);
    ck_assert_int_eq(config->window_ms, 86400000);
    ck_assert_int_eq(config->window_day_ms, 3600000);
    ck_assert_uint_eq(config->log_level, LOG_INFO);
    ck_assert(!config->log_json);
    ck_assert_str_eq(config->cards_path, "");
    ck_assert_uint_eq(core->listeners[0].connections_max, 2000);
    ck_assert(!core->listeners[0].answers_keepalives && !core->links[0].answers_keepalives);
    ck_assert(!core->groups[0].mac_required);
    ck_assert_uint_eq(core->groups[0].mac_padding, 1);
    ck_assert(core->groups[0].repeats);
    ck_assert_str_eq(core->issuers[0].approve[0], "00");
    ck_assert_str_eq(core->issuers[0].approve[5], "85");
    ck_assert_str_eq(core->issuers[0].approve[6], "");
    ck_assert_str_eq(core->issuers[0].doubt[0], "68");
    ck_assert_str_eq(core->issuers[0].doubt[2], "96");
    ck_assert_str_eq(core->issuers[0].doubt[3], "");
    ck_assert_uint_eq(core->links[0].answer_ms, 10000);
    ck_assert_uint_eq(core->links[0].echo_ms, 30000);
    ck_assert_uint_eq(core->links[0].pending_max, 4096);
    config_free(config);
}
END_TEST

START_TEST(every_key_reaches_its_member)
{
    struct config *config =
        parse("admin: {socket: /run/s.sock}\n"
              "store: {map: 64MiB, preallocate: 512KiB}\n"
              "hsm: {address: '[::1]:1500', header_len: 8, answer: 900ms}\n"
              "files: {terminals: t.csv, bins: b.csv, cards: c.csv}\n"
              "listeners: {a: {address: 127.0.0.1:1, frame: len2i+header:0x00ff+tpdu+etx, "
              "dialect: iso87_ascii, keepalive: answer, connections: 7}}\n"
              "groups: {g: {identity: day, acquirer: 00000000042, mac: required, mac_padding: 80, "
              "timeout_code: 68, lost_answer: reverse, repeats: no, diagnostics: yes}}\n"
              "issuers:\n"
              "  first: {id: 7, policy: rotate, pin: verify, pvk: "
              "0123456789abcdef0123456789ABCDEF, doubt: [91]}\n"
              "  second: {id: 8, doubt: \"05\", approve: [00, Y1]}\n"
              "links:\n"
              "  l2: {issuer: second, address: 127.0.0.1:2, frame: ascii4, dialect: iso87_bcd, "
              "keepalive: answer, answer: 1m, echo: 10s, pending: 3}\n"
              "  l1: {issuer: first, address: 127.0.0.1:3, frame: len4, dialect: iso87_ascii}\n"
              "limits: {slots: 64, reserved: 3, reversals: 2, queue: 9000, batch: 9, frame: 2s, "
              "idle: 3m, drain: 4s}\n"
              "windows: {request: 48h, day: 30m}\n"
              "retries: {reversal_answer: 6s, first: 7s, max: 8m}\n"
              "stans: {first: 100000, last: 199999}\n"
              "log: {level: debug, format: json}\n");
    const struct core_settings *core = &config->core;
    const struct group_settings *group = &core->groups[0];
    ck_assert_str_eq(config->admin_socket, "/run/s.sock");
    ck_assert_uint_eq(config->store_map_bytes, 64 << 20);
    ck_assert_uint_eq(config->store_prealloc_bytes, 512 << 10);
    ck_assert_str_eq(config->hsm_addresses[0], "[::1]:1500");
    ck_assert_uint_eq(config->hsm_header_len, 8);
    ck_assert_uint_eq(core->hsm_ms, 900);
    ck_assert_str_eq(config->cards_path, "c.csv");
    ck_assert_str_eq(core->listeners[0].framing.name, "len2i+header:0x00ff+tpdu+etx");
    ck_assert_mem_eq(core->listeners[0].framing.header, "\x00\xFF", 2);
    ck_assert_uint_eq(core->listeners[0].framing.etx, 1);
    ck_assert(core->listeners[0].answers_keepalives);
    ck_assert(core->links[0].answers_keepalives && !core->links[1].answers_keepalives);
    ck_assert_ptr_eq(core->listeners[0].dialect, dialect_find("iso87_ascii"));
    ck_assert_uint_eq(core->listeners[0].connections_max, 7);
    ck_assert_str_eq(group->name, "g");
    ck_assert_uint_eq(group->identity, IDENTITY_DAY);
    ck_assert_str_eq(group->acquirer, "00000000042");
    ck_assert(group->mac_required && group->timeout_is_68 && group->lost_answer_reverse);
    ck_assert(!group->repeats && group->diagnostics);
    ck_assert_uint_eq(group->mac_padding, 2);
    ck_assert_uint_eq(core->issuer_count, 2);
    ck_assert_uint_eq(core->issuers[0].policy, POLICY_ROTATE);
    ck_assert_uint_eq(core->issuers[0].pin_mode, PIN_VERIFY);
    ck_assert_str_eq(core->issuers[0].pvk.text, "0123456789ABCDEF0123456789ABCDEF");
    ck_assert_str_eq(core->issuers[0].doubt[0], "91");
    ck_assert_str_eq(core->issuers[0].doubt[1], "");
    ck_assert_str_eq(core->issuers[1].doubt[0], "05");
    ck_assert_str_eq(core->issuers[1].approve[1], "Y1");
    ck_assert_str_eq(core->issuers[1].approve[2], "");
    ck_assert_str_eq(core->links[0].name, "l2");
    ck_assert_uint_eq(core->links[0].issuer, 1);
    ck_assert_uint_eq(core->links[1].issuer, 0);
    ck_assert_uint_eq(core->links[0].answer_ms, 60000);
    ck_assert_uint_eq(core->links[0].echo_ms, 10000);
    ck_assert_uint_eq(core->links[0].pending_max, 3);
    ck_assert_uint_eq(core->slots_max, 64);
    ck_assert_uint_eq(core->slots_reserved, 3);
    ck_assert_uint_eq(core->reversals_max, 2);
    ck_assert_uint_eq(config->store_queue_max, 9000);
    ck_assert_uint_eq(config->store_batch_max, 9);
    ck_assert_uint_eq(config->frame_ms, 2000);
    ck_assert_uint_eq(config->idle_ms, 180000);
    ck_assert_uint_eq(config->drain_ms, 4000);
    ck_assert_int_eq(config->window_ms, 172800000);
    ck_assert_int_eq(config->window_day_ms, 1800000);
    ck_assert_uint_eq(core->reversal_answer_ms, 6000);
    ck_assert_uint_eq(core->retry_first_ms, 7000);
    ck_assert_uint_eq(core->retry_max_ms, 480000);
    ck_assert_uint_eq(core->stan_first, 100000);
    ck_assert_uint_eq(core->stan_last, 199999);
    ck_assert_uint_eq(config->log_level, LOG_DEBUG);
    ck_assert(config->log_json);
    config_free(config);
}
END_TEST

START_TEST(a_stream_may_not_be_framed_by_none)
{
    char *text = good_with("frame: len2+tpdu", "frame: none");
    struct told told = {.len = 0};
    struct config *config = NULL;
    ck_assert_int_eq(config_parse(span_text(text), "x", &config, on_report, &told), ERR_CONFIG);
    ck_assert_ptr_nonnull(strstr(told.text, "'none' is none of: "));
    free(text);
}
END_TEST

START_TEST(fifty_problems_are_told_of_more)
{
    char text[4096] = "";
    for (int i = 0; i < 60; i++) {
        (void)snprintf(text + strlen(text), sizeof text - strlen(text), "section%d: 1\n", i);
    }
    struct told told = {.len = 0};
    struct config *config = NULL;
    ck_assert_int_eq(config_parse(span_text(text), "x", &config, on_report, &told), ERR_CONFIG);
    ck_assert_uint_eq(told.count, PROBLEM_COUNT_MAX);
}
END_TEST

START_TEST(a_key_is_shown_in_no_problem)
{
    static const char secret[] = "FEDCBA98765432100123456789ABCDEF";
    char to[200];
    (void)snprintf(to, sizeof to, "pni: translate\n    zpk: %sX\n    %s: 1\n    pvk: [%s]", secret,
                   secret, secret);
    char *text = good_with("pin: translate\n    zpk: U0123456789ABCDEF0123456789ABCDEF", to);
    struct told told = {.len = 0};
    struct config *config = NULL;
    ck_assert_int_eq(config_parse(span_text(text), "x", &config, on_report, &told), ERR_CONFIG);
    ck_assert_uint_eq(told.count, 4);
    ck_assert_ptr_null(strstr(told.text, "DCBA98"));
    ck_assert_ptr_null(strstr(told.text, "89ABCD"));
    free(text);
}
END_TEST

int main(void)
{
    TCase *tcase = tcase_create("config_yaml");
    tcase_add_loop_test(tcase, each_wrong_file_is_told_to_the_byte, 0, (int)ARRAY_COUNT(wrongs));
    tcase_add_test(tcase, a_dialect_may_be_a_file_beside_the_configuration);
    tcase_add_test(tcase, what_is_not_given_has_its_default);
    tcase_add_test(tcase, every_key_reaches_its_member);
    tcase_add_test(tcase, a_stream_may_not_be_framed_by_none);
    tcase_add_test(tcase, fifty_problems_are_told_of_more);
    tcase_add_test(tcase, a_key_is_shown_in_no_problem);
    Suite *suite = suite_create("config_yaml");
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
