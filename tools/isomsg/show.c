#include "tools/isomsg/show.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/isomsg/hexdump.h"
#include "tools/isomsg/meaning.h"
#include "tools/isomsg/reading.h"

enum { WIRE_LEN_MAX = UINT16_MAX };

struct show show_decode(const struct iso_dialect *dialect, struct span wire, bool unmask)
{
    static uint8_t scratch[READING_SCRATCH_LEN(WIRE_LEN_MAX)];
    static struct iso_msg msg;
    static struct iso_error error;
    static uint8_t touched[WIRE_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    iso_init(&msg, 0);
    int result = message_read(dialect, wire, &room, &msg, &error);
    struct show show = {
        .reveal = {.dialect = dialect,
                   .msg = &msg,
                   .wire = wire,
                   .is_bad = result < 0 && error.path[0] == '\0',
                   .unmask = unmask},
        .error = result < 0 ? &error : NULL,
    };
    if (result < 0 && wire.len <= sizeof touched) {
        reveal_look(&show.reveal, touched);
    }
    return show;
}

/* --- elements ----------------------------------------------------------------------------------
 */

struct tree {
    const struct show *show;
    unsigned de;
    unsigned count;
    char mark;
};

static void part_count(void *context, const struct part_visit *at)
{
    struct tree *tree = context;
    tree->count += at->depth == 0;
}

static void part_print(void *context, const struct part_visit *at)
{
    const struct tree *tree = context;
    const struct reveal *reveal = &tree->show->reveal;
    const struct iso_part *part = &at->part;
    char words[MEANING_LEN] = "";
    const char *name = part->known && part->row->name != NULL ? part->row->name : "";
    if (at->parts->layout == ISO_BER && part->tag <= UINT32_MAX) {
        const struct chip_tag *tag = chip_tag_find((uint32_t)part->tag);
        name = tag != NULL ? tag->name : name;
        (void)chip_meaning((uint32_t)part->tag, part->value, words);
    }
    bool has_parts = part->row != NULL && part->row->parts != NULL;
    const char *text = has_parts ? "" : reveal_part(reveal, tree->de, at->parts, part);
    bool is_told = words[0] != '\0' && strchr(text, '*') == NULL;
    printf("%c %*s%-9s %-*s %s%s%s\n", tree->mark, (int)(4 + 2 * at->depth), "",
           strrchr(at->path, '.') == NULL ? at->path : strrchr(at->path, '.') + 1,
           30 - (int)(2 * at->depth), name[0] == '\0' ? "?" : name, text, is_told ? "  " : "",
           is_told ? words : "");
}

void show_field(const struct show *show, unsigned de, char mark)
{
    const struct reveal *reveal = &show->reveal;
    const struct iso_field_row *row = &reveal->dialect->field[de];
    char words[MEANING_LEN] = "";
    const char *name = row->name == NULL ? "" : row->name;
    struct tree tree = {show, de, 0, mark};
    bool has_parts = parts_of(row, de) != NULL && iso_get(reveal->msg, de).len != 0 &&
                     parts_visit(reveal, de, part_count, &tree) == 0;
    if (!has_parts) {
        const char *text = reveal_field(reveal, de);
        bool is_told =
            strchr(text, '*') == NULL && field_meaning(reveal->msg, de, words)[0] != '\0';
        printf("%c DE%-3u %-16s %s%s%s\n", mark, de, name, text, is_told ? "  " : "",
               is_told ? words : "");
        return;
    }
    printf("%c DE%-3u %-16s %zu bytes, %u parts\n", mark, de, name, iso_get(reveal->msg, de).len,
           tree.count);
    (void)parts_visit(reveal, de, part_print, &tree);
}

/* --- errors ------------------------------------------------------------------------------------
 */

/* The elements of @msg from @from on that are in @state, as numbers; nothing if there are none. */
static void states_print(const struct iso_msg *msg, unsigned from, enum iso_state state,
                         const char *text)
{
    bool is_first = true;
    for (unsigned de = from; de <= ISO_DE_MAX; de++) {
        if (iso_state(msg, de) == state) {
            printf("%s%u", is_first ? text : " ", de);
            is_first = false;
        }
    }
    printf(is_first ? "" : "\n");
}

static void error_print(const struct show *show)
{
    const struct iso_error *error = show->error;
    const struct iso_msg *msg = show->reveal.msg;
    const struct iso_dialect *dialect = show->reveal.dialect;
    char text[ISO_TEXT_LEN_MAX];
    /* The likely cause has a line of its own below. */
    const char *whole = iso_error_text(error, dialect, text, sizeof text);
    const char *cause = strstr(whole, "; likely cause");
    printf("! %.*s\n", (int)(cause == NULL ? strlen(whole) : (size_t)(cause - whole)), whole);
    error_bytes_print(&show->reveal, error);
    if (error->path[0] != '\0') {
        printf("all elements decoded; this is inside DE%u\n", error->de);
    } else if (error->de > 1 && (error->code != ERR_TRAILING || error->culprit > 1)) {
        printf(error->code == ERR_TRAILING ? "everything up to DE%u decoded"
                                           : "everything before DE%u decoded",
               error->de);
        if (error->culprit > 1) {
            const char *name = dialect->field[error->culprit].name;
            printf("; likely cause: the length of DE%u%s%s at byte %u", error->culprit,
                   name == NULL ? "" : " ", name == NULL ? "" : name, error->culprit_at);
        }
        printf("\n");
    }
    states_print(msg, 2, ISO_STATE_DOUBT, "read behind it, and in doubt: DE ");
    states_print(msg, error->de + 1u, ISO_STATE_BAD, "bad behind it, too: DE ");
    states_print(msg, 2, ISO_STATE_UNREAD, "not read: DE ");
}

/* --- whole messages ----------------------------------------------------------------------------
 */

void show_text(const struct show *show)
{
    const struct iso_msg *msg = show->reveal.msg;
    char kind[MEANING_LEN];
    printf("%04X", msg->mti);
    if (mti_meaning(msg->mti, kind)[0] != '\0') {
        printf("  %s", kind);
    }
    if (!show->reveal.is_bad) { /* Else the message knows only of what was read. */
        printf("  bitmap %016" PRIX64, msg->present[0]);
        for (size_t i = 1; i < ISO_BITMAPS; i++) {
            if (msg->present[i] != 0) {
                printf("%016" PRIX64, msg->present[i]);
            }
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
        if (iso_has(msg, de)) {
            show_field(show, de, ' ');
        }
    }
    if (show->error != NULL) {
        error_print(show);
    }
}

/* The elements in @state as a list of numbers. */
static json_t *states_json(const struct iso_msg *msg, enum iso_state state)
{
    json_t *list = json_array();
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (iso_state(msg, de) == state) {
            (void)json_array_append_new(list, json_integer(de));
        }
    }
    return list;
}

static json_t *error_json(const struct show *show)
{
    const struct iso_error *error = show->error;
    char text[ISO_TEXT_LEN_MAX];
    json_t *whole = json_pack("{s:i, s:i, s:s, s:I, s:I, s:s, s:o, s:o}", "de", (int)error->de,
                              "at", (int)error->at, "code", err_name(error->code), "expected",
                              (json_int_t)error->expected, "got", (json_int_t)error->got, "text",
                              iso_error_text(error, show->reveal.dialect, text, sizeof text),
                              "in_doubt", states_json(show->reveal.msg, ISO_STATE_DOUBT), "unread",
                              states_json(show->reveal.msg, ISO_STATE_UNREAD));
    if (error->culprit > 1) {
        (void)json_object_set_new(whole, "culprit", json_integer(error->culprit));
        (void)json_object_set_new(whole, "culprit_at", json_integer(error->culprit_at));
    }
    if (error->path[0] != '\0') {
        (void)json_object_set_new(whole, "path", json_string(error->path));
    }
    return whole;
}

void show_json(const struct show *show)
{
    struct reveal reveal = show->reveal;
    char number[8];
    json_t *fields = json_object();
    reveal.json = true;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (iso_has(reveal.msg, de)) {
            (void)snprintf(number, sizeof number, "%u", de);
            (void)json_object_set_new(fields, number, json_string(reveal_field(&reveal, de)));
        }
    }
    (void)snprintf(number, sizeof number, "%04X", reveal.msg->mti);
    json_t *whole = json_pack("{s:s, s:o}", "mti", number, "fields", fields);
    if (show->error != NULL) {
        (void)json_object_set_new(whole, "error", error_json(show));
    }
    (void)json_dumpf(whole, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(whole);
}

void show_why_json(const char *why)
{
    json_t *whole = json_pack("{s:{s:s}}", "error", "text", why);
    (void)json_dumpf(whole, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(whole);
}
