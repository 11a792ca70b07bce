/* The switch's admin socket, asked from the engine's loop without blocking it (the script's issuers
 * go on answering), and the words and queries of scripts that are turned into its requests
 * (switch/edge/admin.h lists requests and answers). */
#pragma once

#include <jansson.h>
#include <uv.h>

#include "iso8583/base/bytes.h"

struct control;
struct strand;

/* Who has asked is told once: @answer (borrowed; "ok" is true or false in it), or NULL and @error
 * if there is none. */
typedef void (*control_told)(struct strand *strand, const json_t *answer, const char *error);

/* @socket: NULL: every question fails. Nothing is connected before the first. 0 or ERR_MEMORY. */
MUST_USE int control_open(uv_loop_t *loop, const char *socket, control_told told,
                          struct control **out);
void control_close(struct control *control); /* NULL is ignored; free when the loop is done */
void control_free(struct control *control);

/* Ask @request (stolen) for @strand. 0, ERR_NOT_FOUND: no socket is known, ERR_FULL, ERR_MEMORY. */
MUST_USE int control_ask(struct control *control, struct strand *strand, json_t *request);

/* @strand wants no answer any more. */
void control_forget(struct control *control, struct strand *strand);

/* --- requests --------------------------------------------------------------------------------- */

/* The request of @command, words as after `switchctl`: "tx show --stan 17 --terminal TERM0001".
 * NULL and *@error (static) if it is none. The caller's. */
json_t *control_request(struct span command, const char **error);

/* The request whose answer has what @query names: saf.VISA.depth, day.business_date,
 * day.previous.state, link.visa1.state, status.PATH. NULL if it names nothing. */
json_t *query_request(struct span query);

/* What @query names in the answer, as text: its length, or -1 if it is not there. */
int query_pick(struct span query, const json_t *answer, char *text, size_t cap);

/* The queries that there are, for errors and --help: one line. */
const char *query_names(void);

/* What @path (".tx.state", ".days[0].day") names in @answer, as text: numbers as digits, null,
 * true, false, a list or an object as JSON. A path that is not found at the top is looked for in
 * the only object of the answer (".state" in "tx"). Returns the length, or -1. */
int json_pick(const json_t *answer, struct span path, char *text, size_t cap);
