#include "switch/core/kinds.h"

#include "iso8583/mti.h"
#include "switch/core/steps.h"

/* To add a transaction type, add a row: MTI, the first two digits of DE3, flow, money and the
 * fields without which it is refused (30). DE11 and DE41 are always required, and so is the time
 * part of the group's identity. DE2 or DE35 counts as 2. The first row that fits wins. */
static const struct kind kinds[] = {
    /* clang-format off */
    /* name                 MTI     proc  flow              money         reserved zero   required */
    {"authorization",       0x0100, "00", flow_purchase,    MONEY_HOLD,   false, false, {2, 3, 4, 7, 49}},
    {"cash authorization",  0x0100, "01", flow_purchase,    MONEY_HOLD,   false, false, {2, 3, 4, 7, 49}},
    {"refund authorization", 0x0100, "20", flow_purchase,   MONEY_HOLD,   false, false, {2, 3, 4, 7, 49}},
    {"balance",             0x0100, "30", flow_purchase,    MONEY_NONE,   false, true,  {2, 3, 7}},
    {"balance",             0x0100, "31", flow_purchase,    MONEY_NONE,   false, true,  {2, 3, 7}},
    {"purchase",            0x0200, "00", flow_purchase,    MONEY_CREDIT, false, false, {2, 3, 4, 7, 49}},
    {"cash",                0x0200, "01", flow_purchase,    MONEY_CREDIT, false, false, {2, 3, 4, 7, 49}},
    {"refund",              0x0200, "20", flow_purchase,    MONEY_DEBIT,  false, false, {2, 3, 4, 7, 49}},
    {"balance",             0x0200, "30", flow_purchase,    MONEY_NONE,   false, true,  {2, 3, 7}},
    {"balance",             0x0200, "31", flow_purchase,    MONEY_NONE,   false, true,  {2, 3, 7}},
    {"reversal",            0x0400, NULL, flow_reversal_in, MONEY_NONE,   true,  false, {2, 3, 4, 7}},
    {"reversal advice",     0x0420, NULL, flow_reversal_in, MONEY_NONE,   true,  false, {2, 3, 4, 7}},
    {"network",             0x0800, NULL, flow_network,     MONEY_NONE,   false, true,  {70}},
    /* clang-format on */
};

static const struct kind pumped = {"our reversal", 0x0420, NULL, flow_reversal,
                                   MONEY_NONE,     true,   true, {0}};

const struct kind *kind_find(uint16_t mti, struct span proc)
{
    uint16_t original = mti_original(mti);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        const struct kind *kind = &kinds[i];
        if (kind->mti == original &&
            (kind->proc == NULL || span_equal_text(span_first(proc, 2), kind->proc))) {
            return kind;
        }
    }
    return NULL;
}

bool kind_knows_mti(uint16_t mti)
{
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        if (kinds[i].mti == mti_original(mti)) {
            return true;
        }
    }
    return false;
}

const struct kind *kind_pumped(void)
{
    return &pumped;
}

const struct kind *kind_at(size_t index)
{
    return index < ARRAY_COUNT(kinds) ? &kinds[index] : NULL;
}
