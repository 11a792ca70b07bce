/* Input: a row (as the columns of struct iso_field_row), then one element.
 *
 * Whatever the row says, if it is sound: reading stays within the bytes, and what was read is
 * written and read again as the same, to the same bytes. */
#include "iso8583/field.h"
#include "tests/fuzz/fuzz.h"

enum { ROW_LEN = 13, WIRE_LEN_MAX = 2048, OUT_LEN_MAX = 70000 };

static struct iso_field_row row_of(const uint8_t *data)
{
    return (struct iso_field_row){.name = "fuzz",
                                  .len = (uint16_t)(1 + (data[0] | (data[1] & 3u) << 8)),
                                  .content = data[2] % (ISO_XN + 1),
                                  .coding = data[3] % ISO_CODINGS,
                                  .prefix = data[4] % 7,
                                  .prefix_coding = data[5] % ISO_CODINGS,
                                  .prefix_unit = data[6] % (ISO_UNIT_NIBBLES + 1),
                                  .pad = data[7] % (ISO_PAD_F_FRONT + 1),
                                  .fill = data[8] % (ISO_FILL_ZERO_BEHIND + 1),
                                  .extent = data[9] % (ISO_EXTENT_REST + 1),
                                  .sign = data[10] % (ISO_SIGN_ZONED + 1),
                                  .token = data[11],
                                  .separator = data[12] % 2 == 0 ? 0 : 'D'};
}

static int decode(const struct iso_field_row *row, struct span wire, uint8_t *scratch_bytes,
                  struct iso_field *field, size_t *taken)
{
    struct iso_error error;
    struct reader in = reader_make(wire);
    struct writer scratch = writer_make(scratch_bytes, 2 * wire.len + 2);
    int result = field_decode(row, &in, &scratch, field, &error);
    *taken = reader_offset(&in);
    CHECK(result != ERR_SPACE);
    CHECK(result == 0 || (error.code == result && error.what != NULL && error.at <= wire.len));
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t scratch_a[2 * WIRE_LEN_MAX + 2];
    static uint8_t scratch_b[2 * OUT_LEN_MAX];
    static uint8_t out_a[OUT_LEN_MAX];
    static uint8_t out_b[OUT_LEN_MAX];
    if (size < ROW_LEN || size > WIRE_LEN_MAX) {
        return 0;
    }
    struct iso_field_row row = row_of(data);
    struct iso_field first;
    struct iso_field second;
    struct iso_error error;
    size_t taken;
    if (dialect_row_flaw(&row) != NULL ||
        decode(&row, span_make(data + ROW_LEN, size - ROW_LEN), scratch_a, &first, &taken) < 0) {
        return 0;
    }
    CHECK(taken <= size - ROW_LEN);
    struct writer out = writer_make(out_a, sizeof out_a);
    int result = field_encode(&row, span_make(first.ptr, first.len), &out, &error);
    if (result == ERR_LENGTH || (result == ERR_FORMAT && row.extent == ISO_EXTENT_TOKEN)) {
        return 0; /* filled up, it is too long for its prefix; or its own end mark is not within */
    }
    CHECK(result == 0);
    CHECK(decode(&row, writer_written(&out), scratch_b, &second, &taken) == 0);
    CHECK(taken == out.len);
    struct writer again = writer_make(out_b, sizeof out_b);
    CHECK(field_encode(&row, span_make(second.ptr, second.len), &again, &error) == 0);
    CHECK(span_equal(writer_written(&out), writer_written(&again)));
    return 0;
}
