/* Making a store: whole, or not at all, whenever the maker is killed.
 *
 * All is made and synced in the folder `unfinished`; then the key is linked beside it, and data.mdb
 * moves last. So a store is what has a data.mdb, and everything else is to be made anew. A key that
 * has the inode of the key in `unfinished` is ours to remove; any other may be all that is left of
 * a store, and is never touched. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "switch/store/kv_lmdb.h"
#include "switch/store/store_internal.h"

enum { ZEROS_LEN = 1 << 20 };

/* Where a store comes to stand, and where it is made. */
struct site {
    char data[STORE_PATH_MAX];
    char key[STORE_PATH_MAX];
    char folder[STORE_PATH_MAX];
    char new_data[STORE_PATH_MAX];
    char new_key[STORE_PATH_MAX];
    char new_lock[STORE_PATH_MAX]; /* LMDB's: not kept, the first to open the store makes its own */
};

static int site_name(const char *path, struct site *site)
{
    TRY(store_path(path, "data.mdb", site->data));
    TRY(store_path(path, "key", site->key));
    TRY(store_path(path, "unfinished", site->folder));
    TRY(store_path(site->folder, "data.mdb", site->new_data));
    TRY(store_path(site->folder, "key", site->new_key));
    return store_path(site->folder, "lock.mdb", site->new_lock);
}

static bool is_there(const char *file)
{
    struct stat stat;
    return lstat(file, &stat) == 0 || errno != ENOENT;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat of_a;
    struct stat of_b;
    return lstat(a, &of_a) == 0 && lstat(b, &of_b) == 0 && of_a.st_ino == of_b.st_ino &&
           of_a.st_dev == of_b.st_dev;
}

static void folder_remove(const struct site *site)
{
    unlink(site->new_data);
    unlink(site->new_lock);
    unlink(site->new_key);
    rmdir(site->folder);
}

void store_leftovers_remove(const char *path)
{
    struct site site;
    if (site_name(path, &site) == 0 && is_there(site.folder)) {
        folder_remove(&site);
    }
}

/* What there is of a store that has no data.mdb. Our key goes first: the one in the folder is what
 * tells that it is ours. */
static void unfinished_remove(const struct site *site)
{
    if (is_same_file(site->key, site->new_key)) {
        unlink(site->key);
    }
    folder_remove(site);
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
static int preallocate(const char *file, uint64_t bytes)
{
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

static int tables_make(const struct store_settings *settings, const struct site *site,
                       struct kv *kv, uint32_t day, int64_t wall_ms)
{
    struct seal *seal = NULL;
    TRY(preallocate(site->new_data, settings->prealloc_bytes < settings->map_bytes
                                        ? settings->prealloc_bytes
                                        : settings->map_bytes));
    TRY(seal_create(site->new_key));
    TRY(seal_open(site->new_key, NULL, &seal));
    int rc = seal_check_write(kv, seal);
    seal_close(seal);
    TRY(rc);
    return book_create(kv, day, wall_ms);
}

static int files_make(const struct store_settings *settings, const struct site *site, uint32_t day,
                      int64_t wall_ms)
{
    struct kv *kv = NULL;
    if (mkdir(site->folder, 0700) != 0) {
        return ERR_IO;
    }
    TRY(kv_lmdb_open(site->folder, settings->map_bytes, &kv));
    int rc = tables_make(settings, site, kv, day, wall_ms);
    int saved = errno;
    kv_lmdb_close(kv);
    errno = saved;
    TRY(rc);
    return store_directory_sync(site->folder);
}

/* The key before the tables, durably: a store without its key is worthless. */
static int files_publish(const char *path, const struct site *site)
{
    if (link(site->new_key, site->key) != 0) {
        return errno == EEXIST ? ERR_EXISTS : ERR_IO;
    }
    TRY(store_directory_sync(path));
    if (rename(site->new_data, site->data) != 0) {
        return ERR_IO;
    }
    TRY(store_directory_sync(path));
    folder_remove(site);
    return 0;
}

static int make(const struct store_settings *settings, const struct site *site, uint32_t day,
                int64_t wall_ms)
{
    if (is_there(site->data) || (is_there(site->key) && !is_same_file(site->key, site->new_key))) {
        return ERR_EXISTS;
    }
    unfinished_remove(site);
    int rc = files_make(settings, site, day, wall_ms);
    rc = rc < 0 ? rc : files_publish(settings->path, site);
    int saved = errno;
    if (rc < 0 && !is_there(site->data)) {
        unfinished_remove(site);
    }
    errno = saved;
    return rc;
}

int store_create(const struct store_settings *settings, uint32_t day, int64_t wall_ms)
{
    struct site site;
    char parent[STORE_PATH_MAX];
    TRY(site_name(settings->path, &site));
    TRY(store_path(settings->path, "..", parent));
    bool made = mkdir(settings->path, 0700) == 0;
    if (!made && errno != EEXIST) {
        return ERR_IO;
    }
    if (made) {
        (void)store_directory_sync(parent); /* it may be writable to us, and not readable */
    }
    int fd = -1;
    int rc = store_lock(settings->path, &fd);
    if (rc == 0) {
        rc = make(settings, &site, day, wall_ms);
    }
    int failed = errno;
    if (fd >= 0) {
        if (rc < 0 && made) {
            rmdir(settings->path);
        }
        close(fd);
    }
    errno = failed;
    /* A map too small for the first rows is a wrong setting, but to the caller it is as full. */
    return rc == ERR_FULL ? ERR_IO : rc;
}
