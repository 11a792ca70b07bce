/* What a dialect file says of one element or part, as it is read from YAML and before it is made a
 * row: a member that was not given is all ones. Internal to the dialect_*.c files. */
#pragma once

#include "iso8583/dialect_file.h"
#include "iso8583/parts.h"
#include "iso8583/yaml/yaml_bind.h"

enum {
    ENTRY_PATH_LEN = 64, /* "127.25.9F26", with a NUL */
    ENTRY_NAME_LEN = 64,
    ENTRY_COUNT_MAX = 4096,
    ENTRY_NONE = 0xFF,       /* a word that was not given */
    LAYOUT_NO_PARTS = 0xFE,  /* `parts: none` */
    LAYOUT_PDS = 0xFD,       /* `parts: pds` */
    DIALECT_PATH_LEN = 4096, /* with a NUL */
    DIALECT_EXTENDS_MAX = 8, /* files one above the other */
};
#define ENTRY_NO_NUMBER UINT32_MAX

struct dialect_parts;

struct dialect_entry {
    char path[ENTRY_PATH_LEN]; /* "48", "48.0023", "127.other" */
    char name[ENTRY_NAME_LEN]; /* empty: not given */
    uint32_t length;
    uint32_t prefix;
    uint32_t token;
    uint32_t separator;
    uint8_t content;
    uint8_t coding;
    uint8_t prefix_coding;
    uint8_t prefix_counts;
    uint8_t mask;
    uint8_t pad;
    uint8_t fill;
    uint8_t extent;
    uint8_t sign;
    /* Of what is inside. */
    uint8_t layout; /* enum iso_layout, or LAYOUT_ */
    uint8_t bitmap_coding;
    uint8_t bitmap_grows;
    uint8_t tag_coding;
    uint8_t part_prefix_coding;
    uint8_t part_prefix_counts;
    uint8_t part_prefix_first;
    uint32_t bitmap_bytes;
    uint32_t tag_length;
    uint32_t part_prefix;
    /* Where its row was found, once it was: two paths may name one part ("48.1" and "48.01"). */
    bool is_located;
    const struct dialect_parts *around;
    uint64_t tag;
};

/* The parts of a composite that this file has made or changed; the others are of what it extends.
 */
struct dialect_parts {
    struct dialect_parts *next;
    struct iso_parts parts; /* @rows is parts.rows, writable */
    struct iso_part_row *rows;
    uint32_t cap;
};

/* A dialect that was read from a file. Its rows borrow their names from @entries. */
struct dialect_file {
    struct iso_dialect dialect; /* first, so that dialect_free() finds the rest */
    struct dialect_file *base;  /* the file it extends, owned; NULL: a built-in one */
    struct dialect_parts *parts;
    struct dialect_entry *entries;
    uint32_t entry_count;
    struct span text; /* of the file, owned */
    char *path;       /* of the file, owned; the dialect's name */
    uint8_t blank[ISO_HEADER_LEN_MAX];
};

/* A file named @path that holds nothing yet, or NULL: no memory. */
struct dialect_file *dialect_file_make(const char *path);

/* Free @file and those it extends. NULL is nothing. */
void dialect_file_free(struct dialect_file *file);

/* Make @file, whose base is known, of @text. @why_not: what is to be told where it says what it
 * extends, or "". Returns 0, ERR_CONFIG after reporting problems, or ERR_MEMORY. */
MUST_USE int dialect_file_read(struct dialect_file *file, struct span text, const char *why_not,
                               source_report report, void *context);

/* What the file of @text extends, into @out; empty if it does not say. Returns 0 or ERR_MEMORY. */
MUST_USE int dialect_file_extends(struct span text, char out[DIALECT_PATH_LEN]);

/* Make the rows of @file of its entries; its dialect is already that which it extends. What is
 * wrong becomes problems of @bind; @section is where the entries stand. Returns 0 or ERR_MEMORY. */
MUST_USE int dialect_build(struct yaml_bind *bind, const char *section, struct dialect_file *file);

/* The writable parts that @row names; those of what is extended are copied first, since it keeps
 * its own. NULL: no memory. */
struct dialect_parts *dialect_parts_own(struct dialect_file *file, struct iso_field_row *row);

/* The index of the row with @tag, or of the first above it. */
uint16_t dialect_parts_seek(const struct dialect_parts *owned, uint64_t tag);
bool dialect_parts_have(const struct dialect_parts *owned, uint64_t tag);

/* Make room for the row of @tag, which is not there. NULL: no memory. Rows may move. */
struct iso_field_row *dialect_parts_insert(struct dialect_parts *owned, uint64_t tag);

/* Take the row of @tag, which is there, away. */
void dialect_parts_remove(struct dialect_parts *owned, uint64_t tag);
