/* REPLY: to the connection that the request (or its newest repeat) came in on. */
#include "switch/core/core_state.h"

enum verdict reply_enter(struct core *core, struct txn *t)
{
    uint8_t *bytes = core_bytes(core, t->out_len);
    memcpy(bytes, t->out, t->out_len);
    uint8_t *tpdu = core_bytes(core, TPDU_LEN);
    memcpy(tpdu, t->intake.tpdu, t->intake.tpdu_len);
    struct action *send = core_act(core, ACT_SEND_TERMINAL);
    send->u.terminal.conn = t->intake.conn;
    send->u.terminal.listener = t->intake.listener;
    send->u.terminal.tpdu = span_make(tpdu, t->intake.tpdu_len);
    send->u.terminal.message = span_make(bytes, t->out_len);
    if (t->end[0] == '\0') {
        t->end = "replied";
    }
    return GO;
}
