/* isomsg fields: a dialect's table, or the names there are. */
#include <stdio.h>

#include "tools/exit_code.h"
#include "tools/isomsg/options.h"

static const char *const content_names[] = {
    [ISO_NONE] = "-",  [ISO_N] = "n", [ISO_A] = "a", [ISO_AN] = "an",
    [ISO_ANS] = "ans", [ISO_B] = "b", [ISO_Z] = "z", [ISO_XN] = "x+n",
};
static const char *const coding_names[] = {
    [ISO_ASCII] = "ascii", [ISO_BCD] = "bcd", [ISO_BINARY] = "binary", [ISO_HEX] = "hex"};

static void names_print(void)
{
    printf("dialects");
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        printf(" %s", dialect_at(i)->name);
    }
    printf("\nframes  ");
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        if (strchr(framing_at(i)->name, '+') == NULL) {
            printf(" %s", framing_at(i)->name);
        }
    }
    printf("\n         and forms like len2+header:ISO026000050 len2+tpdu len2+etx\n");
}

int fields_run(const struct options *options)
{
    if (options->dialect == NULL) {
        names_print();
        return EXIT_GOOD;
    }
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &options->dialect->field[de];
        if (row->content == ISO_NONE) {
            continue;
        }
        char len[16];
        (void)snprintf(len, sizeof len, "%s%s%u", content_names[row->content],
                       row->prefix == 0   ? " "
                       : row->prefix == 2 ? ".."
                                          : "...",
                       (unsigned)row->len);
        printf("DE%-3u %-20s %-10s %-6s", de, row->name, len, coding_names[row->coding]);
        if (row->prefix != 0) {
            printf(" %s%s", row->prefix == 2 ? "LL" : "LLL",
                   row->prefix_coding == ISO_BCD ? " bcd" : "");
        }
        printf("%s\n", row->mask == ISO_SHOW ? "" : "  masked");
    }
    return EXIT_GOOD;
}
