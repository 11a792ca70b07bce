/* What the configuration decides, as the core sees it: immutable tables, filled by switch/config.c.
 *
 * Everything refers to everything else by index; names are kept for the store, logs and people. The
 * arrays belong to whoever filled them and outlive the core. */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/frame.h"
#include "routes/route.h"
#include "switch/core/record.h"

enum { KEY_TEXT_LEN_MAX = 49, ADDRESS_LEN_MAX = 63, NAME_LEN_MAX = RECORD_NAME_LEN };

/* A key as a cryptogram under the HSM's LMK ("U8463..."), "" if there is none. */
struct key_text {
    char text[KEY_TEXT_LEN_MAX + 1];
};

/* Where terminals come in. */
struct listener_settings {
    char name[NAME_LEN_MAX + 1];
    char address[ADDRESS_LEN_MAX + 1]; /* "127.0.0.1:8583" */
    struct framing framing;
    const struct iso_dialect *dialect;
    bool answers_keepalives; /* frames without a message are sent back; else they are swallowed */
    uint32_t connections_max;
};

/* What terminals have in common. */
struct group_settings {
    char name[NAME_LEN_MAX + 1];
    uint8_t identity;    /* enum identity: what K's time part is */
    char acquirer[12];   /* DE32 where the terminal sends none */
    bool mac_required;   /* without DE64: 30. With a TAK and a DE64 it is verified in any case */
    uint8_t mac_padding; /* 1 zeros, 2 80.. (ISO 9797-1 methods), algorithm 3 */
    bool timeout_is_68;  /* an issuer's silence is told as 68, not 91 */
    bool lost_answer_reverse; /* CLOSE without a live connection: a reversal is due */
    bool repeats;             /* terminals repeat by themselves: silence is safe when overloaded */
    bool diagnostics;         /* DE44 tells what was wrong with a refused message */
};

enum terminal_state { TERMINAL_ACTIVE, TERMINAL_CLOSED };

struct terminal_settings {
    char id[9];        /* DE41 */
    char merchant[16]; /* DE42; "" : whatever the terminal says */
    char mcc[5];
    uint16_t group;
    uint8_t state; /* enum terminal_state */
    struct key_text tpk;
    struct key_text tak;
};

enum pin_mode { PIN_NONE, PIN_VERIFY, PIN_TRANSLATE };
enum link_policy { POLICY_PRIMARY, POLICY_ROTATE };

enum { CODES_MAX = 8 };

struct issuer_settings {
    char name[NAME_LEN_MAX + 1];
    char id[12];         /* DE93 in clearing files */
    uint8_t policy;      /* enum link_policy */
    uint8_t pin_mode;    /* enum pin_mode */
    struct key_text zpk; /* PIN_TRANSLATE */
    struct key_text pvk; /* PIN_VERIFY: Visa PVV key pair */
    /* What an 0210's DE39 means (outcome.h); "" ends. */
    char approve[CODES_MAX][3]; /* default 00 08 10 11 16 85 */
    char doubt[CODES_MAX][3];   /* UNKNOWN; default 68 91 96 */
};

/* Whether @code is in the list of an issuer. */
static inline bool codes_have(const char list[CODES_MAX][3], const char *code)
{
    for (size_t i = 0; i < CODES_MAX && list[i][0] != '\0'; i++) {
        if (strcmp(list[i], code) == 0) {
            return true;
        }
    }
    return false;
}

struct link_settings {
    char name[NAME_LEN_MAX + 1];
    char address[ADDRESS_LEN_MAX + 1];
    uint16_t issuer;
    struct framing framing;
    const struct iso_dialect *dialect;
    bool answers_keepalives; /* as a listener's */
    uint32_t answer_ms;      /* issuer's answer; then UNKNOWN (default 10000) */
    uint32_t echo_ms;        /* 0800/301 after this idle time; two missed: down (30000) */
    uint32_t pending_max;    /* requests in flight (default 4096) */
};

/* cards.csv: what PIN_VERIFY needs to know of a card. Sorted by pan. */
struct card_settings {
    char pan[20];
    char expiry[5]; /* YYMM, "": not checked */
    char pvv[5];
    char pvki; /* '0'..'6' */
};

struct core_settings {
    const struct listener_settings *listeners;
    const struct group_settings *groups;
    const struct terminal_settings *terminals; /* sorted by id */
    const struct issuer_settings *issuers;
    const struct link_settings *links;
    const struct card_settings *cards;
    const struct routes *routes;
    uint32_t listener_count;
    uint32_t group_count;
    uint32_t terminal_count;
    uint32_t issuer_count;
    uint32_t link_count;
    uint32_t card_count;

    uint32_t slots_max;          /* transactions of terminals at one time (default 4096) */
    uint32_t slots_reserved;     /* of them only for 02xx advices and 04xx (default 256) */
    uint32_t reversals_max;      /* reversals in flight for one issuer (default 64) */
    uint32_t hsm_ms;             /* HSM answer (1000) */
    uint32_t reversal_answer_ms; /* how long an 0430 is waited for (5000) */
    uint32_t retry_first_ms;     /* reversals again: 5000 doubling to */
    uint32_t retry_max_ms;       /* 300000 */
    uint32_t agains_max;         /* tries without acknowledgement, then a dead letter (20) */
    uint32_t dead_retry_ms;      /* dead letters are tried again (3600000) */
    uint64_t seed;               /* of the jitter */
    uint32_t stan_first;         /* this process's range of STANs: 1 */
    uint32_t stan_last;          /* 999999 */
};
