#include "switch/store/schema.h"

/* Put the checksum of what was written since @start behind it. */
static int row_end(struct writer *out, size_t start)
{
    if (out->overflow) {
        return ERR_SPACE;
    }
    writer_be32(out, crc32c(0, span_make(out->ptr + start, out->len - start)));
    return out->overflow ? ERR_SPACE : 0;
}

/* Check length and checksum of a stored row; @in then reads its fields, which cannot run short. */
static int row_begin(struct span bytes, size_t len, struct reader *in)
{
    if (bytes.len != len + CRC_LEN ||
        crc32c(0, span_first(bytes, len)) != be32_get(bytes.ptr + len)) {
        return ERR_CORRUPT;
    }
    *in = reader_make(span_first(bytes, len));
    return 0;
}

/* A text of at most @size - 1 characters, zero-filled to @size: of fixed length in the row. */
static void text_put(struct writer *out, const char *text, size_t size)
{
    CHECK(strnlen(text, size) < size);
    writer_put(out, text, strlen(text));
    for (size_t i = strlen(text); i < size; i++) {
        writer_u8(out, 0);
    }
}

static int text_get(struct reader *in, char *text, size_t size)
{
    TRY(reader_copy(in, text, size));
    return text[size - 1] == 0 ? 0 : ERR_CORRUPT;
}

static int i64_get(struct reader *in, int64_t *ms)
{
    uint64_t value = 0;
    TRY(reader_be64(in, &value));
    *ms = (int64_t)value;
    return 0;
}

enum {
    DAY_ROW_LEN = 4 + 1 + 5 * 8,
    DUE_ROW_LEN = 8 + 8 + RECORD_NAME_LEN + 1 + 4 + 8 + 1,
    ITEM_ROW_LEN = 8 + 8 + 4 + 1 + 1 + 8 + 2 + RECORD_NAME_LEN + 1 + 12 + 8 + 8,
    TOTALS_ROW_LEN = 12 * 8,
    TOMB_ROW_LEN = 8 + 8 + 16 + 8,
    FILE_ROW_LEN = 8 + 4 + 1 + 8 + 8 + 8 + 32 + 8,
};

int day_row_encode(const struct day_row *row, struct writer *out)
{
    size_t start = out->len;
    writer_be32(out, row->day);
    writer_u8(out, row->state);
    writer_be64(out, (uint64_t)row->opened_ms);
    writer_be64(out, (uint64_t)row->closed_ms);
    writer_be64(out, row->open_count);
    writer_be64(out, row->due_count);
    writer_be64(out, row->dead_count);
    return row_end(out, start);
}

int day_row_decode(struct span bytes, struct day_row *row)
{
    struct reader in;
    TRY(row_begin(bytes, DAY_ROW_LEN, &in));
    TRY(reader_be32(&in, &row->day));
    TRY(reader_u8(&in, &row->state));
    TRY(i64_get(&in, &row->opened_ms));
    TRY(i64_get(&in, &row->closed_ms));
    TRY(reader_be64(&in, &row->open_count));
    TRY(reader_be64(&in, &row->due_count));
    return reader_be64(&in, &row->dead_count);
}

int due_row_encode(const struct due_row *row, struct writer *out)
{
    size_t start = out->len;
    writer_be64(out, row->due_seq);
    writer_be64(out, row->seq);
    text_put(out, row->issuer, sizeof row->issuer);
    writer_be32(out, row->tries);
    writer_be64(out, (uint64_t)row->since_ms);
    writer_u8(out, row->dead);
    return row_end(out, start);
}

int due_row_decode(struct span bytes, struct due_row *row)
{
    struct reader in;
    uint8_t dead = 0;
    TRY(row_begin(bytes, DUE_ROW_LEN, &in));
    TRY(reader_be64(&in, &row->due_seq));
    TRY(reader_be64(&in, &row->seq));
    TRY(text_get(&in, row->issuer, sizeof row->issuer));
    TRY(reader_be32(&in, &row->tries));
    TRY(i64_get(&in, &row->since_ms));
    TRY(reader_u8(&in, &dead));
    row->dead = dead != 0;
    return 0;
}

int item_row_encode(const struct item_row *row, struct writer *out)
{
    size_t start = out->len;
    writer_be64(out, row->item_seq);
    writer_be64(out, row->seq);
    writer_be32(out, row->day);
    writer_u8(out, row->kind);
    writer_u8(out, row->state);
    writer_be64(out, (uint64_t)row->amount_minor);
    writer_be16(out, row->currency);
    text_put(out, row->issuer, sizeof row->issuer);
    text_put(out, row->acquirer, sizeof row->acquirer);
    writer_be64(out, row->file_seq);
    writer_be64(out, row->original_item);
    return row_end(out, start);
}

int item_row_decode(struct span bytes, struct item_row *row)
{
    struct reader in;
    TRY(row_begin(bytes, ITEM_ROW_LEN, &in));
    TRY(reader_be64(&in, &row->item_seq));
    TRY(reader_be64(&in, &row->seq));
    TRY(reader_be32(&in, &row->day));
    TRY(reader_u8(&in, &row->kind));
    TRY(reader_u8(&in, &row->state));
    TRY(i64_get(&in, &row->amount_minor));
    TRY(reader_be16(&in, &row->currency));
    TRY(text_get(&in, row->issuer, sizeof row->issuer));
    TRY(text_get(&in, row->acquirer, sizeof row->acquirer));
    TRY(reader_be64(&in, &row->file_seq));
    return reader_be64(&in, &row->original_item);
}

int totals_row_encode(const struct totals_row *row, struct writer *out)
{
    size_t start = out->len;
    writer_be64(out, row->sales_count);
    writer_be64(out, row->refunds_count);
    writer_be64(out, row->sales_reversed_count);
    writer_be64(out, row->refunds_reversed_count);
    writer_be64(out, (uint64_t)row->sales_minor);
    writer_be64(out, (uint64_t)row->refunds_minor);
    writer_be64(out, (uint64_t)row->sales_reversed_minor);
    writer_be64(out, (uint64_t)row->refunds_reversed_minor);
    writer_be64(out, row->declined_count);
    writer_be64(out, row->unknown_count);
    writer_be64(out, row->reversal_done_count);
    writer_be64(out, row->late_count);
    return row_end(out, start);
}

int totals_row_decode(struct span bytes, struct totals_row *row)
{
    struct reader in;
    TRY(row_begin(bytes, TOTALS_ROW_LEN, &in));
    TRY(reader_be64(&in, &row->sales_count));
    TRY(reader_be64(&in, &row->refunds_count));
    TRY(reader_be64(&in, &row->sales_reversed_count));
    TRY(reader_be64(&in, &row->refunds_reversed_count));
    TRY(i64_get(&in, &row->sales_minor));
    TRY(i64_get(&in, &row->refunds_minor));
    TRY(i64_get(&in, &row->sales_reversed_minor));
    TRY(i64_get(&in, &row->refunds_reversed_minor));
    TRY(reader_be64(&in, &row->declined_count));
    TRY(reader_be64(&in, &row->unknown_count));
    TRY(reader_be64(&in, &row->reversal_done_count));
    return reader_be64(&in, &row->late_count);
}

int tomb_row_encode(const struct tomb_row *row, struct writer *out)
{
    size_t start = out->len;
    writer_be64(out, row->seq);
    writer_be64(out, (uint64_t)row->wall_ms);
    writer_put(out, row->pan_token, sizeof row->pan_token);
    writer_be64(out, (uint64_t)row->amount_minor);
    return row_end(out, start);
}

int tomb_row_decode(struct span bytes, struct tomb_row *row)
{
    struct reader in;
    TRY(row_begin(bytes, TOMB_ROW_LEN, &in));
    TRY(reader_be64(&in, &row->seq));
    TRY(i64_get(&in, &row->wall_ms));
    TRY(reader_copy(&in, row->pan_token, sizeof row->pan_token));
    return i64_get(&in, &row->amount_minor);
}

int file_row_encode(const struct file_row *row, struct writer *out)
{
    size_t start = out->len;
    writer_be64(out, row->file_seq);
    writer_be32(out, row->day);
    writer_u8(out, row->state);
    writer_be64(out, (uint64_t)row->created_ms);
    writer_be64(out, row->count);
    writer_be64(out, row->bytes);
    writer_put(out, row->hash, sizeof row->hash);
    writer_be64(out, row->assigned_upto);
    return row_end(out, start);
}

int file_row_decode(struct span bytes, struct file_row *row)
{
    struct reader in;
    TRY(row_begin(bytes, FILE_ROW_LEN, &in));
    TRY(reader_be64(&in, &row->file_seq));
    TRY(reader_be32(&in, &row->day));
    TRY(reader_u8(&in, &row->state));
    TRY(i64_get(&in, &row->created_ms));
    TRY(reader_be64(&in, &row->count));
    TRY(reader_be64(&in, &row->bytes));
    TRY(reader_copy(&in, row->hash, sizeof row->hash));
    return reader_be64(&in, &row->assigned_upto);
}
