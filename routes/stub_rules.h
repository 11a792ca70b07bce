/* Rules: how a simulated issuer is told to misbehave. One a line, the first that matches decides:
 *
 *     when FIELD OP VALUE [and FIELD OP VALUE ...] then VERB [ARGUMENT] [times N]
 *
 *     when amount == 6600 then drop
 *     when pan prefix 411111 and proc prefix 00 then decline 05
 *     when mti == 0420 then decline 91 times 2
 *     when amount >= 7700 and amount < 7800 then late 3000
 *
 * FIELD   mti pan proc amount stan mcc rrn terminal merchant currency network (DE70).
 * OP      == != prefix; < > <= >= for amount and stan. A field that is absent matches nothing.
 * VERB    approve        as if all were well with the card: no check, no PIN
 *         decline CODE   with this DE39
 *         partial AMOUNT approve this much with DE39 10 (an 0100 or 0200 for more than it)
 *         drop           as if it never came: nothing posted, no answer
 *         close          the same, and the connection is cut
 *         silent         posted, but no answer ever
 *         delay MS       posted, the answer MS later than it would have been
 *         late MS        posted, the answer after exactly MS; counted as late
 *         duplicate      posted once, answered twice
 * times N the rule holds for its first N matches, then it is passed over. */
#pragma once

#include "iso8583/message.h"
#include "iso8583/base/source.h"

enum rule_verb {
    RULE_APPROVE,
    RULE_DECLINE,
    RULE_PARTIAL,
    RULE_DROP,
    RULE_CLOSE,
    RULE_SILENT,
    RULE_DELAY,
    RULE_LATE,
    RULE_DUPLICATE,
};

enum { RULES_MAX = 128, RULE_CONDITIONS_MAX = 8, RULE_TEXT_LEN_MAX = 24 };

struct rule_condition {
    uint8_t field; /* index of the table in stub_rules.c */
    uint8_t op;
    uint8_t text_len;
    char text[RULE_TEXT_LEN_MAX];
    uint64_t number;
};

struct rule {
    struct rule_condition condition[RULE_CONDITIONS_MAX];
    uint32_t condition_count;
    enum rule_verb verb;
    char code[3];         /* decline */
    int64_t amount_minor; /* partial */
    uint32_t ms;          /* delay, late */
    bool is_limited;
    uint32_t times_left;
};

struct rules {
    uint32_t count;
    struct rule rule[RULES_MAX];
};

/* Append the rules of @source (lines; empty ones and those that begin with '#' are passed over; the
 * last newline may be missing only if @is_line: a single rule of a command line). Returns 0, or
 * ERR_CONFIG after the reports. */
MUST_USE int rules_parse(struct rules *rules, struct source *source, bool is_line);

/* The first rule that matches @msg, its count of times lowered, or NULL. Borrows from @rules. */
const struct rule *rules_match(struct rules *rules, const struct iso_msg *msg);
