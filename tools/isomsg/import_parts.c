#include <stdlib.h>

#include "tools/isomsg/import_row.h"

enum { ID_MAX = 9999, LEADS_MAX = 16 };

/* One child of a composite. */
struct child {
    const struct packager_node *node;
    const struct import_class *class;
    unsigned id;
};

/* A composite in hand. */
struct composite {
    struct import *import;
    const struct packager_node *node;
    struct iso_field_row *row; /* what it is the inside of */
    unsigned de;
    unsigned depth;
    struct child *children; /* by rising id, each once */
    size_t count;
    struct iso_parts *parts; /* made */
    struct iso_part_row *rows;
    /* What comes before a bitmap or tags. */
    const struct child *leads[LEADS_MAX];
    size_t lead_count;
    unsigned header_len;
};

/* --- children ----------------------------------------------------------------------------------
 */

static int compare_ids(const void *a, const void *b)
{
    const struct child *left = a;
    const struct child *right = b;
    if (left->id != right->id) {
        return left->id < right->id ? -1 : 1;
    }
    return left->node->at < right->node->at ? -1 : left->node->at > right->node->at;
}

/* The children in order; of two with one number the later counts, as for jPOS. */
static bool children_take(struct composite *composite)
{
    struct import *import = composite->import;
    size_t count = 0;
    for (const struct packager_node *node = composite->node->child; node != NULL;
         node = node->next) {
        count++;
    }
    struct child *children = import_take(import, (count + 1) * sizeof *children);
    if (children == NULL) {
        return false;
    }
    bool good = true;
    for (const struct packager_node *node = composite->node->child; node != NULL;
         node = node->next) {
        struct child child = {node, import_class_of(import, node), 0};
        if (packager_attr(node, "id") == NULL) {
            import_error(import, node, NULL, "the attribute 'id' is missing");
            good = false;
        } else if (import_number(import, node, "id", ID_MAX, &child.id) < 0 ||
                   child.class == NULL) {
            good = false;
        } else {
            children[composite->count++] = child;
        }
    }
    qsort(children, composite->count, sizeof *children, compare_ids);
    size_t kept = 0;
    for (size_t i = 0; i < composite->count; i++) {
        if (i + 1 < composite->count && children[i].id == children[i + 1].id) {
            import_note(import, children[i].node, "id",
                        "number %u is there again: the later counts", children[i].id);
            continue;
        }
        children[kept++] = children[i];
    }
    composite->children = children;
    composite->count = kept;
    return good;
}

static const struct child *child_find(const struct composite *composite, unsigned id)
{
    for (size_t i = 0; i < composite->count; i++) {
        if (composite->children[i].id == id) {
            return &composite->children[i];
        }
    }
    return NULL;
}

/* Make the row of @child as the part @tag. Nothing is added if there is nothing on the wire. */
static void part_add(struct composite *composite, const struct child *child, uint64_t tag)
{
    struct import *import = composite->import;
    struct iso_part_row *part = &composite->rows[composite->parts->count];
    if (child->class->kind == CLASS_NOTHING) {
        return;
    }
    if (child->class->kind == CLASS_BITMAP) {
        import_error(import, child->node, "class",
                     "the class %s cannot be expressed here: a bitmap where there should be none",
                     packager_attr(child->node, "class"));
        return;
    }
    part->tag = tag;
    if (!import_row(import, child->node, child->class, composite->de, true, &part->row)) {
        return;
    }
    composite->parts->count++;
    if (packager_attr(child->node, "packager") != NULL) {
        import_later(import, child->node, &part->row, composite->depth + 1);
    }
}

static bool parts_begin(struct composite *composite, uint8_t layout)
{
    composite->parts = import_take(composite->import, sizeof *composite->parts);
    composite->rows =
        import_take(composite->import, (composite->count + 1) * sizeof *composite->rows);
    if (composite->parts == NULL || composite->rows == NULL) {
        return false;
    }
    composite->parts->layout = layout;
    composite->parts->rows = composite->rows;
    return true;
}

/* --- bitmaps and positions ---------------------------------------------------------------------
 */

/* The bitmap that @child is. False after a problem. */
static bool bitmap_take(struct composite *composite, const struct child *child)
{
    struct import *import = composite->import;
    struct iso_parts *parts = composite->parts;
    const char *class = packager_attr(child->node, "class");
    unsigned len = 0;
    if (import_number(import, child->node, "length", 24, &len) <= 0 || len == 0) {
        import_error(import, child->node, "length", "a bitmap of %s needs a length of 1 to 24",
                     class);
        return false;
    }
    bool is_base1 = strcmp(child->class->name, "Base1_BITMAP126") == 0;
    /* A bitmap in ASCII is 16 or 32 characters, whatever its length says below that. */
    len = is_base1 ? 8 : child->class->coding == ISO_HEX && len < 16 ? 16 : len;
    if (len > 8 && len % 8 != 0) {
        import_error(import, child->node, "length",
                     "the class %s with a length of %u cannot be expressed", class, len);
        return false;
    }
    parts->bitmap_coding = child->class->coding;
    parts->bitmap_len = (uint8_t)len;
    parts->bitmap_grows = len > 8 ? 1 : 0;
    const struct child *first = child_find(composite, 1);
    unsigned last = composite->children[composite->count - 1].id;
    bool has_first = first != NULL && first != child && first->class->kind == CLASS_FIELD;
    if (parts->bitmap_grows != 0 && has_first && last > 64) {
        import_error(import, first->node, "id",
                     "bit 1 of the bitmap %s cannot be both element 1 and the sign of more bits",
                     class);
        return false;
    }
    if (parts->bitmap_grows != 0 && has_first) {
        import_note(import, first->node, "id",
                    "bit 1 is element 1 here, as jPOS writes it; jPOS reads it as more bits");
        parts->bitmap_len = 8;
        parts->bitmap_grows = 0;
    }
    return true;
}

static unsigned first_usual(const struct composite *composite)
{
    const struct child *zero = child_find(composite, 0);
    const struct child *one = child_find(composite, 1);
    unsigned last = composite->count == 0 ? 0 : composite->children[composite->count - 1].id;
    if (last == 0 || (zero != NULL && packager_attr(zero->node, "packager") != NULL)) {
        return 0;
    }
    return one != NULL && one->class->kind == CLASS_BITMAP ? 2 : 1;
}

static void lead_add(struct composite *composite, const struct child *child)
{
    if (child->class->kind != CLASS_FIELD || composite->lead_count == LEADS_MAX) {
        import_error(composite->import, child->node, "class",
                     "the class %s cannot be expressed before the other parts",
                     packager_attr(child->node, "class"));
        return;
    }
    composite->leads[composite->lead_count++] = child;
}

/* A bitmap or one after the other, by the attributes of GenericPackager. */
static void generic_parts(struct composite *composite, uint8_t kind)
{
    struct import *import = composite->import;
    const struct packager_node *node = composite->node;
    const struct child *zero = child_find(composite, 0);
    bool is_base1 = kind == COMPOSITE_BASE1;
    bool has_bitmap = is_base1 ? zero != NULL && zero->class->kind == CLASS_BITMAP
                               : import_flag(node, "emitBitmap", true);
    unsigned at = is_base1 ? 0 : 1;
    unsigned first = is_base1 ? (has_bitmap ? 1 : 0) : first_usual(composite);
    if (!is_base1 && (import_number(import, node, "bitmapField", ID_MAX, &at) < 0 ||
                      import_number(import, node, "firstField", ID_MAX, &first) < 0)) {
        return;
    }
    const struct child *bitmap = has_bitmap ? child_find(composite, at) : NULL;
    if (has_bitmap && (bitmap == NULL || bitmap->class->kind != CLASS_BITMAP)) {
        import_note(import, node, "packager",
                    "its element %u is no bitmap, so jPOS cannot read it: the parts are taken one "
                    "after the other",
                    at);
        bitmap = NULL;
        first = 0;
        (void)import_number(import, node, "firstField", ID_MAX, &first);
    }
    if (!parts_begin(composite, bitmap != NULL ? ISO_BITMAPPED : ISO_POSITIONAL) ||
        (bitmap != NULL && !bitmap_take(composite, bitmap))) {
        return;
    }
    bool has_type = kind == COMPOSITE_GENERIC && zero != NULL && zero != bitmap && first > 0;
    if (has_type && zero->class->kind != CLASS_NOTHING) {
        lead_add(composite, zero); /* A packager of its own reads a message type first. */
    }
    for (size_t i = 0; i < composite->count; i++) {
        const struct child *child = &composite->children[i];
        if (child->id < first || child == bitmap) {
            continue;
        }
        if (bitmap != NULL && (child->id == 0 || child->id > 8u * composite->parts->bitmap_len)) {
            import_note(import, child->node, "id", "the bitmap has no bit %u: it is left out",
                        child->id);
            continue;
        }
        part_add(composite, child, child->id);
    }
}

/* --- tags --------------------------------------------------------------------------------------
 */

static bool is_same_tag(const struct import_class *a, const struct import_class *b)
{
    return a->tag_len == b->tag_len && a->tag_coding == b->tag_coding && a->prefix == b->prefix &&
           a->prefix_coding == b->prefix_coding && a->length_first == b->length_first &&
           a->counts_tag == b->counts_tag;
}

static uint64_t tag_pack(const char *text, size_t len)
{
    uint64_t tag = 0;
    for (size_t i = 0; i < len; i++) {
        tag = tag << 8 | (uint8_t)text[i];
    }
    return tag;
}

/* The layout of tags is that of @class; @tag_len: of the tag. False after a problem. */
static bool tags_begin(struct composite *composite, const struct child *child, unsigned tag_len)
{
    const struct import_class *class = child->class;
    const char *name = packager_attr(child->node, "class");
    if (tag_len == 0 || tag_len > PARTS_TAG_LEN_MAX) {
        import_error(composite->import, child->node, "class",
                     "the class %s cannot be expressed: a tag has 1 to %d characters", name,
                     PARTS_TAG_LEN_MAX);
        return false;
    }
    if (!parts_begin(composite, ISO_TAGGED)) {
        return false;
    }
    composite->parts->tag_len = (uint8_t)tag_len;
    composite->parts->tag_coding = class->tag_coding;
    composite->parts->length_len = class->prefix;
    composite->parts->length_coding = class->prefix_coding;
    composite->parts->length_with_tag = class->counts_tag ? 1 : 0;
    composite->parts->length_first = class->length_first ? 1 : 0;
    return true;
}

/* One part of a tagged composite: its number, or its token, is its tag. */
static void tag_add(struct composite *composite, const struct child *child, bool has_tokens)
{
    struct import *import = composite->import;
    unsigned tag_len = composite->parts->tag_len;
    const char *token = packager_attr(child->node, "token");
    char digits[PARTS_TAG_LEN_MAX + 1];
    digits_put((uint8_t *)digits, tag_len, child->id);
    if (!has_tokens) {
        part_add(composite, child, tag_pack(digits, tag_len));
        return;
    }
    if (token == NULL || strlen(token) != tag_len) {
        import_error(import, child->node, token == NULL ? NULL : "token",
                     "a token of %u characters is needed, as its packager has", tag_len);
    } else if (strspn(token, "#") == tag_len) {
        (void)import_row(import, child->node, child->class, composite->de, true,
                         &composite->parts->other);
    } else {
        part_add(composite, child, tag_pack(token, tag_len));
    }
}

static void tagged_parts(struct composite *composite, uint8_t kind)
{
    struct import *import = composite->import;
    const struct packager_node *node = composite->node;
    size_t i = 0;
    for (; i < composite->count && composite->children[i].class->kind != CLASS_TAG; i++) {
        if (composite->children[i].class->kind != CLASS_NOTHING) {
            lead_add(composite, &composite->children[i]);
        }
    }
    const char *packager = packager_attr(node, "packager");
    if (composite->lead_count > 0 && strstr(packager, "GICC") != NULL) {
        import_error(import, composite->leads[0]->node, "class",
                     "the class %s cannot be expressed here: the packager %s reads it only if a "
                     "space stands in its place",
                     packager_attr(composite->leads[0]->node, "class"), packager);
        return;
    }
    if (i == composite->count) {
        import_error(import, node, "packager", "the packager %s has no part with a tag", packager);
        return;
    }
    const struct child *sample = &composite->children[i];
    const char *token = packager_attr(node, "token");
    const char *mapper = packager_attr(node, "tagMapper");
    unsigned tag_len = kind == COMPOSITE_SEQUENCE ? (token == NULL ? 0 : (unsigned)strlen(token))
                                                  : sample->class->tag_len;
    if (kind == COMPOSITE_MAPPED && (mapper == NULL || import_mapper_digits(mapper) != tag_len)) {
        import_error(import, node, mapper == NULL ? "packager" : "tagMapper",
                     "the tagMapper %s cannot be expressed: which tag is which number is not known",
                     mapper == NULL ? "that is missing" : mapper);
        return;
    }
    if (!tags_begin(composite, sample, tag_len)) {
        return;
    }
    for (; i < composite->count; i++) {
        const struct child *child = &composite->children[i];
        if (child->class->kind == CLASS_TAG && is_same_tag(child->class, sample->class)) {
            tag_add(composite, child, kind == COMPOSITE_SEQUENCE);
        } else if (child->class->kind != CLASS_NOTHING) {
            import_error(import, child->node, "class",
                         "the class %s cannot be expressed beside %s: their tags or lengths differ",
                         packager_attr(child->node, "class"), packager_attr(sample->node, "class"));
        }
    }
}

/* --- BER and data sets -------------------------------------------------------------------------
 */

static bool is_characters(const struct iso_field_row *row)
{
    return row->content != ISO_B && row->content != ISO_N && row->coding == ISO_ASCII;
}

/* Let the row that holds parts be bytes: characters in ASCII are bytes just as well. */
static bool bytes_make(struct composite *composite)
{
    struct iso_field_row *row = composite->row;
    if (is_characters(row)) {
        row->content = ISO_B;
        row->coding = ISO_BINARY;
        row->fill = row->fill == ISO_FILL_SPACE_BEHIND ? ISO_FILL_USUAL : row->fill;
    }
    if (row->content == ISO_B) {
        return true;
    }
    import_error(composite->import, composite->node, "class",
                 "the class %s cannot be expressed around the packager %s: its value is no bytes",
                 packager_attr(composite->node, "class"),
                 packager_attr(composite->node, "packager"));
    return false;
}

static void ber_parts(struct composite *composite, uint8_t kind)
{
    struct iso_field_row *row = composite->row;
    if (!bytes_make(composite) || !parts_begin(composite, ISO_BER)) {
        return;
    }
    if (kind == COMPOSITE_BER) {
        return;
    }
    if (row->coding != ISO_BINARY || (row->prefix == 0 && row->len % 2 != 0)) {
        import_error(composite->import, composite->node, "class",
                     "the class %s cannot be expressed around hex digits",
                     packager_attr(composite->node, "class"));
        return;
    }
    row->coding = kind == COMPOSITE_BER_HEX ? ISO_HEX : ISO_HEX_EBCDIC;
    row->len /= 2; /* Its length counts characters. */
}

/* Data sets 01 to 70 are BER-TLV; those above have a bitmap, and the parts of the packager. */
static void dataset_parts(struct composite *composite)
{
    enum { TLV_LAST = 0x70 };
    struct import *import = composite->import;
    struct iso_parts *inner = import_take(import, sizeof *inner);
    struct iso_parts *sets = import_take(import, sizeof *sets);
    struct iso_part_row *rows = import_take(import, TLV_LAST * sizeof *rows);
    if (inner == NULL || sets == NULL || rows == NULL || !bytes_make(composite)) {
        return;
    }
    struct iso_field_row set = {.name = "data_set",
                                .content = ISO_B,
                                .coding = ISO_BINARY,
                                .len = composite->row->len,
                                .mask = composite->row->mask,
                                .parts = inner};
    *inner = (struct iso_parts){.layout = ISO_BER};
    *sets = (struct iso_parts){.layout = ISO_DATASETS, .rows = rows, .other = set};
    composite->depth++;
    if (composite->count > 0 && !parts_begin(composite, ISO_DBM)) {
        return;
    }
    for (size_t i = 0; i < composite->count; i++) {
        const struct child *child = &composite->children[i];
        if (child->id == 0 || child->id > 8 * PARTS_BITMAP_LEN_MAX) {
            import_note(import, child->node, "id", "a data set has no element %u: it is left out",
                        child->id);
        } else {
            part_add(composite, child, child->id);
        }
    }
    for (; composite->count > 0 && sets->count < TLV_LAST; sets->count++) {
        rows[sets->count] = (struct iso_part_row){.tag = sets->count + 1u, .row = set};
        sets->other.parts = composite->parts;
    }
    composite->parts = sets;
    composite->rows = rows;
}

/* --- all of it ---------------------------------------------------------------------------------
 */

/* What a part has to be read from must be what the element around is told as: characters do not
 * hold bytes. */
static void check_contents(struct composite *composite)
{
    bool is_text = true;
    for (uint16_t i = 0; i < composite->parts->count; i++) {
        const struct iso_field_row *row = &composite->rows[i].row;
        is_text = is_text && row->coding == ISO_ASCII && row->prefix_coding == ISO_ASCII;
    }
    const struct iso_parts *parts = composite->parts;
    is_text = is_text && (parts->layout != ISO_BITMAPPED || parts->bitmap_coding == ISO_HEX) &&
              (parts->layout != ISO_TAGGED ||
               (parts->tag_coding == ISO_ASCII && parts->length_coding == ISO_ASCII)) &&
              composite->header_len == 0;
    for (size_t i = 0; i < composite->lead_count; i++) {
        is_text = is_text && composite->leads[i]->class->coding == ISO_ASCII;
    }
    if (!is_text && composite->row->content != ISO_B) {
        (void)bytes_make(composite);
    }
}

/* Put what comes first into a composite of its own, whose last part is the rest. */
static void leads_make(struct composite *composite)
{
    struct import *import = composite->import;
    struct iso_parts *inner = composite->parts;
    size_t count = composite->lead_count + 2;
    struct iso_part_row *rows = import_take(import, count * sizeof *rows);
    struct iso_parts *outer = import_take(import, sizeof *outer);
    if (rows == NULL || outer == NULL) {
        return;
    }
    outer->rows = rows;
    if (composite->header_len > 0) {
        rows[outer->count++].row = (struct iso_field_row){.name = "header",
                                                          .content = ISO_B,
                                                          .coding = ISO_BINARY,
                                                          .len = (uint16_t)composite->header_len};
    }
    for (size_t i = 0; i < composite->lead_count; i++) {
        const struct child *child = composite->leads[i];
        if (import_row(import, child->node, child->class, composite->de, true,
                       &rows[outer->count].row)) {
            outer->count++;
        }
    }
    struct iso_field_row rest = *composite->row;
    rest.prefix = 0;
    rest.prefix_coding = 0;
    rest.prefix_unit = ISO_UNIT_USUAL;
    rest.fill = ISO_FILL_USUAL;
    rest.extent = ISO_EXTENT_REST;
    rest.coding = rest.content == ISO_B ? ISO_BINARY : ISO_ASCII;
    rest.parts = inner;
    rest.name = "rest";
    rows[outer->count++].row = rest;
    for (uint16_t i = 0; i < outer->count; i++) {
        rows[i].tag = i;
    }
    composite->row->parts = outer;
}

void import_parts(struct import *import, const struct import_job *job)
{
    const char *name = packager_attr(job->node, "packager");
    const struct import_composite *kind = import_composite_find(name);
    struct composite composite = {
        .import = import, .node = job->node, .row = job->row, .depth = job->depth};
    char quote[QUOTE_LEN];
    (void)problem_quote(span_text(name), quote);
    if (kind == NULL || kind->kind == COMPOSITE_REFUSED) {
        import_error(
            import, job->node, "packager", "the packager %s %s%s", quote,
            kind == NULL ? "is not known" : "cannot be expressed: ", kind == NULL ? "" : kind->why);
        return;
    }
    (void)import_number(import, job->node, "headerLength", 64, &composite.header_len);
    bool has_header = composite.header_len > 0 && kind->kind == COMPOSITE_GENERIC;
    composite.header_len = has_header ? composite.header_len : 0;
    if (!children_take(&composite)) {
        return;
    }
    switch ((enum composite_kind)kind->kind) {
    case COMPOSITE_GENERIC:
    case COMPOSITE_SUBFIELDS:
    case COMPOSITE_BASE1:
        generic_parts(&composite, kind->kind);
        break;
    case COMPOSITE_TAGS:
    case COMPOSITE_MAPPED:
    case COMPOSITE_SEQUENCE:
        tagged_parts(&composite, kind->kind);
        break;
    case COMPOSITE_BER:
    case COMPOSITE_BER_HEX:
    case COMPOSITE_BER_HEX_EBCDIC:
        ber_parts(&composite, kind->kind);
        break;
    case COMPOSITE_DATASETS:
        dataset_parts(&composite);
        break;
    case COMPOSITE_REFUSED:
        break;
    }
    bool has_leads = composite.lead_count > 0 || composite.header_len > 0;
    if (job->depth + (has_leads ? 1 : 0) >= PARTS_DEPTH_MAX) {
        import_error(import, job->node, "packager", "parts are %d deep at most", PARTS_DEPTH_MAX);
    } else if (composite.parts != NULL && composite.rows != NULL) {
        check_contents(&composite);
        job->row->parts = composite.parts;
        if (has_leads) {
            leads_make(&composite);
        }
    }
}
