/* One import on its way, and rows made of elements of the packager file. Internal to
 * import_packager.c, import_row.c and import_parts.c. */
#pragma once

#include "iso8583/parts.h"
#include "tools/isomsg/import_class.h"
#include "tools/isomsg/packager_xml.h"

enum { IMPORT_NAME_LEN = 48, IMPORT_NOTES_MAX = 200, IMPORT_NOTE_LEN = 256 };

/* Memory of the import, freed all at once. */
struct import_block {
    struct import_block *next;
};

/* A composite whose parts are still to be made. */
struct import_job {
    struct import_job *next;
    const struct packager_node *node;
    struct iso_field_row *row;
    unsigned depth;
};

struct import {
    struct span text;
    struct problems *problems;
    struct import_block *blocks;
    struct import_job *jobs;
    struct iso_dialect dialect;
    uint32_t note_count; /* told; the first of them are kept */
    struct import_note {
        struct place place;
        char text[IMPORT_NOTE_LEN];
    } notes[IMPORT_NOTES_MAX];
    bool out_of_memory;
};

/* @size bytes of zeros that live as long as the import; NULL after noting that there are none. */
void *import_take(struct import *import, size_t size);

/* Add a problem, or a note, at the attribute @name of @node (NULL: at the node). */
void import_error(struct import *import, const struct packager_node *node, const char *name,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
void import_note(struct import *import, const struct packager_node *node, const char *name,
                 const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The number in the attribute @name, 0..@max. Returns 1; 0 if there is none (@value is kept); or -1
 * after a problem. */
int import_number(struct import *import, const struct packager_node *node, const char *name,
                  unsigned max, unsigned *value);

/* Whether the attribute @name is "true"; @otherwise if it is not there. */
bool import_flag(const struct packager_node *node, const char *name, bool otherwise);

/* The class of @node, or NULL after a problem. */
const struct import_class *import_class_of(struct import *import, const struct packager_node *node);

/* Make @row of @node, which is of @class (CLASS_FIELD or CLASS_TAG). @de: the data element that it
 * is or is in; @is_part: the latter. False after a problem; or without one if its length is 0, so
 * that there is nothing (then @row stays empty). */
bool import_row(struct import *import, const struct packager_node *node,
                const struct import_class *class, unsigned de, bool is_part,
                struct iso_field_row *row);

/* Make the parts of @job's composite; parts that have parts become jobs. */
void import_parts(struct import *import, const struct import_job *job);

/* Put off the parts of @row. */
void import_later(struct import *import, const struct packager_node *node,
                  struct iso_field_row *row, unsigned depth);

/* The parts of @row are not to be made after all. */
void import_forget(struct import *import, const struct iso_field_row *row);
