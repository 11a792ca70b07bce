/* BER-TLV (EMV tags in DE55): an iterator over views; nothing is allocated. */
#pragma once

#include "iso8583/base/bytes.h"

struct tlv {
    uint32_t tag;      /* as its bytes read: 0x9F26 */
    struct span value; /* borrows from what is read */
};

/* The next element of @in. Returns 1 and sets @tlv, 0 at the end, or ERR_TRUNCATED / ERR_FORMAT
 * (tag over 4 bytes, indefinite length). Padding bytes 00 and FF between elements are passed over.
 */
MUST_USE int tlv_next(struct reader *in, struct tlv *tlv);

/* The value of the first element with @tag in @bytes; ERR_NOT_FOUND, or an error of tlv_next(). */
MUST_USE int tlv_find(struct span bytes, uint32_t tag, struct span *value);

/* Append one element (definite length, shortest form). */
void tlv_put(struct writer *out, uint32_t tag, struct span value);

/* The same without the value: tag and length of a value of @value_len bytes. */
void tlv_head_put(struct writer *out, uint32_t tag, size_t value_len);
