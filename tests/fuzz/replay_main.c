/* Without libFuzzer: run every file of the directories named, each of its beginnings, and some
 * thousand seeded changes of it. The same bytes on every run. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "iso8583/base/check.h"
#include "tests/fuzz/fuzz.h"

/* A target whose every run takes long has fewer (CMakeLists.txt). */
#ifndef REPLAY_CHANGES
#define REPLAY_CHANGES 5000
#endif

enum { FILE_LEN_MAX = 65536, CHANGES = REPLAY_CHANGES };

static uint8_t file[FILE_LEN_MAX];

static uint32_t random_next(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*state >> 33);
}

/* Run @len bytes of @from with up to four bytes changed, in an allocation of just that size, so
 * that a sanitizer sees every byte read outside. */
static void run(const uint8_t *from, size_t len, unsigned changes, uint64_t *state)
{
    uint8_t *data = malloc(len != 0 ? len : 1);
    CHECK(data != NULL);
    memcpy(data, from, len);
    for (unsigned i = 0; i < changes && len != 0; i++) {
        uint32_t at = random_next(state);
        uint32_t value = random_next(state);
        data[at % len] = (uint8_t)value;
    }
    (void)LLVMFuzzerTestOneInput(data, len);
    free(data);
}

static void replay(const char *path)
{
    FILE *in = fopen(path, "rb");
    CHECK(in != NULL);
    size_t len = fread(file, 1, sizeof file, in);
    fclose(in);
    uint64_t state = 1;
    for (size_t cut = 0; cut <= len; cut++) {
        run(file, cut, 0, &state);
    }
    for (unsigned i = 0; i < CHANGES; i++) {
        run(file, len, 1 + i % 4, &state);
    }
}

int main(int argc, char **argv)
{
    unsigned count = 0;
    for (int i = 1; i < argc; i++) {
        DIR *dir = opendir(argv[i]);
        const struct dirent *entry;
        if (dir == NULL) {
            fprintf(stderr, "%s: no such directory\n", argv[i]);
            return 2;
        }
        while ((entry = readdir(dir)) != NULL) {
            char path[4096];
            if (entry->d_name[0] == '.') {
                continue;
            }
            snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
            replay(path);
            count++;
        }
        closedir(dir);
    }
    printf("%u seeds, each with its beginnings and %d changes\n", count, CHANGES);
    return count > 0 ? 0 : 1;
}
