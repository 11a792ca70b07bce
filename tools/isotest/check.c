#include "tools/isotest/check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/isotest/parse.h"
#include "tools/isotest/table.h"

enum { KEY_DIGITS_MAX = 64, NAMES_SUGGESTED_MAX = 4096, NAME_SUGGESTED_LEN = 40 };

struct spot spot_of(const struct script *script, struct span piece)
{
    for (uint32_t i = 0; i < script->file_count; i++) {
        struct span text = script->files[i].text;
        if (text.ptr == NULL || piece.ptr < text.ptr || piece.ptr >= text.ptr + text.len) {
            continue;
        }
        uint32_t line = 1;
        const uint8_t *start = text.ptr;
        for (const uint8_t *at = text.ptr; at < piece.ptr; at++) {
            if (*at == '\n') {
                line++;
                start = at + 1;
            }
        }
        return (struct spot){.file = (uint16_t)i,
                             .line = line,
                             .col = (uint16_t)(piece.ptr - start + 1),
                             .len = (uint16_t)piece.len};
    }
    return (struct spot){.line = 1, .col = 1, .len = 1};
}

void tell_unknown(struct checker *checker, const char *what, struct span name, struct spot spot,
                  const struct names *among)
{
    const char *words[NAMES_SUGGESTED_MAX];
    size_t count = 0;
    for (uint32_t i = 0; i < among->capacity && count < ARRAY_COUNT(words); i++) {
        struct span known = among->slots[i].name;
        if (known.ptr == NULL || known.len > NAME_SUGGESTED_LEN) {
            continue;
        }
        char *word = arena_take(checker->arena, NAME_SUGGESTED_LEN + 1);
        memcpy(word, known.ptr, known.len);
        word[known.len] = '\0';
        words[count++] = word;
    }
    char hint[HINT_LEN];
    (void)hint_make(name, words, count, hint);
    tell_at(checker, spot, "there is no %s '" WORD_FORMAT "'%s", what, WORD(name), hint);
}

/* --- keys ----------------------------------------------------------------------------------------
 */

static void key_add(struct checker *checker, struct key *key)
{
    const struct key *known = names_add(&checker->keys, key->name, key);
    if (known != NULL) {
        tell_at(checker, key->spot, "key '" WORD_FORMAT "' is declared on line %u already",
                WORD(key->name), (unsigned)known->spot.line);
    }
}

static bool is_key(struct span text)
{
    uint8_t unused[KEY_DIGITS_MAX / 2];
    return (text.len == 16 || text.len == 32 || text.len == 48 || text.len == 64) &&
           hex_decode(text, unused) == 0;
}

static void key_check(struct checker *checker, struct key *key)
{
    value_check(checker, &key->value, PLACE_TOP);
    bool known = value_is_known(&key->value);
    if (known && key->value.parts == NULL && key->value.bytes.len <= KEY_DIGITS_MAX / 2) {
        uint8_t *digits = arena_array(checker->arena, 2 * key->value.bytes.len + 1, 1);
        if (digits != NULL) { /* x'...' */
            hex_encode(key->value.bytes, digits);
            key->value.bytes = span_make(digits, 2 * key->value.bytes.len);
        }
    }
    if (known && !is_key(key->value.bytes)) {
        tell_at(checker, key->value.spot, "a key is 16, 32, 48 or 64 hex digits");
    } else if (key->value.kind != VALUE_BYTES && key->value.kind != VALUE_TEMPLATE) {
        tell_at(checker, key->value.spot, "expected a key in hex digits");
    }
}

/* One cell of a file of keys: column tpk of the row T1 is tpk:T1. An empty one is no key: not every
 * terminal has one of each kind. */
static void key_cell(struct checker *checker, struct key ***tail, const struct key_file *file,
                     struct span column, struct span id, struct span text)
{
    if (text.len == 0) {
        return;
    }
    struct key *key = arena_take(checker->arena, sizeof *key);
    uint8_t *name = arena_array(checker->arena, column.len + 1 + id.len, 1);
    if (name == NULL) {
        return;
    }
    struct writer out = writer_make(name, column.len + 1 + id.len);
    writer_span(&out, column);
    writer_u8(&out, ':');
    writer_span(&out, id);
    key->name = writer_written(&out);
    key->spot = file->spot;
    key->value = (struct value){.kind = VALUE_BYTES, .bytes = text, .spot = file->spot};
    key_add(checker, key);
    if (!is_key(text)) {
        tell_at(checker, file->spot,
                "key " WORD_FORMAT " of the file is not 16, 32, 48 or 64 hex digits",
                WORD(key->name));
    }
    **tail = key;
    *tail = &key->next;
}

/* --- files beside the script ---------------------------------------------------------------------
 */

/* Read the table @name of the script's file that @spot is in. False after telling. @is_secret: its
 * lines are not quoted. */
static bool table_read(struct checker *checker, struct span name, struct spot spot, bool is_secret,
                       struct table *table)
{
    if (checker->options->no_files) {
        tell_at(checker, spot, "files are not read here");
        return false;
    }
    const char *path = path_beside(checker->arena, checker->script->files[spot.file].path, name);
    struct source source = {.name = path,
                            .report = checker->options->report,
                            .context = checker->options->context,
                            .error_count = checker->teller->count};
    struct span text;
    if (source_load(path, checker->options->report, checker->options->context, &text) < 0) {
        checker->teller->count++;
        return false;
    }
    source.text = is_secret ? SPAN_NONE : text;
    int status = table_parse(&source, text, checker->arena, table);
    bytes_wipe((void *)(uintptr_t)text.ptr, text.len);
    free((void *)(uintptr_t)text.ptr);
    checker->teller->count = source.error_count;
    return status == 0;
}

static void key_file_read(struct checker *checker, const struct key_file *file, struct key ***tail)
{
    struct table table;
    if (!table_read(checker, file->path, file->spot, true, &table)) {
        return;
    }
    if (!span_equal_text(table.columns[0], "id")) {
        tell_at(checker, file->spot, "the first column of a file of keys is 'id'");
        return;
    }
    for (uint32_t row = 0; row < table.row_count && !teller_is_full(checker->teller); row++) {
        const struct span *cells = &table.cells[(size_t)row * table.column_count];
        for (uint32_t column = 1; column < table.column_count; column++) {
            key_cell(checker, tail, file, table.columns[column], cells[0], cells[column]);
        }
    }
}

static void data_read(struct checker *checker, struct data *data)
{
    struct table table;
    if (names_add(&checker->datas, data->name, data) != NULL) {
        tell_at(checker, data->spot, "there are data '" WORD_FORMAT "' already", WORD(data->name));
        return;
    }
    if (!table_read(checker, data->path, data->path_spot, false, &table)) {
        return;
    }
    data->columns = arena_array(checker->arena, table.column_count, sizeof *data->columns);
    for (uint32_t i = 0; data->columns != NULL && i < table.column_count; i++) {
        data->columns[i] = slots_take(&checker->columns, table.columns[i]);
    }
    data->column_count = table.column_count;
    data->row_count = table.row_count;
    data->cells = table.cells;
}

/* --- terminals and issuers -----------------------------------------------------------------------
 */

static void keyref_check(struct checker *checker, struct value *name)
{
    if (name->spot.line == 0) {
        return;
    }
    value_check(checker, name, PLACE_PEER);
    if (value_is_known(name) && names_find(&checker->keys, name->bytes) == NULL) {
        tell_unknown(checker, "key", name->bytes, name->spot, &checker->keys);
    }
}

/* Whether it is an IPv4 or IPv6 address (in brackets), not a name. */
static bool is_address(struct span host)
{
    char text[INET6_ADDRSTRLEN + 2];
    struct in6_addr unused;
    bool is_v6 = host.len > 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']';
    host = is_v6 ? span_first(span_skip(host, 1), host.len - 2) : host;
    (void)snprintf(text, sizeof text, "%.*s", (int)host.len, (const char *)host.ptr);
    return inet_pton(is_v6 ? AF_INET6 : AF_INET, text, &unused) == 1;
}

static void address_check(struct checker *checker, struct peer_decl *peer)
{
    struct value *address = &peer->address;
    value_check(checker, address, PLACE_PEER);
    if (!value_is_known(address)) {
        return;
    }
    const uint8_t *colon =
        address->bytes.len > 0 ? memrchr(address->bytes.ptr, ':', address->bytes.len) : NULL;
    size_t host = colon != NULL ? (size_t)(colon - address->bytes.ptr) : 0;
    uint64_t port = 0;
    if (host == 0 || span_number(span_skip(address->bytes, host + 1), &port) < 0 || port < 1 ||
        port > 65535) {
        tell_at(checker, address->spot, "expected HOST:PORT, the port 1 to 65535");
    } else if (!is_address(span_first(address->bytes, host))) {
        tell_at(checker, address->spot,
                "names are not looked up: expected an address, like 127.0.0.1:%u", (unsigned)port);
    }
}

static void ksn_check(struct checker *checker, struct peer_decl *peer)
{
    uint8_t bytes[10];
    if (!peer->pin_dukpt) {
        return;
    }
    const struct iso_field_row *row =
        peer->dialect == NULL ? NULL : &peer->dialect->field[peer->ksn_field];
    bool is_text = row != NULL && (row->content == ISO_AN || row->content == ISO_ANS);
    if (row != NULL && (row->content == ISO_B ? row->len < sizeof bytes
                                              : !is_text || row->len < 2 * sizeof bytes)) {
        tell_at(checker, peer->pin.name.spot, "DE%u of %s cannot hold a KSN (20 hex digits)",
                peer->ksn_field, peer->dialect->name);
    }
    value_check(checker, &peer->ksn, PLACE_PEER);
    if (value_is_known(&peer->ksn) && peer->ksn.parts != NULL &&
        (peer->ksn.bytes.len != 20 || hex_decode(peer->ksn.bytes, bytes) < 0)) {
        tell_at(checker, peer->ksn.spot, "a KSN is 20 hex digits");
    }
}

static void peer_check(struct checker *checker, struct peer_decl *peer)
{
    const char *kind = peer->is_issuer ? "issuer" : "terminal";
    checker->range = peer->last != 0;
    if (peer->address.spot.line == 0) {
        tell_at(checker, peer->spot, "%s " WORD_FORMAT " has no '%s' line", kind, WORD(peer->name),
                peer->is_issuer ? "listen" : "connect");
    } else {
        address_check(checker, peer);
    }
    if (peer->dialect == NULL || peer->framing == NULL) {
        tell_at(checker, peer->spot, "%s " WORD_FORMAT " has no '%s' line", kind, WORD(peer->name),
                peer->dialect == NULL ? "dialect" : "frame");
    }
    keyref_check(checker, &peer->pin.name);
    keyref_check(checker, &peer->mac.name);
    ksn_check(checker, peer);
    for (struct path_list *node = peer->match; node != NULL; node = node->next) {
        (void)path_check(checker, &node->path, node->spot, peer->dialect);
        if (node->path.kind != PATH_FIELD && node->path.kind != PATH_MTI) {
            tell_at(checker, node->spot, "answers are matched by whole fields");
        }
    }
    fields_check(checker, peer->fields, PLACE_PEER, peer->dialect);
}

static void peer_add(struct checker *checker, struct peer_decl *peer)
{
    const struct peer_decl *known = names_add(&checker->peers, peer->name, peer);
    peer->index = checker->script->peer_count++;
    if (known != NULL) {
        tell_at(checker, peer->spot, "'" WORD_FORMAT "' is declared on line %u already",
                WORD(peer->name), (unsigned)known->spot.line);
    }
}

static void peers_add(struct checker *checker)
{
    uint32_t terminals = 0;
    for (struct peer_decl *peer = checker->script->peers; peer != NULL; peer = peer->next) {
        peer_add(checker, peer);
        checker->has_issuer = checker->has_issuer || peer->is_issuer;
        if (!peer->is_issuer) {
            terminals++;
            checker->only_terminal = peer;
        }
    }
    if (terminals != 1) {
        checker->only_terminal = NULL;
    }
}

/* --- cards ---------------------------------------------------------------------------------------
 */

/* What a card may have beside tags, and how it looks where it is known. To add: a row here and in
 * the stations' table of card facts. */
static const struct fact {
    const char *name;
    uint8_t len_min;
    uint8_t len_max;
    enum { FACT_DIGITS, FACT_TRACK, FACT_KEY, FACT_CVN } kind;
    const char *what;
} facts[] = {
    {"pan", 8, 19, FACT_DIGITS, "a card number is 8 to 19 digits"},
    {"exp", 4, 4, FACT_DIGITS, "an expiry is YYMM"},
    {"svc", 3, 3, FACT_DIGITS, "a service code is 3 digits"},
    {"psn", 1, 3, FACT_DIGITS, "a card sequence number is 1 to 3 digits"},
    {"pin", 4, 12, FACT_DIGITS, "a PIN is 4 to 12 digits"},
    {"track2", 1, 37, FACT_TRACK, "a track 2 is up to 37 digits and '='"},
    {"cvv", 3, 4, FACT_DIGITS, "a CVV is 3 or 4 digits"},
    {"imk", 0, 0, FACT_KEY, ""},
    {"cvn", 2, 2, FACT_CVN, "a cryptogram version is 10, 18 or 22"},
    {"atc", 1, 5, FACT_DIGITS, "a transaction counter is a number up to 65535"},
};

static bool fact_holds(const struct fact *fact, struct span text)
{
    uint64_t number = 0;
    if (text.len < fact->len_min || text.len > fact->len_max) {
        return false;
    }
    if (fact->kind == FACT_TRACK) {
        for (size_t i = 0; i < text.len; i++) {
            if (!byte_is_digit(text.ptr[i]) && text.ptr[i] != '=') {
                return false;
            }
        }
        return true;
    }
    if (span_number(text, &number) < 0) {
        return fact->len_max > 18 && span_is_digits(text);
    }
    if (fact->kind == FACT_CVN) {
        return number == 10 || number == 18 || number == 22;
    }
    return fact->len_max != 5 || number <= 65535;
}

static void card_line_check(struct checker *checker, struct card_line *line)
{
    const char *names[ARRAY_COUNT(facts) + 1];
    const struct fact *fact = NULL;
    uint8_t tag[4];
    value_check(checker, &line->value, PLACE_CARD);
    for (size_t i = 0; i < ARRAY_COUNT(facts); i++) {
        names[i] = facts[i].name;
        fact = span_equal_text(line->name, facts[i].name) ? &facts[i] : fact;
    }
    if (fact == NULL && line->name.len >= 2 && line->name.len <= 8 &&
        hex_decode(line->name, tag) == 0) {
        struct path path = {.kind = PATH_TAG, .de = 55};
        value_fit(checker, &line->value, &path, NULL, true);
        return;
    }
    if (fact == NULL) {
        char hint[HINT_LEN];
        char list[LIST_LEN];
        names[ARRAY_COUNT(facts)] = "a tag (9F33)";
        (void)hint_make(line->name, names, ARRAY_COUNT(facts), hint);
        tell_at(checker, line->spot, "expected %s, not '" WORD_FORMAT "'%s",
                list_make(names, ARRAY_COUNT(names), list), WORD(line->name), hint);
        return;
    }
    if (!value_is_known(&line->value)) {
        return;
    }
    if (fact->kind == FACT_KEY) {
        if (names_find(&checker->keys, line->value.bytes) == NULL) {
            tell_unknown(checker, "key", line->value.bytes, line->value.spot, &checker->keys);
        }
    } else if (!fact_holds(fact, line->value.bytes)) {
        tell_at(checker, line->value.spot, "%s", fact->what);
    }
}

static void card_check(struct checker *checker, struct card *card)
{
    const struct card *known = names_add(&checker->cards, card->name, card);
    if (known != NULL) {
        tell_at(checker, card->spot, "card '" WORD_FORMAT "' is declared on line %u already",
                WORD(card->name), (unsigned)known->spot.line);
    }
    checker->card_uses_row = false;
    for (struct card_line *line = card->lines; line != NULL; line = line->next) {
        card_line_check(checker, line);
    }
    card->uses_row = checker->card_uses_row;
}

/* --- the whole -----------------------------------------------------------------------------------
 */

void set_check(struct checker *checker, struct span name, struct spot spot)
{
    if (span_equal_text(name, "seed") || span_equal_text(name, "tmp")) {
        tell_at(checker, spot, "{{" WORD_FORMAT "}} is given by the run and cannot be set",
                WORD(name));
    }
}

static void declarations_check(struct checker *checker)
{
    struct script *script = checker->script;
    for (struct setting *setting = script->settings; setting != NULL; setting = setting->next) {
        value_check(checker, &setting->value, PLACE_TOP);
        set_check(checker, setting->name, setting->spot);
        setting->slot = variable_set(checker, setting->name, false);
    }
    struct key **tail = &script->keys;
    for (struct key *key = script->keys; key != NULL; key = key->next) {
        key_check(checker, key);
        key_add(checker, key);
        tail = &key->next;
    }
    for (struct key_file *file = script->key_files; file != NULL; file = file->next) {
        key_file_read(checker, file, &tail);
    }
    for (struct data *data = script->datas; data != NULL; data = data->next) {
        data_read(checker, data);
    }
    peers_add(checker);
    for (struct peer_decl *peer = script->peers; peer != NULL; peer = peer->next) {
        peer_check(checker, peer);
    }
    for (struct card *card = script->cards; card != NULL; card = card->next) {
        card_check(checker, card);
    }
    secrets_gather(checker);
}

void script_check(struct checker *checker)
{
    struct script *script = checker->script;
    declarations_check(checker);
    for (struct test *test = script->tests; test != NULL; test = test->next) {
        if (teller_is_full(checker->teller) || checker->arena->failed) {
            break;
        }
        test_check(checker, test);
    }
    script->variables = checker->variables.array;
    script->variable_count = checker->variables.count;
    script->columns = checker->columns.array;
    script->column_count = checker->columns.count;
    script->counters = checker->counters.array;
    script->counter_count = checker->counters.count;
    *script->key_names = checker->keys;
}
