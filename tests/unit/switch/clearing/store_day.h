/* A real store in a private directory, with business days of transactions to clear. */
#pragma once

#include <check.h>

#include "switch/store/store.h"

enum { STORE_DAY = 20261120, STORE_DAY_PATH_LEN = 96 };
#define STORE_DAY_NOON_MS 1795176000000LL /* 2026-11-20T12:00:00Z */

struct store_day {
    char root[64];
    char data[STORE_DAY_PATH_LEN]; /* the store */
    char out[STORE_DAY_PATH_LEN];  /* for files */
    struct store *store;           /* NULL after store_day_release() */
    struct seal *seal;
    unsigned stan; /* the last one used */
};

struct store_day *store_day_open(void);
void store_day_close(struct store_day *day);
struct store_settings store_day_settings(const char *data);

/* Close the store so that another may open it, and open it again. */
void store_day_release(struct store_day *day);
void store_day_resume(struct store_day *day);

/* An approved sale ('S') or refund ('R') of today: the record as stored. */
struct record store_day_approve(struct store_day *day, char kind, int64_t amount_minor,
                                const char *issuer, uint16_t currency);
/* A request left open. */
struct record store_day_leave_open(struct store_day *day);
/* A declined one. */
void store_day_decline(struct store_day *day);
/* A terminal's full reversal of @original. */
void store_day_reverse(struct store_day *day, const struct record *original);
void store_day_cutover(struct store_day *day, uint32_t next);
uint32_t store_day_today(const struct store_day *day);
