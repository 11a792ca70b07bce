#include "tools/isomsg/keep.h"

#include <stdlib.h>

/* Listed, so that a leak checker sees that it is not lost. */
struct kept {
    struct kept *next;
    void *memory;
};

static struct kept *first;

void *keep(void *memory)
{
    struct kept *entry = memory == NULL ? NULL : malloc(sizeof *entry);
    if (entry == NULL) {
        free(memory);
        return NULL;
    }
    *entry = (struct kept){first, memory};
    first = entry;
    return memory;
}

void *keep_new(size_t len)
{
    return keep(calloc(1, len));
}
