/* Input: a byte that chooses dialect and kind of bitmap, then one message.
 *
 * The fast way and the careful way (a table without ops) find the same. Composites are walked over.
 *
 * Whatever the bytes: views lie within frame and scratch, an error lies within the frame and its
 * text holds no run of digits that a PAN could be; and what decodes is written and read again as
 * the same message. */
#include "iso8583/dialect.h"
#include "iso8583/message.h"
#include "iso8583/parts.h"
#include "tests/fuzz/fuzz.h"

/* Looking for who is to blame is slow by nature: on short messages only. */
enum { WIRE_LEN_MAX = 8192, OUT_LEN_MAX = 65536, DIGITS_RUN_MAX = 5, BLAME_LEN_MAX = 64 };

static uint8_t scratch_a[2 * WIRE_LEN_MAX];
static uint8_t scratch_b[2 * OUT_LEN_MAX];
static uint8_t out_a[OUT_LEN_MAX];
static uint8_t out_b[OUT_LEN_MAX];

static bool lies_in(struct span view, const uint8_t *start, size_t len)
{
    return view.ptr >= start && view.ptr <= start + len &&
           view.len <= (size_t)(start + len - view.ptr);
}

static void check_text(const struct iso_error *error, const struct iso_dialect *dialect)
{
    char text[ISO_TEXT_LEN_MAX];
    size_t run = 0;
    iso_error_text(error, dialect, text, sizeof text);
    CHECK(strlen(text) < sizeof text - 1);
    for (const char *c = text; *c != '\0'; c++) {
        CHECK(*c >= 0x20 && *c < 0x7F);
        run = byte_is_digit((uint8_t)*c) ? run + 1 : 0;
        CHECK(run <= DIGITS_RUN_MAX);
    }
}

static void check_views(const struct iso_msg *msg, struct span wire)
{
    char text[ISO_TEXT_LEN_MAX];
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        struct span view = iso_get(msg, de);
        if (!iso_has(msg, de)) {
            continue;
        }
        CHECK(msg->field[de].at <= wire.len);
        CHECK(view.len <= msg->dialect->field[de].len);
        CHECK(view.len == 0 || lies_in(view, wire.ptr, wire.len) ||
              lies_in(view, scratch_a, sizeof scratch_a));
        CHECK(strlen(iso_show(msg, msg->dialect, de, text, sizeof text)) < sizeof text);
    }
}

static void check_same(const struct iso_msg *a, const struct iso_msg *b)
{
    CHECK(a->mti == b->mti);
    CHECK(memcmp(a->present, b->present, sizeof a->present) == 0);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        CHECK(span_equal(iso_get(a, de), iso_get(b, de)));
    }
}

static void check_error(const struct iso_error *error, int result, const struct iso_msg *msg,
                        struct span wire)
{
    CHECK(error->code == result);
    CHECK(error->at <= wire.len);
    CHECK(error->what != NULL);
    for (unsigned de = error->de; de >= 2 && de <= ISO_DE_MAX && result != ERR_TRAILING; de++) {
        CHECK(!iso_has(msg, de));
    }
}

/* Every part of every composite, and what the walk says of it. */
static void check_parts(const struct iso_msg *msg, const struct iso_dialect *dialect)
{
    static uint8_t scratch_bytes[2 * WIRE_LEN_MAX];
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        struct writer scratch = writer_make(scratch_bytes, sizeof scratch_bytes);
        struct iso_error error;
        unsigned unknown = 0;
        if (!iso_has(msg, de) || dialect->field[de].parts == NULL) {
            continue;
        }
        int result = parts_check(&dialect->field[de], iso_get(msg, de), &scratch, &unknown, &error);
        CHECK(result != ERR_SPACE);
        if (result < 0) {
            error.de = (uint8_t)de;
            CHECK(error.at <= iso_get(msg, de).len);
            check_text(&error, dialect);
        }
    }
}

/* The same without ops: what @result and @msg were, they must be again. */
static void check_careful(const struct iso_dialect *dialect, struct span wire, int result,
                          const struct iso_msg *msg, const struct iso_error *error)
{
    static struct iso_dialect slow;
    static struct iso_msg other;
    static uint8_t scratch_bytes[2 * WIRE_LEN_MAX];
    struct writer scratch = writer_make(scratch_bytes, 2 * wire.len);
    struct iso_error again;
    slow = *dialect;
    for (unsigned de = 0; de <= ISO_DE_MAX; de++) {
        slow.field[de].op = 0;
    }
    CHECK(iso_decode(&slow, wire, &scratch, &other, &again) == result);
    check_same(msg, &other);
    CHECK(result == 0 || (error->de == again.de && error->at == again.at));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t dialects = 0;
    while (dialect_at(dialects) != NULL) {
        dialects++;
    }
    if (size < 1 || size > WIRE_LEN_MAX) {
        return 0;
    }
    static struct iso_dialect dialect;
    struct span wire = span_make(data + 1, size - 1);
    dialect = *dialect_at((data[0] & 127u) % dialects);
    dialect.bitmap_fixed = data[0] >> 7;

    static struct iso_msg first;
    static struct iso_msg second;
    struct iso_error error;
    struct writer scratch = writer_make(scratch_a, 2 * wire.len);
    int result = iso_decode(&dialect, wire, &scratch, &first, &error);
    CHECK(result != ERR_SPACE);
    check_views(&first, wire);
    check_careful(&dialect, wire, result, &first, &error);
    check_parts(&first, &dialect);
    if (result != 0) {
        check_error(&error, result, &first, wire);
        check_text(&error, &dialect);
        if (wire.len < BLAME_LEN_MAX) {
            iso_blame(&dialect, wire, &first, &scratch, &error);
            check_text(&error, &dialect);
        }
        return 0;
    }
    struct writer out = writer_make(out_a, sizeof out_a);
    CHECK(iso_encode(&first, &dialect, &out, &error) == 0);
    scratch = writer_make(scratch_b, sizeof scratch_b);
    CHECK(iso_decode(&dialect, writer_written(&out), &scratch, &second, &error) == 0);
    check_same(&first, &second);
    struct writer again = writer_make(out_b, sizeof out_b);
    CHECK(iso_encode(&second, &dialect, &again, &error) == 0);
    CHECK(span_equal(writer_written(&out), writer_written(&again)));
    return 0;
}
