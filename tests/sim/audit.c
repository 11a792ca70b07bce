#include "tests/sim/audit.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/sim/message.h"

/* What the store says of one record, and what the other logs say of it. */
struct entry {
    struct record record;
    struct sale *sale;       /* NULL: nobody's */
    uint32_t due_count;      /* rows in `due` */
    bool dead;               /* it is a dead letter */
    uint32_t item_count;     /* S and R items */
    int64_t presented_minor; /* signed sum of its items that are not netted */
    bool netted;
    uint32_t open_rows;
    uint32_t reversal_count; /* terminals' reversals that name it */
};

struct audit {
    struct world *world;
    struct kv_txn *txn;
    struct entry *entries; /* by sequence - 1 */
    size_t count;
};

/* --- Reading ---------------------------------------------------------------------------------- */

typedef void row_fn(struct audit *audit, struct span key, struct span value);

static void walk(struct audit *audit, enum kv_table table, row_fn *each)
{
    uint8_t bytes[64];
    struct span key = SPAN_NONE;
    struct span found;
    struct span value;
    while (kv_seek(audit->txn, table, key, &found, &value) == 1) {
        CHECK(found.len < sizeof bytes);
        memcpy(bytes, found.ptr, found.len);
        bytes[found.len] = 0;
        key = span_make(bytes, found.len + 1);
        each(audit, found, value);
    }
}

static struct entry *entry_at(struct audit *audit, uint64_t seq)
{
    if (seq == 0 || seq > audit->count) {
        world_fail(audit->world, "I8", "a row names the unknown sequence %llu",
                   (unsigned long long)seq);
        return NULL;
    }
    return &audit->entries[seq - 1];
}

static void read_record(struct audit *audit, struct span key, struct span value)
{
    uint64_t seq = be64_get(key.ptr);
    (void)value;
    if (seq != audit->count + 1) {
        world_fail(audit->world, "I10", "sequence %llu is missing",
                   (unsigned long long)audit->count + 1);
        return;
    }
    audit->count++;
    int result = book_get(audit->txn, seq, &audit->entries[seq - 1].record);
    CHECK(result == 0);
}

static void read_due(struct audit *audit, struct span key, struct span value)
{
    struct due_row due;
    (void)key;
    int result = due_row_decode(value, &due);
    CHECK(result == 0);
    struct entry *entry = entry_at(audit, due.seq);
    if (entry != NULL) {
        entry->due_count++;
        entry->dead = entry->dead || due.dead;
    }
}

static void read_open(struct audit *audit, struct span key, struct span value)
{
    (void)value;
    struct entry *entry = entry_at(audit, be64_get(key.ptr));
    if (entry != NULL) {
        entry->open_rows++;
    }
}

static void read_item(struct audit *audit, struct span key, struct span value)
{
    struct item_row item;
    (void)key;
    int result = item_row_decode(value, &item);
    CHECK(result == 0);
    struct entry *entry = entry_at(audit, item.seq);
    if (entry == NULL) {
        return;
    }
    bool original = item.kind == 'S' || item.kind == 'R';
    entry->item_count += original ? 1 : 0;
    entry->netted = entry->netted || item.state == ITEM_NETTED;
    if (original && item.day != entry->record.day) {
        world_fail(audit->world, "I8", "an item of day %u for a transaction of day %u", item.day,
                   entry->record.day);
    }
    if (item.state != ITEM_NETTED) {
        bool plus = item.kind == 'S' || item.kind == 'W';
        entry->presented_minor += plus ? item.amount_minor : -item.amount_minor;
    }
}

static void match_sales(struct audit *audit)
{
    for (size_t i = 0; i < audit->count; i++) {
        struct entry *entry = &audit->entries[i];
        const struct record *record = &entry->record;
        if ((record->mti & 0x0F00) == 0x0400) {
            if (record->original_seq != 0 && record->original_seq <= audit->count) {
                audit->entries[record->original_seq - 1].reversal_count++;
            }
            continue;
        }
        for (size_t j = 0; j < audit->world->sale_count && entry->sale == NULL; j++) {
            struct sale *sale = &audit->world->sales[j];
            uint64_t stan = 0;
            if (strcmp(audit->world->plan.terminals[sale->terminal].id, record->terminal) == 0 &&
                span_number(span_text(record->stan), &stan) == 0 && stan == sale->stan &&
                record->amount_minor == sale->amount_minor && sale->sends > 0) {
                entry->sale = sale;
            }
        }
    }
}

/* --- What a sale came to ---------------------------------------------------------------------- */

struct held {
    uint32_t posted_count;
    int64_t posted_minor; /* of the newest posting */
    int64_t held_minor;
    char auth[7];
};

static struct held held_of(const struct world *world, uint32_t sale)
{
    struct held held = {0};
    for (size_t i = 0; i < world->posting_count; i++) {
        const struct posting *posting = &world->postings[i];
        if (posting->sale == sale && posting->event == STUB_POSTED) {
            held.posted_count++;
            held.posted_minor = posting->amount_minor;
            held.held_minor += posting->amount_minor;
            memcpy(held.auth, posting->auth, sizeof held.auth);
        }
        if (posting->sale == sale && posting->event == STUB_REVERSED) {
            held.held_minor -= posting->amount_minor;
        }
    }
    return held;
}

static struct entry *entry_of(struct audit *audit, const struct sale *sale, uint32_t *count)
{
    struct entry *found = NULL;
    *count = 0;
    for (size_t i = 0; i < audit->count; i++) {
        if (audit->entries[i].sale == sale) {
            found = &audit->entries[i];
            ++*count;
        }
    }
    return found;
}

static void audit_money(struct audit *audit, const struct sale *sale, const struct entry *entry)
{
    struct world *world = audit->world;
    struct held held = held_of(world, sale->id);
    if (held.posted_count > 1) {
        world_fail(world, "I3", "the issuer posted sale %u %u times", sale->id, held.posted_count);
    }
    if (entry == NULL) {
        if (held.posted_count > 0) {
            world_fail(world, "I3", "the issuer posted sale %u, which the store does not know",
                       sale->id);
        }
        return;
    }
    const struct record *record = &entry->record;
    bool holds = record->state == STATE_APPROVED && sale_kind_at(sale->kind)->money;
    int64_t expected = holds ? record->approved_minor : 0;
    if (held.held_minor != expected && !entry->dead) { /* a dead letter is staff's */
        world_fail(world, "I3", "sale %u is %s, and the issuer holds %lld of %lld", sale->id,
                   record_state_name(record->state), (long long)held.held_minor,
                   (long long)expected);
    }
    if (holds && strcmp(held.auth, record->auth) != 0) {
        world_fail(world, "I2", "sale %u is approved under %s, the issuer said %s", sale->id,
                   record->auth, held.auth);
    }
}

/* I1: what a terminal saw approved is stored so, or was reversed because its terminal said so. */
static void audit_seen(struct audit *audit, const struct sale *sale, const struct entry *entry)
{
    struct world *world = audit->world;
    if (!sale->approval.any) {
        return;
    }
    if (entry == NULL) {
        world_fail(world, "I1", "sale %u was approved and is not stored", sale->id);
        return;
    }
    const struct record *record = &entry->record;
    if (record->state != STATE_APPROVED &&
        (sale->reversal.sends == 0 || (!entry->dead && record->state != STATE_REVERSED))) {
        world_fail(world, "I1", "sale %u was approved and is stored as %s", sale->id,
                   record_state_name(record->state));
    }
    if (record->state == STATE_APPROVED &&
        (record->currency != sale->currency || strcmp(record->rrn, sale->approval.rrn) != 0 ||
         strcmp(record->auth, sale->approval.auth) != 0 ||
         (strcmp(record->code, "10") == 0 &&
          record->approved_minor != sale->approval.amount_minor))) {
        world_fail(world, "I1", "sale %u is stored otherwise than it was told", sale->id);
    }
}

static void audit_refused(struct audit *audit, const struct sale *sale, const struct entry *entry)
{
    struct world *world = audit->world;
    if (entry == NULL || entry->record.state == STATE_DECLINED) {
        return;
    }
    if (sale->forged || sale->bad_card || sale->pin_wrong || sale->card == PLAN_CARD_EXPIRED ||
        sale->card == PLAN_CARD_UNROUTED) {
        if (entry->record.state == STATE_APPROVED || sale->forged || sale->bad_card) {
            world_fail(world, "I2", "sale %u is stored as %s, and should have been refused",
                       sale->id, record_state_name(entry->record.state));
        }
    }
}

/* I7 and section 2: what was answered 00 holds, whatever came first. */
static void audit_reversal(struct audit *audit, const struct sale *sale, const struct entry *entry)
{
    if (sale->reversal.accepted && entry != NULL && entry->record.state == STATE_APPROVED &&
        sale_kind_at(sale->kind)->money) {
        world_fail(audit->world, "I7", "the reversal of sale %u was answered 00, and it stands",
                   sale->id);
    }
}

static void audit_items(struct audit *audit, const struct entry *entry)
{
    const struct record *record = &entry->record;
    bool presents = record->money == MONEY_CREDIT || record->money == MONEY_DEBIT;
    int64_t expected = 0;
    if (presents && record->state == STATE_APPROVED) {
        expected = record->money == MONEY_CREDIT ? record->approved_minor : -record->approved_minor;
    }
    if (entry->item_count > 1 || entry->presented_minor != expected) {
        world_fail(audit->world, "I8", "sequence %llu is %s and presents %lld in %u items",
                   (unsigned long long)record->seq, record_state_name(record->state),
                   (long long)entry->presented_minor, entry->item_count);
    }
}

/* A terminal's reversal of what was never seen and is older than the window: for staff. */
static bool is_of_old(const struct entry *entry)
{
    return (entry->record.mti & 0x0F00) == 0x0400 && entry->dead && entry->record.original_seq == 0;
}

static void audit_state(struct audit *audit, const struct entry *entry)
{
    struct world *world = audit->world;
    const struct record *record = &entry->record;
    bool pending = record->state == STATE_UNKNOWN || record->state == STATE_REVERSAL_DUE;
    unsigned long long seq = record->seq;
    if (record->state == STATE_OPEN || entry->open_rows != 0) {
        world_fail(world, "I12", "sequence %llu is still open", seq);
    }
    if (pending && !(entry->dead && amount_is_poison(record->amount_minor))) {
        world_fail(world, "I5", "sequence %llu is still %s, with %u reversals due", seq,
                   record_state_name(record->state), entry->due_count);
    }
    if (entry->due_count != (pending || is_of_old(entry) ? 1u : 0u)) {
        world_fail(world, "I5", "sequence %llu is %s and has %u reversals due", seq,
                   record_state_name(record->state), entry->due_count);
    }
    if (entry->sale == NULL && (record->mti & 0x0F00) != 0x0400) {
        world_fail(world, "I2", "sequence %llu is nobody's", seq);
    }
}

/* --- I2: the issuers' log --------------------------------------------------------------------- */

/* An answer that disagreed with its request was to be taken as none. */
static void audit_wrong_answers(struct audit *audit)
{
    struct world *world = audit->world;
    for (size_t i = 0; i < world->request_count; i++) {
        const struct heard_request *heard = &world->requests[i];
        uint32_t count = 0;
        if (heard->sale >= world->sale_count || !heard->answered_wrong || heard->answered_right) {
            continue;
        }
        const struct entry *entry = entry_of(audit, &world->sales[heard->sale], &count);
        if (entry != NULL && entry->record.state == STATE_APPROVED) {
            world_fail(world, "I2", "sale %u is approved by an answer that disagrees with it",
                       heard->sale);
        }
    }
}

static void audit_strangers(struct audit *audit)
{
    const struct world *world = audit->world;
    for (size_t i = 0; i < world->posting_count; i++) {
        const struct posting *posting = &world->postings[i];
        if (posting->event == STUB_POSTED && posting->sale >= world->sale_count) {
            world_fail(audit->world, "I2", "an issuer posted what no terminal sent");
        }
    }
}

static void mark_entry(const struct entry *entry)
{
    const struct record *record = &entry->record;
    if (entry->sale == NULL) {
        return;
    }
    enum mark_kind kind = (enum mark_kind)entry->sale->kind;
    if (record->handed_ms == 0 && record->asked) {
        mark(kind, MARK_RECOVERED);
    }
    if (record->marked) {
        mark(kind, MARK_CLOSED_MARKED);
    }
    if (record->state == STATE_DECLINED && entry->sale->reversal.sends > 0 && !record->marked &&
        strcmp(record->code, "12") == 0 && record->link[0] != '\0') {
        mark(kind, MARK_CLOSED_TOMBED);
    }
    if (record->state == STATE_REVERSED && entry->item_count == 0) {
        mark(kind, MARK_CLOSED_UNKNOWN);
    }
    if (entry->item_count > 0) {
        mark(kind, MARK_PRESENTED);
    }
    if (entry->netted) {
        mark(kind, MARK_NETTED);
    }
}

/* --- The whole -------------------------------------------------------------------------------- */

static void audit_days(struct audit *audit, struct span key, struct span value)
{
    struct book_totals_fault fault;
    uint32_t day = be32_get(key.ptr);
    (void)value;
    int result = book_check_totals(audit->txn, day, &fault);
    if (result != 0) {
        world_fail(audit->world, "I8", "totals of %u for %s, %s: %lld, items say %lld", day,
                   fault.issuer, fault.acquirer, (long long)fault.totals_minor,
                   (long long)fault.items_minor);
    }
}

void audit_totals(struct world *world)
{
    struct audit audit = {.world = world};
    enum kv_table table = KV_meta;
    uint32_t day = 0;
    int result = kv_begin(world->kv, false, &audit.txn);
    CHECK(result == 0);
    if (book_verify_rows(audit.txn, &table) != 0) {
        world_fail(world, "I14", "a checksum or the chain of table %d does not hold", (int)table);
    }
    if (book_check_days(audit.txn, &day) != 0) {
        world_fail(world, "I8", "day %u counts otherwise than its rows are", day);
    }
    walk(&audit, KV_days, audit_days);
    kv_abort(audit.txn);
}

static void audit_sale(struct audit *audit, const struct sale *sale)
{
    uint32_t count = 0;
    const struct entry *entry = entry_of(audit, sale, &count);
    if (count > 1) {
        world_fail(audit->world, "I3", "sale %u is stored %u times", sale->id, count);
    }
    audit_seen(audit, sale, entry);
    audit_money(audit, sale, entry);
    audit_refused(audit, sale, entry);
    audit_reversal(audit, sale, entry);
}

void audit_rest(struct world *world)
{
    struct audit audit = {.world = world};
    size_t rows = kv_memory_count(world->kv, KV_txns);
    audit.entries = calloc(rows + 1, sizeof *audit.entries);
    CHECK(audit.entries != NULL);
    audit_totals(world);
    int result = kv_begin(world->kv, false, &audit.txn);
    CHECK(result == 0);
    walk(&audit, KV_txns, read_record);
    walk(&audit, KV_due, read_due);
    walk(&audit, KV_open, read_open);
    walk(&audit, KV_items, read_item);
    kv_abort(audit.txn);
    match_sales(&audit);
    for (size_t i = 0; i < world->sale_count; i++) {
        audit_sale(&audit, &world->sales[i]);
    }
    for (size_t i = 0; i < audit.count; i++) {
        audit_state(&audit, &audit.entries[i]);
        audit_items(&audit, &audit.entries[i]);
        mark_entry(&audit.entries[i]);
    }
    audit_wrong_answers(&audit);
    audit_strangers(&audit);
    free(audit.entries);
}

void audit_stuck(struct world *world)
{
    for (size_t i = 0; i < world->sale_count; i++) {
        const struct sale *sale = &world->sales[i];
        if (sale->reversal.wanted && !sale->reversal.answered) {
            world_fail(world, "I12", "the reversal of sale %u is not answered", sale->id);
        }
        if (!sale->first.any && !sale->gave_up && !sale->reversal.wanted) {
            world_fail(world, "I12", "sale %u is not answered", sale->id);
        }
    }
    if (world->up) {
        struct core_figures figures = core_figures(world->core);
        world_fail(world, "I12", "%u slots are in use, %zu reversals due, %zu tasks",
                   figures.slots_used, audit_due_alive(world), world->heap_count);
    }
    world_fail(world, "I12", "the switch does not come up");
}

static void count_due(struct audit *audit, struct span key, struct span value)
{
    struct due_row due;
    (void)key;
    int result = due_row_decode(value, &due);
    CHECK(result == 0);
    struct record record;
    result = book_get(audit->txn, due.seq, &record);
    CHECK(result == 0);
    bool for_good = amount_is_poison(record.amount_minor) || due.issuer[0] == '\0';
    audit->count += due.dead && for_good ? 0 : 1;
}

size_t audit_due_alive(const struct world *world)
{
    struct audit audit = {0};
    if (kv_memory_count(world->kv, KV_due) == 0) {
        return 0;
    }
    int result = kv_begin(world->kv, false, &audit.txn);
    CHECK(result == 0);
    walk(&audit, KV_due, count_due);
    kv_abort(audit.txn);
    return audit.count;
}
