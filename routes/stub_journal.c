#include "routes/stub_journal.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUFFER_LEN = 1 << 20 };

struct stub_journal {
    int fd;
    int error; /* errno of the first failure; it stays */
    bool is_dirty;
    struct writer buffer;
};

static void buffer_write(struct stub_journal *journal)
{
    struct span rest = writer_written(&journal->buffer);
    while (rest.len > 0 && journal->error == 0) {
        ssize_t count = write(journal->fd, rest.ptr, rest.len);
        if (count < 0 && errno != EINTR) {
            journal->error = errno;
        }
        rest = span_skip(rest, count > 0 ? (size_t)count : 0);
    }
    journal->buffer.len = 0;
}

void journal_append(struct stub_journal *journal, const struct stub_entry *entry)
{
    if (journal->buffer.cap - journal->buffer.len < STUB_ENTRY_LEN_MAX) {
        buffer_write(journal);
    }
    entry_write(entry, &journal->buffer);
    CHECK(!journal->buffer.overflow);
    journal->is_dirty = true;
}

int journal_sync(struct stub_journal *journal)
{
    if (!journal->is_dirty) {
        return 0;
    }
    buffer_write(journal);
    if (journal->error == 0 && fdatasync(journal->fd) != 0) {
        journal->error = errno;
    }
    if (journal->error != 0) {
        errno = journal->error;
        return ERR_IO;
    }
    journal->is_dirty = false;
    return 0;
}

/* Replay the lines of @source. @whole_len: bytes of the file that are whole lines. */
static int replay(struct source *source, struct stub *stub, size_t *whole_len)
{
    size_t offset = 0;
    uint32_t number = 0;
    struct span line = SPAN_NONE;
    *whole_len = 0;
    while (source_next_line(source, &offset, &number, &line)) {
        if (source->text.ptr[offset - 1] != '\n') {
            break; /* It was being written when the process died: nobody was told. */
        }
        *whole_len = offset;
        if (number == 1) {
            struct span header = span_first(SPAN_LITERAL(STUB_JOURNAL_HEADER), line.len);
            if (line.len + 1 != sizeof STUB_JOURNAL_HEADER - 1 || !span_equal(line, header)) {
                source_error(source, (struct place){1, 1, (uint32_t)line.len},
                             "this is no journal of an issuer stub");
                return ERR_CONFIG;
            }
            continue;
        }
        struct stub_entry entry;
        TRY(entry_read(source, number, line, &entry));
        if (stub_replay(stub, &entry) < 0) {
            source_error(source, (struct place){number, 1, (uint32_t)line.len},
                         "the accounts are not those that this journal was written for");
            return ERR_CONFIG;
        }
    }
    return 0;
}

static int load(int fd, size_t len, const char *path, struct stub *stub, source_report report,
                void *context, size_t *whole_len)
{
    *whole_len = 0;
    if (len == 0) {
        return 0;
    }
    void *bytes = mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return ERR_IO;
    }
    struct source source = {
        .name = path, .text = span_make(bytes, len), .report = report, .context = context};
    int status = replay(&source, stub, whole_len);
    (void)munmap(bytes, len);
    return status;
}

/* A new file is only there for good when its directory says so. */
static int directory_sync(const char *path)
{
    char copy[PATH_MAX];
    if (strlen(path) >= sizeof copy) {
        errno = ENAMETOOLONG;
        return ERR_IO;
    }
    memcpy(copy, path, strlen(path) + 1);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    int status = fsync(fd);
    (void)close(fd);
    return status == 0 ? 0 : ERR_IO;
}

/* Load, cut off what is not whole, and stand at the end. */
static int prepare(struct stub_journal *journal, const char *path, struct stub *stub,
                   source_report report, void *context)
{
    struct stat stat_;
    if (fstat(journal->fd, &stat_) != 0) {
        return ERR_IO;
    }
    size_t len = (size_t)stat_.st_size;
    size_t whole_len = 0;
    TRY(load(journal->fd, len, path, stub, report, context, &whole_len));
    if (whole_len < len && ftruncate(journal->fd, (off_t)whole_len) != 0) {
        return ERR_IO;
    }
    if (lseek(journal->fd, 0, SEEK_END) < 0) {
        return ERR_IO;
    }
    if (whole_len == 0) {
        writer_text(&journal->buffer, STUB_JOURNAL_HEADER);
        journal->is_dirty = true;
        TRY(journal_sync(journal));
    }
    return directory_sync(path);
}

int journal_open(const char *path, struct stub *stub, source_report report, void *context,
                 struct stub_journal **out)
{
    struct stub_journal *journal = calloc(1, sizeof *journal);
    uint8_t *buffer = malloc(BUFFER_LEN);
    if (journal == NULL || buffer == NULL) {
        free(journal);
        free(buffer);
        return ERR_MEMORY;
    }
    journal->buffer = writer_make(buffer, BUFFER_LEN);
    journal->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    int status = journal->fd < 0 ? ERR_IO : prepare(journal, path, stub, report, context);
    if (status < 0) {
        int error = errno;
        journal_close(journal);
        errno = error;
        return status;
    }
    *out = journal;
    return 0;
}

void journal_close(struct stub_journal *journal)
{
    if (journal == NULL) {
        return;
    }
    if (journal->fd >= 0) {
        (void)close(journal->fd);
    }
    free(journal->buffer.ptr);
    free(journal);
}
