/* SIGN: the answer's bytes, and their MAC where the terminal has a key. If the HSM is silent, so
 * are we: the outcome is durable, and the terminal's repeat will be told. */
#include "switch/core/core_state.h"
#include "switch/core/outbound.h"

enum verdict sign_enter(struct core *core, struct txn *t)
{
    const struct terminal_settings *terminal = terminal_of(core, t);
    bool sign = terminal->tak.text[0] != '\0' &&
                (group_of(core, t)->mac_required || iso_has(&t->intake.msg, 64) ||
                 iso_has(&t->intake.msg, 128));
    if (outbound_answer(core, t, sign) != 0) {
        core_alarm(core, ALARM_ANSWER_UNSAYABLE, t->record.terminal, (int64_t)t->record.seq);
        t->end = "answer not sayable";
        return DROP;
    }
    if (!sign) {
        return GO;
    }
    struct hsm_command *ask = core_hsm(core, t, HSM_CODE('M', '6'), EV_ANSWER_SIGNED);
    ask->arg[HSM_ARG_MODE] = SPAN_LITERAL("0");
    ask->arg[HSM_ARG_IN_FORMAT] = SPAN_LITERAL("0");
    ask->arg[HSM_ARG_MAC_SIZE] = SPAN_LITERAL("1");
    ask->arg[HSM_ARG_MAC_ALGORITHM] = SPAN_LITERAL("3");
    ask->arg[HSM_ARG_PADDING] =
        group_of(core, t)->mac_padding == 2 ? SPAN_LITERAL("2") : SPAN_LITERAL("1");
    ask->arg[HSM_ARG_KEY_TYPE] = SPAN_LITERAL("003");
    ask->arg[HSM_ARG_KEY] = span_text(terminal->tak.text);
    ask->arg[HSM_ARG_DATA] = span_make(t->out, t->mac_at);
    return WAIT;
}

enum verdict sign_resume(struct core *core, struct txn *t, const struct event *event)
{
    const struct hsm_reply *reply = event->u.hsm.reply;
    if (reply->error != HSM_OK || reply->arg[HSM_ARG_MAC].len != 16 ||
        outbound_put_mac(core, t, reply->arg[HSM_ARG_MAC]) != 0) {
        core_alarm(core, ALARM_HSM_REFUSED, "M6", reply->error);
        t->end = "hsm refused";
        return DROP;
    }
    return GO;
}
