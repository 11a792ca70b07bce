#include "tools/isotest/names.h"

enum { CAPACITY_FIRST = 64 };

/* FNV-1a: names are short, and nobody attacks his own script. */
static uint32_t hash(struct span name)
{
    uint64_t sum = 14695981039346656037u;
    for (size_t i = 0; i < name.len; i++) {
        sum = (sum ^ name.ptr[i]) * 1099511628211u;
    }
    return (uint32_t)(sum ^ sum >> 32);
}

/* Where @name is, or the free slot where it would be. */
static struct name_slot *place(const struct names *names, struct span name)
{
    uint32_t at = hash(name) & (names->capacity - 1);
    while (names->slots[at].name.ptr != NULL && !span_equal(names->slots[at].name, name)) {
        at = (at + 1) & (names->capacity - 1);
    }
    return &names->slots[at];
}

static bool grow(struct names *names)
{
    struct names larger = *names;
    larger.capacity = names->capacity == 0 ? CAPACITY_FIRST : names->capacity * 2;
    larger.slots = arena_array(names->arena, larger.capacity, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return false;
    }
    for (uint32_t i = 0; i < names->capacity; i++) {
        if (names->slots[i].name.ptr != NULL) {
            *place(&larger, names->slots[i].name) = names->slots[i];
        }
    }
    *names = larger;
    return true;
}

void *names_add(struct names *names, struct span name, void *thing)
{
    CHECK(thing != NULL && name.ptr != NULL);
    if (names->count >= names->capacity / 2 && !grow(names)) {
        return NULL;
    }
    struct name_slot *slot = place(names, name);
    if (slot->name.ptr != NULL) {
        return slot->thing;
    }
    *slot = (struct name_slot){name, thing};
    names->count++;
    return NULL;
}

void *names_find(const struct names *names, struct span name)
{
    return names->capacity == 0 || name.ptr == NULL ? NULL : place(names, name)->thing;
}

/* A number as a thing: from 1, since NULL is none. */
static void *number_thing(uint32_t number)
{
    return (void *)((uintptr_t)number + 1);
}

static uint32_t thing_number(const void *thing)
{
    return (uint32_t)((uintptr_t)thing - 1);
}

uint32_t slots_take(struct slots *slots, struct span name)
{
    void *known = names_add(&slots->names, name, number_thing(slots->count));
    if (known != NULL) {
        return thing_number(known);
    }
    if (slots->count == slots->cap) {
        uint32_t cap = slots->cap == 0 ? CAPACITY_FIRST : slots->cap * 2;
        struct span *array = arena_array(slots->names.arena, cap, sizeof *array);
        if (array == NULL) {
            return 0;
        }
        if (slots->count > 0) {
            memcpy(array, slots->array, slots->count * sizeof *array);
        }
        slots->array = array;
        slots->cap = cap;
    }
    slots->array[slots->count] = name;
    return slots->count++;
}

uint32_t slots_find(const struct slots *slots, struct span name)
{
    const void *thing = names_find(&slots->names, name);
    return thing == NULL ? SLOT_NONE : thing_number(thing);
}
