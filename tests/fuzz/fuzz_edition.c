/* Input: a byte that chooses a dialect of a later edition, then one message in it.
 *
 * What can be read in the elements of 1987 is written in every dialect or refused with its element,
 * and what was written is read as the same message: nothing more is lost on a second way. */
#include "iso8583/edition.h"
#include "tests/fuzz/fuzz.h"

enum { WIRE_LEN_MAX = 4096, OUT_LEN_MAX = 65536 };
#define NOON_MS INT64_C(1795262400000) /* 2026-11-21T12:00:00Z */

static const char *const names[] = {"iso93_ascii", "iso93_bcd", "iso2003", "iso87_bcd"};

struct reading {
    struct iso_msg msg;
    uint8_t bytes[2 * OUT_LEN_MAX + EDITION_ROOM];
};

static int read_from(const struct iso_dialect *dialect, struct span wire, struct reading *reading)
{
    struct iso_error error = {0};
    struct writer scratch = writer_make(reading->bytes, sizeof reading->bytes);
    int result = edition_read(dialect, wire, &scratch, &reading->msg, &error);
    CHECK(result == 0 || (error.code == result && error.what != NULL));
    return result;
}

static void check_same(const struct iso_msg *a, const struct iso_msg *b)
{
    CHECK(a->mti == b->mti);
    CHECK(memcmp(a->present, b->present, sizeof a->present) == 0);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        CHECK(span_equal(iso_get(a, de), iso_get(b, de)));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading first;
    static struct reading second;
    static struct reading third;
    static uint8_t out[2][OUT_LEN_MAX];
    if (size < 1 || size > WIRE_LEN_MAX) {
        return 0;
    }
    struct span wire = span_make(data + 1, size - 1);
    const struct iso_dialect *from = dialect_find(names[data[0] % 3]);
    const struct iso_dialect *to = dialect_find(names[data[0] / 4 % ARRAY_COUNT(names)]);
    struct span request = (data[0] & 128u) != 0 && from == to ? wire : SPAN_NONE;
    struct iso_error error = {0};
    if (read_from(from, wire, &first) != 0) {
        return 0;
    }
    struct writer once = writer_make(out[0], OUT_LEN_MAX);
    int result = edition_write(&first.msg, request, to, NOON_MS, &once, &error);
    if (result != 0) {
        CHECK(error.code == result && error.what != NULL);
        return 0;
    }
    if (request.len != 0) {
        return 0; /* What is echoed is as it came, and that may be anything. */
    }
    CHECK(read_from(to, writer_written(&once), &second) == 0);
    struct writer twice = writer_make(out[1], OUT_LEN_MAX);
    CHECK(edition_write(&second.msg, SPAN_NONE, to, NOON_MS, &twice, &error) == 0);
    CHECK(read_from(to, writer_written(&twice), &third) == 0);
    check_same(&second.msg, &third.msg);
    return 0;
}
