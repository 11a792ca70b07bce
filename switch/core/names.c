/* Names of events, actions and alarms, from their X-macros. */
#include "switch/core/action.h"
#include "switch/core/event.h"

const char *event_name(enum event_kind kind)
{
    static const char *const names[] = {
#define EVENT_NAME(name) [EV_##name] = #name,
        EVENT_MAP(EVENT_NAME)
#undef EVENT_NAME
    };
    return kind < EVENT_COUNT ? names[kind] : "?";
}

const char *action_name(enum action_kind kind)
{
    static const char *const names[] = {
#define ACTION_NAME(name) [ACT_##name] = #name,
        ACTION_MAP(ACTION_NAME)
#undef ACTION_NAME
    };
    return kind < ACTION_COUNT ? names[kind] : "?";
}

const char *alarm_name(enum alarm alarm)
{
    static const char *const names[] = {
#define ALARM_NAME(name, text) [ALARM_##name] = text,
        ALARM_MAP(ALARM_NAME)
#undef ALARM_NAME
    };
    return alarm < ALARM_COUNT ? names[alarm] : "?";
}
