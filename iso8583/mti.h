/* Message type identifiers as four hex digits: 0x0200 is version 0, class 2, function 0, origin 0.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

static inline unsigned mti_version(uint16_t mti)
{
    return mti >> 12;
}

/* 1 authorization, 2 financial, 3 file, 4 reversal, 5 reconciliation, 6 administrative, 8 network.
 */
static inline unsigned mti_class(uint16_t mti)
{
    return mti >> 8 & 15u;
}

/* 0 request, 1 request response, 2 advice, 3 advice response, 4 notification, ... */
static inline unsigned mti_function(uint16_t mti)
{
    return mti >> 4 & 15u;
}

/* 0 acquirer, 1 acquirer repeat, 2 issuer, 3 issuer repeat, 4 other, 5 other repeat. */
static inline unsigned mti_origin(uint16_t mti)
{
    return mti & 15u;
}

static inline bool mti_is_repeat(uint16_t mti)
{
    return (mti & 1u) != 0;
}

static inline bool mti_is_request(uint16_t mti)
{
    return mti_function(mti) % 2 == 0;
}

/* The MTI without its repeat mark: 0201 -> 0200, 0421 -> 0420. */
static inline uint16_t mti_original(uint16_t mti)
{
    return (uint16_t)(mti & ~1u);
}

/* The repeat of it: 0420 -> 0421. */
static inline uint16_t mti_repeat(uint16_t mti)
{
    return (uint16_t)(mti | 1u);
}

/* The answer to a request or advice, of the original and of a repeat alike: 0200, 0201 -> 0210. */
static inline uint16_t mti_answer(uint16_t mti)
{
    return (uint16_t)(mti_original(mti) + 0x10u);
}

/* Four ASCII digits to an MTI, or 0 if they are not digits. */
static inline uint16_t mti_parse(const uint8_t *digits)
{
    uint16_t mti = 0;
    for (int i = 0; i < 4; i++) {
        if ((uint8_t)(digits[i] - '0') > 9) {
            return 0;
        }
        mti = (uint16_t)(mti << 4 | (digits[i] - '0'));
    }
    return mti;
}

/* Four ASCII digits into @out; no NUL. */
static inline void mti_print(uint16_t mti, uint8_t *out)
{
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)('0' + ((unsigned)mti >> (12 - 4 * i) & 15u));
    }
}
