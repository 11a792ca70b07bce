#include "switch/clearing/run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAME_LEN = OUTPUT_NAME_LEN_MAX + 1, RUN_LINES = 5 };

/* What a run has in hand. */
struct run {
    struct writer_port *port;
    struct seal *seal;
    const struct run_settings *settings;
    struct run_result *result;
    int dir_fd;
    struct day_row day;
    struct file_row file;
    struct clearing_file about;
    struct format_state states[FORMAT_COUNT];
    struct output *outputs[FORMAT_COUNT];
    char names[MANIFEST_FILES][NAME_LEN];
    char manifest_name[NAME_LEN];
};

__attribute__((format(printf, 3, 4))) static int run_fail(struct run *run, int rc,
                                                          const char *format, ...)
{
    va_list list;
    va_start(list, format);
    (void)vsnprintf(run->result->why, sizeof run->result->why, format, list);
    va_end(list);
    return rc;
}

static int run_error(struct run *run, int err, const char *what)
{
    return run_fail(run, err, "%s: %s", what, err == ERR_IO ? strerror(errno) : err_text(err));
}

__attribute__((format(printf, 4, 5))) static void
progress(const struct run *run, unsigned number, const char *name, const char *format, ...)
{
    if (run->settings->progress) {
        va_list list;
        va_start(list, format);
        (void)fprintf(stderr, "[%u/%d] %-14s ", number, RUN_LINES, name);
        (void)vfprintf(stderr, format, list);
        (void)fputc('\n', stderr);
        va_end(list);
    }
}

const char *day_state_name(uint8_t state)
{
    switch ((enum day_state)state) {
    case DAY_OPEN:
        return "OPEN";
    case DAY_DRAINING:
        return "DRAINING";
    case DAY_DRAINED:
        return "DRAINED";
    case DAY_CUT:
        return "CUT";
    case DAY_CLOSED:
        return "CLOSED";
    }
    return "?";
}

int run_look(struct kv_txn *txn, uint32_t day, struct day_row *row, struct file_row *file)
{
    uint8_t key[8];
    struct span found;
    struct span value;
    be32_put(key, day);
    TRY(kv_get(txn, KV_days, span_make(key, 4), &value));
    TRY(day_row_decode(value, row));
    uint64_t next = 0;
    for (;;) {
        be64_put(key, next);
        int rc = kv_seek(txn, KV_files, span_make(key, 8), &found, &value);
        TRY(rc);
        if (rc == 0) {
            *file = (struct file_row){0};
            return 0;
        }
        TRY(file_row_decode(value, file));
        if (file->day == day) {
            return 0;
        }
        next = file->file_seq + 1;
    }
}

int run_newest(struct kv *kv, enum day_state state, uint32_t *day)
{
    struct kv_txn *txn = NULL;
    struct day_row row = {0};
    *day = 0;
    TRY(kv_begin(kv, false, &txn));
    int rc = 0;
    do {
        uint8_t key[4];
        struct span found;
        struct span value;
        be32_put(key, row.day + 1);
        rc = kv_seek(txn, KV_days, span_make(key, 4), &found, &value);
        if (rc == 1) {
            int decoded = day_row_decode(value, &row);
            rc = decoded < 0 ? decoded : 1;
        }
        if (rc == 1 && row.state == state) {
            *day = row.day;
        }
    } while (rc == 1);
    kv_abort(txn);
    return rc;
}

int run_days(struct kv *kv, enum day_state state, uint32_t *days, size_t max, size_t *count)
{
    struct kv_txn *txn = NULL;
    uint32_t next = 0;
    int rc = 0;
    *count = 0;
    TRY(kv_begin(kv, false, &txn));
    while (*count < max) {
        uint8_t key[4];
        struct span found;
        struct span value;
        struct day_row row;
        be32_put(key, next);
        rc = kv_seek(txn, KV_days, span_make(key, 4), &found, &value);
        if (rc <= 0) {
            break;
        }
        rc = day_row_decode(value, &row);
        if (rc < 0) {
            break;
        }
        if (row.state == state) {
            days[(*count)++] = row.day;
        }
        next = row.day + 1;
    }
    kv_abort(txn);
    return rc < 0 ? rc : 0;
}

/* ---- assign ---- */

/* Read day and file as they are now. */
static int look(struct run *run)
{
    struct kv_txn *txn = NULL;
    uint32_t day = run->about.day;
    int rc = kv_begin(run->port->kv, false, &txn);
    if (rc == 0) {
        rc = run_look(txn, day, &run->day, &run->file);
        kv_abort(txn);
    }
    if (rc == ERR_NOT_FOUND) {
        return run_fail(run, 1, "day %u: the store has no such day", day);
    }
    return rc < 0 ? run_error(run, rc, "the store") : 0;
}

/* Files of a day that the store has not cut: it is older than they are, and would present again
 * what they have presented. */
static int strangers_check(struct run *run)
{
    struct stat ignored;
    if (fstatat(run->dir_fd, run->manifest_name, &ignored, 0) == 0) {
        return run_fail(run, 1,
                        "day %u: %s is there already, but this store has not cut the day (was it "
                        "restored from a backup?)",
                        run->about.day, run->manifest_name);
    }
    return 0;
}

/* Until it is done: a step of a long one is answered MORE, whoever has the store, and the same
 * again goes on where it ended. */
static int submit(struct run *run, struct book_request *request)
{
    struct book_answer answer = {.result = BOOK_IS_MORE};
    request->op = BOOK_FILE;
    request->day = run->about.day;
    request->wall_ms = run->settings->wall_ms;
    while (answer.result == BOOK_IS_MORE) {
        int rc = run->port->submit(run->port, request, &answer);
        if (rc < 0) {
            return run_fail(run, rc, "%s", run->port->why);
        }
    }
    if (answer.result != BOOK_IS_STORED) {
        return run_fail(run, 1, "day %u: the store refused the step (%s %s)", run->about.day,
                        book_result_name(answer.result), answer.code);
    }
    return 0;
}

static int assign(struct run *run)
{
    struct book_request *request = NULL;
    int rc = look(run);
    if (rc != 0) {
        return rc;
    }
    progress(run, 1, "snapshot", "business day %u %s, by %s", run->day.day,
             day_state_name(run->day.state), run->port->name);
    if (run->file.file_seq == 0 || run->file.state == FILE_IS_ASSIGNING) {
        if (run->day.state != DAY_DRAINED) {
            return run_fail(run, 1,
                            "day %u is %s with %" PRIu64
                            " transactions open: it is cut when it is DRAINED",
                            run->day.day, day_state_name(run->day.state), run->day.open_count);
        }
        rc = strangers_check(run);
        request = rc == 0 ? calloc(1, sizeof *request) : NULL;
        if (request == NULL) {
            return rc != 0 ? rc : run_error(run, ERR_MEMORY, "assign");
        }
        request->file_step = FILE_ASSIGN;
        rc = submit(run, request);
        free(request);
        rc = rc == 0 ? look(run) : rc;
        if (rc != 0) {
            return rc;
        }
        if (run->file.file_seq == 0 || run->file.state == FILE_IS_ASSIGNING) {
            return run_error(run, ERR_CORRUPT, "the store assigned a file and does not have it");
        }
    }
    run->result->again = run->file.state == FILE_IS_PUBLISHED;
    progress(run, 2, "assign", "file %" PRIu64 "%s", run->file.file_seq,
             run->file.state == FILE_BUILDING   ? ""
             : run->file.state == FILE_IS_BUILT ? ", built before"
                                                : ", published before: the same bytes again");
    return 0;
}

/* ---- write ---- */

static void describe(struct run *run)
{
    struct clearing_file *about = &run->about;
    about->file_seq = run->file.file_seq;
    about->created_ms = run->file.created_ms;
    about->production = run->settings->production;
    about->issuers = run->settings->issuers;
    about->issuer_count = run->settings->issuer_count;
    memcpy(about->processor, run->settings->processor, PROCESSOR_LEN);
    clearing_file_identify(about);
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        (void)snprintf(run->names[i], NAME_LEN, "%08u_%05" PRIu64 ".%s", about->day,
                       about->file_seq, formats[i]->extension);
    }
    (void)snprintf(run->names[MANIFEST_TOTALS], NAME_LEN, "%08u_totals.csv", about->day);
}

static int rows_write(struct run *run, struct snapshot *snapshot, struct manifest *manifest)
{
    struct extract extract;
    struct clearing_row row;
    int rc = 1;
    extract_open(&extract, snapshot, run->seal, run->about.day, run->file.file_seq);
    while (rc == 1 && (rc = extract_next(&extract, &row)) == 1) {
        bool in_file = extract_is_in_file(&extract, &row);
        int done = totals_item(run->result->totals, &row.item, row.kind, in_file);
        for (unsigned i = 0; i < FORMAT_COUNT && in_file && done == 0; i++) {
            done = formats[i]->item(&run->states[i], &run->about, &row, run->outputs[i]);
        }
        manifest->items += in_file;
        extract_wipe(&row);
        if (done < 0) {
            rc = run_fail(run, done, "item %" PRIu64 ": %s", row.item.item_seq,
                          done == ERR_IO ? strerror(errno) : err_text(done));
            return rc;
        }
    }
    extract_wipe(&row);
    if (rc < 0) {
        return run_fail(run, rc, "after item %" PRIu64 ": %s", extract.next_item - 1,
                        rc == ERR_IO ? strerror(errno) : err_text(rc));
    }
    rc = totals_store(run->result->totals, snapshot->txn, run->about.day);
    return rc < 0 ? run_error(run, rc, "the totals") : 0;
}

/* Every format of the day in one walk. Its file is assigned: items and totals hold still. */
static int formats_write(struct run *run)
{
    struct manifest *manifest = &run->result->manifest;
    struct snapshot snapshot = {0};
    int rc = 0;
    for (unsigned i = 0; i < FORMAT_COUNT && rc == 0; i++) {
        rc = output_open(run->dir_fd, run->names[i], &run->outputs[i]);
        rc = rc == 0 ? formats[i]->begin(&run->states[i], &run->about, run->outputs[i]) : rc;
    }
    rc = rc == 0 ? snapshot_open(&snapshot, run->port->kv, true) : rc;
    if (rc < 0) {
        return run_error(run, rc, run->settings->out_dir);
    }
    rc = rows_write(run, &snapshot, manifest);
    snapshot_close(&snapshot);
    if (rc < 0) {
        return rc;
    }
    for (unsigned i = 0; i < FORMAT_COUNT && rc == 0; i++) {
        rc = formats[i]->end(&run->states[i], &run->about, run->outputs[i]);
        if (rc == 0) {
            struct output *output = run->outputs[i];
            run->outputs[i] = NULL;
            rc = output_finish(output, &manifest->files[i]);
        }
    }
    manifest->records = run->states[FORMAT_IPM].records;
    manifest->hash_total = run->states[FORMAT_IPM].hash_total;
    return rc < 0 ? run_error(run, rc, run->settings->out_dir) : 0;
}

static int totals_file_write(struct run *run)
{
    struct output *output = NULL;
    TRY(output_open(run->dir_fd, run->names[MANIFEST_TOTALS], &output));
    int rc = totals_write(run->result->totals, &run->about, output);
    if (rc < 0) {
        output_discard(output);
        return rc;
    }
    return output_finish(output, &run->result->manifest.files[MANIFEST_TOTALS]);
}

static int manifest_write(struct run *run)
{
    struct manifest *manifest = &run->result->manifest;
    struct output_file ignored;
    struct output *output = NULL;
    manifest->day = run->about.day;
    manifest->file_seq = run->about.file_seq;
    manifest->created_ms = run->about.created_ms;
    manifest->production = run->about.production;
    memcpy(manifest->file_id, run->about.id, sizeof manifest->file_id);
    char *text = manifest_encode(manifest);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    int rc = output_open(run->dir_fd, run->manifest_name, &output);
    rc = rc == 0 ? output_write(output, span_text(text)) : rc;
    free(text);
    if (rc < 0) {
        output_discard(output);
        return rc;
    }
    return output_finish(output, &ignored);
}

static int write_all(struct run *run)
{
    describe(run);
    int rc = totals_open(&run->result->totals);
    if (rc < 0) {
        return run_error(run, rc, "the totals");
    }
    rc = formats_write(run);
    if (rc != 0) {
        return rc;
    }
    progress(run, 3, "files", "%s, %" PRIu64 " items, %" PRIu64 " bytes", run->names[FORMAT_IPM],
             run->result->manifest.items, run->result->manifest.files[FORMAT_IPM].bytes);
    if (!totals_balance(run->result->totals)) {
        return run_fail(run, 1,
                        "day %u does not balance: the store's totals are not those of the items; "
                        "nothing is published",
                        run->about.day);
    }
    rc = totals_file_write(run);
    rc = rc == 0 ? manifest_write(run) : rc;
    if (rc < 0) {
        return run_error(run, rc, run->settings->out_dir);
    }
    progress(run, 4, "totals", "carried in + approved - netted = presented + carried out");
    return 0;
}

/* ---- built, rename, publish ---- */

/* Are the bytes those of an earlier run? A file that never got its final name may change: an option
 * was corrected. One that did may not. */
static int same_check(struct run *run)
{
    const struct output_file *ipm = &run->result->manifest.files[FORMAT_IPM];
    struct stat ignored;
    if (run->file.state == FILE_BUILDING ||
        (memcmp(run->file.hash, ipm->sha256, OUTPUT_HASH_LEN) == 0 &&
         run->file.bytes == ipm->bytes)) {
        return 0;
    }
    if (run->file.state == FILE_IS_BUILT &&
        fstatat(run->dir_fd, run->names[FORMAT_IPM], &ignored, 0) != 0) {
        return 0;
    }
    return run_fail(run, 1,
                    "day %u: the bytes are not those of the file that was cut (was it with other "
                    "--processor-id, --issuer or --production?); nothing is changed",
                    run->about.day);
}

static int built(struct run *run)
{
    const struct manifest *manifest = &run->result->manifest;
    int rc = same_check(run);
    if (rc != 0 || run->result->again) {
        return rc;
    }
    struct book_request *request = calloc(1, sizeof *request);
    if (request == NULL) {
        return run_error(run, ERR_MEMORY, "built");
    }
    request->file_step = FILE_BUILT;
    request->file_seq = run->file.file_seq;
    request->file_bytes = manifest->files[FORMAT_IPM].bytes;
    request->file_count = manifest->items;
    memcpy(request->file_hash, manifest->files[FORMAT_IPM].sha256, OUTPUT_HASH_LEN);
    rc = submit(run, request);
    free(request);
    return rc;
}

static void tmp_remove(struct run *run)
{
    for (unsigned i = 0; i < FORMAT_COUNT; i++) {
        output_discard(run->outputs[i]);
        run->outputs[i] = NULL;
    }
    for (unsigned i = 0; i < MANIFEST_FILES && run->names[i][0] != '\0'; i++) {
        output_remove(run->dir_fd, run->names[i]);
    }
    output_remove(run->dir_fd, run->manifest_name);
}

/* The manifest last: where it is, the files are. */
static int rename_all(struct run *run)
{
    int rc = 0;
    for (unsigned i = 0; i < MANIFEST_FILES && rc == 0; i++) {
        rc = output_publish(run->dir_fd, run->names[i]);
    }
    rc = rc == 0 ? output_publish(run->dir_fd, run->manifest_name) : rc;
    if (rc == 0 && fsync(run->dir_fd) != 0) {
        rc = ERR_IO;
    }
    return rc < 0 ? run_error(run, rc, run->settings->out_dir) : 0;
}

static int publish(struct run *run)
{
    if (!run->result->again) {
        struct book_request *request = calloc(1, sizeof *request);
        if (request == NULL) {
            return run_error(run, ERR_MEMORY, "publish");
        }
        request->file_step = FILE_PUBLISHED;
        request->file_seq = run->file.file_seq;
        int rc = submit(run, request);
        free(request);
        if (rc != 0) {
            return rc;
        }
    }
    progress(run, 5, "publish", "%s/%s", run->settings->out_dir, run->manifest_name);
    return 0;
}

/* To add a step: a row, in order, and its name in enum run_step. */
static int (*const steps[])(struct run *run) = {
    [RUN_ASSIGNED] = assign,    [RUN_WRITTEN] = write_all, [RUN_BUILT] = built,
    [RUN_RENAMED] = rename_all, [RUN_PUBLISHED] = publish,
};

int run_day(struct writer_port *port, struct seal *seal, uint32_t day,
            const struct run_settings *settings, struct run_result *result)
{
    struct run run = {
        .port = port, .seal = seal, .settings = settings, .result = result, .about = {.day = day}};
    int rc = 0;
    CHECK(strlen(settings->processor) == PROCESSOR_LEN);
    memset(result, 0, sizeof *result);
    (void)snprintf(run.manifest_name, NAME_LEN, "%08u_manifest.json", day);
    run.dir_fd = open(settings->out_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (run.dir_fd < 0) {
        return run_error(&run, ERR_IO, settings->out_dir);
    }
    if (flock(run.dir_fd, LOCK_EX | LOCK_NB) != 0) {
        rc = run_fail(&run, 1, "%s: another run is writing here", settings->out_dir);
        (void)close(run.dir_fd);
        return rc;
    }
    for (unsigned step = RUN_ASSIGNED; step <= (unsigned)settings->last_step && rc == 0; step++) {
        rc = steps[step](&run);
    }
    if (rc != 0) {
        tmp_remove(&run);
    }
    (void)close(run.dir_fd);
    return rc;
}

void run_result_deinit(struct run_result *result)
{
    totals_close(result->totals);
    result->totals = NULL;
}
