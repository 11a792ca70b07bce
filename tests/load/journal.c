#include "tests/load/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/rand.h>

#include "iso8583/mti.h"
#include "tests/load/table.h"

static const char *const event_names[JOURNAL_EVENT_COUNT] = {
#define JOURNAL_EVENT_NAME(name) [JOURNAL_##name] = #name,
    JOURNAL_EVENT_MAP(JOURNAL_EVENT_NAME)
#undef JOURNAL_EVENT_NAME
};

static const char salt_mark[] = "#terminal-journal v=1 salt=";

int journal_event_find(struct span name)
{
    for (int i = 0; i < JOURNAL_EVENT_COUNT; i++) {
        if (span_equal_text(name, event_names[i])) {
            return i;
        }
    }
    return -1;
}

static int journal_fail(struct journal *journal, const char *what)
{
    if (journal->error == 0) {
        fprintf(stderr, "terminal-sim: error: journal: %s: %s\n", what, strerror(errno));
        journal->error = ERR_IO;
    }
    return journal->error;
}

static void journal_write(struct journal *journal)
{
    size_t done = 0;
    while (done < journal->len && journal->error == 0) {
        ssize_t count = write(journal->fd, journal->buffer + done, journal->len - done);
        if (count < 0 && errno != EINTR) {
            (void)journal_fail(journal, "write");
        }
        done += count > 0 ? (size_t)count : 0;
    }
    journal->unsynced = true;
    journal->len = 0;
}

/* Cut off a line that the last process did not finish. A last line is short, so the end of the
 * file is enough to look at. */
static int torn_cut(struct journal *journal, off_t size)
{
    char tail[JOURNAL_LINE_LEN_MAX];
    size_t len = size < (off_t)sizeof tail ? (size_t)size : sizeof tail;
    if (pread(journal->fd, tail, len, size - (off_t)len) != (ssize_t)len) {
        return journal_fail(journal, "read");
    }
    size_t keep = len;
    while (keep > 0 && tail[keep - 1] != '\n') {
        keep--;
    }
    if (keep == 0 && size > (off_t)len) {
        fprintf(stderr, "terminal-sim: error: journal: this is no journal\n");
        return ERR_CONFIG;
    }
    if (keep < len && ftruncate(journal->fd, size - (off_t)(len - keep)) != 0) {
        return journal_fail(journal, "truncate");
    }
    return 0;
}

static int header_write(struct journal *journal)
{
    uint8_t random[JOURNAL_SALT_LEN / 2];
    if (RAND_bytes(random, sizeof random) != 1) {
        return ERR_CRYPTO;
    }
    hex_encode(span_make(random, sizeof random), (uint8_t *)journal->salt);
    struct writer w = writer_make(journal->buffer, JOURNAL_BUFFER_LEN);
    writer_text(&w, salt_mark);
    writer_text(&w, journal->salt);
    writer_text(&w, "\n");
    for (const char *c = JOURNAL_COLUMNS; *c != '\0'; c++) {
        writer_u8(&w, *c == ',' ? '\t' : (uint8_t)*c);
    }
    writer_text(&w, "\n");
    journal->len = w.len;
    return journal_sync(journal);
}

static int salt_read(struct journal *journal)
{
    char line[sizeof salt_mark - 1 + JOURNAL_SALT_LEN];
    if (pread(journal->fd, line, sizeof line, 0) != (ssize_t)sizeof line ||
        memcmp(line, salt_mark, sizeof salt_mark - 1) != 0) {
        fprintf(stderr, "terminal-sim: error: journal: this is no journal\n");
        return ERR_CONFIG;
    }
    memcpy(journal->salt, line + sizeof salt_mark - 1, JOURNAL_SALT_LEN);
    return 0;
}

struct replay {
    void (*on_line)(void *user, struct span terminal, uint32_t sent_stan);
    void *user;
};

static int on_row(void *user, const struct span *cells, uint32_t line)
{
    (void)line;
    struct replay *replay = user;
    int64_t stan = 0;
    TRY(table_number(cells[1], &stan));
    if (stan < 0 || stan > 999999) {
        return ERR_RANGE;
    }
    replay->on_line(replay->user, cells[0], (uint32_t)stan);
    return 0;
}

int journal_open(struct journal *journal, const char *path,
                 void (*on_line)(void *user, struct span terminal, uint32_t sent_stan), void *user)
{
    memset(journal, 0, sizeof *journal);
    journal->fd = -1;
    if (path == NULL) {
        return 0;
    }
    journal->buffer = malloc(JOURNAL_BUFFER_LEN);
    if (journal->buffer == NULL) {
        return ERR_MEMORY;
    }
    journal->fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat stat_;
    if (journal->fd < 0 || fstat(journal->fd, &stat_) != 0) {
        return journal_fail(journal, path);
    }
    off_t size = stat_.st_size;
    if (size > 0) {
        TRY(torn_cut(journal, size));
        size = lseek(journal->fd, 0, SEEK_END);
    }
    if (size == 0) {
        return header_write(journal);
    }
    TRY(salt_read(journal));
    struct replay replay = {on_line, user};
    struct table_plan plan = {path, '\t', "terminal,sent_stan", on_row, &replay};
    return table_read(&plan, NULL);
}

static void cell_text(struct writer *w, const char *text)
{
    writer_u8(w, '\t');
    writer_text(w, text == NULL || text[0] == '\0' ? "-" : text);
}

static void cell_number(struct writer *w, uint64_t value)
{
    uint8_t digits[20];
    digits_put(digits, sizeof digits, value);
    size_t zeros = 0;
    while (zeros < sizeof digits - 1 && digits[zeros] == '0') {
        zeros++;
    }
    writer_u8(w, '\t');
    writer_put(w, digits + zeros, sizeof digits - zeros);
}

static void cell_digits(struct writer *w, size_t count, uint64_t value)
{
    writer_u8(w, '\t');
    writer_digits(w, count, value);
}

void journal_put(struct journal *journal, const struct journal_line *line)
{
    if (journal->fd < 0 || journal->error != 0) {
        return;
    }
    if (JOURNAL_BUFFER_LEN - journal->len < JOURNAL_LINE_LEN_MAX) {
        journal_write(journal);
    }
    uint8_t mti[5] = {0};
    mti_print(line->mti, mti);
    struct writer w = writer_make(journal->buffer + journal->len, JOURNAL_LINE_LEN_MAX);
    writer_digits(&w, 13, (uint64_t)line->time_ms);
    cell_text(&w, event_names[line->event]);
    cell_text(&w, line->terminal);
    cell_digits(&w, 6, line->stan);
    cell_digits(&w, 6, line->sent_stan);
    cell_text(&w, (const char *)mti);
    cell_text(&w, line->date);
    cell_text(&w, line->time);
    cell_text(&w, line->de7);
    cell_number(&w, line->amount_minor);
    cell_digits(&w, 3, line->currency);
    cell_text(&w, line->proc);
    cell_text(&w, line->pan_masked);
    cell_text(&w, line->pan_hash);
    cell_text(&w, line->code);
    cell_text(&w, line->auth);
    cell_text(&w, line->rrn);
    writer_u8(&w, '\n');
    CHECK(!w.overflow);
    journal->len += w.len;
}

int journal_sync(struct journal *journal)
{
    if (journal->fd < 0) {
        return 0;
    }
    if (journal->len != 0) {
        journal_write(journal);
    }
    if (journal->unsynced && journal->error == 0) {
        if (fdatasync(journal->fd) != 0) {
            (void)journal_fail(journal, "fdatasync");
        }
        journal->unsynced = false;
    }
    return journal->error;
}

void journal_close(struct journal *journal)
{
    if (journal->fd >= 0) {
        int synced = journal_sync(journal); /* told already, if it failed */
        (void)synced;
        close(journal->fd);
    }
    free(journal->buffer);
    journal->buffer = NULL;
    journal->fd = -1;
}
