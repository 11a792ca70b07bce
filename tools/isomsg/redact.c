#include "tools/isomsg/redact.h"

#include <ctype.h>

#include "iso8583/base/pan.h"

enum {
    PAN_LEN_MIN = 12,
    PAN_LEN_MAX = 19,
    PIN_HEX_LEN = 16,
    TRACK_REST_MIN = 4,      /* digits behind the separator: at least the expiry date */
    HEX_TEXT_LEN_MIN = 24,   /* digits of hex that are a message or value, not a word */
    HEX_DIGITS_LEN_MIN = 40, /* the same without a letter: else it is a number */
    GROUPS_LEN_MIN = 16,     /* digits of hex in groups */
    HEX_PIECE_LEN = 4096,    /* is looked at together; pieces overlap by half */
    TEXT_PIECE_LEN = 1 << 18,
    ROUNDS_MAX = 64,
};

/* The networks' card numbers: digits they begin with (from, to), and lengths. Source: ISO/IEC 7812
 * register as the networks publish it. To add one: a row. */
static const struct network {
    const char *from;
    const char *to;
    uint8_t len_min;
    uint8_t len_max;
} networks[] = {
    {"4", "4", 16, 19},       /* Visa (13 digits are no longer issued) */
    {"51", "55", 16, 16},     /* Mastercard */
    {"2221", "2720", 16, 16}, /* Mastercard */
    {"34", "34", 15, 15},     /* American Express */
    {"37", "37", 15, 15},     /* American Express */
    {"300", "305", 14, 16},   /* Diners */
    {"36", "36", 14, 19},     /* Diners */
    {"38", "39", 14, 19},     /* Diners */
    {"6011", "6011", 16, 19}, /* Discover */
    {"644", "659", 16, 19},   /* Discover, RuPay */
    {"62", "62", 16, 19},     /* UnionPay */
    {"3528", "3589", 16, 19}, /* JCB */
    {"2200", "2205", 16, 19}, /* Mir */
    {"50", "50", 16, 19},     /* Maestro, Elo, Verve */
    {"56", "58", 16, 19},     /* Maestro */
    {"60", "60", 16, 16},     /* RuPay */
    {"63", "63", 16, 19},     /* Maestro, InstaPayment */
    {"67", "67", 16, 19},     /* Maestro */
    {"9792", "9792", 16, 16}, /* Troy */
};

bool luhn_is_good(struct span digits)
{
    unsigned sum = 0;
    for (size_t i = 0; i < digits.len; i++) {
        unsigned digit = (unsigned)(digits.ptr[digits.len - 1 - i] - '0');
        sum += i % 2 == 0 ? digit : 2 * digit / 10 + 2 * digit % 10;
    }
    return sum % 10 == 0;
}

bool pan_is_likely(struct span digits)
{
    for (size_t i = 0; i < ARRAY_COUNT(networks); i++) {
        const struct network *network = &networks[i];
        size_t len = strlen(network->from);
        if (digits.len >= network->len_min && digits.len <= network->len_max &&
            memcmp(digits.ptr, network->from, len) >= 0 &&
            memcmp(digits.ptr, network->to, len) <= 0) {
            return luhn_is_good(digits);
        }
    }
    return false;
}

/* --- one form each: does it stand at the front of @text? Its length, or 0 ------------------------
 */

static size_t digits_count(struct span text)
{
    size_t count = 0;
    while (count < text.len && byte_is_digit(text.ptr[count])) {
        count++;
    }
    return count;
}

/* Whether the two hex digits before a number (NUL: there is none) are its length, in decimal or as
 * a byte. */
static bool is_length(const char before[2], size_t len)
{
    int high = hex_value((uint8_t)before[0]);
    int low = hex_value((uint8_t)before[1]);
    if (high < 0 || low < 0) {
        return false;
    }
    size_t byte = (size_t)(high << 4 | low);
    size_t number = high <= 9 && low <= 9 ? (size_t)(high * 10 + low) : 0;
    return byte == len || number == len;
}

static bool is_separator(uint8_t byte)
{
    return byte == '=' || byte == 'D' || byte == 'd';
}

/* Where a number stands: what is around it decides whether it must be a whole run. */
struct around {
    char before[2];    /* the two hex digits before it, NUL if there is none */
    bool behind_digit; /* the run began before it */
    bool is_tagged;    /* behind a tag of EMV that holds a card number */
    enum secret_search search;
};

/* A number in a run of digits, or in groups. */
static size_t pan_at(struct span text, const struct around *around)
{
    uint8_t digits[PAN_LEN_MAX];
    size_t count = 0;
    size_t best = 0;
    bool is_grouped = false;
    for (size_t i = 0; i < text.len && count < PAN_LEN_MAX; i++) {
        if (!byte_is_digit(text.ptr[i])) {
            bool separates = (text.ptr[i] == ' ' || text.ptr[i] == '-') && count >= 4 &&
                             byte_is_digit(text.ptr[i - 1]);
            if (!separates) {
                break;
            }
            is_grouped = true;
            continue;
        }
        digits[count++] = text.ptr[i];
        bool ends = i + 1 == text.len || !byte_is_digit(text.ptr[i + 1]);
        bool is_whole = !around->behind_digit && ends;
        bool is_inner = !is_grouped && (around->search == SEARCH_WIDE || around->is_tagged ||
                                        is_length(around->before, count) ||
                                        (i + 1 < text.len && is_separator(text.ptr[i + 1])));
        if (count >= PAN_LEN_MIN && (is_whole || is_inner) &&
            pan_is_likely(span_make(digits, count))) {
            best = i + 1;
        }
    }
    return best;
}

/* PAN, = or D, expiry and more. */
static size_t track2_at(struct span text)
{
    size_t pan = digits_count(text);
    if (pan < PAN_LEN_MIN || pan > PAN_LEN_MAX || pan == text.len || !is_separator(text.ptr[pan])) {
        return 0;
    }
    size_t rest = digits_count(span_skip(text, pan + 1));
    return rest < TRACK_REST_MIN ? 0 : pan + 1 + rest;
}

/* A or B, PAN, ^, name, ^, expiry and more, up to what ends a track. */
static size_t track1_at(struct span text)
{
    size_t pan = digits_count(span_skip(text, 1));
    if (text.len < 2 || (text.ptr[0] != 'B' && text.ptr[0] != 'A') || pan < PAN_LEN_MIN ||
        pan > PAN_LEN_MAX || text.len <= pan + 1 || text.ptr[pan + 1] != '^') {
        return 0;
    }
    size_t len = pan + 2;
    while (len < text.len && text.ptr[len] >= 0x20 && text.ptr[len] != '?' &&
           text.ptr[len] != '"' && text.ptr[len] < 0x7F) {
        len++;
    }
    return len;
}

/* What PIN blocks are called in logs, in small letters. To add a name: a row. */
static const char *const pin_names[] = {
    "pinblock", "pin_block", "pin block", "pin-block", "pindata", "pin_data", "de52",
    "f52",      "\"52\"",    "52=",       "bit52",     "field52", "pin"};

static size_t hex_count(struct span text)
{
    size_t count = 0;
    while (count < text.len && hex_value(text.ptr[count]) >= 0) {
        count++;
    }
    return count;
}

/* The name at the front of @text, and then no more than a few marks: where the value begins. */
static size_t pin_name_len(struct span text)
{
    for (size_t i = 0; i < ARRAY_COUNT(pin_names); i++) {
        size_t len = strlen(pin_names[i]);
        size_t same = 0;
        while (same < len && same < text.len &&
               tolower(text.ptr[same]) == (unsigned char)pin_names[i][same]) {
            same++;
        }
        if (same == len) {
            return len;
        }
    }
    return 0;
}

/* 16 hex digits behind a name, within a few characters that are no letters or digits (or are the
 * name of the element: "DE52 pin  ..."). @lead: what stands before them. */
static size_t pin_at(struct span text, size_t *lead)
{
    size_t at = pin_name_len(text);
    if (at == 0) {
        return 0;
    }
    for (size_t end = at + 24; at < end && at < text.len; at++) {
        struct span rest = span_skip(text, at);
        size_t name = pin_name_len(rest);
        if (name != 0) {
            at += name - 1;
        } else if (isalnum(text.ptr[at])) {
            *lead = at;
            return hex_count(rest) == PIN_HEX_LEN ? PIN_HEX_LEN : 0;
        }
    }
    return 0;
}

/* --- the search --------------------------------------------------------------------------------
 */

/* What stands behind a number at @at up to the end of its track; 0: it is no track. */
static size_t track_rest(struct span text, size_t at)
{
    uint8_t byte = at < text.len ? text.ptr[at] : 0;
    if (!is_separator(byte)) {
        return 0;
    }
    size_t rest = digits_count(span_skip(text, at + 1));
    return rest >= TRACK_REST_MIN ? rest + 1 : 0;
}

/* EMV tags of a card number with its length, as hex. To add one: a row. */
static const char *const pan_tags[] = {"5A07", "5A08", "5A09", "5A0A",
                                       "5a07", "5a08", "5a09", "5a0a"};

static struct around around_of(struct span text, size_t at, enum secret_search search)
{
    struct around around = {.search = search};
    around.behind_digit = at > 0 && byte_is_digit(text.ptr[at - 1]);
    for (size_t i = 0; i < 2 && at >= 2; i++) {
        uint8_t byte = text.ptr[at - 2 + i];
        around.before[i] = hex_value(byte) >= 0 ? (char)byte : '\0';
    }
    for (size_t i = 0; i < ARRAY_COUNT(pan_tags) && at >= 4; i++) {
        around.is_tagged |= memcmp(text.ptr + at - 4, pan_tags[i], 4) == 0;
    }
    return around;
}

static bool secret_at(struct span text, size_t at, enum secret_search search, struct secret *found)
{
    struct span rest = span_skip(text, at);
    uint8_t first = rest.ptr[0];
    struct around around = around_of(text, at, search);
    size_t lead = 0;
    enum secret_kind kind = SECRET_TRACK;
    size_t len = first == 'A' || first == 'B' ? track1_at(rest) : 0;
    if (len == 0 && byte_is_digit(first) && !around.behind_digit) {
        len = track2_at(rest);
    }
    if (len == 0 && byte_is_digit(first)) {
        len = pan_at(rest, &around);
        size_t more = len != 0 ? track_rest(rest, len) : 0;
        kind = more != 0 ? SECRET_TRACK : SECRET_PAN;
        len += more;
    }
    if (len == 0 && (at == 0 || !isalnum(text.ptr[at - 1]))) {
        len = pin_at(rest, &lead);
        kind = SECRET_PIN;
    }
    *found = (struct secret){kind, at + lead, len};
    return len != 0;
}

/* A track whose number stands behind other digits, as in BCD: its last digits before the separator
 * at
 * @at are the number. */
static bool inner_track_at(struct span text, size_t at, struct secret *found)
{
    static const uint8_t lengths[] = {16, 15, 14, 19, 18, 17, 13}; /* the most usual first */
    size_t rest = track_rest(text, at);
    size_t before = 0;
    while (rest != 0 && before < at && before < PAN_LEN_MAX &&
           byte_is_digit(text.ptr[at - 1 - before])) {
        before++;
    }
    for (size_t i = 0; i < ARRAY_COUNT(lengths); i++) {
        size_t len = lengths[i];
        if (len <= before && pan_is_likely(span_make(text.ptr + at - len, len))) {
            *found = (struct secret){SECRET_TRACK, at - len, len + rest};
            return true;
        }
    }
    return false;
}

bool secret_next(struct span text, size_t from, enum secret_search search, struct secret *found)
{
    for (size_t at = from; at < text.len; at++) {
        if (secret_at(text, at, search, found)) {
            return true;
        }
        /* Only where the digits before it did not begin a number of their own. */
        if (inner_track_at(text, at, found) && found->at >= from) {
            return true;
        }
    }
    return false;
}

/* --- texts -------------------------------------------------------------------------------------
 */

/* Mark what secret_next() finds in @plain, whose characters stand for @width of @marks each. Of a
 * number that stands there as it is the digits that may be seen are not marked. */
static void plain_mark(struct span plain, size_t width, enum secret_search search, uint8_t *marks)
{
    struct secret secret;
    size_t from = 0;
    while (secret_next(plain, from, search, &secret)) {
        size_t digits = 0;
        size_t count = 0;
        for (size_t i = 0; i < secret.len; i++) {
            count += byte_is_digit(plain.ptr[secret.at + i]);
        }
        for (size_t i = 0; i < secret.len; i++) {
            uint8_t byte = plain.ptr[secret.at + i];
            bool is_digit = byte_is_digit(byte);
            bool is_kept = secret.kind == SECRET_PAN && width == 1 &&
                           (is_digit ? pan_shows(count, digits) : byte == ' ' || byte == '-');
            digits += is_digit;
            for (size_t k = 0; k < width && !is_kept; k++) {
                marks[width * (secret.at + i) + k] |= k + 1 < width ? MARK_ZONE : MARK_HIDDEN;
            }
        }
        from = secret.at + secret.len;
    }
}

/* What a byte of hex stands for as a character: of ASCII, or a digit or separator of EBCDIC. */
static uint8_t character_of(uint8_t byte, bool ebcdic)
{
    if (!ebcdic) {
        return byte;
    }
    return byte >= 0xF0 && byte <= 0xF9 ? (uint8_t)(byte - 0xF0 + '0')
           : byte == 0x7E               ? '='
           : byte == 0xC4               ? 'D'
                                        : 0;
}

/* A run of hex digits: what its bytes say in ASCII and EBCDIC, from either nibble on, and its
 * digits as BCD. Those are looked for exactly: in a run there is always a number somewhere. */
static void hex_mark(struct span hex, enum secret_search search, uint8_t *marks)
{
    uint8_t plain[HEX_PIECE_LEN / 2];
    for (size_t from = 0; from < hex.len; from += HEX_PIECE_LEN / 2) {
        struct span piece = span_first(span_skip(hex, from), HEX_PIECE_LEN);
        for (size_t way = 0; way < 4; way++) {
            struct span text = span_skip(piece, way / 2);
            size_t count = text.len / 2;
            for (size_t i = 0; i < count; i++) {
                int high = hex_value(text.ptr[2 * i]);
                int low = hex_value(text.ptr[2 * i + 1]);
                plain[i] = character_of((uint8_t)(high << 4 | low), way % 2 != 0);
            }
            plain_mark(span_make(plain, count), 2, search, marks + from + way / 2);
        }
    }
    plain_mark(hex, 1, SEARCH_EXACT, marks);
    bytes_wipe(plain, sizeof plain);
}

/* Whether a run of hex digits is hex rather than a number. */
static bool is_hex(struct span run)
{
    return run.len >= (digits_count(run) < run.len ? HEX_TEXT_LEN_MIN : HEX_DIGITS_LEN_MIN);
}

/* Hex as dumps write it: groups of as many digits (2, 4 or 8) with one space or two between, the
 * last one may be shorter. */
struct groups {
    struct span text;
    size_t at;    /* of the next group */
    size_t width; /* of the first one; 0: it is none */
    bool ended;
};

/* The group of hex digits at @at of @text: its length, and where the one behind it is. 0: what
 * stands there is no group. */
static size_t group_len(struct span text, size_t at, size_t *next)
{
    size_t len = at < text.len ? hex_count(span_skip(text, at)) : 0;
    size_t spaces = 0;
    *next = at + len;
    while (spaces < 3 && *next + spaces < text.len && text.ptr[*next + spaces] == ' ') {
        spaces++;
    }
    *next = spaces == 1 || spaces == 2 ? *next + spaces : text.len;
    return len % 2 == 0 && len <= 8 && len != 6 ? len : 0;
}

/* The length of the next group of @groups, and where it begins; 0: there is none. */
static size_t group_next(struct groups *groups, size_t *at)
{
    size_t next;
    size_t after;
    *at = groups->at;
    size_t len = groups->ended ? 0 : group_len(groups->text, groups->at, &next);
    if (len == 0 || len > groups->width) {
        return 0;
    }
    if (len < groups->width) { /* Only at the end: else it begins others. */
        groups->ended = true;
        if (group_len(groups->text, next, &after) != 0) {
            return 0;
        }
    }
    groups->at = next;
    return len;
}

/* Look into the @count digits that stand at @places of a text with @marks. */
static void places_mark(const uint8_t *digits, const size_t *places, size_t count,
                        enum secret_search search, uint8_t *marks)
{
    uint8_t own[HEX_PIECE_LEN] = {0};
    if (count >= GROUPS_LEN_MIN) {
        hex_mark(span_make(digits, count), search, own);
    }
    for (size_t i = 0; i < count; i++) {
        marks[places[i]] |= own[i];
    }
}

/* Mark what stands in the groups of hex that begin at @at of @text. Returns how far they reach. */
static size_t groups_mark(struct span text, size_t at, enum secret_search search, uint8_t *marks)
{
    uint8_t digits[HEX_PIECE_LEN];
    size_t places[HEX_PIECE_LEN];
    size_t count = 0;
    size_t end = at;
    size_t begin;
    size_t next;
    struct groups groups = {.text = text, .at = at, .width = group_len(text, at, &next)};
    for (size_t len; (len = group_next(&groups, &begin)) != 0; end = begin + len) {
        if (count + len > HEX_PIECE_LEN) { /* The pieces overlap by half. */
            places_mark(digits, places, count, search, marks);
            memmove(digits, digits + count / 2, count - count / 2);
            memmove(places, places + count / 2, (count - count / 2) * sizeof places[0]);
            count -= count / 2;
        }
        for (size_t i = 0; i < len; i++) {
            places[count] = begin + i;
            digits[count++] = text.ptr[begin + i];
        }
    }
    places_mark(digits, places, count, search, marks);
    bytes_wipe(digits, sizeof digits);
    return end;
}

void text_mark(struct span text, enum secret_search search, uint8_t *marks)
{
    size_t plain = 0;   /* where what is no hex began */
    size_t grouped = 0; /* how far groups of hex were looked into */
    for (size_t at = 0; at < text.len;) {
        size_t len = hex_count(span_skip(text, at));
        struct span run = span_first(span_skip(text, at), len);
        if (len != 0 && is_hex(run)) {
            plain_mark(span_first(span_skip(text, plain), at - plain), 1, search, marks + plain);
            hex_mark(run, search, marks + at);
            plain = at + len;
        } else if (len >= HEX_TEXT_LEN_MIN) { /* digits only: a number, or hex of digits */
            hex_mark(run, search, marks + at);
        } else if (len != 0 && at >= grouped) {
            grouped = groups_mark(text, at, search, marks);
        }
        at += len + 1;
    }
    if (plain < text.len) {
        plain_mark(span_skip(text, plain), 1, search, marks + plain);
    }
}

/* Stars over what is found in @text; false if there was nothing. */
static bool piece_redact(char *text, size_t len, enum secret_search search, uint8_t *marks)
{
    bool found = false;
    memset(marks, 0, len);
    text_mark(span_make(text, len), search, marks);
    for (size_t i = 0; i < len; i++) {
        found |= marks[i] != 0;
        text[i] = marks[i] != 0 ? '*' : text[i];
    }
    return found;
}

void text_redact(char *text, size_t len, enum secret_search search)
{
    static uint8_t marks[TEXT_PIECE_LEN];
    for (size_t at = 0; at < len; at += TEXT_PIECE_LEN) {
        size_t piece = len - at < TEXT_PIECE_LEN ? len - at : TEXT_PIECE_LEN;
        /* What is left of a run may be one of its own: look again until nothing is found. */
        for (int round = 0; round < ROUNDS_MAX; round++) {
            if (!piece_redact(text + at, piece, search, marks)) {
                break;
            }
        }
    }
}

const char *text_told(const char *text)
{
    static char rooms[4][512];
    static unsigned turn;
    char *room = rooms[turn++ % ARRAY_COUNT(rooms)];
    size_t len = strlen(text);
    len = len < sizeof rooms[0] ? len : sizeof rooms[0] - 1;
    memcpy(room, text, len);
    room[len] = '\0';
    text_redact(room, len, SEARCH_WIDE);
    for (size_t at = 0; at < len; at++) {
        size_t digits = digits_count(span_make(room + at, len - at));
        size_t hex = hex_count(span_make(room + at, len - at));
        if (hex == PIN_HEX_LEN && digits < hex) {
            memset(room + at, '*', hex);
        }
        for (size_t i = 0; digits >= PAN_LEN_MIN && i < digits; i++) {
            bool is_shown = digits <= PAN_LEN_MAX && pan_shows(digits, i);
            room[at + i] = is_shown ? room[at + i] : '*';
        }
        at += digits > hex ? digits : hex;
    }
    return room;
}
