#include <inttypes.h>

#include "iso8583/dialect_entry.h"

/* One entry on its way into the table. */
struct build {
    struct yaml_bind *bind;
    const char *section;
    struct dialect_file *file;
    struct dialect_entry *entry;
    struct dialect_parts *around; /* the composite that the entry is a part of; NULL: an element */
    struct iso_field_row *row;    /* what the entry is about: an element, a part, or "other" */
    unsigned de;
    uint64_t tag;
    bool is_other;
    bool is_new; /* what it extends has no such row: the entry must say all of it */
};

static const struct yaml_node_s *place(struct build *build, const char *key)
{
    return bind_value(build->bind, key);
}

/* --- the way to the row ------------------------------------------------------------------------
 */

static struct span piece_next(struct span *path)
{
    const uint8_t *dot = memchr(path->ptr, '.', path->len);
    struct span piece = span_first(*path, dot == NULL ? path->len : (size_t)(dot - path->ptr));
    *path = span_skip(*path, piece.len + (dot == NULL ? 0 : 1));
    return piece;
}

static unsigned path_depth(const char *path)
{
    unsigned dots = 0;
    for (; *path != '\0'; path++) {
        dots += *path == '.' ? 1u : 0u;
    }
    return dots;
}

static const char *const layout_words[] = {
    [ISO_POSITIONAL] = "position",
    [ISO_BITMAPPED] = "bit",
    [ISO_BER] = "tag (hex)",
    [ISO_TAGGED] = "tag",
    [ISO_DATASETS] = "data set (2 hex digits)",
    [ISO_DBM] = "number",
};

static bool tag_is_possible(const struct iso_parts *parts, struct span piece, uint64_t tag)
{
    bool is_dbm = parts->layout == ISO_DBM;
    uint64_t bits = 8u * (is_dbm ? PARTS_BITMAP_LEN_MAX : parts->bitmap_len);
    unsigned tag_len = parts->tag_len * (parts->tag_coding == ISO_BINARY ? 2u : 1u);
    return parts->layout == ISO_BITMAPPED || is_dbm ? tag >= 1 && tag <= bits
           : parts->layout == ISO_POSITIONAL        ? tag <= UINT16_MAX
           : parts->layout == ISO_TAGGED            ? piece.len == tag_len
           : parts->layout == ISO_DATASETS          ? tag <= UINT8_MAX
                                                    : tag <= UINT32_MAX;
}

/* Go down to the part @piece of the row in hand. Returns 1, 0 after a problem, or ERR_MEMORY. */
static int descend(struct build *build, struct span piece, bool is_last)
{
    char quote[QUOTE_LEN];
    if (build->row->parts == NULL) {
        bind_error(build->bind, bind_seek(build->bind, build->section, build->entry->path),
                   "what is above '%s' has no parts: it needs 'parts'",
                   problem_quote(piece, quote));
        return 0;
    }
    struct dialect_parts *owned = dialect_parts_own(build->file, build->row);
    if (owned == NULL) {
        return ERR_MEMORY;
    }
    build->around = owned;
    if (span_equal_text(piece, "other") && (is_last || owned->parts.other.content != ISO_NONE)) {
        build->is_other = is_last;
        build->row = &owned->parts.other;
        return 1;
    }
    if (parts_tag_parse(&owned->parts, piece, &build->tag) < 0 ||
        !tag_is_possible(&owned->parts, piece, build->tag)) {
        bind_error(build->bind, bind_seek(build->bind, build->section, build->entry->path),
                   "'%s' is no %s here", problem_quote(piece, quote),
                   layout_words[owned->parts.layout]);
        return 0;
    }
    if (!dialect_parts_have(owned, build->tag) && !is_last) {
        bind_error(build->bind, bind_seek(build->bind, build->section, build->entry->path),
                   "there is no part '%s' that could have parts", problem_quote(piece, quote));
        return 0;
    }
    if (!dialect_parts_have(owned, build->tag)) {
        uint8_t mask = build->row->mask;
        struct iso_field_row *row =
            owned->parts.count == UINT16_MAX ? NULL : dialect_parts_insert(owned, build->tag);
        if (row == NULL) {
            return ERR_MEMORY;
        }
        row->mask = mask; /* Unless it says otherwise, a part is shown as its element is. */
    }
    build->row = &owned->rows[dialect_parts_seek(owned, build->tag)].row;
    return 1;
}

/* Find the row that the entry is about. Returns 1, 0 after a problem, or ERR_MEMORY. */
static int locate(struct build *build)
{
    struct span path = span_text(build->entry->path);
    struct span piece = piece_next(&path);
    const struct yaml_node_s *key = bind_seek(build->bind, build->section, build->entry->path);
    uint64_t de = 0;
    char quote[QUOTE_LEN];
    if (span_number(piece, &de) < 0 || de < 2 || de > ISO_DE_MAX || piece.ptr[0] == '0') {
        bind_error(build->bind, key, "'%s' is not the number of a data element (2-%d)",
                   problem_quote(piece, quote), ISO_DE_MAX);
        return 0;
    }
    if (path_depth(build->entry->path) > PARTS_DEPTH_MAX) {
        bind_error(build->bind, key, "parts are %d deep at most", PARTS_DEPTH_MAX);
        return 0;
    }
    build->de = (unsigned)de;
    build->row = &build->file->dialect.field[de];
    while (path.len > 0) {
        piece = piece_next(&path);
        int found = descend(build, piece, path.len == 0);
        if (found <= 0) {
            return found;
        }
    }
    build->is_new = build->row->content == ISO_NONE;
    return 1;
}

/* --- the entry into the row --------------------------------------------------------------------
 */

/* A member of the entry and the one it sets. To add one: a row. */
struct copy {
    size_t from;
    size_t to;
    const char *key;
};

#define WORD(member, column, key_)                                                                 \
    {                                                                                              \
        offsetof(struct dialect_entry, member), offsetof(struct iso_field_row, column), (key_)     \
    }
#define PARTS_WORD(member, column, key_)                                                           \
    {                                                                                              \
        offsetof(struct dialect_entry, member), offsetof(struct iso_parts, column), (key_)         \
    }

/* clang-format off */
static const struct copy row_words[] = {
    WORD(content, content, "content"),
    WORD(coding, coding, "coding"),
    WORD(prefix_coding, prefix_coding, "prefix_coding"),
    WORD(prefix_counts, prefix_unit, "prefix_counts"),
    WORD(mask, mask, "mask"),
    WORD(pad, pad, "pad"),
    WORD(fill, fill, "fill"),
    WORD(extent, extent, "extent"),
    WORD(sign, sign, "sign"),
};
static const struct copy row_numbers[] = {
    WORD(prefix, prefix, "prefix"),
    WORD(token, token, "token"),
    WORD(separator, separator, "separator"),
};
static const struct copy parts_words[] = {
    PARTS_WORD(bitmap_coding, bitmap_coding, "bitmap"),
    PARTS_WORD(bitmap_grows, bitmap_grows, "bitmap_grows"),
    PARTS_WORD(tag_coding, tag_coding, "tag_coding"),
    PARTS_WORD(part_prefix_coding, length_coding, "part_prefix_coding"),
    PARTS_WORD(part_prefix_counts, length_with_tag, "part_prefix_counts"),
    PARTS_WORD(part_prefix_first, length_first, "part_prefix_first"),
};
static const struct copy parts_numbers[] = {
    PARTS_WORD(bitmap_bytes, bitmap_len, "bitmap_bytes"),
    PARTS_WORD(tag_length, tag_len, "tag_length"),
    PARTS_WORD(part_prefix, length_len, "part_prefix"),
};
/* clang-format on */

static void copy_words(const struct dialect_entry *entry, const struct copy *copies, size_t count,
                       void *to)
{
    for (size_t i = 0; i < count; i++) {
        uint8_t word = ((const uint8_t *)entry)[copies[i].from];
        if (word != ENTRY_NONE) {
            ((uint8_t *)to)[copies[i].to] = word;
        }
    }
}

static void copy_numbers(const struct dialect_entry *entry, const struct copy *copies, size_t count,
                         void *to)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t number = ENTRY_NO_NUMBER;
        memcpy(&number, (const uint8_t *)entry + copies[i].from, sizeof number);
        if (number != ENTRY_NO_NUMBER) {
            ((uint8_t *)to)[copies[i].to] = (uint8_t)number; /* The key's maximum fits. */
        }
    }
}

/* Whether a key of the layout @bits (1 << layout) was given; the first is told in @key. */
static bool parts_key_given(const struct dialect_entry *entry, const char **key)
{
    for (size_t i = 0; i < ARRAY_COUNT(parts_words); i++) {
        if (((const uint8_t *)entry)[parts_words[i].from] != ENTRY_NONE) {
            *key = parts_words[i].key;
            return true;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(parts_numbers); i++) {
        uint32_t number = ENTRY_NO_NUMBER;
        memcpy(&number, (const uint8_t *)entry + parts_numbers[i].from, sizeof number);
        if (number != ENTRY_NO_NUMBER) {
            *key = parts_numbers[i].key;
            return true;
        }
    }
    return false;
}

/* A row that was not there must be told whole: a default that suits one dialect is a trap in the
 * next. Length and prefix of a part with a tag come from around it. */
static bool check_whole(struct build *build)
{
    const struct dialect_entry *entry = build->entry;
    const char *missing = entry->content == ENTRY_NONE       ? "content"
                          : entry->coding == ENTRY_NONE      ? "coding"
                          : entry->length == ENTRY_NO_NUMBER ? "length"
                          : entry->prefix != ENTRY_NO_NUMBER && entry->prefix > 0 &&
                                  entry->prefix_coding == ENTRY_NONE
                              ? "prefix_coding"
                              : NULL;
    if (!build->is_new || missing == NULL) {
        return true;
    }
    bind_error(build->bind, place(build, ""),
               "what is extended does not have it, so '%s' is needed", missing);
    return false;
}

/* What the prefix of @row counts at most, and what it counts of its longest value. */
static uint64_t prefix_max(const struct iso_field_row *row)
{
    uint64_t max = 1;
    for (unsigned i = 0; i < row->prefix; i++) {
        max *= row->prefix_coding == ISO_BINARY ? 256 : 10;
    }
    return max - 1;
}

static uint64_t prefix_count(const struct iso_field_row *row)
{
    bool is_hex = row->coding == ISO_HEX || row->coding == ISO_HEX_EBCDIC;
    bool counts_wire = row->prefix_unit == ISO_UNIT_WIRE;
    bool counts_nibbles = row->prefix_unit == ISO_UNIT_NIBBLES;
    uint64_t bytes = row->coding == ISO_BCD ? (row->len + 1u) / 2u : (is_hex ? 2u : 1u) * row->len;
    return counts_nibbles                                 ? 2 * bytes
           : is_hex && row->prefix_unit != ISO_UNIT_VALUE ? 2ull * row->len
           : counts_wire && row->coding == ISO_BCD        ? (row->len + 1u) / 2u
                                                          : row->len;
}

static void check_row(struct build *build)
{
    const struct iso_field_row *row = build->row;
    uint8_t layout = build->around == NULL ? ISO_POSITIONAL : build->around->parts.layout;
    bool has_tag = layout == ISO_BER || layout == ISO_TAGGED || layout == ISO_DATASETS;
    const char *flaw = dialect_row_flaw(row);
    if (flaw != NULL) {
        bind_error(build->bind, place(build, ""), "%s", flaw);
    } else if (row->prefix != 0 && prefix_count(row) > prefix_max(row)) {
        bind_error(build->bind, place(build, "length"),
                   "its prefix counts to %" PRIu64 ", %" PRIu64 " would be needed", prefix_max(row),
                   prefix_count(row));
    } else if (has_tag && (row->prefix != 0 || row->extent != ISO_EXTENT_USUAL)) {
        bind_error(build->bind, place(build, row->prefix != 0 ? "prefix" : "extent"),
                   "a part with a tag ends where the length beside the tag says");
    } else if (row->extent == ISO_EXTENT_REST && build->around == NULL) {
        bind_error(build->bind, place(build, "extent"),
                   "'rest' is for the last part of a composite, not for an element");
    }
}

/* --- masks -------------------------------------------------------------------------------------
 * Card data stay masked whatever a file says: logs and screens trust the dialect. To add what must
 * not be shown: a row. */

static const struct {
    uint8_t de;
    uint8_t mask;
} element_floors[] = {{2, ISO_MASK_PAN},  {35, ISO_MASK_ALL}, {36, ISO_MASK_ALL},
                      {45, ISO_MASK_ALL}, {52, ISO_MASK_ALL}, {55, ISO_MASK_ALL}};

/* EMV: PAN, tracks and their discretionary data, PIN data. */
static const struct {
    uint16_t tag;
    uint8_t mask;
} tag_floors[] = {{0x5A, ISO_MASK_PAN},   {0x56, ISO_MASK_ALL},   {0x57, ISO_MASK_ALL},
                  {0x99, ISO_MASK_ALL},   {0x9F1F, ISO_MASK_ALL}, {0x9F20, ISO_MASK_ALL},
                  {0x9F6B, ISO_MASK_ALL}, {0x9F6C, ISO_SHOW}};

static uint8_t mask_floor(const struct build *build)
{
    uint8_t floor = ISO_SHOW;
    bool is_chip = build->de == 55 && build->around != NULL;
    for (size_t i = 0; i < ARRAY_COUNT(element_floors) && !is_chip; i++) {
        floor = element_floors[i].de == build->de ? element_floors[i].mask : floor;
    }
    bool has_emv_tag = build->around != NULL && build->around->parts.layout == ISO_BER;
    for (size_t i = 0; i < ARRAY_COUNT(tag_floors) && has_emv_tag && !build->is_other; i++) {
        floor = tag_floors[i].tag == build->tag ? tag_floors[i].mask : floor;
    }
    return floor;
}

static void apply_mask(struct build *build)
{
    static const char *const words[] = {"show", "pan", "all"};
    struct iso_field_row *row = build->row;
    uint8_t floor = mask_floor(build);
    if (build->entry->mask == ENTRY_NONE) {
        const struct iso_dialect *usual = dialect_find("iso87_ascii");
        if (build->is_new && build->around == NULL && usual != NULL) {
            row->mask = usual->field[build->de].mask;
        }
        row->mask = row->mask < floor ? floor : row->mask;
    } else if (row->mask < floor) {
        bind_error(build->bind, place(build, "mask"),
                   "card data stand here: its mask cannot be less than '%s'", words[floor]);
    }
}

/* --- composites --------------------------------------------------------------------------------
 */

static void check_parts(struct build *build, const struct iso_parts *parts)
{
    if (parts->layout == ISO_BITMAPPED && parts->bitmap_len == 0) {
        bind_error(build->bind, place(build, "parts"), "'parts: bitmap' needs 'bitmap_bytes'");
    } else if (parts->layout == ISO_BITMAPPED && parts->bitmap_grows != 0 &&
               parts->bitmap_len % 8 != 0) {
        bind_error(build->bind, place(build, "bitmap_bytes"),
                   "a bitmap that grows has 8, 16 or 24 bytes at most");
    } else if (parts->layout == ISO_TAGGED && (parts->tag_len == 0 || parts->length_len == 0)) {
        bind_error(build->bind, place(build, "parts"),
                   "'parts: tagged' needs 'tag_length' and 'part_prefix'");
    } else if (parts->layout == ISO_TAGGED && parts->tag_coding == ISO_BCD &&
               parts->tag_len % 2 != 0) {
        bind_error(build->bind, place(build, "tag_length"), "a tag in bcd has an even length");
    } else if (parts->layout == ISO_TAGGED && parts->length_coding == ISO_BINARY &&
               parts->length_len > 3) {
        bind_error(build->bind, place(build, "part_prefix"), "a binary length has 3 bytes at most");
    }
}

/* What the entry says of the inside of its row. Returns 0 or ERR_MEMORY. */
static int apply_parts(struct build *build)
{
    const struct dialect_entry *entry = build->entry;
    struct iso_field_row *row = build->row;
    const char *key = "parts";
    bool has_key = parts_key_given(entry, &key);
    uint8_t layout = entry->layout == LAYOUT_PDS ? ISO_TAGGED : entry->layout;
    if (layout == LAYOUT_NO_PARTS) {
        row->parts = NULL;
    }
    if (layout == ENTRY_NONE && !has_key) {
        return 0;
    }
    if (layout == LAYOUT_NO_PARTS || (layout == ENTRY_NONE && row->parts == NULL)) {
        bool is_told = layout == ENTRY_NONE && bind_has(build->bind, "parts"); /* A wrong word. */
        if (has_key && !is_told) {
            bind_error(build->bind, place(build, key), "it has no parts");
        }
        return 0;
    }
    /* Parts of another kind have other names. */
    bool is_anew = layout != ENTRY_NONE && (row->parts == NULL || row->parts->layout != layout);
    if (is_anew) {
        row->parts = NULL;
    }
    struct dialect_parts *owned = dialect_parts_own(build->file, row);
    if (owned == NULL) {
        return ERR_MEMORY;
    }
    if (layout != ENTRY_NONE) {
        owned->parts.layout = layout;
    }
    if (is_anew) {
        owned->parts.bitmap_coding = layout == ISO_BITMAPPED ? ISO_BINARY : 0;
        owned->parts.other.mask = row->mask;
    }
    if (entry->layout == LAYOUT_PDS) {
        owned->parts.tag_len = 4;
        owned->parts.length_len = 3;
    }
    copy_words(entry, parts_words, ARRAY_COUNT(parts_words), &owned->parts);
    copy_numbers(entry, parts_numbers, ARRAY_COUNT(parts_numbers), &owned->parts);
    check_parts(build, &owned->parts);
    return 0;
}

/* --- entries -----------------------------------------------------------------------------------
 */

static void remove_row(struct build *build)
{
    if (build->is_new && !build->is_other) {
        bind_error(build->bind, place(build, "content"), "what is extended does not have it");
    }
    if (build->around == NULL || build->is_other) {
        *build->row = (struct iso_field_row){.mask = build->row->mask};
    } else {
        dialect_parts_remove(build->around, build->tag);
    }
}

/* Whether an entry before was about the same part: "48.1" and "48.01" are one position. */
static bool is_second(struct build *build)
{
    struct dialect_entry *entry = build->entry;
    for (uint32_t i = 0; i < build->file->entry_count && build->around != NULL; i++) {
        const struct dialect_entry *other = &build->file->entries[i];
        if (other->is_located && other->around == build->around && other->tag == build->tag &&
            !build->is_other) {
            bind_error(build->bind, bind_seek(build->bind, build->section, entry->path),
                       "this part is described as '%s' already", other->path);
            return true;
        }
    }
    entry->is_located = !build->is_other;
    entry->around = build->around;
    entry->tag = build->tag;
    return false;
}

static int apply(struct build *build)
{
    const struct dialect_entry *entry = build->entry;
    int found = locate(build);
    if (found <= 0 || is_second(build)) {
        return found < 0 ? found : 0;
    }
    (void)bind_seek(build->bind, build->section, entry->path);
    if (entry->content == ISO_NONE) {
        remove_row(build);
        return 0;
    }
    struct iso_field_row *row = build->row;
    bool is_whole = check_whole(build);
    if (entry->content != ENTRY_NONE && entry->content != row->content) {
        row->parts = NULL; /* Told anew: what was inside is not what is. */
    }
    copy_words(entry, row_words, ARRAY_COUNT(row_words), row);
    copy_numbers(entry, row_numbers, ARRAY_COUNT(row_numbers), row);
    row->len = entry->length == ENTRY_NO_NUMBER ? row->len : (uint16_t)entry->length;
    if (entry->name[0] != '\0' || row->name == NULL) {
        row->name = entry->name[0] != '\0' ? entry->name : entry->path;
    }
    apply_mask(build);
    TRY(apply_parts(build));
    if (is_whole && row->content != ISO_NONE) {
        check_row(build);
    }
    return 0;
}

/* The entry that described the part @tag of @around; "" if none of this file did. */
static const char *entry_path(const struct build *build, const struct dialect_parts *around,
                              uint64_t tag)
{
    for (uint32_t i = 0; i < build->file->entry_count; i++) {
        const struct dialect_entry *entry = &build->file->entries[i];
        if (entry->is_located && entry->around == around && entry->tag == tag) {
            return entry->path;
        }
    }
    return "";
}

/* What can only be told when all entries are in. */
static void check_levels(struct build *build)
{
    struct dialect_file *file = build->file;
    for (const struct dialect_parts *owned = file->parts; owned != NULL; owned = owned->next) {
        for (uint16_t i = 0; i + 1 < owned->parts.count; i++) {
            const struct iso_part_row *part = &owned->rows[i];
            if (part->row.extent == ISO_EXTENT_REST && owned->parts.layout == ISO_POSITIONAL) {
                bind_error(
                    build->bind,
                    bind_seek(build->bind, build->section, entry_path(build, owned, part->tag)),
                    "'%s' takes all the rest, but there is a part behind it", part->row.name);
            }
        }
    }
    for (uint32_t i = 0; i < file->entry_count; i++) {
        uint64_t de = 0;
        struct span path = span_text(file->entries[i].path);
        if (span_number(piece_next(&path), &de) == 0 && de > 128 && de <= ISO_DE_MAX &&
            file->dialect.third == ISO_THIRD_NONE && file->dialect.field[de].content != ISO_NONE) {
            bind_error(build->bind, bind_seek(build->bind, build->section, file->entries[i].path),
                       "elements above 128 need 'third_bitmap'");
        }
    }
}

int dialect_build(struct yaml_bind *bind, const char *section, struct dialect_file *file)
{
    /* What has parts comes before them, however the file is ordered. */
    for (unsigned depth = 0; depth <= ENTRY_PATH_LEN; depth++) {
        for (uint32_t i = 0; i < file->entry_count; i++) {
            struct build build = {
                .bind = bind, .section = section, .file = file, .entry = &file->entries[i]};
            if (path_depth(build.entry->path) == depth) {
                TRY(apply(&build));
            }
        }
    }
    struct build build = {.bind = bind, .section = section, .file = file};
    check_levels(&build);
    return 0;
}
