#include "iso8583/dialect_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect_entry.h"
#include "iso8583/dialect_words.h"

enum { WORDS_MAX = 32 };

/* What is bound. Words and numbers that were not given are all ones. */
struct dialect_yaml {
    struct dialect_file *file; /* NULL: only @extends is asked for */
    const char *why_not;       /* what is to be told at `extends`, or empty */
    char extends[DIALECT_PATH_LEN];
    bool is_based; /* what it extends was found */
    uint8_t mti;
    uint8_t bitmap;
    uint8_t bitmap_fixed;
    uint8_t third;
    uint8_t edition;
    struct {
        uint32_t length;
        uint32_t total_at;
    } header;
    size_t blank_len;
    int err; /* of the building */
    struct bind_entries entries;
};

/* --- values that are no word -------------------------------------------------------------------
 */

/* A byte: a character, or two hex digits. */
static void bind_byte(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    struct span text;
    uint8_t byte = 0;
    uint32_t *number = member;
    if (!bind_scalar(bind, value, &text)) {
        return;
    }
    if (text.len == 1) {
        *number = text.ptr[0];
    } else if (text.len == 2 && hex_decode(text, &byte) == 0) {
        *number = byte;
    } else {
        bind_error(bind, value, "a byte is needed: one character, or two hex digits");
    }
}

/* The bytes of a new message's header. */
static void bind_blank(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    struct dialect_yaml *yaml = bind_target(bind);
    struct span text;
    uint8_t blank[ISO_HEADER_LEN_MAX] = {0};
    (void)member;
    if (!bind_scalar(bind, value, &text)) {
        return;
    }
    if (text.len % 2 != 0 || text.len > 2 * sizeof blank || hex_decode(text, blank) < 0) {
        bind_error(bind, value, "a blank header is 1 to %d bytes as hex digits",
                   ISO_HEADER_LEN_MAX);
        return;
    }
    yaml->blank_len = text.len / 2;
    if (yaml->file != NULL) {
        memcpy(yaml->file->blank, blank, sizeof blank);
    }
}

static const struct iso_dialect nothing;

static void bind_extends(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    struct dialect_yaml *yaml = bind_target(bind);
    const char *words[WORDS_MAX + 1] = {"none"};
    struct span text;
    (void)member;
    if (!bind_scalar(bind, value, &text)) {
        return;
    }
    if (text.len >= sizeof yaml->extends || memchr(text.ptr, '\0', text.len) != NULL) {
        bind_error(bind, value, "this is no path");
        return;
    }
    memcpy(yaml->extends, text.ptr, text.len);
    yaml->extends[text.len] = '\0';
    if (yaml->file == NULL) {
        return;
    }
    struct iso_dialect *dialect = &yaml->file->dialect;
    const struct iso_dialect *base =
        yaml->file->base != NULL ? &yaml->file->base->dialect : dialect_find(yaml->extends);
    if (strcmp(yaml->extends, "none") == 0) {
        base = &nothing;
    } else if (yaml->why_not[0] != '\0') {
        bind_error(bind, value, "%s", yaml->why_not);
    } else if (base == NULL) {
        for (size_t i = 0; dialect_at(i) != NULL; i++) {
            CHECK(i + 1 < WORDS_MAX);
            words[i + 1] = dialect_at(i)->name;
        }
        bind_error_words(bind, value, text, words);
    }
    if (base != NULL) {
        const char *name = dialect->name;
        *dialect = *base;
        dialect->name = name;
        yaml->is_based = true;
    }
}

/* --- keys --------------------------------------------------------------------------------------
 * To add a key of an element: a member of struct dialect_entry, a row here, a row in one of the
 * tables of dialect_build.c, and a line in dialect(5). */

#define OPTIONAL false
#define MEMBER_OF(type, member)                                                                    \
    .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)
#define ENTRY(member) MEMBER_OF(struct dialect_entry, member)
#define YAML(member)  MEMBER_OF(struct dialect_yaml, member)
#define HEADER(member)                                                                             \
    .offset =                                                                                      \
        offsetof(struct dialect_yaml, header.member) - offsetof(struct dialect_yaml, header),      \
    .size = sizeof(((struct dialect_yaml *)NULL)->header.member)

/* clang-format off */
static const struct bind_key entry_keys[] = {
    {"name",               BIND_TEXT,   OPTIONAL, ENTRY(name), .min = 1, .max = ENTRY_NAME_LEN - 1},
    {"content",            BIND_WORD,   OPTIONAL, ENTRY(content), .words = dialect_contents},
    {"coding",             BIND_WORD,   OPTIONAL, ENTRY(coding), .words = dialect_codings},
    {"length",             BIND_NUMBER, OPTIONAL, ENTRY(length), .min = 0, .max = UINT16_MAX},
    {"prefix",             BIND_NUMBER, OPTIONAL, ENTRY(prefix), .min = 0, .max = 6},
    {"prefix_coding",      BIND_WORD,   OPTIONAL, ENTRY(prefix_coding), .words = dialect_digit_codings},
    {"prefix_counts",      BIND_WORD,   OPTIONAL, ENTRY(prefix_counts), .words = dialect_units},
    {"mask",               BIND_WORD,   OPTIONAL, ENTRY(mask), .words = dialect_masks},
    {"pad",                BIND_WORD,   OPTIONAL, ENTRY(pad), .words = dialect_pads},
    {"fill",               BIND_WORD,   OPTIONAL, ENTRY(fill), .words = dialect_fills},
    {"extent",             BIND_WORD,   OPTIONAL, ENTRY(extent), .words = dialect_extents},
    {"token",              BIND_CUSTOM, OPTIONAL, ENTRY(token), .custom = bind_byte},
    {"separator",          BIND_CUSTOM, OPTIONAL, ENTRY(separator), .custom = bind_byte},
    {"sign",               BIND_WORD,   OPTIONAL, ENTRY(sign), .words = dialect_signs},
    {"parts",              BIND_WORD,   OPTIONAL, ENTRY(layout), .words = dialect_layouts},
    {"bitmap",             BIND_WORD,   OPTIONAL, ENTRY(bitmap_coding), .words = dialect_bitmap_codings},
    {"bitmap_bytes",       BIND_NUMBER, OPTIONAL, ENTRY(bitmap_bytes), .min = 1, .max = PARTS_BITMAP_LEN_MAX},
    {"bitmap_grows",       BIND_WORD,   OPTIONAL, ENTRY(bitmap_grows), .words = dialect_yes_no},
    {"tag_length",         BIND_NUMBER, OPTIONAL, ENTRY(tag_length), .min = 1, .max = PARTS_TAG_LEN_MAX},
    {"tag_coding",         BIND_WORD,   OPTIONAL, ENTRY(tag_coding), .words = dialect_digit_codings},
    {"part_prefix",        BIND_NUMBER, OPTIONAL, ENTRY(part_prefix), .min = 1, .max = 6},
    {"part_prefix_coding", BIND_WORD,   OPTIONAL, ENTRY(part_prefix_coding), .words = dialect_digit_codings},
    {"part_prefix_counts", BIND_WORD,   OPTIONAL, ENTRY(part_prefix_counts), .words = dialect_part_counts},
    {"part_prefix_first",  BIND_WORD,   OPTIONAL, ENTRY(part_prefix_first), .words = dialect_yes_no},
    {0},
};

static const struct bind_key header_keys[] = {
    {"length",   BIND_NUMBER, OPTIONAL, HEADER(length), .min = 0, .max = ISO_HEADER_LEN_MAX},
    {"total_at", BIND_NUMBER, OPTIONAL, HEADER(total_at), .min = 0, .max = ISO_HEADER_LEN_MAX - 2},
    {"blank",    BIND_CUSTOM, OPTIONAL, .custom = bind_blank},
    {0},
};

static const struct bind_key extends_key = {"extends", BIND_CUSTOM, .custom = bind_extends};
static const struct bind_key mti_key = {"mti", BIND_WORD, YAML(mti), .words = dialect_mti_codings};
static const struct bind_key bitmap_key = {"bitmap", BIND_WORD, YAML(bitmap), .words = dialect_bitmap_codings};
static const struct bind_key fixed_key = {"bitmap_fixed", BIND_WORD, YAML(bitmap_fixed), .words = dialect_yes_no};
static const struct bind_key third_key = {"third_bitmap", BIND_WORD, YAML(third), .words = dialect_thirds};
static const struct bind_key edition_key = {"edition", BIND_WORD, YAML(edition), .words = dialect_editions};
/* clang-format on */

/* clang-format off */
static const struct dialect_entry entry_default = {
    .length = ENTRY_NO_NUMBER, .prefix = ENTRY_NO_NUMBER, .token = ENTRY_NO_NUMBER, .separator = ENTRY_NO_NUMBER,
    .content = ENTRY_NONE, .coding = ENTRY_NONE, .prefix_coding = ENTRY_NONE,
    .prefix_counts = ENTRY_NONE, .mask = ENTRY_NONE, .pad = ENTRY_NONE, .fill = ENTRY_NONE,
    .extent = ENTRY_NONE, .sign = ENTRY_NONE, .layout = ENTRY_NONE, .bitmap_coding = ENTRY_NONE,
    .bitmap_grows = ENTRY_NONE, .tag_coding = ENTRY_NONE, .part_prefix_coding = ENTRY_NONE,
    .part_prefix_counts = ENTRY_NONE, .part_prefix_first = ENTRY_NONE, .bitmap_bytes = ENTRY_NO_NUMBER,
    .tag_length = ENTRY_NO_NUMBER, .part_prefix = ENTRY_NO_NUMBER,
};
/* clang-format on */
_Static_assert(offsetof(struct dialect_entry, path) == 0, "entries begin with their name");

static void check_header(struct yaml_bind *bind, void *target, void *item)
{
    struct dialect_yaml *yaml = target;
    (void)item;
    if (yaml->file == NULL) {
        return;
    }
    struct iso_header *header = &yaml->file->dialect.header;
    uint32_t total_at = yaml->header.total_at;
    if (yaml->header.length != ENTRY_NO_NUMBER && yaml->header.length != header->len) {
        *header = (struct iso_header){.len = (uint8_t)yaml->header.length};
    }
    header->total_at = total_at == ENTRY_NO_NUMBER ? header->total_at : (uint8_t)total_at;
    if (header->total_at != 0 && header->total_at + 2u > header->len) {
        bind_error(bind, bind_value(bind, "total_at"), "a header of %u bytes ends before it",
                   header->len);
    }
    if (yaml->blank_len > 0 && yaml->blank_len != header->len) {
        bind_error(bind, bind_value(bind, "blank"), "it has %zu bytes, the header %u",
                   yaml->blank_len, header->len);
    }
    if (yaml->blank_len > 0) {
        header->blank = yaml->file->blank;
    }
}

/* In this order: what is extended comes before what changes it. */
static const struct bind_section sections[] = {
    {"extends", .required = true, .value = &extends_key},
    {"mti", .value = &mti_key},
    {"bitmap", .value = &bitmap_key},
    {"bitmap_fixed", .value = &fixed_key},
    {"third_bitmap", .value = &third_key},
    {"edition", .value = &edition_key},
    {"header", .offset = offsetof(struct dialect_yaml, header), .keys = header_keys,
     .check = check_header},
    {"fields", .offset = offsetof(struct dialect_yaml, entries), .keys = entry_keys,
     .entry_size = sizeof(struct dialect_entry), .name_size = ENTRY_PATH_LEN,
     .names_have_dots = true, .count_max = ENTRY_COUNT_MAX, .entry_default = &entry_default},
    {0},
};

static void finish(struct yaml_bind *bind, void *target)
{
    struct dialect_yaml *yaml = target;
    struct dialect_file *file = yaml->file;
    struct iso_dialect *dialect = &file->dialect;
    dialect->mti_coding = yaml->mti == ENTRY_NONE ? dialect->mti_coding : yaml->mti;
    dialect->bitmap_coding = yaml->bitmap == ENTRY_NONE ? dialect->bitmap_coding : yaml->bitmap;
    dialect->bitmap_fixed =
        yaml->bitmap_fixed == ENTRY_NONE ? dialect->bitmap_fixed : yaml->bitmap_fixed;
    dialect->third = yaml->third == ENTRY_NONE ? dialect->third : yaml->third;
    dialect->edition = yaml->edition == ENTRY_NONE ? dialect->edition : yaml->edition;
    if (strcmp(yaml->extends, "none") == 0 &&
        (yaml->mti == ENTRY_NONE || yaml->bitmap == ENTRY_NONE)) {
        bind_error(bind, bind_seek(bind, "extends", ""),
                   "'mti' and 'bitmap' are needed where nothing is extended");
    }
    file->entries = yaml->entries.items;
    file->entry_count = yaml->entries.count;
    yaml->entries = (struct bind_entries){NULL, 0};
    if (yaml->is_based) { /* Else all would be missing that it has. */
        yaml->err = dialect_build(bind, "fields", file);
    }
}

/* --- one text ----------------------------------------------------------------------------------
 */

static struct dialect_yaml yaml_make(struct dialect_file *file, const char *why_not)
{
    return (struct dialect_yaml){.file = file,
                                 .why_not = why_not,
                                 .mti = ENTRY_NONE,
                                 .bitmap = ENTRY_NONE,
                                 .bitmap_fixed = ENTRY_NONE,
                                 .third = ENTRY_NONE,
                                 .edition = ENTRY_NONE,
                                 .header = {ENTRY_NO_NUMBER, ENTRY_NO_NUMBER}};
}

int dialect_file_read(struct dialect_file *file, struct span text, const char *why_not,
                      source_report report, void *context)
{
    struct dialect_yaml yaml = yaml_make(file, why_not);
    int err = yaml_bind(text, file->dialect.name, sections, &yaml, finish, report, context);
    free(yaml.entries.items);
    if (err == 0 && yaml.err == 0) {
        dialect_compile(&file->dialect);
    }
    return err != 0 ? err : yaml.err;
}

void dialect_file_free(struct dialect_file *file)
{
    while (file != NULL) {
        struct dialect_file *base = file->base;
        while (file->parts != NULL) {
            struct dialect_parts *next = file->parts->next;
            free(file->parts->rows);
            free(file->parts);
            file->parts = next;
        }
        free(file->entries);
        free((void *)(uintptr_t)file->text.ptr);
        free(file->path);
        free(file);
        file = base;
    }
}

void dialect_free(struct iso_dialect *dialect)
{
    dialect_file_free((struct dialect_file *)dialect);
}

struct dialect_file *dialect_file_make(const char *path)
{
    struct dialect_file *file = calloc(1, sizeof *file);
    if (file != NULL) {
        file->path = strdup(path);
        file->dialect.name = file->path;
    }
    if (file != NULL && file->path == NULL) {
        free(file);
        file = NULL;
    }
    return file;
}

int dialect_parse(struct span text, const char *name, source_report report, void *context,
                  struct iso_dialect **out)
{
    *out = NULL;
    struct dialect_file *file = dialect_file_make(name);
    if (file == NULL) {
        return ERR_MEMORY;
    }
    int err = dialect_file_read(file, text, "", report, context);
    if (err != 0) {
        dialect_file_free(file);
        return err;
    }
    *out = &file->dialect;
    return 0;
}

static void tell_nobody(void *context, const char *text)
{
    (void)context;
    (void)text;
}

int dialect_file_extends(struct span text, char out[DIALECT_PATH_LEN])
{
    struct dialect_yaml yaml = yaml_make(NULL, "");
    int err = yaml_bind(text, "", sections, &yaml, NULL, tell_nobody, NULL);
    free(yaml.entries.items);
    memcpy(out, yaml.extends, DIALECT_PATH_LEN);
    return err == ERR_MEMORY ? err : 0;
}
