#include "iso8583/fail.h"

int iso_fail(struct iso_error *error, int code, const char *what)
{
    return iso_fail_at(error, code, error->at, what);
}

int iso_fail_numbers(struct iso_error *error, int code, const char *what, size_t expected,
                     size_t got)
{
    (void)iso_fail(error, code, what);
    error->expected = (uint32_t)expected;
    error->got = (uint32_t)got;
    return code;
}

int iso_fail_at(struct iso_error *error, int code, size_t at, const char *what)
{
    *error = (struct iso_error){.code = code, .at = (uint16_t)at, .what = what};
    return code;
}
