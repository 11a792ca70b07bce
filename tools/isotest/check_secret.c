#include "tools/isotest/check.h"

/* Shorter ones are in many a number that is no secret. */
static size_t shortest(enum secret_kind kind)
{
    static const uint8_t lens[] = {[SECRET_KEY] = 16, [SECRET_PAN] = 12, [SECRET_PIN] = 4};
    return lens[kind];
}

static void secret_add(struct checker *checker, enum secret_kind kind, struct span value)
{
    if (value.len < shortest(kind)) {
        return;
    }
    struct secret *secret = arena_take(checker->arena, sizeof *secret);
    secret->kind = (uint8_t)kind;
    secret->value = value;
    secret->next = checker->script->secrets;
    checker->script->secrets = secret;
}

/* What a variable may be: what --var says, and what the script sets. */
static void variable_gather(struct checker *checker, enum secret_kind kind, struct span name)
{
    const struct script_options *options = checker->options;
    if (options->variable != NULL) {
        secret_add(checker, kind, options->variable(options->context, name));
    }
    for (const struct setting *setting = checker->script->settings; setting != NULL;
         setting = setting->next) {
        if (setting->value.kind == VALUE_BYTES && span_equal(setting->name, name)) {
            secret_add(checker, kind, setting->value.bytes);
        }
    }
}

static void value_gather(struct checker *checker, enum secret_kind kind, const struct value *value)
{
    if (value->kind == VALUE_BYTES) {
        secret_add(checker, kind, value->bytes);
        return;
    }
    for (const struct part *part = value->parts; part != NULL; part = part->next) {
        if (part->kind == PART_VARIABLE) {
            variable_gather(checker, kind, part->text);
        } else if (part->kind == PART_BYTES) {
            secret_add(checker, kind, part->text);
        }
    }
}

void secrets_gather(struct checker *checker)
{
    static const struct {
        const char *line;
        enum secret_kind kind;
    } rows[] = {{"pan", SECRET_PAN}, {"pin", SECRET_PIN}, {"imk", SECRET_KEY}};
    for (const struct key *key = checker->script->keys; key != NULL; key = key->next) {
        value_gather(checker, SECRET_KEY, &key->value);
    }
    for (const struct card *card = checker->script->cards; card != NULL; card = card->next) {
        for (const struct card_line *line = card->lines; line != NULL; line = line->next) {
            for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
                if (span_equal_text(line->name, rows[i].line)) {
                    value_gather(checker, rows[i].kind, &line->value);
                }
            }
        }
    }
}
