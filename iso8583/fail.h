/* How the codec fills a struct iso_error: what is rare stands apart from the usual way through. */
#pragma once

#include "iso8583/message.h"

#define COLD __attribute__((cold))

/* @code at byte @error->at, which is kept: @what was expected. Returns @code. */
COLD int iso_fail(struct iso_error *error, int code, const char *what);

/* The same with numbers. */
COLD int iso_fail_numbers(struct iso_error *error, int code, const char *what, size_t expected,
                          size_t got);

/* The same as iso_fail() at byte @at of the frame. */
COLD int iso_fail_at(struct iso_error *error, int code, size_t at, const char *what);
