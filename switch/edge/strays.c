#include "switch/edge/strays.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/check.h"

struct stray_seen {
    int64_t wall_ms;
    struct stray stray;
};

struct stray_ring {
    uint64_t count; /* ever */
    struct stray_seen seen[STRAYS_MAX];
};

struct strays {
    uint32_t link_count;
    struct stray_ring rings[];
};

struct strays *strays_new(uint32_t link_count)
{
    struct strays *strays = calloc(1, sizeof *strays + link_count * sizeof strays->rings[0]);
    if (strays != NULL) {
        strays->link_count = link_count;
    }
    return strays;
}

void strays_free(struct strays *strays)
{
    free(strays);
}

void strays_add(struct strays *strays, const struct stray *stray, int64_t wall_ms)
{
    CHECK(stray->link < strays->link_count);
    struct stray_ring *ring = &strays->rings[stray->link];
    ring->seen[ring->count++ % STRAYS_MAX] = (struct stray_seen){wall_ms, *stray};
}

/* An issuer's text may be any bytes; JSON and terminals of staff take printable ones. */
static json_t *text_json(const char *text)
{
    char printable[16];
    size_t len = strnlen(text, sizeof printable - 1);
    for (size_t i = 0; i < len; i++) {
        printable[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
    return json_stringn(printable, len);
}

static json_t *difference_json(const struct stray_difference *difference)
{
    char field[8];
    snprintf(field, sizeof field, difference->de == 0 ? "MTI" : "DE%u", difference->de);
    return json_pack("{s:s,s:o,s:o}", "field", field, "expected", text_json(difference->expected),
                     "got", text_json(difference->got));
}

static json_t *stray_json(const struct stray_seen *seen)
{
    const struct stray *stray = &seen->stray;
    char mti[5];
    json_t *differs = json_array();
    snprintf(mti, sizeof mti, "%04X", stray->mti);
    for (uint32_t i = 0; i < stray->differ_count; i++) {
        json_array_append_new(differs, difference_json(&stray->differs[i]));
    }
    json_t *out = json_pack("{s:I,s:s,s:o,s:o,s:o,s:o}", "at_ms", (json_int_t)seen->wall_ms, "mti",
                            mti, "stan", text_json(stray->stan), "rrn", text_json(stray->rrn),
                            "code", text_json(stray->code), "differs", differs);
    if (stray->near_seq != 0) {
        json_object_set_new(out, "near",
                            json_pack("{s:I,s:o,s:o}", "seq", (json_int_t)stray->near_seq, "stan",
                                      text_json(stray->near_stan), "rrn",
                                      text_json(stray->near_rrn)));
    }
    return out;
}

json_t *strays_json(const struct strays *strays, uint16_t link)
{
    CHECK(link < strays->link_count);
    const struct stray_ring *ring = &strays->rings[link];
    json_t *list = json_array();
    for (uint64_t i = 0; i < STRAYS_MAX && i < ring->count; i++) {
        json_array_append_new(list, stray_json(&ring->seen[(ring->count - 1 - i) % STRAYS_MAX]));
    }
    return list;
}
