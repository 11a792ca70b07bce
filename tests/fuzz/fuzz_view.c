/* Input: a byte that chooses the dialect, one that chooses the framing, then bytes as view gets
 * them.
 *
 * Whatever they are: each element is shown within its room, as many characters as it has, and
 * without card data where it stands behind its length; parts are walked to an end; and a text of
 * the same bytes is masked without changing its length, to where nothing more is found. */
#include <stdlib.h>

#include "iso8583/dialect.h"
#include "tests/fuzz/fuzz.h"
#include "tools/isomsg/cut.h"
#include "tools/isomsg/redact.h"
#include "tools/isomsg/reveal.h"

enum { BYTES_MAX = 4096 };

static uint8_t scratch[2 * BYTES_MAX + 64];
static struct iso_msg msg;

struct visit {
    const struct reveal *reveal;
    unsigned de;
};

static void part_check(void *context, const struct part_visit *at)
{
    const struct visit *visit = context;
    size_t len = strlen(reveal_part(visit->reveal, visit->de, at->parts, &at->part));
    CHECK(len <= 2 * at->part.value.len);
    CHECK(strlen(at->path) < sizeof at->path);
}

static void message_check(const struct iso_dialect *dialect, struct span wire)
{
    struct iso_error error;
    struct writer room = writer_make(scratch, sizeof scratch);
    int result = iso_decode(dialect, wire, &room, &msg, &error);
    struct reveal reveal = {.dialect = dialect, .msg = &msg, .wire = wire, .is_bad = result < 0};
    if (result < 0) {
        static uint8_t touched[BYTES_MAX];
        reveal_look(&reveal, touched);
    }
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        struct visit visit = {&reveal, de};
        if (!iso_has(&msg, de)) {
            continue;
        }
        const char *text = reveal_field(&reveal, de);
        size_t len = strlen(text);
        struct secret secret;
        CHECK(len <= 2 * iso_get(&msg, de).len);
        CHECK(!secret_next(span_make(text, len), 0, SEARCH_EXACT, &secret) ||
              dialect->field[de].content == ISO_N || dialect->field[de].content == ISO_XN);
        (void)parts_visit(&reveal, de, part_check, &visit);
    }
}

static void text_check(const uint8_t *data, size_t size)
{
    static char text[BYTES_MAX];
    static char again[BYTES_MAX];
    memcpy(text, data, size);
    text_redact(text, size, SEARCH_WIDE);
    memcpy(again, text, size);
    text_redact(again, size, SEARCH_WIDE);
    for (size_t i = 0; i < size; i++) {
        CHECK(text[i] == again[i]);
        CHECK(text[i] == '*' || (uint8_t)text[i] == data[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t dialects = 0;
    size_t framings = 0;
    static uint8_t bytes[BYTES_MAX];
    char why[CUT_WHY_LEN];
    if (size < 3 || size > BYTES_MAX) {
        return 0;
    }
    while (dialect_at(dialects) != NULL) {
        dialects++;
    }
    while (framing_at(framings) != NULL) {
        framings++;
    }
    struct cutter cutter;
    struct cut cut;
    memcpy(bytes, data + 2, size - 2); /* a file in blocks is unblocked in place */
    int result =
        cutter_open(&cutter, framing_at(data[1] % framings), span_make(bytes, size - 2), why);
    while (result >= 0 && (result = cutter_next(&cutter, &cut, why)) == 1) {
        message_check(dialect_at(data[0] % dialects), cut.wire);
    }
    text_check(data + 2, size - 2);
    return 0;
}
