#include "hsm_sim/engine/call.h"

/* NC: diagnostics. The LMK check value is a setting: how a device makes it is not published. */
uint8_t cmd_nc(struct call *call)
{
    call_reply_text(call, HSM_ARG_CHECK_VALUE, span_make(call->engine->lmk_check, LMK_CHECK_LEN));
    call_reply_text(call, HSM_ARG_FIRMWARE, SPAN_LITERAL(HSM_FIRMWARE));
    return HSM_OK;
}
