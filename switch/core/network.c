/* 08xx on the links: what a link needs is sent, what the other side asks is answered. */
#include "iso8583/base/calendar.h"
#include "iso8583/mti.h"
#include "switch/core/core_state.h"
#include "switch/core/outbound.h"

static void send_network(struct core *core, uint16_t index, const char *function)
{
    struct link *link = &core->links[index];
    struct civil now = civil_from_ms(core->wall_ms);
    char de7[11];
    uint8_t *at = (uint8_t *)de7;
    digits_put(at, 2, (uint64_t)now.month);
    digits_put(at + 2, 2, (uint64_t)now.day);
    digits_put(at + 4, 2, (uint64_t)now.hour);
    digits_put(at + 6, 2, (uint64_t)now.minute);
    digits_put(at + 8, 2, (uint64_t)now.second);
    struct iso_msg msg;
    struct span bytes;
    struct iso_error error;
    link_network_message(link, function, de7, core->now_ms, &msg, core_bytes(core, 40));
    if (outbound_encode(core, &msg, SPAN_NONE, link->rules.dialect, &bytes, &error) != 0) {
        return;
    }
    struct action *send = core_act(core, ACT_SEND_ISSUER);
    send->u.issuer.link = index;
    send->u.issuer.message = bytes;
}

void network_need(struct core *core, uint16_t index, enum link_need need)
{
    switch (need) {
    case LINK_NEEDS_SIGN_ON:
        send_network(core, index, "001");
        break;
    case LINK_NEEDS_ECHO:
        send_network(core, index, "301");
        break;
    case LINK_NEEDS_SIGN_OFF:
        send_network(core, index, "002");
        core_act(core, ACT_CUT_ISSUER)->u.issuer.link = index;
        break;
    case LINK_NEEDS_CUT:
        core_act(core, ACT_CUT_ISSUER)->u.issuer.link = index;
        break;
    default:
        break;
    }
}

/* An 0800 or 0820 of the issuer: answered with 00, whatever it wants to know. */
static void answer_issuer(struct core *core, uint16_t index, struct span request)
{
    static const uint8_t echoed[] = {7, 11, 70};
    struct iso_msg msg;
    struct span bytes;
    struct iso_error error;
    iso_init(&msg, mti_answer(core->answer.mti));
    msg.header = core->answer.header;
    for (size_t i = 0; i < ARRAY_COUNT(echoed); i++) {
        iso_copy(&msg, &core->answer, echoed[i]);
    }
    iso_set(&msg, 39, SPAN_LITERAL("00"));
    if (outbound_encode(core, &msg, request, core->links[index].rules.dialect, &bytes, &error) ==
        0) {
        struct action *send = core_act(core, ACT_SEND_ISSUER);
        send->u.issuer.link = index;
        send->u.issuer.message = bytes;
    }
}

void network_message(struct core *core, uint16_t index, struct span frame)
{
    struct link *link = &core->links[index];
    if (mti_is_request(core->answer.mti)) {
        answer_issuer(core, index, frame);
        return;
    }
    bool was_connected = link->state == LINK_IS_CONNECTED;
    if (link_network_answered(link, iso_get(&core->answer, 39), core->now_ms)) {
        core_alarm(core, ALARM_LINK_UP, core->settings->links[index].name, 0);
        pump_hurry(core, core->settings->links[index].issuer);
    } else if (was_connected && link->wanted) {
        core_alarm(core, ALARM_LINK_REFUSED, core->settings->links[index].name, 0);
    }
}
