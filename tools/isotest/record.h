/* isotest record: from a capture of real traffic to a script.
 *
 * The path: capture/packet.c (a captured packet down to TCP), capture/stream.c (streams in order),
 * record_talk.c (frames, messages, who answers whom, what belongs together), record_card.c (test
 * cards for the real ones), record_write.c (the script).
 *
 * side          a TCP port of the capture and whom the script plays there: the terminals that call
 *               it, or an issuer that is asked on it. How it is framed and written is its own.
 *
 * No card number of the capture, no track, no PIN block, MAC or cryptogram is ever written: what
 * stands for them makes them anew from test cards and test keys. */
#pragma once

#include <stdio.h>

#include "tools/isotest/script.h"

enum { RECORD_SIDES_MAX = 9 /* the terminals and eight issuers */ };

struct record_side {
    const char *name; /* an issuer's, of the language; NULL: these are the terminals */
    uint16_t port;
    const struct framing *framing;     /* not "none"; NULL: not known, and told what fits */
    const struct iso_dialect *dialect; /* NULL with @framing */
};

struct record_options {
    const char *source; /* the capture's name, for errors */
    const char *script; /* the script's: files that it names stand beside it */
    const struct record_side *sides;
    size_t side_count;         /* 1 to RECORD_SIDES_MAX; at most one is of terminals */
    const char *keys;          /* a file of keys for the script to name, or NULL: placeholders */
    const char *cards;         /* a table of test cards to take, or NULL: made up */
    bool keep[ISO_DE_MAX + 1]; /* private fields that are written all the same */
    script_report report;      /* errors, and notes about what was left out */
    void *context;
};

/* Make a script of @capture, which is closed in any case. Returns 0 and sets @script (the caller
 * frees it), or after a report ERR_CONFIG (no capture; nothing in it that can be read so; a file of
 * cards or keys that is wrong), ERR_NOT_FOUND (no such port), ERR_CORRUPT (a card number would have
 * been written, or the script would have been wrong: nothing is), ERR_MEMORY. The script is laid
 * out as `isotest fmt` does. */
MUST_USE int record_script(FILE *capture, const struct record_options *options,
                           struct span *script);
