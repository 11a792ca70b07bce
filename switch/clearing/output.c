#include "switch/clearing/output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>

enum { OUTPUT_BUFFER_LEN = 1 << 18, TMP_NAME_LEN = OUTPUT_NAME_LEN_MAX + 5 };

struct output {
    int fd;
    int dir_fd;
    EVP_MD_CTX *hash;
    uint64_t bytes; /* flushed */
    size_t len;     /* in the buffer */
    char name[OUTPUT_NAME_LEN_MAX + 1];
    uint8_t buffer[OUTPUT_BUFFER_LEN];
};

static void tmp_name(const char *name, char out[TMP_NAME_LEN])
{
    int len = snprintf(out, TMP_NAME_LEN, "%s.tmp", name);
    CHECK(len > 0 && len < TMP_NAME_LEN); /* So name fits OUTPUT_NAME_LEN_MAX, too. */
}

int output_open(int dir_fd, const char *name, struct output **out)
{
    char tmp[TMP_NAME_LEN];
    tmp_name(name, tmp);
    struct output *output = malloc(sizeof *output);
    if (output == NULL) {
        return ERR_MEMORY;
    }
    output->fd = -1;
    output->dir_fd = dir_fd;
    output->bytes = 0;
    output->len = 0;
    memset(output->name, 0, sizeof output->name);
    memcpy(output->name, name, strlen(name));
    output->hash = EVP_MD_CTX_new();
    if (output->hash == NULL || EVP_DigestInit_ex(output->hash, EVP_sha256(), NULL) != 1) {
        output_discard(output);
        return ERR_CRYPTO;
    }
    output->fd = openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (output->fd < 0) {
        int saved = errno;
        output_discard(output);
        errno = saved;
        return ERR_IO;
    }
    *out = output;
    return 0;
}

static int output_flush(struct output *output)
{
    size_t at = 0;
    if (EVP_DigestUpdate(output->hash, output->buffer, output->len) != 1) {
        return ERR_CRYPTO;
    }
    while (at < output->len) {
        ssize_t wrote = write(output->fd, output->buffer + at, output->len - at);
        if (wrote < 0 && errno == EINTR) {
            continue;
        }
        if (wrote <= 0) {
            return ERR_IO;
        }
        at += (size_t)wrote;
    }
    output->bytes += output->len;
    output->len = 0;
    return 0;
}

int output_write(struct output *output, struct span bytes)
{
    while (bytes.len > 0) {
        struct span part = span_first(bytes, OUTPUT_BUFFER_LEN - output->len);
        memcpy(output->buffer + output->len, part.ptr, part.len);
        output->len += part.len;
        bytes = span_skip(bytes, part.len);
        if (output->len == OUTPUT_BUFFER_LEN) {
            TRY(output_flush(output));
        }
    }
    return 0;
}

/* The buffer may have held card numbers. */
static void output_free(struct output *output)
{
    EVP_MD_CTX_free(output->hash);
    bytes_wipe(output->buffer, sizeof output->buffer);
    free(output);
}

int output_finish(struct output *output, struct output_file *file)
{
    int rc = output_flush(output);
    if (rc == 0 && fsync(output->fd) != 0) {
        rc = ERR_IO;
    }
    if (rc == 0 && EVP_DigestFinal_ex(output->hash, file->sha256, NULL) != 1) {
        rc = ERR_CRYPTO;
    }
    if (rc != 0) {
        int saved = errno;
        output_discard(output);
        errno = saved;
        return rc;
    }
    memcpy(file->name, output->name, sizeof file->name);
    file->bytes = output->bytes;
    (void)close(output->fd);
    output_free(output);
    return 0;
}

void output_discard(struct output *output)
{
    if (output == NULL) {
        return;
    }
    if (output->fd >= 0) {
        (void)close(output->fd);
        output_remove(output->dir_fd, output->name);
    }
    output_free(output);
}

int output_publish(int dir_fd, const char *name)
{
    char tmp[TMP_NAME_LEN];
    tmp_name(name, tmp);
    return renameat(dir_fd, tmp, dir_fd, name) == 0 ? 0 : ERR_IO;
}

void output_remove(int dir_fd, const char *name)
{
    char tmp[TMP_NAME_LEN];
    tmp_name(name, tmp);
    (void)unlinkat(dir_fd, tmp, 0);
}
