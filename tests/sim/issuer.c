/* The issuers of a world: the real stub, with hosts around it that drop, delay, repeat, doubt, lie
 * and hang up. What the stub posts is the second of the auditor's logs.
 *
 * A host also checks what only it can see: a request is given to it once, our reversal keeps its
 * STAN, and a STAN is not used again before what used it is resolved. */
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tests/sim/hsm.h"
#include "tests/sim/world.h"

/* What becomes of a message, drawn when it arrives. */
enum fate_kind {
    FATE_NORMAL,
    FATE_SILENT,
    FATE_LATE,
    FATE_TWICE,
    FATE_WRONG,
    FATE_DOUBT,
    FATE_DOUBT_POSTED,
    FATE_ODD_CODE,
    FATE_HANG_UP,
    FATE_AGAIN,
    FATE_AGAIN_DONE,
    FATE_DEAD,
    FATE_STALL
};

/* Until this long after a request was handed over, a 25 is not to be believed: the slowest way of a
 * request to an issuer must be shorter. */
enum { SLOW_MS_MAX = 30000, LATE_MS_MAX = 60000, STALL_MS_MIN = 61000, STALL_MS_MAX = 120000 };

void issuers_open(struct world *world)
{
    static const char rules_text[] =
        "when mti prefix 01 and amount >= 80000 and amount < 85000 then decline 05\n"
        "when mti prefix 02 and amount >= 80000 and amount < 85000 then decline 05\n"
        "when amount >= 90000 and amount < 99999 then partial 45000\n";
    struct source source = {.name = "sim", .text = SPAN_LITERAL(rules_text)};
    static struct rules rules;
    rules.count = 0;
    int result = rules_parse(&rules, &source, false);
    CHECK(result == 0);
    for (uint32_t i = 0; i < PLAN_ISSUERS; i++) {
        size_t duplicate = 0;
        struct stub_settings settings = {.seed = world->plan.seed + i,
                                         .posted_max = 1024,
                                         .unknown_is_25 = world->plan.unknown_is_25[i]};
        if (world->plan.crypto) {
            settings.zpk = sim_keys()->zpk.text;
            settings.pvk = sim_keys()->pvk.text;
            settings.pvki = "1";
        }
        result = stub_open(&settings, world->plan.accounts, PLAN_CARDS, &rules,
                           &world->hosts[i].stub, &duplicate);
        CHECK(result == 0);
    }
}

void issuers_close(struct world *world)
{
    for (uint32_t i = 0; i < PLAN_ISSUERS; i++) {
        stub_close(world->hosts[i].stub);
    }
}

/* --- What a host remembers -------------------------------------------------------------------- */

static void text_fill(char *out, size_t len, struct span value)
{
    memset(out, ' ', len);
    struct span cut = span_first(value, len);
    if (cut.len != 0) {
        memcpy(out, cut.ptr, cut.len);
    }
}

static void name_of(const struct iso_msg *msg, struct stub_name *out)
{
    memset(out, 0, sizeof *out);
    text_fill(out->rrn, sizeof out->rrn, iso_get(msg, 37));
    text_fill(out->stan, sizeof out->stan, iso_get(msg, 11));
    text_fill(out->de7, sizeof out->de7, iso_get(msg, 7));
    text_fill(out->terminal, sizeof out->terminal, iso_get(msg, 41));
    out->mti = mti_original(msg->mti);
}

/* The name of the request that a reversal is for: our own always carry DE90. */
static bool original_name(const struct iso_msg *msg, struct stub_name *out)
{
    struct span original = iso_get(msg, 90);
    name_of(msg, out);
    if (original.len < 20) {
        return false;
    }
    out->mti = mti_original(mti_parse(original.ptr));
    memcpy(out->stan, original.ptr + 4, sizeof out->stan);
    memcpy(out->de7, original.ptr + 10, sizeof out->de7);
    return true;
}

static bool names_equal(const struct stub_name *a, const struct stub_name *b)
{
    return a->mti == b->mti && memcmp(a->rrn, b->rrn, sizeof a->rrn) == 0 &&
           memcmp(a->stan, b->stan, sizeof a->stan) == 0 &&
           memcmp(a->de7, b->de7, sizeof a->de7) == 0 &&
           memcmp(a->terminal, b->terminal, sizeof a->terminal) == 0;
}

static struct heard_request *request_find(struct world *world, uint16_t issuer,
                                          const struct stub_name *name)
{
    for (size_t i = world->request_count; i-- > 0;) {
        struct heard_request *heard = &world->requests[i];
        if (heard->issuer == issuer && names_equal(&heard->name, name)) {
            return heard;
        }
    }
    return NULL;
}

static uint32_t sale_of(const struct iso_msg *msg)
{
    uint64_t number = 0;
    return span_number(iso_get(msg, 62), &number) == 0 ? (uint32_t)number : UINT32_MAX;
}

static struct heard_request *request_note(struct world *world, uint16_t issuer,
                                          const struct stub_name *name)
{
    struct heard_request *known = request_find(world, issuer, name);
    if (known != NULL) {
        return known;
    }
    world->requests = world_grow(world->requests, world->request_count, &world->request_cap,
                                 sizeof *world->requests);
    known = &world->requests[world->request_count++];
    *known = (struct heard_request){.issuer = issuer, .name = *name, .sale = UINT32_MAX};
    return known;
}

static void hear_request(struct world *world, uint16_t link, const struct iso_msg *msg)
{
    uint16_t issuer = world->plan.links[link].issuer;
    struct stub_name name;
    name_of(msg, &name);
    struct heard_request *heard = request_note(world, issuer, &name);
    /* A balance is never reversed, so nobody would tell when it is over. */
    heard->resolved = heard->resolved || span_equal_text(span_first(iso_get(msg, 3), 1), "3");
    /* One that comes after its reversal may meet its STAN's next use. */
    for (size_t i = 0; !heard->resolved && i < world->request_count; i++) {
        const struct heard_request *other = &world->requests[i];
        if (other->issuer == issuer && !other->resolved && !names_equal(&other->name, &name) &&
            memcmp(other->name.stan, name.stan, sizeof name.stan) == 0) {
            world_fail(world, "I2", "STAN %.6s is used again while its transaction is open",
                       name.stan);
        }
    }
    if (heard->came) {
        world_fail(world, "I3", "a request was given to an issuer twice%s, STAN %.6s",
                   heard->link != link ? ", on two links" : "", name.stan);
    }
    heard->came = true;
    heard->link = link;
    heard->sale = sale_of(msg);
}

static void hear_reversal(struct world *world, uint16_t issuer, const struct iso_msg *msg)
{
    struct stub_name name;
    if (!original_name(msg, &name)) {
        world_fail(world, "I5", "a reversal of ours names no original");
        return;
    }
    struct heard_request *heard = request_note(world, issuer, &name);
    struct span stan = iso_get(msg, 11);
    if (heard->reversal_seen && !span_equal_text(stan, heard->reversal_stan)) {
        world_fail(world, "I5", "a reversal of STAN %.6s came under a second STAN",
                   heard->name.stan);
    }
    bool may_be_due_again =
        heard->answered_right || heard->answered_wrong || heard->answered_in_doubt;
    if (heard->unmarked_seen && !mti_is_repeat(msg->mti) && !may_be_due_again) {
        world_fail(world, "I5", "the second sending of a reversal, STAN %.6s, is not marked",
                   heard->name.stan);
    }
    heard->reversal_seen = true;
    heard->unmarked_seen = heard->unmarked_seen || !mti_is_repeat(msg->mti);
    memcpy(heard->reversal_stan, stan.ptr, stan.len < 6 ? stan.len : 6);
}

/* Whether the switch is to take an answer for a doubt. The first issuer is known to approve with
 * 00, 08 and 10, the second with 11 and 77, too. */
static bool is_doubt(const struct iso_msg *answer, uint16_t issuer)
{
    static const struct {
        char code[3];
        bool doubted[PLAN_ISSUERS];
    } codes[] = {{"68", {true, true}}, {"91", {true, true}},  {"96", {true, true}},
                 {"76", {true, true}}, {"11", {true, false}}, {"77", {true, false}}};
    uint64_t amount = 0;
    for (size_t i = 0; i < ARRAY_COUNT(codes); i++) {
        if (span_equal_text(iso_get(answer, 39), codes[i].code)) {
            return codes[i].doubted[issuer];
        }
    }
    return span_equal_text(iso_get(answer, 39), "10") &&
           (iso_number(answer, 4, &amount) != 0 || amount == 0);
}

/* An 0430 has the DE7, DE37 and DE41 of the request, and the STAN of its reversal. */
static void reversal_got_through(struct world *world, uint16_t issuer, const struct stub_name *name)
{
    for (size_t i = 0; i < world->request_count; i++) {
        struct heard_request *heard = &world->requests[i];
        if (heard->issuer == issuer && memcmp(heard->reversal_stan, name->stan, 6) == 0 &&
            memcmp(heard->name.rrn, name->rrn, sizeof name->rrn) == 0 &&
            memcmp(heard->name.de7, name->de7, sizeof name->de7) == 0 &&
            memcmp(heard->name.terminal, name->terminal, sizeof name->terminal) == 0) {
            heard->resolved = true;
        }
    }
}

/* A request is resolved when its answer got through, or that of its reversal. */
void issuer_got_through(struct world *world, uint16_t link, struct span message)
{
    uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    struct stub_name name;
    if (iso_decode(world->plan.links[link].dialect, message, &room, &msg, &error) != 0 ||
        is_doubt(&msg, world->plan.links[link].issuer)) {
        return;
    }
    name_of(&msg, &name);
    if (mti_class(msg.mti) == 4) {
        reversal_got_through(world, world->plan.links[link].issuer, &name);
        return;
    }
    name.mti = (uint16_t)(name.mti & 0xFF00u);
    struct heard_request *heard = request_find(world, world->plan.links[link].issuer, &name);
    if (heard != NULL) {
        heard->resolved = true;
    }
}

static void log_entries(struct world *world, uint16_t issuer, const struct stub_verdict *verdict,
                        const struct iso_msg *msg)
{
    for (unsigned i = 0; i < verdict->entry_count; i++) {
        const struct stub_entry *entry = &verdict->entry[i];
        struct posting posting = {.issuer = issuer,
                                  .sale = sale_of(msg),
                                  .event = entry->event,
                                  .name = entry->name,
                                  .amount_minor = entry->amount_minor};
        memcpy(posting.auth, entry->auth, sizeof entry->auth);
        if (entry->event == STUB_REVERSED) {
            for (size_t j = 0; j < world->posting_count; j++) {
                if (world->postings[j].issuer == issuer &&
                    names_equal(&world->postings[j].name, &entry->name)) {
                    posting.sale = world->postings[j].sale;
                }
            }
        }
        world->postings = world_grow(world->postings, world->posting_count, &world->posting_cap,
                                     sizeof *world->postings);
        world->postings[world->posting_count++] = posting;
        world_say(world, "      issuer %u: %c sale %u STAN %.6s amount %lld", issuer,
                  (char)entry->event, posting.sale, entry->name.stan,
                  (long long)entry->amount_minor);
    }
}

/* --- Answers ---------------------------------------------------------------------------------- */

static void answer_leaves(struct world *world, const struct task *task)
{
    net_issuer_sends(world, (uint16_t)task->a, (uint32_t)task->b,
                     span_make(task->bytes, task->len));
}

static void send_answer(struct world *world, uint16_t link, uint32_t epoch, int64_t delay_ms,
                        const struct iso_msg *answer)
{
    uint8_t bytes[FRAME_LEN_MAX];
    struct writer out = writer_make(bytes, sizeof bytes);
    struct iso_error error;
    int result = iso_encode(answer, world->plan.links[link].dialect, &out, &error);
    CHECK(result == 0);
    world_say(world, "      issuer link %u answers %04X STAN %.6s with %.2s", link,
              (unsigned)answer->mti, (const char *)iso_get(answer, 11).ptr,
              (const char *)iso_get(answer, 39).ptr);
    world_later(world, delay_ms, answer_leaves, link, epoch, writer_written(&out));
}

/* Until it is delivered, over whatever connection the link has by then. */
static void answer_insists(struct world *world, const struct task *task)
{
    if (!net_issuer_delivers(world, (uint16_t)task->a, span_make(task->bytes, task->len))) {
        world_later(world, 500, answer_insists, task->a, 0, span_make(task->bytes, task->len));
    }
}

static void send_stubbornly(struct world *world, uint16_t link, const struct iso_msg *answer)
{
    uint8_t bytes[FRAME_LEN_MAX];
    struct writer out = writer_make(bytes, sizeof bytes);
    struct iso_error error;
    int result = iso_encode(answer, world->plan.links[link].dialect, &out, &error);
    CHECK(result == 0);
    world_later(world, 1, answer_insists, link, 0, writer_written(&out));
}

/* An answer that nobody decided: what the request has, and @code. */
static void refuse(struct world *world, uint16_t link, uint32_t epoch, const struct iso_msg *msg,
                   const char *code)
{
    static const uint8_t echoed[] = {2, 3, 4, 7, 11, 32, 37, 41, 49, 70};
    struct iso_msg answer;
    iso_init(&answer, mti_answer(msg->mti));
    for (size_t i = 0; i < ARRAY_COUNT(echoed); i++) {
        iso_copy(&answer, msg, echoed[i]);
    }
    iso_set(&answer, 39, span_text(code));
    send_answer(world, link, epoch, 1, &answer);
}

/* Let one field that both carry disagree. The bytes live as long as @bytes. */
static void plant_error(struct world *world, struct iso_msg *answer, uint8_t bytes[12])
{
    uint64_t amount = 0;
    uint32_t which = dice_below(&world->dice_issuer, 3);
    if (which == 0 && iso_number(answer, 4, &amount) == 0) {
        digits_put(bytes, 12, amount + 100);
        iso_set(answer, 4, span_make(bytes, 12));
    } else if (which == 1) {
        memcpy(bytes, "T9999999", 8);
        iso_set(answer, 41, span_make(bytes, 8));
    } else {
        memcpy(bytes, "840", 3);
        iso_set(answer, 49, span_make(bytes, 3));
    }
    if (span_equal_text(iso_get(answer, 39), "10")) {
        iso_set(answer, 39, SPAN_LITERAL("00")); /* a partial approval has its own amount */
    }
}

/* An approval that is told otherwise, or a partial one that does not tell how much. */
static void dress_up(struct world *world, struct iso_msg *answer)
{
    static const char *const codes[] = {"08", "11", "77", "76"};
    const char *code = codes[dice_below(&world->dice_issuer, ARRAY_COUNT(codes))];
    if (span_equal_text(iso_get(answer, 39), "10")) {
        iso_set(answer, 4, SPAN_LITERAL("000000000000"));
    } else if (iso_has(answer, 38)) {
        iso_set(answer, 39, span_text(code));
    }
}

static const char *draw_doubt(struct world *world)
{
    static const char *const codes[] = {"91", "96", "68"};
    return codes[dice_below(&world->dice_issuer, 3)];
}

/* --- A message -------------------------------------------------------------------------------- */

static void mark_fate(struct world *world, const struct iso_msg *msg, enum mark what)
{
    uint32_t sale = sale_of(msg);
    if (sale < world->sale_count) {
        mark((enum mark_kind)world->sales[sale].kind, what);
    }
}

static void decide(struct world *world, const struct iso_msg *msg, struct stub_verdict *verdict,
                   uint16_t issuer)
{
    struct stub *stub = world->hosts[issuer].stub;
    stub_answer(stub, msg, world_wall_ms(world), verdict);
    if (verdict->fate == STUB_ASK_PIN) {
        uint8_t scratch[HSM_SCRATCH_LEN];
        struct hsm_reply reply;
        struct stub_plan plan = verdict->plan;
        hsm_execute(sim_engine(), &verdict->pin_command, &reply, scratch);
        stub_resume(stub, msg, &plan, reply.error, world_wall_ms(world), verdict);
    }
    log_entries(world, issuer, verdict, msg);
}

/* An issuer without tombstones knows nothing of a request that has not come. */
static bool is_forgotten(struct world *world, uint16_t issuer, const struct iso_msg *msg)
{
    struct stub_name name;
    if (!world->plan.forgetful[issuer] || mti_class(msg->mti) != 4 || !original_name(msg, &name)) {
        return false;
    }
    for (size_t i = 0; i < world->posting_count; i++) {
        if (world->postings[i].issuer == issuer && names_equal(&world->postings[i].name, &name)) {
            return false;
        }
    }
    return true;
}

static void note_answer(struct world *world, uint16_t issuer, const struct iso_msg *msg, bool wrong)
{
    struct stub_name name;
    name_of(msg, &name);
    struct heard_request *heard = request_find(world, issuer, &name);
    if (heard != NULL) {
        heard->answered_wrong = heard->answered_wrong || wrong;
        heard->answered_right = heard->answered_right || !wrong;
    }
}

static void note_doubt(struct world *world, uint16_t issuer, const struct iso_msg *msg)
{
    struct stub_name name;
    name_of(msg, &name);
    struct heard_request *heard = request_find(world, issuer, &name);
    if (heard != NULL) {
        heard->answered_in_doubt = true;
    }
}

static void process(struct world *world, const struct task *task)
{
    uint16_t link = (uint16_t)task->a;
    uint16_t issuer = world->plan.links[link].issuer;
    uint32_t epoch = (uint32_t)(task->b >> 8);
    enum fate_kind fate = (enum fate_kind)(task->b & 0xFFu);
    uint8_t scratch[2 * FRAME_LEN_MAX];
    uint8_t planted[12];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    struct stub_verdict verdict;
    int result = iso_decode(world->plan.links[link].dialect, span_make(task->bytes, task->len),
                            &room, &msg, &error);
    CHECK(result == 0);
    int64_t late_ms = dice_between(&world->dice_issuer, 1000, LATE_MS_MAX);
    uint64_t amount = 0;
    bool poison = mti_class(msg.mti) == 4 && iso_number(&msg, 4, &amount) == 0 &&
                  amount_is_poison((int64_t)amount);
    if (poison) {
        mark_world(WORLD_REVERSAL_POISON);
        refuse(world, link, epoch, &msg, "91");
        return;
    }
    if (fate == FATE_DOUBT || fate == FATE_AGAIN) {
        note_doubt(world, issuer, &msg);
        refuse(world, link, epoch, &msg, draw_doubt(world));
        return;
    }
    if (fate == FATE_DEAD) {
        refuse(world, link, epoch, &msg, "05");
        return;
    }
    if (is_forgotten(world, issuer, &msg)) {
        refuse(world, link, epoch, &msg, "25");
        return;
    }
    decide(world, &msg, &verdict, issuer);
    if (verdict.fate != STUB_ANSWER || fate == FATE_SILENT) {
        return;
    }
    if (fate == FATE_DOUBT_POSTED || fate == FATE_AGAIN_DONE) {
        note_doubt(world, issuer, &msg);
        refuse(world, link, epoch, &msg, draw_doubt(world));
        return;
    }
    if (fate == FATE_WRONG) {
        plant_error(world, &verdict.answer, planted);
    }
    if (fate == FATE_ODD_CODE) {
        dress_up(world, &verdict.answer);
    }
    note_answer(world, issuer, &msg, fate == FATE_WRONG);
    if (fate == FATE_STALL) {
        send_stubbornly(world, link, &verdict.answer);
        return;
    }
    send_answer(world, link, epoch, fate == FATE_LATE ? late_ms : 1, &verdict.answer);
    if (fate == FATE_TWICE) {
        send_answer(world, link, epoch, late_ms / 20, &verdict.answer);
    }
    if (fate == FATE_HANG_UP) {
        net_cut_link(world, link);
    }
}

/* Draws all, so that a rate of another fault does not change the rest. */
static bool draw_fate(struct world *world, const struct iso_msg *msg, enum fate_kind *fate)
{
    const struct rates *rates = &world->plan.rates;
    const struct {
        uint32_t rate;
        enum fate_kind fate;
        enum mark what;
    } request_fates[] = {
        {rates->issuer_silent, FATE_SILENT, MARK_ISSUER_SILENT},
        {rates->issuer_late, FATE_LATE, MARK_ISSUER_LATE},
        {rates->issuer_twice, FATE_TWICE, MARK_ISSUER_TWICE},
        {rates->issuer_wrong, FATE_WRONG, MARK_ISSUER_WRONG},
        {rates->issuer_doubt, FATE_DOUBT, MARK_ISSUER_DOUBT},
        {rates->issuer_doubt, FATE_DOUBT_POSTED, MARK_ISSUER_DOUBT},
        {rates->issuer_odd_code, FATE_ODD_CODE, MARK_ISSUER_ODD_CODE},
        {rates->issuer_hang_up, FATE_HANG_UP, MARK_ISSUER_HANG_UP},
    };
    struct dice *dice = &world->dice_issuer;
    *fate = FATE_NORMAL;
    bool dropped = dice_hits(dice, rates->issuer_drop);
    bool again = dice_hits(dice, rates->reversal_again);
    bool done = dice_hits(dice, 500);
    bool dead = dice_hits(dice, rates->reversal_dead);
    if (mti_class(msg->mti) == 4) {
        if (again || dead) {
            mark_world(dead ? WORLD_REVERSAL_DEAD : WORLD_REVERSAL_AGAIN);
            *fate = dead ? FATE_DEAD : done ? FATE_AGAIN_DONE : FATE_AGAIN;
        }
        return !dropped;
    }
    for (size_t i = 0; i < ARRAY_COUNT(request_fates); i++) {
        bool hit = dice_hits(dice, request_fates[i].rate);
        if (hit && *fate == FATE_NORMAL && !dropped) {
            *fate = request_fates[i].fate;
            mark_fate(world, msg, request_fates[i].what);
        }
    }
    if (dropped) {
        mark_fate(world, msg, MARK_ISSUER_DROPPED);
    }
    return !dropped;
}

static void answer_network(struct world *world, uint16_t link, uint32_t epoch,
                           const struct iso_msg *msg)
{
    struct host *host = &world->hosts[world->plan.links[link].issuer];
    bool begins = dice_hits(&world->dice_issuer, world->plan.rates.sign_on_refused);
    int64_t for_ms = dice_between(&world->dice_issuer, 1000, 20000);
    bool says_so = dice_hits(&world->dice_issuer, 500);
    if (begins) {
        host->refuses_until_ms = world->now_ms + for_ms;
        mark_world(WORLD_SIGN_ON_REFUSED);
    }
    if (world->faults && world->now_ms < host->refuses_until_ms) {
        if (says_so) {
            refuse(world, link, epoch, msg, "91");
        }
        return;
    }
    refuse(world, link, epoch, msg, "00");
}

void issuer_was_cut(struct world *world, uint16_t link, struct span message)
{
    uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    if (iso_decode(world->plan.links[link].dialect, message, &room, &msg, &error) == 0 &&
        mti_class(msg.mti) <= 2) {
        mark_fate(world, &msg, MARK_LINK_CUT);
    }
}

void issuer_hears(struct world *world, uint16_t link, uint32_t epoch, struct span message)
{
    const struct rates *rates = &world->plan.rates;
    uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    enum fate_kind fate = FATE_NORMAL;
    int result = iso_decode(world->plan.links[link].dialect, message, &room, &msg, &error);
    if (result != 0) {
        world_fail(world, "I2", "an issuer cannot read what we send: DE%u", error.de);
        return;
    }
    if (mti_class(msg.mti) == 8) {
        if (mti_is_request(msg.mti)) {
            answer_network(world, link, epoch, &msg);
        }
        return;
    }
    world_say(world, "      issuer link %u: %04X STAN %.6s sale %u", link, (unsigned)msg.mti,
              (const char *)iso_get(&msg, 11).ptr, sale_of(&msg));
    if (mti_class(msg.mti) == 4) {
        hear_reversal(world, world->plan.links[link].issuer, &msg);
    } else {
        hear_request(world, link, &msg);
    }
    bool arrives = draw_fate(world, &msg, &fate);
    bool slow = dice_hits(&world->dice_issuer, rates->issuer_slow);
    int64_t took_ms = dice_between(&world->dice_issuer, 1, rates->issuer_ms);
    int64_t slow_ms = dice_between(&world->dice_issuer, 2000, SLOW_MS_MAX);
    bool stalls = dice_hits(&world->dice_issuer, rates->issuer_stalls);
    int64_t stall_ms = dice_between(&world->dice_issuer, STALL_MS_MIN, STALL_MS_MAX);
    if (stalls && mti_class(msg.mti) != 4 && fate == FATE_NORMAL) {
        mark_fate(world, &msg, MARK_ISSUER_STALLED);
        fate = FATE_STALL;
        took_ms += stall_ms;
    } else if (slow && mti_class(msg.mti) != 4) {
        mark_fate(world, &msg, MARK_ISSUER_SLOW);
        took_ms += slow_ms;
    }
    if (arrives) {
        world_later(world, took_ms, process, link, (uint64_t)epoch << 8 | (uint64_t)fate, message);
    }
}
