/* What the tests of this folder share: a directory of their own with a small set in it, and a
 * switch that answers by itself. */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/frame.h"
#include "tests/load/dataset.h"

enum { SUPPORT_PATH_CAP = 256, SUPPORT_TERMINALS = 6, SUPPORT_CARDS = 8 };

struct support {
    char dir[64];
    struct dataset dataset;
};

/* A set of 6 terminals (4 shops, 2 kiosks) and 8 cards in a new directory. Fails the test if it
 * cannot be made. support_deinit() removes all of it. */
void support_init(struct support *support);
void support_deinit(struct support *support);

/* The path of @name in the directory, in @out (SUPPORT_PATH_CAP); returns @out. */
const char *support_path(const struct support *support, const char *name, char *out);

/* Write @text to @name in the directory. */
void support_write(const struct support *support, const char *name, const char *text);

/* --- A switch that answers by itself ---------------------------------------------------------- */

/* How the answerer treats requests. All of it is fixed before it starts. */
struct answerer_plan {
    const struct framing *framing;
    const struct iso_dialect *dialect;
    bool first_silent;    /* the first sending of each request is dropped: only repeats are heard */
    bool requests_silent; /* requests are never answered, reversals are */
    bool answer_twice;
    uint32_t hang_up_every;   /* every n-th message cuts its connection; 0: never */
    uint64_t refuse_every;    /* every n-th request is declined (51); 0: never */
    const char *journal_path; /* each request's intent must stand in it; NULL: not looked at */
    uint64_t terminate_at;    /* SIGTERM to this process with the n-th message; 0: never */
};

struct answerer;

/* Answer on a thread of its own, on a free port. @address gets "127.0.0.1:PORT". */
struct answerer *answerer_start(const struct answerer_plan *plan, char *address, size_t cap);

/* Stop and free; returns how many messages were heard. */
uint64_t answerer_stop(struct answerer *answerer);

/* The answer to @wire with @code, as an honest switch makes it, without a MAC. @out has
 * FRAME_LEN_MAX bytes; returns its length. */
size_t answer_make(const struct iso_dialect *dialect, struct span wire, const char *code,
                   uint8_t *out);
