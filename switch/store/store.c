/* The files of a store: made by --init, opened by one process alone.
 *
 * data.mdb   the tables, preallocated     key     seals PANs, mode 0400
 * lock.mdb   LMDB's                       lock    held by the process that may write
 *                                         failed  the last stop was a failed sync */
#include "switch/store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "switch/store/kv_lmdb.h"

enum { ZEROS_LEN = 1 << 20, SEAL_CHECK_LEN = 16 };

/* What store_create() makes, in the order of making. */
static const char *const file_names[] = {"lock", "data.mdb", "lock.mdb", "key"};

int store_path(const char *path, const char *name, char out[STORE_PATH_MAX])
{
    int len = snprintf(out, STORE_PATH_MAX, "%s/%s", path, name);
    return len > 0 && len < STORE_PATH_MAX ? 0 : ERR_LENGTH;
}

static int directory_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    int rc = fsync(fd) == 0 ? 0 : ERR_IO;
    close(fd);
    return rc;
}

static int zeros_write(int fd, off_t from, off_t upto)
{
    uint8_t *zeros = calloc(1, ZEROS_LEN);
    int rc = zeros == NULL ? ERR_MEMORY : 0;
    while (rc == 0 && from < upto) {
        size_t len = upto - from < ZEROS_LEN ? (size_t)(upto - from) : ZEROS_LEN;
        ssize_t written = pwrite(fd, zeros, len, from);
        if (written > 0) {
            from += written;
        } else if (written == 0 || errno != EINTR) {
            rc = ERR_IO;
        }
    }
    free(zeros);
    return rc;
}

/* Written zeros, not fallocate(): a block that was never written makes its first sync a journal
 * commit of the file system. */
static int preallocate(const char *path, uint64_t bytes)
{
    char file[STORE_PATH_MAX];
    TRY(store_path(path, "data.mdb", file));
    int fd = open(file, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    off_t size = lseek(fd, 0, SEEK_END);
    int rc = size < 0 ? ERR_IO : zeros_write(fd, size, (off_t)bytes);
    if (rc == 0 && fsync(fd) != 0) {
        rc = ERR_IO;
    }
    int saved = errno;
    close(fd);
    errno = saved;
    return rc;
}

/* Keep in `meta` what tells the key file from another. */
static int seal_check_write(struct kv *kv, const struct seal *seal)
{
    uint8_t value[SEAL_CHECK_LEN + CRC_LEN];
    struct kv_txn *txn = NULL;
    seal_check_value(seal, value);
    be32_put(value + SEAL_CHECK_LEN, crc32c(0, span_make(value, SEAL_CHECK_LEN)));
    TRY(kv_begin(kv, true, &txn));
    int rc = kv_put(txn, KV_meta, SPAN_LITERAL("seal"), span_make(value, sizeof value), KV_REPLACE);
    if (rc < 0) {
        kv_abort(txn);
        return rc;
    }
    return kv_commit(txn);
}

static int seal_check_read(struct kv *kv, uint8_t check[SEAL_CHECK_LEN])
{
    struct kv_txn *txn = NULL;
    struct span value;
    TRY(kv_begin(kv, false, &txn));
    int rc = kv_get(txn, KV_meta, SPAN_LITERAL("seal"), &value);
    if (rc == 0 && value.len == SEAL_CHECK_LEN + CRC_LEN &&
        crc32c(0, span_first(value, SEAL_CHECK_LEN)) == be32_get(value.ptr + SEAL_CHECK_LEN)) {
        memcpy(check, value.ptr, SEAL_CHECK_LEN);
    } else if (rc == 0 || rc == ERR_NOT_FOUND) {
        rc = ERR_CORRUPT;
    }
    kv_abort(txn);
    return rc;
}

static int tables_create(const struct store_settings *settings, struct kv *kv, uint32_t day,
                         int64_t wall_ms)
{
    char key[STORE_PATH_MAX];
    struct seal *seal = NULL;
    TRY(preallocate(settings->path, settings->prealloc_bytes < settings->map_bytes
                                        ? settings->prealloc_bytes
                                        : settings->map_bytes));
    TRY(store_path(settings->path, "key", key));
    TRY(seal_create(key));
    TRY(seal_open(key, NULL, &seal));
    int rc = seal_check_write(kv, seal);
    seal_close(seal);
    TRY(rc);
    /* Last: without these rows it is no store. */
    TRY(book_create(kv, day, wall_ms));
    return directory_sync(settings->path);
}

static int files_create(const struct store_settings *settings, uint32_t day, int64_t wall_ms)
{
    char lock[STORE_PATH_MAX];
    struct kv *kv = NULL;
    TRY(store_path(settings->path, "lock", lock));
    int fd = open(lock, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return ERR_IO;
    }
    int rc = flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : ERR_IO;
    rc = rc < 0 ? rc : kv_lmdb_open(settings->path, settings->map_bytes, &kv);
    if (rc == 0) {
        rc = tables_create(settings, kv, day, wall_ms);
        int saved = errno;
        kv_lmdb_close(kv);
        errno = saved;
    }
    close(fd);
    return rc;
}

int store_create(const struct store_settings *settings, uint32_t day, int64_t wall_ms)
{
    char file[STORE_PATH_MAX];
    bool made = mkdir(settings->path, 0700) == 0;
    if (!made && errno != EEXIST) {
        return ERR_IO;
    }
    for (size_t i = 0; i < ARRAY_COUNT(file_names); i++) {
        TRY(store_path(settings->path, file_names[i], file));
        if (access(file, F_OK) == 0) {
            return ERR_EXISTS;
        }
    }
    int rc = files_create(settings, day, wall_ms);
    if (rc < 0) {
        int saved = errno;
        for (size_t i = 0; i < ARRAY_COUNT(file_names); i++) {
            if (store_path(settings->path, file_names[i], file) == 0) {
                unlink(file);
            }
        }
        if (made) {
            rmdir(settings->path);
        }
        errno = saved;
        /* A map too small for the first rows is a wrong setting, but to the caller it is as full.
         */
        return rc == ERR_FULL ? ERR_IO : rc;
    }
    return 0;
}

void store_mark_failed(const struct store *store)
{
    char file[STORE_PATH_MAX];
    if (store_path(store->path, "failed", file) == 0) {
        int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0) {
            (void)fsync(fd);
            close(fd);
        }
        (void)directory_sync(store->path);
    }
}

/* After a failed sync the cache may hold what the disk does not: drop it before the map reads. */
static bool was_failed(const struct store *store)
{
    char file[STORE_PATH_MAX];
    if (store_path(store->path, "failed", file) < 0 || access(file, F_OK) != 0) {
        return false;
    }
    if (store_path(store->path, "data.mdb", file) == 0) {
        int fd = open(file, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) {
            (void)posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED);
            close(fd);
        }
    }
    return true;
}

static int failed_verify(struct store *store)
{
    char file[STORE_PATH_MAX];
    enum kv_table table = KV_meta;
    uint32_t day = 0;
    struct kv_txn *txn = NULL;
    TRY(kv_begin(store->kv, false, &txn));
    int rc = book_verify_rows(txn, &table);
    rc = rc < 0 ? rc : book_check_days(txn, &day);
    kv_abort(txn);
    TRY(rc);
    TRY(store_path(store->path, "failed", file));
    if (unlink(file) != 0) {
        return ERR_IO;
    }
    return directory_sync(store->path);
}

static int lock_take(struct store *store)
{
    char file[STORE_PATH_MAX];
    TRY(store_path(store->path, "lock", file));
    store->lock_fd = open(file, O_RDWR | O_CLOEXEC);
    if (store->lock_fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    }
    if (flock(store->lock_fd, LOCK_EX | LOCK_NB) != 0) {
        return errno == EWOULDBLOCK ? ERR_EXISTS : ERR_IO;
    }
    return 0;
}

static int parts_open(struct store *store)
{
    char file[STORE_PATH_MAX];
    uint8_t check[SEAL_CHECK_LEN];
    TRY(lock_take(store));
    TRY(store_path(store->path, "data.mdb", file));
    if (access(file, F_OK) != 0) {
        return ERR_NOT_FOUND;
    }
    bool failed = was_failed(store);
    TRY(kv_lmdb_open(store->path, store->settings.map_bytes, &store->kv));
    TRY(seal_check_read(store->kv, check));
    TRY(store_path(store->path, "key", file));
    TRY(seal_open(file, check, &store->seal));
    TRY(book_load(store->kv, &store->settings.book, &store->book));
    return failed ? failed_verify(store) : 0;
}

int store_open(const struct store_settings *settings, struct store **out)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL) {
        return ERR_MEMORY;
    }
    store->lock_fd = -1;
    store->settings = *settings;
    CHECK(pthread_mutex_init(&store->mutex, NULL) == 0);
    CHECK(pthread_cond_init(&store->work, NULL) == 0);
    int len = snprintf(store->path, sizeof store->path, "%s", settings->path);
    int rc = len < (int)sizeof store->path ? parts_open(store) : ERR_LENGTH;
    store->settings.path = store->path;
    if (rc < 0) {
        int saved = errno;
        store_close(store);
        errno = saved;
        return rc;
    }
    *out = store;
    return 0;
}

void store_close(struct store *store)
{
    CHECK(!store->running);
    book_free(store->book);
    if (store->kv != NULL) {
        kv_lmdb_close(store->kv);
    }
    seal_close(store->seal);
    if (store->lock_fd >= 0) {
        close(store->lock_fd);
    }
    pthread_cond_destroy(&store->work);
    pthread_mutex_destroy(&store->mutex);
    free(store->ring);
    free(store->batch.rows);
    free(store->ready.rows);
    free(store->delivering.rows);
    free(store);
}

struct book *store_book(struct store *store)
{
    return store->book;
}

struct kv *store_kv(struct store *store)
{
    return store->kv;
}

struct seal *store_seal(struct store *store)
{
    return store->seal;
}
