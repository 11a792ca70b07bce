/* What an issuer's answer means. Its DE39 is looked up in the issuer's own table (BEHAVIOUR 1.5);
 * what contradicts itself is a doubt, because the issuer may hold the money. */
#pragma once

#include "iso8583/message.h"
#include "switch/core/settings.h"

/* STATE_APPROVED and *@approved_minor, which is @asked_minor or, of a partial approval (DE39 10),
 * the smaller amount of its DE4; STATE_UNKNOWN: a doubt; or STATE_DECLINED. Doubts are, besides the
 * issuer's list: no DE39 of two characters; an approval code that is not in the issuer's list; any
 * other code with an approval's DE38; a partial approval that names no amount, or more than was
 * asked. */
enum record_state outcome_of(const struct issuer_settings *issuer, const struct iso_msg *answer,
                             int64_t asked_minor, int64_t *approved_minor);
