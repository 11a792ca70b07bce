#include "routes/policy.h"

int policy_rotate(const struct link_set *set)
{
    for (uint32_t i = 0; i < set->count; i++) {
        uint32_t index = (*set->turn + i) % set->count;
        if (set->links[index]->state == LINK_IS_SIGNED_ON) {
            *set->turn = (index + 1) % set->count;
            return (int)index;
        }
    }
    return LINK_NONE;
}
