/* A message for people, or as JSON. What may be seen of it is decided in reveal.h. */
#pragma once

#include "tools/isomsg/reveal.h"

struct show {
    struct reveal reveal;
    const struct iso_error *error; /* NULL: it was read whole, and its parts, too (reading.h) */
};

/* Decode @wire for showing. The message lives until the next call; the wire as long as the
 * caller's.
 */
struct show show_decode(const struct iso_dialect *dialect, struct span wire, bool unmask);

/* Print to stdout: the MTI line, a line an element with its meaning, parts below it, and the error
 * with the bytes around it. */
void show_text(const struct show *show);

/* Print one JSON object on a line: {"mti":"0200","fields":{"2":"411111******1111",...}}, with
 * "error" behind it if there was one. */
void show_json(const struct show *show);

/* Print {"error":{"text":@why}} on a line: for bytes that no message could be cut from. */
void show_why_json(const char *why);

/* Print the line of DE @de, and those of its parts; @mark stands in front of each. */
void show_field(const struct show *show, unsigned de, char mark);
