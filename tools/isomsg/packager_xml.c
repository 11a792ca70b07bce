#include "tools/isomsg/packager_xml.h"

#include <expat.h>
#include <stdlib.h>

static const char *const kinds[] = {"isopackager", "isofieldpackager", "isofield"};

struct reading {
    XML_Parser parser;
    struct span text;
    struct problems *problems;
    struct packager_node *open[PACKAGER_DEPTH_MAX + 1]; /* the root first */
    size_t depth;
    struct packager_node *root;
    unsigned count;
    bool out_of_memory;
};

/* --- places ------------------------------------------------------------------------------------
 */

static struct place place_at(struct span text, size_t at, size_t len)
{
    struct place place = {1, 1, (uint32_t)len};
    for (size_t i = 0; i < at && i < text.len; i++) {
        bool is_end = text.ptr[i] == '\n';
        place.line += is_end ? 1u : 0u;
        place.col = is_end ? 1 : place.col + 1;
    }
    return place;
}

struct place packager_place(struct span text, const struct packager_node *node, const char *name)
{
    size_t name_len = name == NULL ? 0 : strlen(name);
    size_t i = node->at;
    for (uint8_t quote = 0; i < text.len && (quote != 0 || text.ptr[i] != '>'); i++) {
        uint8_t byte = text.ptr[i];
        if (quote != 0) {
            quote = byte == quote ? 0 : quote;
            continue;
        }
        quote = byte == '"' || byte == '\'' ? byte : 0;
        bool is_name = name_len > 0 && text.len - i > name_len + 1 && i > 0 &&
                       (text.ptr[i - 1] == ' ' || text.ptr[i - 1] == '\n' ||
                        text.ptr[i - 1] == '\t' || text.ptr[i - 1] == '\r') &&
                       memcmp(text.ptr + i, name, name_len) == 0;
        struct span rest = is_name ? span_skip(text, i + name_len) : SPAN_NONE;
        while (rest.len > 0 && rest.ptr[0] <= ' ') {
            rest = span_skip(rest, 1);
        }
        if (rest.len < 2 || rest.ptr[0] != '=') {
            continue;
        }
        rest = span_skip(rest, 1);
        while (rest.len > 0 && rest.ptr[0] <= ' ') {
            rest = span_skip(rest, 1);
        }
        const uint8_t *end = rest.len < 2 ? NULL : memchr(rest.ptr + 1, rest.ptr[0], rest.len - 1);
        if (end != NULL) {
            return place_at(text, (size_t)(rest.ptr + 1 - text.ptr), (size_t)(end - rest.ptr) - 1);
        }
    }
    return place_at(text, node->at, strlen(node->kind) + 1);
}

const char *packager_attr(const struct packager_node *node, const char *name)
{
    const struct packager_attr *attr = node->attrs;
    while (attr != NULL && strcmp(attr->name, name) != 0) {
        attr = attr->next;
    }
    return attr == NULL ? NULL : attr->value;
}

/* --- reading -----------------------------------------------------------------------------------
 */

static void attrs_free(struct packager_attr *attr)
{
    while (attr != NULL) {
        struct packager_attr *next = attr->next;
        free(attr->name);
        free(attr->value);
        free(attr);
        attr = next;
    }
}

void packager_free(struct packager_node *root)
{
    /* Children are hung behind their parent, so one list is left to go through. */
    while (root != NULL) {
        struct packager_node *next = root->next;
        if (root->child != NULL) {
            root->last->next = next;
            next = root->child;
        }
        attrs_free(root->attrs);
        free(root);
        root = next;
    }
}

static bool attrs_take(struct packager_node *node, const XML_Char **pairs)
{
    for (size_t i = 0; pairs[i] != NULL; i += 2) {
        struct packager_attr *attr = calloc(1, sizeof *attr);
        if (attr == NULL) {
            return false;
        }
        attr->next = node->attrs;
        node->attrs = attr;
        attr->name = strdup(pairs[i]);
        attr->value = strdup(pairs[i + 1]);
        if (attr->name == NULL || attr->value == NULL) {
            return false;
        }
    }
    return true;
}

static size_t here(const struct reading *reading)
{
    XML_Index at = XML_GetCurrentByteIndex(reading->parser);
    return at < 0 ? 0 : (size_t)at;
}

static void stop(struct reading *reading, const char *why)
{
    problems_add(reading->problems, place_at(reading->text, here(reading), 1), "%s", why);
    (void)XML_StopParser(reading->parser, XML_FALSE);
}

/* The word of @name if an element of that name may stand where the reading is, or NULL. */
static const char *kind_here(const struct reading *reading, const XML_Char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        bool is_inside = reading->depth > 0 && reading->open[reading->depth - 1]->kind != kinds[2];
        if (strcmp(kinds[i], name) == 0 && (i == 0 ? reading->depth == 0 : is_inside)) {
            return kinds[i];
        }
    }
    return NULL;
}

static void XMLCALL on_start(void *context, const XML_Char *name, const XML_Char **pairs)
{
    struct reading *reading = context;
    char quote[QUOTE_LEN];
    const char *kind = kind_here(reading, name);
    if (kind == NULL) {
        problems_add(reading->problems, place_at(reading->text, here(reading), strlen(name) + 1),
                     "an element '%s' is not known here", problem_quote(span_text(name), quote));
        (void)XML_StopParser(reading->parser, XML_FALSE);
        return;
    }
    if (reading->depth == PACKAGER_DEPTH_MAX || reading->count == PACKAGER_NODES_MAX) {
        stop(reading, "too many elements, or too deep");
        return;
    }
    struct packager_node *node = calloc(1, sizeof *node);
    if (node == NULL) {
        reading->out_of_memory = true;
        (void)XML_StopParser(reading->parser, XML_FALSE);
        return;
    }
    node->kind = kind;
    node->at = here(reading);
    if (reading->depth == 0) {
        reading->root = node;
    } else {
        struct packager_node *parent = reading->open[reading->depth - 1];
        *(parent->child == NULL ? &parent->child : &parent->last->next) = node;
        parent->last = node;
    }
    reading->open[reading->depth++] = node;
    reading->count++;
    if (!attrs_take(node, pairs)) {
        reading->out_of_memory = true;
        (void)XML_StopParser(reading->parser, XML_FALSE);
    }
}

static void XMLCALL on_end(void *context, const XML_Char *name)
{
    struct reading *reading = context;
    (void)name;
    reading->depth--;
}

int packager_read(struct span text, struct problems *problems, struct packager_node **root)
{
    struct reading reading = {.text = text, .problems = problems};
    *root = NULL;
    reading.parser = XML_ParserCreate(NULL);
    if (reading.parser == NULL) {
        return ERR_MEMORY;
    }
    XML_SetUserData(reading.parser, &reading);
    XML_SetElementHandler(reading.parser, on_start, on_end);
    enum XML_Status status =
        XML_Parse(reading.parser, (const char *)text.ptr, (int)text.len, XML_TRUE);
    enum XML_Error error = XML_GetErrorCode(reading.parser);
    if (status != XML_STATUS_OK && error != XML_ERROR_ABORTED) {
        problems_add(problems, place_at(text, here(&reading), 1), "not XML: %s",
                     XML_ErrorString(error));
    }
    XML_ParserFree(reading.parser);
    if (reading.out_of_memory || status != XML_STATUS_OK) {
        packager_free(reading.root);
        return reading.out_of_memory ? ERR_MEMORY : ERR_CONFIG;
    }
    *root = reading.root;
    return 0;
}
