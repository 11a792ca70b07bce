#include "tools/isotest/money.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/currency.h"
#include "iso8583/edition.h"
#include "iso8583/base/map.h"
#include "iso8583/mti.h"
#include "tools/switchctl/client.h"

enum { SWITCH_MS = 5000, TERMINAL_LEN_MAX = 16, PAGE_LEN = 4096 };

/* One transaction. */
struct entry {
    bool used;
    bool late;            /* the terminal had given up when it was told */
    bool issuer_reversed; /* a reversal came first: a later approval posts nothing */
    uint16_t currency;
    int64_t terminal_minor;
    int64_t issuer_minor;
    uint64_t rrn_key; /* 0: none */
    uint64_t stan_key;
    char stan[8];
    char terminal[TERMINAL_LEN_MAX];
};

struct money {
    struct entry *entries;
    uint32_t entry_max;
    uint32_t next;
    uint64_t overflowed;
    struct map by_rrn;
    struct map by_stan;
    void *rrn_memory;
    void *stan_memory;
    struct money_line sums[MONEY_CURRENCIES_MAX];
    uint32_t sum_count;
    bool has_issuers;
    json_t *before; /* the switch's days, or NULL */
};

struct money *money_open(uint32_t entry_count_max)
{
    struct money *money = calloc(1, sizeof *money);
    if (money == NULL) {
        return NULL;
    }
    size_t len = map_memory(entry_count_max, sizeof(uint64_t));
    money->entry_max = entry_count_max;
    money->entries = calloc(entry_count_max, sizeof *money->entries);
    money->rrn_memory = malloc(len);
    money->stan_memory = malloc(len);
    if (money->entries == NULL || money->rrn_memory == NULL || money->stan_memory == NULL) {
        money_close(money);
        return NULL;
    }
    /* Have its pages now: a run's memory is flat, and no page is looked for under the clock. */
    volatile uint8_t *pages = (volatile uint8_t *)money->entries;
    for (size_t at = 0; at < entry_count_max * sizeof *money->entries; at += PAGE_LEN) {
        pages[at] = 0;
    }
    map_init(&money->by_rrn, money->rrn_memory, entry_count_max, sizeof(uint64_t));
    map_init(&money->by_stan, money->stan_memory, entry_count_max, sizeof(uint64_t));
    return money;
}

void money_close(struct money *money)
{
    if (money != NULL) {
        json_decref(money->before);
        free(money->entries);
        free(money->rrn_memory);
        free(money->stan_memory);
        free(money);
    }
}

/* --- entries ---------------------------------------------------------------------------------- */

static uint64_t bytes_hash(uint64_t hash, struct span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        hash = (hash ^ bytes.ptr[i]) * 0x100000001B3ull;
    }
    return hash;
}

/* Of a number (DE37 or DE11) at the terminal of @msg; 0 if either is not there. */
static uint64_t key_make(const struct iso_msg *msg, struct span number)
{
    if (!span_says(number) || !iso_has(msg, 41)) {
        return 0;
    }
    uint64_t hash = bytes_hash(bytes_hash(0xCBF29CE484222325ull, number), iso_get(msg, 41));
    return hash == 0 ? 1 : hash;
}

static struct entry *entry_find(struct money *money, const struct map *map, uint64_t key)
{
    uint32_t index = 0;
    return key != 0 && map_find(map, &key, &index) ? &money->entries[index] : NULL;
}

static void entry_forget(struct money *money, struct entry *entry)
{
    if (entry->rrn_key != 0) {
        (void)map_remove(&money->by_rrn, &entry->rrn_key);
    }
    if (entry->stan_key != 0) {
        (void)map_remove(&money->by_stan, &entry->stan_key);
    }
    *entry = (struct entry){0};
}

/* A free entry; the oldest whose sides agree makes room. NULL: none does. */
static struct entry *entry_take(struct money *money)
{
    for (uint32_t i = 0; i < money->entry_max; i++) {
        struct entry *entry = &money->entries[money->next];
        money->next = (money->next + 1) % money->entry_max;
        if (!entry->used || entry->terminal_minor == entry->issuer_minor) {
            entry_forget(money, entry);
            entry->used = true;
            return entry;
        }
    }
    money->overflowed++;
    return NULL;
}

static void key_set(struct money *money, struct map *map, struct entry *entry, uint64_t *slot,
                    uint64_t key)
{
    if (key == 0 || *slot == key) {
        return;
    }
    if (*slot != 0) {
        (void)map_remove(map, slot);
        *slot = 0;
    }
    (void)map_remove(map, &key);
    if (map_add(map, &key, (uint32_t)(entry - money->entries)) == 0) {
        *slot = key;
    }
}

static uint16_t currency_of(const struct iso_msg *msg)
{
    uint64_t number = 0;
    return iso_number(msg, 49, &number) == 0 && number <= 999 ? (uint16_t)number : 0;
}

static struct money_line *sum_of(struct money *money, uint16_t currency)
{
    for (uint32_t i = 0; i < money->sum_count; i++) {
        if (money->sums[i].currency == currency) {
            return &money->sums[i];
        }
    }
    if (money->sum_count == MONEY_CURRENCIES_MAX) {
        return &money->sums[MONEY_CURRENCIES_MAX - 1];
    }
    money->sums[money->sum_count].currency = currency;
    return &money->sums[money->sum_count++];
}

static void side_set(struct money_sum *sum, int64_t *minor, int64_t to)
{
    sum->count += (to != 0) - (*minor != 0);
    sum->minor += to - *minor;
    *minor = to;
}

/* --- messages --------------------------------------------------------------------------------- */

static bool is_approved(const struct iso_msg *msg)
{
    struct span code = iso_get(msg, 39);
    return span_equal_text(code, "00") || span_equal_text(code, "08") ||
           span_equal_text(code, "10") || span_equal_text(code, "11");
}

/* What an approved request moves: 0 if it moves nothing. A partial approval says how much. */
static int64_t amount_of(const struct iso_msg *request, const struct iso_msg *answer)
{
    uint64_t amount = 0;
    struct span code = span_first(iso_get(request, 3), 2);
    bool is_partial = span_equal_text(iso_get(answer, 39), "10");
    const struct iso_msg *from = is_partial && iso_has(answer, 4) ? answer : request;
    if (iso_number(from, 4, &amount) < 0 || amount > INT64_MAX) {
        return 0;
    }
    if (span_equal_text(code, "20")) {
        return -(int64_t)amount;
    }
    bool is_sale = code.len == 0 || span_equal_text(code, "00") || span_equal_text(code, "01") ||
                   span_equal_text(code, "09");
    return is_sale ? (int64_t)amount : 0;
}

/* What is left after a reversal: DE95 says, else nothing. */
static int64_t rest_of(const struct iso_msg *reversal, int64_t minor)
{
    uint64_t rest = 0;
    struct span actual = span_first(iso_get(reversal, 95), 12);
    if (span_number(actual, &rest) < 0 || rest > INT64_MAX) {
        return 0;
    }
    return minor < 0 ? -(int64_t)rest : (int64_t)rest;
}

/* The original that a reversal or void names: by DE90's STAN, by its own (only a terminal's: one
 * without DE90 repeats that of its original), by DE37. */
static struct entry *original_find(struct money *money, const struct iso_msg *msg, bool is_own)
{
    struct span original = iso_get(msg, 90);
    struct span stan = original.len >= 10 ? span_make(original.ptr + 4, 6) : SPAN_NONE;
    struct entry *entry = entry_find(money, &money->by_stan, key_make(msg, stan));
    if (entry == NULL && is_own) {
        entry = entry_find(money, &money->by_stan, key_make(msg, iso_get(msg, 11)));
    }
    return entry != NULL ? entry
                         : entry_find(money, &money->by_rrn, key_make(msg, iso_get(msg, 37)));
}

static bool is_void(const struct iso_msg *msg)
{
    struct span code = span_first(iso_get(msg, 3), 2);
    return span_equal_text(code, "02") || span_equal_text(code, "22");
}

/* @text with a NUL, as much as @cap takes. */
static void text_keep(char *to, size_t cap, struct span text)
{
    size_t len = text.len < cap ? text.len : cap - 1;
    if (len != 0) {
        memcpy(to, text.ptr, len);
    }
    to[len] = '\0';
}

static void terminal_told(struct money *money, const struct iso_msg *request,
                          const struct iso_msg *answer, bool is_late)
{
    if (mti_class(request->mti) == 4 || is_void(request)) {
        struct entry *original = original_find(money, request, true);
        if (original != NULL) {
            side_set(&sum_of(money, original->currency)->terminals, &original->terminal_minor,
                     rest_of(request, original->terminal_minor));
        }
        return;
    }
    int64_t minor = mti_class(request->mti) == 2 ? amount_of(request, answer) : 0;
    if (minor == 0) {
        return;
    }
    uint64_t stan_key = key_make(request, iso_get(request, 11));
    struct span own = iso_get(request, 37);
    struct span rrn = span_says(own) ? own : iso_get(answer, 37);
    uint64_t rrn_key = key_make(request, rrn);
    struct entry *entry = entry_find(money, &money->by_rrn, rrn_key);
    entry = entry != NULL ? entry : entry_find(money, &money->by_stan, stan_key);
    entry = entry != NULL ? entry : entry_take(money);
    if (entry == NULL) {
        return;
    }
    struct span stan = iso_get(request, 11);
    struct span terminal = iso_get(request, 41);
    text_keep(entry->stan, sizeof entry->stan, stan);
    text_keep(entry->terminal, sizeof entry->terminal, terminal);
    entry->currency = currency_of(request);
    key_set(money, &money->by_stan, entry, &entry->stan_key, stan_key);
    key_set(money, &money->by_rrn, entry, &entry->rrn_key, rrn_key);
    entry->late = is_late;
    if (!entry->late) {
        side_set(&sum_of(money, entry->currency)->terminals, &entry->terminal_minor, minor);
    }
}

static void issuer_replied(struct money *money, const struct iso_msg *request,
                           const struct iso_msg *answer)
{
    if (mti_class(request->mti) == 8) {
        return; /* An echo moves nothing: leave out what finds its transaction. */
    }
    uint64_t rrn_key = key_make(request, iso_get(request, 37));
    if (mti_class(request->mti) == 4 || is_void(request)) {
        struct entry *original = entry_find(money, &money->by_rrn, rrn_key);
        original = original != NULL ? original : original_find(money, request, false);
        if (original != NULL) {
            side_set(&sum_of(money, original->currency)->issuers, &original->issuer_minor,
                     rest_of(request, original->issuer_minor));
            original->issuer_reversed = true;
        }
        return;
    }
    int64_t minor = mti_class(request->mti) == 2 ? amount_of(request, answer) : 0;
    if (minor == 0) {
        return;
    }
    uint64_t stan_key = rrn_key != 0 ? 0 : key_make(request, iso_get(request, 11));
    money->has_issuers = true;
    struct entry *entry = entry_find(money, &money->by_rrn, rrn_key);
    entry = entry != NULL ? entry : entry_find(money, &money->by_stan, stan_key);
    if (entry == NULL) {
        entry = entry_take(money);
        if (entry == NULL) {
            return;
        }
        struct span terminal = iso_get(request, 41);
        entry->currency = currency_of(request);
        text_keep(entry->terminal, sizeof entry->terminal, terminal);
        key_set(money, &money->by_rrn, entry, &entry->rrn_key, rrn_key);
        key_set(money, &money->by_stan, entry, &entry->stan_key, stan_key);
    }
    if (!entry->issuer_reversed) {
        side_set(&sum_of(money, entry->currency)->issuers, &entry->issuer_minor, minor);
    }
}

/* @held in the elements of 1987; a message of a later edition is turned into @room. NULL if it says
 * what those cannot. */
static const struct iso_msg *turned(const struct held *held, const struct iso_dialect *dialect,
                                    struct writer *room, struct iso_msg *msg)
{
    struct iso_error error;
    if (dialect->edition == ISO_1987) {
        return &held->msg;
    }
    return edition_from(&held->msg, dialect, room, msg, &error) == 0 ? msg : NULL;
}

void money_message(struct money *money, const struct engine_message *message)
{
    if (message->about == NULL) {
        return;
    }
    uint8_t bytes[2 * EDITION_ROOM];
    struct writer room = writer_make(bytes, sizeof bytes);
    struct iso_msg messages[2];
    const struct peer_decl *decl = station_decl(peer_station(message->peer));
    const struct iso_msg *request = turned(message->about, decl->dialect, &room, &messages[0]);
    const struct iso_msg *answer = turned(message->held, decl->dialect, &room, &messages[1]);
    if (request == NULL || answer == NULL || !is_approved(answer)) {
        return;
    }
    if (decl->is_issuer && message->fate == MESSAGE_REPLIED) {
        issuer_replied(money, request, answer);
    } else if (!decl->is_issuer &&
               (message->fate == MESSAGE_ANSWER || message->fate == MESSAGE_LATE)) {
        terminal_told(money, request, answer, message->fate == MESSAGE_LATE);
    }
}

/* --- the switch ------------------------------------------------------------------------------- */

static int days_ask(const char *socket, json_t **out)
{
    json_t *request = json_pack("{s:s}", "cmd", "day.show");
    int err = client_ask(socket, request, SWITCH_MS, out);
    json_decref(request);
    return err;
}

int money_begin(struct money *money, const char *socket)
{
    if (socket == NULL) {
        return 0;
    }
    json_decref(money->before);
    money->before = NULL;
    return days_ask(socket, &money->before);
}

static int64_t member(const json_t *row, const char *name)
{
    return (int64_t)json_integer_value(json_object_get(row, name));
}

static uint16_t row_currency(const json_t *row)
{
    const json_t *value = json_object_get(row, "currency");
    const char *text = json_string_value(value);
    uint64_t number = 0;
    if (text == NULL) {
        return (uint16_t)json_integer_value(value);
    }
    const struct currency *currency = currency_find_alpha(span_text(text));
    if (currency != NULL) {
        return currency->numeric;
    }
    return span_number(span_text(text), &number) == 0 ? (uint16_t)number : 0;
}

static bool script_plays(const struct script *script, const char *issuer)
{
    for (const struct peer_decl *decl = script->peers; decl != NULL; decl = decl->next) {
        if (decl->is_issuer && issuer != NULL && decl->name.len == strlen(issuer) &&
            strncasecmp(issuer, (const char *)decl->name.ptr, decl->name.len) == 0) {
            return true;
        }
    }
    return false;
}

/* Add (or with @sign -1 subtract) all totals of @answer. */
static void days_add(struct money *money, const struct script *script, const json_t *answer,
                     int sign, struct money_result *result)
{
    size_t i;
    size_t k;
    json_t *day;
    json_t *row;
    json_array_foreach(json_object_get(answer, "days"), i, day)
    {
        json_array_foreach(json_object_get(day, "totals"), k, row)
        {
            uint16_t currency = row_currency(row);
            struct money_line *line = sum_of(money, currency);
            int64_t count = member(row, "sales_count") + member(row, "refunds_count") -
                            member(row, "sales_reversed_count") -
                            member(row, "refunds_reversed_count");
            int64_t minor = member(row, "sales_minor") - member(row, "refunds_minor") -
                            member(row, "sales_reversed_minor") +
                            member(row, "refunds_reversed_minor");
            line->switched.count += sign * count;
            line->switched.minor += sign * minor;
            if (script_plays(script, json_string_value(json_object_get(row, "issuer")))) {
                line->named.count += sign * count;
                line->named.minor += sign * minor;
                result->names_agree = true;
            }
        }
    }
}

static bool sums_agree(const struct money_sum *a, const struct money_sum *b)
{
    return a->minor == b->minor;
}

int money_compare(struct money *money, const struct script *script, const char *socket,
                  struct money_result *result)
{
    *result = (struct money_result){
        .has_issuers = money->has_issuers, .has_switch = socket != NULL, .is_balanced = true};
    if (socket != NULL) {
        json_t *now = NULL;
        TRY(days_ask(socket, &now));
        for (uint32_t i = 0; i < MONEY_CURRENCIES_MAX; i++) {
            money->sums[i].switched = (struct money_sum){0};
            money->sums[i].named = (struct money_sum){0};
        }
        days_add(money, script, now, 1, result);
        days_add(money, script, money->before, -1, result);
        json_decref(now);
    }
    for (uint32_t i = 0; i < money->sum_count; i++) {
        const struct money_line *line = &money->sums[i];
        const struct money_sum *posted = result->names_agree ? &line->named : &line->terminals;
        bool is_idle = line->terminals.count == 0 && line->issuers.count == 0 &&
                       line->switched.count == 0 && line->switched.minor == 0;
        if (is_idle) {
            continue;
        }
        result->lines[result->count++] = *line;
        result->is_balanced =
            result->is_balanced &&
            (!result->has_switch || sums_agree(&line->terminals, &line->switched)) &&
            (!result->has_issuers || sums_agree(&line->issuers, posted));
    }
    return 0;
}

/* --- words ------------------------------------------------------------------------------------ */

__attribute__((format(printf, 3, 4))) static void add(char *text, size_t *len, const char *format,
                                                      ...)
{
    va_list args;
    va_start(args, format);
    int more = vsnprintf(text + *len, MONEY_TEXT_MAX - *len, format, args);
    va_end(args);
    *len += more < 0 ? 0 : (size_t)more;
    *len = *len < MONEY_TEXT_MAX ? *len : MONEY_TEXT_MAX - 1;
}

static void line_text(const struct money_result *result, const struct money_line *line, char *text,
                      size_t *len)
{
    char money[MONEY_TEXT_LEN];
    const char *sign = result->is_balanced ? "=" : "|";
    int64_t difference = 0;
    add(text, len, "  terminals %lld approved %s", (long long)line->terminals.count,
        money_format(line->terminals.minor, line->currency, money));
    if (result->has_issuers) {
        add(text, len, " %s issuers %lld approved %s", sign, (long long)line->issuers.count,
            money_format(line->issuers.minor, line->currency, money));
        difference = line->issuers.minor - line->terminals.minor;
    }
    if (result->has_switch) {
        add(text, len, " %s switch %lld approved %s", sign, (long long)line->switched.count,
            money_format(line->switched.minor, line->currency, money));
        difference = line->switched.minor != line->terminals.minor
                         ? line->switched.minor - line->terminals.minor
                         : difference;
    }
    if (result->is_balanced) {
        add(text, len, ", difference 0");
    } else {
        add(text, len, ", DIFFERENCE %s", money_format(difference, line->currency, money));
    }
}

const char *money_text(const struct money_result *result, char text[MONEY_TEXT_MAX])
{
    size_t len = 0;
    add(text, &len, "MONEY CHECK");
    for (uint32_t i = 0; i < result->count; i++) {
        line_text(result, &result->lines[i], text, &len);
    }
    if (result->count == 0) {
        add(text, &len, "  nothing was approved, difference 0");
    }
    return text;
}

bool money_extra(const struct money *money, uint32_t index, char text[MONEY_TEXT_MAX])
{
    for (uint32_t i = 0; i < money->entry_max && money->has_issuers; i++) {
        const struct entry *entry = &money->entries[i];
        if (!entry->used || entry->terminal_minor == entry->issuer_minor || index-- != 0) {
            continue;
        }
        char terminal[MONEY_TEXT_LEN];
        char issuer[MONEY_TEXT_LEN];
        size_t len = 0;
        add(text, &len, "stan %s %s  terminal %s, issuer %s%s",
            entry->stan[0] == '\0' ? "?" : entry->stan, entry->terminal,
            money_format(entry->terminal_minor, entry->currency, terminal),
            money_format(entry->issuer_minor, entry->currency, issuer),
            entry->late ? "; the approval came after the terminal had given up" : "");
        return true;
    }
    return false;
}
