#include <stdlib.h>

#include "iso8583/dialect_entry.h"

struct dialect_parts *dialect_parts_own(struct dialect_file *file, struct iso_field_row *row)
{
    struct dialect_parts *owned = file->parts;
    while (owned != NULL && &owned->parts != row->parts) {
        owned = owned->next;
    }
    if (owned != NULL) {
        return owned;
    }
    owned = calloc(1, sizeof *owned);
    size_t count = row->parts == NULL ? 0 : row->parts->count;
    struct iso_part_row *rows = calloc(count + 8, sizeof *rows);
    if (owned == NULL || rows == NULL) {
        free(owned);
        free(rows);
        return NULL;
    }
    if (row->parts != NULL) {
        owned->parts = *row->parts;
    }
    if (count > 0) {
        memcpy(rows, row->parts->rows, count * sizeof *rows);
    }
    owned->rows = rows;
    owned->cap = (uint32_t)count + 8;
    owned->parts.rows = rows;
    owned->next = file->parts;
    file->parts = owned;
    row->parts = &owned->parts;
    return owned;
}

uint16_t dialect_parts_seek(const struct dialect_parts *owned, uint64_t tag)
{
    uint16_t index = 0;
    while (index < owned->parts.count && owned->rows[index].tag < tag) {
        index++;
    }
    return index;
}

bool dialect_parts_have(const struct dialect_parts *owned, uint64_t tag)
{
    uint16_t index = dialect_parts_seek(owned, tag);
    return index < owned->parts.count && owned->rows[index].tag == tag;
}

struct iso_field_row *dialect_parts_insert(struct dialect_parts *owned, uint64_t tag)
{
    uint16_t index = dialect_parts_seek(owned, tag);
    if (owned->parts.count == owned->cap) {
        struct iso_part_row *more = realloc(owned->rows, 2 * owned->cap * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        owned->rows = more;
        owned->parts.rows = more;
        owned->cap *= 2;
    }
    memmove(owned->rows + index + 1, owned->rows + index,
            (owned->parts.count - index) * sizeof *owned->rows);
    owned->parts.count++;
    owned->rows[index] = (struct iso_part_row){.tag = tag};
    return &owned->rows[index].row;
}

void dialect_parts_remove(struct dialect_parts *owned, uint64_t tag)
{
    uint16_t index = dialect_parts_seek(owned, tag);
    owned->parts.count--;
    memmove(owned->rows + index, owned->rows + index + 1,
            (owned->parts.count - index) * sizeof *owned->rows);
}
