/* The STANs that we give to issuers: which are in use, and which comes next.
 *
 * One range for all issuers, because DE37 is made of the STAN and must be unique at a terminal,
 * whichever issuers its cards have. A STAN may not be given again while its transaction is pending
 * or its reversal is due, or an answer could be taken for another's. A bitmap of the whole range:
 * no search ever gets slow. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { STAN_LAST = 999999, STAN_WORDS = (STAN_LAST + 64) / 64 };

struct stans {
    uint32_t first;
    uint32_t last;
    uint32_t next;
    uint32_t used;
    uint64_t bits[STAN_WORDS];
};

void stans_init(struct stans *stans, uint32_t first, uint32_t last);

/* Take the next free one; 0 if all are in use. */
uint32_t stans_draw(struct stans *stans);

/* Mark one as in use (after a restart). */
void stans_hold(struct stans *stans, uint32_t stan);
void stans_free(struct stans *stans, uint32_t stan);
