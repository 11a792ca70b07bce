/* The durable record of one transaction: what OPEN writes and CLOSE overwrites.
 *
 * In memory it is this struct; in the store it is record_encode()'s bytes, with a version in front
 * and the PAN only sealed. Texts are NUL-terminated so that they can be printed; their lengths are
 * those of the data elements. Names (issuer, link, group) and not indexes, because a configuration
 * may be reordered between the day a record is written and the day it is read. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "iso8583/base/bytes.h"

enum record_state {
    STATE_NONE = 0,
    STATE_OPEN = 'O',
    STATE_APPROVED = 'A',
    STATE_DECLINED = 'D',
    STATE_UNKNOWN = 'U',      /* the issuer may hold the money: a reversal is due */
    STATE_REVERSAL_DUE = 'V', /* was approved, a reversal is due */
    STATE_REVERSED = 'R',
};

/* What a terminal group identifies a message by (BEHAVIOUR: K). */
enum identity { IDENTITY_DE12, IDENTITY_DE7, IDENTITY_DAY };
enum { IDENTITY_COUNT = IDENTITY_DAY + 1 };

/* How the money moves: the sign of the clearing item, seen from the acquirer. */
enum money { MONEY_NONE, MONEY_HOLD, MONEY_CREDIT /* a sale */, MONEY_DEBIT /* a refund */ };

/* What a message had itself, and not from our tables: these may change between a message and its
 * repeat. Bits of record.sent. */
enum {
    SENT_ACQUIRER = 1,       /* DE32 */
    SENT_OTHER_ACQUIRER = 2, /* DE32, and it is not the group's: it is in K */
    SENT_MERCHANT = 4,       /* DE42: it is in F */
};

enum {
    RECORD_VERSION = 1,
    /* time 7 (BCD YYYYMMDDhhmmss), kind 1, acquirer 6 (BCD), terminal 8, STAN 3 (BCD), DE95 8 */
    RECORD_KEY_LEN = 33,
    RECORD_NAME_LEN = 15,
    RECORD_PAN_SEALED_LEN = 48, /* nonce 12, 20 bytes, tag 16 */
    RECORD_LEN_MAX = 1024,
};

struct record {
    uint64_t seq;                /* given by the store; 0: not stored yet */
    uint8_t state;               /* enum record_state */
    uint8_t money;               /* enum money */
    uint8_t identity;            /* enum identity */
    bool marked;                 /* a reversal arrived while it was open: CLOSE may not approve */
    bool asked;                  /* at CLOSE: it was handed to a link */
    uint8_t sent;                /* SENT_ bits; in memory only, until OPEN */
    uint16_t mti;                /* as received, without the repeat mark: 0x0200 */
    uint32_t day;                /* business day 20261121, stamped by the writer */
    uint8_t key[RECORD_KEY_LEN]; /* K; the writer fills the day for IDENTITY_DAY */
    uint8_t key_other[RECORD_KEY_LEN]; /* the same with the neighbour year, or all zero */
    int64_t opened_ms;                 /* wall clock, UTC */
    int64_t handed_ms;                 /* wall clock when handed to a link; 0: never */
    int64_t closed_ms;

    char group[RECORD_NAME_LEN + 1];
    char acquirer[12];       /* DE32 or the group's */
    char terminal[9];        /* DE41, exactly 8 characters */
    char merchant[16];       /* DE42 */
    char stan[7];            /* DE11 of the terminal */
    char de7[11];            /* of the terminal, "" if absent */
    char time[7];            /* DE12 */
    char date[5];            /* DE13 */
    char proc[7];            /* DE3 */
    char mcc[5];             /* DE18 */
    char entry[4];           /* DE22 */
    char condition[3];       /* DE25 */
    char location[41];       /* DE43 */
    char expiry[5];          /* DE14 */
    uint16_t currency;       /* DE49, numeric */
    int64_t amount_minor;    /* DE4 */
    int64_t approved_minor;  /* of the answer: less than @amount_minor if partial */
    int64_t remaining_minor; /* approved and not reversed */
    uint8_t cryptogram[10];  /* 9F26 and 9F36 of DE55, zero if absent: part of the fingerprint */

    char pan[20]; /* clear, in memory only; wiped before the record leaves the loop thread */
    uint8_t pan_sealed[RECORD_PAN_SEALED_LEN];
    uint8_t pan_token[16];   /* keyed HMAC of the PAN, for look-up */
    uint8_t fingerprint[32]; /* F: keyed HMAC of what makes two messages the same */
    uint8_t seal_key_id;
    char pan_masked[20]; /* 411111******1111 */

    char issuer[RECORD_NAME_LEN + 1]; /* "": no route */
    char link[RECORD_NAME_LEN + 1];
    char link_stan[7];     /* DE11 of our 0200 */
    char reversal_stan[7]; /* DE11 of a reversal, should it come to that */
    char link_de7[11];     /* DE7 of both */
    char rrn[13];          /* DE37 of both: the terminal's or ours */

    char code[3];      /* DE39 */
    char auth[7];      /* DE38 */
    char balance[121]; /* DE54 of the answer */

    /* Reversals that a terminal sends: what they name. */
    char original_mti[5]; /* DE90 parts; "" if absent */
    char original_stan[7];
    char original_de7[11];
    char original_local[11];   /* MMDDhhmmss where DE56 has that instead; not stored */
    int64_t replacement_minor; /* DE95; -1 if absent */
    uint64_t original_seq;     /* of the record it reversed, 0: none */
    uint64_t item_seq;         /* clearing item, 0: none */
    uint64_t due_seq;          /* row in `due`, 0: none */
};

/* Append the stored form (version, fields, no clear PAN, no checksum) to @out; ERR_SPACE. */
MUST_USE int record_encode(const struct record *record, struct writer *out);

/* The reverse. @record is wholly set (pan ""). ERR_CORRUPT for another version or bad bytes. */
MUST_USE int record_decode(struct span bytes, struct record *record);

const char *record_state_name(uint8_t state);

/* Whether a terminal may take this DE39 for an approval (ISO 8583:1987 approvals: 00, 08, 10, 11,
 * 16; 85 is Visa's "no reason to decline"). Only an APPROVED transaction is told one. */
bool code_approves(const char *code);
