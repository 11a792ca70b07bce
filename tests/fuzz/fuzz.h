/* What a fuzz target is: one function that stops the process (CHECK) if a property fails. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Run the @size bytes at @data. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
