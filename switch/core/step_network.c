/* NETWORK: a terminal's 0800. Sign-on, sign-off and echo are answered; nothing is recorded. */
#include "switch/core/core_state.h"

enum verdict network_enter(struct core *core, struct txn *t)
{
    static const char *const known[] = {"001", "002", "301"};
    (void)core;
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        if (span_equal_text(iso_get(&t->intake.msg, 70), known[i])) {
            memcpy(t->outcome.code, "00", 3);
            t->end = "replied";
            return GO;
        }
    }
    memcpy(t->outcome.code, "12", 3);
    TEXT_SET(t->outcome.diagnosis, SPAN_LITERAL("F70 is not supported"));
    t->end = "refused";
    return DECLINE;
}
