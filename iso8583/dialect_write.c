#include <stdio.h>

#include "iso8583/dialect_file.h"
#include "iso8583/dialect_words.h"

/* A composite on the way down: what is written, and how far. */
struct level {
    const struct iso_parts *parts;
    uint8_t mask;    /* of the element or part around: what its parts have if they say nothing */
    uint32_t index;  /* the next row; @count: "other" */
    size_t path_len; /* of the path around */
};

static void put_word(struct writer *out, const char *key, const struct bind_word *words,
                     uint8_t value)
{
    writer_text(out, ", ");
    writer_text(out, key);
    writer_text(out, ": ");
    writer_text(out, dialect_word(words, value));
}

static void put_number(struct writer *out, const char *key, unsigned value)
{
    char text[64];
    (void)snprintf(text, sizeof text, ", %s: %u", key, value);
    writer_text(out, text);
}

static void put_byte(struct writer *out, const char *key, uint8_t value)
{
    char text[64];
    (void)snprintf(text, sizeof text, ", %s: \"%02X\"", key, (unsigned)value);
    writer_text(out, text);
}

/* A name as it is, if YAML takes that for nothing else. */
static void put_name(struct writer *out, const char *name)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    bool is_plain = strspn(name, plain) == strlen(name);
    writer_text(out, is_plain ? "" : "\"");
    for (; *name != '\0'; name++) {
        writer_text(out, *name == '"' || *name == '\\' ? "\\" : "");
        writer_put(out, name, 1);
    }
    writer_text(out, is_plain ? "" : "\"");
}

static void put_parts(const struct iso_parts *parts, struct writer *out)
{
    put_word(out, "parts", dialect_layouts, parts->layout);
    if (parts->layout == ISO_BITMAPPED) {
        put_word(out, "bitmap", dialect_bitmap_codings, parts->bitmap_coding);
        put_number(out, "bitmap_bytes", parts->bitmap_len);
        if (parts->bitmap_grows != 0) {
            put_word(out, "bitmap_grows", dialect_yes_no, 1);
        }
    }
    if (parts->layout == ISO_TAGGED) {
        put_number(out, "tag_length", parts->tag_len);
        put_word(out, "tag_coding", dialect_digit_codings, parts->tag_coding);
        put_number(out, "part_prefix", parts->length_len);
        put_word(out, "part_prefix_coding", dialect_digit_codings, parts->length_coding);
        if (parts->length_with_tag != 0) {
            put_word(out, "part_prefix_counts", dialect_part_counts, 1);
        }
        if (parts->length_first != 0) {
            put_word(out, "part_prefix_first", dialect_yes_no, 1);
        }
    }
}

/* One line. @mask: what it has if it says nothing. */
static void put_row(const char *path, const struct iso_field_row *row, uint8_t mask,
                    struct writer *out)
{
    writer_text(out, "  ");
    writer_text(out, path);
    writer_text(out, ": {name: ");
    put_name(out, row->name == NULL ? path : row->name);
    put_word(out, "content", dialect_contents, row->content);
    put_word(out, "coding", dialect_codings, row->coding);
    put_number(out, "length", row->len);
    if (row->prefix != 0) {
        put_number(out, "prefix", row->prefix);
        put_word(out, "prefix_coding", dialect_digit_codings, row->prefix_coding);
    }
    const struct {
        const char *key;
        const struct bind_word *words;
        uint8_t value;
        uint8_t usual;
    } rest[] = {
        {"prefix_counts", dialect_units, row->prefix_unit, ISO_UNIT_USUAL},
        {"mask", dialect_masks, row->mask, mask},
        {"pad", dialect_pads, row->pad, 0},
        {"fill", dialect_fills, row->fill, ISO_FILL_USUAL},
        {"extent", dialect_extents, row->extent, ISO_EXTENT_USUAL},
        {"sign", dialect_signs, row->sign, ISO_SIGN_USUAL},
    };
    for (size_t i = 0; i < ARRAY_COUNT(rest); i++) {
        if (rest[i].value != rest[i].usual) {
            put_word(out, rest[i].key, rest[i].words, rest[i].value);
        }
    }
    if (row->extent == ISO_EXTENT_TOKEN) {
        put_byte(out, "token", row->token);
    }
    if (row->separator != 0) {
        put_byte(out, "separator", row->separator);
    }
    if (row->parts != NULL) {
        put_parts(row->parts, out);
    }
    writer_text(out, "}\n");
}

/* The part that comes next on @level, its name appended to @path; NULL at the end. */
static const struct iso_field_row *level_next(struct level *level, char path[ENTRY_PATH_LEN])
{
    char tag[PARTS_TAG_LEN_MAX * 2 + 2] = "other";
    const struct iso_parts *parts = level->parts;
    const struct iso_field_row *row = NULL;
    if (level->index < parts->count) {
        const struct iso_part_row *part = &parts->rows[level->index];
        row = &part->row;
        (void)parts_tag_text(parts, part->tag, tag, sizeof tag);
    } else if (level->index == parts->count && parts->other.content != ISO_NONE) {
        row = &parts->other;
    }
    level->index++;
    (void)snprintf(path + level->path_len, ENTRY_PATH_LEN - level->path_len, ".%s", tag);
    return row;
}

/* The lines of what is inside @row, which stands at @path, at every depth. */
static void put_inside(const struct iso_field_row *row, char path[ENTRY_PATH_LEN],
                       struct writer *out)
{
    struct level levels[PARTS_DEPTH_MAX];
    size_t depth = 0;
    levels[depth++] = (struct level){row->parts, row->mask, 0, strlen(path)};
    while (depth > 0) {
        struct level *level = &levels[depth - 1];
        const struct iso_field_row *part = level_next(level, path);
        if (part == NULL) {
            depth--;
            continue;
        }
        put_row(path, part, level->mask, out);
        if (part->parts != NULL && depth < PARTS_DEPTH_MAX) {
            levels[depth++] = (struct level){part->parts, part->mask, 0, strlen(path)};
        }
    }
}

void dialect_write(const struct iso_dialect *dialect, struct writer *out)
{
    const struct iso_dialect *usual = dialect_find("iso87_ascii");
    writer_text(out, "extends: none\nmti: ");
    writer_text(out, dialect_word(dialect_mti_codings, dialect->mti_coding));
    writer_text(out, "\nbitmap: ");
    writer_text(out, dialect_word(dialect_bitmap_codings, dialect->bitmap_coding));
    writer_text(out, dialect->bitmap_fixed != 0 ? "\nbitmap_fixed: yes\n" : "\n");
    if (dialect->third != ISO_THIRD_NONE) {
        writer_text(out, "third_bitmap: ");
        writer_text(out, dialect_word(dialect_thirds, dialect->third));
        writer_text(out, "\n");
    }
    if (dialect->edition != ISO_1987) {
        writer_text(out, "edition: ");
        writer_text(out, dialect_word(dialect_editions, dialect->edition));
        writer_text(out, "\n");
    }
    if (dialect->header.len > 0) {
        char text[64];
        (void)snprintf(text, sizeof text, "header: {length: %u, total_at: %u", dialect->header.len,
                       dialect->header.total_at);
        writer_text(out, text);
        if (dialect->header.blank != NULL) {
            writer_text(out, ", blank: \"");
            writer_hex(out, span_make(dialect->header.blank, dialect->header.len));
            writer_text(out, "\"");
        }
        writer_text(out, "}\n");
    }
    bool has_fields = false;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &dialect->field[de];
        char path[ENTRY_PATH_LEN];
        if (row->content == ISO_NONE) {
            continue;
        }
        writer_text(out, has_fields ? "" : "fields:\n");
        has_fields = true;
        (void)snprintf(path, sizeof path, "%u", de);
        put_row(path, row, usual->field[de].mask, out);
        if (row->parts != NULL) {
            put_inside(row, path, out);
        }
    }
}
