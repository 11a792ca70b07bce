#include "tools/isomsg/import_row.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

/* Parts whose name says that they hold what must not be shown. To add a word: a row. */
static const struct {
    const char *word;
    uint8_t mask;
} secret_words[] = {
    {"track", ISO_MASK_ALL},
    {"cvv", ISO_MASK_ALL},
    {"cvc", ISO_MASK_ALL},
    {"pin_block", ISO_MASK_ALL},
    {"pin_data", ISO_MASK_ALL},
    {"card_verification", ISO_MASK_ALL},
    {"validation_data", ISO_MASK_ALL},
    {"account_number", ISO_MASK_PAN},
    {"pan", ISO_MASK_PAN},
    {"account_identification", ISO_MASK_PAN},
    {"pay_account", ISO_MASK_PAN},
    {"payer_account", ISO_MASK_PAN},
};

void *import_take(struct import *import, size_t size)
{
    struct import_block *block = calloc(1, sizeof *block + size);
    if (block == NULL) {
        import->out_of_memory = true;
        return NULL;
    }
    block->next = import->blocks;
    import->blocks = block;
    return block + 1;
}

void import_error(struct import *import, const struct packager_node *node, const char *name,
                  const char *format, ...)
{
    char sentence[IMPORT_NOTE_LEN];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(sentence, sizeof sentence, format, args);
    va_end(args);
    problems_add(import->problems, packager_place(import->text, node, name), "%s", sentence);
}

void import_note(struct import *import, const struct packager_node *node, const char *name,
                 const char *format, ...)
{
    uint32_t index = import->note_count++;
    if (index >= IMPORT_NOTES_MAX) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(import->notes[index].text, IMPORT_NOTE_LEN, format, args);
    va_end(args);
    import->notes[index].place = packager_place(import->text, node, name);
}

int import_number(struct import *import, const struct packager_node *node, const char *name,
                  unsigned max, unsigned *value)
{
    const char *text = packager_attr(node, name);
    uint64_t number = 0;
    char quote[QUOTE_LEN];
    if (text == NULL) {
        return 0;
    }
    if (span_number(span_text(text), &number) < 0 || number > max) {
        import_error(import, node, name, "%s=\"%s\" is not a number from 0 to %u", name,
                     problem_quote(span_text(text), quote), max);
        return -1;
    }
    *value = (unsigned)number;
    return 1;
}

bool import_flag(const struct packager_node *node, const char *name, bool otherwise)
{
    const char *text = packager_attr(node, name);
    return text == NULL ? otherwise : strcmp(text, "true") == 0;
}

const struct import_class *import_class_of(struct import *import, const struct packager_node *node)
{
    const char *name = packager_attr(node, "class");
    char quote[QUOTE_LEN];
    if (name == NULL) {
        import_error(import, node, NULL, "the attribute 'class' is missing");
        return NULL;
    }
    const struct import_class *class = import_class_find(name);
    (void)problem_quote(span_text(name), quote);
    if (class == NULL) {
        const char *near = import_class_suggest(name);
        import_error(import, node, "class", "the class %s is not known%s%s%s", quote,
                     near == NULL ? "" : "; did you mean ", near == NULL ? "" : near,
                     near == NULL ? "" : "?");
    } else if (class->kind == CLASS_REFUSED) {
        import_error(import, node, "class", "the class %s cannot be expressed: %s", quote,
                     class->why);
        class = NULL;
    }
    return class;
}

/* The description as a name: "PAN - PRIMARY ACCOUNT NUMBER" is pan_primary_account_number. */
static const char *name_make(struct import *import, const struct packager_node *node)
{
    const char *text = packager_attr(node, "name");
    char *name = import_take(import, IMPORT_NAME_LEN);
    size_t len = 0;
    for (; name != NULL && text != NULL && *text != '\0' && len + 1 < IMPORT_NAME_LEN; text++) {
        uint8_t c = (uint8_t)*text;
        bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (is_letter || byte_is_digit(c)) {
            name[len++] = (char)(c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c);
        } else if (len > 0 && name[len - 1] != '_') {
            name[len++] = '_';
        }
    }
    while (len > 0 && name[len - 1] == '_') {
        name[--len] = '\0';
    }
    return len == 0 ? "unnamed" : name;
}

/* Whether @word begins and ends where words of @name do; a digit may follow it (cvv2). */
static bool name_has(const char *name, const char *word)
{
    const char *at = name;
    while ((at = strstr(at, word)) != NULL) {
        char behind = at[strlen(word)];
        bool begins = at == name || at[-1] == '_';
        if (begins && (behind == '\0' || behind == '_' || byte_is_digit((uint8_t)behind))) {
            return true;
        }
        at++;
    }
    return false;
}

static uint8_t mask_make(unsigned de, bool is_part, const char *name)
{
    const struct iso_dialect *usual = dialect_find("iso87_ascii");
    uint8_t mask = usual->field[de].mask;
    for (size_t i = 0; i < ARRAY_COUNT(secret_words) && is_part; i++) {
        bool has = name_has(name, secret_words[i].word);
        mask = has && secret_words[i].mask > mask ? secret_words[i].mask : mask;
    }
    return mask;
}

/* What the length counts may not be more than what its prefix can say: jPOS refuses such a file, or
 * never gets there. */
static unsigned length_cap(struct import *import, const struct packager_node *node,
                           const struct iso_field_row *row, unsigned prefix, uint8_t coding,
                           unsigned length)
{
    unsigned max = 1;
    for (unsigned i = 0; i < prefix && max <= UINT16_MAX; i++) {
        max *= coding == ISO_BINARY ? 256 : 10;
    }
    max = prefix == 0 || max > UINT16_MAX ? UINT16_MAX : max - 1;
    max = row->prefix_unit == ISO_UNIT_NIBBLES && row->coding == ISO_BINARY ? max / 2 : max;
    max = row->prefix_unit == ISO_UNIT_NIBBLES && row->coding == ISO_BCD ? max - max % 2 : max;
    /* Counted in bytes, two digits each. */
    max = row->coding == ISO_BCD && row->prefix_unit == ISO_UNIT_WIRE && max < UINT16_MAX / 2
              ? 2 * max
              : max;
    if (length > max) {
        import_note(import, node, "length", "length %u is taken as %u: no more can be told", length,
                    max);
        return max;
    }
    return length;
}

static bool token_take(struct import *import, const struct packager_node *node,
                       struct iso_field_row *row)
{
    const char *token = packager_attr(node, "token");
    if (token == NULL || strlen(token) != 1) {
        import_error(import, node, token == NULL ? "class" : "token",
                     "the class %s needs a token of one character", packager_attr(node, "class"));
        return false;
    }
    row->token = (uint8_t)token[0];
    return true;
}

bool import_row(struct import *import, const struct packager_node *node,
                const struct import_class *class, unsigned de, bool is_part,
                struct iso_field_row *row)
{
    unsigned length = 0;
    int given = import_number(import, node, "length", 999999999, &length);
    if (given <= 0) {
        if (given == 0) {
            import_error(import, node, NULL, "the attribute 'length' is missing");
        }
        return false;
    }
    struct iso_field_row made = {.content = class->content,
                                 .coding = class->coding,
                                 .prefix_unit = class->unit,
                                 .pad =
                                     import_flag(node, "pad", false) ? class->pad_true : class->pad,
                                 .fill = class->fill,
                                 .extent = class->extent,
                                 .sign = class->sign};
    if (class->counts_digits && length % 2 != 0) {
        import_error(import, node, "length", "the class %s with an odd length cannot be expressed",
                     packager_attr(node, "class"));
        return false;
    }
    length = class->counts_digits ? length / 2 : length;
    length += class->counts_sign ? 1 : 0;
    made.len =
        (uint16_t)length_cap(import, node, &made, class->prefix, class->prefix_coding, length);
    if (class->kind == CLASS_FIELD) {
        made.prefix = class->prefix;
        made.prefix_coding = class->prefix_coding;
    }
    if (length == 0) {
        return false;
    }
    made.name = name_make(import, node);
    made.mask = mask_make(de, is_part, made.name);
    bool is_track = (de == 35 || de == 36) && !is_part && made.content == ISO_N;
    made.content = is_track ? ISO_Z : made.content; /* '=' is a nibble D there, as jPOS has it. */
    *row = made;
    return class->extent != ISO_EXTENT_TOKEN || token_take(import, node, row);
}

void import_later(struct import *import, const struct packager_node *node,
                  struct iso_field_row *row, unsigned depth)
{
    struct import_job *job = import_take(import, sizeof *job);
    if (job != NULL) {
        *job = (struct import_job){import->jobs, node, row, depth};
        import->jobs = job;
    }
}

void import_forget(struct import *import, const struct iso_field_row *row)
{
    struct import_job **at = &import->jobs;
    while (*at != NULL) {
        if ((*at)->row == row) {
            *at = (*at)->next;
        } else {
            at = &(*at)->next;
        }
    }
}
