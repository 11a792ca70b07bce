/* Memory that lives until the program ends: inputs, and what was made of the options. */
#pragma once

#include <stddef.h>

/* @len bytes of zeros, or NULL. */
void *keep_new(size_t len);

/* Let @memory (of malloc(), or NULL) live until the end. Returns it, or NULL if it cannot be kept:
 * then it is freed. */
void *keep(void *memory);
