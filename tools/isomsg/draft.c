#include "tools/isomsg/draft.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/isomsg/redact.h"
#include "tools/isomsg/reveal.h"

enum {
    PARTS_MAX = 512,    /* of all elements together */
    ROOM_LEN = 1 << 18, /* for values and what is made of them */
    STEPS_MAX = PARTS_DEPTH_MAX,
};

/* A part that was set: the element, the way to it, its canonical value. */
struct entry {
    uint8_t de;
    uint8_t depth; /* steps of the way: 1 for a part of the element itself */
    uint64_t steps[STEPS_MAX];
    struct span value;
};

struct draft {
    const struct iso_dialect *dialect;
    struct iso_msg msg;
    struct entry entries[PARTS_MAX];
    size_t count;
    struct writer room;
    uint8_t bytes[ROOM_LEN];
};

int draft_open(const struct iso_dialect *dialect, struct draft **out)
{
    struct draft *draft = malloc(sizeof *draft);
    if (draft == NULL) {
        return ERR_MEMORY;
    }
    draft->dialect = dialect;
    draft->room = writer_make(draft->bytes, sizeof draft->bytes);
    draft_clear(draft);
    *out = draft;
    return 0;
}

void draft_clear(struct draft *draft)
{
    iso_init(&draft->msg, 0);
    draft->count = 0;
    draft->room.len = 0;
    draft->room.overflow = false;
}

void draft_close(struct draft *draft)
{
    if (draft != NULL) {
        bytes_wipe(draft, sizeof *draft);
    }
    free(draft);
}

/* --- values ------------------------------------------------------------------------------------
 */

/* Text in UTF-8 to Latin-1, which is what a byte of text is. ERR_FORMAT for what is not in it. */
static int latin1_put(struct span text, struct writer *room)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = text.ptr[i];
        if (byte >= 0x80) {
            if ((byte != 0xC2 && byte != 0xC3) || i + 1 == text.len) {
                return ERR_FORMAT;
            }
            byte = (uint8_t)(byte << 6 | (text.ptr[++i] & 0x3F));
        }
        writer_u8(room, byte);
    }
    return 0;
}

/* The canonical bytes that @text stands for in an element of @row (NULL: bytes). */
static int value_make(struct draft *draft, const struct iso_field_row *row, const char *path,
                      struct span text, struct span *value)
{
    size_t start = draft->room.len;
    bool is_hex = row == NULL || row->content == ISO_B || row->content == ISO_NONE;
    bool has_stars = text.len != 0 && memchr(text.ptr, '*', text.len) != NULL;
    if (has_stars && (is_hex || row->mask != ISO_SHOW)) {
        fprintf(stderr, "isomsg: %s is masked (stars); take it from `isomsg view --unmask`\n",
                text_told(path));
        return ERR_USAGE;
    }
    if (is_hex) {
        uint8_t *to = writer_room(&draft->room, text.len / 2);
        if (to == NULL || hex_decode(text, to) < 0) {
            fprintf(stderr, "isomsg: %s takes an even number of hex digits\n", text_told(path));
            return ERR_USAGE;
        }
    } else if (latin1_put(text, &draft->room) < 0) {
        fprintf(stderr, "isomsg: %s has a character that is not in Latin-1\n", text_told(path));
        return ERR_USAGE;
    }
    if (draft->room.overflow || draft->room.len - start > UINT16_MAX) {
        fprintf(stderr, "isomsg: %s is too long\n", text_told(path));
        return ERR_USAGE;
    }
    *value = span_make(draft->bytes + start, draft->room.len - start);
    return 0;
}

/* --- parts -------------------------------------------------------------------------------------
 */

/* The row of part @tag among @parts, its @other, or NULL. */
static const struct iso_field_row *part_row(const struct iso_parts *parts, uint64_t tag)
{
    for (size_t i = 0; i < parts->count; i++) {
        if (parts->rows[i].tag == tag) {
            return &parts->rows[i].row;
        }
    }
    return parts->other.content != ISO_NONE ? &parts->other : NULL;
}

/* The parts that the first @depth steps of @entry lead to; NULL if there are none. */
static const struct iso_parts *parts_at(const struct draft *draft, const struct entry *entry,
                                        unsigned depth)
{
    const struct iso_parts *parts = parts_of(&draft->dialect->field[entry->de], entry->de);
    for (unsigned i = 0; i < depth && parts != NULL; i++) {
        const struct iso_field_row *row = part_row(parts, entry->steps[i]);
        parts = row == NULL ? NULL : row->parts;
    }
    return parts;
}

static int part_set(struct draft *draft, unsigned de, const char *path, const char *way,
                    struct span text)
{
    if (draft->count == PARTS_MAX) {
        fprintf(stderr, "isomsg: too many parts\n");
        return ERR_USAGE;
    }
    struct entry *entry = &draft->entries[draft->count];
    *entry = (struct entry){.de = (uint8_t)de};
    const struct iso_parts *parts = NULL;
    while (*way != '\0') {
        size_t len = strcspn(way, ".");
        parts = entry->depth < STEPS_MAX ? parts_at(draft, entry, entry->depth) : NULL;
        if (parts == NULL ||
            parts_tag_parse(parts, span_make(way, len), &entry->steps[entry->depth]) < 0) {
            fprintf(stderr, "isomsg: %.40s: the dialect has no such part\n", text_told(path));
            return ERR_USAGE;
        }
        entry->depth++;
        way += len + (way[len] == '.');
    }
    if (parts == NULL) {
        fprintf(stderr, "isomsg: %.40s: a part is missing behind the dot\n", text_told(path));
        return ERR_USAGE;
    }
    TRY(value_make(draft, part_row(parts, entry->steps[entry->depth - 1]), path, text,
                   &entry->value));
    draft->count++;
    return 0;
}

/* Whether the ways of @a and @b are the same but for the last of @depth steps. */
static bool is_sibling(const struct entry *a, const struct entry *b, unsigned depth)
{
    return a->de == b->de && a->depth == depth && b->depth == depth &&
           memcmp(a->steps, b->steps, (depth - 1) * sizeof a->steps[0]) == 0;
}

/* Encode all siblings of @first (of @depth) into the element or part around them. */
static int siblings_close(struct draft *draft, struct entry *first, unsigned depth)
{
    static struct iso_part_value values[PARTS_MAX];
    const struct iso_parts *parts = parts_at(draft, first, depth - 1);
    CHECK(parts != NULL);
    struct entry whole = *first;
    size_t count = 0;
    bool rising = parts->layout == ISO_POSITIONAL || parts->layout == ISO_BITMAPPED;
    for (struct entry *entry = first; entry < draft->entries + draft->count; entry++) {
        if (!is_sibling(&whole, entry, depth)) {
            continue;
        }
        size_t place = count++;
        uint64_t tag = entry->steps[depth - 1];
        for (; rising && place > 0 && values[place - 1].tag > tag; place--) {
            values[place] = values[place - 1];
        }
        values[place] = (struct iso_part_value){tag, entry->value};
        entry->depth = 0; /* done with */
    }
    size_t start = draft->room.len;
    struct iso_error error = {.de = whole.de};
    int result = parts_encode(parts, values, count, &draft->room, &error);
    if (result < 0 || draft->room.overflow || draft->room.len - start > UINT16_MAX) {
        fprintf(stderr, "isomsg: the parts of DE%u: %s%s%s\n", whole.de,
                error.what != NULL ? error.what : "", error.what != NULL ? ": " : "",
                err_text(result < 0 ? result : ERR_LENGTH));
        return ERR_USAGE;
    }
    whole.value = span_make(draft->bytes + start, draft->room.len - start);
    whole.depth = (uint8_t)(depth - 1);
    if (whole.depth == 0) {
        iso_set(&draft->msg, whole.de, whole.value);
    } else {
        *first = whole;
    }
    return 0;
}

/* Put all parts into their elements, the deepest first. */
static int parts_close(struct draft *draft)
{
    for (unsigned depth = STEPS_MAX; depth > 0; depth--) {
        for (size_t i = 0; i < draft->count; i++) {
            if (draft->entries[i].depth == depth) {
                TRY(siblings_close(draft, &draft->entries[i], depth));
            }
        }
    }
    return 0;
}

/* --- the message -------------------------------------------------------------------------------
 */

int draft_set(struct draft *draft, const char *path, struct span value)
{
    if (strcmp(path, "mti") == 0) {
        draft->msg.mti = value.len == 4 ? mti_parse(value.ptr) : 0;
        if (draft->msg.mti == 0) {
            fprintf(stderr, "isomsg: the MTI has four digits, like 0800\n");
            return ERR_USAGE;
        }
        return 0;
    }
    size_t len = strcspn(path, ".");
    uint64_t de = 0;
    if (span_number(span_make(path, len), &de) < 0 || de < 2 || de > ISO_DE_MAX) {
        fprintf(stderr, "isomsg: '%.40s' is no element\n", text_told(path));
        return ERR_USAGE;
    }
    if (path[len] == '.') {
        return part_set(draft, (unsigned)de, path, path + len + 1, value);
    }
    struct span bytes;
    TRY(value_make(draft, &draft->dialect->field[de], path, value, &bytes));
    iso_set(&draft->msg, (unsigned)de, bytes);
    return 0;
}

int draft_argument(struct draft *draft, const char *text)
{
    char path[64];
    size_t len = strcspn(text, "=");
    uint64_t de = 0;
    size_t digits = strspn(text, "0123456789");
    bool is_path = strncmp(text, "mti=", 4) == 0 ||
                   (span_number(span_make(text, digits), &de) == 0 && digits <= len &&
                    (text[digits] == '=' || text[digits] == '.'));
    if (text[len] == '\0' || len >= sizeof path || !is_path) {
        fprintf(stderr, "isomsg: '%.20s' is not DE=VALUE\n", text_told(text));
        return ERR_USAGE;
    }
    memcpy(path, text, len);
    path[len] = '\0';
    return draft_set(draft, path, span_text(text + len + 1));
}

int draft_write(struct draft *draft, struct writer *out)
{
    struct iso_error error = {0};
    if (draft->msg.mti == 0) {
        fprintf(stderr, "isomsg: --mti (like 0800) or --hex is needed\n");
        return ERR_USAGE;
    }
    TRY(parts_close(draft));
    if (iso_encode(&draft->msg, draft->dialect, out, &error) < 0) {
        char text[ISO_TEXT_LEN_MAX];
        fprintf(stderr, "isomsg: %s\n", iso_error_text(&error, draft->dialect, text, sizeof text));
        return ERR_USAGE;
    }
    return 0;
}

int frame_write(const struct framing *framing, struct span tpdu, struct span message,
                struct writer *out)
{
    uint8_t head[FRAME_HEAD_LEN_MAX];
    int head_len = frame_head(framing, tpdu, message.len, head);
    TRY(head_len);
    writer_put(out, head, (size_t)head_len);
    writer_span(out, message);
    writer_span(out, frame_tail(framing));
    return out->overflow ? ERR_FRAME_LENGTH : 0;
}
