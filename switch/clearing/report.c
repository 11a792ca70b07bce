#include "switch/clearing/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "iso8583/base/currency.h"
#include "iso8583/base/pan.h"
#include "switch/clearing/block.h"
#include "switch/clearing/run.h"

enum { WHY_LEN = 256 };

void report_totals(struct totals *totals, FILE *out)
{
    uint32_t count = 0;
    const struct totals_line *lines = totals_lines(totals, &count);
    (void)fprintf(out, "%-15s %-11s %18s %18s %18s %18s %9s %14s\n", "ISSUER", "ACQUIRER", "SALES",
                  "REFUNDS", "REVERSALS", "NET", "ITEMS", "DIFFERENCE");
    for (uint32_t i = 0; i < count; i++) {
        const struct totals_line *line = &lines[i];
        struct totals_sum net = totals_net(line);
        struct totals_sum proof[PROOF_COUNT];
        char text[5][MONEY_TEXT_LEN];
        totals_prove(line, proof);
        const int64_t minor[] = {line->kinds[CLEARING_S].minor, line->kinds[CLEARING_R].minor,
                                 line->kinds[CLEARING_RR].minor - line->kinds[CLEARING_SR].minor,
                                 net.minor, proof[PROOF_DIFFERENCE].minor};
        for (size_t cell = 0; cell < ARRAY_COUNT(minor); cell++) {
            (void)money_format(minor[cell], line->currency, text[cell]);
        }
        (void)fprintf(out, "%-15s %-11s %18s %18s %18s %18s %9" PRId64 " %14s\n", line->issuer,
                      line->acquirer, text[0], text[1], text[2], text[3], net.count, text[4]);
    }
}

static void record_print(uint64_t number, const struct ipm_record *record, FILE *out)
{
    size_t count = 0;
    const struct ipm_field *fields = ipm_fields(&count);
    (void)fprintf(out, "%" PRIu64 "  %.*s/%.*s\n", number, (int)record->mti.len,
                  (const char *)record->mti.ptr, (int)record->de[24].len,
                  record->de[24].ptr == NULL ? "" : (const char *)record->de[24].ptr);
    for (size_t i = 0; i < count; i++) {
        struct span value = record->de[fields[i].de];
        if (value.ptr == NULL) {
            continue;
        }
        (void)fprintf(out, "  DE%-4u%-28s", fields[i].de, fields[i].name);
        for (size_t at = 0; at < value.len; at++) {
            bool masked = fields[i].de == 2 && !pan_shows(value.len, at);
            if (fields[i].chars == IPM_BYTES) {
                (void)fprintf(out, "%02X", value.ptr[at]);
            } else {
                (void)fputc(masked ? '*' : value.ptr[at], out);
            }
        }
        (void)fputc('\n', out);
    }
}

int report_file(const char *path, FILE *out, char why[WHY_LEN])
{
    struct block_reader blocks;
    struct ipm_record record;
    struct ipm_fault fault = {0, 0};
    struct span bytes;
    uint8_t buffer[IPM_RECORD_LEN_MAX];
    uint64_t number = 0;
    int rc = 1;
    FILE *file = fopen(path, "rbe");
    if (file == NULL) {
        (void)snprintf(why, WHY_LEN, "%s: %s", path, strerror(errno));
        return ERR_IO;
    }
    block_open(&blocks, file);
    while (rc == 1 && (rc = block_next(&blocks, buffer, sizeof buffer, &bytes)) == 1) {
        number++;
        int decoded = ipm_decode(bytes, &record, &fault);
        if (decoded < 0) {
            (void)snprintf(why, WHY_LEN, "%s: record %" PRIu64 ", DE%u, byte %zu: %s", path, number,
                           fault.de, fault.offset, err_text(decoded));
            rc = decoded;
        } else {
            record_print(number, &record, out);
        }
    }
    if (rc < 0 && blocks.why[0] != '\0') {
        (void)snprintf(why, WHY_LEN, "%s: after record %" PRIu64 ": %s", path, number, blocks.why);
    }
    (void)fclose(file);
    bytes_wipe(buffer, sizeof buffer);
    return rc;
}

/* Would this row make a record? */
static int row_try(const struct clearing_row *row)
{
    uint8_t bytes[IPM_RECORD_LEN_MAX];
    struct writer record = writer_make(bytes, sizeof bytes);
    struct clearing_file file = {.day = row->item.day};
    int rc = ipm_presentment(&file, row, &record);
    bytes_wipe(bytes, record.len);
    return rc;
}

int report_preview(struct kv *kv, struct seal *seal, uint32_t day, FILE *out, uint64_t *exceptions)
{
    struct snapshot snapshot = {0};
    struct totals *totals = NULL;
    struct day_row row = {0};
    struct file_row file = {0};
    struct extract extract;
    struct clearing_row item;
    *exceptions = 0;
    TRY(totals_open(&totals));
    int rc = snapshot_open(&snapshot, kv, false);
    rc = rc == 0 ? run_look(snapshot.txn, day, &row, &file) : rc;
    /* All its items have their file: nothing of the day changes any more. */
    snapshot.settled = file.state == FILE_BUILDING || file.state == FILE_IS_BUILT ||
                       file.state == FILE_IS_PUBLISHED;
    if (rc == 0) {
        (void)fprintf(out, "business day %u %s, %" PRIu64 " transactions open%s\n", day,
                      day_state_name(row.state), row.open_count,
                      file.file_seq == 0 ? ""
                      : file.state == FILE_IS_ASSIGNING
                          ? ", being assigned to a file: what follows "
                            "is of the items that have it"
                          : ", assigned to a file");
        extract_open(&extract, &snapshot, seal, day, file.file_seq);
        while ((rc = extract_next(&extract, &item)) == 1) {
            bool in_file = extract_is_in_file(&extract, &item) && item.item.amount_minor > 0;
            int said = in_file && seal != NULL ? row_try(&item) : 0;
            extract_wipe(&item);
            if (said < 0) {
                (*exceptions)++;
                (void)fprintf(out, "exception: item %" PRIu64 ": %s\n", item.item.item_seq,
                              err_text(said));
            }
            rc = totals_item(totals, &item.item, item.kind, in_file);
            if (rc < 0) {
                break;
            }
        }
        rc = rc == 0 ? totals_store(totals, snapshot.txn, day) : rc;
    }
    if (rc == 0) {
        report_totals(totals, out);
    }
    snapshot_close(&snapshot);
    totals_close(totals);
    return rc;
}
