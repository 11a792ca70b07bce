/* Messages as they pass, for people: one log line each at level debug, masked as the dialect's rows
 * say. Costs nothing while the level is off. */
#pragma once

#include "iso8583/dialect.h"

/* @direction: "from" or "to"; @event: "terminal.message" or "link.message"; @peer: whose. */
void wire_log(const char *event, const char *direction, const char *peer,
              const struct iso_dialect *dialect, struct span message);
