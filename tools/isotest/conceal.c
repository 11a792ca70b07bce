#include "tools/isotest/conceal.h"

#include <ctype.h>
#include <stdio.h>

#include "iso8583/base/pan.h"

enum { PAN_LEN_MIN = 12, PAN_LEN_MAX = 19, PAN_LEN_USUAL = 16, TRACK_DIGITS_MIN = 4 };
enum { KEY_LEN_MIN = 16 };    /* hex digits */
enum { HOLDER_LEN_MAX = 26 }; /* of a track 1, between its ^ */

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

static bool is_hex(char byte)
{
    return isxdigit((unsigned char)byte) != 0;
}

static size_t digits_len(const char *text)
{
    return strspn(text, "0123456789");
}

static void star(char *at, size_t len)
{
    memset(at, '*', len);
}

static void pan_star(char *at, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        at[i] = pan_shows(len, i) ? at[i] : '*';
    }
}

/* Whether the digits that stand @stride bytes apart are a card number by their check digit. */
static bool is_pan(const char *digits, size_t len, size_t stride)
{
    unsigned sum = 0;
    if (len < PAN_LEN_MIN || len > PAN_LEN_MAX || digits[0] == '0') {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(digits[i * stride] - '0');
        unsigned doubled = (len - i) % 2 == 0 ? digit * 2 : digit;
        sum += doubled > 9 ? doubled - 9 : doubled;
    }
    return sum % 10 == 0;
}

/* --- what shows itself ------------------------------------------------------------------------ */

/* A card number that stands at the beginning or the end of more digits: only the usual length, or
 * half of all long numbers would lose digits. */
static bool is_usual_pan(const char *digits)
{
    return digits[0] >= '2' && digits[0] <= '6' && is_pan(digits, PAN_LEN_USUAL, 1);
}

static void digits_conceal(char *text)
{
    for (char *at = text; *at != '\0';) {
        size_t len = digits_len(at);
        if (is_pan(at, len, 1)) {
            pan_star(at, len);
        } else if (len > PAN_LEN_USUAL) {
            if (is_usual_pan(at)) {
                pan_star(at, PAN_LEN_USUAL);
            } else if (is_usual_pan(at + len - PAN_LEN_USUAL)) {
                pan_star(at + len - PAN_LEN_USUAL, PAN_LEN_USUAL);
            }
        }
        at += len == 0 ? 1 : len;
    }
}

/* Pairs like 34 31 31 (ASCII) or F4 F1 F1 (EBCDIC) that are a card number. */
static void pairs_conceal(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        char zone = (char)toupper((unsigned char)*at);
        size_t pairs = 0;
        while ((zone == '3' || zone == 'F') && pairs <= PAN_LEN_MAX &&
               toupper((unsigned char)at[2 * pairs]) == zone && is_digit(at[2 * pairs + 1])) {
            pairs++;
        }
        for (size_t len = pairs < PAN_LEN_MAX ? pairs : PAN_LEN_MAX; len > PAN_LEN_MIN; len--) {
            if (is_pan(at + 1, len, 2)) {
                star(at, 2 * len);
                at += 2 * len - 1;
                break;
            }
        }
    }
}

/* Behind the ^ of a track 1: the holder, and the digits behind the second ^. */
static void holder_star(char *at)
{
    size_t len = strcspn(at, "^\n\"");
    if (len <= HOLDER_LEN_MAX && at[len] == '^') {
        star(at, len);
        at += len + 1;
    }
    star(at, digits_len(at));
}

/* What follows a card number, masked or not: its expiry and discretionary data. */
static void tracks_conceal(char *text)
{
    for (char *at = text; *at != '\0';) {
        size_t len = strspn(at, "0123456789*");
        char *joint = at + len;
        bool is_track = (*joint == '=' || toupper((unsigned char)*joint) == 'D') &&
                        digits_len(joint + 1) >= TRACK_DIGITS_MIN;
        if (len >= PAN_LEN_MIN && (is_track || *joint == '^')) {
            for (size_t of = PAN_LEN_MAX; of >= PAN_LEN_MIN; of--) {
                if (of <= len && is_pan(joint - of, of, 1)) {
                    pan_star(joint - of, of);
                }
            }
            if (*joint == '^') {
                holder_star(joint + 1);
            } else {
                star(joint + 1, digits_len(joint + 1));
            }
        }
        at += len == 0 ? 1 : len;
    }
}

/* --- what the script declares ----------------------------------------------------------------- */

static bool begins_with(const char *text, struct span what)
{
    for (size_t i = 0; i < what.len; i++) {
        if (toupper((unsigned char)text[i]) != toupper(what.ptr[i])) {
            return false; /* the NUL of @text, too */
        }
    }
    return true;
}

/* The longest run of hex digits. */
static size_t hex_len_max(const char *text)
{
    size_t len = 0;
    size_t longest = 0;
    for (; *text != '\0'; text++) {
        len = is_hex(*text) ? len + 1 : 0;
        longest = len > longest ? len : longest;
    }
    return longest;
}

/* A PIN is starred only where it stands alone: 1234 is in many a number. */
static bool stands_alone(const char *text, const char *at, size_t len)
{
    bool begins = at == text || (!isalnum((unsigned char)at[-1]) && strchr(".:+*", at[-1]) == NULL);
    return begins && !isalnum((unsigned char)at[len]) && at[len] != '*';
}

static void secret_conceal(const struct secret *secret, char *text)
{
    struct span value = secret->value;
    for (char *at = text; *at != '\0'; at++) {
        if (!begins_with(at, value)) {
            continue;
        }
        if (secret->kind == SECRET_PAN) {
            pan_star(at, value.len);
        } else if (secret->kind == SECRET_KEY || stands_alone(text, at, value.len)) {
            star(at, value.len);
        }
    }
}

void conceal_text(const struct script *script, char *text)
{
    if (script != NULL) {
        bool has_key = hex_len_max(text) >= KEY_LEN_MIN;
        for (const struct secret *secret = script->secrets; secret != NULL; secret = secret->next) {
            if (has_key || secret->kind != SECRET_KEY) { /* There may be thousands of keys. */
                secret_conceal(secret, text);
            }
        }
    }
    tracks_conceal(text);
    pairs_conceal(text);
    digits_conceal(text);
}

void conceal_cut(char *text)
{
    enum { SHORTEST = 7 }; /* Six digits of a card number may be seen. */
    size_t end = strlen(text);
    size_t start = end;
    while (start > 0 && (is_hex(text[start - 1]) || strchr("=^*", text[start - 1]) != NULL)) {
        start--;
    }
    if (end - start >= SHORTEST) {
        star(text + start, end - start);
    }
}

const char *conceal_span(const struct script *script, struct span from, char *to, size_t cap)
{
    (void)snprintf(to, cap, "%.*s", (int)from.len, (const char *)from.ptr);
    conceal_text(script, to);
    if (from.len >= cap) {
        conceal_cut(to);
    }
    return to;
}
