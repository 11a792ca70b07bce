/* MAC: is it really this terminal. Before the duplicate check, because a message that is not
 * authentic must not claim a key nor cost a commit. If our HSM is silent, so are we: the terminal
 * repeats (an answer here would be wrong for the repeat of an approved purchase). */
#include "switch/core/core_state.h"

/* The MAC field of a message: DE64, or DE128 if there is a second bitmap. 0: none. */
static unsigned mac_field(const struct iso_msg *msg)
{
    return iso_has(msg, 128) ? 128 : iso_has(msg, 64) ? 64 : 0;
}

enum verdict mac_enter(struct core *core, struct txn *t)
{
    const struct terminal_settings *terminal = terminal_of(core, t);
    const struct group_settings *group = group_of(core, t);
    unsigned de = mac_field(&t->intake.msg);
    if (de == 0) {
        if (!group->mac_required) {
            return GO;
        }
        memcpy(t->outcome.code, "30", 3);
        TEXT_SET(t->outcome.diagnosis, SPAN_LITERAL("F64 is required"));
        t->end = "refused";
        return DECLINE;
    }
    if (terminal->tak.text[0] == '\0') {
        return GO; /* nothing to check it with: a terminal without a key is configured so */
    }
    struct span mac = iso_get(&t->intake.msg, de);
    uint8_t *hex = core_bytes(core, 2 * mac.len);
    hex_encode(mac, hex);
    struct hsm_command *ask = core_hsm(core, t, HSM_CODE('M', '8'), EV_MAC_CHECKED);
    ask->arg[HSM_ARG_MODE] = SPAN_LITERAL("0");
    ask->arg[HSM_ARG_IN_FORMAT] = SPAN_LITERAL("0");
    ask->arg[HSM_ARG_MAC_SIZE] = SPAN_LITERAL("1");
    ask->arg[HSM_ARG_MAC_ALGORITHM] = SPAN_LITERAL("3");
    ask->arg[HSM_ARG_PADDING] = group->mac_padding == 2 ? SPAN_LITERAL("2") : SPAN_LITERAL("1");
    ask->arg[HSM_ARG_KEY_TYPE] = SPAN_LITERAL("003");
    ask->arg[HSM_ARG_KEY] = span_text(terminal->tak.text);
    ask->arg[HSM_ARG_DATA] = span_make(t->bytes, t->intake.msg.field[de].at);
    ask->arg[HSM_ARG_MAC] = span_make(hex, 2 * mac.len);
    return WAIT;
}

enum verdict mac_resume(struct core *core, struct txn *t, const struct event *event)
{
    uint8_t error = event->u.hsm.reply->error;
    if (error == HSM_OK) {
        return GO;
    }
    if (error != HSM_VERIFY_FAILED) {
        core_alarm(core, ALARM_HSM_REFUSED, "M8", error);
        t->end = "hsm refused";
        return DROP;
    }
    memcpy(t->outcome.code, "63", 3);
    TEXT_SET(t->outcome.diagnosis, SPAN_LITERAL("F64 is not the MAC of this message"));
    t->end = "refused";
    return DECLINE;
}
