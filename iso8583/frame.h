/* Framings: how a message is cut out of a stream of bytes, and put into one.
 *
 * A framing is a row (length prefix of some coding and width, inclusive or not) and a TPDU flag.
 * The 5-byte TPDU (60, destination NII, source NII) is handed out beside the message, and turned
 * round (addresses swapped) when an answer is framed with it. To add a framing: one row in frame.c.
 * Names: none len2 len2i len4 bcd2 ascii4 hex4, each with or without "+tpdu"; "i" = the length
 * counts itself; "none" = the whole buffer is one message (files, not streams). */
#pragma once

#include "iso8583/base/bytes.h"

enum { FRAME_LEN_MAX = 4096, FRAME_HEAD_LEN_MAX = 16, TPDU_LEN = 5 };

struct framing {
    const char *name;
    uint8_t coding;    /* private to frame.c */
    uint8_t width;     /* bytes of the length prefix */
    uint8_t inclusive; /* the length counts its own bytes */
    uint8_t tpdu;      /* bytes of TPDU behind the length: 0 or TPDU_LEN */
};

/* The framing of this name ("len2+tpdu"), or NULL. Static. */
const struct framing *framing_find(const char *name);

/* The framings by index, NULL past the last. */
const struct framing *framing_at(size_t index);

/* Take the next whole frame out of @in.
 *
 * Returns 1 and sets @tpdu (empty if the framing has none) and @message (may be empty: a
 * zero-length keep-alive, then without TPDU), 0 if more bytes are needed (nothing is consumed), or
 * a negative enum err: ERR_FRAME_LENGTH if the length is above FRAME_LEN_MAX or too short for its
 * TPDU, ERR_FORMAT if the prefix is not of its coding (either way the stream is lost: close it).
 * @tpdu and @message borrow from @in and die with the next write to it. Never allocates. */
MUST_USE int frame_next(const struct framing *framing, struct reader *in, struct span *tpdu,
                        struct span *message);

/* Write into @head (FRAME_HEAD_LEN_MAX bytes) what goes in front of a message of @message_len
 * bytes: the length and, if the framing has one, the TPDU of the request turned round (@tpdu empty:
 * the default 60 00 00 00 00). Returns its bytes, or ERR_FRAME_LENGTH. */
MUST_USE int frame_head(const struct framing *framing, struct span tpdu, size_t message_len,
                        uint8_t *head);
