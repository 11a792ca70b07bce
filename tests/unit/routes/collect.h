/* Collects what a reader reports, one report after the other with a newline behind each. */
#pragma once

#include <stdio.h>
#include <string.h>

struct collected {
    char text[32768];
    unsigned count;
};

static inline void collect(void *context, const char *text)
{
    struct collected *collected = context;
    size_t len = strlen(collected->text);
    (void)snprintf(collected->text + len, sizeof collected->text - len, "%s\n", text);
    collected->count++;
}

/* Append @added to @text, an array of @cap bytes. */
static inline void text_append(char *text, size_t cap, const char *added)
{
    size_t len = strlen(text);
    (void)snprintf(text + len, cap - len, "%s", added);
}
