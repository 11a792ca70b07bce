#include "switch/clearing/block.h"

static void block_put(struct block_writer *block, struct span bytes, struct writer *out)
{
    while (bytes.len > 0) {
        struct span part = span_first(bytes, BLOCK_DATA_LEN - block->filled);
        writer_span(out, part);
        bytes = span_skip(bytes, part.len);
        block->filled += part.len;
        if (block->filled == BLOCK_DATA_LEN) {
            /* The tail is written at once, so that a stream that ends here needs nothing more. */
            static const uint8_t tail[BLOCK_LEN - BLOCK_DATA_LEN] = {BLOCK_FILL, BLOCK_FILL};
            writer_put(out, tail, sizeof tail);
            block->filled = 0;
        }
    }
}

void block_record(struct block_writer *block, struct span record, struct writer *out)
{
    uint8_t length[4];
    CHECK(record.len > 0);
    be32_put(length, (uint32_t)record.len);
    block_put(block, span_make(length, sizeof length), out);
    block_put(block, record, out);
}

void block_end(struct block_writer *block, struct writer *out)
{
    static const uint8_t end[4] = {0};
    uint8_t filling[BLOCK_DATA_LEN];
    memset(filling, BLOCK_FILL, sizeof filling);
    block_put(block, span_make(end, sizeof end), out);
    if (block->filled > 0) {
        block_put(block, span_make(filling, BLOCK_DATA_LEN - block->filled), out);
    }
}

static int reader_fail(struct block_reader *reader, int err, const char *why)
{
    reader->why = why;
    return err;
}

void block_open(struct block_reader *reader, FILE *file)
{
    *reader = (struct block_reader){.file = file, .at = BLOCK_DATA_LEN, .why = ""};
}

/* 1 with a block read, 0 at the end of the file. */
static int block_fetch(struct block_reader *reader)
{
    size_t got = fread(reader->block, 1, BLOCK_LEN, reader->file);
    if (ferror(reader->file)) {
        return reader_fail(reader, ERR_IO, "the file cannot be read");
    }
    if (got == 0) {
        return 0;
    }
    reader->blocks++;
    if (got < BLOCK_LEN) {
        return reader_fail(reader, ERR_CORRUPT, "the size is no multiple of 1014");
    }
    if (reader->block[BLOCK_DATA_LEN] != BLOCK_FILL ||
        reader->block[BLOCK_DATA_LEN + 1] != BLOCK_FILL) {
        return reader_fail(reader, ERR_CORRUPT, "a block does not end with 40 40");
    }
    reader->at = 0;
    return 1;
}

static int block_take(struct block_reader *reader, uint8_t *out, size_t len)
{
    while (len > 0) {
        if (reader->at == BLOCK_DATA_LEN) {
            int rc = block_fetch(reader);
            TRY(rc);
            if (rc == 0) {
                return reader_fail(reader, ERR_TRUNCATED, "the file ends before its end mark");
            }
        }
        size_t part = BLOCK_DATA_LEN - reader->at;
        part = part < len ? part : len;
        memcpy(out, reader->block + reader->at, part);
        reader->at += part;
        out += part;
        len -= part;
    }
    return 0;
}

static int block_finish(struct block_reader *reader)
{
    for (; reader->at < BLOCK_DATA_LEN; reader->at++) {
        if (reader->block[reader->at] != BLOCK_FILL) {
            return reader_fail(reader, ERR_CORRUPT, "something other than 40 follows the end mark");
        }
    }
    int rc = block_fetch(reader);
    TRY(rc);
    return rc == 0 ? 0 : reader_fail(reader, ERR_CORRUPT, "a block follows the last one");
}

int block_next(struct block_reader *reader, uint8_t *buffer, size_t cap, struct span *record)
{
    uint8_t length[4];
    TRY(block_take(reader, length, sizeof length));
    size_t len = be32_get(length);
    if (len == 0) {
        return block_finish(reader);
    }
    if (len > cap) {
        return reader_fail(reader, ERR_LENGTH, "a record is longer than 6000 bytes");
    }
    TRY(block_take(reader, buffer, len));
    *record = span_make(buffer, len);
    return 1;
}
