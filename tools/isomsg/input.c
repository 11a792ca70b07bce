#include "tools/isomsg/input.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/exit_code.h"
#include "tools/isomsg/keep.h"
#include "tools/isomsg/redact.h"

enum { READ_LEN = 1 << 16 };

int file_read(const char *path, uint8_t **bytes, size_t *len)
{
    bool is_stdin = strcmp(path, "-") == 0;
    FILE *file = is_stdin ? stdin : fopen(path, "re");
    size_t cap = READ_LEN;
    uint8_t *room = malloc(cap + 1);
    int err = file == NULL ? ERR_IO : room == NULL ? ERR_MEMORY : 0;
    *len = 0;
    while (err == 0) {
        *len += fread(room + *len, 1, cap - *len, file);
        if (*len < cap) {
            err = ferror(file) ? ERR_IO : 0;
            break;
        }
        if (cap >= INPUT_LEN_MAX) {
            err = ERR_LENGTH;
            break;
        }
        cap *= 2;
        uint8_t *more = realloc(room, cap + 1);
        err = more == NULL ? ERR_MEMORY : 0;
        room = more == NULL ? room : more;
    }
    int reason = errno;
    if (file != NULL && !is_stdin) {
        (void)fclose(file);
    }
    errno = reason;
    if (err < 0) {
        free(room);
        return err;
    }
    room[*len] = '\0';
    *bytes = room;
    return 0;
}

int input_hex(const char *hex, struct span *out)
{
    size_t len = 0;
    uint8_t *bytes = keep_new(strlen(hex) + 1);
    if (bytes == NULL) {
        return ERR_MEMORY;
    }
    for (; *hex != '\0'; hex++) {
        if (!isspace((unsigned char)*hex)) {
            bytes[len++] = (uint8_t)*hex;
        }
    }
    /* In place: a pair of characters is read before its byte is written over the first of them. */
    TRY(hex_decode(span_make(bytes, len), bytes));
    *out = span_make(bytes, len / 2);
    return 0;
}

/* The bytes into @input, one part. The exit code. */
static int part_open(const struct options *options, int index, struct input *input,
                     struct span *part)
{
    uint8_t *bytes = NULL;
    size_t len = 0;
    if (index < options->hex_count) {
        input->name = "--hex";
        if (input_hex(options->hex[index], part) < 0) {
            fprintf(stderr, "isomsg: --hex: an even number of hex digits is needed\n");
            return EXIT_CALLED_WRONG;
        }
        return EXIT_GOOD;
    }
    int arg = index - options->hex_count;
    input->name = arg < options->arg_count ? options->args[arg] : "-";
    int err = file_read(input->name, &bytes, &len);
    if (err < 0) {
        fprintf(stderr, "isomsg: %s: %s\n", text_told(input->name),
                err == ERR_IO ? strerror(errno) : err_text(err));
        return err == ERR_LENGTH ? EXIT_INPUT : EXIT_IO;
    }
    *part = span_make(keep(bytes), len);
    return EXIT_GOOD;
}

int input_open(const struct options *options, int index, struct input *input)
{
    struct span *part = keep_new(sizeof *part);
    *input = (struct input){.parts = part, .count = 1};
    if (part == NULL) {
        fprintf(stderr, "isomsg: out of memory\n");
        return EXIT_IO;
    }
    int code = part_open(options, index, input, part);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (part->len == 0) {
        fprintf(stderr, "isomsg: %s: there is nothing in it\n", text_told(input->name));
        return EXIT_INPUT;
    }
    if (!is_capture(*part)) {
        return EXIT_GOOD;
    }
    int err = capture_open(*part, options->port, input);
    return err == 0 ? EXIT_GOOD : err == ERR_CONFIG ? EXIT_INPUT : EXIT_IO;
}
