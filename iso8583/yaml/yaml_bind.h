/* YAML into structs by tables: what may stand in the file is rows, and every value is checked where
 * it stands.
 *
 * The file is a map of sections. A section is a block (keys of one struct), a map of named entries
 * (an array of structs), or a single value; keys hold single values, or are read by a function of
 * the table's author. There is nothing deeper, and so no recursion. Flow and block style are alike.
 * Everything wrong is a problem with line, column and the line itself; binding goes on behind it,
 * so that one run tells all. */
#pragma once

#include "iso8583/yaml/problems.h"

struct yaml_bind;
struct yaml_node_s; /* libyaml's yaml_node_t */

/* To add a type: a constant, and a function in the table of bind_type.c. */
enum bind_type {
    BIND_TEXT,     /* char[size]: printable text of @min..@max characters */
    BIND_DIGITS,   /* char[size]: digits, kept as text with their leading zeros */
    BIND_NUMBER,   /* uint32_t or uint64_t, @min..@max */
    BIND_DURATION, /* uint32_t or int64_t ms: 500ms 10s 5m 24h */
    BIND_BYTES,    /* uint64_t: 512KiB 64MiB 4GiB */
    BIND_WORD,     /* uint8_t or bool: the value of one of @words */
    BIND_CUSTOM,   /* whatever @custom makes of it */
};

struct bind_word {
    const char *word; /* NULL ends the table */
    uint8_t value;
};

/* A key of a block or entry. Members not given in the file keep what they were. */
struct bind_key {
    const char *name; /* NULL ends the table */
    enum bind_type type;
    bool required;
    size_t offset; /* of the member in the struct */
    size_t size;   /* of the member */
    uint64_t min;
    uint64_t max;
    const struct bind_word *words;
    void (*custom)(struct yaml_bind *bind, const struct yaml_node_s *value, void *member);
};

/* The array that named entries make; items is malloc'ed, the target's owner frees it. */
struct bind_entries {
    void *items;
    uint32_t count;
};

struct bind_section {
    const char *name; /* NULL ends the table */
    bool required;
    size_t offset; /* of the block's struct, or of the struct bind_entries, in the target */
    const struct bind_key *keys; /* of the block or of each entry; NULL: the section is one value */
    const struct bind_key *value; /* and this is how it is read; its @offset is in the target */
    /* Named entries; size 0: a block. Each struct begins with char name[@name_size]. */
    size_t entry_size;
    size_t name_size;
    bool names_have_dots; /* "48.1" is a name, too */
    uint32_t count_max;
    const void *entry_default;
    /* After all keys of an entry, or of the block, were read: what they must be together. */
    void (*check)(struct yaml_bind *bind, void *target, void *item);
};

/* Read @text, named @name in problems, as one YAML document and fill @target by @sections, in the
 * order of the table (so a custom function of a later section may look up what an earlier one has
 * bound); then call @finish for what sections must be together. Problems are reported by @report,
 * PROBLEM_COUNT_MAX at most. Returns 0, ERR_CONFIG, or ERR_MEMORY; @target is filled as far as it
 * could be in any case. */
MUST_USE int yaml_bind(struct span text, const char *name, const struct bind_section *sections,
                       void *target, void (*finish)(struct yaml_bind *bind, void *target),
                       source_report report, void *context);

/* For custom, check and finish functions: the target. */
void *bind_target(const struct yaml_bind *bind);

/* What yaml_bind() was called with: the file's name, and where problems go. A custom function that
 * reads another file reports that file's problems there itself. */
const char *bind_name(const struct yaml_bind *bind);
source_report bind_report(const struct yaml_bind *bind, void **context);

/* In custom functions: the row of the table that named the function. */
const struct bind_key *bind_row(const struct yaml_bind *bind);

/* A single value's bytes (in the document); false after adding a problem if it is none. */
bool bind_scalar(struct yaml_bind *bind, const struct yaml_node_s *value, struct span *text);

/* The @index-th value of a list; NULL past its end. A single value is a list of one. */
const struct yaml_node_s *bind_item(struct yaml_bind *bind, const struct yaml_node_s *list,
                                    uint32_t index);

/* Add a problem at @value, with the path of the section, entry and key in hand before the sentence.
 */
void bind_error(struct yaml_bind *bind, const struct yaml_node_s *value, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Add the problem "'x' is none of a, b, c; did you mean 'b'?" at @value. @words ends with NULL. */
void bind_error_words(struct yaml_bind *bind, const struct yaml_node_s *value, struct span got,
                      const char *const *words);

/* In check functions, and behind bind_seek(): the value of @key in the section or entry in hand (if
 * it is not given: the section or entry), for the place of a problem. */
const struct yaml_node_s *bind_value(struct yaml_bind *bind, const char *key);

/* In check functions: whether @key stands in the section or entry in hand, be it right or wrong. */
bool bind_has(struct yaml_bind *bind, const char *key);

/* In finish functions: take @section and its entry or key @name in hand, and return the place of
 * the nearest of them that is in the file. */
const struct yaml_node_s *bind_seek(struct yaml_bind *bind, const char *section, const char *name);
