/* The messages that the core sends, built from what the transaction holds. */
#pragma once

#include "switch/core/txn.h"

/* The 0200 (or 0100) to the issuer, under the link's own STAN, DE7 and DE37. @msg borrows from @t
 * and from the actions' bytes. */
void outbound_request(struct core *core, struct txn *t, struct iso_msg *msg);

/* Whether the private data of @msg are what @dialect says that they are made of, where the listener
 * of @t says otherwise: 0, or an enum err with @error. */
MUST_USE int outbound_check(struct core *core, const struct txn *t, const struct iso_msg *msg,
                            const struct iso_dialect *dialect, struct iso_error *error);

/* Our 0420, or 0421 from the second sending on. */
void outbound_reversal(struct core *core, struct txn *t, struct iso_msg *msg);

/* The answer to the terminal into t->out, with room for a MAC if @sign. An enum err if it cannot be
 * said in the listener's dialect. */
MUST_USE int outbound_answer(struct core *core, struct txn *t, bool sign);

/* Put the MAC (16 hex characters) into the answer's last field. */
MUST_USE int outbound_put_mac(struct core *core, struct txn *t, struct span hex);

/* Encode @msg into the actions' bytes, as an answer to the frame @request (SPAN_NONE: it is none).
 * An enum err with @error if @dialect cannot say it. */
MUST_USE int outbound_encode(struct core *core, const struct iso_msg *msg, struct span request,
                             const struct iso_dialect *dialect, struct span *bytes,
                             struct iso_error *error);
