/* The checker's own header: what its files share. check.c declarations, check_step.c statements,
 * check_value.c values and predicates,
 * check_secret.c what no output may show.
 *
 * A script is walked once, in the order of its text. What is told is certain to be wrong whatever
 * happens in a run; what may be right is left to the run. */
#pragma once

#include "tools/isotest/names.h"
#include "tools/isotest/tell.h"

/* Where a value stands: what it may refer to. */
enum place_kind {
    PLACE_TOP,   /* set, key: earlier settings only */
    PLACE_PEER,  /* a line of a terminal or issuer: and {{n}} of a range */
    PLACE_CARD,  /* read when the card is used: and row.* */
    PLACE_STEP,  /* a statement: what the test has set, sent, taken before it */
    PLACE_REPLY, /* read when an issuer answers: whatever the test sets anywhere */
};

struct variable_state {
    uint32_t test; /* the last that sets it, from 1 */
    bool everywhere;
    bool is_message;
};

/* A reference that may be to what is set further down in the test. */
struct deferred {
    struct deferred *next;
    struct part *part;
};

struct checker {
    struct script *script;
    struct arena *arena;
    struct teller *teller;
    const struct script_options *options;
    struct names peers;
    struct names cards;
    struct names datas;
    struct names keys;
    struct names titles;
    struct names rules; /* `on` for ever: block, issuer, message type */
    struct slots variables;
    struct slots columns;
    struct slots counters;
    struct variable_state *states; /* by slot */
    uint32_t state_cap;
    struct peer_decl *only_terminal; /* NULL: none, or several */
    bool has_issuer;
    bool card_uses_row; /* the card that is looked at */
    bool range;         /* the peer that is looked at is one of several */
    /* Of the test that is walked: */
    uint32_t test; /* from 1 */
    uint32_t block_count;
    uint32_t rule_count;
    bool sent;
    bool taken;
    bool has_row;
    struct peer_decl *last;            /* the terminal that sent last, or NULL */
    const struct iso_dialect *dialect; /* of what was sent last; NULL: it depends */
    const struct iso_dialect *taken_dialect;
    struct deferred *deferred;
};

/* Tell of @spot, or of where @name, a piece of the script's text, stands. */
#define tell_at(checker, spot, ...) teller_tell((checker)->teller, (spot), __VA_ARGS__)
#define tell_name(checker, name, ...)                                                              \
    teller_tell((checker)->teller, spot_of((checker)->script, (name)), __VA_ARGS__)

/* Where a piece of the script's text stands. Slow: for errors. */
struct spot spot_of(const struct script *script, struct span piece);

/* Tell that there is no @what of this name; with a suggestion. */
void tell_unknown(struct checker *checker, const char *what, struct span name, struct spot spot,
                  const struct names *among);

/* --- check_value.c -----------------------------------------------------------------------------
 */

/* Resolve what @value refers to, and its bytes if they are known. */
void value_check(struct checker *checker, struct value *value, enum place_kind place);

/* Whether the bytes of a checked template are known. */
bool value_is_known(const struct value *value);

/* @value is for what @path names in @dialect (NULL: it depends on the run): check that it fits
 * (@must_fit) and make it the field's bytes. */
void value_fit(struct checker *checker, struct value *value, const struct path *path,
               const struct iso_dialect *dialect, bool must_fit);

/* @path is one of @dialect (NULL: any). */
bool path_check(struct checker *checker, const struct path *path, struct spot spot,
                const struct iso_dialect *dialect);

/* A predicate on what @path names (NULL: on a text) in @dialect. */
void pred_check(struct checker *checker, struct pred *pred, enum place_kind place,
                const struct path *path, const struct iso_dialect *dialect);

/* The slot of variable @name, which the current test (0: everything) sets from here on. */
uint32_t variable_set(struct checker *checker, struct span name, bool is_message);

/* What is known of the variable with this slot. */
struct variable_state *variable_state(struct checker *checker, uint32_t slot);

/* The references of replies, at the end of the test. */
void deferred_check(struct checker *checker);

/* --- check_secret.c ----------------------------------------------------------------------------
 */

/* What no output may show: the keys, card numbers and PINs of the declarations, and what the
 * variables in them may be. After the declarations are checked. */
void secrets_gather(struct checker *checker);

/* --- check_step.c ------------------------------------------------------------------------------
 */

void test_check(struct checker *checker, struct test *test);

/* @name may be set: the run itself gives seed and tmp. */
void set_check(struct checker *checker, struct span name, struct spot spot);

/* Find a card of this name, or tell. */
struct card *card_find(struct checker *checker, struct span name);

/* "FIELD value" lines of what is sent in @dialect. */
void fields_check(struct checker *checker, struct field_line *fields, enum place_kind place,
                  const struct iso_dialect *dialect);

/* --- check.c -----------------------------------------------------------------------------------
 */

void script_check(struct checker *checker);
