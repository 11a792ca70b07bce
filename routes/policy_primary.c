#include "routes/policy.h"

int policy_primary(const struct link_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        if (set->links[i]->state == LINK_IS_SIGNED_ON) {
            return (int)i;
        }
    }
    return LINK_NONE;
}
