/* Framings: how a message is cut out of a stream of bytes, and put into one.
 *
 *   | length | label | header | TPDU | message | ETX |      only the message is always there
 *
 * The length counts all that is behind it and, in a framing with "i", itself. Names are
 *
 *   BASE[+header:TEXT][+tpdu][+etx]
 *
 * none              the whole buffer is one message
 * len2 len3 len4    a binary length of so many bytes
 * bcd2              4 digits in 2 bytes
 * ascii2 .. ascii8  so many ASCII digits
 * hex4              4 ASCII hex digits
 * len2i ...         the same, counting the length's own bytes (len2zi: and the zero bytes)
 * len2z             2 bytes and 2 zero bytes (len2zi: IBM's record descriptor word)
 * vap               2 bytes, a reserved and a format byte: Visa's access point. Label: those two
 * vml               the same with a session byte as the last: 2x is a session control message,
 * which is a keep-alive whatever its length rdw               a file of records with 4-byte
 * lengths, ended by a length of 0 rdw1014           the same in blocks of 1014 bytes: see
 * frame_unblock()
 *
 * +header:TEXT      bytes that stand before every message, both ways: 1 to FRAMING_HEADER_LEN_MAX
 *                   characters, none of them space or '+', or 0x and hex digits for any bytes
 * +tpdu             a 5-byte TPDU (60, destination NII, source NII), handed out beside the message
 *                   and turned round (addresses swapped) when an answer is framed with it
 * +etx              03 behind the message, counted in the length
 *
 * Below, "the TPDU" of a message is also the label of a framing that has one (vap, vml: two bytes):
 * an answer's frame gets it as it came. To add a framing: a row in frame.c. */
#pragma once

#include "iso8583/base/bytes.h"

enum {
    FRAME_LEN_MAX = 4096,    /* what a length may count behind itself */
    FRAME_HEAD_LEN_MAX = 32, /* what may stand in front of a message */
    TPDU_LEN = 5,
    FRAME_LABEL_LEN = 2,
    FRAMING_HEADER_LEN_MAX = 16,
    FRAMING_NAME_LEN_MAX = 63,
    FRAMING_COUNT_MAX = 128,
    FRAME_BLOCK_LEN = 1014, /* rdw1014: of a block, the last two bytes 40 40 */
    FRAME_BLOCK_DATA_LEN = 1012,
    FRAME_FILL = 0x40,
};

struct framing {
    char name[FRAMING_NAME_LEN_MAX + 1];
    uint8_t coding;    /* private to frame.c */
    uint8_t width;     /* bytes of the length */
    uint8_t inclusive; /* the length counts its own bytes, and those of what is behind it here: */
    uint8_t behind;    /* private to frame.c: zeros, a label, nothing */
    uint8_t file;      /* cuts a file, not a stream */
    uint8_t blocked;   /* a file in blocks: take their filling out first */
    uint8_t tpdu;      /* bytes handed out beside each message: 0, 2 (a label), TPDU_LEN */
    uint8_t etx;       /* bytes behind the message: 0 or 1 */
    uint8_t header_len;
    uint8_t header[FRAMING_HEADER_LEN_MAX];
};

/* The framing that @name says, into @framing. Returns 0, ERR_NOT_FOUND if there is no such name, or
 * ERR_FORMAT if its header cannot be (empty, too long, not hex). */
MUST_USE int framing_parse(struct span name, struct framing *framing);

/* The framing of this name, without a header ("len2+tpdu"), or NULL. Static. */
const struct framing *framing_find(const char *name);

/* The framings without a header by index, NULL past the last: each base, then its forms. */
const struct framing *framing_at(size_t index);

/* The names of the framings that cut streams, for lists and for "did you mean": of the bases alone,
 * or of every form without a header. Returns how many, FRAMING_COUNT_MAX at most; @names is static
 * text. */
size_t framing_names(bool bases, const char *names[]);

/* Take the next whole frame out of @in.
 *
 * Returns 1 and sets @tpdu (empty if the framing has none, or a keep-alive none) and @message, 0 if
 * more bytes are needed (nothing is consumed), or a negative enum err: ERR_FRAME_LENGTH if the
 * length is above FRAME_LEN_MAX or too short for what it must count, ERR_FORMAT if a byte is not
 * what the framing says. Either way the stream is lost (close it), nothing is consumed, and
 * @message is the bytes at fault. An empty message is a keep-alive (a length of 0, a session
 * control message, a TPDU alone), or the end of a file: then all that follows it was consumed, too.
 * @tpdu and @message borrow from @in and die with the next write to it. Never allocates. */
MUST_USE int frame_next(const struct framing *framing, struct reader *in, struct span *tpdu,
                        struct span *message);

/* Write into @head (FRAME_HEAD_LEN_MAX bytes) what goes in front of a message of @message_len
 * bytes: the length and what else the framing has. @tpdu: of the request that is answered; if it is
 * not of the framing's length (empty), 60 00 00 00 00 or the label 00 00. Returns its bytes, or
 * ERR_FRAME_LENGTH if the message is too long for FRAME_LEN_MAX or for the digits of the length.
 * frame_tail() goes behind the message. */
MUST_USE int frame_head(const struct framing *framing, struct span tpdu, size_t message_len,
                        uint8_t *head);

/* What goes behind each message: 03, or nothing. Static. */
struct span frame_tail(const struct framing *framing);

/* Take the 40 40 at the end of each block out of @blocks, a whole file in blocks. @out (room for as
 * many bytes as @blocks; its memory may be that of @blocks) then holds what a framing cuts. Returns
 * 0, or ERR_FORMAT and in @at the place of the byte at fault: a block whose end is another, or (the
 * size of the file) one that is not whole. */
MUST_USE int frame_unblock(struct span blocks, struct writer *out, size_t *at);
