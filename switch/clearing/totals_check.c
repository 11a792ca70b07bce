#include "switch/clearing/totals_check.h"

#include "switch/clearing/csv_reader.h"

enum {
    TOTALS_DAY,
    TOTALS_ID,
    TOTALS_ISSUER,
    TOTALS_ACQUIRER,
    TOTALS_CURRENCY,
    TOTALS_EXPONENT,
    TOTALS_KIND,
    TOTALS_COUNT,
    TOTALS_MINOR,
    TOTALS_COLUMNS
};

static bool signed_number(const char *text, int64_t *number)
{
    uint64_t magnitude = 0;
    bool negative = text[0] == '-';
    if (span_number(span_text(text + negative), &magnitude) != 0 || magnitude > INT64_MAX) {
        return false;
    }
    *number = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

/* The rows of one issuer, acquirer and currency, as they are read. */
struct totals_group {
    const struct totals_line *line; /* counted from the CSV; NULL: nothing of it is presented */
    struct totals_sum net;
    struct totals_sum proof[PROOF_COUNT];
    unsigned rows_seen; /* of the proof */
};

static bool sums_equal(struct totals_sum a, struct totals_sum b)
{
    return a.count == b.count && a.minor == b.minor;
}

/* The last row of a group was read: does the proof hold? */
static const char *group_check(const struct totals_group *group)
{
    const struct totals_sum *p = group->proof;
    if (group->rows_seen != PROOF_COUNT) {
        return "rows of the proof are missing";
    }
    if (p[PROOF_DIFFERENCE].count != 0 || p[PROOF_DIFFERENCE].minor != 0 ||
        p[PROOF_CARRIED_IN].count + p[PROOF_APPROVED].count - p[PROOF_NETTED].count !=
            p[PROOF_PRESENTED].count + p[PROOF_CARRIED_OUT].count ||
        p[PROOF_CARRIED_IN].minor + p[PROOF_APPROVED].minor - p[PROOF_NETTED].minor !=
            p[PROOF_PRESENTED].minor + p[PROOF_CARRIED_OUT].minor) {
        return "carried in + approved - netted is not presented + carried out";
    }
    return sums_equal(p[PROOF_PRESENTED], group->net) ? NULL : "PRESENTED is not NET";
}

/* One row; @kinds_seen counts those that told an S, SR, R or RR. A sentence, or NULL if good. */
static const char *row_check(struct totals *counted, const char *file_id,
                             const struct csv_reader *csv, struct totals_group *group,
                             uint32_t *kinds_seen)
{
    const char *name = csv->cells[TOTALS_KIND];
    struct totals_sum sum;
    int64_t currency = 0;
    if (csv->count != TOTALS_COLUMNS || !signed_number(csv->cells[TOTALS_COUNT], &sum.count) ||
        !signed_number(csv->cells[TOTALS_MINOR], &sum.minor) ||
        !signed_number(csv->cells[TOTALS_CURRENCY], &currency) ||
        strcmp(csv->cells[TOTALS_ID], file_id) != 0) {
        return "is not a row of ours";
    }
    group->line = totals_find(counted, csv->cells[TOTALS_ISSUER], csv->cells[TOTALS_ACQUIRER],
                              (uint16_t)currency);
    for (unsigned kind = 0; kind < CLEARING_KIND_COUNT; kind++) {
        if (strcmp(name, clearing_kind_name((enum clearing_kind)kind)) == 0) {
            (*kinds_seen)++;
            bool same = group->line != NULL && sums_equal(sum, group->line->kinds[kind]);
            return same ? NULL : "is not the sum of the CSV";
        }
    }
    if (strcmp(name, "NET") == 0) {
        struct totals_sum net = {0, 0};
        group->net = sum;
        group->rows_seen = 0;
        net = group->line == NULL ? net : totals_net(group->line);
        return sums_equal(sum, net) ? NULL : "is not the sum of the CSV";
    }
    if (group->rows_seen == PROOF_COUNT ||
        strcmp(name, totals_proof_name((enum totals_proof_row)group->rows_seen)) != 0) {
        return "is not in its place";
    }
    group->proof[group->rows_seen++] = sum;
    return group->rows_seen == PROOF_COUNT ? group_check(group) : NULL;
}

static uint32_t kinds_presented(struct totals *totals)
{
    uint32_t count = 0;
    uint32_t kinds = 0;
    const struct totals_line *lines = totals_lines(totals, &count);
    for (uint32_t i = 0; i < count; i++) {
        for (unsigned kind = 0; kind < CLEARING_KIND_COUNT; kind++) {
            kinds += lines[i].kinds[kind].count != 0;
        }
    }
    return kinds;
}

int totals_check(FILE *file, struct totals *counted, const char *file_id, uint64_t *line,
                 const char **why)
{
    struct totals_group group = {.rows_seen = PROOF_COUNT};
    struct csv_reader csv;
    uint32_t kinds_seen = 0;
    int rc = 1;
    TRY(csv_open(&csv, file));
    *why = csv_header_is(&csv, totals_header) ? NULL : "is not our header";
    while (*why == NULL && (rc = csv_next(&csv)) == 1) {
        *why = row_check(counted, file_id, &csv, &group, &kinds_seen);
    }
    if (*why == NULL && rc == ERR_FORMAT) {
        *why = "is not CSV";
    } else if (*why == NULL && group.rows_seen != PROOF_COUNT) {
        *why = "ends before its proof does";
    } else if (*why == NULL && kinds_seen != kinds_presented(counted)) {
        *why = "is the last, and rows are missing that the CSV has items of";
    }
    *line = csv.rows;
    csv_close(&csv);
    return *why == NULL && rc < 0 ? rc : 0;
}
