/* Telling what is wrong with a script: place, line, caret, what was expected, what is near. */
#pragma once

#include "iso8583/base/source.h"
#include "tools/isotest/script.h"

/* Where errors of one script go. Beyond SOURCE_ERRORS_MAX they are only counted. */
struct teller {
    const struct script *script;
    script_report report;
    void *context;
    uint32_t count;
};

__attribute__((format(printf, 3, 4))) void teller_tell(struct teller *teller, struct spot spot,
                                                       const char *format, ...);

/* Whether enough was told to stop. */
static inline bool teller_is_full(const struct teller *teller)
{
    return teller->count >= SOURCE_ERRORS_MAX;
}

enum { HINT_LEN = 80, LIST_LEN = 400 };

/* "; did you mean 'pan'?" in @hint (HINT_LEN bytes) if one of @names is near @word, else "".
 * Returns the name or NULL. */
const char *hint_make(struct span word, const char *const *names, size_t count, char *hint);

/* "dialect, frame or match" in @list (LIST_LEN bytes), which is returned. */
const char *list_make(const char *const *names, size_t count, char *list);

/* For "%.*s": the length and bytes of a word, cut to what an error needs. */
#define WORD_FORMAT "%.*s"
#define WORD(span)  (int)((span).len < 60 ? (span).len : 60), (const char *)(span).ptr
