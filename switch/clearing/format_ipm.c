/* IPM-style, ASCII, 1014-byte blocks: header, a presentment for each row, trailer. */
#include "switch/clearing/format.h"

static int record_write(struct format_state *state, const struct writer *record, struct output *out)
{
    uint8_t bytes[BLOCK_ROOM(IPM_RECORD_LEN_MAX)];
    struct writer blocked = writer_make(bytes, sizeof bytes);
    block_record(&state->block, writer_written(record), &blocked);
    CHECK(!blocked.overflow);
    state->records++;
    int rc = output_write(out, writer_written(&blocked));
    bytes_wipe(bytes, blocked.len);
    return rc;
}

static int ipm_begin(struct format_state *state, const struct clearing_file *file,
                     struct output *out)
{
    uint8_t bytes[IPM_RECORD_LEN_MAX];
    struct writer record = writer_make(bytes, sizeof bytes);
    TRY(ipm_header(file, &record));
    return record_write(state, &record, out);
}

static int ipm_item(struct format_state *state, const struct clearing_file *file,
                    const struct clearing_row *row, struct output *out)
{
    uint8_t bytes[IPM_RECORD_LEN_MAX];
    struct writer record = writer_make(bytes, sizeof bytes);
    CHECK(row->de71 == state->records + 1);
    TRY(ipm_presentment(file, row, &record));
    state->hash_total += (uint64_t)row->item.amount_minor;
    int rc = record_write(state, &record, out);
    bytes_wipe(bytes, record.len);
    return rc;
}

static int ipm_end(struct format_state *state, const struct clearing_file *file, struct output *out)
{
    uint8_t bytes[IPM_RECORD_LEN_MAX];
    struct writer record = writer_make(bytes, sizeof bytes);
    struct writer blocked = writer_make(bytes, sizeof bytes);
    TRY(ipm_trailer(file, state->hash_total, state->records + 1, &record));
    TRY(record_write(state, &record, out));
    block_end(&state->block, &blocked);
    CHECK(!blocked.overflow);
    return output_write(out, writer_written(&blocked));
}

const struct format format_ipm = {"ipm", "ipm", ipm_begin, ipm_item, ipm_end};
