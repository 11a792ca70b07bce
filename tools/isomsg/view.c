/* isomsg view: bytes to fields. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/exit_code.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/show.h"

/* Decode and print one message. Returns the exit code. */
static int message_view(const struct options *options, struct span wire)
{
    static uint8_t scratch[2 * FRAME_LEN_MAX];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_msg msg;
    struct iso_error error;
    iso_init(&msg, 0);
    int result = iso_decode(options->dialect, wire, &room, &msg, &error);
    struct show show = {options->dialect, wire, &msg, result < 0 ? &error : NULL, options->unmask};
    if (options->json) {
        show_json(&show);
    } else {
        show_text(&show);
    }
    return result < 0 ? EXIT_BAD : EXIT_GOOD;
}

static int frames_view(const struct options *options, struct span bytes)
{
    struct reader in = reader_make(bytes);
    int code = EXIT_GOOD;
    while (reader_left(&in) > 0) {
        size_t at = reader_offset(&in);
        struct span tpdu;
        struct span message;
        const uint8_t *start = in.ptr;
        int result = frame_next(options->framing, &in, &tpdu, &message);
        if (result < 0) {
            at += (size_t)(message.ptr - start); /* the byte at fault */
        }
        if (result <= 0) {
            fprintf(stderr, "isomsg: byte %zu: %s in framing %s\n", at,
                    result == 0 ? "the frame is not whole" : err_text(result),
                    options->framing->name);
            return EXIT_BAD;
        }
        if (message.len == 0 && options->framing->file) {
            break; /* the end mark of a file */
        }
        if (at > 0 && !options->json) {
            printf("\n");
        }
        if (message.len == 0) {
            fprintf(stderr, "isomsg: byte %zu: a frame without a message (keep-alive)\n", at);
            continue;
        }
        int viewed = message_view(options, message);
        code = viewed == EXIT_GOOD ? code : viewed;
    }
    return code;
}

/* A file in blocks: what is in them, without their ends. Bytes are then counted without, too. */
static int blocks_view(const struct options *options, struct span blocks)
{
    uint8_t *bytes = malloc(blocks.len);
    if (bytes == NULL) {
        return EXIT_IO;
    }
    struct writer out = writer_make(bytes, blocks.len);
    size_t at = 0;
    int code = EXIT_BAD;
    if (frame_unblock(blocks, &out, &at) < 0) {
        fprintf(stderr, "isomsg: byte %zu: no block of 1014 bytes that end with 40 40\n", at);
    } else {
        code = frames_view(options, writer_written(&out));
    }
    free(bytes);
    return code;
}

int view_run(const struct options *options)
{
    struct span bytes;
    const char *path = options->arg_count > 0 ? options->args[0] : "-";
    int err = options->hex != NULL ? input_hex(options->hex, &bytes) : input_read(path, &bytes);
    if (err == ERR_IO) {
        fprintf(stderr, "isomsg: %s: %s\n", path, strerror(errno));
        return EXIT_IO;
    }
    if (err < 0) {
        fprintf(stderr, "isomsg: %s\n",
                err == ERR_FORMAT ? "--hex: an even number of hex digits is "
                                    "needed"
                                  : err_text(err));
        return err == ERR_FORMAT ? EXIT_CALLED_WRONG : EXIT_INPUT;
    }
    if (bytes.len == 0) {
        fprintf(stderr, "isomsg: there is nothing to view\n");
        return EXIT_INPUT;
    }
    return options->framing->blocked ? blocks_view(options, bytes) : frames_view(options, bytes);
}
