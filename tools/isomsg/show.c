#include "tools/isomsg/show.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "iso8583/tlv.h"

enum { ROW_LEN = 16, DE_EMV = 55, UNREAD_SHOWN = 4 };

/* --- field values ------------------------------------------------------------------------------
 */

/* EMV tags that hold what DE2, DE35 or a name hold. To hide another: a row. */
static const uint32_t tags_hidden[] = {0x5A,   0x57,   0x56,   0x5F20, 0x9F0B,
                                       0x9F1F, 0x9F20, 0x9F6B, 0x99};

static bool tag_is_hidden(uint32_t tag)
{
    for (size_t i = 0; i < ARRAY_COUNT(tags_hidden); i++) {
        if (tags_hidden[i] == tag) {
            return true;
        }
    }
    return false;
}

/* Elements within elements are not looked into: a template is hidden whole. */
static bool tag_is_constructed(uint32_t tag)
{
    while (tag > 0xFF) {
        tag >>= 8;
    }
    return (tag & 0x20) != 0;
}

/* DE55 as hex, with stars for the values of hidden tags; what does not parse is all stars. (A
 * dialect's row masks it whole, as a log must; here the harmless tags are what one looks for.) */
static void emv_show(struct span value, char *out)
{
    hex_encode(value, (uint8_t *)out);
    out[2 * value.len] = '\0';
    struct reader in = reader_make(value);
    struct tlv tlv;
    int result = 1;
    size_t read_len = 0;
    while ((result = tlv_next(&in, &tlv)) == 1) {
        size_t at = (size_t)(tlv.value.ptr - value.ptr);
        if (tag_is_hidden(tlv.tag) || tag_is_constructed(tlv.tag)) {
            memset(out + 2 * at, '*', 2 * tlv.value.len);
        }
        read_len = reader_offset(&in);
    }
    if (result < 0) {
        memset(out + 2 * read_len, '*', 2 * (value.len - read_len));
    }
}

/* The value without masks: text as it is (other bytes as dots), bytes as hex. */
static void plain_show(const struct iso_field_row *row, struct span value, char *out)
{
    if (row->content == ISO_B) {
        hex_encode(value, (uint8_t *)out);
        out[2 * value.len] = '\0';
        return;
    }
    for (size_t i = 0; i < value.len; i++) {
        out[i] = (char)(value.ptr[i] >= 0x20 && value.ptr[i] < 0x7F ? value.ptr[i] : '.');
    }
    out[value.len] = '\0';
}

static const char *field_show(const struct show *show, unsigned de, char out[SHOW_LEN_MAX])
{
    const struct iso_field_row *row = &show->dialect->field[de];
    struct span value = iso_get(show->msg, de);
    if (2 * value.len + 1 > SHOW_LEN_MAX) {
        return "(too long)";
    }
    if (show->unmask) {
        plain_show(row, value, out);
    } else if (de == DE_EMV && row->content == ISO_B) {
        emv_show(value, out);
    } else {
        (void)iso_show(show->msg, show->dialect, de, out, SHOW_LEN_MAX);
    }
    return out;
}

/* --- bytes around an error ---------------------------------------------------------------------
 */

/* The field that byte @at of the wire belongs to, 0: MTI, bitmap, or what was not read. */
static unsigned field_at(const struct show *show, size_t at)
{
    unsigned found = 0;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (iso_has(show->msg, de) && show->msg->field[de].at != 0 &&
            show->msg->field[de].at <= at) {
            found = de;
        }
    }
    return found;
}

static bool byte_is_hidden(const struct show *show, size_t at)
{
    if (show->unmask) {
        return false;
    }
    size_t error_at = show->error->at;
    unsigned de = at < error_at ? field_at(show, at) : show->error->de;
    if (de > 1 && (show->dialect->field[de].mask != ISO_SHOW || de == DE_EMV)) {
        return true;
    }
    return at >= error_at + UNREAD_SHOWN;
}

static void row_print(const struct show *show, size_t row)
{
    char text[ROW_LEN + 1] = "";
    printf("  %04zx ", row);
    for (size_t i = 0; i < ROW_LEN; i++) {
        size_t at = row + i;
        if (at >= show->wire.len) {
            printf("   ");
        } else if (byte_is_hidden(show, at)) {
            printf(" **");
            text[i] = '*';
        } else {
            uint8_t byte = show->wire.ptr[at];
            printf(" %02X", byte);
            text[i] = (char)(byte >= 0x20 && byte < 0x7F ? byte : '.');
        }
    }
    printf("  %s\n", text);
}

static void error_print(const struct show *show)
{
    char text[ISO_TEXT_LEN_MAX];
    printf("! %s\n", iso_error_text(show->error, show->dialect, text, sizeof text));
    size_t row = show->error->at / ROW_LEN * ROW_LEN;
    if (row >= ROW_LEN) {
        row_print(show, row - ROW_LEN);
    }
    row_print(show, row);
    printf("%*s^^\n", (int)(8 + 3 * (show->error->at - row)), "");
}

/* --- whole messages ----------------------------------------------------------------------------
 */

void show_text(const struct show *show)
{
    char value[SHOW_LEN_MAX];
    const struct iso_msg *msg = show->msg;
    printf("%04X", msg->mti);
    if (show->error == NULL) { /* Else the message knows only of what was read. */
        printf("  bitmap %016" PRIX64, msg->present[0]);
        if (msg->present[1] != 0) {
            printf("%016" PRIX64, msg->present[1]);
        }
    }
    printf("  fields");
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (iso_has(msg, de)) {
            printf(" %u", de);
        }
    }
    printf("\n");
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const char *name = show->dialect->field[de].name;
        if (iso_has(msg, de)) {
            printf("  DE%-3u %-16s %s\n", de, name == NULL ? "" : name,
                   field_show(show, de, value));
        }
    }
    if (show->error != NULL) {
        error_print(show);
    }
}

void show_json(const struct show *show)
{
    char value[SHOW_LEN_MAX];
    char number[8];
    json_t *fields = json_object();
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (iso_has(show->msg, de)) {
            (void)snprintf(number, sizeof number, "%u", de);
            (void)json_object_set_new(fields, number, json_string(field_show(show, de, value)));
        }
    }
    (void)snprintf(number, sizeof number, "%04X", show->msg->mti);
    json_t *whole = json_pack("{s:i, s:s, s:o}", "v", 1, "mti", number, "fields", fields);
    if (show->error != NULL) {
        char text[ISO_TEXT_LEN_MAX];
        (void)json_object_set_new(
            whole, "error",
            json_pack("{s:i, s:i, s:s, s:s}", "de", (int)show->error->de, "at",
                      (int)show->error->at, "code", err_name(show->error->code), "text",
                      iso_error_text(show->error, show->dialect, text, sizeof text)));
    }
    (void)json_dumpf(whole, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(whole);
}
