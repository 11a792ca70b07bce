/* A report that passes on the first line only: rows of terminals and cards hold keys and PANs, and
 * a problem with one does not quote it. */
#pragma once

#include "iso8583/base/source.h"

struct first_line {
    source_report report;
    void *context;
};

/* A source_report; @context is a struct first_line. */
static inline void first_line_report(void *context, const char *text)
{
    const struct first_line *to = (const struct first_line *)context;
    char line[SOURCE_TEXT_LEN_MAX];
    struct writer out = writer_make(line, sizeof line - 1);
    writer_put(&out, text, strcspn(text, "\n"));
    line[out.len] = '\0';
    to->report(to->context, line);
}
