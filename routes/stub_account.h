/* The accounts of a simulated issuer, as read from accounts.csv:
 *
 *     pan,expiry,status,balance_minor,limit_minor,currency,pvv
 *     4111111111111111,3012,active,1000000,50000,978,1234
 *
 * expiry is YYMM, status active or blocked, amounts are minor units (limit_minor of one purchase,
 * 0: none), currency the ISO 4217 number, pvv the Visa PIN verification value or empty. */
#pragma once

#include "iso8583/message.h"
#include "iso8583/base/source.h"

enum { PAN_LEN_MAX = 19, PAN_MASKED_LEN_MAX = 24 };

struct stub_account {
    char pan[PAN_LEN_MAX + 1];
    char expiry[5];
    bool blocked;
    char currency[4];
    char pvv[5];           /* "": this card has no PIN to verify */
    int64_t balance_minor; /* what was booked */
    int64_t held_minor;    /* reserved by authorizations: balance - held is available */
    int64_t limit_minor;
};

/* Read the accounts of @source. Returns 0, @out and @count (free() it), ERR_CONFIG after the
 * reports, or ERR_MEMORY. */
MUST_USE int accounts_parse(struct source *source, struct stub_account **out, size_t *count);

/* The card number of @msg: DE2, else of track 2; empty if it has neither. Borrows from @msg. */
static inline struct span message_pan(const struct iso_msg *msg)
{
    if (iso_has(msg, 2)) {
        return iso_get(msg, 2);
    }
    struct span track = iso_get(msg, 35);
    size_t len = 0;
    while (len < track.len && byte_is_digit(track.ptr[len])) {
        len++;
    }
    return span_first(track, len);
}

/* @pan with all but its first six and last four digits starred (fewer than 13: all starred), "-"
 * if empty. Writes PAN_MASKED_LEN_MAX bytes at most, with a NUL. */
void pan_mask(struct span pan, char *out);
