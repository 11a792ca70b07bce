#include "routes/policy.h"

/* To add a policy, add a row; its index is what the configuration stores. */
static const struct policy policies[] = {
    {"primary", policy_primary},
    {"rotate", policy_rotate},
};

const struct policy *policy_at(uint32_t index)
{
    return index < ARRAY_COUNT(policies) ? &policies[index] : NULL;
}
