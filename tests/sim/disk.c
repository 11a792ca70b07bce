/* The disk of a world: the real book on memory, group commit, and crashes around it.
 *
 * What gathers while a commit runs goes into the next one, as in switch/store/writer.c. A commit is
 * durable at the end of its time, its answers arrive a moment later: a crash may fall before the
 * one, between the two, or the sync may fail and the process stop itself. */
#include "tests/sim/clearing.h"

enum { BATCH_MAX = 64 };

static void commit(struct world *world, const struct task *task);

static void begin_commit(struct world *world)
{
    if (world->committing || world->queue_count == 0) {
        return;
    }
    bool slow = dice_hits(&world->dice_disk, world->plan.rates.disk_slow);
    int64_t took_ms = dice_between(&world->dice_disk, 0, world->plan.rates.disk_ms);
    int64_t more_ms = dice_between(&world->dice_disk, 500, 4000);
    world->committing = true;
    world_later(world, took_ms + (slow ? more_ms : 0), commit, world->life, 0, SPAN_NONE);
}

void disk_submit(struct world *world, const struct book_request *request)
{
    world->queue =
        world_grow(world->queue, world->queue_count, &world->queue_cap, sizeof *world->queue);
    world->queue[world->queue_count++] = *request;
    begin_commit(world);
}

void disk_crash(struct world *world)
{
    world->queue_count = 0;
    world->committing = false;
    world->answer_count = 0;
}

static void keep_answer(void *context, const struct book_answer *answer)
{
    struct world *world = context;
    world->answers =
        world_grow(world->answers, world->answer_count, &world->answer_cap, sizeof *world->answers);
    world->answers[world->answer_count++] = *answer;
}

static enum event_kind event_of(const struct book_answer *answer)
{
    if (answer->result == BOOK_IS_DRAWN) {
        return EV_REVERSAL_DUE;
    }
    if (answer->result == BOOK_IS_DRAW_END) {
        return EV_DRAW_ENDED;
    }
    switch (answer->op) {
    case BOOK_OPEN:
    case BOOK_REVERSAL:
        return EV_OPENED;
    case BOOK_CLOSE:
        return EV_CLOSED;
    case BOOK_SETTLE:
        return EV_SETTLED;
    default:
        return EV_NOTED;
    }
}

/* I5: a reversal is handed out to one transaction at a time. */
static void reversal_begins(struct world *world, uint64_t seq)
{
    uint64_t *room = NULL;
    for (size_t i = 0; i < ARRAY_COUNT(world->in_flight); i++) {
        if (world->in_flight[i] == seq) {
            world_fail(world, "I5", "the reversal of sequence %llu is in flight twice",
                       (unsigned long long)seq);
        }
        room = world->in_flight[i] == 0 ? &world->in_flight[i] : room;
    }
    CHECK(room != NULL);
    *room = seq;
}

/* I13: the terminal of a reversal that there is no room for keeps it, if it hears nothing. */
static void check_silence(struct world *world)
{
    for (uint32_t i = 0; i < world->actions->count; i++) {
        enum action_kind kind = world->actions->list[i].kind;
        if (kind == ACT_SEND_TERMINAL || kind == ACT_ASK_HSM) {
            world_fail(world, "I13", "a reversal that the store did not take is answered");
        }
    }
}

static void answer_arrives(struct world *world, const struct task *task)
{
    struct book_answer answer;
    if (task->a != world->life || !world->up) {
        return;
    }
    CHECK(task->len == sizeof answer);
    memcpy(&answer, task->bytes, sizeof answer);
    if (answer.ref == UINT64_MAX) {
        clearing_hear(world, &answer); /* it is staff's, not the core's */
        return;
    }
    struct event event = {.kind = event_of(&answer), .u.book = &answer};
    if (event.kind == EV_REVERSAL_DUE) {
        reversal_begins(world, answer.record.seq);
        sim_seal_open(&answer.record);
    }
    world_say(world, "  %s %s seq %llu state %s", book_op_name(answer.op),
              book_result_name(answer.result), (unsigned long long)answer.record.seq,
              record_state_name(answer.record.state));
    if (answer.result == BOOK_IS_TOO_OLD) {
        mark_world(WORLD_TOO_OLD);
    }
    world_feed(world, &event);
    if (answer.op == BOOK_REVERSAL && answer.result == BOOK_IS_REFUSED) {
        check_silence(world);
    }
}

static void hand_out(struct world *world)
{
    int64_t wait_ms = dice_between(&world->dice_disk, 0, 3);
    int64_t at_ms = world->now_ms + wait_ms;
    at_ms = at_ms > world->answers_ms ? at_ms : world->answers_ms;
    world->answers_ms = at_ms;
    for (size_t i = 0; i < world->answer_count; i++) {
        world_later(world, at_ms - world->now_ms, answer_arrives, world->life, 0,
                    span_make(&world->answers[i], sizeof world->answers[i]));
    }
    world->answer_count = 0;
}

/* I13: what begins leaves the room that is kept for others; @used is before the batch. */
static void check_room(struct world *world, uint32_t used)
{
    const struct book_settings *settings = &world->plan.book;
    for (size_t i = 0; i < world->answer_count; i++) {
        const struct book_answer *answer = &world->answers[i];
        bool reverses = answer->op == BOOK_REVERSAL;
        bool buries = reverses && answer->record.original_seq == 0;
        bool begins = answer->result == BOOK_IS_FRESH;
        if (begins && used >= (buries     ? settings->bury_permille
                               : reverses ? settings->ends_permille
                                          : settings->full_permille)) {
            world_fail(world, "I13", "sequence %llu took the room of what ends",
                       (unsigned long long)answer->record.seq);
        }
        if (reverses && answer->result == BOOK_IS_REFUSED) {
            mark_world(WORLD_STORE_FULLER);
        }
    }
}

/* The batch is durable, or is lost, now. */
static void commit(struct world *world, const struct task *task)
{
    const struct rates *rates = &world->plan.rates;
    if (task->a != world->life || !world->up) {
        return;
    }
    bool dies = dice_hits(&world->dice_disk, rates->crash_at_commit);
    bool before = dice_hits(&world->dice_disk, 500);
    bool fails = dice_hits(&world->dice_disk, rates->commit_fails);
    if (dies && before) {
        world_crash(world, WORLD_CRASH_BEFORE_COMMIT);
        return;
    }
    size_t count = world->queue_count < BATCH_MAX ? world->queue_count : BATCH_MAX;
    kv_memory_fail_commit(world->kv, fails ? 1 : 0, before);
    uint32_t used = world->kv->ops->used_permille(world->kv);
    int result = book_execute(world->book, world->queue, count, keep_answer, world);
    kv_memory_fail_commit(world->kv, 0, false);
    if (result != 0) {
        if (!fails) {
            world_fail(world, "I11", "the book failed without cause: %s", err_name(result));
        }
        world_crash(world, WORLD_COMMIT_FAILED);
        return;
    }
    if (dies) {
        world_crash(world, WORLD_CRASH_AFTER_COMMIT);
        return;
    }
    memmove(world->queue, world->queue + count,
            (world->queue_count - count) * sizeof *world->queue);
    world->queue_count -= count;
    world->committing = false;
    check_room(world, used);
    hand_out(world);
    begin_commit(world);
}
