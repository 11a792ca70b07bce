#include "routes/link.h"

#include "iso8583/mti.h"

/* In the order in which a difference is told; each has the weight of its row in link_nearest(). */
const struct pair_part pair_parts[PAIR_PART_COUNT] = {
    {37, 17, 12}, {11, 1, 6}, {7, 7, 10}, {0, 0, 1}};

static size_t align16(size_t n)
{
    return (n + 15) & ~(size_t)15;
}

size_t link_memory(const struct link_rules *rules)
{
    return align16(map_memory(rules->pending_max, PAIR_KEY_LEN)) +
           align16(map_memory(LINK_LATE_MAX, PAIR_KEY_LEN)) +
           align16(LINK_LATE_MAX * sizeof(struct late_entry));
}

void link_init(struct link *link, const struct link_rules *rules, void *memory)
{
    uint8_t *at = memory;
    *link =
        (struct link){.rules = *rules, .state = LINK_IS_DOWN, .wanted = true, .network_stan = 1};
    map_init(&link->pending, at, rules->pending_max, PAIR_KEY_LEN);
    at += align16(map_memory(rules->pending_max, PAIR_KEY_LEN));
    map_init(&link->late, at, LINK_LATE_MAX, PAIR_KEY_LEN);
    at += align16(map_memory(LINK_LATE_MAX, PAIR_KEY_LEN));
    link->late_ring = (struct late_entry *)(void *)at;
    memset(link->late_ring, 0, LINK_LATE_MAX * sizeof *link->late_ring);
}

static void key_part(uint8_t *at, size_t cap, struct span bytes)
{
    memcpy(at, bytes.ptr, bytes.len < cap ? bytes.len : cap);
}

struct pair_key pair_key_make(unsigned mti_class, const char *stan, const char *de7,
                              const char *rrn)
{
    struct pair_key key = {{0}};
    key.bytes[0] = (uint8_t)mti_class;
    key_part(key.bytes + 1, 6, span_text(stan));
    key_part(key.bytes + 7, 10, span_text(de7));
    key_part(key.bytes + 17, 12, span_text(rrn));
    return key;
}

struct pair_key pair_key_of(const struct iso_msg *msg)
{
    static const struct span none = {(const uint8_t *)"", 0};
    struct pair_key key = {{0}};
    key.bytes[0] = (uint8_t)mti_class(msg->mti);
    key_part(key.bytes + 1, 6, iso_has(msg, 11) ? iso_get(msg, 11) : none);
    key_part(key.bytes + 7, 10, iso_has(msg, 7) ? iso_get(msg, 7) : none);
    key_part(key.bytes + 17, 12, iso_has(msg, 37) ? iso_get(msg, 37) : none);
    return key;
}

static void enter(struct link *link, enum link_state state, int64_t now_ms)
{
    link->state = state;
    link->since_ms = now_ms;
    link->asked_ms = 0;
    link->misses = 0;
    link->heard_ms = now_ms;
}

enum link_need link_opened(struct link *link, int64_t now_ms)
{
    CHECK(link->state == LINK_IS_DOWN);
    enter(link, LINK_IS_CONNECTED, now_ms);
    return link->wanted ? LINK_NEEDS_SIGN_ON : LINK_NEEDS_NOTHING;
}

void link_closed(struct link *link, int64_t now_ms)
{
    enter(link, LINK_IS_DOWN, now_ms);
}

void link_heard(struct link *link, int64_t now_ms)
{
    link->heard_ms = now_ms;
    link->misses = 0;
}

bool link_network_answered(struct link *link, struct span code, int64_t now_ms)
{
    bool asked = link->asked_ms != 0;
    link->asked_ms = 0;
    if (!asked || link->state != LINK_IS_CONNECTED || !link->wanted ||
        !span_equal_text(code, "00")) {
        return false;
    }
    enter(link, LINK_IS_SIGNED_ON, now_ms);
    return true;
}

enum link_need link_order(struct link *link, bool up, bool drain, int64_t now_ms)
{
    link->wanted = up;
    if (drain && link->state == LINK_IS_SIGNED_ON) {
        enter(link, LINK_IS_DRAINING, now_ms);
        return LINK_NEEDS_NOTHING;
    }
    if (up && link->state == LINK_IS_DRAINING) {
        enter(link, LINK_IS_SIGNED_ON, now_ms);
        return LINK_NEEDS_NOTHING;
    }
    if (up && link->state == LINK_IS_CONNECTED && link->asked_ms == 0) {
        return LINK_NEEDS_SIGN_ON;
    }
    if (!up && !drain && link->state >= LINK_IS_SIGNED_ON) {
        return LINK_NEEDS_SIGN_OFF;
    }
    return LINK_NEEDS_NOTHING;
}

int64_t link_deadline_ms(const struct link *link)
{
    if (link->state == LINK_IS_DOWN) {
        return INT64_MAX;
    }
    if (link->asked_ms != 0) {
        return link->asked_ms + link->rules.answer_ms;
    }
    if (link->state == LINK_IS_CONNECTED && !link->wanted) {
        return INT64_MAX;
    }
    return link->heard_ms + link->rules.echo_ms;
}

enum link_need link_tick(struct link *link, int64_t now_ms)
{
    if (now_ms < link_deadline_ms(link)) {
        return LINK_NEEDS_NOTHING;
    }
    if (link->asked_ms == 0) {
        return link->state == LINK_IS_CONNECTED ? LINK_NEEDS_SIGN_ON : LINK_NEEDS_ECHO;
    }
    link->asked_ms = 0;
    link->misses++;
    if (link->state == LINK_IS_CONNECTED || link->misses >= LINK_ECHO_MISSES) {
        return LINK_NEEDS_CUT;
    }
    return LINK_NEEDS_ECHO;
}

void link_network_message(struct link *link, const char *function, const char *de7, int64_t now_ms,
                          struct iso_msg *msg, uint8_t *scratch)
{
    memcpy(scratch, de7, 10);
    digits_put(scratch + 10, 6, link->network_stan);
    memcpy(scratch + 16, function, 3);
    link->network_stan = link->network_stan % 999999 + 1;
    iso_init(msg, 0x0800);
    iso_set(msg, 7, span_make(scratch, 10));
    iso_set(msg, 11, span_make(scratch + 10, 6));
    iso_set(msg, 70, span_make(scratch + 16, 3));
    link->asked_ms = now_ms;
}

int link_await(struct link *link, const struct pair_key *key, uint32_t slot)
{
    return map_add(&link->pending, key->bytes, slot);
}

bool link_take(struct link *link, const struct pair_key *key, uint32_t *slot)
{
    return map_find(&link->pending, key->bytes, slot) && map_remove(&link->pending, key->bytes);
}

void link_forget(struct link *link, const struct pair_key *key, uint64_t seq)
{
    uint32_t ignored;
    map_remove(&link->pending, key->bytes);
    if (seq == 0 || map_find(&link->late, key->bytes, &ignored)) {
        return;
    }
    struct late_entry *entry = &link->late_ring[link->late_next];
    if (entry->seq != 0) {
        map_remove(&link->late, entry->key.bytes);
    }
    *entry = (struct late_entry){*key, seq};
    int added = map_add(&link->late, key->bytes, link->late_next);
    CHECK(added == 0); /* the ring and the map have the same bound */
    link->late_next = (link->late_next + 1) % LINK_LATE_MAX;
}

bool link_take_late(struct link *link, const struct pair_key *key, uint64_t *seq)
{
    uint32_t index;
    if (!map_find(&link->late, key->bytes, &index)) {
        return false;
    }
    *seq = link->late_ring[index].seq;
    link->late_ring[index].seq = 0;
    map_remove(&link->late, key->bytes);
    return true;
}

bool pair_part_agrees(const struct pair_key *a, const struct pair_key *b, unsigned part)
{
    size_t at = pair_parts[part].at;
    return memcmp(a->bytes + at, b->bytes + at, pair_parts[part].len) == 0;
}

/* 0 if the keys share no data element, else more for the nearer: how many they share outweighs the
 * class, which outweighs which of them they are. */
static uint32_t nearness(const struct pair_key *a, const struct pair_key *b)
{
    static const uint8_t weights[PAIR_PART_COUNT] = {4, 2, 1, 8};
    uint32_t count = 0;
    uint32_t weight = 0;
    for (unsigned i = 0; i < PAIR_PART_COUNT; i++) {
        bool agrees = pair_part_agrees(a, b, i);
        count += agrees && pair_parts[i].de != 0;
        weight += agrees ? weights[i] : 0;
    }
    return count == 0 ? 0 : count * 16 + weight;
}

bool link_nearest(const struct link *link, const struct pair_key *key, struct pair_key *nearest,
                  uint32_t *slot)
{
    uint32_t cursor = 0;
    uint32_t best = 0;
    uint32_t value = 0;
    const uint8_t *bytes = NULL;
    while (map_next(&link->pending, &cursor, &bytes, &value)) {
        struct pair_key other;
        memcpy(other.bytes, bytes, PAIR_KEY_LEN);
        uint32_t near = nearness(key, &other);
        bool is_nearer = near > best || (near == best && best != 0 &&
                                         memcmp(bytes, nearest->bytes, PAIR_KEY_LEN) < 0);
        if (is_nearer) {
            best = near;
            *nearest = other;
            *slot = value;
        }
    }
    return best != 0;
}

const char *link_state_name(enum link_state state)
{
    static const char *const names[] = {
        [LINK_IS_DOWN] = "down",
        [LINK_IS_CONNECTED] = "connected",
        [LINK_IS_SIGNED_ON] = "signed-on",
        [LINK_IS_DRAINING] = "draining",
    };
    return names[state];
}
