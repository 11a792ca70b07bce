/* What a simulated issuer thinks of a request that it has not seen before: DE39, nothing else. */
#pragma once

#include "routes/stub_ledger.h"

enum { JUDGE_PIN_UNKNOWN = -2 };

/* A message while it is judged; borrows all it points at. */
struct asked {
    const struct iso_msg *request;
    int64_t now_ms;
    bool is_advice;
    enum effect effect;
    struct stub_account *account;
    int hsm_error; /* JUDGE_PIN_UNKNOWN, or what stub_resume() was told */
    struct stub_entry entry;
};

/* DE39 of a request or advice for @amount_minor (static), or NULL: ask the HSM about its PIN first.
 * @has_hsm: there is one to ask. @is_forced: a rule says that all is well. */
const char *judge(const struct asked *asked, bool has_hsm, bool is_forced, int64_t amount_minor);
