/* Two messages in columns, only unequal lines marked; one formatter, masked as the dialect says. */
#pragma once

#include <stdio.h>

#include "tools/isotest/station.h"

/* Print what was expected of @got beside it:
 *
 *     0210 from T1 (+38 ms)         expected          received
 *        DE2   pan                                    411111******1111
 *      ! DE39  response code        00                55              incorrect PIN
 *
 * A line for each field of @got and for each check of @expect; those of @misses have the mark. */
void diff_print(FILE *out, const struct iso_dialect *dialect, const char *from, int64_t after_us,
                const struct expect *expect, const struct held *sent, const struct held *got,
                const struct miss *misses, int miss_count);

/* One line: "0810  11=000018 41=TERM0001 39=00". Masked. */
void message_line(const struct iso_dialect *dialect, const struct iso_msg *msg, char *buf,
                  size_t cap);

/* The words for a DE39: "approved", "incorrect PIN"; "" if unknown. */
const char *response_words(struct span code);
