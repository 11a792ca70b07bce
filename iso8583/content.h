/* Contents: which canonical bytes may stand in an element of digits, letters, text, ... */
#pragma once

#include "iso8583/dialect.h"

/* Whether all of @value is of @content. */
bool content_is(enum iso_content content, struct span value);

/* The number of leading bytes of @value that are of @content; value.len if all are. */
size_t content_count_valid(enum iso_content content, struct span value);

/* Whether @byte may stand in @content (in x+n: behind the sign). */
bool content_has(enum iso_content content, uint8_t byte);

/* What was wanted where a byte is not of @content: "digit", "letter". Static. */
const char *content_wanted(enum iso_content content);
