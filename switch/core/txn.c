#include "switch/core/txn.h"

void slab_init(struct slab *slab, struct txn *slots, uint32_t count)
{
    CHECK(count > 0 && count < 1u << 24);
    *slab = (struct slab){.slots = slots, .count = count};
    list_init(&slab->free);
    for (uint32_t i = 0; i < count; i++) {
        slots[i].slot = i;
        slots[i].generation = 0;
        list_append(&slab->free, &slots[i].wait);
    }
}

struct txn *slab_acquire(struct slab *slab)
{
    struct list *node = list_first(&slab->free);
    if (node == NULL) {
        return NULL;
    }
    list_remove(node);
    struct txn *t = LIST_OWNER(node, struct txn, wait);
    CHECK(t->generation % 2 == 0);
    t->generation++;
    slab->used++;
    slab->peak = slab->used > slab->peak ? slab->used : slab->peak;
    t->flow = NULL;
    t->flow_at = 0;
    t->phase = PHASE_FRESH;
    t->awaits = EVENT_COUNT;
    t->kind = NULL;
    t->end = "";
    t->marked = false;
    memset(t->stage_us, 0, sizeof t->stage_us);
    t->intake.conn = 0;
    t->intake.conn_lost = false;
    t->intake.terminal = -1;
    t->intake.tpdu_len = 0;
    t->intake.repeat_mark = false;
    t->intake.frame_len = 0;
    t->intake.follower = SLOT_NONE;
    iso_init(&t->intake.msg, 0);
    t->hsm.translated = false;
    memset(&t->route, 0, sizeof t->route);
    t->route.issuer = -1;
    t->route.link = -1;
    t->route.issuer_of_pump = -1;
    t->outcome.code[0] = '\0';
    t->outcome.auth[0] = '\0';
    t->outcome.balance[0] = '\0';
    t->outcome.diagnosis[0] = '\0';
    t->outcome.passed_count = 0;
    t->outcome.passed_len = 0;
    t->outcome.state = STATE_NONE;
    t->outcome.approved_minor = 0;
    t->outcome.repeat = false;
    memset(&t->reverse, 0, sizeof t->reverse);
    memset(&t->record, 0, sizeof t->record);
    t->record.replacement_minor = -1;
    t->bytes_len = 0;
    t->out_len = 0;
    t->mac_at = 0;
    return t;
}

void slab_release(struct slab *slab, struct txn *t)
{
    CHECK(t->generation % 2 == 1);
    CHECK(!t->route.pending && list_is_empty(&t->wait));
    bytes_wipe(t->bytes, t->bytes_len);
    bytes_wipe(t->out, t->out_len);
    bytes_wipe(&t->hsm, sizeof t->hsm);
    bytes_wipe(&t->record, sizeof t->record);
    bytes_wipe(t->outcome.passed_bytes, t->outcome.passed_len);
    t->generation++;
    slab->used--;
    list_append(&slab->free, &t->wait);
}

struct txn *slab_find(const struct slab *slab, uint64_t token)
{
    uint32_t slot = token_slot(token);
    if (slot >= slab->count) {
        return NULL;
    }
    struct txn *t = &slab->slots[slot];
    return t->generation == token_generation(token) && t->generation % 2 == 1 ? t : NULL;
}
