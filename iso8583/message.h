/* A message: up to 192 views of bytes, in canonical form, and the dialect that read them.
 *
 * Canonical form is the same whatever the wire said, so that a message read in one dialect can be
 * written in another:
 *   numeric (n)             ASCII digits, at the field's full length if it is fixed
 *   text (a, an, ans)       ASCII bytes as received
 *   binary (b), DE55 TLV    raw bytes (a dialect that writes them as hex characters converts)
 *   track 2 (z)             ASCII digits with '=' as separator
 *   amount with sign (x+n)  'C' or 'D', then digits
 *
 * Nothing is allocated and nothing is copied that need not be: a view points into the frame where
 * the wire form is the canonical one, else into the caller's scratch. The message lives no longer
 * than both. DE0 is the MTI (@mti as four hex digits: 0x0200), DE1 the bitmap: neither is a field.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "iso8583/base/bytes.h"

struct iso_dialect; /* iso8583/dialect.h */

enum { ISO_DE_MAX = 192, ISO_BITMAPS = 3, ISO_TEXT_LEN_MAX = 240, ISO_PATH_LEN_MAX = 32 };

/* One data element as it was read or set. */
struct iso_field {
    const uint8_t *ptr; /* canonical bytes: in the frame, in the scratch, or the setter's */
    uint16_t len;       /* bytes */
    uint16_t at; /* byte offset in the frame where its length prefix or value begins; 0: set */
};

struct iso_msg {
    uint16_t mti;                  /* 0x0200 */
    uint8_t reached;               /* the last element that decoding came to */
    uint64_t present[ISO_BITMAPS]; /* DE1..64, DE65..128, DE129..192; the top bit is the first */
    uint64_t named[ISO_BITMAPS];   /* what the bitmaps on the wire said; none if it was set */
    uint64_t doubt[ISO_BITMAPS];   /* read behind a bad one: ISO_STATE_DOUBT */
    const struct iso_dialect *dialect;      /* that read it, or NULL */
    struct span header;                     /* the dialect's header as received, or empty */
    struct iso_field field[ISO_DE_MAX + 1]; /* valid only where present, or in doubt */
};

/* What became of one element in iso_decode(). */
enum iso_state {
    ISO_STATE_ABSENT, /* the bitmap does not name it */
    ISO_STATE_OK,     /* read; iso_has() */
    ISO_STATE_BAD,    /* named, and it is not what its row says */
    ISO_STATE_DOUBT,  /* read behind a bad one whose end was known; its view is in @field, but what
                         shifted the bad one may have shifted it too: iso_has() denies it */
    ISO_STATE_UNREAD, /* named, but decoding could not get there */
};

/* What went wrong, where: enough for "DE35 length 38 > 37 at byte 61". Carries no field bytes. */
struct iso_error {
    int code;          /* enum err */
    uint8_t de;        /* 0: the MTI or header, 1: a bitmap; of ERR_TRAILING the last element */
    uint16_t at;       /* byte offset in the frame (of a part: in the value of its element) */
    uint32_t expected; /* meaning by code: length, maximum, or bytes needed */
    uint32_t got;
    const char *what; /* static: "length", "digit", "bytes", "bitmap", ... */
    uint8_t culprit; /* an earlier element whose length is the likelier cause (iso_blame()), or 0 */
    uint16_t culprit_at;         /* where that element begins */
    char path[ISO_PATH_LEN_MAX]; /* of a part, below its element: "22.3", "9F26"; else "" */
};

static inline bool iso_has(const struct iso_msg *msg, unsigned de)
{
    return (msg->present[(de - 1) >> 6] >> (63u - ((de - 1) & 63u)) & 1u) != 0;
}

/* The canonical bytes of @de, empty if absent. Borrows what the message borrows. */
static inline struct span iso_get(const struct iso_msg *msg, unsigned de)
{
    return iso_has(msg, de) ? span_make(msg->field[de].ptr, msg->field[de].len) : SPAN_NONE;
}

/* An empty message with this MTI. */
static inline void iso_init(struct iso_msg *msg, uint16_t mti)
{
    memset(msg, 0, offsetof(struct iso_msg, field));
    msg->mti = mti;
}

/* What became of @de when @msg was decoded. */
static inline enum iso_state iso_state(const struct iso_msg *msg, unsigned de)
{
    unsigned word = (de - 1) >> 6;
    uint64_t bit = 1ull << (63u - ((de - 1) & 63u));
    if ((msg->present[word] & bit) != 0) {
        return ISO_STATE_OK;
    }
    if ((msg->doubt[word] & bit) != 0) {
        return ISO_STATE_DOUBT;
    }
    if ((msg->named[word] & bit) == 0) {
        return ISO_STATE_ABSENT;
    }
    return de <= msg->reached ? ISO_STATE_BAD : ISO_STATE_UNREAD;
}

/* Let @de be @bytes (canonical; borrowed: they must outlive the message). */
static inline void iso_set(struct iso_msg *msg, unsigned de, struct span bytes)
{
    CHECK(de >= 2 && de <= ISO_DE_MAX && bytes.len <= UINT16_MAX);
    msg->present[(de - 1) >> 6] |= 1ull << (63u - ((de - 1) & 63u));
    msg->field[de] = (struct iso_field){bytes.ptr, (uint16_t)bytes.len, 0};
}

static inline void iso_unset(struct iso_msg *msg, unsigned de)
{
    msg->present[(de - 1) >> 6] &= ~(1ull << (63u - ((de - 1) & 63u)));
}

/* Let @de of @to be that of @from (borrowed), if @from has it. */
static inline void iso_copy(struct iso_msg *to, const struct iso_msg *from, unsigned de)
{
    if (iso_has(from, de)) {
        iso_set(to, de, iso_get(from, de));
    }
}

/* DE @de as a number. 0, ERR_NOT_FOUND, ERR_FORMAT or ERR_RANGE. */
MUST_USE int iso_number(const struct iso_msg *msg, unsigned de, uint64_t *value);

/* Read one message (a whole frame without framing or TPDU) in @dialect.
 *
 * Returns 0, or a negative enum err with @error filled: the first error. Nothing that was read is
 * lost: the fields below error->de are good (DE7, 11, 41 may be enough to answer with), and of
 * every element iso_state() tells what became of it. @msg borrows from @wire and from @scratch, to
 * which it appends (at most twice wire.len bytes). Never allocates. */
MUST_USE int iso_decode(const struct iso_dialect *dialect, struct span wire, struct writer *scratch,
                        struct iso_msg *msg, struct iso_error *error);

/* After iso_decode() has failed: look for the earlier element whose length is the likelier cause,
 * and set @error->culprit and culprit_at if there is one. @msg is what it left; @scratch has room
 * for twice wire.len bytes and is given back as it was. Slow (up to a millisecond): for tools and
 * for the one log line of a broken frame, not for every frame of a peer. */
void iso_blame(const struct iso_dialect *dialect, struct span wire, const struct iso_msg *msg,
               struct writer *scratch, struct iso_error *error);

/* Append @msg to @out in @dialect. A value shorter than a fixed length is filled as
 * its row says: numbers with leading zeros, text with trailing spaces. Returns 0, or ERR_SPACE,
 * ERR_LENGTH, ERR_FORMAT, ERR_FIELD_UNKNOWN with @error filled (then @out is to be thrown away).
 * Never allocates.
 *
 * If DE64 or DE128 is present it is the last field: the MAC covers out[0 .. its first byte). */
MUST_USE int iso_encode(const struct iso_msg *msg, const struct iso_dialect *dialect,
                        struct writer *out, struct iso_error *error);

/* One line for people, no card data: "DE35 track2: length 38 > 37 at byte 61 (likely cause: DE2
 * pan, length at byte 12)". Writes at most
 * @cap bytes with a NUL; returns @buf. ISO_TEXT_LEN_MAX always suffices. */
const char *iso_error_text(const struct iso_error *error, const struct iso_dialect *dialect,
                           char *buf, size_t cap);

/* DE @de of @msg as it may be shown: masked as the dialect's row says (PAN as base/pan.h, track and
 * PIN data all stars, binary as hex). Writes at most @cap bytes with a NUL; returns @buf. */
const char *iso_show(const struct iso_msg *msg, const struct iso_dialect *dialect, unsigned de,
                     char *buf, size_t cap);
