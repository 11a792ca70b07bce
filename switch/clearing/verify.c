#include "switch/clearing/verify.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "switch/clearing/csv_reader.h"
#include "switch/clearing/ipm_walk.h"
#include "switch/clearing/run.h"
#include "switch/clearing/totals_check.h"

enum {
    MANIFEST_LEN_MAX = 65536,
    HASH_BUFFER_LEN = 65536,
    NAME_LEN = 256,
    DAYS_MAX = 4096,
    CHAIN_PAGE = 1024
};

/* The day under verification. */
struct verify_day {
    struct verify *verify;
    int dir_fd;
    struct manifest manifest;
    struct totals *totals; /* counted from the CSV */
};

__attribute__((format(printf, 3, 4))) static void fault(struct verify *verify, const char *name,
                                                        const char *format, ...)
{
    va_list list;
    va_start(list, format);
    verify->faults++;
    (void)fprintf(verify->report, "BAD  %s: ", name);
    (void)vfprintf(verify->report, format, list);
    (void)fputc('\n', verify->report);
    va_end(list);
}

static FILE *file_open(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    FILE *file = fd < 0 ? NULL : fdopen(fd, "rb");
    if (fd >= 0 && file == NULL) {
        (void)close(fd);
    }
    return file;
}

/* ---- hashes ---- */

static int file_hash(FILE *file, uint64_t *bytes, uint8_t hash[OUTPUT_HASH_LEN])
{
    uint8_t buffer[HASH_BUFFER_LEN];
    size_t got = 0;
    EVP_MD_CTX *digest = EVP_MD_CTX_new();
    bool good = digest != NULL && EVP_DigestInit_ex(digest, EVP_sha256(), NULL) == 1;
    *bytes = 0;
    while (good && (got = fread(buffer, 1, sizeof buffer, file)) > 0) {
        *bytes += got;
        good = EVP_DigestUpdate(digest, buffer, got) == 1;
    }
    good = good && EVP_DigestFinal_ex(digest, hash, NULL) == 1;
    EVP_MD_CTX_free(digest);
    bytes_wipe(buffer, sizeof buffer);
    return !good ? ERR_CRYPTO : ferror(file) ? ERR_IO : 0;
}

/* True if the file of the manifest is there with its length and hash. */
static bool hash_verify(struct verify_day *day, const struct output_file *want)
{
    uint64_t bytes = 0;
    uint8_t hash[OUTPUT_HASH_LEN];
    FILE *file = file_open(day->dir_fd, want->name);
    if (file == NULL) {
        fault(day->verify, want->name, "named by the manifest: %s", strerror(errno));
        return false;
    }
    int rc = file_hash(file, &bytes, hash);
    (void)fclose(file);
    if (rc < 0) {
        fault(day->verify, want->name, "%s", err_text(rc));
        return false;
    }
    if (bytes != want->bytes || memcmp(hash, want->sha256, sizeof hash) != 0) {
        fault(day->verify, want->name, "changed: %" PRIu64 " bytes, SHA-256 not the manifest's",
              bytes);
        return false;
    }
    return true;
}

/* ---- IPM and CSV, side by side ---- */

static const char *cell(const struct csv_reader *csv, const char *column)
{
    return csv->cells[csv_column(column)];
}

static bool cell_number(const struct csv_reader *csv, const char *column, uint64_t *number)
{
    return span_number(span_text(cell(csv, column)), number) == 0;
}

/* A masked PAN agrees with a clear one where it has digits. */
static bool pan_agrees(const char *masked, struct span pan)
{
    bool same = strlen(masked) == pan.len;
    for (size_t i = 0; i < pan.len && same; i++) {
        same = masked[i] == '*' || masked[i] == (char)pan.ptr[i];
    }
    return same;
}

static bool cell_agrees(const struct csv_reader *csv, const char *column, struct span element)
{
    uint64_t left = 0;
    uint64_t right = 0;
    return cell_number(csv, column, &left) && span_number(element, &right) == 0 && left == right;
}

/* The name of the first column that does not agree with @record, or NULL. */
static const char *row_compare(const struct csv_reader *csv, const struct ipm_record *record)
{
    static const struct {
        const char *column;
        uint8_t de;
    } numbers[] = {
        {"de71", 71}, {"amount_minor", 4}, {"currency", 49}, {"acquirer", 94}, {"proc_code", 3}};
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        if (!cell_agrees(csv, numbers[i].column, record->de[numbers[i].de])) {
            return numbers[i].column;
        }
    }
    if (!span_equal_text(record->de[31], cell(csv, "arn"))) {
        return "arn";
    }
    if (!pan_agrees(cell(csv, "pan_masked"), record->de[2])) {
        return "pan_masked";
    }
    bool reversal = strlen(cell(csv, "kind")) == 2;
    return reversal == ipm_is_reversal(record) ? NULL : "kind";
}

/* Count a CSV row in the day's totals. */
static int row_count(struct verify_day *day, const struct csv_reader *csv)
{
    struct item_row item = {.state = ITEM_IN_FILE};
    uint64_t amount = 0;
    uint64_t currency = 0;
    unsigned kind = 0;
    while (kind < CLEARING_KIND_COUNT &&
           strcmp(clearing_kind_name((enum clearing_kind)kind), cell(csv, "kind")) != 0) {
        kind++;
    }
    const char *issuer = cell(csv, "issuer");
    const char *acquirer = cell(csv, "acquirer");
    if (kind == CLEARING_KIND_COUNT || !cell_number(csv, "amount_minor", &amount) ||
        amount > INT64_MAX || !cell_number(csv, "currency", &currency) || currency > 999 ||
        strlen(issuer) >= sizeof item.issuer || strlen(acquirer) >= sizeof item.acquirer) {
        return ERR_FORMAT;
    }
    item.amount_minor = (int64_t)amount;
    item.currency = (uint16_t)currency;
    memcpy(item.issuer, issuer, strlen(issuer) + 1);
    memcpy(item.acquirer, acquirer, strlen(acquirer) + 1);
    return totals_item(day->totals, &item, (enum clearing_kind)kind, true);
}

static void walk_fault(struct verify *verify, const char *name, const struct ipm_walk *walk)
{
    fault(verify, name, "record %" PRIu64 ", DE%u, byte %zu: %s", walk->records, walk->fault.de,
          walk->fault.offset, walk->why);
}

static bool rows_verify(struct verify_day *day, struct ipm_walk *walk, struct csv_reader *csv)
{
    const char *ipm_name = day->manifest.files[FORMAT_IPM].name;
    const char *csv_name = day->manifest.files[FORMAT_CSV].name;
    struct ipm_record record;
    unsigned columns = csv_column("state") + 1;
    int ipm_rc = 0;
    while ((ipm_rc = ipm_walk_next(walk, &record)) == 1) {
        int rc = csv_next(csv);
        if (rc != 1 || csv->count != columns) {
            fault(day->verify, csv_name, "line %" PRIu64 ": %s", csv->rows + (rc == 0),
                  rc == 0 ? "is missing, the IPM file has more records" : "is not a row of ours");
            return false;
        }
        const char *column = row_compare(csv, &record);
        if (column != NULL || strcmp(cell(csv, "file_id"), walk->file_id) != 0) {
            fault(day->verify, csv_name, "line %" PRIu64 ": %s is not that of the IPM file",
                  csv->rows, column != NULL ? column : "file_id");
            return false;
        }
        rc = row_count(day, csv);
        if (rc < 0) {
            fault(day->verify, csv_name, "line %" PRIu64 ": %s", csv->rows, err_text(rc));
            return false;
        }
    }
    if (ipm_rc < 0) {
        walk_fault(day->verify, ipm_name, walk);
        return false;
    }
    if (csv_next(csv) != 0) {
        fault(day->verify, csv_name, "line %" PRIu64 ": the IPM file has no such record",
              csv->rows);
        return false;
    }
    return true;
}

static bool manifest_agrees(struct verify_day *day, const struct ipm_walk *walk)
{
    const struct manifest *manifest = &day->manifest;
    if (strcmp(manifest->file_id, walk->file_id) != 0 || manifest->items != walk->items ||
        manifest->records != walk->records || manifest->hash_total != walk->hash_total ||
        manifest->production != walk->production) {
        fault(day->verify, manifest->files[FORMAT_IPM].name,
              "id, count, hash total or mode is not the manifest's");
        return false;
    }
    return true;
}

static int pair_verify(struct verify_day *day)
{
    FILE *ipm = file_open(day->dir_fd, day->manifest.files[FORMAT_IPM].name);
    FILE *text = file_open(day->dir_fd, day->manifest.files[FORMAT_CSV].name);
    struct ipm_walk *walk = malloc(sizeof *walk);
    struct csv_reader csv;
    int rc = ipm == NULL || text == NULL ? ERR_IO : walk == NULL ? ERR_MEMORY : 0;
    rc = rc == 0 ? csv_open(&csv, text) : rc;
    if (rc == 0) {
        ipm_walk_open(walk, ipm);
        if (!csv_header_is(&csv, format_csv_header)) {
            fault(day->verify, day->manifest.files[FORMAT_CSV].name, "the header is not ours");
        } else if (rows_verify(day, walk, &csv)) {
            (void)manifest_agrees(day, walk);
            day->verify->items += walk->items;
        }
        csv_close(&csv);
        bytes_wipe(walk, sizeof *walk);
    }
    free(walk);
    if (ipm != NULL) {
        (void)fclose(ipm);
    }
    if (text != NULL) {
        (void)fclose(text);
    }
    return rc;
}

static int totals_verify(struct verify_day *day)
{
    const char *name = day->manifest.files[MANIFEST_TOTALS].name;
    const char *why = NULL;
    uint64_t line = 0;
    FILE *file = file_open(day->dir_fd, name);
    if (file == NULL) {
        return ERR_IO;
    }
    int rc = totals_check(file, day->totals, day->manifest.file_id, &line, &why);
    (void)fclose(file);
    if (rc == 0 && why != NULL) {
        fault(day->verify, name, "line %" PRIu64 " %s", line, why);
    }
    return rc;
}

/* ---- the store ---- */

static int store_totals(struct snapshot *snapshot, uint32_t day, uint64_t file_seq,
                        struct totals *totals)
{
    struct extract extract;
    struct clearing_row row;
    int rc = 0;
    extract_open(&extract, snapshot, NULL, day, file_seq);
    while ((rc = extract_next(&extract, &row)) == 1) {
        TRY(totals_item(totals, &row.item, row.kind, extract_is_in_file(&extract, &row)));
    }
    return rc < 0 ? rc : totals_store(totals, snapshot->txn, day);
}

static int store_day_verify(struct verify_day *day, struct snapshot *snapshot)
{
    const struct manifest *manifest = &day->manifest;
    const struct output_file *ipm = &manifest->files[FORMAT_IPM];
    struct day_row row;
    struct file_row file;
    struct totals *totals = NULL;
    int rc = run_look(snapshot->txn, manifest->day, &row, &file);
    if (rc == ERR_NOT_FOUND || (rc == 0 && file.file_seq != manifest->file_seq)) {
        fault(day->verify, ipm->name, "the store has no such file");
        return 0;
    }
    TRY(rc);
    if (file.state != FILE_IS_PUBLISHED) {
        fault(day->verify, ipm->name, "the store has not published it: run again");
    }
    if (memcmp(file.hash, ipm->sha256, sizeof file.hash) != 0 || file.bytes != ipm->bytes ||
        file.count != manifest->items) {
        fault(day->verify, ipm->name, "length, count or SHA-256 is not what the store remembers");
    }
    TRY(totals_open(&totals));
    rc = store_totals(snapshot, manifest->day, file.file_seq, totals);
    if (rc == 0 && !totals_balance(totals)) {
        fault(day->verify, ipm->name, "the store's totals of the day are not those of its items");
    } else if (rc < 0) {
        fault(day->verify, ipm->name, "the store's items of the day: %s", err_text(rc));
    }
    totals_close(totals);
    return 0;
}

/* A snapshot of its own: none is held while files are read. */
static int store_verify(struct verify_day *day)
{
    struct snapshot snapshot;
    int rc = snapshot_open(&snapshot, day->verify->kv, true);
    rc = rc == 0 ? store_day_verify(day, &snapshot) : rc;
    snapshot_close(&snapshot);
    return rc;
}

/* ---- a day, a directory, a file ---- */

static int manifest_read(int dir_fd, const char *name, struct manifest *manifest)
{
    char text[MANIFEST_LEN_MAX];
    FILE *file = file_open(dir_fd, name);
    if (file == NULL) {
        return ERR_IO;
    }
    size_t len = fread(text, 1, sizeof text, file);
    int rc = ferror(file) ? ERR_IO : manifest_decode(span_make(text, len), manifest);
    (void)fclose(file);
    return rc;
}

static int day_verify(struct verify *verify, int dir_fd, const char *name)
{
    struct verify_day day = {.verify = verify, .dir_fd = dir_fd};
    unsigned faults = verify->faults;
    bool good = true;
    int rc = manifest_read(dir_fd, name, &day.manifest);
    if (rc < 0) {
        fault(verify, name, "%s", rc == ERR_IO ? strerror(errno) : "is not a manifest of ours");
        return 0;
    }
    verify->days++;
    for (unsigned i = 0; i < MANIFEST_FILES; i++) {
        good = hash_verify(&day, &day.manifest.files[i]) && good;
    }
    if (good) { /* Files with other bytes would only repeat the complaint. */
        TRY(totals_open(&day.totals));
        rc = pair_verify(&day);
        rc = rc == 0 && verify->faults == faults ? totals_verify(&day) : rc;
        totals_close(day.totals);
    }
    rc = rc == 0 && verify->kv != NULL ? store_verify(&day) : rc;
    if (rc == 0 && verify->faults == faults && !verify->quiet) {
        (void)fprintf(verify->report, "OK   %s: %" PRIu64 " items, hash total %" PRIu64 "\n", name,
                      day.manifest.items, day.manifest.hash_total);
    }
    return rc;
}

static bool name_ends(const char *name, const char *end)
{
    size_t len = strlen(name);
    return len >= strlen(end) && strcmp(name + len - strlen(end), end) == 0;
}

/* An .ipm or .csv that no manifest of the directory names, and what a crash left. */
static void stranger_check(struct verify *verify, int dir_fd, const char *name)
{
    char manifest_name[NAME_LEN];
    struct manifest manifest;
    if (name_ends(name, ".tmp")) {
        fault(verify, name, "left by a run that did not finish: run again");
        return;
    }
    if (!(name_ends(name, ".ipm") || name_ends(name, ".csv")) || strlen(name) < 8) {
        return;
    }
    (void)snprintf(manifest_name, sizeof manifest_name, "%.8s_manifest.json", name);
    bool named = false;
    if (manifest_read(dir_fd, manifest_name, &manifest) == 0) {
        for (unsigned i = 0; i < MANIFEST_FILES; i++) {
            named = named || strcmp(manifest.files[i].name, name) == 0;
        }
    }
    if (!named) {
        fault(verify, name, "no manifest names it");
    }
}

/* Every day that the store has cut must have its manifest here. */
static int cut_days_verify(struct verify *verify, int dir_fd)
{
    static const enum day_state cut[] = {DAY_CUT, DAY_CLOSED};
    uint32_t *days = calloc(DAYS_MAX, sizeof *days);
    int rc = days == NULL ? ERR_MEMORY : 0;
    for (size_t state = 0; state < ARRAY_COUNT(cut) && rc == 0; state++) {
        size_t count = 0;
        rc = run_days(verify->kv, cut[state], days, DAYS_MAX, &count);
        for (size_t i = 0; i < count && rc == 0; i++) {
            char name[NAME_LEN];
            struct stat ignored;
            (void)snprintf(name, sizeof name, "%08u_manifest.json", days[i]);
            if (fstatat(dir_fd, name, &ignored, 0) != 0) {
                fault(verify, name, "the store has cut this day, and its files are not here");
            }
        }
    }
    free(days);
    return rc;
}

/* The journal only grows: page by page, each in a snapshot of its own. A page begins with the last
 * row of the page before, so that the chain holds across them. */
static int chain_walk(struct kv *kv, uint64_t *bad, uint64_t *rows)
{
    uint64_t count = CHAIN_PAGE;
    uint64_t last = 0;
    while (count == CHAIN_PAGE) {
        struct kv_txn *txn = NULL;
        uint64_t from = last;
        TRY(kv_begin(kv, false, &txn));
        last += CHAIN_PAGE;
        int rc = book_verify_chain(txn, from, last, bad, &count);
        kv_abort(txn);
        TRY(rc);
        count -= from != 0;
        *rows += count;
    }
    return 0;
}

static int chain_verify(struct verify *verify)
{
    uint64_t bad = 0;
    uint64_t rows = 0;
    int rc = chain_walk(verify->kv, &bad, &rows);
    if (rc < 0) {
        fault(verify, "journal", "row %" PRIu64 ": %s", bad, err_text(rc));
    } else if (!verify->quiet) {
        (void)fprintf(verify->report, "OK   journal: %" PRIu64 " rows, chain unbroken\n", rows);
    }
    return 0;
}

static int entries_verify(struct verify *verify, int dir_fd, const char *path)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, NULL, alphasort);
    int rc = count < 0 ? ERR_IO : 0;
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name;
        if (rc == 0 && name_ends(name, "_manifest.json")) {
            rc = day_verify(verify, dir_fd, name);
        } else if (rc == 0) {
            stranger_check(verify, dir_fd, name);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}

int verify_dir(struct verify *verify, const char *path)
{
    int dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return ERR_IO;
    }
    int rc = verify->kv == NULL ? 0 : chain_verify(verify);
    rc = rc == 0 ? entries_verify(verify, dir_fd, path) : rc;
    rc = rc == 0 && verify->kv != NULL ? cut_days_verify(verify, dir_fd) : rc;
    (void)close(dir_fd);
    return rc;
}

static int ipm_verify(struct verify *verify, const char *path)
{
    struct ipm_record record;
    struct ipm_walk *walk = malloc(sizeof *walk);
    FILE *file = file_open(AT_FDCWD, path);
    int rc = file == NULL ? ERR_IO : walk == NULL ? ERR_MEMORY : 0;
    if (rc == 0) {
        ipm_walk_open(walk, file);
        while ((rc = ipm_walk_next(walk, &record)) == 1) {
            continue;
        }
        if (rc < 0) {
            walk_fault(verify, path, walk);
        } else if (!verify->quiet) {
            (void)fprintf(verify->report, "OK   %s: %" PRIu64 " items, hash total %" PRIu64 "\n",
                          path, walk->items, walk->hash_total);
        }
        verify->items += walk->items;
        bytes_wipe(walk, sizeof *walk);
        rc = 0;
    }
    free(walk);
    if (file != NULL) {
        (void)fclose(file);
    }
    return rc;
}

int verify_file(struct verify *verify, const char *path)
{
    char dir[NAME_LEN];
    const char *slash = strrchr(path, '/');
    if (name_ends(path, ".ipm")) {
        return ipm_verify(verify, path);
    }
    size_t len = slash == NULL ? 1 : (size_t)(slash - path) + (slash == path);
    if (!name_ends(path, "_manifest.json") || len >= sizeof dir) {
        return ERR_USAGE;
    }
    memcpy(dir, slash == NULL ? "." : path, len);
    dir[len] = '\0';
    int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (dir_fd < 0) {
        return ERR_IO;
    }
    int rc = day_verify(verify, dir_fd, slash == NULL ? path : slash + 1);
    (void)close(dir_fd);
    return rc;
}
