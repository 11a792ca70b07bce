/* A decoded message for people, or as JSON. Card data is masked unless told otherwise, in DE55 too,
 * and in the bytes around an error: what could not be read may be card data. */
#pragma once

#include "iso8583/dialect.h"

enum { SHOW_LEN_MAX = 4096 };

struct show {
    const struct iso_dialect *dialect;
    struct span wire; /* what the message was read from; empty: it was built */
    const struct iso_msg *msg;
    const struct iso_error *error; /* NULL: it was read whole */
    bool unmask;
};

/* Print to stdout: the MTI line, a line a field, and the error with the bytes around it. */
void show_text(const struct show *show);

/* Print one JSON object on a line: {"v":1,"mti":"0200","fields":{"2":"411111******1111",...}}, with
 * "error" behind it if there was one. */
void show_json(const struct show *show);
