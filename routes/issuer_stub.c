#include "routes/issuer_stub.h"

#include <stdlib.h>

#include "iso8583/mti.h"
#include "routes/stub_judge.h"

enum {
    POSTED_MAX_DEFAULT = 1 << 20,
    PPM = 1000000,
};

struct stub {
    struct stub_settings settings;
    struct ledger ledger;
    struct rules rules;
    uint64_t random;
    struct stub_counts counts;
};

/* splitmix64: one draw per statement, always, so that a replay draws alike. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9ull;
    x = (x ^ x >> 27) * 0x94D049BB133111EBull;
    return x ^ x >> 31;
}

static uint64_t draw(struct stub *stub)
{
    stub->random += 0x9E3779B97F4A7C15ull;
    return mix(stub->random);
}

static void text_fill(char *out, size_t len, struct span value)
{
    memset(out, ' ', len);
    struct span cut = span_first(value, len);
    if (cut.len > 0) {
        memcpy(out, cut.ptr, cut.len);
    }
}

int stub_replay(struct stub *stub, const struct stub_entry *entry)
{
    if (entry->account > stub->ledger.account_count) {
        return ERR_NOT_FOUND;
    }
    if (entry->account != 0) {
        char masked[PAN_MASKED_LEN_MAX];
        pan_mask(span_text(ledger_account(&stub->ledger, entry->account)->pan), masked);
        if (strcmp(masked, entry->pan) != 0) {
            return ERR_NOT_FOUND;
        }
    }
    ledger_apply(&stub->ledger, entry);
    return 0;
}

static void entry_add(struct stub *stub, struct stub_verdict *out, const struct stub_entry *entry)
{
    CHECK(out->entry_count < ARRAY_COUNT(out->entry));
    out->entry[out->entry_count++] = *entry;
    ledger_apply(&stub->ledger, entry);
}

/* --- Answers ---------------------------------------------------------------------------------- */

static const uint8_t echoed[] = {2, 3, 4, 7, 11, 12, 13, 15, 32, 37, 41, 42, 49};
static const uint8_t echoed_network[] = {7, 11, 70};

static void answer_begin(const struct iso_msg *request, const char *code, struct stub_verdict *out)
{
    bool is_network = mti_class(request->mti) == MTI_NETWORK;
    const uint8_t *fields = is_network ? echoed_network : echoed;
    size_t count = is_network ? ARRAY_COUNT(echoed_network) : ARRAY_COUNT(echoed);
    iso_init(&out->answer, mti_answer(request->mti));
    for (size_t i = 0; i < count; i++) {
        iso_copy(&out->answer, request, fields[i]);
    }
    memcpy(out->bytes.code, code, sizeof out->bytes.code);
    iso_set(&out->answer, 39, span_make(out->bytes.code, sizeof out->bytes.code));
    out->fate = out->plan.is_silent ? STUB_NO_ANSWER : STUB_ANSWER;
}

static bool is_approval(const char *code)
{
    return memcmp(code, "00", 2) == 0 || memcmp(code, "10", 2) == 0;
}

/* The answer to a request or advice that has a record: to the first and to a repeat alike. */
static void answer_recorded(const struct iso_msg *request, const struct stub_entry *entry,
                            struct stub_verdict *out)
{
    answer_begin(request, entry->code, out);
    if (is_approval(entry->code) && !text_is_blank(entry->auth, sizeof entry->auth)) {
        memcpy(out->bytes.auth, entry->auth, sizeof out->bytes.auth);
        iso_set(&out->answer, 38, span_make(out->bytes.auth, sizeof out->bytes.auth));
    }
    if (memcmp(entry->code, "10", 2) == 0) {
        digits_put(out->bytes.amount, sizeof out->bytes.amount, (uint64_t)entry->amount_minor);
        iso_set(&out->answer, 4, span_make(out->bytes.amount, sizeof out->bytes.amount));
    }
}

/* DE54: default account, available balance, currency, sign, twelve digits. */
static void answer_balance(const struct iso_msg *request, const struct stub_account *account,
                           struct stub_verdict *out)
{
    int64_t available = account->balance_minor - account->held_minor;
    uint8_t *text = out->bytes.balance;
    memcpy(text, "0002", 4);
    memcpy(text + 4, account->currency, 3);
    text[7] = available < 0 ? 'D' : 'C';
    digits_put(text + 8, 12, (uint64_t)(available < 0 ? -available : available));
    answer_begin(request, "00", out);
    iso_set(&out->answer, 54, span_make(text, sizeof out->bytes.balance));
}

/* DE38 is made of what names the transaction, not drawn: a restart or another order of arrival
 * gives the same. */
static void auth_make(const struct stub *stub, const struct stub_name *name, char auth[6])
{
    uint64_t hash = stub->settings.seed;
    const char *bytes = name->rrn;
    for (size_t i = 0; i < offsetof(struct stub_name, mti); i++) {
        hash = (hash ^ (uint8_t)bytes[i]) * 0x100000001B3ull;
    }
    digits_put((uint8_t *)auth, 6, mix(hash) % PPM);
}

/* --- Requests and advices --------------------------------------------------------------------- */

static_assert(offsetof(struct stub_name, rrn) == 0, "auth_make() walks from rrn to mti");

static void name_of(const struct iso_msg *msg, struct stub_name *out)
{
    text_fill(out->rrn, sizeof out->rrn, iso_get(msg, 37));
    text_fill(out->stan, sizeof out->stan, iso_get(msg, 11));
    text_fill(out->de7, sizeof out->de7, iso_get(msg, 7));
    text_fill(out->terminal, sizeof out->terminal, iso_get(msg, 41));
    out->mti = mti_original(msg->mti);
}

static void entry_of(const struct stub *stub, const struct iso_msg *msg, int64_t now_ms,
                     struct stub_entry *out)
{
    uint64_t amount = 0;
    memset(out, 0, sizeof *out);
    name_of(msg, &out->name);
    out->event = STUB_REFUSED;
    out->wall_ms = now_ms;
    out->amount_minor =
        iso_number(msg, 4, &amount) == 0 && amount < 1000000000000u ? (int64_t)amount : 0;
    text_fill(out->currency, sizeof out->currency, iso_get(msg, 49));
    text_fill(out->proc, sizeof out->proc, iso_get(msg, 3));
    text_fill(out->auth, sizeof out->auth, SPAN_NONE);
    text_fill(out->by_stan, sizeof out->by_stan, SPAN_NONE);
    out->account = ledger_account_number(&stub->ledger, message_pan(msg));
    pan_mask(message_pan(msg), out->pan);
}

static void ask_pin(const struct stub *stub, const struct asked *asked, struct stub_verdict *out)
{
    hex_encode(iso_get(asked->request, 52), out->bytes.pin_block);
    /* The rightmost twelve digits but the check digit. */
    struct span pan = span_text(asked->account->pan);
    struct span digits = span_last(span_first(pan, pan.len - 1), 12);
    memset(out->bytes.account, '0', sizeof out->bytes.account);
    memcpy(out->bytes.account + (12 - digits.len), digits.ptr, digits.len);
    struct hsm_command *command = &out->pin_command;
    memset(command, 0, sizeof *command);
    command->code = HSM_CODE('E', 'C');
    command->arg[HSM_ARG_KEY] = span_text(stub->settings.zpk);
    command->arg[HSM_ARG_PVK] = span_text(stub->settings.pvk);
    command->arg[HSM_ARG_PVKI] = span_text(stub->settings.pvki);
    command->arg[HSM_ARG_PIN_BLOCK] = span_make(out->bytes.pin_block, 16);
    command->arg[HSM_ARG_FORMAT] = SPAN_LITERAL("01");
    command->arg[HSM_ARG_ACCOUNT] = span_make(out->bytes.account, 12);
    command->arg[HSM_ARG_PVV] = span_text(asked->account->pvv);
    out->fate = STUB_ASK_PIN;
}

/* What DE90 says of the original: MTI, STAN, DE7. False if @msg has none. */
static bool original_of(const struct iso_msg *msg, struct stub_name *out)
{
    struct span original = iso_get(msg, 90);
    if (original.len < 20 || !span_is_digits(span_first(original, 20)) ||
        mti_parse(original.ptr) == 0) {
        return false; /* Zeros: its sender does not know. */
    }
    name_of(msg, out);
    out->mti = mti_original(mti_parse(original.ptr));
    memcpy(out->stan, original.ptr + 4, sizeof out->stan);
    if (span_says(span_make(original.ptr + 10, sizeof out->de7))) {
        memcpy(out->de7, original.ptr + 10, sizeof out->de7);
    } else { /* Not known: 1993's DE56 has the local time instead. */
        memset(out->de7, ' ', sizeof out->de7);
    }
    return true;
}

/* An advice that completes an authorization releases what that one held. */
static void complete_hold(struct stub *stub, const struct asked *asked, struct stub_verdict *out)
{
    struct stub_name name;
    if (!original_of(asked->request, &name) || mti_class(name.mti) != MTI_AUTHORIZATION) {
        return;
    }
    const struct posted *hold = ledger_find(&stub->ledger, &name);
    if (hold == NULL || hold->state != POSTED_HELD || hold->account != asked->entry.account) {
        return;
    }
    struct stub_entry entry = asked->entry;
    entry.event = STUB_REVERSED;
    entry.name = hold->name;
    entry.amount_minor = hold->remaining_minor;
    memcpy(entry.proc, hold->proc, sizeof hold->proc);
    memcpy(entry.auth, hold->auth, sizeof entry.auth);
    memcpy(entry.code, "00", 2);
    entry.by_mti = asked->request->mti;
    memcpy(entry.by_stan, asked->entry.name.stan, sizeof entry.by_stan);
    entry_add(stub, out, &entry);
}

/* Answer a fresh one and remember it. */
static void conclude(struct stub *stub, struct asked *asked, const char *code,
                     struct stub_verdict *out)
{
    struct stub_entry *entry = &asked->entry;
    memcpy(entry->code, code, sizeof entry->code);
    if (asked->effect == EFFECT_INQUIRY) {
        /* No money, so nothing to remember: a repeat is told the balance of then. */
        if (is_approval(code) && asked->account != NULL) {
            answer_balance(asked->request, asked->account, out);
        } else {
            answer_begin(asked->request, code, out);
        }
    } else {
        if (is_approval(code)) {
            struct span auth = iso_get(asked->request, 38);
            entry->event = asked->is_advice ? STUB_ADVISED : STUB_POSTED;
            auth_make(stub, &entry->name, entry->auth);
            if (asked->is_advice && auth.len == sizeof entry->auth) {
                memcpy(entry->auth, auth.ptr, auth.len);
            }
            if (asked->is_advice) {
                complete_hold(stub, asked, out);
            }
        }
        entry_add(stub, out, entry);
        answer_recorded(asked->request, entry, out);
    }
    stub->counts.approved += is_approval(code) ? 1 : 0;
    stub->counts.declined += is_approval(code) ? 0 : 1;
    stub->counts.advices += asked->is_advice ? 1 : 0;
}

static void answer_repeat(struct stub *stub, struct asked *asked, const struct posted *posted,
                          struct stub_verdict *out)
{
    struct stub_entry entry = asked->entry;
    stub->counts.repeats++;
    entry.amount_minor = posted->amount_minor;
    memcpy(entry.auth, posted->auth, sizeof entry.auth);
    memcpy(entry.code, posted->code, sizeof entry.code);
    if (posted->state == POSTED_REVERSED && !asked->is_advice) {
        memcpy(entry.code, "12", sizeof entry.code);
    }
    answer_recorded(asked->request, &entry, out);
}

/* A request or an advice; again with the HSM's word after STUB_ASK_PIN: nothing is kept between,
 * because a repeat or the reversal may have come meanwhile. */
static void decide(struct stub *stub, const struct iso_msg *request, int64_t now_ms,
                   const char *declined, int hsm_error, struct stub_verdict *out)
{
    struct asked asked = {.request = request,
                          .now_ms = now_ms,
                          .is_advice = mti_function(request->mti) == 2,
                          .hsm_error = hsm_error};
    entry_of(stub, request, now_ms, &asked.entry);
    asked.effect = effect_of(asked.entry.proc);
    asked.account = ledger_account(&stub->ledger, asked.entry.account);
    const struct posted *posted = ledger_find(&stub->ledger, &asked.entry.name);
    if (posted != NULL) {
        answer_repeat(stub, &asked, posted, out);
        return;
    }
    if (declined != NULL && asked.is_advice) {
        answer_begin(request, declined, out); /* Not remembered: an advice comes again. */
        stub->counts.declined++;
        return;
    }
    if (ledger_is_entombed(&stub->ledger, &asked.entry.name)) {
        memcpy(asked.entry.code, asked.is_advice ? "00" : "12", 2);
        entry_add(stub, out, &asked.entry);
        answer_recorded(request, &asked.entry, out);
        stub->counts.declined++;
        return;
    }
    bool is_partial = out->plan.partial_minor > 0 &&
                      out->plan.partial_minor < asked.entry.amount_minor && !asked.is_advice &&
                      asked.effect != EFFECT_INQUIRY;
    int64_t amount_minor = is_partial ? out->plan.partial_minor : asked.entry.amount_minor;
    const char *code = declined != NULL ? declined
                                        : judge(&asked, stub->settings.zpk != NULL,
                                                out->plan.is_forced, amount_minor);
    if (code == NULL) {
        stub->counts.pins++;
        ask_pin(stub, &asked, out);
        return;
    }
    if (is_partial && is_approval(code)) {
        code = "10";
        asked.entry.amount_minor = amount_minor;
    }
    conclude(stub, &asked, code, out);
}

/* --- Reversals -------------------------------------------------------------------------------- */

/* Take back all, or what lies above the replacement amount (DE95, its first twelve digits). Returns
 * DE39. Where no
 * more than that is left (declined, reversed, or reversed in part before) nothing is to be done:
 * 00. */
static const char *take_back(struct stub *stub, const struct iso_msg *request,
                             const struct posted *original, int64_t now_ms,
                             struct stub_verdict *out)
{
    uint64_t kept = 0;
    struct span replacement = span_first(iso_get(request, 95), 12);
    if (replacement.len > 0 && (replacement.len < 12 || span_number(replacement, &kept) < 0)) {
        return "13";
    }
    if (kept > (uint64_t)original->amount_minor) {
        return "12";
    }
    if ((int64_t)kept >= original->remaining_minor) {
        return "00";
    }
    struct stub_entry entry;
    entry_of(stub, request, now_ms, &entry);
    entry.by_mti = request->mti;
    memcpy(entry.by_stan, entry.name.stan, sizeof entry.by_stan);
    entry.event = STUB_REVERSED;
    entry.name = original->name;
    entry.amount_minor = original->remaining_minor - (int64_t)kept;
    entry.account = original->account;
    if (entry.account != 0) {
        pan_mask(span_text(ledger_account(&stub->ledger, entry.account)->pan), entry.pan);
    }
    memcpy(entry.proc, original->proc, sizeof original->proc);
    memcpy(entry.auth, original->auth, sizeof entry.auth);
    memcpy(entry.code, "00", 2);
    entry_add(stub, out, &entry);
    return "00";
}

static void reverse(struct stub *stub, const struct iso_msg *request, int64_t now_ms,
                    struct stub_verdict *out)
{
    struct stub_name own;
    struct stub_name named;
    name_of(request, &own);
    own.mti = 0;
    memset(own.de7, ' ', sizeof own.de7);
    bool has_original = original_of(request, &named);
    uint32_t account = ledger_account_number(&stub->ledger, message_pan(request));
    const struct posted *original =
        has_original ? ledger_find_original(&stub->ledger, &named, account) : NULL;
    if (original == NULL) {
        original = ledger_find_original(&stub->ledger, &own, account);
    }
    stub->counts.reversals++;
    if (original != NULL && original->state != POSTED_TOMB) {
        answer_begin(request, take_back(stub, request, original, now_ms, out), out);
        return;
    }
    const char *code = stub->settings.unknown_is_25 ? "25" : "00";
    if (original == NULL) {
        struct stub_entry entry;
        entry_of(stub, request, now_ms, &entry);
        entry.event = STUB_TOMBSTONE;
        entry.by_mti = request->mti;
        memcpy(entry.by_stan, entry.name.stan, sizeof entry.by_stan);
        entry.name = has_original ? named : own;
        memcpy(entry.code, code, sizeof entry.code);
        entry_add(stub, out, &entry);
        stub->counts.tombstones++;
    }
    answer_begin(request, code, out);
}

/* --- The rest --------------------------------------------------------------------------------- */

static void answer_network(struct stub *stub, const struct iso_msg *request,
                           struct stub_verdict *out)
{
    static const char *const known[] = {"001", "002", "201", "301"};
    const char *code = "12";
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        code = span_equal_text(iso_get(request, 70), known[i]) ? "00" : code;
    }
    stub->counts.network++;
    answer_begin(request, code, out);
}

static bool happens(struct stub *stub, uint32_t chance_ppm)
{
    uint64_t drawn = draw(stub) % PPM;
    return drawn < chance_ppm;
}

/* What happens to the message on its way, by chance and by @rule. Returns false if it never
 * arrived: the fate is set then. */
static bool plan(struct stub *stub, const struct iso_msg *request, const struct rule *rule,
                 struct stub_verdict *out)
{
    const struct stub_settings *settings = &stub->settings;
    struct stub_plan *planned = &out->plan;
    bool is_late = false;
    bool is_dropped = false;
    if (mti_class(request->mti) != MTI_NETWORK) {
        uint64_t jitter = draw(stub);
        is_dropped = happens(stub, settings->drop_ppm);
        is_late = happens(stub, settings->late_ppm);
        planned->is_duplicate = happens(stub, settings->duplicate_ppm);
        planned->delay_ms =
            settings->delay_ms + (uint32_t)(jitter % ((uint64_t)settings->delay_jitter_ms + 1));
        planned->delay_ms = is_late ? settings->late_ms : planned->delay_ms;
    }
    if (rule != NULL) {
        is_late |= rule->verb == RULE_LATE;
        is_dropped |= rule->verb == RULE_DROP;
        planned->is_duplicate |= rule->verb == RULE_DUPLICATE;
        planned->is_silent = rule->verb == RULE_SILENT;
        planned->is_forced = rule->verb == RULE_APPROVE;
        planned->partial_minor = rule->verb == RULE_PARTIAL ? rule->amount_minor : 0;
        planned->delay_ms += rule->verb == RULE_DELAY ? rule->ms : 0;
        planned->delay_ms = rule->verb == RULE_LATE ? rule->ms : planned->delay_ms;
        if (rule->verb == RULE_CLOSE) {
            out->fate = STUB_HANG_UP;
            stub->counts.hung_up++;
            return false;
        }
    }
    stub->counts.dropped += is_dropped ? 1 : 0;
    stub->counts.late += is_late && !is_dropped ? 1 : 0;
    stub->counts.silent += planned->is_silent ? 1 : 0;
    stub->counts.duplicated += planned->is_duplicate && !is_dropped ? 1 : 0;
    return !is_dropped;
}

static void verdict_init(struct stub_verdict *out)
{
    out->fate = STUB_NO_ANSWER;
    out->plan = (struct stub_plan){0};
    out->entry_count = 0;
}

void stub_answer(struct stub *stub, const struct iso_msg *request, int64_t now_ms,
                 struct stub_verdict *out)
{
    verdict_init(out);
    unsigned class = mti_class(request->mti);
    if (!mti_is_request(request->mti)) {
        stub->counts.stray++;
        return;
    }
    stub->counts.requests++;
    const struct rule *rule = rules_match(&stub->rules, request);
    if (!plan(stub, request, rule, out)) {
        return;
    }
    const char *declined = rule != NULL && rule->verb == RULE_DECLINE ? rule->code : NULL;
    bool is_money = (class >= 1 && class <= 3) && mti_function(request->mti) <= 2;
    if (class != MTI_NETWORK && iso_get(request, 11).len != 6) {
        answer_begin(request, "30", out);
    } else if (is_money) {
        decide(stub, request, now_ms, declined, JUDGE_PIN_UNKNOWN, out);
    } else if (declined != NULL) {
        stub->counts.declined++;
        answer_begin(request, declined, out);
    } else if (class == MTI_REVERSAL) {
        reverse(stub, request, now_ms, out);
    } else if (class == MTI_NETWORK) {
        answer_network(stub, request, out);
    } else {
        answer_begin(request, "12", out);
    }
}

void stub_resume(struct stub *stub, const struct iso_msg *request, const struct stub_plan *plan_,
                 int hsm_error, int64_t now_ms, struct stub_verdict *out)
{
    verdict_init(out);
    out->plan = *plan_;
    CHECK(hsm_error >= STUB_HSM_SILENT);
    decide(stub, request, now_ms, NULL, hsm_error, out);
    CHECK(out->fate != STUB_ASK_PIN);
}

const struct stub_account *stub_account_find(const struct stub *stub, struct span pan)
{
    return ledger_account(&stub->ledger, ledger_account_number(&stub->ledger, pan));
}

void stub_verdict_wipe(struct stub_verdict *verdict)
{
    bytes_wipe(verdict->bytes.pin_block, sizeof verdict->bytes.pin_block);
}

const struct stub_counts *stub_counts(const struct stub *stub)
{
    return &stub->counts;
}

int stub_open(const struct stub_settings *settings, const struct stub_account *accounts,
              size_t account_count, const struct rules *rules, struct stub **out, size_t *duplicate)
{
    CHECK_IMPLIES(settings->zpk != NULL, settings->pvk != NULL && settings->pvki != NULL);
    struct stub *stub = calloc(1, sizeof *stub);
    if (stub == NULL) {
        return ERR_MEMORY;
    }
    uint32_t posted_max =
        settings->posted_max > 0 ? settings->posted_max : (uint32_t)POSTED_MAX_DEFAULT;
    int status = ledger_open(&stub->ledger, accounts, account_count, posted_max, duplicate);
    if (status < 0) {
        stub_close(stub);
        return status;
    }
    stub->settings = *settings;
    stub->random = settings->seed;
    if (rules != NULL) {
        stub->rules = *rules;
    }
    *out = stub;
    return 0;
}

void stub_close(struct stub *stub)
{
    if (stub == NULL) {
        return;
    }
    ledger_close(&stub->ledger);
    free(stub);
}
