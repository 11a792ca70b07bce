/* Which of an issuer's links takes the next request: a table of policies.
 *
 * To add one: a file policy_x.c with its function, and a row in policy.c. */
#pragma once

#include "routes/link.h"

/* The links of one issuer, in the order of the configuration. */
struct link_set {
    struct link *const *links;
    uint32_t count;
    uint32_t *turn; /* of the issuer: kept between calls */
};

enum { LINK_NONE = -1 };

/* The index in @set of the link to use, or LINK_NONE if none is signed on. */
typedef int policy_fn(const struct link_set *set);

struct policy {
    const char *name;
    policy_fn *choose;
};

policy_fn policy_primary; /* the first that is signed on */
policy_fn policy_rotate;  /* each in turn */

/* Row @index (enum of the configuration), or NULL past the last. */
const struct policy *policy_at(uint32_t index);
