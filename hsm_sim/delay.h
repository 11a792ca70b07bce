/* Answers that are held back for a while (--delay, --jitter): a bounded queue on one timer. */
#pragma once

#include "hsm_sim/wire/command.h"
#include "iso8583/net/conn.h"

enum { DELAY_COUNT_MAX = 2048 };

struct delay;

/* @send is called with each answer when its time has come. NULL if memory is short. */
struct delay *delay_open(uv_loop_t *loop,
                         void (*send)(void *user, conn_id conn, struct span answer), void *user);

/* Hold @answer (copied, at most HSM_MESSAGE_LEN_MAX bytes) for @wait_ms. Returns 0, or ERR_FULL. */
MUST_USE int delay_add(struct delay *delay, conn_id conn, struct span answer, uint64_t wait_ms);

/* Drop what is held and close; frees itself in its close callback. */
void delay_close(struct delay *delay);
