/* Input: any bytes, as doctor gets them.
 *
 * Whatever they are: the guesses come to an end, the best has the names of a framing and a dialect
 * that view takes, no text is longer than its room, and what reads whole is told with a type. */
#include <stdlib.h>

#include "iso8583/dialect.h"
#include "tests/fuzz/fuzz.h"
#include "tools/isomsg/guess.h"

/* Longer ones, and all ways to read them, only take longer. */
enum { BYTES_MAX = 400, READINGS_MAX = 300 };

static void check_guess(const struct guess *guess)
{
    struct framing framing;
    CHECK(framing_parse(span_text(guess->framing.name), &framing) == 0);
    CHECK(strlen(guess->dialect) > 0 && strlen(guess->dialect) < sizeof guess->dialect);
    CHECK(strlen(guess->why) > 0 && strlen(guess->why) < sizeof guess->why - 1);
    CHECK_IMPLIES(guess->whole, guess->mti != 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct guesses guesses;
    if (size == 0 || size > BYTES_MAX) {
        return 0;
    }
    struct span bytes = span_make(data, size);
    CHECK(guesses_make(&bytes, 1, NULL, READINGS_MAX, &guesses) == 0);
    CHECK(guesses.count <= GUESSES_MAX);
    for (size_t i = 0; i < guesses.count; i++) {
        check_guess(&guesses.best[i]);
        CHECK_IMPLIES(i > 0 && guesses.best[i].whole && !guesses.best[i - 1].whole,
                      guesses.best[i].tenths < guesses.best[i - 1].tenths);
    }
    return 0;
}
