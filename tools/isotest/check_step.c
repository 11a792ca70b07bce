#include <stdio.h>

#include "iso8583/mti.h"
#include "tools/isotest/check.h"
#include "tools/isotest/query_words.h"

static void stmts_check(struct checker *checker, struct stmt *stmts);

/* --- names ---------------------------------------------------------------------------------------
 */

static struct peer_decl *peer_find(struct checker *checker, struct span name)
{
    struct peer_decl *peer = name.len == 0 ? NULL : names_find(&checker->peers, name);
    if (peer == NULL && name.len > 0) {
        tell_unknown(checker, "terminal or issuer", name, spot_of(checker->script, name),
                     &checker->peers);
    }
    return peer;
}

struct card *card_find(struct checker *checker, struct span name)
{
    struct card *card = name.len == 0 ? NULL : names_find(&checker->cards, name);
    if (card == NULL && name.len > 0) {
        tell_unknown(checker, "card", name, spot_of(checker->script, name), &checker->cards);
    }
    return card;
}

/* A card whose lines refer to a row of data needs one where it is used. */
static struct card *card_use(struct checker *checker, struct span name)
{
    struct card *card = card_find(checker, name);
    if (card != NULL && card->uses_row && !checker->has_row) {
        tell_name(checker, name,
                  "card " WORD_FORMAT " takes row.*, and there is no row of data yet: "
                  "'next NAME' or 'for row in NAME' comes first",
                  WORD(name));
    }
    return card;
}

/* Whether @card has a line @fact; tells that @step needs it. */
static void card_needs(struct checker *checker, const struct card *card, struct span name,
                       const char *fact, const char *step)
{
    if (card == NULL) {
        return;
    }
    for (const struct card_line *line = card->lines; line != NULL; line = line->next) {
        if (span_equal_text(line->name, fact)) {
            return;
        }
    }
    tell_name(checker, name, "card " WORD_FORMAT " has no '%s', which %s needs", WORD(name), fact,
              step);
}

/* --- message types ---------------------------------------------------------------------------- */

/* Tell of @mti if ISO 8583 has none such. Who wants to send one does so with `raw`. */
static void mti_check(struct checker *checker, const struct stmt *stmt, uint16_t mti, bool is_sent)
{
    unsigned version = mti_version(mti);
    const char *what = NULL;
    if (mti == 0) {
        return;
    }
    if (version > 2 && version != 9) {
        what = "versions are 0, 1 and 2 (and 9, private)";
    } else if (mti_class(mti) < 1 || mti_class(mti) > 8) {
        what = "classes (the second digit) are 1 to 8";
    } else if (mti_function(mti) > 5) {
        what = "functions (the third digit) are 0 to 5";
    } else if (mti_origin(mti) > 5) {
        what = "origins (the last digit) are 0 to 5";
    } else if (!is_sent && !mti_is_request(mti) && mti_is_repeat(mti)) {
        what = "a repeat is answered as its original is";
    }
    if (what != NULL) {
        tell_at(checker, stmt->spot, "there is no message type %04x: %s", (unsigned)mti, what);
    }
}

/* --- send ----------------------------------------------------------------------------------------
 */

void fields_check(struct checker *checker, struct field_line *fields, enum place_kind place,
                  const struct iso_dialect *dialect)
{
    for (struct field_line *line = fields; line != NULL; line = line->next) {
        bool known = path_check(checker, &line->path, line->spot, dialect);
        if (line->remove) {
            continue;
        }
        value_check(checker, &line->value, place);
        if (known) {
            value_fit(checker, &line->value, &line->path, dialect, true);
        }
    }
}

/* Whom a send is from: the one that is named, or the only terminal there is. */
static struct peer_decl *sender_find(struct checker *checker, const struct stmt *stmt)
{
    const struct send *send = &stmt->u.send;
    if (send->from_name.len > 0) {
        return peer_find(checker, send->from_name);
    }
    if (checker->only_terminal == NULL) {
        char list[LIST_LEN] = "";
        size_t used = 0;
        for (const struct peer_decl *peer = checker->script->peers;
             peer != NULL && used < sizeof list - 80; peer = peer->next) {
            if (!peer->is_issuer) {
                used += (size_t)snprintf(list + used, sizeof list - used, "%s" WORD_FORMAT,
                                         used > 0 ? ", " : "", WORD(peer->name));
            }
        }
        tell_at(checker, stmt->spot, "say from which terminal%s%s", used > 0 ? ": from " : "",
                used > 0 ? list : "; the script has none");
    }
    return checker->only_terminal;
}

static void from_index_check(struct checker *checker, struct send *send)
{
    struct value *value = &send->from_index;
    uint64_t number = 0;
    if (value->spot.line == 0) {
        return;
    }
    value_check(checker, value, PLACE_STEP);
    if (send->from == NULL) {
        return;
    }
    if (send->from->last == 0) {
        tell_at(checker, value->spot, WORD_FORMAT " is one terminal, without a range",
                WORD(send->from->name));
    } else if (value_is_known(value) && (span_number(value->bytes, &number) < 0 ||
                                         number < send->from->first || number > send->from->last)) {
        tell_at(checker, value->spot, WORD_FORMAT " is [%u..%u]", WORD(send->from->name),
                (unsigned)send->from->first, (unsigned)send->from->last);
    }
}

static void copy_check(struct checker *checker, struct send *send)
{
    if (send->copy.len == 0) {
        return;
    }
    send->copy_slot = slots_find(&checker->variables, send->copy);
    const struct variable_state *state =
        send->copy_slot == SLOT_NONE ? NULL : variable_state(checker, send->copy_slot);
    if (state == NULL || state->test != checker->test || !state->is_message) {
        tell_name(checker, send->copy,
                  "no message is captured as '" WORD_FORMAT
                  "' before this line (capture " WORD_FORMAT " = message)",
                  WORD(send->copy), WORD(send->copy));
        send->copy_slot = 0;
    }
}

/* A message has one MAC, in 64 or in 128, and who sets it by hand does not have it made. */
static void mac_check(struct checker *checker, const struct send *send)
{
    const struct field_line *first = NULL;
    for (const struct field_line *line = send->fields; line != NULL; line = line->next) {
        if (line->path.kind != PATH_FIELD || line->remove ||
            (line->path.de != 64 && line->path.de != 128)) {
            continue;
        }
        if (send->mac) {
            tell_at(checker, line->spot, "the MAC is made by the 'mac' line, or set here");
        } else if (first != NULL && first->path.de != line->path.de) {
            tell_at(checker, line->spot, "a message has its MAC in 64 or in 128, not in both");
        }
        first = line;
    }
}

/* Tags are the same in all dialects: their values are hex digits. */
static void tags_check(struct checker *checker, struct card_line *lines)
{
    for (struct card_line *line = lines; line != NULL; line = line->next) {
        struct path path = {.kind = PATH_TAG, .de = 55};
        uint8_t tag[4];
        if (line->name.len < 2 || line->name.len > 8 || hex_decode(line->name, tag) < 0) {
            tell_at(checker, line->spot, "'" WORD_FORMAT "' is no tag (9F33)", WORD(line->name));
        }
        value_check(checker, &line->value, PLACE_STEP);
        value_fit(checker, &line->value, &path, NULL, true);
    }
}

static void send_check(struct checker *checker, struct stmt *stmt)
{
    struct send *send = &stmt->u.send;
    mti_check(checker, stmt, send->is_raw ? 0 : send->mti, true);
    send->from = sender_find(checker, stmt);
    from_index_check(checker, send);
    copy_check(checker, send);
    const struct peer_decl *from = send->from;
    const struct iso_dialect *dialect = from != NULL ? from->dialect : NULL;
    fields_check(checker, send->fields, PLACE_STEP, dialect);
    mac_check(checker, send);
    send->card = card_use(checker, send->card_name);
    card_needs(checker, send->card, send->card_name, "pan", "a card line");
    send->pin = card_use(checker, send->pin_name);
    card_needs(checker, send->pin, send->pin_name, "pin", "a pin line");
    send->emv = card_use(checker, send->emv_name);
    tags_check(checker, send->emv_lines);
    if (send->is_raw && (send->fields != NULL || send->card_name.len > 0 ||
                         send->pin_name.len > 0 || send->emv_name.len > 0 || send->mac)) {
        tell_at(checker, stmt->spot, "raw bytes are sent as they are: no lines stand below");
    }
    if (from != NULL && send->pin_name.len > 0 && from->pin.name.spot.line == 0) {
        tell_name(checker, send->pin_name,
                  WORD_FORMAT " has no key for PINs: its 'pin' line is missing", WORD(from->name));
    }
    if (from != NULL && send->mac && from->mac.name.spot.line == 0) {
        tell_at(checker, stmt->spot, WORD_FORMAT " has no key for MACs: its 'mac' line is missing",
                WORD(from->name));
    }
    checker->sent = true;
    if (send->from != NULL) {
        checker->last = send->from;
        checker->dialect = dialect;
    }
}

/* --- expect --------------------------------------------------------------------------------------
 */

static void check_check(struct checker *checker, struct check *check, const struct expect *expect,
                        const struct iso_dialect *dialect)
{
    const struct peer_decl *at = expect->at;
    switch ((enum check_kind)check->kind) {
    case CHECK_FIELD: {
        bool known = path_check(checker, &check->path, check->spot, dialect);
        pred_check(checker, &check->pred, PLACE_STEP, &check->path, known ? dialect : NULL);
        break;
    }
    case CHECK_MAC_VALID:
        if (at != NULL && at->mac.name.spot.line == 0) {
            tell_at(checker, check->spot,
                    WORD_FORMAT " has no key for MACs: its 'mac' line is missing", WORD(at->name));
        }
        break;
    case CHECK_ARPC:
        check->card = card_use(checker, check->card_name);
        card_needs(checker, check->card, check->card_name, "imk", "an ARPC");
        break;
    case CHECK_LATENCY:
        break;
    case CHECK_SAME:
        if (!checker->sent) {
            tell_at(checker, check->spot, "nothing was sent before this line");
        }
        for (struct path_list *node = check->same; node != NULL; node = node->next) {
            (void)path_check(checker, &node->path, node->spot, dialect);
        }
        break;
    }
}

static void expect_check(struct checker *checker, struct stmt *stmt)
{
    struct expect *expect = &stmt->u.expect;
    mti_check(checker, stmt, expect->kind == EXPECT_MESSAGE ? expect->mti : 0, false);
    expect->at = peer_find(checker, expect->at_name);
    bool at_terminal = expect->at == NULL ? expect->at_name.len == 0 : !expect->at->is_issuer;
    if (at_terminal && !checker->sent && expect->kind != EXPECT_NONE) {
        tell_at(checker, stmt->spot, "nothing was sent before this line%s",
                expect->at == NULL ? ", so say at whom: at NAME" : "");
    } else if (expect->at == NULL && expect->at_name.len == 0 && !checker->sent) {
        tell_at(checker, stmt->spot, "nothing was sent before this line, so say at whom: at NAME");
    }
    if (expect->kind == EXPECT_NONE && expect->checks != NULL) {
        tell_at(checker, expect->checks->spot, "nothing is expected: there is nothing to check");
    }
    const struct iso_dialect *dialect = expect->at != NULL        ? expect->at->dialect
                                        : expect->at_name.len > 0 ? NULL
                                                                  : checker->dialect;
    for (struct check *check = expect->checks; check != NULL; check = check->next) {
        check_check(checker, check, expect, dialect);
    }
    if (expect->kind != EXPECT_NONE) {
        checker->taken = true;
        checker->taken_dialect = dialect;
    }
}

/* --- on ------------------------------------------------------------------------------------------
 */

/* What a rule is for, as a name: block, issuer, message type. */
static struct span rule_key(struct checker *checker, const struct on *on, uint32_t block,
                            uint16_t mti)
{
    uint8_t *key = arena_take(checker->arena, 10);
    be32_put(key, block);
    be32_put(key + 4, on->issuer->index);
    be16_put(key + 8, mti);
    return span_make(key, 10);
}

/* First match wins, in the order of the text: behind an unconditional rule for ever none fires. */
static void rule_check(struct checker *checker, struct stmt *stmt, uint32_t block)
{
    const struct on *on = &stmt->u.on;
    const struct stmt *shadow = names_find(&checker->rules, rule_key(checker, on, block, on->mti));
    if (shadow == NULL && mti_is_repeat(on->mti)) {
        shadow = names_find(&checker->rules, rule_key(checker, on, block, mti_original(on->mti)));
    }
    if (shadow != NULL) {
        tell_at(checker, stmt->spot,
                "this can never fire: the 'on' of line %u takes every such message",
                (unsigned)shadow->spot.line);
        return;
    }
    /* What multiplies or garbles an answer leaves it to a later rule to make it. */
    bool settles = on->kind != ON_DUPLICATE && on->kind != ON_GARBLE;
    bool for_ever = !on->has_where && settles && on->times == 0;
    if (for_ever) {
        (void)names_add(&checker->rules, rule_key(checker, on, block, on->mti), stmt);
    }
}

static void on_check(struct checker *checker, struct stmt *stmt, uint32_t block)
{
    struct on *on = &stmt->u.on;
    on->issuer = peer_find(checker, on->issuer_name);
    const struct iso_dialect *dialect = on->issuer != NULL ? on->issuer->dialect : NULL;
    if (on->issuer != NULL && !on->issuer->is_issuer) {
        tell_name(checker, on->issuer_name, WORD_FORMAT " is a terminal, and 'on' is for issuers",
                  WORD(on->issuer_name));
    }
    if (!mti_is_request(on->mti)) {
        tell_at(checker, stmt->spot,
                "this can never fire: %04x is an answer, and 'on' is for what is asked", on->mti);
    } else if (on->issuer != NULL) {
        rule_check(checker, stmt, block);
    }
    if (on->has_where) {
        bool known = path_check(checker, &on->where_path, on->where.spot, dialect);
        pred_check(checker, &on->where, PLACE_REPLY, &on->where_path, known ? dialect : NULL);
    }
    fields_check(checker, on->fields, PLACE_REPLY, dialect);
    checker->rule_count++;
    if (checker->rule_count == SCRIPT_RULES_MAX + 1) {
        tell_at(checker, stmt->spot, "a test has at most %d 'on'", SCRIPT_RULES_MAX);
    }
}

/* --- the other statements ------------------------------------------------------------------------
 */

static void captures_check(struct checker *checker, struct capture_line *lines)
{
    for (struct capture_line *line = lines; line != NULL; line = line->next) {
        if (line->kind == CAPTURE_VALUE) {
            value_check(checker, &line->value, PLACE_STEP);
        } else if (!checker->taken && line->kind != CAPTURE_MESSAGE &&
                   line->kind != CAPTURE_TRACE) { /* Those are of what was sent. */
            tell_at(checker, line->spot, "no expect took a message before this line");
        } else if (line->kind == CAPTURE_FIELD) {
            (void)path_check(checker, &line->path, line->spot, checker->taken_dialect);
        }
        line->slot = variable_set(checker, line->name, line->kind == CAPTURE_MESSAGE);
    }
}

static void query_check(struct checker *checker, const struct stmt *stmt)
{
    struct span query = stmt->u.wait.query;
    char hint[HINT_LEN];
    char list[LIST_LEN];
    if (query.len == 0 || is_query(query)) {
        return;
    }
    bool has_near = hint_make(query, query_words, query_word_count, hint) != NULL;
    (void)list_make(query_words, query_word_count, list);
    tell_name(checker, query, "there is no query '" WORD_FORMAT "'%s%s", WORD(query),
              has_near ? hint : "; there are ", has_near ? "" : list);
}

/* The first words of a command that is known, as far as they are. */
static void command_check(struct checker *checker, const struct value *command)
{
    char hint[HINT_LEN];
    char list[LIST_LEN];
    if (!value_is_known(command) || is_command(command->bytes)) {
        return;
    }
    struct span verb = command_verb(command->bytes);
    bool has_near = hint_make(verb, command_words, command_word_count, hint) != NULL;
    (void)list_make(command_words, command_word_count, list);
    tell_at(checker, command->spot, "switchctl has no command '" WORD_FORMAT "'%s%s", WORD(verb),
            has_near ? hint : "; there are ", has_near ? "" : list);
}

static void admin_check(struct checker *checker, struct stmt *stmt)
{
    value_check(checker, &stmt->u.admin.command, PLACE_STEP);
    command_check(checker, &stmt->u.admin.command);
    for (struct json_line *line = stmt->u.admin.lines; line != NULL; line = line->next) {
        if (line->name.len > 0) {
            line->slot = variable_set(checker, line->name, false);
        } else {
            pred_check(checker, &line->pred, PLACE_STEP, NULL, NULL);
        }
    }
}

static void exec_check(struct checker *checker, struct stmt *stmt)
{
    value_check(checker, &stmt->u.exec.command, PLACE_STEP);
    for (struct exec_line *line = stmt->u.exec.lines; line != NULL; line = line->next) {
        if (line->kind == EXEC_CSV) {
            value_check(checker, &line->file, PLACE_STEP);
            value_check(checker, &line->where_value, PLACE_STEP);
        }
        pred_check(checker, &line->pred, PLACE_STEP, NULL, NULL);
    }
}

static void data_check(struct checker *checker, struct stmt *stmt)
{
    struct span name = stmt->u.rows.name;
    stmt->u.rows.data = name.len == 0 ? NULL : names_find(&checker->datas, name);
    if (stmt->u.rows.data == NULL && name.len > 0) {
        tell_unknown(checker, "data", name, spot_of(checker->script, name), &checker->datas);
    }
    checker->has_row = true;
}

static void parallel_check(struct checker *checker, struct stmt *stmt)
{
    struct span name = stmt->u.parallel.peer_name;
    stmt->u.parallel.peer = peer_find(checker, name);
    if (stmt->u.parallel.peer != NULL && stmt->u.parallel.peer->last == 0) {
        tell_name(checker, name, WORD_FORMAT " is one, without a range", WORD(name));
    }
}

/* Both branches are walked; behind them only what is the same in both is certain. */
static void if_check(struct checker *checker, struct stmt *stmt)
{
    value_check(checker, &stmt->u.branch.value, PLACE_STEP);
    pred_check(checker, &stmt->u.branch.pred, PLACE_STEP, NULL, NULL);
    const struct iso_dialect *before = checker->dialect;
    const struct iso_dialect *taken = checker->taken_dialect;
    stmts_check(checker, stmt->body);
    const struct iso_dialect *then = checker->dialect;
    const struct iso_dialect *then_taken = checker->taken_dialect;
    checker->dialect = before;
    checker->taken_dialect = taken;
    stmts_check(checker, stmt->other);
    checker->dialect = checker->dialect == then ? then : NULL;
    checker->taken_dialect = checker->taken_dialect == then_taken ? then_taken : NULL;
}

static void stmt_check(struct checker *checker, struct stmt *stmt, uint32_t block)
{
    switch ((enum stmt_kind)stmt->kind) {
    case STMT_SEND:
        send_check(checker, stmt);
        return;
    case STMT_EXPECT:
        expect_check(checker, stmt);
        return;
    case STMT_ON:
        on_check(checker, stmt, block);
        return;
    case STMT_CAPTURE:
        captures_check(checker, stmt->u.captures);
        return;
    case STMT_WAIT:
        if (stmt->u.wait.until) {
            query_check(checker, stmt);
        }
        pred_check(checker, &stmt->u.wait.pred, PLACE_STEP, NULL, NULL);
        return;
    case STMT_ADMIN:
        admin_check(checker, stmt);
        return;
    case STMT_EXEC:
        exec_check(checker, stmt);
        return;
    case STMT_FOR:
    case STMT_NEXT:
        data_check(checker, stmt);
        break;
    case STMT_PARALLEL:
        parallel_check(checker, stmt);
        break;
    case STMT_IF:
        if_check(checker, stmt);
        return;
    case STMT_SET:
        value_check(checker, &stmt->u.set.value, PLACE_STEP);
        set_check(checker, stmt->u.set.name, stmt->spot);
        if (stmt->u.set.name.len > 0) {
            stmt->u.set.slot = variable_set(checker, stmt->u.set.name, false);
        }
        return;
    case STMT_DISCONNECT:
        stmt->u.disconnect.peer = peer_find(checker, stmt->u.disconnect.name);
        return;
    case STMT_REPEAT:
        break;
    }
    stmts_check(checker, stmt->body);
}

/* Blocks in blocks are at most SCRIPT_DEPTH_MAX deep: the parser saw to it. */
static void stmts_check(struct checker *checker, struct stmt *stmts)
{
    uint32_t block = checker->block_count++;
    for (struct stmt *stmt = stmts; stmt != NULL; stmt = stmt->next) {
        if (teller_is_full(checker->teller) || checker->arena->failed) {
            return;
        }
        stmt_check(checker, stmt, block);
    }
}

/* Give the names that a test sets anywhere their slots: one that is used too early is told from one
 * that does not exist. */
static void names_collect(struct checker *checker, const struct stmt *stmts)
{
    for (const struct stmt *stmt = stmts; stmt != NULL; stmt = stmt->next) {
        const bool captures = stmt->kind == STMT_CAPTURE;
        for (const struct capture_line *line = captures ? stmt->u.captures : NULL; line != NULL;
             line = line->next) {
            (void)slots_take(&checker->variables, line->name);
        }
        const bool admin = stmt->kind == STMT_ADMIN;
        for (const struct json_line *line = admin ? stmt->u.admin.lines : NULL; line != NULL;
             line = line->next) {
            if (line->name.len > 0) {
                (void)slots_take(&checker->variables, line->name);
            }
        }
        if (stmt->kind == STMT_SET) {
            (void)slots_take(&checker->variables, stmt->u.set.name);
        }
        names_collect(checker, stmt->body);
        names_collect(checker, stmt->other);
    }
}

static void title_check(struct checker *checker, const struct test *test)
{
    const struct test *known =
        test->title.len == 0 ? NULL
                             : names_add(&checker->titles, test->title, (void *)(uintptr_t)test);
    if (known != NULL) {
        tell_at(checker, test->spot, "the test of line %u has this title, too",
                (unsigned)known->spot.line);
    }
}

void test_check(struct checker *checker, struct test *test)
{
    title_check(checker, test);
    names_collect(checker, test->body);
    checker->test++;
    checker->rule_count = 0;
    checker->sent = checker->taken = checker->has_row = false;
    checker->last = NULL;
    checker->dialect = checker->taken_dialect = NULL;
    stmts_check(checker, test->body);
    deferred_check(checker);
}
