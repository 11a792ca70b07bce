/* The MTI, and which table an element's codes stand in. */
#include "tools/isomsg/meaning.h"

#include <stdio.h>

#include "iso8583/base/currency.h"
#include "iso8583/mti.h"
#include "tools/isomsg/meaning_code.h"

/* --- MTI: ISO 8583:1987, 1993 and 2003, clause 4.1 ----------------------------------------------
 */

/* To add a class or a function: its place in the table. */
static const char *const classes[10] = {
    [1] = "authorization",  [2] = "financial",          [3] = "file action",
    [4] = "reversal",       [5] = "reconciliation",     [6] = "administrative",
    [7] = "fee collection", [8] = "network management",
};
static const char *const functions[10] = {
    [0] = "request",      [1] = "request response",
    [2] = "advice",       [3] = "advice response",
    [4] = "notification", [5] = "notification acknowledgement",
    [6] = "instruction",  [7] = "instruction acknowledgement",
};

const char *mti_meaning(uint16_t mti, char out[MEANING_LEN])
{
    const char *class = mti_class(mti) < 10 ? classes[mti_class(mti)] : NULL;
    const char *function = mti_function(mti) < 10 ? functions[mti_function(mti)] : NULL;
    out[0] = '\0';
    if (class != NULL && function != NULL) {
        (void)snprintf(out, MEANING_LEN, "%s %s%s%s", class, function,
                       mti_origin(mti) == 2 || mti_origin(mti) == 3 ? " of the issuer" : "",
                       mti_is_repeat(mti) ? ", repeat" : "");
    }
    return out;
}

/* --- elements ----------------------------------------------------------------------------------
 */

/* A part of an element: some of its characters, looked up in one table. */
struct part {
    uint8_t at;
    uint8_t len;
    const struct code_table *table;
};

enum { PARTS_MAX = 4 };

/* To add an element whose codes are known: its table in meaning_code.c, and a row. @version is the
 * first digit of the MTI (0 1987, 1 1993, 2 2003), or ANY; @len the length that an element of these
 * parts has. What is behind the first part is told after a comma. */
enum { ANY = 0xF };
static const struct element {
    uint8_t de;
    uint8_t version;
    uint8_t len;
    struct part parts[PARTS_MAX];
} elements[] = {
    {3, ANY, 6, {{0, 2, &code_processing}, {2, 2, &code_account_from}, {4, 2, &code_account_to}}},
    {22, 0, 3, {{0, 2, &code_entry}, {2, 1, &code_pin_entry}}},
    {24, 1, 3, {{0, 3, &code_function}}},
    {24, 2, 3, {{0, 3, &code_function}}},
    {25, 0, 2, {{0, 2, &code_condition}}},
    {39, 0, 2, {{0, 2, &code_response}}},
    {39, 1, 3, {{0, 3, &code_action}}},
    {70, ANY, 3, {{0, 3, &code_network}}},
};

static const struct element *element_find(const struct iso_msg *msg, unsigned de)
{
    for (size_t i = 0; i < ARRAY_COUNT(elements); i++) {
        const struct element *element = &elements[i];
        if (element->de == de && iso_get(msg, de).len == element->len &&
            (element->version == ANY || element->version == mti_version(msg->mti))) {
            return element;
        }
    }
    return NULL;
}

static bool is_currency(unsigned de)
{
    return de >= 49 && de <= 51;
}

/* The currency that @value names, by number or by letters. */
static const struct currency *currency_of(struct span value)
{
    uint64_t number = 0;
    if (value.len == 3 && span_number(value, &number) == 0) {
        return currency_find((uint16_t)number);
    }
    return currency_find_alpha(value);
}

/* DE49 tells what DE4 is of. */
static const char *amount_meaning(const struct iso_msg *msg, unsigned de, char out[MEANING_LEN])
{
    uint64_t amount = 0;
    const struct currency *currency = currency_of(iso_get(msg, de + 45));
    char text[MONEY_TEXT_LEN];
    if (currency != NULL && iso_number(msg, de, &amount) == 0 && amount <= INT64_MAX) {
        (void)snprintf(out, MEANING_LEN, "%s",
                       money_format((int64_t)amount, currency->numeric, text));
    }
    return out;
}

/* The words of @parts that are known, with commas between them. Returns how many are not. */
static int parts_tell(const struct element *element, struct span value, char out[MEANING_LEN])
{
    int unknown = 0;
    size_t len = 0;
    for (size_t i = 0; i < PARTS_MAX && element->parts[i].table != NULL; i++) {
        const struct part *part = &element->parts[i];
        const char *text = code_find(part->table, span_make(value.ptr + part->at, part->len));
        unknown += text == NULL;
        if (text != NULL && text[0] != '\0' && len < MEANING_LEN) {
            len +=
                (size_t)snprintf(out + len, MEANING_LEN - len, "%s%s", len == 0 ? "" : ", ", text);
        }
    }
    return unknown;
}

const char *field_meaning(const struct iso_msg *msg, unsigned de, char out[MEANING_LEN])
{
    struct span value = iso_get(msg, de);
    out[0] = '\0';
    if (de >= 4 && de <= 6) {
        return amount_meaning(msg, de, out);
    }
    if (is_currency(de)) {
        const struct currency *currency = currency_of(value);
        if (currency != NULL) {
            (void)snprintf(out, MEANING_LEN, "%s", currency->alpha);
        }
        return out;
    }
    const struct element *element = element_find(msg, de);
    if (element != NULL) {
        (void)parts_tell(element, value, out);
    }
    return out;
}

int field_is_known(const struct iso_msg *msg, unsigned de)
{
    char unused[MEANING_LEN];
    if (is_currency(de)) {
        return currency_of(iso_get(msg, de)) != NULL;
    }
    const struct element *element = element_find(msg, de);
    return element == NULL ? -1 : parts_tell(element, iso_get(msg, de), unused) == 0;
}
