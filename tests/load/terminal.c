#include "tests/load/terminal.h"

#include "iso8583/base/calendar.h"
#include "iso8583/mti.h"
#include "tests/load/message.h"

void stamp_make(struct stamp *stamp, int64_t wall_ms)
{
    /* Most calls fall into the second of the one before. */
    bool same = stamp->wall_ms / 1000 == wall_ms / 1000 && stamp->de7[0] != '\0';
    stamp->wall_ms = wall_ms;
    if (same) {
        return;
    }
    struct civil now = civil_from_ms(wall_ms);
    digits_put((uint8_t *)stamp->date, 4, (uint64_t)(now.month * 100 + now.day));
    digits_put((uint8_t *)stamp->time, 6,
               (uint64_t)(now.hour * 10000 + now.minute * 100 + now.second));
    stamp->date[4] = '\0';
    stamp->time[6] = '\0';
    memcpy(stamp->de7, stamp->date, 4);
    memcpy(stamp->de7 + 4, stamp->time, 7);
}

const char *heard_name(enum heard heard)
{
    static const char *const names[HEARD_COUNT] = {
#define HEARD_NAME(name, text) [HEARD_##name] = (text),
        HEARD_MAP(HEARD_NAME)
#undef HEARD_NAME
    };
    return names[heard];
}

bool heard_is_broken(enum heard heard)
{
    return heard >= HEARD_BAD_MAC;
}

int terminal_init(struct terminal *terminal, const struct terminal_rules *rules,
                  const struct dataset *dataset, const struct dataset_terminal *row,
                  const struct tdes_ciphers *ciphers, uint64_t seed)
{
    CHECK(terminal->window > 0 && terminal->window <= WINDOW_MAX);
    CHECK(terminal->past_count > 0);
    terminal->rules = rules;
    terminal->dataset = dataset;
    terminal->row = row;
    terminal->prng.state = seed;
    for (uint32_t i = 0; i < terminal->window; i++) {
        struct exchange *x = &terminal->exchanges[i];
        x->terminal = terminal;
        list_init(&x->waiting);
        list_init(&x->ready);
    }
    if (row->has_tpk) {
        TRY(tdes_set_key(&terminal->tpk, ciphers, (struct secret_span){row->tpk, DATASET_KEY_LEN}));
    }
    if (row->has_tak) {
        TRY(tdes_set_key(&terminal->tak, ciphers, (struct secret_span){row->tak, DATASET_KEY_LEN}));
    }
    return 0;
}

void terminal_deinit(struct terminal *terminal)
{
    tdes_deinit(&terminal->tpk);
    tdes_deinit(&terminal->tak);
}

void terminal_resume(struct terminal *terminal, uint32_t stan)
{
    /* The last line may be the answer to an older request: only a step ahead counts (STANs wrap).
     */
    uint32_t ahead = (stan + STAN_MAX - terminal->stan) % STAN_MAX;
    if (!terminal->resumed || ahead < STAN_MAX / 2) {
        terminal->stan = stan;
    }
    terminal->resumed = true;
}

static uint32_t stan_next(struct terminal *terminal)
{
    if (terminal->stan >= STAN_MAX) {
        terminal->stan = 0;
        terminal->stan_wrapped = true;
    }
    terminal->stan++;
    if (terminal->stan_first == 0) {
        terminal->stan_first = terminal->stan;
    }
    return terminal->stan;
}

/* Whether @stan may have been sent at some time. */
static bool stan_was_sent(const struct terminal *terminal, uint32_t stan)
{
    return terminal->resumed || terminal->stan_wrapped ||
           (terminal->stan_first != 0 && stan >= terminal->stan_first && stan <= terminal->stan);
}

/* --- Asking ----------------------------------------------------------------------------------- */

static int message_make(struct exchange *x, const struct stamp *now, bool repeat)
{
    memcpy(x->de7_sent[x->sendings % DE7_KEPT], now->de7, sizeof now->de7);
    x->tries++;
    x->sendings++;
    return x->state == EXCHANGE_REVERSING ? message_reversal(x, now->de7, repeat)
                                          : message_request(x, now->de7, repeat);
}

static void exchange_draw(struct exchange *x)
{
    struct terminal *t = x->terminal;
    const struct terminal_rules *rules = t->rules;
    uint64_t span = rules->amount_high_minor - rules->amount_low_minor + 1;
    x->card = &t->dataset->cards[prng_below(&t->prng, t->dataset->card_count)];
    x->kind = EXCHANGE_SALE;
    if (prng_chance(&t->prng, rules->balance_ppm)) {
        x->kind = EXCHANGE_BALANCE;
    } else if (prng_chance(&t->prng, rules->refund_ppm)) {
        x->kind = EXCHANGE_REFUND;
    }
    uint64_t amount = rules->amount_low_minor + prng_below(&t->prng, span);
    x->amount_minor = x->kind == EXCHANGE_BALANCE ? 0 : amount;
    x->track = prng_chance(&t->prng, PPM_ALL / 2);
    bool pin = prng_chance(&t->prng, rules->pin_ppm);
    bool wrong = prng_chance(&t->prng, rules->wrong_pin_ppm);
    x->pin = pin && t->row->has_tpk && x->kind != EXCHANGE_REFUND;
    x->wrong_pin = x->pin && wrong;
}

int exchange_begin(struct exchange *x, const struct stamp *now)
{
    CHECK(x->state == EXCHANGE_IDLE);
    exchange_draw(x);
    x->state = EXCHANGE_ASKED;
    x->answered = false;
    x->stalled = false;
    x->refusals = 0;
    x->tries = 0;
    x->sendings = 0;
    x->approved_minor = 0;
    x->reversal_stan = 0;
    x->code[0] = x->auth[0] = x->rrn[0] = '\0';
    x->began = *now;
    x->stan = stan_next(x->terminal);
    return message_make(x, now, false);
}

int exchange_repeat(struct exchange *x, const struct stamp *now)
{
    CHECK(x->state != EXCHANGE_IDLE);
    const struct terminal_rules *rules = x->terminal->rules;
    struct stamp stamp = x->state == EXCHANGE_REVERSING ? x->reversal_began : x->began;
    return message_make(x, rules->restamp ? now : &stamp, rules->repeat_mti);
}

int exchange_reverse(struct exchange *x, const struct stamp *now)
{
    CHECK(x->state == EXCHANGE_ASKED);
    x->state = EXCHANGE_REVERSING;
    x->stalled = false;
    x->tries = 0;
    x->reversal_began = *now;
    x->reversal_stan = stan_next(x->terminal);
    return message_make(x, now, false);
}

bool exchange_wants_reversal(struct exchange *x)
{
    struct terminal *t = x->terminal;
    return x->kind == EXCHANGE_SALE && prng_chance(&t->prng, t->rules->reversal_ppm);
}

void exchange_end(struct exchange *x, bool reversed)
{
    CHECK(x->state != EXCHANGE_IDLE);
    struct terminal *t = x->terminal;
    struct past *past = &t->past[t->past_next];
    t->past_next = (t->past_next + 1) % t->past_count;
    *past = (struct past){.stan = x->stan,
                          .reversal_stan = x->reversal_stan,
                          .answered = x->answered,
                          .reversed = reversed};
    memcpy(past->code, x->code, sizeof past->code);
    memcpy(past->auth, x->auth, sizeof past->auth);
    memcpy(past->rrn, x->rrn, sizeof past->rrn);
    x->state = EXCHANGE_IDLE;
}

/* --- Hearing ---------------------------------------------------------------------------------- */

/* The first answer is what every later one must be; but a reversed one is declined from then on,
 * and one that was never answered may still be, late. */
static enum heard answer_compare(const struct answer *answer, const struct past *first)
{
    if (!first->answered) {
        return HEARD_LATE;
    }
    if (strcmp(answer->code, first->code) == 0 && strcmp(answer->auth, first->auth) == 0 &&
        strcmp(answer->rrn, first->rrn) == 0) {
        return HEARD_DUPLICATE;
    }
    bool declines = !code_approves(answer->code);
    return first->reversed && declines ? HEARD_DUPLICATE : HEARD_CONTRADICTED;
}

static bool de7_was_sent(const struct exchange *x, struct span de7)
{
    uint32_t count = x->sendings < DE7_KEPT ? x->sendings : DE7_KEPT;
    for (uint32_t i = 0; i < count; i++) {
        if (span_equal_text(de7, x->de7_sent[i])) {
            return true;
        }
    }
    return span_equal_text(de7, x->began.de7);
}

/* Answers echo DE3, 4, 7, 11, 41 and 42 of their own request; a partial approval has its amount. */
static bool answer_echoes(const struct exchange *x, const struct answer *answer)
{
    const struct dataset_terminal *row = x->terminal->row;
    bool amount = answer->amount_minor == x->amount_minor;
    if (strcmp(answer->code, "10") == 0 && !answer->to_reversal) {
        amount = answer->amount_minor > 0 && answer->amount_minor <= x->amount_minor;
    }
    return amount && span_equal_text(answer->proc, kind_proc(x->kind)) &&
           span_equal_text(answer->terminal, row->id) &&
           span_equal_text(answer->merchant, row->merchant) && de7_was_sent(x, answer->de7);
}

static enum heard request_answered(struct exchange *x, const struct answer *answer)
{
    if (!answer_echoes(x, answer)) {
        return HEARD_ECHO;
    }
    if (x->answered) { /* It was approved, and is being taken back. */
        struct past first = {.answered = true, .reversed = x->state == EXCHANGE_REVERSING};
        memcpy(first.code, x->code, sizeof first.code);
        memcpy(first.auth, x->auth, sizeof first.auth);
        memcpy(first.rrn, x->rrn, sizeof first.rrn);
        return answer_compare(answer, &first);
    }
    x->answered = true;
    memcpy(x->code, answer->code, sizeof x->code);
    memcpy(x->auth, answer->auth, sizeof x->auth);
    memcpy(x->rrn, answer->rrn, sizeof x->rrn);
    bool approves = code_approves(answer->code);
    x->approved_minor = approves ? answer->amount_minor : 0;
    if (x->state == EXCHANGE_REVERSING) {
        return HEARD_LATE;
    }
    return approves ? HEARD_APPROVED : HEARD_DECLINED;
}

static enum heard reversal_answered(struct exchange *x, const struct answer *answer)
{
    if (!answer_echoes(x, answer)) {
        return HEARD_ECHO;
    }
    if (strcmp(answer->code, "00") == 0) {
        return HEARD_REVERSED;
    }
    x->refusals++;
    return HEARD_REVERSAL_AGAIN;
}

static enum heard past_answered(const struct terminal *terminal, const struct answer *answer)
{
    if (answer->stan == 0) {
        return HEARD_INVENTED;
    }
    for (uint32_t i = 0; i < terminal->past_count; i++) {
        const struct past *past = &terminal->past[i];
        if (!answer->to_reversal && past->stan == answer->stan) {
            return answer_compare(answer, past);
        }
        if (answer->to_reversal && past->reversal_stan == answer->stan) {
            return HEARD_DUPLICATE;
        }
    }
    return stan_was_sent(terminal, answer->stan) ? HEARD_UNMATCHED : HEARD_INVENTED;
}

enum heard terminal_hear(struct terminal *terminal, struct span message, struct exchange **x,
                         char *code)
{
    struct answer answer;
    *x = NULL;
    code[0] = '\0';
    if (answer_read(terminal, message, &answer) != 0) {
        return HEARD_GARBLED;
    }
    memcpy(code, answer.code, sizeof answer.code);
    if (!answer.mac_good) {
        return HEARD_BAD_MAC;
    }
    for (uint32_t i = 0; i < terminal->window; i++) {
        struct exchange *one = &terminal->exchanges[i];
        if (one->state == EXCHANGE_IDLE) {
            continue;
        }
        if (!answer.to_reversal && one->stan == answer.stan &&
            answer.mti == mti_answer(kind_mti(one->kind))) {
            *x = one;
            return request_answered(one, &answer);
        }
        if (answer.to_reversal && one->state == EXCHANGE_REVERSING &&
            one->reversal_stan == answer.stan) {
            *x = one;
            return reversal_answered(one, &answer);
        }
    }
    return past_answered(terminal, &answer);
}
