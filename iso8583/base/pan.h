/* What of a card number people may see: the first six and the last four of its 13 to 19 digits.
 * Anything shorter or longer is card data nevertheless, and six and four would be nearly all of it:
 * nothing of it is shown. The one rule for logs, tables, files and tools. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

/* Whether the digit at @index of a number of @len digits may be shown; else it is a star. */
static inline bool pan_shows(size_t len, size_t index)
{
    return len >= 13 && len <= 19 && (index < 6 || (index < len && index + 4 >= len));
}
