/* Answers of the daemon as tables for people; their shapes are in switch/edge/admin.h. A member
 * that is not there is shown as nothing or 0: an older daemon is no error. Each returns the exit
 * code. */
#pragma once

#include <jansson.h>

int print_status(const json_t *answer);
int print_tx(const json_t *answer);
int print_txs(const json_t *answer);
int print_days(const json_t *answer);
int print_day(const json_t *answer);
int print_links(const json_t *answer);
int print_link(const json_t *answer);
int print_saf(const json_t *answer);
int print_alarms(const json_t *answer);
int print_done(const json_t *answer);
