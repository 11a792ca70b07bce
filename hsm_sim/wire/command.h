/* Host commands of a payShield: a code and named arguments, in both directions.
 *
 * Both ends use it: the switch fills a command and encodes it, the HSM decodes it, executes it and
 * answers. Arguments are views of the wire's own characters (a key is "U8463...", a PIN block 16
 * hex characters, an account 12 digits), because that is what both ends keep. The layout of each
 * command is a row in layout.c: to add a command, add its row there (and cmd_xx.c in the engine).
 * Golden vectors are in tests/vectors/hsm.json. */
#pragma once

#include "iso8583/base/bytes.h"

/* Arguments of requests and replies. X(name, wire kind is the layout's) */
#define HSM_ARG_MAP(X)                                                                             \
    X(KEY)           /* the key the command works with: TPK, ZPK, TAK, ... under the LMK */        \
    X(DEST_KEY)      /* CA, CC: the key to translate to */                                         \
    X(PVK)           /* DA DC EA EC: PIN verification key (pair) */                                \
    X(KEY_TYPE)      /* 2H or 3H */                                                                \
    X(KEY_LEN_FLAG)  /* BU 1H */                                                                   \
    X(PIN_LEN_MAX)   /* 2N, "12" */                                                                \
    X(PIN_BLOCK)     /* 16H */                                                                     \
    X(FORMAT)        /* 2N: 01 ISO-0, 47 ISO-3, ... of the block that comes in */                  \
    X(DEST_FORMAT)   /* 2N */                                                                      \
    X(ACCOUNT)       /* 12N: rightmost 12 digits without the check digit */                        \
    X(PVKI)          /* 1N */                                                                      \
    X(PVV)           /* 4N */                                                                      \
    X(CHECK_LEN)     /* 2N: digits of an IBM 3624 offset that count */                             \
    X(DECTAB)        /* 16N */                                                                     \
    X(VALIDATION)    /* 12A */                                                                     \
    X(OFFSET)        /* 12H, left justified, filled with F */                                      \
    X(PIN_LEN)       /* 2N in replies */                                                           \
    X(MODE)          /* M6 M8 1N; NO 2H */                                                         \
    X(IN_FORMAT)     /* M6 M8 1N: 0 binary, 1 hex, 2 text */                                       \
    X(MAC_SIZE)      /* 1N: 0 = 8H, 1 = 16H */                                                     \
    X(MAC_ALGORITHM) /* 1N: 1 = ISO 9797-1 algorithm 1, 3 = algorithm 3 */                         \
    X(PADDING)       /* 1N: 1 = zeros (method 1), 2 = 80.. (method 2) */                           \
    X(IV)            /* 16H */                                                                     \
    X(DATA)          /* counted by a 4H length in front */                                         \
    X(MAC)           /* 8H or 16H; in the reply of M6 modes 1 and 2 the IV to go on with */        \
    X(CHECK_VALUE)   /* KCV, 6H or 16H */                                                          \
    X(CHECK_TYPE)    /* BU: 1N after ;00 */                                                        \
    X(FIRMWARE)      /* NC NO 9A */                                                                \
    X(STATUS)        /* NO: the rest of its answer */                                              \
    X(LMK_ID)        /* 2N after %, optional in every request */

enum hsm_arg {
#define HSM_ARG_ENUM(name) HSM_ARG_##name,
    HSM_ARG_MAP(HSM_ARG_ENUM)
#undef HSM_ARG_ENUM
        HSM_ARG_COUNT
};

/* A two-character command code as a number: HSM_CODE('C', 'A'). */
#define HSM_CODE(a, b) ((uint16_t)((a) << 8 | (b)))

enum { HSM_HEADER_LEN_DEFAULT = 4, HSM_TRAILER_LEN_MAX = 32, HSM_MESSAGE_LEN_MAX = 4096 };

/* One request. Absent arguments are empty spans. All spans borrow from whoever filled it (on
 * decode: from the message). */
struct hsm_command {
    uint16_t code; /* HSM_CODE('C', 'A') */
    struct span arg[HSM_ARG_COUNT];
};

/* One reply: @code is the reply's own ('C','B'); @error 0..99, or 0xA1.. for key-block errors. */
struct hsm_reply {
    uint16_t code;
    uint8_t error;
    struct span arg[HSM_ARG_COUNT];
};

/* What travels around a command: the fixed-length header and the trailer behind X'19', both echoed.
 */
struct hsm_envelope {
    struct span header;
    struct span trailer; /* empty: none */
};

/* Error codes by name (decimal as on the wire). */
enum {
    HSM_OK = 0,
    HSM_VERIFY_FAILED = 1,
    HSM_KEY_LENGTH = 2, /* a warning on DA and EA: the result is present and good */
    HSM_MAC_MODE = 2,   /* M6 M8 have their own meaning of 02 to 09 */
    HSM_MAC_IN_FORMAT = 3,
    HSM_MAC_ALGORITHM = 4,
    HSM_MAC_KEY_TYPE = 5,
    HSM_MAC_DATA_LEN = 6,
    HSM_MAC_PADDING = 9,
    HSM_KEY_TYPE_CODE = 4,
    HSM_KEY_LEN_FLAG = 5,
    HSM_SOURCE_PARITY = 10,
    HSM_DEST_PARITY = 11,
    HSM_LMK_ID = 13,
    HSM_INPUT = 15,
    HSM_PIN_BLOCK = 20,
    HSM_ACCOUNT = 22,
    HSM_PIN_FORMAT = 23,
    HSM_PIN_LEN = 24,
    HSM_DECTAB = 25,
    HSM_KEY_SCHEME = 26,
    HSM_KEY_INCOMPATIBLE = 27, /* the algorithm does not take a key of this length */
    HSM_INTERNAL = 41,
    HSM_DISABLED = 68,
    HSM_DATA_LEN = 80,
};

/* Request and reply to bytes and back. None of these includes the 2-byte length (iso8583/frame,
 * "len2"). Encoding appends to @out; returns 0, ERR_SPACE, ERR_USAGE if an argument of the layout
 * is missing, or ERR_NOT_FOUND for an unknown code. Decoding borrows from @message; a message that
 * does not fit its layout returns ERR_FORMAT or ERR_TRUNCATED (ERR_LENGTH if a count is above what
 * is left), an unknown code ERR_NOT_FOUND; @command->code is set and @envelope filled whenever the
 * header and code were readable, so that the other end can still be told (15, 68). */
MUST_USE int hsm_command_encode(const struct hsm_command *command,
                                const struct hsm_envelope *envelope, struct writer *out);
MUST_USE int hsm_command_decode(struct span message, size_t header_len, struct hsm_command *command,
                                struct hsm_envelope *envelope);
MUST_USE int hsm_reply_encode(const struct hsm_reply *reply, const struct hsm_envelope *envelope,
                              struct writer *out);
MUST_USE int hsm_reply_decode(struct span message, size_t header_len, struct hsm_reply *reply,
                              struct hsm_envelope *envelope);

/* The error with which a device answers a request that hsm_command_decode() refused with @err. */
uint8_t hsm_decode_refusal(int err);

/* The reply's code: second character plus one ('CA' -> 'CB'). */
static inline uint16_t hsm_reply_code(uint16_t code)
{
    return (uint16_t)(code + 1);
}
