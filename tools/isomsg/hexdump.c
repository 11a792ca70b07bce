#include "tools/isomsg/hexdump.h"

#include <stdio.h>

enum { ROW_LEN = 16, UNREAD_SHOWN = 4, CARET_MAX = 8 };

/* The element that byte @at of the wire belongs to, 0: MTI, bitmap, or what was not read. */
static unsigned field_at(const struct reveal *reveal, size_t at)
{
    unsigned found = 0;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (iso_has(reveal->msg, de) && reveal->msg->field[de].at != 0 &&
            reveal->msg->field[de].at <= at) {
            found = de;
        }
    }
    return found;
}

static bool byte_is_hidden(const struct reveal *reveal, const struct iso_error *error, size_t at)
{
    if (reveal->unmask) {
        return false;
    }
    unsigned de = at < error->at ? field_at(reveal, at) : error->de;
    bool has_parts = de > 1 && parts_of(&reveal->dialect->field[de], de) != NULL;
    bool has_stars = de > 1 && at < error->at && iso_has(reveal->msg, de) &&
                     strchr(reveal_field(reveal, de), '*') != NULL;
    return has_parts || has_stars || at >= error->at + (size_t)UNREAD_SHOWN ||
           !reveal_shows(reveal, de, at);
}

static void row_print(const struct reveal *reveal, const struct iso_error *error, size_t row)
{
    char text[ROW_LEN + 1] = "";
    printf("  %04zx ", row);
    for (size_t i = 0; i < ROW_LEN; i++) {
        size_t at = row + i;
        if (at >= reveal->wire.len) {
            printf("   ");
        } else if (byte_is_hidden(reveal, error, at)) {
            printf(" **");
            text[i] = '*';
        } else {
            uint8_t byte = reveal->wire.ptr[at];
            printf(" %02X", byte);
            text[i] = (char)(byte >= 0x20 && byte < 0x7F ? byte : '.');
        }
    }
    printf("  %s\n", text);
}

/* The carets stand under all bytes that were wanted and are there, or the one at fault. */
static size_t caret_count(const struct reveal *reveal, const struct iso_error *error)
{
    size_t count = error->code == ERR_TRUNCATED && error->path[0] == '\0' ? error->got : 1;
    size_t room = ROW_LEN - error->at % ROW_LEN;
    size_t left = error->at < reveal->wire.len ? reveal->wire.len - error->at : 0;
    count = count < room ? count : room;
    count = count < left ? count : left;
    return count == 0 ? 1 : count < CARET_MAX ? count : CARET_MAX;
}

void error_bytes_print(const struct reveal *reveal, const struct iso_error *error)
{
    size_t row = error->at / ROW_LEN * ROW_LEN;
    if (row >= ROW_LEN) {
        row_print(reveal, error, row - ROW_LEN);
    }
    row_print(reveal, error, row);
    printf("%*s", (int)(8 + 3 * (error->at - row)), "");
    for (size_t i = 0, count = caret_count(reveal, error); i < count; i++) {
        printf(i + 1 < count ? "^^^" : "^^\n");
    }
}
