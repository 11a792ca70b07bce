/* What an issuer's answer means, row by row. A wrong one loses money: an approval taken for a
 * decline is never reversed. */
#include "switch/core/outcome.h"
#include "tests/unit/iso8583/suite.h"

enum { ASKED = 1000 };

static const struct issuer_settings issuer = {
    .name = "bank", .approve = {"00", "08", "10", "77"}, .doubt = {"68", "91", "N7"}};

static const struct row {
    const char *code;
    const char *auth;
    const char *amount;
    enum record_state state;
    int64_t approved_minor;
} rows[] = {
    {"00", "123456", NULL, STATE_APPROVED, ASKED},
    {"00", NULL, NULL, STATE_APPROVED, ASKED},
    {"08", "123456", NULL, STATE_APPROVED, ASKED},
    {"77", NULL, NULL, STATE_APPROVED, ASKED}, /* this issuer's own */
    {"10", "123456", "000000000600", STATE_APPROVED, 600},
    {"10", "123456", "000000001000", STATE_APPROVED, ASKED},
    /* A part of nothing, of more than was asked, or of one knows not what. */
    {"10", "123456", NULL, STATE_UNKNOWN, 0},
    {"10", "123456", "000000000000", STATE_UNKNOWN, 0},
    {"10", "123456", "000000001001", STATE_UNKNOWN, 0},
    {"68", NULL, NULL, STATE_UNKNOWN, 0},
    {"91", NULL, NULL, STATE_UNKNOWN, 0},
    {"N7", NULL, NULL, STATE_UNKNOWN, 0},
    /* Approvals elsewhere, and not in this issuer's table. */
    {"11", NULL, NULL, STATE_UNKNOWN, 0},
    {"16", NULL, NULL, STATE_UNKNOWN, 0},
    {"85", NULL, NULL, STATE_UNKNOWN, 0},
    /* A decline with an approval's DE38. */
    {"76", "123456", NULL, STATE_UNKNOWN, 0},
    {"05", "00000A", NULL, STATE_UNKNOWN, 0},
    {"05", NULL, NULL, STATE_DECLINED, 0},
    {"05", "000000", NULL, STATE_DECLINED, 0},
    {"05", "      ", NULL, STATE_DECLINED, 0},
    {"96", NULL, NULL, STATE_DECLINED, 0}, /* not in this issuer's list of doubts */
    {NULL, NULL, NULL, STATE_UNKNOWN, 0},
    {NULL, "123456", NULL, STATE_UNKNOWN, 0},
    {"0", NULL, NULL, STATE_UNKNOWN, 0},
};

START_TEST(answer_means_what_the_issuers_table_says)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        const struct row *row = &rows[i];
        struct iso_msg answer;
        int64_t approved_minor = -1;
        iso_init(&answer, 0x0210);
        if (row->code != NULL) {
            iso_set(&answer, 39, span_text(row->code));
        }
        if (row->auth != NULL) {
            iso_set(&answer, 38, span_text(row->auth));
        }
        if (row->amount != NULL) {
            iso_set(&answer, 4, span_text(row->amount));
        }
        enum record_state state = outcome_of(&issuer, &answer, ASKED, &approved_minor);
        ck_assert_msg(state == row->state && approved_minor == row->approved_minor,
                      "row %zu: %s, %lld", i, record_state_name((uint8_t)state),
                      (long long)approved_minor);
    }
}
END_TEST

SUITE_MAIN("outcome", answer_means_what_the_issuers_table_says)
