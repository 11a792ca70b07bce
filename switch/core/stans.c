#include "switch/core/stans.h"

#include <string.h>

#include "iso8583/base/check.h"

void stans_init(struct stans *stans, uint32_t first, uint32_t last)
{
    CHECK(first >= 1 && first <= last && last <= STAN_LAST);
    memset(stans, 0, sizeof *stans);
    stans->first = first;
    stans->last = last;
    stans->next = first;
}

static bool is_held(const struct stans *stans, uint32_t stan)
{
    return (stans->bits[stan / 64] >> stan % 64 & 1u) != 0;
}

uint32_t stans_draw(struct stans *stans)
{
    uint32_t range = stans->last - stans->first + 1;
    if (stans->used >= range) {
        return 0;
    }
    while (is_held(stans, stans->next)) {
        stans->next = stans->next == stans->last ? stans->first : stans->next + 1;
    }
    uint32_t stan = stans->next;
    stans->next = stan == stans->last ? stans->first : stan + 1;
    stans_hold(stans, stan);
    return stan;
}

void stans_hold(struct stans *stans, uint32_t stan)
{
    if (stan >= stans->first && stan <= stans->last && !is_held(stans, stan)) {
        stans->bits[stan / 64] |= 1ull << stan % 64;
        stans->used++;
    }
}

void stans_free(struct stans *stans, uint32_t stan)
{
    if (stan >= stans->first && stan <= stans->last && is_held(stans, stan)) {
        stans->bits[stan / 64] &= ~(1ull << stan % 64);
        stans->used--;
    }
}
