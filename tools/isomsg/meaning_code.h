/* The tables of codes: what the characters of a code element stand for. */
#pragma once

#include "iso8583/base/bytes.h"

struct code {
    const char *code;
    const char *text; /* "": known, and not worth a word */
};

struct code_table {
    const struct code *rows;
    size_t count;
};

extern const struct code_table code_processing;   /* DE3, the first two digits */
extern const struct code_table code_account_from; /* DE3, the middle ones */
extern const struct code_table code_account_to;   /* DE3, the last ones */
extern const struct code_table code_entry;        /* DE22 of 1987, the first two digits */
extern const struct code_table code_pin_entry;    /* DE22 of 1987, the last digit */
extern const struct code_table code_function;     /* DE24 of 1993 */
extern const struct code_table code_condition;    /* DE25 of 1987 */
extern const struct code_table code_response;     /* DE39 of 1987 */
extern const struct code_table code_action;       /* DE39 of 1993 */
extern const struct code_table code_network;      /* DE70 */

/* The text of @code, or NULL. Static. */
const char *code_find(const struct code_table *table, struct span code);
