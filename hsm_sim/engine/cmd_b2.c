#include "hsm_sim/engine/call.h"

/* B2: echo. */
uint8_t cmd_b2(struct call *call)
{
    call->reply[HSM_ARG_DATA] = call->arg[HSM_ARG_DATA];
    return HSM_OK;
}
