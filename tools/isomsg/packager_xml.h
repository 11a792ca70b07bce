/* A jPOS GenericPackager file as a tree: elements with their attributes and their place. What they
 * mean is import_packager.c's. The file is read by expat, which fetches nothing. */
#pragma once

#include "iso8583/yaml/problems.h"

enum { PACKAGER_DEPTH_MAX = 8, PACKAGER_NODES_MAX = 20000 };

struct packager_attr {
    struct packager_attr *next;
    char *name;
    char *value;
};

/* One isopackager, isofieldpackager or isofield. */
struct packager_node {
    struct packager_node *next;  /* behind it, in the same parent */
    struct packager_node *child; /* the first */
    struct packager_node *last;  /* of the children */
    struct packager_attr *attrs;
    const char *kind; /* static: one of the three words above */
    size_t at;        /* where it begins in the text, in bytes */
};

/* Read @text. Returns 0 and sets @root (packager_free() it), or ERR_CONFIG after adding problems,
 * or ERR_MEMORY. */
MUST_USE int packager_read(struct span text, struct problems *problems,
                           struct packager_node **root);

void packager_free(struct packager_node *root);

/* The value of the attribute @name, or NULL. */
const char *packager_attr(const struct packager_node *node, const char *name);

/* Where the attribute @name of @node stands (its value), or where the node begins if it has none.
 */
struct place packager_place(struct span text, const struct packager_node *node, const char *name);
