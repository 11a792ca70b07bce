/* isomsg pack: fields to bytes. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/exit_code.h"
#include "tools/isomsg/draft.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/redact.h"

enum { OUT_LEN = FRAME_HEAD_LEN_MAX + FRAME_LEN_MAX + 64 };

static int bytes_write(const struct options *options, struct span bytes, FILE *out)
{
    static char hex[2 * OUT_LEN + 1];
    if (options->binary) {
        return fwrite(bytes.ptr, 1, bytes.len, out) == bytes.len ? EXIT_GOOD : EXIT_IO;
    }
    hex_encode(bytes, (uint8_t *)hex);
    hex[2 * bytes.len] = '\0';
    return fprintf(out, options->json ? "{\"hex\":\"%s\"}\n" : "%s\n", hex) > 0 ? EXIT_GOOD
                                                                                : EXIT_IO;
}

/* The arguments over what the draft has, and out with it. */
static int draft_finish(const struct options *options, struct draft *draft, FILE *out)
{
    uint8_t message_room[FRAME_LEN_MAX];
    uint8_t frame_room[OUT_LEN];
    struct writer message = writer_make(message_room, sizeof message_room);
    struct writer frame = writer_make(frame_room, sizeof frame_room);
    struct span tpdu = SPAN_NONE;
    if (options->mti != NULL && draft_set(draft, "mti", span_text(options->mti)) < 0) {
        return EXIT_CALLED_WRONG;
    }
    for (int i = 0; i < options->arg_count; i++) {
        if (draft_argument(draft, options->args[i]) < 0) {
            return EXIT_CALLED_WRONG;
        }
    }
    if (draft_write(draft, &message) < 0) {
        return EXIT_CALLED_WRONG;
    }
    if (options->tpdu != NULL &&
        (input_hex(options->tpdu, &tpdu) < 0 || tpdu.len != options->framing->tpdu)) {
        fprintf(stderr, "isomsg: --tpdu: hex of %u bytes is needed in framing %s\n",
                (unsigned)options->framing->tpdu, options->framing->name);
        return EXIT_CALLED_WRONG;
    }
    if (frame_write(options->framing, tpdu, writer_written(&message), &frame) < 0) {
        fprintf(stderr, "isomsg: the message is too long for framing %s\n", options->framing->name);
        return EXIT_CALLED_WRONG;
    }
    return bytes_write(options, writer_written(&frame), out);
}

/* Every object of the JSON file, each a message. */
static int json_pack_all(const struct options *options, struct draft *draft, FILE *out)
{
    uint8_t *text = NULL;
    size_t len = 0;
    size_t at = 0;
    size_t count = 0;
    if (file_read(options->from, &text, &len) < 0) {
        fprintf(stderr, "isomsg: %s: %s\n", text_told(options->from), strerror(errno));
        return EXIT_IO;
    }
    int code = EXIT_GOOD;
    int result = 0;
    while (code == EXIT_GOOD &&
           (result = draft_json(draft, options->from, (const char *)text, &at)) == 1) {
        code = draft_finish(options, draft, out);
        draft_clear(draft);
        count++;
    }
    if (result == 0 && count == 0 && code == EXIT_GOOD) {
        fprintf(stderr, "isomsg: %s: there is nothing in it\n", text_told(options->from));
        code = EXIT_INPUT;
    }
    bytes_wipe(text, len);
    free(text);
    return result < 0 ? EXIT_INPUT : code;
}

int pack_run(const struct options *options)
{
    struct draft *draft = NULL;
    if (draft_open(options->dialect, &draft) < 0) {
        fprintf(stderr, "isomsg: out of memory\n");
        return EXIT_IO;
    }
    FILE *out = options->output == NULL ? stdout : fopen(options->output, "wbe");
    if (out == NULL) {
        fprintf(stderr, "isomsg: %s: %s\n", text_told(options->output), strerror(errno));
        draft_close(draft);
        return EXIT_IO;
    }
    int code = options->from != NULL ? json_pack_all(options, draft, out)
                                     : draft_finish(options, draft, out);
    if (fflush(out) != 0 || (out != stdout && fclose(out) != 0)) {
        fprintf(stderr, "isomsg: %s\n", strerror(errno));
        code = EXIT_IO;
    }
    draft_close(draft);
    return code;
}
