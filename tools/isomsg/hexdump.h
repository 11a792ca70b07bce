/* The bytes around an error, with a caret under the one at fault. Card data is stars: what could
 * not be read may be some, too. */
#pragma once

#include "tools/isomsg/reveal.h"

/* Print to stdout the rows of 16 bytes around the byte at @error->at. */
void error_bytes_print(const struct reveal *reveal, const struct iso_error *error);
