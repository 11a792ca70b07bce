/* Errors of the world: 0, or a negative enum err. Our own bugs are CHECKs (check.h), a decline is
 * neither: it is a verdict. Foreign codes (uv, LMDB, OpenSSL) die in the file that wraps them. */
#pragma once

/* X(code, value, sentence). To add an error, add a line: name and text follow. */
#define ERR_MAP(X)                                                                                 \
    X(ERR_TRUNCATED, -1, "more bytes are needed than there are")                                   \
    X(ERR_LENGTH, -2, "a length is out of its bounds")                                             \
    X(ERR_FORMAT, -3, "a byte is not of the kind expected")                                        \
    X(ERR_FIELD_UNKNOWN, -4, "the dialect does not define this field")                             \
    X(ERR_TRAILING, -5, "bytes are left over after the last field")                                \
    X(ERR_SPACE, -6, "the caller's buffer is too small")                                           \
    X(ERR_FRAME_LENGTH, -7, "the frame's length is 0 or above the maximum")                        \
    X(ERR_FULL, -8, "a bounded table, queue or store is full")                                     \
    X(ERR_NOT_FOUND, -9, "there is no such thing")                                                 \
    X(ERR_EXISTS, -10, "it is there already")                                                      \
    X(ERR_CONFIG, -11, "an input file is wrong")                                                   \
    X(ERR_CORRUPT, -12, "stored bytes are not what was written")                                   \
    X(ERR_IO, -13, "the operating system refused the input or output")                             \
    X(ERR_CRYPTO, -14, "the cryptographic library refused")                                        \
    X(ERR_RANGE, -15, "a number does not fit")                                                     \
    X(ERR_CLOSED, -16, "the other side is gone")                                                   \
    X(ERR_CONNECT, -17, "could not connect")                                                       \
    X(ERR_USAGE, -18, "the command was called wrongly")                                            \
    X(ERR_MEMORY, -19, "out of memory")                                                            \
    X(ERR_STALE, -20, "a snapshot of the store grew too old and was given up")                     \
    X(ERR_VERSION, -21, "it was made by another version of this program")

enum err {
    ERR_NONE = 0,
#define ERR_ENUM(code, value, text) code = (value),
    ERR_MAP(ERR_ENUM)
#undef ERR_ENUM
};

#define MUST_USE __attribute__((warn_unused_result))

/* The name ("ERR_LENGTH") or the sentence of @err; "?" for a number that is no enum err. Static. */
const char *err_name(int err);
const char *err_text(int err);

/* Return from the calling function if @x is negative. */
#define TRY(x)                                                                                     \
    do {                                                                                           \
        int try_result_ = (x);                                                                     \
        if (try_result_ < 0) {                                                                     \
            return try_result_;                                                                    \
        }                                                                                          \
    } while (0)
