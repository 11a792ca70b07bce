#include "tools/isomsg/input.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static uint8_t *bytes;

static int room_make(void)
{
    if (bytes == NULL) {
        bytes = malloc(INPUT_LEN_MAX + 1);
    }
    return bytes == NULL ? ERR_MEMORY : 0;
}

int input_read(const char *path, struct span *out)
{
    TRY(room_make());
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    if (file == NULL) {
        return ERR_IO;
    }
    size_t len = fread(bytes, 1, INPUT_LEN_MAX + 1, file);
    int err = ferror(file) ? ERR_IO : len > INPUT_LEN_MAX ? ERR_LENGTH : 0;
    if (!is_stdin) {
        (void)fclose(file);
    }
    *out = span_make(bytes, len);
    return err;
}

int input_hex(const char *hex, struct span *out)
{
    TRY(room_make());
    size_t len = 0;
    for (; *hex != '\0'; hex++) {
        if (isspace((unsigned char)*hex)) {
            continue;
        }
        if (len == INPUT_LEN_MAX) {
            return ERR_LENGTH;
        }
        bytes[len++] = (uint8_t)*hex;
    }
    /* In place: a pair of characters is read before its byte is written over the first of them. */
    TRY(hex_decode(span_make(bytes, len), bytes));
    *out = span_make(bytes, len / 2);
    return 0;
}
