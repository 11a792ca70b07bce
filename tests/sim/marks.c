#include "tests/sim/marks.h"

#include <stdio.h>

#include "iso8583/base/check.h"

static uint64_t counts[MARK_COUNT][KIND_COUNT];
static uint64_t world_counts[WORLD_MARK_COUNT];

/* What cannot happen, so is not asked for: a balance moves no money. */
static const struct {
    enum mark what;
    enum mark_kind kind;
} impossible[] = {
    {MARK_PARTIAL, KIND_balance},         {MARK_CLOSED_UNKNOWN, KIND_balance},
    {MARK_PRESENTED, KIND_balance},       {MARK_NETTED, KIND_balance},
    {MARK_PRESENTED, KIND_authorization}, {MARK_NETTED, KIND_authorization},
    {MARK_CLOSED_MARKED, KIND_balance},   {MARK_ANSWER_LOST, KIND_balance},
};

void mark(enum mark_kind kind, enum mark what)
{
    counts[what][kind]++;
}

void mark_world(enum mark_world what)
{
    world_counts[what]++;
}

static const char *mark_text(enum mark what)
{
    static const char *const texts[] = {
#define MARK_TEXT(name, text) [MARK_##name] = text,
        MARK_MAP(MARK_TEXT)
#undef MARK_TEXT
    };
    return texts[what];
}

static const char *mark_world_text(enum mark_world what)
{
    static const char *const texts[] = {
#define MARK_WORLD_TEXT(name, text) [WORLD_##name] = text,
        MARK_WORLD_MAP(MARK_WORLD_TEXT)
#undef MARK_WORLD_TEXT
    };
    return texts[what];
}

static const char *kind_text(enum mark_kind kind)
{
    static const char *const texts[] = {
#define KIND_TEXT(name) [KIND_##name] = #name,
        MARK_KIND_MAP(KIND_TEXT)
#undef KIND_TEXT
    };
    return texts[kind];
}

void marks_print(void)
{
    printf("%-36s", "reached");
    for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
        printf(" %13s", kind_text((enum mark_kind)kind));
    }
    printf("\n");
    for (unsigned what = 0; what < MARK_COUNT; what++) {
        printf("%-36s", mark_text((enum mark)what));
        for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
            printf(" %13llu", (unsigned long long)counts[what][kind]);
        }
        printf("\n");
    }
    for (unsigned what = 0; what < WORLD_MARK_COUNT; what++) {
        printf("%-42s %7llu\n", mark_world_text((enum mark_world)what),
               (unsigned long long)world_counts[what]);
    }
}

static bool is_impossible(enum mark what, enum mark_kind kind)
{
    for (size_t i = 0; i < ARRAY_COUNT(impossible); i++) {
        if (impossible[i].what == what && impossible[i].kind == kind) {
            return true;
        }
    }
    return false;
}

bool marks_complete(void)
{
    bool complete = true;
    for (unsigned what = 0; what < MARK_COUNT; what++) {
        for (unsigned kind = 0; kind < KIND_COUNT; kind++) {
            if (counts[what][kind] == 0 && !is_impossible((enum mark)what, (enum mark_kind)kind)) {
                printf("never reached: %s: %s\n", kind_text((enum mark_kind)kind),
                       mark_text((enum mark)what));
                complete = false;
            }
        }
    }
    for (unsigned what = 0; what < WORLD_MARK_COUNT; what++) {
        if (world_counts[what] == 0) {
            printf("never reached: %s\n", mark_world_text((enum mark_world)what));
            complete = false;
        }
    }
    return complete;
}
