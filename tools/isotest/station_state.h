/* What a station is made of, for the files that make it up: station.c opens it, value.c, compose.c,
 * draft.c and compose.c, card.c and chip.c, crypt.c and judge.c work on
 * it. */
#pragma once

#include "tools/isotest/crypt.h"
#include "tools/isotest/station.h"

enum {
    ADDRESS_LEN_MAX = 128,
    CLOCK_LEN = 10,      /* MMDDhhmmss */
    STATION_ROOM = 2048, /* constant values of its declaration */
};

/* A line of the declaration, its bytes if they are always the same. */
struct fixed_line {
    const struct field_line *line;
    struct span bytes;
    bool is_constant;
};

struct station {
    const struct peer_decl *decl;
    const struct script *script;
    uint32_t index;
    uint32_t stan;   /* of the next message */
    int64_t clock_s; /* the second that @clock shows */
    uint8_t clock[CLOCK_LEN];
    struct crypt crypt;
    struct card_state *cards;
    uint32_t card_count;
    struct fixed_line *lines;
    uint32_t line_count;
    char address[ADDRESS_LEN_MAX];
    uint8_t room[STATION_ROOM];
    size_t room_len;
    void (*tell)(void *context, const char *line);
    void *tell_context;
};

/* Fill @fault (may be NULL). */
void fault_set(struct fault *fault, struct spot spot, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* One line to whoever asked for explanations. */
void station_tell(const struct station *station, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- value.c ---------------------------------------------------------------------------------- */

/* Nothing was written there. */
static inline bool value_is_absent(const struct value *value)
{
    return value->parts == NULL && value->bytes.len == 0 && value->kind <= VALUE_BYTES;
}

/* The check found out all there is to it: its bytes are value->bytes. */
static inline bool value_bytes_known(const struct value *value)
{
    return value->kind == VALUE_BYTES || (value->kind == VALUE_AMOUNT && value->bytes.len != 0);
}

/* True if the value is the same in every message of a station. */
bool value_is_constant(const struct value *value);

/* As value_eval(); hex digits that a template gives always become bytes. */
MUST_USE int value_eval_binary(const struct value *value, const struct scope *scope,
                               struct writer *out, struct span *result, struct span *missing);

/* As value_eval(), and says in @fault what is wrong. */
MUST_USE int value_need(const struct value *value, const struct scope *scope,
                        const struct iso_dialect *dialect, unsigned de, struct writer *out,
                        struct span *result, struct fault *fault);

/* The next number of the run's generator. */
uint64_t random_next(uint64_t *state);

/* --- judge.c ---------------------------------------------------------------------------------- */

/* @value of what @path names as people may see it: masked as the dialect says, tags as hex. */
const char *path_show(const struct iso_dialect *dialect, const struct path *path, struct span value,
                      char *buf, size_t cap);

/* "39", "55.9F26", "mti". */
const char *path_text(const struct path *path, char *buf, size_t cap);
