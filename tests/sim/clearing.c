/* The end of day of a world: what swclear does with the store, one step after another, while
 * terminals go on; killed at times, and begun again where the store says.
 *
 * At rest all days are brought to their end, without a core but with crashes between the steps.
 * What the files hold is remembered when they are first written: written again, and at the end,
 * they must hold the same (I9). */
#include "tests/sim/clearing.h"

#include "iso8583/base/calendar.h"

enum {
    TRIES_A_CUTOVER = 3,
    TRY_MS_MAX = 40000,
    STEP_MS_MAX = 400,
    KILLED_PERMILLE = 30,
    CRASHED_PERMILLE = 100,
    REST_STEPS_MAX =
        20000, /* more than a step for each item of each day is going round in circles */
};

/* --- Reading ---------------------------------------------------------------------------------- */

/* The first day of the store after @day: true and @row. */
static bool next_day(struct kv_txn *txn, uint32_t day, struct day_row *row)
{
    struct span found;
    struct span value;
    uint8_t key[4];
    be32_put(key, day + 1);
    if (kv_seek(txn, KV_days, span_make(key, sizeof key), &found, &value) != 1) {
        return false;
    }
    int result = day_row_decode(value, row);
    CHECK(result == 0);
    return true;
}

/* The oldest day before today that is not at its end: 0 if there is none. One that cannot be signed
 * off waits for staff, so it is behind @after. */
static uint32_t oldest_day(struct world *world, uint32_t after)
{
    struct kv_txn *txn = NULL;
    struct day_row row = {.day = after};
    uint32_t day = 0;
    int result = kv_begin(world->kv, false, &txn);
    CHECK(result == 0);
    while (day == 0 && next_day(txn, row.day, &row)) {
        day = row.state != DAY_CLOSED && row.day != book_current_day(world->book) ? row.day : 0;
    }
    kv_abort(txn);
    return day;
}

/* What the items say that are in file @file_seq of @day, as their bytes will. */
static struct sim_file read_file(struct kv_txn *txn, uint32_t day, uint64_t file_seq)
{
    struct sim_file file = {.day = day, .file_seq = file_seq, .hash = 0xCBF29CE484222325ull};
    struct span found;
    struct span value;
    uint64_t next = 0;
    for (;;) {
        struct item_row item;
        uint8_t key[12];
        be32_put(key, day);
        be64_put(key + 4, next);
        if (kv_seek(txn, KV_items, span_make(key, sizeof key), &found, &value) != 1 ||
            be32_get(found.ptr) != day) {
            return file;
        }
        int result = item_row_decode(value, &item);
        CHECK(result == 0);
        next = item.item_seq + 1;
        if (item.state == ITEM_IN_FILE && item.file_seq == file_seq) {
            file.count++;
            file.hash = (file.hash ^ item.item_seq) * 0x100000001B3ull;
            file.hash = (file.hash ^ (uint64_t)item.amount_minor ^ item.kind) * 0x100000001B3ull;
        }
        file.left += item.state == ITEM_OPEN && item.amount_minor > 0 ? 1 : 0;
        file.strange += item.state == ITEM_IN_FILE && item.file_seq != file_seq ? 1 : 0;
    }
}

/* The file is written from what the items say now: all of them, and as it was the last time. */
static struct sim_file write_file(struct world *world, uint32_t day, uint64_t file_seq)
{
    struct kv_txn *txn = NULL;
    int result = kv_begin(world->kv, false, &txn);
    CHECK(result == 0);
    struct sim_file file = read_file(txn, day, file_seq);
    kv_abort(txn);
    struct sim_file *before = NULL;
    for (size_t i = 0; i < world->clearing.file_count; i++) {
        before = world->clearing.files[i].day == day ? &world->clearing.files[i] : before;
    }
    if (file.left > 0 || file.strange > 0) {
        world_fail(world, "I9", "file %llu of %u misses %llu items, and %llu are in another",
                   (unsigned long long)file_seq, day, (unsigned long long)file.left,
                   (unsigned long long)file.strange);
    }
    if (before == NULL) {
        CHECK(world->clearing.file_count < SIM_FILES_MAX);
        world->clearing.files[world->clearing.file_count++] = file;
    } else if (before->file_seq != file_seq || before->count != file.count ||
               before->hash != file.hash) {
        world_fail(world, "I9", "the file of %u is another when it is written again", day);
    }
    return file;
}

/* --- A run ------------------------------------------------------------------------------------ */

static struct book_request next_request(struct world *world)
{
    const struct clearing *clearing = &world->clearing;
    struct book_request ask = {.op = BOOK_FILE,
                               .ref = UINT64_MAX,
                               .wall_ms = world_wall_ms(world),
                               .day = clearing->day,
                               .file_seq = clearing->file_seq,
                               .file_step = clearing->step};
    if (clearing->signs_off) {
        ask.op = BOOK_SIGN_OFF;
    } else if (clearing->step == FILE_BUILT) {
        struct sim_file file = write_file(world, clearing->day, clearing->file_seq);
        ask.file_count = file.count;
        ask.file_bytes = file.count * 300;
        be64_put(ask.file_hash, file.hash);
    }
    return ask;
}

static void begin_run(struct world *world, uint32_t day)
{
    struct clearing *clearing = &world->clearing;
    clearing->runs = true;
    clearing->life = world->life;
    clearing->day = day;
    clearing->step = FILE_ASSIGN;
    clearing->steps = 0;
    clearing->signs_off = false;
}

/* What comes after @answer. */
static void go_on(struct world *world, const struct book_answer *answer)
{
    struct clearing *clearing = &world->clearing;
    if (answer->result == BOOK_IS_MORE) {
        clearing->steps++;
        return;
    }
    if (answer->result != BOOK_IS_STORED) {
        bool waits = strcmp(answer->code, "dr") == 0 || strcmp(answer->code, "du") == 0;
        if (!waits) {
            world_fail(world, "I9", "the end of day %u is refused: %s", clearing->day,
                       answer->code);
        }
        clearing->runs = false;
        return;
    }
    if (clearing->signs_off) {
        mark_world(WORLD_DAY_SIGNED_OFF);
        clearing->runs = false;
    } else if (clearing->step == FILE_ASSIGN) {
        clearing->file_seq = answer->file_seq;
        clearing->step = FILE_BUILT;
    } else if (clearing->step == FILE_BUILT) {
        clearing->step = FILE_PUBLISHED;
    } else {
        mark_world(WORLD_DAY_CUT);
        clearing->signs_off = true;
    }
}

/* --- While the world goes on ------------------------------------------------------------------ */

static bool is_running(const struct world *world)
{
    return world->clearing.runs && world->clearing.life == world->life;
}

static void ask(struct world *world, const struct task *task)
{
    (void)task;
    if (world->up && is_running(world)) {
        struct book_request request = next_request(world);
        world_say(world, "--- end of %u: %s", request.day,
                  request.op == BOOK_SIGN_OFF ? "sign off" : "a step of its file");
        disk_submit(world, &request);
    }
}

static void begin(struct world *world, const struct task *task)
{
    if (!world->up || is_running(world)) {
        return;
    }
    uint32_t day = oldest_day(world, 0);
    if (day != 0) {
        begin_run(world, day);
        ask(world, task);
    }
}

void clearing_after_cutover(struct world *world)
{
    for (unsigned i = 0; i < TRIES_A_CUTOVER; i++) {
        int64_t at_ms = dice_between(&world->dice_clearing, 10, TRY_MS_MAX);
        world_later(world, at_ms, begin, 0, 0, SPAN_NONE);
    }
}

void clearing_hear(struct world *world, const struct book_answer *answer)
{
    if (answer->op == BOOK_CUTOVER || !is_running(world)) {
        return;
    }
    go_on(world, answer);
    bool killed = dice_hits(&world->dice_clearing, world->faults ? KILLED_PERMILLE : 0);
    int64_t wait_ms = dice_between(&world->dice_clearing, 0, STEP_MS_MAX);
    if (killed && world->clearing.runs) {
        mark_world(WORLD_CLEARING_KILLED);
        world->clearing.runs = false;
    }
    if (world->clearing.runs) {
        world_later(world, wait_ms, ask, 0, 0, SPAN_NONE);
    }
}

void clearing_crash(struct world *world)
{
    if (world->clearing.runs && world->clearing.step == FILE_ASSIGN && world->clearing.steps > 0) {
        mark_world(WORLD_CRASH_IN_ASSIGN);
    }
    world->clearing.runs = false;
}

/* --- At rest ---------------------------------------------------------------------------------- */

static void keep_answer(void *context, const struct book_answer *answer)
{
    *(struct book_answer *)context = *answer;
}

static struct book_answer execute(struct world *world, const struct book_request *request)
{
    struct book_answer answer = {0};
    int result = book_execute(world->book, request, 1, keep_answer, &answer);
    if (result != 0) {
        world_fail(world, "I11", "the book failed without cause: %s", err_name(result));
    }
    return answer;
}

static void reload(struct world *world)
{
    kv_memory_crash(world->kv);
    book_free(world->book);
    world->book = NULL;
    int result = book_load(world->kv, &world->plan.book, &world->book);
    if (result != 0) {
        world_fail(world, "I10", "the book does not load after a crash: %s", err_name(result));
    }
}

static bool is_fine(const struct world *world)
{
    return world->fault_name[0] == '\0';
}

/* A day may be signed off when nothing of it is due: @due is recounted from the table. */
static void check_sign_off(struct world *world, const struct book_answer *answer)
{
    struct kv_txn *txn = NULL;
    uint64_t due = 0;
    struct span found;
    struct span value;
    uint8_t key[64] = {0};
    size_t len = 0;
    int result = kv_begin(world->kv, false, &txn);
    CHECK(result == 0);
    while (kv_seek(txn, KV_due, span_make(key, len), &found, &value) == 1) {
        struct due_row row;
        struct record record;
        memcpy(key, found.ptr, found.len);
        key[found.len] = 0;
        len = found.len + 1;
        if (due_row_decode(value, &row) == 0 && book_get(txn, row.seq, &record) == 0) {
            due += record.day == world->clearing.day ? 1 : 0;
        }
    }
    kv_abort(txn);
    if ((answer->result == BOOK_IS_STORED) != (due == 0)) {
        world_fail(world, "I5", "day %u is%s signed off, and %llu of it are due",
                   world->clearing.day, answer->result == BOOK_IS_STORED ? "" : " not",
                   (unsigned long long)due);
    }
}

static void end_day(struct world *world, uint32_t day)
{
    begin_run(world, day);
    for (unsigned i = 0; world->clearing.runs && is_fine(world); i++) {
        struct book_request request = next_request(world);
        struct book_answer answer = execute(world, &request);
        bool crashes = dice_hits(&world->dice_clearing, CRASHED_PERMILLE);
        if (i > REST_STEPS_MAX) {
            world_fail(world, "I12", "the end of day %u does not come", day);
        }
        if (crashes && is_fine(world)) {
            reload(world);
            begin_run(world, day);
            continue;
        }
        if (request.op == BOOK_SIGN_OFF && is_fine(world)) {
            check_sign_off(world, &answer);
        }
        go_on(world, &answer);
    }
}

void clearing_rest(struct world *world)
{
    struct book_request cutover = {.op = BOOK_CUTOVER,
                                   .wall_ms = world_wall_ms(world),
                                   .day = day_next(book_current_day(world->book))};
    (void)execute(world, &cutover);
    uint32_t day = 0;
    while (is_fine(world) && (day = oldest_day(world, day)) != 0) {
        end_day(world, day);
    }
    for (size_t i = 0; is_fine(world) && i < world->clearing.file_count; i++) {
        (void)write_file(world, world->clearing.files[i].day, world->clearing.files[i].file_seq);
    }
}
