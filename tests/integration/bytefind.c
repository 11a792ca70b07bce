/* bytefind PATTERNS FILE...: where do secrets stand? Every pattern in every file, at any byte.
 *
 * A line of PATTERNS is a label, a tab and the bytes in hex (4 to 64 of them). Prints
 * "FILE LABEL OFFSET" for each first find of a pattern in a file, never the bytes. The last line is
 * "N found, P patterns, F files, B bytes". Exit 0: nothing found, 1: something, 3: a wrong input.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "iso8583/base/bytes.h"

enum {
    EXIT_FOUND = 1,
    EXIT_INPUT = 3,
    LABEL_LEN_MAX = 40,
    PATTERN_LEN_MIN = 4,
    PATTERN_LEN_MAX = 64,
    PATTERNS_MAX = 1 << 20,
    LINE_LEN = 256,
    HEADS = 1 << 16, /* patterns by their first two bytes */
};

struct pattern {
    char label[LABEL_LEN_MAX + 1];
    uint8_t bytes[PATTERN_LEN_MAX];
    uint32_t len;
    uint32_t next;    /* with the same head; 0: none, patterns count from 1 */
    uint32_t file_of; /* the last file it was found in */
};

static struct pattern *patterns;
static uint32_t pattern_count;
static uint32_t heads[HEADS];

static int pattern_add(char *line)
{
    char *tab = strchr(line, '\t');
    size_t hex_len = tab == NULL ? 0 : strcspn(tab + 1, "\n");
    if (tab == NULL || tab - line > LABEL_LEN_MAX || hex_len < 2 * PATTERN_LEN_MIN ||
        hex_len > 2 * PATTERN_LEN_MAX || pattern_count == PATTERNS_MAX) {
        return ERR_FORMAT;
    }
    struct pattern *pattern = &patterns[++pattern_count];
    memcpy(pattern->label, line, (size_t)(tab - line));
    TRY(hex_decode(span_make(tab + 1, hex_len), pattern->bytes));
    pattern->len = (uint32_t)(hex_len / 2);
    uint32_t *head = &heads[be16_get(pattern->bytes)];
    pattern->next = *head;
    *head = pattern_count;
    return 0;
}

static int patterns_read(const char *path)
{
    char line[LINE_LEN];
    FILE *file = fopen(path, "r");
    patterns = calloc(PATTERNS_MAX + 1, sizeof *patterns);
    if (file == NULL || patterns == NULL) {
        fprintf(stderr, "bytefind: %s: %s\n", path, strerror(errno));
        return ERR_IO;
    }
    int result = 0;
    while (result == 0 && fgets(line, sizeof line, file) != NULL) {
        result = pattern_add(line);
    }
    fclose(file);
    if (result != 0) {
        fprintf(stderr, "bytefind: %s: pattern %u is not LABEL<tab>HEX\n", path, pattern_count);
    }
    return result;
}

static uint64_t file_search(const char *path, uint32_t number, struct span bytes)
{
    uint64_t found = 0;
    for (size_t at = 0; at + PATTERN_LEN_MIN <= bytes.len; at++) {
        struct span rest = span_skip(bytes, at);
        for (uint32_t i = heads[be16_get(rest.ptr)]; i != 0; i = patterns[i].next) {
            struct pattern *pattern = &patterns[i];
            if (pattern->file_of != number && pattern->len <= rest.len &&
                memcmp(pattern->bytes, rest.ptr, pattern->len) == 0) {
                printf("%s %s %zu\n", path, pattern->label, at);
                pattern->file_of = number;
                found++;
            }
        }
    }
    return found;
}

int main(int argc, char **argv)
{
    uint64_t found = 0;
    uint64_t byte_count = 0;
    if (argc < 3 || patterns_read(argv[1]) != 0) {
        return EXIT_INPUT;
    }
    for (int i = 2; i < argc; i++) {
        struct stat stat;
        int fd = open(argv[i], O_RDONLY | O_CLOEXEC);
        if (fd < 0 || fstat(fd, &stat) != 0) {
            fprintf(stderr, "bytefind: %s: %s\n", argv[i], strerror(errno));
            return EXIT_INPUT;
        }
        size_t len = (size_t)stat.st_size;
        void *bytes = len == 0 ? NULL : mmap(NULL, len, PROT_READ, MAP_PRIVATE, fd, 0);
        if (bytes == MAP_FAILED) {
            fprintf(stderr, "bytefind: %s: %s\n", argv[i], strerror(errno));
            return EXIT_INPUT;
        }
        found += file_search(argv[i], (uint32_t)i, span_make(bytes, len));
        byte_count += len;
        if (bytes != NULL) {
            munmap(bytes, len);
        }
        close(fd);
    }
    printf("%llu found, %u patterns, %d files, %llu bytes\n", (unsigned long long)found,
           pattern_count, argc - 2, (unsigned long long)byte_count);
    return found == 0 ? 0 : EXIT_FOUND;
}
