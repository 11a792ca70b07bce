/* The files of a store: made by --init (create.c), opened by one process alone.
 *
 * data.mdb   the tables, preallocated     key         seals PANs, mode 0400
 * lock.mdb   LMDB's                       failed      the last stop was a failed sync
 *                                         unfinished  a folder: where --init makes them
 *
 * The directory itself is locked by the process that may write, so that no file is needed for it
 * and every name of it is the same lock. */
#include "switch/store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "switch/store/kv_lmdb.h"

int store_path(const char *path, const char *name, char out[STORE_PATH_MAX])
{
    int len = snprintf(out, STORE_PATH_MAX, "%s/%s", path, name);
    return len > 0 && len < STORE_PATH_MAX ? 0 : ERR_LENGTH;
}

int store_directory_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    int rc = fsync(fd) == 0 ? 0 : ERR_IO;
    close(fd);
    return rc;
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

void store_mark_failed(const struct store *store)
{
    char file[STORE_PATH_MAX];
    if (store_path(store->path, "failed", file) == 0) {
        int fd = open(file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (fd >= 0) {
            (void)fsync(fd);
            close(fd);
        }
        (void)store_directory_sync(store->path);
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
    return store_directory_sync(store->path);
}

int store_lock(const char *path, int *out)
{
    struct stat stat;
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    }
    int rc = 0;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        rc = errno == EWOULDBLOCK ? ERR_EXISTS : ERR_IO;
    } else if (fstat(fd, &stat) != 0) {
        rc = ERR_IO;
    } else if (stat.st_nlink == 0) {
        rc = ERR_EXISTS; /* Who made it failed, and removed it. */
    }
    if (rc < 0) {
        int saved = errno;
        close(fd);
        errno = saved;
        return rc;
    }
    *out = fd;
    return 0;
}

static int parts_open(struct store *store)
{
    char file[STORE_PATH_MAX];
    uint8_t check[SEAL_CHECK_LEN];
    TRY(store_lock(store->path, &store->lock_fd));
    TRY(store_path(store->path, "data.mdb", file));
    if (access(file, F_OK) != 0) {
        return ERR_NOT_FOUND;
    }
    store_leftovers_remove(store->path);
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
