#include "iso8583/tlv.h"

enum { TAG_LEN_MAX = 4, LENGTH_LEN_MAX = 4 };

/* EMV allows 00 and FF between elements. */
static void padding_skip(struct reader *in)
{
    while (in->ptr < in->end && (*in->ptr == 0x00 || *in->ptr == 0xFF)) {
        in->ptr++;
    }
}

/* A tag goes on after its first byte if its low five bits are set, then while the top bit is. */
static int tag_read(struct reader *in, uint32_t *tag)
{
    uint8_t byte;
    TRY(reader_u8(in, &byte));
    *tag = byte;
    bool more = (byte & 0x1F) == 0x1F;
    for (size_t len = 1; more; len++) {
        if (len == TAG_LEN_MAX) {
            return ERR_FORMAT;
        }
        TRY(reader_u8(in, &byte));
        *tag = *tag << 8 | byte;
        more = (byte & 0x80) != 0;
    }
    return 0;
}

static int length_read(struct reader *in, size_t *value)
{
    uint8_t first;
    TRY(reader_u8(in, &first));
    *value = first;
    if (first < 0x80) {
        return 0;
    }
    size_t count = first & 0x7Fu;
    if (count == 0 || count > LENGTH_LEN_MAX) {
        return ERR_FORMAT;
    }
    *value = 0;
    for (size_t i = 0; i < count; i++) {
        uint8_t byte;
        TRY(reader_u8(in, &byte));
        *value = *value << 8 | byte;
    }
    return 0;
}

int tlv_next(struct reader *in, struct tlv *tlv)
{
    padding_skip(in);
    if (reader_left(in) == 0) {
        return 0;
    }
    size_t len;
    TRY(tag_read(in, &tlv->tag));
    TRY(length_read(in, &len));
    TRY(reader_take(in, len, &tlv->value));
    return 1;
}

int tlv_find(struct span bytes, uint32_t tag, struct span *value)
{
    struct reader in = reader_make(bytes);
    struct tlv tlv;
    for (;;) {
        int result = tlv_next(&in, &tlv);
        TRY(result);
        if (result == 0) {
            return ERR_NOT_FOUND;
        }
        if (tlv.tag == tag) {
            *value = tlv.value;
            return 0;
        }
    }
}

/* @value in as few bytes as it needs, at least one; big-endian. */
static void number_put(struct writer *out, uint32_t value)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        if (shift == 0 || value >> shift != 0) {
            writer_u8(out, (uint8_t)(value >> shift));
        }
    }
}

void tlv_head_put(struct writer *out, uint32_t tag, size_t value_len)
{
    CHECK(value_len <= UINT32_MAX);
    uint32_t len = (uint32_t)value_len;
    number_put(out, tag);
    if (len >= 0x80) {
        unsigned count = len > 0xFFFFFF ? 4 : len > 0xFFFF ? 3 : len > 0xFF ? 2 : 1;
        writer_u8(out, (uint8_t)(0x80 | count));
    }
    number_put(out, len);
}

void tlv_put(struct writer *out, uint32_t tag, struct span value)
{
    tlv_head_put(out, tag, value.len);
    writer_span(out, value);
}
