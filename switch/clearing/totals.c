#include "switch/clearing/totals.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/base/map.h"
#include "switch/clearing/format.h"

enum { LINE_KEY_LEN = 16 + 12 + 2, STORE_KEY_LEN = 4 + LINE_KEY_LEN, TOTALS_TEXT_LEN_MAX = 512 };

struct totals {
    struct map map; /* LINE_KEY_LEN -> index of a line, until they are sorted */
    void *memory;   /* of the map */
    bool sorted;
    uint32_t count;
    struct totals_line lines[TOTALS_LINES_MAX];
};

const char totals_header[] =
    "business_day,file_id,issuer,acquirer,currency,exponent,kind,count,amount_minor";

static const char *const proof_names[PROOF_COUNT] = {
#define TOTALS_PROOF_NAME(name) [PROOF_##name] = #name,
    TOTALS_PROOF_MAP(TOTALS_PROOF_NAME)
#undef TOTALS_PROOF_NAME
};

const char *totals_proof_name(enum totals_proof_row row)
{
    return proof_names[row];
}

int totals_open(struct totals **out)
{
    struct totals *totals = calloc(1, sizeof *totals);
    void *memory = malloc(map_memory(TOTALS_LINES_MAX, LINE_KEY_LEN));
    if (totals == NULL || memory == NULL) {
        free(memory);
        free(totals);
        return ERR_MEMORY;
    }
    totals->memory = memory;
    map_init(&totals->map, memory, TOTALS_LINES_MAX, LINE_KEY_LEN);
    *out = totals;
    return 0;
}

void totals_close(struct totals *totals)
{
    if (totals != NULL) {
        free(totals->memory);
        free(totals);
    }
}

/* The line of a key made as in the store: issuer (16), acquirer (12), both zero filled, currency.
 */
static int line_of(struct totals *totals, const uint8_t key[LINE_KEY_LEN], struct totals_line **out)
{
    uint32_t index = 0;
    CHECK(!totals->sorted);
    if (!map_find(&totals->map, key, &index)) {
        TRY(map_add(&totals->map, key, totals->count));
        index = totals->count++;
        struct totals_line *line = &totals->lines[index];
        memcpy(line->issuer, key, sizeof line->issuer - 1);
        memcpy(line->acquirer, key + 16, sizeof line->acquirer - 1);
        line->currency = be16_get(key + 28);
    }
    *out = &totals->lines[index];
    return 0;
}

static int sum_add(struct totals_sum *sum, int64_t count, int64_t minor)
{
    return __builtin_add_overflow(sum->count, count, &sum->count) ||
                   __builtin_add_overflow(sum->minor, minor, &sum->minor)
               ? ERR_RANGE
               : 0;
}

int totals_item(struct totals *totals, const struct item_row *item, enum clearing_kind kind,
                bool in_file)
{
    uint8_t key[LINE_KEY_LEN] = {0};
    struct totals_line *line = NULL;
    int64_t signed_minor = item->amount_minor * clearing_kind_sign(kind);
    memcpy(key, item->issuer, strnlen(item->issuer, RECORD_NAME_LEN));
    memcpy(key + 16, item->acquirer, strnlen(item->acquirer, 11));
    be16_put(key + 28, item->currency);
    TRY(line_of(totals, key, &line));
    if (item->state == ITEM_NETTED) {
        return sum_add(&line->netted, 1, 0);
    }
    if (kind == CLEARING_SR || kind == CLEARING_RR) {
        TRY(sum_add(&line->late, 1, signed_minor));
    }
    return in_file ? sum_add(&line->kinds[kind], 1, item->amount_minor)
                   : sum_add(&line->out, 1, signed_minor);
}

static int store_add(struct totals *totals, const uint8_t key[LINE_KEY_LEN],
                     const struct totals_row *row)
{
    struct totals_line *line = NULL;
    /* Totals of declined requests only: nothing of it is in a file. */
    if (row->sales_count == 0 && row->refunds_count == 0 && row->sales_reversed_count == 0 &&
        row->refunds_reversed_count == 0) {
        return 0;
    }
    TRY(line_of(totals, key, &line));
    TRY(sum_add(&line->approved, (int64_t)row->sales_count, row->sales_minor));
    TRY(sum_add(&line->approved, (int64_t)row->refunds_count, -row->refunds_minor));
    TRY(sum_add(&line->reversed, (int64_t)row->sales_reversed_count, row->sales_reversed_minor));
    return sum_add(&line->reversed, (int64_t)row->refunds_reversed_count,
                   -row->refunds_reversed_minor);
}

int totals_store(struct totals *totals, struct kv_txn *txn, uint32_t day)
{
    uint8_t key[STORE_KEY_LEN + 1] = {0};
    size_t key_len = 4;
    be32_put(key, day);
    for (;;) {
        struct span found;
        struct span value;
        struct totals_row row;
        int rc = kv_seek(txn, KV_totals, span_make(key, key_len), &found, &value);
        TRY(rc);
        if (rc == 0 || found.len != STORE_KEY_LEN || be32_get(found.ptr) != day) {
            return 0;
        }
        memcpy(key, found.ptr, STORE_KEY_LEN);
        key_len = STORE_KEY_LEN + 1; /* With the zero byte behind it: the next key. */
        TRY(totals_row_decode(value, &row));
        TRY(store_add(totals, key + 4, &row));
    }
}

static int line_compare(const void *a, const void *b)
{
    const struct totals_line *left = a;
    const struct totals_line *right = b;
    int order = strcmp(left->issuer, right->issuer);
    order = order != 0 ? order : strcmp(left->acquirer, right->acquirer);
    return order != 0 ? order : (int)left->currency - (int)right->currency;
}

const struct totals_line *totals_lines(struct totals *totals, uint32_t *count)
{
    if (!totals->sorted) {
        qsort(totals->lines, totals->count, sizeof totals->lines[0], line_compare);
        totals->sorted = true;
    }
    *count = totals->count;
    return totals->lines;
}

const struct totals_line *totals_find(struct totals *totals, const char *issuer,
                                      const char *acquirer, uint16_t currency)
{
    uint32_t count = 0;
    struct totals_line like = {.currency = currency};
    const struct totals_line *lines = totals_lines(totals, &count);
    memcpy(like.issuer, issuer, strnlen(issuer, sizeof like.issuer - 1));
    memcpy(like.acquirer, acquirer, strnlen(acquirer, sizeof like.acquirer - 1));
    return bsearch(&like, lines, count, sizeof lines[0], line_compare);
}

struct totals_sum totals_net(const struct totals_line *line)
{
    struct totals_sum net = {0, 0};
    for (unsigned kind = 0; kind < CLEARING_KIND_COUNT; kind++) {
        net.count += line->kinds[kind].count;
        net.minor += line->kinds[kind].minor * clearing_kind_sign((enum clearing_kind)kind);
    }
    return net;
}

void totals_prove(const struct totals_line *line, struct totals_sum proof[PROOF_COUNT])
{
    proof[PROOF_CARRIED_IN] = line->late;
    proof[PROOF_APPROVED] = line->approved;
    /* The store counts a late reversal in reversed; it netted nothing, it is an item of its own. */
    proof[PROOF_NETTED] =
        (struct totals_sum){line->netted.count, line->reversed.minor + line->late.minor};
    proof[PROOF_PRESENTED] = totals_net(line);
    proof[PROOF_CARRIED_OUT] = line->out;
    proof[PROOF_DIFFERENCE] = (struct totals_sum){
        line->late.count + line->approved.count - line->netted.count -
            proof[PROOF_PRESENTED].count - line->out.count,
        line->late.minor + line->approved.minor - proof[PROOF_NETTED].minor -
            proof[PROOF_PRESENTED].minor - line->out.minor,
    };
}

bool totals_balance(struct totals *totals)
{
    for (uint32_t i = 0; i < totals->count; i++) {
        struct totals_sum proof[PROOF_COUNT];
        totals_prove(&totals->lines[i], proof);
        if (proof[PROOF_DIFFERENCE].count != 0 || proof[PROOF_DIFFERENCE].minor != 0) {
            return false;
        }
    }
    return true;
}

static int row_write(const struct clearing_file *file, const struct totals_line *line,
                     const char *kind, struct totals_sum sum, struct output *out)
{
    uint8_t bytes[TOTALS_TEXT_LEN_MAX];
    struct writer text = writer_make(bytes, sizeof bytes);
    char rest[128];
    writer_digits(&text, 8, file->day);
    writer_u8(&text, ',');
    writer_text(&text, file->id);
    writer_u8(&text, ',');
    csv_text(&text, span_text(line->issuer));
    writer_u8(&text, ',');
    csv_text(&text, span_text(line->acquirer));
    int len = snprintf(rest, sizeof rest, ",%03u,%u,%s,%lld,%lld\n", line->currency,
                       clearing_exponent(line->currency), kind, (long long)sum.count,
                       (long long)sum.minor);
    CHECK(len > 0 && (size_t)len < sizeof rest);
    writer_put(&text, rest, (size_t)len);
    CHECK(!text.overflow);
    return output_write(out, writer_written(&text));
}

int totals_write(struct totals *totals, const struct clearing_file *file, struct output *out)
{
    uint32_t count = 0;
    const struct totals_line *lines = totals_lines(totals, &count);
    TRY(output_write(out, span_text(totals_header)));
    TRY(output_write(out, SPAN_LITERAL("\n")));
    for (uint32_t i = 0; i < count; i++) {
        struct totals_sum proof[PROOF_COUNT];
        for (unsigned kind = 0; kind < CLEARING_KIND_COUNT; kind++) {
            if (lines[i].kinds[kind].count != 0) {
                TRY(row_write(file, &lines[i], clearing_kind_name((enum clearing_kind)kind),
                              lines[i].kinds[kind], out));
            }
        }
        TRY(row_write(file, &lines[i], "NET", totals_net(&lines[i]), out));
        totals_prove(&lines[i], proof);
        for (unsigned row = 0; row < PROOF_COUNT; row++) {
            TRY(row_write(file, &lines[i], proof_names[row], proof[row], out));
        }
    }
    return 0;
}
