/* Problems of one text, collected and then told in the text's order, whatever the order of the
 * checks was. Told by routes/source.h: place, sentence, line, caret. Long runs of hex digits (keys)
 * are starred wherever the text is quoted. */
#pragma once

#include "iso8583/base/source.h"

enum { PROBLEM_COUNT_MAX = 50, PROBLEM_LEN_MAX = 448, QUOTE_LEN = 48 };

struct problem {
    struct place place;
    uint32_t order;
    char sentence[PROBLEM_LEN_MAX];
};

struct problems {
    uint32_t count; /* found, also those above the maximum that were not kept */
    struct problem item[PROBLEM_COUNT_MAX];
};

/* Add a sentence at @place. */
void problems_add(struct problems *problems, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Report all, sorted by place, as of @text with the name @name. Returns 0 if there are none,
 * ERR_CONFIG, or ERR_MEMORY. */
MUST_USE int problems_tell(struct problems *problems, struct span text, const char *name,
                           source_report report, void *context);

/* @text as it may stand between quotes in a sentence: keys starred, other bytes than printable
 * ASCII as '?', cut with "...". Writes QUOTE_LEN bytes at most with a NUL; returns @out. */
const char *problem_quote(struct span text, char out[QUOTE_LEN]);
