/* Purchases, made before the clock runs: 324 bytes with chip data and a PIN block in iso87_ascii,
 * and 8 more if they have a MAC, of the terminals and cards of a set that setup_make() made. Each
 * has a STAN of its own, which names it in the answer. */
#pragma once

#include "iso8583/base/bytes.h"
#include "tests/load/dataset.h"

enum { SALE_LEN_MAX = 400, SALES_MAX = 999999 };

struct sale {
    uint16_t len; /* of the frame */
    uint8_t frame[2 + SALE_LEN_MAX];
};

struct sales {
    struct sale *rows; /* the STAN of row i is i + 1 */
    uint32_t count;
};

/* Make @count sales (at most SALES_MAX) of the visa cards and all terminals of @dataset, signed
 * where the terminal has a key for it. Returns 0, ERR_MEMORY, ERR_CRYPTO or an error of the codec;
 * sales_deinit() in any case. */
MUST_USE int sales_init(struct sales *sales, const struct dataset *dataset, uint32_t count);
void sales_deinit(struct sales *sales);

/* Read @message, an answer: its STAN, and whether it approves. 0, or an error of the codec. */
MUST_USE int sale_answer(struct span message, uint32_t *stan, bool *approved);
