#include "tools/isomsg/reading.h"

#include <stdio.h>

#include "iso8583/coding.h"
#include "iso8583/parts.h"
#include "iso8583/prefix.h"
#include "tools/isomsg/reveal.h"

/* Where byte @at of the value of DE @de stands in @wire: in the value itself, or where it was
 * converted, in what it was converted from. */
static size_t place_of(const struct iso_dialect *dialect, struct span wire,
                       const struct iso_msg *msg, unsigned de, size_t at)
{
    const struct iso_field_row *row = &dialect->field[de];
    struct span value = iso_get(msg, de);
    size_t place = msg->field[de].at + prefix_width(row->prefix_coding, row->prefix) +
                   coding_wire_len(row, at);
    if (value.ptr >= wire.ptr && value.ptr + value.len <= wire.ptr + wire.len) {
        place = (size_t)(value.ptr - wire.ptr) + at;
    }
    return place < UINT16_MAX ? place : UINT16_MAX;
}

int message_parts_check(const struct iso_dialect *dialect, struct span wire,
                        const struct iso_msg *msg, struct writer *scratch, struct iso_error *error)
{
    size_t scratch_len = scratch->len;
    int result = 0;
    for (unsigned de = 2; de <= ISO_DE_MAX && result == 0; de++) {
        struct iso_field_row row = dialect->field[de];
        row.parts = iso_has(msg, de) ? parts_of(&dialect->field[de], de) : NULL;
        if (row.parts == NULL) {
            continue;
        }
        *error = (struct iso_error){0};
        result = parts_check(&row, iso_get(msg, de), scratch, NULL, error);
        scratch->len = scratch_len;
        scratch->overflow = false;
        if (result < 0) {
            error->code = result;
            error->de = (uint8_t)de;
            error->at = (uint16_t)place_of(dialect, wire, msg, de, error->at);
            if (error->path[0] == '\0') {
                (void)snprintf(error->path, sizeof error->path, "?");
            }
        }
    }
    return result;
}

int message_read(const struct iso_dialect *dialect, struct span wire, struct writer *scratch,
                 struct iso_msg *msg, struct iso_error *error)
{
    int result = iso_decode(dialect, wire, scratch, msg, error);
    if (result < 0) {
        iso_blame(dialect, wire, msg, scratch, error);
        return result;
    }
    return message_parts_check(dialect, wire, msg, scratch, error);
}
