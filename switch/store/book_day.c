/* Business days and clearing files: CUTOVER, FILE, SIGN_OFF. Every step may be repeated.
 *
 * A step that is not allowed now is NO_SUCH with a code: "da" no such day, "dr" the day is not
 * drained, "cu" it is not cut, "du" reversals of it are due, "fi" no such file, or not in that
 * state. */
#include "switch/store/book_internal.h"

#include "iso8583/base/calendar.h"

static int refuse(struct book_answer *answer, const char *code)
{
    answer->result = BOOK_IS_NO_SUCH;
    memcpy(answer->code, code, sizeof answer->code);
    return 0;
}

static int journal_day(struct book *book, enum journal_type type, uint32_t day, uint64_t seq,
                       uint8_t step, int64_t wall_ms)
{
    uint8_t body[5];
    be32_put(body, day);
    body[4] = step;
    return book_journal_add(book, type, seq, wall_ms, span_make(body, sizeof body));
}

/* Tombstones are for one window; the older ones go after a day has ended, some with each commit. */
static void sweep_begin(struct book_counters *now, int64_t before_ms)
{
    now->sweeping = true;
    now->sweep_before_ms = before_ms;
    now->sweep_key_len = 0;
}

int book_tombs_sweep(struct book *book)
{
    struct book_counters *now = &book->now;
    for (uint32_t i = 0; now->sweeping && i < book->settings.sweep_max; i++) {
        struct span found;
        struct span row;
        struct tomb_row tomb;
        int rc = kv_seek(book->txn, KV_tombs, span_make(now->sweep_key, now->sweep_key_len), &found,
                         &row);
        TRY(rc);
        if (rc == 0) {
            now->sweeping = false;
            break;
        }
        TRY(tomb_row_decode(row, &tomb));
        CHECK(found.len == TOMB_KEY_LEN);
        memcpy(now->sweep_key, found.ptr, TOMB_KEY_LEN);
        now->sweep_key_len = TOMB_KEY_LEN + 1; /* The zero byte behind it: the next key. */
        if (tomb.wall_ms < now->sweep_before_ms) {
            TRY(kv_del(book->txn, KV_tombs, span_make(now->sweep_key, TOMB_KEY_LEN)));
        }
    }
    return 0;
}

static void recent_push(struct book_counters *now, uint32_t day, int64_t opened_ms)
{
    memmove(now->recent + 1, now->recent, sizeof now->recent - sizeof now->recent[0]);
    now->recent[0] = (struct book_day){day, opened_ms};
    now->recent_count += now->recent_count < BOOK_RECENT_DAYS ? 1 : 0;
}

int book_do_cutover(struct book *book, const struct book_request *request,
                    struct book_answer *answer)
{
    uint32_t today = book_today(book);
    struct day_row *old = NULL;
    answer->result = BOOK_IS_STORED;
    answer->day = today;
    if (request->day <= today) {
        return 0;
    }
    if (!day_is_valid(request->day)) {
        return refuse(answer, "da");
    }
    TRY(book_day_change(book, today, &old));
    CHECK(old->state == DAY_OPEN);
    old->state = old->open_count == 0 ? DAY_DRAINED : DAY_DRAINING;
    old->closed_ms = request->wall_ms;
    TRY(book_day_add(
        book,
        &(struct day_row){.day = request->day, .state = DAY_OPEN, .opened_ms = request->wall_ms}));
    recent_push(&book->now, request->day, request->wall_ms);
    answer->day = request->day;
    sweep_begin(&book->now, request->wall_ms - book->settings.window_ms);
    return journal_day(book, JOURNAL_CUTOVER, request->day, 0, 0, request->wall_ms);
}

static int file_put(struct book *book, const struct file_row *file)
{
    uint8_t bytes[128];
    struct writer out = writer_make(bytes, sizeof bytes);
    KEY_U64(key, file->file_seq);
    TRY(file_row_encode(file, &out));
    return kv_put(book->txn, KV_files, key, writer_written(&out), KV_REPLACE);
}

/* The file of @day: 1, or 0. There are as many files as days in the store: few. */
static int file_of_day(struct book *book, uint32_t day, struct file_row *file)
{
    uint64_t next = 0;
    for (;;) {
        struct span found;
        struct span row;
        KEY_U64(key, next);
        int rc = kv_seek(book->txn, KV_files, key, &found, &row);
        if (rc <= 0) {
            return rc;
        }
        TRY(file_row_decode(row, file));
        if (file->day == day) {
            return 1;
        }
        next = file->file_seq + 1;
    }
}

/* Every item of the day that is still to be presented goes into the file: those behind the file's
 * cursor, up to assign_max of them, since a day may have millions and all else waits for the
 * writer. Between two steps nothing changes of a drained day's items: nothing of it is open, and
 * what is reversed now is an item of today. */
static int items_assign(struct book *book, struct file_row *file)
{
    for (uint32_t i = 0; i < book->settings.assign_max; i++) {
        uint8_t key[ITEM_KEY_LEN];
        struct span found;
        struct span row;
        struct item_row item;
        book_item_key(file->day, file->assigned_upto + 1, key);
        int rc = kv_seek(book->txn, KV_items, span_make(key, sizeof key), &found, &row);
        TRY(rc);
        if (rc == 0 || be32_get(found.ptr) != file->day) {
            file->state = FILE_BUILDING;
            return 0;
        }
        TRY(item_row_decode(row, &item));
        file->assigned_upto = item.item_seq;
        if (item.state == ITEM_OPEN && item.amount_minor > 0) {
            item.state = ITEM_IN_FILE;
            item.file_seq = file->file_seq;
            file->count++;
            TRY(book_item_put(book, &item, KV_REPLACE));
        }
    }
    return 0;
}

/* A file of a drained day that has none: 1 and @file, or 0 with the refusal in @answer. */
static int file_begin(struct book *book, const struct book_request *request, struct file_row *file,
                      struct book_answer *answer)
{
    const struct day_row *day = NULL;
    int rc = book_day_read(book, request->day, &day);
    if (rc == ERR_NOT_FOUND) {
        return refuse(answer, "da");
    }
    TRY(rc);
    if (day->state != DAY_DRAINED) {
        return refuse(answer, "dr");
    }
    *file = (struct file_row){.file_seq = ++book->now.file_seq,
                              .day = request->day,
                              .state = FILE_IS_ASSIGNING,
                              .created_ms = request->wall_ms};
    TRY(journal_day(book, JOURNAL_FILE, file->day, file->file_seq, FILE_ASSIGN, request->wall_ms));
    return 1;
}

static int file_assign(struct book *book, const struct book_request *request,
                       struct book_answer *answer)
{
    struct file_row file = {0};
    int rc = file_of_day(book, request->day, &file);
    TRY(rc);
    if (rc == 0) {
        rc = file_begin(book, request, &file, answer);
        if (rc <= 0) {
            return rc;
        }
    }
    if (file.state == FILE_IS_ASSIGNING) {
        TRY(items_assign(book, &file));
        TRY(file_put(book, &file));
    }
    answer->result = file.state == FILE_IS_ASSIGNING ? BOOK_IS_MORE : BOOK_IS_STORED;
    answer->day = file.day;
    answer->file_seq = file.file_seq;
    answer->file_created_ms = (uint64_t)file.created_ms;
    return 0;
}

static int file_built(struct book *book, const struct book_request *request, struct file_row *file,
                      struct book_answer *answer)
{
    if (file->state == FILE_IS_ASSIGNING) {
        return refuse(answer, "fi");
    }
    if (file->state == FILE_IS_PUBLISHED) {
        /* What was published is final; the same again is a repeat. */
        bool same = memcmp(file->hash, request->file_hash, sizeof file->hash) == 0;
        return same ? 0 : refuse(answer, "fi");
    }
    file->state = FILE_IS_BUILT;
    file->count = request->file_count;
    file->bytes = request->file_bytes;
    memcpy(file->hash, request->file_hash, sizeof file->hash);
    TRY(file_put(book, file));
    return journal_day(book, JOURNAL_FILE, file->day, file->file_seq, FILE_BUILT, request->wall_ms);
}

static int file_published(struct book *book, const struct book_request *request,
                          struct file_row *file, struct book_answer *answer)
{
    struct day_row *day = NULL;
    if (file->state == FILE_IS_PUBLISHED) {
        return 0;
    }
    if (file->state != FILE_IS_BUILT) {
        return refuse(answer, "fi");
    }
    file->state = FILE_IS_PUBLISHED;
    TRY(file_put(book, file));
    TRY(book_day_change(book, file->day, &day));
    CHECK(day->state == DAY_DRAINED);
    day->state = DAY_CUT;
    day->closed_ms = request->wall_ms;
    return journal_day(book, JOURNAL_FILE, file->day, file->file_seq, FILE_PUBLISHED,
                       request->wall_ms);
}

int book_do_file(struct book *book, const struct book_request *request, struct book_answer *answer)
{
    struct span row;
    struct file_row file;
    if (request->file_step == FILE_ASSIGN) {
        return file_assign(book, request, answer);
    }
    KEY_U64(key, request->file_seq);
    int rc = kv_get(book->txn, KV_files, key, &row);
    if (rc == ERR_NOT_FOUND) {
        return refuse(answer, "fi");
    }
    TRY(rc);
    TRY(file_row_decode(row, &file));
    answer->result = BOOK_IS_STORED;
    answer->day = file.day;
    answer->file_seq = file.file_seq;
    answer->file_created_ms = (uint64_t)file.created_ms;
    return request->file_step == FILE_BUILT ? file_built(book, request, &file, answer)
                                            : file_published(book, request, &file, answer);
}

int book_do_sign_off(struct book *book, const struct book_request *request,
                     struct book_answer *answer)
{
    struct day_row *day = NULL;
    const struct day_row *seen = NULL;
    int rc = book_day_read(book, request->day, &seen);
    answer->day = request->day;
    if (rc == ERR_NOT_FOUND) {
        return refuse(answer, "da");
    }
    TRY(rc);
    if (seen->state == DAY_CLOSED) {
        answer->result = BOOK_IS_STORED;
        return 0;
    }
    if (seen->state != DAY_CUT) {
        return refuse(answer, "cu");
    }
    if (seen->due_count > 0) { /* dead letters, too */
        return refuse(answer, "du");
    }
    TRY(book_day_change(book, request->day, &day));
    day->state = DAY_CLOSED;
    day->closed_ms = request->wall_ms;
    answer->result = BOOK_IS_STORED;
    return journal_day(book, JOURNAL_CUTOVER, request->day, 0, DAY_CLOSED, request->wall_ms);
}
