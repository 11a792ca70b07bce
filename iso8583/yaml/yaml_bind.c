#include "iso8583/yaml/yaml_bind.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

#include "iso8583/yaml/bind_type.h"

enum { WORD_COUNT_MAX = 32, PATH_LEN_MAX = 3 * QUOTE_LEN };

struct yaml_bind {
    struct problems *problems;
    struct span text;
    const char *name;
    source_report report;
    void *context;
    void *target;
    yaml_document_t document;
    /* What is in hand, for paths and places. */
    const yaml_node_t *section;
    const yaml_node_t *item;     /* the map whose keys are read: section or entry */
    const yaml_node_t *item_key; /* its name's place */
    char section_name[QUOTE_LEN];
    char entry_name[QUOTE_LEN];
    const char *key_name; /* NULL: none */
    const struct bind_key *key;
};

/* --- places and problems -----------------------------------------------------------------------
 */

/* A mark counts characters, a place bytes. Both columns are of line @line (0-based). */
static uint32_t byte_column(struct span text, size_t line, size_t column)
{
    for (; line > 0; line--) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        text = end == NULL ? SPAN_NONE : span_skip(text, (size_t)(end + 1 - text.ptr));
        if (end == NULL) {
            return 1;
        }
    }
    size_t at = 0;
    for (; at < text.len && text.ptr[at] != '\n'; at++) {
        bool begins_character = (text.ptr[at] & 0xC0) != 0x80;
        if (begins_character && column-- == 0) {
            break;
        }
    }
    return (uint32_t)at + 1;
}

static struct place place_of(const struct yaml_bind *bind, const yaml_node_t *node)
{
    const yaml_mark_t *from = &node->start_mark;
    const yaml_mark_t *to = &node->end_mark;
    uint32_t col = byte_column(bind->text, from->line, from->column);
    bool is_one_line = node->type == YAML_SCALAR_NODE && from->line == to->line;
    uint32_t len = is_one_line ? byte_column(bind->text, to->line, to->column) - col : 1;
    return (struct place){(uint32_t)from->line + 1, col, len};
}

void bind_error(struct yaml_bind *bind, const struct yaml_node_s *value, const char *format, ...)
{
    char sentence[320];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    const char *parts[] = {bind->section_name, bind->entry_name,
                           bind->key_name == NULL ? "" : bind->key_name};
    char path[PATH_LEN_MAX] = "";
    struct writer out = writer_make(path, sizeof path - 1);
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        writer_text(&out, out.len > 0 && parts[i][0] != '\0' ? "." : "");
        writer_text(&out, parts[i]);
    }
    writer_text(&out, out.len > 0 ? ": " : "");
    problems_add(bind->problems, place_of(bind, value), "%s%s", path, sentence);
}

static const char *node_kind(const yaml_node_t *node)
{
    return node->type == YAML_MAPPING_NODE                                  ? "a map"
           : node->type == YAML_SEQUENCE_NODE                               ? "a list"
           : node->type == YAML_SCALAR_NODE && node->data.scalar.length > 0 ? "a single value"
                                                                            : "nothing";
}

void bind_error_words(struct yaml_bind *bind, const struct yaml_node_s *value, struct span got,
                      const char *const *words)
{
    char list[256] = "";
    struct writer out = writer_make(list, sizeof list - 1);
    size_t count = 0;
    for (; words[count] != NULL; count++) {
        writer_text(&out, count == 0 ? "" : ", ");
        writer_text(&out, words[count]);
    }
    char quote[QUOTE_LEN];
    const char *near = source_suggest(got, words, count);
    bind_error(bind, value, "'%s' is none of: %s%s%s%s", problem_quote(got, quote), list,
               near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
               near == NULL ? "" : "'?");
}

/* --- nodes -------------------------------------------------------------------------------------
 */

static const yaml_node_t *node_at(struct yaml_bind *bind, int index)
{
    const yaml_node_t *node = yaml_document_get_node(&bind->document, index);
    CHECK(node != NULL);
    return node;
}

static struct span scalar_text(const yaml_node_t *node)
{
    return node->type == YAML_SCALAR_NODE
               ? span_make(node->data.scalar.value, node->data.scalar.length)
               : SPAN_NONE;
}

static uint32_t pair_count(const yaml_node_t *map)
{
    return (uint32_t)(map->data.mapping.pairs.top - map->data.mapping.pairs.start);
}

static const yaml_node_t *pair_key(struct yaml_bind *bind, const yaml_node_t *map, uint32_t index)
{
    return node_at(bind, map->data.mapping.pairs.start[index].key);
}

static const yaml_node_t *pair_value(struct yaml_bind *bind, const yaml_node_t *map, uint32_t index)
{
    return node_at(bind, map->data.mapping.pairs.start[index].value);
}

/* The index of the first pair named @name, or -1. */
static int pair_find(struct yaml_bind *bind, const yaml_node_t *map, struct span name)
{
    for (uint32_t i = 0; map->type == YAML_MAPPING_NODE && i < pair_count(map); i++) {
        const yaml_node_t *key = pair_key(bind, map, i);
        if (key->type == YAML_SCALAR_NODE && span_equal(scalar_text(key), name)) {
            return (int)i;
        }
    }
    return -1;
}

bool bind_scalar(struct yaml_bind *bind, const struct yaml_node_s *value, struct span *text)
{
    *text = scalar_text(value);
    if (text->len == 0) {
        bind_error(bind, value, "a value is needed, here is %s", node_kind(value));
    }
    return text->len > 0;
}

const struct yaml_node_s *bind_item(struct yaml_bind *bind, const struct yaml_node_s *list,
                                    uint32_t index)
{
    if (list->type != YAML_SEQUENCE_NODE) {
        return index == 0 ? list : NULL;
    }
    size_t count = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);
    return index < count ? node_at(bind, list->data.sequence.items.start[index]) : NULL;
}

const struct yaml_node_s *bind_value(struct yaml_bind *bind, const char *key)
{
    int index = pair_find(bind, bind->item, span_text(key));
    return index < 0 ? bind->item_key : pair_value(bind, bind->item, (uint32_t)index);
}

bool bind_has(struct yaml_bind *bind, const char *key)
{
    return pair_find(bind, bind->item, span_text(key)) >= 0;
}

const struct yaml_node_s *bind_seek(struct yaml_bind *bind, const char *section, const char *name)
{
    (void)snprintf(bind->section_name, sizeof bind->section_name, "%s", section);
    (void)snprintf(bind->entry_name, sizeof bind->entry_name, "%s", name);
    bind->key_name = NULL;
    const yaml_node_t *root = yaml_document_get_root_node(&bind->document);
    int index = pair_find(bind, root, span_text(section));
    if (index < 0) {
        return root;
    }
    const yaml_node_t *map = pair_value(bind, root, (uint32_t)index);
    int inner = pair_find(bind, map, span_text(name));
    if (inner < 0) {
        return pair_key(bind, root, (uint32_t)index);
    }
    bind->item = pair_value(bind, map, (uint32_t)inner);
    bind->item_key = pair_key(bind, map, (uint32_t)inner);
    return bind->item_key;
}

void *bind_target(const struct yaml_bind *bind)
{
    return bind->target;
}

const char *bind_name(const struct yaml_bind *bind)
{
    return bind->name;
}

source_report bind_report(const struct yaml_bind *bind, void **context)
{
    *context = bind->context;
    return bind->report;
}

const struct bind_key *bind_row(const struct yaml_bind *bind)
{
    return bind->key;
}

static void bind_member(struct yaml_bind *bind, const struct bind_key *key, const yaml_node_t *node,
                        void *item)
{
    struct span text;
    bind->key_name = key->name;
    bind->key = key;
    if (key->type == BIND_CUSTOM) {
        key->custom(bind, node, (uint8_t *)item + key->offset);
    } else if (bind_scalar(bind, node, &text)) {
        bind_type_read(bind, key, node, text, (uint8_t *)item + key->offset);
    }
    bind->key_name = NULL;
}

/* --- maps --------------------------------------------------------------------------------------
 */

/* Check the key of pair @index of @map: a word, and not there before. */
static bool key_is_good(struct yaml_bind *bind, const yaml_node_t *map, uint32_t index)
{
    const yaml_node_t *key = pair_key(bind, map, index);
    char quote[QUOTE_LEN];
    if (key->type != YAML_SCALAR_NODE || key->data.scalar.length == 0) {
        bind_error(bind, key, "a key must be a word, here is %s", node_kind(key));
        return false;
    }
    int first = pair_find(bind, map, scalar_text(key));
    if (first == (int)index) {
        return true;
    }
    bind_error(bind, key, "the key '%s' is already on line %zu",
               problem_quote(scalar_text(key), quote),
               pair_key(bind, map, (uint32_t)first)->start_mark.line + 1);
    return false;
}

static void error_unknown(struct yaml_bind *bind, const yaml_node_t *key, const char *const *words)
{
    char quote[QUOTE_LEN];
    size_t count = 0;
    while (words[count] != NULL) {
        count++;
    }
    const char *near = source_suggest(scalar_text(key), words, count);
    bind_error(bind, key, "unknown key '%s'%s%s%s", problem_quote(scalar_text(key), quote),
               near == NULL ? "" : "; did you mean '", near == NULL ? "" : near,
               near == NULL ? "" : "'?");
}

/* Fill @item from @map, whose name stands at @name. */
static void bind_keys(struct yaml_bind *bind, const struct bind_key *keys, const yaml_node_t *name,
                      const yaml_node_t *map, void *item)
{
    bind->item = map;
    bind->item_key = name;
    if (map->type != YAML_MAPPING_NODE) {
        bind_error(bind, map, "a map of keys is needed, here is %s", node_kind(map));
        return;
    }
    const char *words[WORD_COUNT_MAX + 1] = {NULL};
    for (size_t k = 0; keys[k].name != NULL; k++) {
        CHECK(k < WORD_COUNT_MAX);
        words[k] = keys[k].name;
        int index = pair_find(bind, map, span_text(keys[k].name));
        if (index >= 0) {
            bind_member(bind, &keys[k], pair_value(bind, map, (uint32_t)index), item);
        } else if (keys[k].required) {
            bind_error(bind, name, "the key '%s' is missing", keys[k].name);
        }
    }
    for (uint32_t i = 0; i < pair_count(map); i++) {
        size_t k = 0;
        struct span key = scalar_text(pair_key(bind, map, i));
        while (words[k] != NULL && !span_equal_text(key, words[k])) {
            k++;
        }
        if (key_is_good(bind, map, i) && words[k] == NULL) {
            error_unknown(bind, pair_key(bind, map, i), words);
        }
    }
}

static bool entry_name_is_good(struct span name, const struct bind_section *section)
{
    for (size_t i = 0; i < name.len; i++) {
        uint8_t c = name.ptr[i];
        bool is_good = byte_is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '_' || c == '-' || (c == '.' && section->names_have_dots);
        if (!is_good) {
            return false;
        }
    }
    return name.len > 0 && name.len < section->name_size;
}

static void bind_entry(struct yaml_bind *bind, const struct bind_section *section, uint32_t index,
                       struct bind_entries *entries)
{
    const yaml_node_t *key = pair_key(bind, bind->section, index);
    struct span name = scalar_text(key);
    if (!key_is_good(bind, bind->section, index)) {
        return;
    }
    if (!entry_name_is_good(name, section)) {
        char quote[QUOTE_LEN];
        bind_error(bind, key, "the name '%s' is not 1 to %zu letters, digits, %s'_' or '-'",
                   problem_quote(name, quote), section->name_size - 1,
                   section->names_have_dots ? "'.', " : "");
        return;
    }
    uint8_t *item = (uint8_t *)entries->items + entries->count * section->entry_size;
    memcpy(item, section->entry_default, section->entry_size);
    memset(item, 0, section->name_size);
    memcpy(item, name.ptr, name.len);
    entries->count++;
    (void)problem_quote(name, bind->entry_name);
    bind_keys(bind, section->keys, key, pair_value(bind, bind->section, index), item);
    if (section->check != NULL) {
        section->check(bind, bind->target, item);
    }
    bind->entry_name[0] = '\0';
}

static int bind_entries_all(struct yaml_bind *bind, const struct bind_section *section,
                            const yaml_node_t *name, const yaml_node_t *map)
{
    struct bind_entries *entries = (void *)((uint8_t *)bind->target + section->offset);
    if (map->type != YAML_MAPPING_NODE) {
        bind_error(bind, map, "a map of names is needed, here is %s", node_kind(map));
        return 0;
    }
    uint32_t count = pair_count(map);
    if (count == 0 || count > section->count_max) {
        bind_error(bind, name, "1 to %u entries are possible, here are %u", section->count_max,
                   count);
        return 0;
    }
    entries->items = calloc(count, section->entry_size);
    if (entries->items == NULL) {
        return ERR_MEMORY;
    }
    for (uint32_t i = 0; i < count; i++) {
        bind_entry(bind, section, i, entries);
    }
    return 0;
}

static int bind_section(struct yaml_bind *bind, const struct bind_section *section,
                        const yaml_node_t *name, const yaml_node_t *map)
{
    (void)snprintf(bind->section_name, sizeof bind->section_name, "%s", section->name);
    bind->section = map;
    int err = 0;
    if (section->value != NULL) {
        bind->section_name[0] = '\0';
        bind_member(bind, section->value, map, bind->target);
    } else if (section->entry_size != 0) {
        err = bind_entries_all(bind, section, name, map);
    } else {
        void *block = (uint8_t *)bind->target + section->offset;
        bind_keys(bind, section->keys, name, map, block);
        if (section->check != NULL) {
            section->check(bind, bind->target, block);
        }
    }
    bind->section_name[0] = '\0';
    return err;
}

static int bind_root(struct yaml_bind *bind, const struct bind_section *sections,
                     const yaml_node_t *root)
{
    if (root->type != YAML_MAPPING_NODE) {
        bind_error(bind, root, "a map of sections is needed, here is %s", node_kind(root));
        return 0;
    }
    const char *words[WORD_COUNT_MAX + 1] = {NULL};
    for (size_t s = 0; sections[s].name != NULL; s++) {
        CHECK(s < WORD_COUNT_MAX);
        words[s] = sections[s].name;
        int index = pair_find(bind, root, span_text(sections[s].name));
        if (index >= 0) {
            TRY(bind_section(bind, &sections[s], pair_key(bind, root, (uint32_t)index),
                             pair_value(bind, root, (uint32_t)index)));
        } else if (sections[s].required) {
            bind_error(bind, root, "the section '%s' is missing", sections[s].name);
        }
    }
    for (uint32_t i = 0; i < pair_count(root); i++) {
        size_t s = 0;
        struct span key = scalar_text(pair_key(bind, root, i));
        while (words[s] != NULL && !span_equal_text(key, words[s])) {
            s++;
        }
        if (key_is_good(bind, root, i) && words[s] == NULL) {
            error_unknown(bind, pair_key(bind, root, i), words);
        }
    }
    return 0;
}

/* --- the document ------------------------------------------------------------------------------
 */

static void error_syntax(struct yaml_bind *bind, const yaml_parser_t *parser)
{
    size_t line = parser->problem_mark.line;
    struct place place = {(uint32_t)line + 1,
                          byte_column(bind->text, line, parser->problem_mark.column), 1};
    if (parser->error == YAML_READER_ERROR) { /* Tells a byte's offset only. */
        place = (struct place){1, 1, 1};
        for (size_t i = 0; i < parser->problem_offset && i < bind->text.len; i++) {
            bool is_end = bind->text.ptr[i] == '\n';
            place.line += is_end ? 1u : 0u;
            place.col = is_end ? 1 : place.col + 1;
        }
    }
    problems_add(bind->problems, place, "%s%s%s",
                 parser->problem == NULL ? "not a YAML document" : parser->problem,
                 parser->context == NULL ? "" : " ",
                 parser->context == NULL ? "" : parser->context);
}

/* Nothing but the end may follow the document. */
static void check_single(struct yaml_bind *bind, yaml_parser_t *parser)
{
    yaml_document_t next;
    if (!yaml_parser_load(parser, &next)) {
        error_syntax(bind, parser);
        return;
    }
    const yaml_node_t *root = yaml_document_get_root_node(&next);
    if (root != NULL) {
        problems_add(bind->problems, place_of(bind, root),
                     "a second document begins here: one is enough");
    }
    yaml_document_delete(&next);
}

static int bind_document(struct yaml_bind *bind, const struct bind_section *sections,
                         yaml_parser_t *parser,
                         void (*finish)(struct yaml_bind *bind, void *target))
{
    if (!yaml_parser_load(parser, &bind->document)) {
        error_syntax(bind, parser);
        return parser->error == YAML_MEMORY_ERROR ? ERR_MEMORY : 0;
    }
    int err = 0;
    const yaml_node_t *root = yaml_document_get_root_node(&bind->document);
    if (root == NULL) {
        problems_add(bind->problems, (struct place){1, 1, 1}, "there is nothing in the file");
    } else {
        err = bind_root(bind, sections, root);
        if (err == 0 && finish != NULL && root->type == YAML_MAPPING_NODE) {
            finish(bind, bind->target);
        }
        check_single(bind, parser);
    }
    yaml_document_delete(&bind->document);
    return err;
}

int yaml_bind(struct span text, const char *name, const struct bind_section *sections, void *target,
              void (*finish)(struct yaml_bind *bind, void *target), source_report report,
              void *context)
{
    struct source source = {name, text, report, context, 0};
    int whole = source_check_whole(&source);
    if (text.len == 0) {
        return whole;
    }
    struct problems *problems = calloc(1, sizeof *problems);
    struct yaml_bind bind = {.problems = problems,
                             .text = text,
                             .name = name,
                             .report = report,
                             .context = context,
                             .target = target};
    yaml_parser_t parser;
    if (problems == NULL || !yaml_parser_initialize(&parser)) {
        free(problems);
        return ERR_MEMORY;
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, text.ptr, text.len);
    int err = bind_document(&bind, sections, &parser, finish);
    yaml_parser_delete(&parser);
    int told = problems_tell(problems, text, name, report, context);
    free(problems);
    return err != 0 ? err : told != 0 ? told : whole;
}
