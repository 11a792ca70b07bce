/* Whatever the bytes: each element moves on and lies within; and the elements, written one after
 * the other, read back as the same. */
#include "iso8583/tlv.h"
#include "tests/fuzz/fuzz.h"

enum { BYTES_LEN_MAX = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t buffer[2 * BYTES_LEN_MAX];
    struct span bytes = span_make(data, size);
    struct reader in = reader_make(bytes);
    struct writer out = writer_make(buffer, sizeof buffer);
    struct tlv tlv;
    int result;
    if (size > BYTES_LEN_MAX) {
        return 0;
    }
    while ((result = tlv_next(&in, &tlv)) == 1) {
        struct span found;
        CHECK(tlv.value.ptr >= data && tlv.value.ptr + tlv.value.len == in.ptr);
        CHECK(in.ptr <= data + size);
        CHECK(tlv_find(bytes, tlv.tag, &found) == 0);
        CHECK(found.ptr <= tlv.value.ptr);
        tlv_put(&out, tlv.tag, tlv.value);
    }
    CHECK(result == 0 || result == ERR_TRUNCATED || result == ERR_FORMAT);
    CHECK(!out.overflow);

    struct reader first = reader_make(bytes);
    struct reader second = reader_make(writer_written(&out));
    struct tlv again;
    while (tlv_next(&second, &again) == 1) {
        CHECK(tlv_next(&first, &tlv) == 1);
        CHECK(tlv.tag == again.tag);
        CHECK(span_equal(tlv.value, again.value));
    }
    CHECK(reader_left(&second) == 0);
    return 0;
}
