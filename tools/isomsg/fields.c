/* isomsg fields: a dialect's table, or the names there are. */
#include <jansson.h>
#include <stdio.h>

#include "iso8583/parts.h"
#include "tools/exit_code.h"
#include "tools/isomsg/dialect_name.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/reveal.h"

/* Forms with a + are left out: every framing has them. */
static bool is_base(const struct framing *framing)
{
    return strchr(framing->name, '+') == NULL;
}

static void names_print(void)
{
    printf("dialects");
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        printf(" %s", dialect_at(i)->name);
    }
    const char *about;
    for (size_t i = 0; tweak_at(i, &about) != NULL; i++) {
        printf("\n         +%-14s %s", tweak_at(i, &about), about);
    }
    printf(
        "\n         +DE=ROW         another row for an element: +55=LLLb255,binary,bcd\nframes  ");
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        if (is_base(framing_at(i))) {
            printf(" %s", framing_at(i)->name);
        }
    }
    printf("\n         and forms like len2+header:ISO026000050 len2+tpdu len2+etx\n");
}

static void names_json(void)
{
    json_t *dialects = json_array();
    json_t *frames = json_array();
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        (void)json_array_append_new(dialects, json_string(dialect_at(i)->name));
    }
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        (void)json_array_append_new(frames, json_string(framing_at(i)->name));
    }
    json_t *whole = json_pack("{s:o, s:o}", "dialects", dialects, "frames", frames);
    (void)json_dumpf(whole, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(whole);
}

/* "ascii  LL bcd  masked": how the value and its length are written. */
static void row_print(const char *label, const struct iso_field_row *row)
{
    static const char prefixes[] = "LLLLLL";
    char len[24];
    (void)snprintf(len, sizeof len, "%s%s%u", content_name(row->content),
                   row->prefix == 0   ? " "
                   : row->prefix <= 2 ? ".."
                                      : "...",
                   (unsigned)row->len);
    printf("%-20s %-10s %-6s", row->name == NULL ? "" : row->name, len, coding_name(row->coding));
    if (row->prefix != 0) {
        printf(" %.*s", row->prefix, prefixes);
        if (row->prefix_coding != ISO_ASCII) {
            printf(" %s", coding_name(row->prefix_coding));
        }
    }
    printf("%s%s\n", row->mask == ISO_SHOW ? "" : "  masked", label);
}

static void parts_print(const struct iso_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        char tag[ISO_PATH_LEN_MAX];
        printf("  .%-6s", parts_tag_text(parts, parts->rows[i].tag, tag, sizeof tag));
        row_print(parts->rows[i].row.parts != NULL ? "  has parts" : "", &parts->rows[i].row);
    }
}

static void rows_print(const struct iso_dialect *dialect)
{
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &dialect->field[de];
        if (row->content != ISO_NONE) {
            printf("DE%-3u ", de);
            row_print("", row);
            if (row->parts != NULL) {
                parts_print(row->parts);
            }
        }
    }
}

static void rows_json(const struct iso_dialect *dialect)
{
    json_t *fields = json_object();
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &dialect->field[de];
        char number[8];
        char text[ROW_TEXT_LEN];
        if (row->content != ISO_NONE) {
            (void)snprintf(number, sizeof number, "%u", de);
            (void)json_object_set_new(
                fields, number,
                json_pack("{s:s, s:s, s:b}", "name", row->name == NULL ? "" : row->name, "row",
                          row_text(row, text), "masked", row->mask != ISO_SHOW));
        }
    }
    json_t *whole = json_pack("{s:s, s:o}", "dialect", dialect->name, "fields", fields);
    (void)json_dumpf(whole, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(whole);
}

int fields_run(const struct options *options)
{
    const struct iso_dialect *dialect = options->dialect;
    if (options->arg_count > 0) {
        dialect = dialect_spelled(options->args[0]);
        if (dialect == NULL) {
            return dialect_is_file(options->args[0]) ? EXIT_INPUT : EXIT_CALLED_WRONG;
        }
    }
    if (dialect == NULL) {
        (options->json ? names_json : names_print)();
    } else {
        (options->json ? rows_json : rows_print)(dialect);
    }
    return EXIT_GOOD;
}
