/* isomsg diff: two messages, or two files of them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/exit_code.h"
#include "tools/isomsg/cut.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/meaning.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/pair.h"
#include "tools/isomsg/reading.h"
#include "tools/isomsg/show.h"

/* The messages of one of the two inputs: where they are, and their keys. */
struct side {
    const char *name;
    const struct iso_dialect *dialect;
    const struct framing *framing;
    struct span *wires;
    struct pair_key *keys;
    size_t count;
    size_t cap;
};

struct diff {
    const struct options *options;
    struct side sides[2];
    uint64_t ignored[ISO_BITMAPS];
    size_t pairs;
    size_t equal;
    bool single;  /* one message on either side: all of its lines are shown */
    json_t *list; /* of pairs that differ, with --json */
};

/* --- reading -----------------------------------------------------------------------------------
 */

/* A message in memory of its own: two are compared at a time. */
struct copy {
    struct iso_msg msg;
    struct iso_error error;
    uint8_t scratch[READING_SCRATCH_LEN(UINT16_MAX)];
    uint8_t touched[UINT16_MAX];
    struct show show;
};

static void copy_read(struct copy *copy, const struct side *side, size_t index, bool unmask)
{
    struct writer scratch = writer_make(copy->scratch, sizeof copy->scratch);
    int result =
        message_read(side->dialect, side->wires[index], &scratch, &copy->msg, &copy->error);
    copy->show = (struct show){
        .reveal = {.dialect = side->dialect,
                   .msg = &copy->msg,
                   .wire = side->wires[index],
                   .is_bad = result < 0 && copy->error.path[0] == '\0',
                   .unmask = unmask},
        .error = result < 0 ? &copy->error : NULL,
    };
    if (result < 0 && side->wires[index].len <= sizeof copy->touched) {
        reveal_look(&copy->show.reveal, copy->touched);
    }
}

static int side_add(struct side *side, struct span wire)
{
    if (side->count == side->cap) {
        size_t cap = 2 * side->cap + 64;
        struct span *wires = realloc(side->wires, cap * sizeof *wires);
        side->wires = wires == NULL ? side->wires : wires;
        struct pair_key *keys = realloc(side->keys, cap * sizeof *keys);
        side->keys = keys == NULL ? side->keys : keys;
        if (wires == NULL || keys == NULL) {
            return ERR_MEMORY;
        }
        side->cap = cap;
    }
    static uint8_t room[2 * UINT16_MAX];
    static struct iso_msg msg;
    struct writer scratch = writer_make(room, sizeof room);
    struct iso_error error;
    (void)!iso_decode(side->dialect, wire, &scratch, &msg, &error); /* the key of what was read */
    side->wires[side->count] = wire;
    side->keys[side->count++] = pair_key_of(&msg);
    return 0;
}

static int side_read(const struct options *options, int index, struct side *side)
{
    struct input input;
    int code = input_open(options, index, &input);
    if (code != EXIT_GOOD) {
        return code;
    }
    side->name = input.name;
    for (size_t i = 0; i < input.count; i++) {
        char why[CUT_WHY_LEN];
        struct cutter cutter;
        struct cut cut;
        int result = cutter_open(&cutter, side->framing, input.parts[i], why);
        while (result >= 0 && (result = cutter_next(&cutter, &cut, why)) == 1) {
            if (side_add(side, cut.wire) < 0) {
                fprintf(stderr, "isomsg: out of memory\n");
                return EXIT_IO;
            }
        }
        if (result < 0) {
            fprintf(stderr, "isomsg: %s: %s\n", side->name, why);
            return EXIT_INPUT;
        }
    }
    return EXIT_GOOD;
}

/* "7,11" into a set. */
static int ignored_read(const char *text, uint64_t ignored[ISO_BITMAPS])
{
    while (text != NULL && *text != '\0') {
        size_t len = strcspn(text, ",");
        uint64_t de = 0;
        if (span_number(span_make(text, len), &de) < 0 || de < 2 || de > ISO_DE_MAX) {
            fprintf(stderr, "isomsg: --ignore: elements with commas between are needed, like "
                            "7,11\n");
            return EXIT_CALLED_WRONG;
        }
        ignored[(de - 1) >> 6] |= 1ull << (63 - ((de - 1) & 63));
        text += len + (text[len] == ',');
    }
    return EXIT_GOOD;
}

/* --- comparing ---------------------------------------------------------------------------------
 */

static bool element_differs(const struct diff *diff, const struct copy *a, const struct copy *b,
                            unsigned de)
{
    bool is_ignored = (diff->ignored[(de - 1) >> 6] >> (63 - ((de - 1) & 63)) & 1) != 0;
    return !is_ignored && (iso_has(&a->msg, de) != iso_has(&b->msg, de) ||
                           !span_equal(iso_get(&a->msg, de), iso_get(&b->msg, de)));
}

/* A message that cannot be read is equal to none but one of the same bytes. */
static bool messages_differ(const struct diff *diff, const struct copy *a, const struct copy *b)
{
    if (a->show.reveal.is_bad || b->show.reveal.is_bad) {
        return !span_equal(a->show.reveal.wire, b->show.reveal.wire);
    }
    bool differ = a->msg.mti != b->msg.mti;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        differ |= element_differs(diff, a, b, de);
    }
    return differ;
}

/* Which one it is: its type, and what it is known by. */
static void title_print(const struct copy *copy)
{
    static const uint8_t named[] = {11, 41, 37};
    char kind[MEANING_LEN];
    printf("%04X", copy->msg.mti);
    if (mti_meaning(copy->msg.mti, kind)[0] != '\0') {
        printf("  %s", kind);
    }
    for (size_t i = 0; i < ARRAY_COUNT(named); i++) {
        if (iso_has(&copy->msg, named[i])) {
            printf("  DE%u %s", named[i], reveal_field(&copy->show.reveal, named[i]));
        }
    }
}

static void pair_print(const struct diff *diff, const struct copy *a, const struct copy *b)
{
    bool shows_all = diff->single || diff->options->all;
    if (a->msg.mti != b->msg.mti) {
        printf("- %04X\n+ %04X\n", a->msg.mti, b->msg.mti);
    }
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        if (!element_differs(diff, a, b, de)) {
            if (shows_all && iso_has(&a->msg, de)) {
                show_field(&a->show, de, ' ');
            }
            continue;
        }
        if (iso_has(&a->msg, de)) {
            show_field(&a->show, de, '-');
        }
        if (iso_has(&b->msg, de)) {
            show_field(&b->show, de, '+');
        }
    }
    const struct copy *copies[] = {a, b};
    for (size_t i = 0; i < 2; i++) {
        char text[ISO_TEXT_LEN_MAX];
        if (copies[i]->show.error != NULL) {
            printf(
                "%c ! %s\n", i == 0 ? '-' : '+',
                iso_error_text(copies[i]->show.error, diff->sides[i].dialect, text, sizeof text));
        }
    }
}

/* {"a":1,"b":1,"mti":"0200","differ":{"4":["000000001250","000000001300"]}}; null: absent. */
static void pair_json(struct diff *diff, const struct copy *a, const struct copy *b, size_t a_index,
                      size_t b_index)
{
    json_t *differ = json_object();
    struct reveal reveals[] = {a->show.reveal, b->show.reveal};
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        char number[8];
        if (!element_differs(diff, a, b, de)) {
            continue;
        }
        json_t *values = json_array();
        for (size_t i = 0; i < 2; i++) {
            reveals[i].json = true;
            (void)json_array_append_new(values, iso_has(reveals[i].msg, de)
                                                    ? json_string(reveal_field(&reveals[i], de))
                                                    : json_null());
        }
        (void)snprintf(number, sizeof number, "%u", de);
        (void)json_object_set_new(differ, number, values);
    }
    char mtis[2][8];
    (void)snprintf(mtis[0], sizeof mtis[0], "%04X", a->msg.mti);
    (void)snprintf(mtis[1], sizeof mtis[1], "%04X", b->msg.mti);
    json_t *pair = json_pack("{s:I, s:I, s:s, s:o}", "a", (json_int_t)a_index + 1, "b",
                             (json_int_t)b_index + 1, "mti", mtis[0], "differ", differ);
    if (a->msg.mti != b->msg.mti) {
        (void)json_object_set_new(differ, "mti", json_pack("[s, s]", mtis[0], mtis[1]));
    }
    (void)json_array_append_new(diff->list, pair);
}

static void pair_compare(struct diff *diff, size_t a_index, size_t b_index)
{
    static struct copy a;
    static struct copy b;
    copy_read(&a, &diff->sides[0], a_index, diff->options->unmask);
    copy_read(&b, &diff->sides[1], b_index, diff->options->unmask);
    bool differ = messages_differ(diff, &a, &b);
    diff->pairs++;
    diff->equal += !differ;
    if (diff->options->json) {
        if (differ) {
            pair_json(diff, &a, &b, a_index, b_index);
        }
        return;
    }
    if (!differ && !diff->single && !diff->options->all) {
        return;
    }
    title_print(&a);
    printf("  (%s %zu, %s %zu)%s\n", diff->sides[0].name, a_index + 1, diff->sides[1].name,
           b_index + 1, differ ? "" : "  equal");
    pair_print(diff, &a, &b);
}

/* The messages of @side that have no partner. Returns how many. */
static size_t lonely_tell(const struct diff *diff, const struct side *side, json_t *list)
{
    static struct copy copy;
    size_t count = 0;
    for (size_t i = 0; i < side->count; i++) {
        if (side->keys[i].partner != PAIR_NONE) {
            continue;
        }
        count++;
        if (list != NULL) {
            (void)json_array_append_new(list, json_integer((json_int_t)i + 1));
            continue;
        }
        copy_read(&copy, side, i, diff->options->unmask);
        title_print(&copy);
        printf("  only in %s (%zu)\n", side->name, i + 1);
    }
    return count;
}

static int sides_compare(struct diff *diff)
{
    struct side *a = &diff->sides[0];
    struct side *b = &diff->sides[1];
    diff->single = a->count == 1 && b->count == 1;
    if (diff->single) {
        a->keys[0].partner = 0;
        b->keys[0].partner = 0;
    } else if (pairs_make(a->keys, a->count, b->keys, b->count) < 0) {
        fprintf(stderr, "isomsg: out of memory\n");
        return EXIT_IO;
    }
    json_t *only_a = diff->options->json ? json_array() : NULL;
    json_t *only_b = diff->options->json ? json_array() : NULL;
    diff->list = diff->options->json ? json_array() : NULL;
    for (size_t i = 0; i < a->count; i++) {
        if (a->keys[i].partner != PAIR_NONE) {
            pair_compare(diff, i, (size_t)a->keys[i].partner);
        }
    }
    size_t lonely = lonely_tell(diff, a, only_a) + lonely_tell(diff, b, only_b);
    if (diff->options->json) {
        json_t *whole = json_pack("{s:I, s:I, s:o, s:o, s:o}", "pairs", (json_int_t)diff->pairs,
                                  "equal", (json_int_t)diff->equal, "differ", diff->list, "only_a",
                                  only_a, "only_b", only_b);
        (void)json_dumpf(whole, stdout, JSON_COMPACT);
        printf("\n");
        json_decref(whole);
    } else if (!diff->single) {
        printf("%zu pairs: %zu equal, %zu differ; %zu without a partner\n", diff->pairs,
               diff->equal, diff->pairs - diff->equal, lonely);
    }
    return diff->equal == diff->pairs && lonely == 0 ? EXIT_GOOD : EXIT_BAD;
}

int diff_run(const struct options *options)
{
    struct diff diff = {.options = options};
    diff.sides[0].dialect = options->dialect;
    diff.sides[0].framing = options->framing;
    diff.sides[1].dialect = options->dialect_second;
    diff.sides[1].framing = options->framing_second;
    if (options->hex_count + options->arg_count != 2) {
        fprintf(stderr, "isomsg: diff takes two: files, --hex, or one of each\n");
        return EXIT_CALLED_WRONG;
    }
    int code = ignored_read(options->ignore, diff.ignored);
    for (int i = 0; i < 2 && code == EXIT_GOOD; i++) {
        code = side_read(options, i, &diff.sides[i]);
    }
    if (code == EXIT_GOOD) {
        code = sides_compare(&diff);
    }
    for (int i = 0; i < 2; i++) {
        free(diff.sides[i].wires);
        free(diff.sides[i].keys);
    }
    return code;
}
