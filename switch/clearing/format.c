#include "switch/clearing/format.h"

/* To add a format: a row here, its index and FORMAT_COUNT in format.h. */
const struct format *const formats[FORMAT_COUNT] = {
    [FORMAT_IPM] = &format_ipm,
    [FORMAT_CSV] = &format_csv,
};
