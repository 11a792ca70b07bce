#include "hsm_sim/engine/call.h"

/* NO: status. Mode 00 tells buffer size, transport, sockets (2N, as older clients expect), firmware
 * and reserved fields; mode 01 the PCI compliance of the settings: not claimed. */
uint8_t cmd_no(struct call *call)
{
    struct span mode = call->arg[HSM_ARG_MODE];
    if (span_equal_text(mode, "00")) {
        call_reply_text(call, HSM_ARG_STATUS, SPAN_LITERAL("1164" HSM_FIRMWARE "00000"));
        return HSM_OK;
    }
    if (span_equal_text(mode, "01")) {
        call_reply_text(call, HSM_ARG_STATUS, SPAN_LITERAL("000000"));
        return HSM_OK;
    }
    return HSM_INPUT;
}
