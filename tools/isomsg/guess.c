#include "tools/isomsg/guess.h"

#include <stdio.h>
#include <stdlib.h>

#include "tools/isomsg/guess_header.h"
#include "tools/isomsg/guess_row.h"
#include "tools/isomsg/meaning.h"
#include "tools/isomsg/reading.h"
#include "tools/isomsg/weigh.h"

enum {
    KEPT_MAX = 24,          /* readings that stay in the race */
    REPAIRED_MAX = 6,       /* that are tried to be repaired */
    BEAM = 8,               /* repairs that are followed at a time */
    REPAIRS_MAX = 3,        /* elements of a dialect that may be other than it says */
    REPAIR_BACK = 4,        /* elements before the one that failed which may be to blame */
    READINGS_MAX = 2000000, /* some seconds */
    COST_BAD = 300,         /* a message that does not read to its end */
    COST_FAULT = 300,       /* a fault inside an element of a message that does */
    WHOLE = 600,            /* to read all messages to their ends */
    COST_TWEAK = 60,
    COST_ALIKE = 900, /* is_written_alike() */
    COST_HEADER = 80,
    TOLD_WITHIN = 400, /* of the best: what fits nearly as well */
};

/* One reading: a cutting and a dialect that is its own, and how far it came. */
struct trial {
    const struct cutting *cutting; /* its framing's header is @framing's */
    struct framing framing;
    struct iso_dialect dialect;
    char name[DIALECT_NAME_LEN];
    unsigned repairs;
    int32_t cost;
    size_t header_len; /* of every message: not read */
    /* Found by trial_read(): */
    int32_t tenths;
    unsigned bad;
    unsigned faulty;        /* messages that read whole with a fault inside an element */
    struct iso_error fault; /* the first of them */
    unsigned fields;
    uint16_t mti;
    struct weight weight;
    size_t failed; /* the first message that did not read to its end */
    size_t failed_len;
    struct iso_error error; /* and why */
};

/* The best readings, best first. */
struct race {
    size_t count;
    size_t cap;
    struct trial *trials[KEPT_MAX];
};

struct search {
    struct guesses *out;
    const struct iso_dialect *own; /* of the user, or NULL */
    unsigned readings_max;
    struct trial trial; /* the one at work */
    int32_t cut_tenths; /* what a changed dialect must outweigh: cut_weigh() */
    struct iso_msg msg;
    uint8_t scratch[READING_SCRATCH_LEN(FRAME_LEN_MAX)];
    struct race found;
    struct race beams[2];
};

/* --- the race ----------------------------------------------------------------------------------
 */

/* To read to the last byte says a lot: the lengths of all elements agree with that of the message.
 * If they do not within an element, it says less. */
static int32_t rank(const struct trial *trial)
{
    return trial->tenths + (trial->bad == 0 ? WHOLE : 0) - (trial->faulty != 0 ? COST_FAULT : 0);
}

static bool is_better(const struct trial *a, const struct trial *b)
{
    return rank(a) > rank(b);
}

static int race_open(struct race *race, size_t cap)
{
    race->count = 0;
    race->cap = cap;
    for (size_t i = 0; i < cap; i++) {
        race->trials[i] = malloc(sizeof *race->trials[i]);
        if (race->trials[i] == NULL) {
            return ERR_MEMORY;
        }
    }
    return 0;
}

static void race_close(struct race *race)
{
    for (size_t i = 0; i < KEPT_MAX; i++) {
        free(race->trials[i]);
    }
}

static bool is_same(const struct trial *a, const struct trial *b)
{
    return strcmp(a->name, b->name) == 0 && strcmp(a->framing.name, b->framing.name) == 0;
}

/* Let @trial take its place, if it is one of the best. A copy is kept. */
static void race_enter(struct race *race, const struct trial *trial)
{
    size_t place = 0;
    if (trial->bad == 0 && !mti_is_plausible(trial->mti)) {
        return; /* what reads whole and is no message */
    }
    for (size_t i = 0; i < race->count; i++) {
        if (is_same(race->trials[i], trial)) {
            return;
        }
        place += !is_better(trial, race->trials[i]) && place == i;
    }
    if (place == race->cap) {
        return;
    }
    size_t last = race->count < race->cap ? race->count++ : race->cap - 1;
    struct trial *room = race->trials[last];
    memmove(&race->trials[place + 1], &race->trials[place],
            (last - place) * sizeof race->trials[0]);
    race->trials[place] = room;
    *room = *trial;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static bool is_over(const struct search *search)
{
    return search->out->readings >= search->readings_max;
}

static void trial_read(struct search *search, struct trial *trial)
{
    const struct cutting *cutting = trial->cutting;
    trial->tenths = cutting->tenths - trial->cost;
    trial->bad = 0;
    trial->faulty = 0;
    trial->fields = 0;
    trial->weight = (struct weight){0};
    for (size_t i = 0; i < cutting->count; i++) {
        struct writer scratch = writer_make(search->scratch, sizeof search->scratch);
        struct span wire = span_skip(cutting->messages[i], trial->header_len);
        struct iso_error error;
        int result = iso_decode(&trial->dialect, wire, &scratch, &search->msg, &error);
        search->out->readings++;
        if (i == 0) {
            trial->mti = search->msg.mti;
        }
        if (result < 0 && trial->bad == 0) {
            trial->failed = i;
            trial->failed_len = wire.len;
            trial->error = error;
        }
        trial->bad += result < 0;
        if (result == 0 &&
            message_parts_check(&trial->dialect, wire, &search->msg, &scratch, &error) < 0) {
            trial->fault = trial->faulty++ == 0 ? error : trial->fault;
        }
        message_weigh(&trial->dialect, &search->msg, &trial->weight);
        for (size_t word = 0; word < ISO_BITMAPS; word++) {
            trial->fields += (unsigned)__builtin_popcountll(search->msg.present[word]);
        }
    }
    trial->tenths += trial->weight.tenths - (int32_t)trial->bad * COST_BAD;
}

/* A name with one more tweak; false if there is no room. */
static bool name_add(char name[DIALECT_NAME_LEN], const char *text)
{
    size_t len = strlen(name);
    int added = snprintf(name + len, DIALECT_NAME_LEN - len, "+%s", text);
    return added > 0 && (size_t)added < DIALECT_NAME_LEN - len;
}

/* The dialects that are tried: the user's own first. NULL past the last. */
static const struct iso_dialect *candidate_at(const struct search *search, size_t index)
{
    if (search->own == NULL) {
        return dialect_at(index);
    }
    return index == 0 ? search->own : dialect_at(index - 1);
}

/* --- the first round: what there is ------------------------------------------------------------
 */

/* Apply the tweaks of @mask. False if one of them changes nothing, or contradicts another. */
static bool tweaks_apply(struct trial *trial, unsigned mask)
{
    const char *about;
    const char *text;
    for (size_t i = 0; (text = tweak_at(i, &about)) != NULL; i++) {
        char why[TWEAK_WHY_LEN];
        if ((mask >> i & 1u) == 0) {
            continue;
        }
        uint8_t bitmap = trial->dialect.bitmap_coding;
        uint8_t fixed = trial->dialect.bitmap_fixed;
        uint8_t bits = trial->dialect.field[64].coding;
        if (tweak_apply(&trial->dialect, span_text(text), why) < 0 ||
            !name_add(trial->name, text) ||
            (bitmap == trial->dialect.bitmap_coding && fixed == trial->dialect.bitmap_fixed &&
             bits == trial->dialect.field[64].coding)) {
            return false;
        }
        trial->cost += COST_TWEAK;
    }
    return true;
}

/* Read @cutting in @base behind a header of @header_len bytes, with all tweaks. */
static void header_try(struct search *search, const struct cutting *cutting,
                       const struct iso_dialect *base, size_t header_len)
{
    const char *about;
    unsigned tweaks = 0;
    struct trial *trial = &search->trial;
    struct framing framing = cutting->framing;
    while (tweak_at(tweaks, &about) != NULL) {
        tweaks++;
    }
    if (header_len != 0 && !header_name(cutting, header_len, &framing)) {
        return;
    }
    for (unsigned mask = 0; mask < 1u << tweaks && !is_over(search); mask++) {
        trial->cutting = cutting;
        trial->framing = framing;
        trial->dialect = *base;
        trial->repairs = 0;
        trial->header_len = header_len;
        trial->cost = header_len == 0
                          ? 0
                          : COST_HEADER - text_weigh(span_first(cutting->messages[0], header_len));
        (void)snprintf(trial->name, sizeof trial->name, "%s", base->name);
        if (tweaks_apply(trial, mask)) {
            trial_read(search, trial);
            /* A header that one message only has, and that helps nothing, is none. */
            if (header_len == 0 || trial->bad == 0 || cutting->count > 1) {
                race_enter(&search->found, trial);
            }
        }
    }
}

static void dialect_try(struct search *search, const struct cutting *cutting,
                        const struct iso_dialect *base)
{
    header_try(search, cutting, base, 0);
    for (size_t len = 1; len <= FRAMING_HEADER_LEN_MAX; len++) {
        if (header_fits(cutting, base, len)) {
            header_try(search, cutting, base, len);
        }
    }
}

/* --- the second round: elements that are written otherwise ---------------------------------------
 */

/* Whether @changed came further than @trial did. */
static bool came_further(const struct trial *changed, const struct trial *trial)
{
    if (changed->bad != trial->bad) {
        return changed->bad < trial->bad;
    }
    return changed->failed > trial->failed ||
           (changed->failed == trial->failed && changed->error.de > trial->error.de);
}

/* Elements that everybody writes with the same length and content. */
static bool is_written_alike(unsigned de)
{
    return de <= 43 || (de >= 49 && de <= 51);
}

/* Try other ways to write DE @de of @trial; those that come further enter @race. */
static void element_vary(struct search *search, const struct trial *trial, unsigned de, size_t left,
                         struct race *race)
{
    const struct iso_field_row *row = &trial->dialect.field[de];
    struct trial *changed = &search->trial;
    char key[8];
    (void)snprintf(key, sizeof key, "+%u=", de);
    if (strstr(trial->name, key) != NULL) {
        return; /* changed before */
    }
    struct iso_field_row other;
    int cost;
    for (size_t i = 0; !is_over(search) && (cost = row_alternative(row, i, left, &other)) >= 0;
         i++) {
        if (cost == 0) {
            continue;
        }
        char text[ROW_TEXT_LEN];
        char tweak[ROW_TEXT_LEN + 8];
        char why[TWEAK_WHY_LEN];
        (void)snprintf(tweak, sizeof tweak, "%u=%s", de, row_text(&other, text));
        *changed = *trial;
        if (tweak_apply(&changed->dialect, span_text(tweak), why) < 0 ||
            !name_add(changed->name, tweak)) {
            continue;
        }
        changed->cost += cost + (is_written_alike(de) ? COST_ALIKE : 0);
        changed->repairs++;
        trial_read(search, changed);
        if (came_further(changed, trial)) {
            race_enter(race, changed);
        }
    }
}

/* The elements that may be to blame for the failure of @trial: the one that failed, and some that
 * stand before it. */
static void failure_vary(struct search *search, const struct trial *trial, struct race *race)
{
    struct writer scratch = writer_make(search->scratch, sizeof search->scratch);
    struct span wire = span_skip(trial->cutting->messages[trial->failed], trial->header_len);
    struct iso_error error;
    struct iso_msg *msg = &search->msg;
    if (iso_decode(&trial->dialect, wire, &scratch, msg, &error) == 0) {
        return;
    }
    unsigned last = 0;
    struct {
        uint8_t de;
        uint16_t at;
    } suspects[REPAIR_BACK + 1];
    size_t count = 0;
    for (unsigned de = ISO_DE_MAX; de >= 2; de--) {
        enum iso_state state = iso_state(msg, de);
        last = last == 0 && state != ISO_STATE_ABSENT ? de : last;
        bool failed = de == error.de && error.code != ERR_TRAILING;
        if ((failed || (state == ISO_STATE_OK && de <= error.de)) && count <= REPAIR_BACK) {
            suspects[count].de = (uint8_t)de;
            suspects[count].at = failed ? error.at : msg->field[de].at;
            count++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        size_t left = suspects[i].de == last ? wire.len - suspects[i].at : 0;
        element_vary(search, trial, suspects[i].de, left, race);
    }
}

/* What @trial weighs if its one message, which nothing but the end of the bytes bounds, was cut off
 * in the middle of an element: so much more must be said for a dialect that somebody made up. What
 * is missing is less than what is there: else a length is wrong. */
static int32_t cut_weigh(const struct trial *trial)
{
    const struct iso_error *error = &trial->error;
    bool is_cut = trial->bad != 0 && trial->repairs == 0 && trial->cutting->count == 1 &&
                  trial->framing.file && error->code == ERR_TRUNCATED &&
                  error->expected - error->got < trial->failed_len;
    if (!is_cut || error->at > trial->failed_len) {
        return INT32_MIN / 2;
    }
    struct span wire = span_skip(trial->cutting->messages[0], trial->header_len);
    return trial->tenths + COST_BAD + text_weigh(span_skip(wire, error->at));
}

static void trial_repair(struct search *search, const struct trial *trial)
{
    struct race *now = &search->beams[0];
    struct race *next = &search->beams[1];
    now->count = 0;
    race_enter(now, trial);
    for (unsigned round = 0; round < REPAIRS_MAX && now->count > 0; round++) {
        next->count = 0;
        for (size_t i = 0; i < now->count; i++) {
            failure_vary(search, now->trials[i], next);
        }
        size_t going_on = 0;
        for (size_t i = 0; i < next->count; i++) {
            /* A change must earn what it costs: else a message that was cut off reads whole. */
            int32_t bound = search->cut_tenths - (next->trials[i]->bad != 0 ? COST_BAD : 0);
            if (next->trials[i]->tenths > trial->tenths && next->trials[i]->tenths > bound) {
                race_enter(&search->found, next->trials[i]);
            }
            if (next->trials[i]->bad != 0) {
                struct trial *swap = next->trials[going_on];
                next->trials[going_on] = next->trials[i];
                next->trials[i] = swap;
                going_on++;
            }
        }
        next->count = going_on;
        struct race *swap = now;
        now = next;
        next = swap;
    }
}

/* Repair the best of those that did not read to their end: by weight alone, whoever else did. */
static void failures_repair(struct search *search)
{
    static struct trial copies[REPAIRED_MAX];
    size_t count = 0;
    search->cut_tenths = INT32_MIN / 2;
    for (size_t i = 0; i < search->found.count && count < REPAIRED_MAX; i++) {
        int32_t tenths = cut_weigh(search->found.trials[i]);
        search->cut_tenths = tenths > search->cut_tenths ? tenths : search->cut_tenths;
        if (search->found.trials[i]->bad != 0 && search->found.trials[i]->fields > 0) {
            copies[count++] = *search->found.trials[i];
        }
    }
    for (size_t i = 0; i < count; i++) {
        trial_repair(search, &copies[i]);
    }
}

static void framing_try(struct search *search, const struct framing *framing,
                        const struct span *streams, size_t count, struct cutting *cutting)
{
    search->out->framings++;
    if (!streams_cut(framing, streams, count, cutting)) {
        return;
    }
    search->out->cutting++;
    for (size_t i = 0; candidate_at(search, i) != NULL; i++) {
        dialect_try(search, cutting, candidate_at(search, i));
    }
}

/* --- the outcome -------------------------------------------------------------------------------
 */

/* Of a reading that came to the last byte: the fault inside an element behind the reasons. */
static void fault_tell(const struct trial *trial, struct guess *guess)
{
    char error[ISO_TEXT_LEN_MAX];
    size_t len = strlen(guess->why);
    if (trial->faulty != 0) {
        (void)snprintf(guess->why + len, sizeof guess->why - len, "; but %s",
                       iso_error_text(&trial->fault, &trial->dialect, error, sizeof error));
    }
}

static void guess_tell(const struct trial *trial, struct guess *guess)
{
    char text[GUESS_WHY_LEN / 2];
    char missing[80] = "";
    char kind[MEANING_LEN];
    const struct cutting *cutting = trial->cutting;
    *guess = (struct guess){.framing = trial->framing,
                            .mti = trial->mti,
                            .whole = trial->bad == 0,
                            .messages = (unsigned)cutting->count,
                            .fields = trial->fields,
                            .left = cutting->left,
                            .tenths = trial->tenths};
    (void)snprintf(guess->dialect, sizeof guess->dialect, "%s", trial->name);
    if (trial->bad == 0) {
        (void)facts_text(&trial->weight, text, sizeof text);
        (void)mti_meaning(trial->mti, kind);
        (void)snprintf(guess->why, sizeof guess->why, "%s%s%u fields read to the last byte%s%s",
                       kind, kind[0] == '\0' ? "" : ", ", trial->fields,
                       text[0] == '\0' ? "" : "; ", text);
        fault_tell(trial, guess);
        return;
    }
    size_t at = trial->error.at < trial->failed_len ? trial->error.at : trial->failed_len;
    guess->left += trial->failed_len - at;
    char error[ISO_TEXT_LEN_MAX];
    (void)iso_error_text(&trial->error, &trial->dialect, error, sizeof error);
    if (trial->error.code == ERR_TRUNCATED && trial->error.expected > trial->error.got) {
        (void)snprintf(missing, sizeof missing, "%u bytes missing at byte %zu, the end; ",
                       (unsigned)(trial->error.expected - trial->error.got), trial->failed_len);
    }
    if (cutting->count > 1) {
        (void)snprintf(guess->why, sizeof guess->why, "message %zu of %zu: %s%s", trial->failed + 1,
                       cutting->count, missing, error);
    } else {
        (void)snprintf(guess->why, sizeof guess->why, "%s%s", missing, error);
    }
}

/* Whether a guess of this framing and base dialect is told already: others say the same less well.
 */
static bool is_told(const struct guesses *out, const struct trial *trial)
{
    size_t base = strcspn(trial->name, "+");
    for (size_t i = 0; i < out->count; i++) {
        const struct guess *told = &out->best[i];
        if (strcmp(told->framing.name, trial->framing.name) == 0 &&
            strcspn(told->dialect, "+") == base && strncmp(told->dialect, trial->name, base) == 0) {
            return true;
        }
    }
    return false;
}

/* Whether @trial is worth a line behind the best. A header that is none holds the front of a
 * message, so it is told only where nothing without a header fits. */
static bool is_worth_telling(const struct trial *best, const struct trial *trial)
{
    if (trial == best) {
        return true;
    }
    if (trial->header_len != 0 && (trial->bad != 0 || best->header_len == 0)) {
        return false;
    }
    return trial->bad == best->bad ? trial->tenths > best->tenths - TOLD_WITHIN
                                   : trial->repairs == 0;
}

/* The guesses, and of the best one's framing why each dialect that is not told fails. */
static void guesses_tell(struct search *search)
{
    struct guesses *out = search->out;
    const struct race *found = &search->found;
    const struct trial *best = found->trials[0];
    for (size_t i = 0; i < found->count && out->count < GUESSES_MAX; i++) {
        const struct trial *trial = found->trials[i];
        if (!is_told(out, trial) && is_worth_telling(best, trial)) {
            guess_tell(trial, &out->best[out->count++]);
        }
    }
    for (size_t i = 0;
         candidate_at(search, i) != NULL && found->count != 0 && out->count < GUESSES_MAX; i++) {
        struct trial *trial = &search->trial;
        *trial = *best;
        trial->dialect = *candidate_at(search, i);
        trial->repairs = 0;
        trial->cost = 0;
        (void)snprintf(trial->name, sizeof trial->name, "%s", trial->dialect.name);
        trial_read(search, trial);
        if (!is_told(out, trial) && trial->bad != 0) {
            guess_tell(trial, &out->best[out->count++]);
        }
    }
}

static int search_run(struct search *search, const struct span *streams, size_t count)
{
    TRY(race_open(&search->found, KEPT_MAX));
    TRY(race_open(&search->beams[0], BEAM));
    TRY(race_open(&search->beams[1], BEAM));
    size_t framings = 0;
    while (framing_at(framings) != NULL) {
        framings++;
    }
    struct cutting *cuttings = calloc(framings, sizeof *cuttings);
    if (cuttings == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < framings; i++) {
        framing_try(search, framing_at(i), streams, count, &cuttings[i]);
    }
    failures_repair(search);
    guesses_tell(search);
    for (size_t i = 0; i < framings; i++) {
        cutting_free(&cuttings[i]);
    }
    free(cuttings);
    return 0;
}

int guesses_make(const struct span *streams, size_t count, const struct iso_dialect *own,
                 unsigned readings_max, struct guesses *out)
{
    *out = (struct guesses){0};
    struct search *search = calloc(1, sizeof *search);
    if (search == NULL) {
        return ERR_MEMORY;
    }
    search->out = out;
    search->own = own;
    search->readings_max = readings_max != 0 ? readings_max : READINGS_MAX;
    while (candidate_at(search, out->dialects) != NULL) {
        out->dialects++;
    }
    int result = search_run(search, streams, count);
    race_close(&search->found);
    race_close(&search->beams[0]);
    race_close(&search->beams[1]);
    bytes_wipe(search, sizeof *search);
    free(search);
    return result;
}
