#include "iso8583/dialect.h"

#include <string.h>

#include "iso8583/dialects/dialects.h"

/* To add a built-in dialect: its file in dialects/, its declaration in dialects/dialects.h, and one
 * row here. */
static const struct iso_dialect *const dialects[] = {
    &iso87_ascii,
    &iso87_asciihex,
    &iso87_bcd,
};

const struct iso_dialect *dialect_at(size_t index)
{
    return index < ARRAY_COUNT(dialects) ? dialects[index] : NULL;
}

const struct iso_dialect *dialect_find(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(dialects); i++) {
        if (strcmp(dialects[i]->name, name) == 0) {
            return dialects[i];
        }
    }
    return NULL;
}
