/* The store's tables as JSON, for the admin commands: short read transactions on the loop thread.
 */
#pragma once

#include <jansson.h>

#include "switch/store/book.h"

/* "2026-11-21" and a NUL. */
void tables_print_day(uint32_t day, char out[11]);
/* A JSON string like "2026-11-21" to 20261121; 0 if it is none. */
uint32_t tables_parse_day(const json_t *day);

/* The current business day; 0 if the store cannot be read. */
uint32_t tables_current_day(struct kv *kv);
/* The oldest day that is cut and not closed; 0: none. */
uint32_t tables_oldest_cut(struct kv *kv);

/* A read transaction for the call, or NULL with @error set. */
struct kv_txn *tables_begin(struct kv *kv, const char **error);

/* What a tx.show names: @like->seq, or some of its terminal, stan and rrn. ERR_USAGE with @error
 * set. */
MUST_USE int tables_tx_named(const json_t *request, struct record *like, const char **error);
/* The answer of tx.show (shape in admin.h), or NULL with @error set. */
json_t *tables_tx_show(struct kv *kv, uint64_t seq, const char **error);

/* Answers of tx.list, day.show, saf.list (shapes in admin.h), or NULL with @error set. */
json_t *tables_tx_list(struct kv *kv, const json_t *request, const char **error);
json_t *tables_day_show(struct kv *kv, const json_t *request, const char **error);
json_t *tables_saf_list(struct kv *kv, const json_t *request, const char **error);

/* The request of {"cmd":"book",...} (switch/clearing/writer_port.h). ERR_FORMAT with @error set. */
MUST_USE int tables_book_request(const json_t *request, struct book_request *out,
                                 const char **error);
