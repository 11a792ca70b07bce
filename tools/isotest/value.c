#include <stdio.h>

#include "iso8583/base/calendar.h"
#include "iso8583/mti.h"
#include "iso8583/tlv.h"
#include "tools/isotest/station_state.h"

enum { AMOUNT_DIGITS = 12 };

bool path_get(const struct path *path, const struct iso_msg *msg, struct span tpdu,
              uint8_t mti_room[4], struct span *out)
{
    *out = SPAN_NONE;
    switch ((enum path_kind)path->kind) {
    case PATH_FIELD:
        *out = iso_get(msg, path->de);
        return iso_has(msg, path->de);
    case PATH_TAG:
        return iso_has(msg, path->de) && tlv_find(iso_get(msg, path->de), path->tag, out) == 0;
    case PATH_MTI:
        mti_print(msg->mti, mti_room);
        *out = span_make(mti_room, 4);
        return true;
    case PATH_TPDU:
        *out = tpdu;
        return tpdu.len != 0;
    }
    return false;
}

uint64_t random_next(uint64_t *state)
{
    /* splitmix64 (Vigna): any seed is good, and the state is one word. */
    *state += 0x9E3779B97F4A7C15u;
    uint64_t mixed = *state;
    mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
    mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
    return mixed ^ mixed >> 31;
}

/* --- the parts of a template ------------------------------------------------------------------ */

/* True if @path names bytes rather than text in @msg. */
static bool path_is_binary(const struct path *path, const struct iso_msg *msg)
{
    return path->kind == PATH_TPDU || path->kind == PATH_TAG ||
           (path->kind == PATH_FIELD && msg->dialect != NULL &&
            msg->dialect->field[path->de].content == ISO_B);
}

/* Append what @path names in @held; as hex if it is bytes and stands among text. */
static bool message_part(const struct path *path, const struct held *held, bool is_alone,
                         struct writer *out)
{
    uint8_t mti[4];
    struct span bytes;
    if (held == NULL || !held->present || !path_get(path, &held->msg, SPAN_NONE, mti, &bytes)) {
        return false;
    }
    if (!is_alone && path_is_binary(path, &held->msg)) {
        writer_hex(out, bytes);
    } else {
        writer_span(out, bytes);
    }
    return true;
}

/* Append @part as it is, without its width. False: it is not there. */
static bool part_put(const struct part *part, const struct scope *scope, bool is_alone,
                     struct writer *out)
{
    struct span bytes = part->text;
    char number[24];
    switch ((enum part_kind)part->kind) {
    case PART_BYTES:
        break;
    case PART_VARIABLE:
        bytes = scope->variables == NULL ? SPAN_NONE : scope->variables[part->slot];
        break;
    case PART_ROW:
        bytes = scope->row == NULL ? SPAN_NONE : scope->row[part->slot];
        break;
    case PART_SENT:
        return message_part(&part->path, scope->sent, is_alone, out);
    case PART_ASKED:
        return message_part(&part->path, scope->asked, is_alone, out);
    case PART_GOT:
        return message_part(&part->path, scope->got, is_alone, out);
    case PART_INDEX:
        (void)snprintf(number, sizeof number, "%u", scope->index);
        writer_text(out, number);
        return true;
    }
    writer_span(out, bytes);
    return bytes.ptr != NULL;
}

/* Fill what was appended behind @start with zeros in front, up to @width. */
static void zeros_insert(struct writer *out, size_t start, size_t width)
{
    size_t len = out->len - start;
    if (len >= width || writer_room(out, width - len) == NULL) {
        return;
    }
    memmove(out->ptr + start + (width - len), out->ptr + start, len);
    memset(out->ptr + start, '0', width - len);
}

static int template_put(const struct value *value, const struct scope *scope, struct writer *out,
                        struct span *missing)
{
    bool is_alone = value->parts != NULL && value->parts->next == NULL;
    for (const struct part *part = value->parts; part != NULL; part = part->next) {
        size_t start = out->len;
        if (!part_put(part, scope, is_alone, out)) {
            *missing = part->text;
            return ERR_NOT_FOUND;
        }
        zeros_insert(out, start, part->width);
    }
    return 0;
}

/* --- amounts, times, numbers ------------------------------------------------------------------ */

/* "12.50" with two decimals to 1250. ERR_FORMAT for another sign or more decimals, ERR_RANGE. */
static int amount_parse(struct span text, unsigned exponent, int64_t *out)
{
    int64_t minor = 0;
    size_t digits = 0;
    unsigned decimals = 0;
    bool has_point = false;
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c == '.' && !has_point && digits > 0) {
            has_point = true;
            continue;
        }
        if (!byte_is_digit(c) || (has_point && decimals == exponent)) {
            return ERR_FORMAT;
        }
        if (__builtin_mul_overflow(minor, 10, &minor) ||
            __builtin_add_overflow(minor, c - '0', &minor)) {
            return ERR_RANGE;
        }
        digits++;
        decimals += has_point;
    }
    for (; decimals < exponent; decimals++) {
        if (__builtin_mul_overflow(minor, 10, &minor)) {
            return ERR_RANGE;
        }
    }
    *out = minor;
    return digits > 0 && text.ptr[text.len - 1] != '.' ? 0 : ERR_FORMAT;
}

static int amount_put(const struct value *value, const struct scope *scope, struct writer *out,
                      struct span *missing)
{
    static const int64_t amount_max = 999999999999; /* n 12 */
    uint8_t room[64];
    struct writer text = writer_make(room, sizeof room);
    int64_t minor = 0;
    if (value->bytes.len == AMOUNT_DIGITS) { /* the check knew it */
        writer_span(out, value->bytes);
        return 0;
    }
    TRY(template_put(value, scope, &text, missing));
    if (text.overflow) {
        return ERR_RANGE;
    }
    TRY(amount_parse(writer_written(&text), value->exponent, &minor));
    if (minor > amount_max) {
        return ERR_RANGE;
    }
    writer_digits(out, AMOUNT_DIGITS, (uint64_t)minor);
    return 0;
}

/* The words of a time pattern, longer ones before those they begin with. */
static const struct time_word {
    const char *word;
    uint8_t digits;
    enum {
        TIME_YEAR,
        TIME_MONTH,
        TIME_DAY,
        TIME_DAY_OF_YEAR,
        TIME_HOUR,
        TIME_MINUTE,
        TIME_SECOND
    } what;
} time_words[] = {
    {"YYYY", 4, TIME_YEAR}, {"YY", 2, TIME_YEAR},         {"Y", 1, TIME_YEAR},
    {"MM", 2, TIME_MONTH},  {"DDD", 3, TIME_DAY_OF_YEAR}, {"DD", 2, TIME_DAY},
    {"hh", 2, TIME_HOUR},   {"HH", 2, TIME_HOUR},         {"mm", 2, TIME_MINUTE},
    {"ss", 2, TIME_SECOND},
};

static void time_put(struct span pattern, int64_t wall_ms, struct writer *out)
{
    struct civil c = civil_from_ms(wall_ms);
    int numbers[] = {[TIME_YEAR] = c.year,    [TIME_MONTH] = c.month,
                     [TIME_DAY] = c.day,      [TIME_DAY_OF_YEAR] = c.day_of_year,
                     [TIME_HOUR] = c.hour,    [TIME_MINUTE] = c.minute,
                     [TIME_SECOND] = c.second};
    while (pattern.len > 0) {
        const struct time_word *found = NULL;
        for (size_t i = 0; i < ARRAY_COUNT(time_words) && found == NULL; i++) {
            struct span word = span_text(time_words[i].word);
            if (span_equal(span_first(pattern, word.len), word)) {
                found = &time_words[i];
            }
        }
        if (found != NULL) {
            writer_digits(out, found->digits, (uint64_t)numbers[found->what]);
            pattern = span_skip(pattern, strlen(found->word));
        } else {
            writer_u8(out, pattern.ptr[0]);
            pattern = span_skip(pattern, 1);
        }
    }
}

static void random_put(const struct value *value, uint64_t *state, struct writer *out)
{
    static const char digits[] = "0123456789";
    static const char hex[] = "0123456789ABCDEF";
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    const char *set = value->set == 'h' ? hex : value->set == 'a' ? letters : digits;
    uint64_t count = strlen(set);
    uint8_t *to = writer_room(out, value->count);
    for (size_t i = 0; i < value->count && to != NULL; i++) {
        uint64_t draw = random_next(state) >> 32;
        to[i] = (uint8_t)set[draw * count >> 32];
    }
}

/* --- values ----------------------------------------------------------------------------------- */

bool value_is_constant(const struct value *value)
{
    if (value_bytes_known(value)) {
        return true;
    }
    if (value->kind != VALUE_TEMPLATE) {
        return false;
    }
    for (const struct part *part = value->parts; part != NULL; part = part->next) {
        if (part->kind != PART_BYTES && part->kind != PART_INDEX) {
            return false;
        }
    }
    return true;
}

static int any_put(const struct value *value, const struct scope *scope, struct writer *out,
                   struct span *missing)
{
    char number[24];
    switch ((enum value_kind)value->kind) {
    case VALUE_TEMPLATE:
        return template_put(value, scope, out, missing);
    case VALUE_BYTES:
        writer_span(out, value->bytes);
        return 0;
    case VALUE_AMOUNT:
        return amount_put(value, scope, out, missing);
    case VALUE_NOW:
        time_put(value->bytes, scope->wall_ms, out);
        return 0;
    case VALUE_RAND:
        random_put(value, scope->random, out);
        return 0;
    case VALUE_SEQ:
        (void)snprintf(number, sizeof number, "%llu",
                       (unsigned long long)++scope->counters[value->slot]);
        writer_text(out, number);
        return 0;
    case VALUE_ARPC:
        break; /* needs a request and keys: compose.c */
    }
    return ERR_FORMAT;
}

/* True if @value gives bytes rather than text that may be their hex digits: x'..', what the check
 * made bytes of (it forgets the parts then), and a binary field of a message by itself. */
static bool value_is_raw(const struct value *value, const struct scope *scope)
{
    const struct part *part = value->parts;
    if (value->kind != VALUE_TEMPLATE) {
        return value->kind == VALUE_BYTES && part == NULL;
    }
    if (part == NULL || part->next != NULL) {
        return false;
    }
    const struct held *held = part->kind == PART_SENT    ? scope->sent
                              : part->kind == PART_ASKED ? scope->asked
                              : part->kind == PART_GOT   ? scope->got
                                                         : NULL;
    return held != NULL && path_is_binary(&part->path, &held->msg);
}

/* Turn hex digits behind @start into bytes; leave what is no hex. */
static void hex_shrink(struct writer *out, size_t start)
{
    struct span text = span_make(out->ptr + start, out->len - start);
    for (size_t i = 0; i < text.len; i++) {
        if (hex_value(text.ptr[i]) < 0) {
            return;
        }
    }
    if (text.len % 2 == 0 && hex_decode(text, out->ptr + start) == 0) {
        out->len = start + text.len / 2;
    }
}

/* @binary_len: bytes of a field of fixed length, 0 of another; -1: it is not binary. */
static int eval(const struct value *value, const struct scope *scope, int binary_len,
                struct writer *out, struct span *result, struct span *missing)
{
    size_t start = out->len;
    *missing = SPAN_NONE;
    TRY(any_put(value, scope, out, missing));
    if (out->overflow) {
        return ERR_SPACE;
    }
    size_t len = out->len - start;
    if (binary_len >= 0 && !value_is_raw(value, scope) &&
        (binary_len == 0 || len == 2 * (size_t)binary_len)) {
        hex_shrink(out, start);
    }
    *result = span_make(out->ptr + start, out->len - start);
    return 0;
}

int value_eval(const struct value *value, const struct scope *scope,
               const struct iso_dialect *dialect, unsigned de, struct writer *out,
               struct span *result, struct span *missing)
{
    const struct iso_field_row *row = de == 0 || dialect == NULL ? NULL : &dialect->field[de];
    int binary_len = -1;
    if (row != NULL && row->content == ISO_B) {
        binary_len = row->prefix == 0 ? row->len : 0;
    }
    return eval(value, scope, binary_len, out, result, missing);
}

int value_eval_binary(const struct value *value, const struct scope *scope, struct writer *out,
                      struct span *result, struct span *missing)
{
    return eval(value, scope, 0, out, result, missing);
}

/* What stands in front of the name that is missing. */
static const char *missing_of(const struct value *value, struct span missing)
{
    static const char *const fronts[] = {
        [PART_SENT] = "sent.", [PART_ASKED] = "asked.", [PART_GOT] = "got.", [PART_INDEX] = ""};
    for (const struct part *part = value->parts; part != NULL; part = part->next) {
        if (part->text.ptr == missing.ptr && fronts[part->kind] != NULL) {
            return fronts[part->kind];
        }
    }
    return "";
}

int value_need(const struct value *value, const struct scope *scope,
               const struct iso_dialect *dialect, unsigned de, struct writer *out,
               struct span *result, struct fault *fault)
{
    struct span missing;
    int status = value_eval(value, scope, dialect, de, out, result, &missing);
    if (status == ERR_NOT_FOUND) {
        fault_set(fault, value->spot, "%s%.*s is not there", missing_of(value, missing),
                  (int)missing.len, (const char *)missing.ptr);
    } else if (status < 0) {
        fault_set(fault, value->spot, "this value cannot be made: %s",
                  value->kind == VALUE_AMOUNT ? "not an amount of its currency, or too large"
                                              : err_text(status));
    }
    return status;
}
