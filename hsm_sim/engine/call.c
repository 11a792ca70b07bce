#include "hsm_sim/engine/call.h"

static void reply_since(struct call *call, enum hsm_arg arg, size_t start)
{
    CHECK(!call->scratch.overflow);
    call->reply[arg] = span_make(call->scratch.ptr + start, call->scratch.len - start);
}

void call_reply_hex(struct call *call, enum hsm_arg arg, const uint8_t *bytes, size_t len)
{
    size_t start = call->scratch.len;
    writer_hex(&call->scratch, span_make(bytes, len));
    reply_since(call, arg, start);
}

void call_reply_digits(struct call *call, enum hsm_arg arg, size_t count, uint64_t value)
{
    size_t start = call->scratch.len;
    writer_digits(&call->scratch, count, value);
    reply_since(call, arg, start);
}

void call_reply_text(struct call *call, enum hsm_arg arg, struct span text)
{
    size_t start = call->scratch.len;
    writer_span(&call->scratch, text);
    reply_since(call, arg, start);
}

unsigned call_digit(const struct call *call, enum hsm_arg arg)
{
    CHECK(call->arg[arg].len == 1);
    return call->arg[arg].ptr[0] - (unsigned)'0';
}

unsigned call_number(const struct call *call, enum hsm_arg arg)
{
    const uint8_t *digit = call->arg[arg].ptr;
    CHECK(call->arg[arg].len == 2);
    return (digit[0] - (unsigned)'0') * 10 + (digit[1] - (unsigned)'0');
}

uint8_t call_key(struct call *call, enum hsm_arg arg, const char *type, uint8_t parity_error,
                 struct tdes **out)
{
    uint8_t error = keys_find(&call->engine->keys, type, call->arg[arg], out);
    return error == HSM_SOURCE_PARITY ? parity_error : error;
}

uint8_t call_pin(struct call *call, struct tdes *key, struct pin *pin)
{
    unsigned len_max = PIN_LEN_MAX;
    const struct pin_format *format = pin_format_find(call->arg[HSM_ARG_FORMAT]);
    if (format == NULL) {
        return HSM_PIN_FORMAT;
    }
    if (call->arg[HSM_ARG_PIN_LEN_MAX].len != 0) {
        len_max = call_number(call, HSM_ARG_PIN_LEN_MAX);
        if (len_max < PIN_LEN_MIN || len_max > PIN_LEN_MAX) {
            return HSM_INPUT;
        }
    }
    uint8_t block[PIN_BLOCK_LEN];
    if (hex_decode(call->arg[HSM_ARG_PIN_BLOCK], block) < 0) {
        return HSM_INPUT;
    }
    if (tdes_block(key, TDES_DECRYPT, block, block) < 0) {
        return HSM_INTERNAL;
    }
    uint8_t error = pin_decode(format, block, call->arg[HSM_ARG_ACCOUNT], pin);
    bytes_wipe(block, sizeof block);
    return error == HSM_OK && pin->len > len_max ? HSM_PIN_LEN : error;
}

bool call_pin_is_bad(uint8_t error)
{
    return error == HSM_PIN_BLOCK || error == HSM_PIN_LEN;
}
