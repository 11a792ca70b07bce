/* Strays: answers of an issuer that pair with nothing. Whoever looks for the reason wants to know
 * which request it may have been for, and which field spoils it. */
#include "switch/core/core_state.h"

static struct stray *stray_begin(struct core *core, uint16_t index)
{
    struct stray *stray = &core_act(core, ACT_STRAY)->u.stray;
    memset(stray, 0, sizeof *stray);
    stray->link = index;
    stray->mti = core->answer.mti;
    TEXT_SET(stray->stan, iso_get(&core->answer, 11));
    TEXT_SET(stray->rrn, iso_get(&core->answer, 37));
    TEXT_SET(stray->code, iso_get(&core->answer, 39));
    return stray;
}

static void near_set(struct stray *stray, const struct txn *t, const struct pair_key *key)
{
    stray->near_seq = t->record.seq;
    text_set(stray->near_stan, sizeof stray->near_stan, span_make(key->bytes + 1, 6));
    TEXT_SET(stray->near_rrn, span_text(t->record.rrn));
}

static struct stray_difference *differ(struct stray *stray, unsigned de)
{
    CHECK(stray->differ_count < STRAY_DIFFERS_MAX);
    struct stray_difference *difference = &stray->differs[stray->differ_count++];
    difference->de = (uint8_t)de;
    return difference;
}

/* A part of a key as text: "04xx" for a class, else its characters. */
static void part_print(const struct pair_key *key, unsigned part, char out[13])
{
    const struct pair_part *row = &pair_parts[part];
    if (row->de == 0) {
        memcpy(out, "0?xx", 5);
        digits_put((uint8_t *)out + 1, 1, key->bytes[row->at]);
        return;
    }
    text_set(out, 13, span_make(key->bytes + row->at, row->len));
}

void stray_tell(struct core *core, uint16_t index, const struct pair_key *key)
{
    struct stray *stray = stray_begin(core, index);
    struct pair_key near;
    uint32_t slot = 0;
    if (!link_nearest(&core->links[index], key, &near, &slot)) {
        return;
    }
    near_set(stray, &core->slab.slots[slot], &near);
    for (unsigned i = 0; i < PAIR_PART_COUNT; i++) {
        if (!pair_part_agrees(&near, key, i)) {
            struct stray_difference *difference = differ(stray, pair_parts[i].de);
            part_print(&near, i, difference->expected);
            part_print(key, i, difference->got);
        }
    }
}

/* What @record holds in DE @de, which an answer must repeat: in the text of 13 bytes @out. */
static void record_print(const struct record *record, unsigned de, char *out)
{
    uint8_t digits[12];
    switch (de) {
    case 3:
        text_set(out, 13, span_text(record->proc));
        break;
    case 4:
        digits_put(digits, 12, (uint64_t)record->amount_minor);
        text_set(out, 13, span_make(digits, 12));
        break;
    case 41:
        text_set(out, 13, span_text(record->terminal));
        break;
    default:
        digits_put(digits, 3, record->currency);
        text_set(out, 13, span_make(digits, 3));
        break;
    }
}

void stray_wrong(struct core *core, uint16_t index, const struct txn *t, unsigned de)
{
    struct stray *stray = stray_begin(core, index);
    struct pair_key key = pair_key_of(&core->answer);
    near_set(stray, t, &key);
    struct stray_difference *difference = differ(stray, de);
    record_print(&t->record, de, difference->expected);
    text_set(difference->got, sizeof difference->got, iso_get(&core->answer, de));
}
