#include "iso8583/yaml/problems.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Shorter runs are ids, amounts and times; a PAN has 13 digits, a key 16. */
enum { STARRED_RUN_LEN = 13, STARRED_SHOWN = 4 };

void problems_add(struct problems *problems, struct place place, const char *format, ...)
{
    uint32_t index = problems->count++;
    if (index >= PROBLEM_COUNT_MAX) {
        return;
    }
    struct problem *problem = &problems->item[index];
    problem->place = place;
    problem->order = index;
    va_list args;
    va_start(args, format);
    (void)vsnprintf(problem->sentence, sizeof problem->sentence, format, args);
    va_end(args);
}

/* Copy @text to @out, as many bytes, with what may be a key starred but for its first digits. */
static void copy_starred(struct span text, uint8_t *out)
{
    size_t run = 0;
    for (size_t i = 0; i < text.len; i++) {
        run = hex_value(text.ptr[i]) >= 0 ? run + 1 : 0;
        out[i] = run > STARRED_RUN_LEN ? '*' : text.ptr[i];
        if (run == STARRED_RUN_LEN) {
            size_t starred = STARRED_RUN_LEN - STARRED_SHOWN;
            memset(out + i + 1 - starred, '*', starred);
        }
    }
}

const char *problem_quote(struct span text, char out[QUOTE_LEN])
{
    uint8_t starred[256];
    struct span shown = span_first(text, sizeof starred);
    copy_starred(shown, starred);
    size_t len = shown.len < QUOTE_LEN - 1 ? shown.len : QUOTE_LEN - 1;
    for (size_t i = 0; i < len; i++) {
        out[i] = (char)(starred[i] >= 0x20 && starred[i] < 0x7F ? starred[i] : '?');
    }
    out[len] = '\0';
    if (len < text.len) {
        memcpy(out + QUOTE_LEN - 4, "...", 4);
    }
    return out;
}

static int problem_compare(const void *a, const void *b)
{
    const struct problem *left = a;
    const struct problem *right = b;
    if (left->place.line != right->place.line) {
        return left->place.line < right->place.line ? -1 : 1;
    }
    if (left->place.col != right->place.col) {
        return left->place.col < right->place.col ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

int problems_tell(struct problems *problems, struct span text, const char *name,
                  source_report report, void *context)
{
    uint32_t count = problems->count < PROBLEM_COUNT_MAX ? problems->count : PROBLEM_COUNT_MAX;
    if (count == 0) {
        return 0;
    }
    uint8_t *starred = malloc(text.len + 1);
    if (starred == NULL) {
        return ERR_MEMORY;
    }
    copy_starred(text, starred);
    qsort(problems->item, count, sizeof problems->item[0], problem_compare);
    for (uint32_t i = 0; i < count; i++) {
        /* A source each: the limit of errors that a source has is not this file's. */
        struct source source = {name, span_make(starred, text.len), report, context, 0};
        source_error(&source, problems->item[i].place, "%s", problems->item[i].sentence);
    }
    free(starred);
    return ERR_CONFIG;
}
