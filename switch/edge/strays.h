/* The newest answers of each link that paired with nothing, for staff: `switchctl link show`. Fixed
 * memory; kept by the driver on the loop thread. */
#pragma once

#include <jansson.h>

#include "switch/core/action.h"

enum { STRAYS_MAX = 32 }; /* a link */

struct strays;

/* For links 0 .. @link_count - 1; NULL if memory is short. */
struct strays *strays_new(uint32_t link_count);
void strays_free(struct strays *strays);

/* Copy @stray; the oldest of its link gives way. */
void strays_add(struct strays *strays, const struct stray *stray, int64_t wall_ms);

/* Those of @link, newest first, as [STRAY] of admin.h; the caller's. */
json_t *strays_json(const struct strays *strays, uint16_t link);
