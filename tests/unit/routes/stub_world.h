/* An issuer stub under test: messages made by hand, verdicts and balances to look at. A shadow stub
 * replays the journal all the while, and must have the same money. */
#pragma once

#include "routes/issuer_stub.h"

#include <stdlib.h>

#include "iso8583/base/calendar.h"
#include "tests/unit/iso8583/suite.h"
#include "tests/unit/routes/collect.h"

#define VISA    "4111111111111111"
#define POOR    "4000000000000002"
#define BLOCKED "4000000000000010"
#define EXPIRED "4000000000000028"
#define NO_PIN  "4000000000000036"

static const struct stub_account accounts[] = {
    {VISA, "3012", false, "978", "1234", 1000000, 0, 500000},
    {POOR, "3012", false, "978", "1234", 1000, 0, 0},
    {BLOCKED, "3012", true, "978", "1234", 1000000, 0, 0},
    {EXPIRED, "2610", false, "978", "1234", 1000000, 0, 0},
    {NO_PIN, "3012", false, "978", "", 1000000, 0, 0},
};

static const struct stub_settings with_hsm = {
    .seed = 42, .posted_max = 64, .zpk = "UZPK", .pvk = "UPVK", .pvki = "1"};

static int64_t now_ms; /* 2026-11-21 */
static struct stub *stub;
static struct stub *shadow; /* sees entries only, as text */
static struct stub_verdict verdict;
static char journal[65536];
static size_t journal_len;

static inline struct rules rules_of(const char *text)
{
    struct rules rules = {0};
    struct collected collected = {0};
    struct source source = {"rules", span_text(text), collect, &collected, 0};
    ck_assert_int_eq(rules_parse(&rules, &source, true), 0);
    return rules;
}

static inline void open_with(const struct stub_settings *settings, const char *rule_text)
{
    struct civil civil = {.year = 2026, .month = 11, .day = 21, .hour = 12};
    size_t duplicate = 0;
    struct rules rules = rule_text != NULL ? rules_of(rule_text) : (struct rules){0};
    now_ms = civil_to_ms(&civil);
    journal_len = 0;
    stub_close(stub);
    stub_close(shadow);
    stub = shadow = NULL;
    ck_assert_int_eq(
        stub_open(settings, accounts, ARRAY_COUNT(accounts), &rules, &stub, &duplicate), 0);
    ck_assert_int_eq(
        stub_open(settings, accounts, ARRAY_COUNT(accounts), NULL, &shadow, &duplicate), 0);
}

static inline void setup(void)
{
    open_with(&with_hsm, NULL);
}

static inline const struct stub_account *account(const char *pan)
{
    return stub_account_find(stub, span_text(pan));
}

/* What became durable reaches the shadow as the text that a restart would read. */
static inline void entries_replay(void)
{
    for (unsigned i = 0; i < verdict.entry_count; i++) {
        struct writer out = writer_make(journal + journal_len, sizeof journal - journal_len);
        struct collected collected = {0};
        struct stub_entry entry;
        entry_write(&verdict.entry[i], &out);
        ck_assert(!out.overflow && out.len <= STUB_ENTRY_LEN_MAX);
        struct source source = {"journal", writer_written(&out), collect, &collected, 0};
        ck_assert_int_eq(entry_read(&source, 1, span_first(source.text, out.len - 1), &entry), 0);
        ck_assert_int_eq(stub_replay(shadow, &entry), 0);
        journal_len += out.len;
    }
}

static inline void shadow_agrees(void)
{
    for (size_t i = 0; i < ARRAY_COUNT(accounts); i++) {
        struct span pan = span_text(accounts[i].pan);
        ck_assert_int_eq(stub_account_find(shadow, pan)->balance_minor,
                         stub_account_find(stub, pan)->balance_minor);
        ck_assert_int_eq(stub_account_find(shadow, pan)->held_minor,
                         stub_account_find(stub, pan)->held_minor);
    }
}

/* Ask, and return DE39 ("--" if there is no answer). */
static inline const char *ask(const struct iso_msg *request)
{
    static char code[3];
    stub_answer(stub, request, now_ms, &verdict);
    entries_replay();
    if (verdict.fate != STUB_ANSWER) {
        return "--";
    }
    struct span de39 = iso_get(&verdict.answer, 39);
    ck_assert_uint_eq(de39.len, 2);
    memcpy(code, de39.ptr, 2);
    ck_assert_int_eq(verdict.answer.mti, (request->mti & 0xFFFE) + 0x10);
    shadow_agrees();
    return code;
}

static inline const char *resume(const struct iso_msg *request, int hsm_error)
{
    static char code[3];
    struct stub_plan plan = verdict.plan;
    ck_assert_int_eq(verdict.fate, STUB_ASK_PIN);
    stub_resume(stub, request, &plan, hsm_error, now_ms, &verdict);
    entries_replay();
    ck_assert_int_eq(verdict.fate, STUB_ANSWER);
    memcpy(code, iso_get(&verdict.answer, 39).ptr, 2);
    shadow_agrees();
    return code;
}

/* A message and the texts it borrows. */
struct message {
    struct iso_msg msg;
    char stan[7];
    char de7[11];
    char rrn[13];
    char amount[13];
    char original[43];
    char replacement[43];
};

static inline void message_make(struct message *m, uint16_t mti, const char *pan, const char *proc,
                                unsigned amount, unsigned stan)
{
    memset(m, 0, sizeof *m);
    (void)snprintf(m->stan, sizeof m->stan, "%06u", stan % 1000000);
    (void)snprintf(m->de7, sizeof m->de7, "1121%06u", stan % 1000000);
    (void)snprintf(m->rrn, sizeof m->rrn, "632512%06u", stan % 1000000);
    (void)snprintf(m->amount, sizeof m->amount, "%012u", amount);
    iso_init(&m->msg, mti);
    iso_set(&m->msg, 2, span_text(pan));
    iso_set(&m->msg, 3, span_text(proc));
    iso_set(&m->msg, 4, span_text(m->amount));
    iso_set(&m->msg, 7, span_text(m->de7));
    iso_set(&m->msg, 11, span_text(m->stan));
    iso_set(&m->msg, 37, span_text(m->rrn));
    iso_set(&m->msg, 41, SPAN_LITERAL("TERM0001"));
    iso_set(&m->msg, 42, SPAN_LITERAL("MERCHANT0000001"));
    iso_set(&m->msg, 49, SPAN_LITERAL("978"));
}

static inline struct message purchase(const char *pan, unsigned amount, unsigned stan)
{
    struct message m;
    message_make(&m, 0x0200, pan, "000000", amount, stan);
    return m; /* Borrows from itself: bind() where it lies now. */
}

/* Let the message borrow from where it lies. */
static inline struct iso_msg *bind(struct message *m)
{
    iso_set(&m->msg, 4, span_text(m->amount));
    iso_set(&m->msg, 7, span_text(m->de7));
    iso_set(&m->msg, 11, span_text(m->stan));
    iso_set(&m->msg, 37, span_text(m->rrn));
    if (m->original[0] != '\0') {
        iso_set(&m->msg, 90, span_text(m->original));
    }
    if (m->replacement[0] != '\0') {
        iso_set(&m->msg, 95, span_text(m->replacement));
    }
    return &m->msg;
}

/* A reversal as the switch sends it: a STAN and DE7 of its own, DE90 and DE37 of the original. */
static inline struct message reversal_of(const struct message *original, unsigned stan)
{
    struct message m = *original;
    m.msg.mti = 0x0420;
    (void)snprintf(m.original, sizeof m.original, "%04x%s%s%022d", original->msg.mti,
                   original->stan, original->de7, 0);
    (void)snprintf(m.stan, sizeof m.stan, "%06u", stan % 1000000);
    (void)snprintf(m.de7, sizeof m.de7, "1122%06u", stan % 1000000);
    return m;
}

static inline void teardown(void)
{
    stub_close(stub);
    stub_close(shadow);
    stub = shadow = NULL;
}

static inline int stub_world_run(const char *name, TCase *tcase)
{
    tcase_add_checked_fixture(tcase, setup, teardown);
    Suite *suite = suite_create(name);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
