/* isomsg doctor: bytes in, how they are framed and written out. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/exit_code.h"
#include "tools/isomsg/guess.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/options.h"

enum { TOLD_MAX = 6 };

static const char *mti_text(const struct guess *guess, char out[5])
{
    memset(out, 0, 5);
    if (guess->mti != 0) {
        mti_print(guess->mti, (uint8_t *)out);
    }
    return out;
}

/* @port 0: the bytes are of no capture. */
static void guesses_json(const struct guesses *guesses, uint16_t port)
{
    json_t *list = json_array();
    char mti[5];
    for (size_t i = 0; i < guesses->count; i++) {
        const struct guess *guess = &guesses->best[i];
        (void)json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:I, s:s}", "frame",
                                                    guess->framing.name, "dialect", guess->dialect,
                                                    "mti", mti_text(guess, mti), "left",
                                                    (json_int_t)guess->left, "why", guess->why));
    }
    json_t *whole = json_object();
    if (port != 0) {
        (void)json_object_set_new(whole, "port", json_integer(port));
    }
    (void)json_object_set_new(whole, "guesses", list);
    (void)json_dumpf(whole, stdout, JSON_COMPACT);
    printf("\n");
    json_decref(whole);
}

/* The dialect of @guess as a file of dialect(5), if it is not one that is built in. */
static void tweaks_tell(const struct guess *guess)
{
    const char *about;
    const char *text;
    const char *rest = strchr(guess->dialect, '+');
    if (rest == NULL) {
        return;
    }
    printf("that is %.*s, but\n", (int)(rest - guess->dialect), guess->dialect);
    while (*rest == '+') {
        rest++;
        size_t len = strcspn(rest, "+");
        bool is_told = false;
        for (size_t i = 0; (text = tweak_at(i, &about)) != NULL; i++) {
            if (strlen(text) == len && strncmp(text, rest, len) == 0) {
                printf("  %s\n", about);
                is_told = true;
            }
        }
        if (!is_told) {
            printf("  DE%.*s\n", (int)len, rest);
        }
        rest += len;
    }
}

static void guesses_print(const struct guesses *guesses, size_t len, const char *confirm,
                          bool verbose)
{
    printf("%zu bytes. Tried %u framings x %u dialects; %u of the framings cut the bytes.\n", len,
           guesses->framings, guesses->dialects, guesses->cutting);
    for (size_t i = 0; i < guesses->count && (i < TOLD_MAX || verbose); i++) {
        const struct guess *guess = &guesses->best[i];
        char mti[5];
        printf("  %-6s frame %s, dialect %s   %s, %u message%s, %u fields, %zu bytes left over\n"
               "         %s\n",
               !guess->whole ? "no"
               : i == 0      ? "best"
                             : "or",
               guess->framing.name, guess->dialect, mti_text(guess, mti), guess->messages,
               guess->messages == 1 ? "" : "s", guess->fields, guess->left, guess->why);
    }
    if (guesses->count == 0) {
        printf("  nothing fits\n");
    } else if (guesses->best[0].whole) {
        const struct guess *best = &guesses->best[0];
        tweaks_tell(best);
        printf("confirm: isomsg view %s --frame '%s' --dialect '%s'\n", confirm, best->framing.name,
               best->dialect);
    }
}

/* Guess @parts and tell. The exit code. */
static int parts_judge(const struct options *options, const struct span *parts, size_t count,
                       uint16_t port, const char *confirm)
{
    struct guesses *guesses = malloc(sizeof *guesses);
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        len += parts[i].len;
    }
    if (guesses == NULL || guesses_make(parts, count, options->dialect, 0, guesses) < 0) {
        fprintf(stderr, "isomsg: out of memory\n");
        free(guesses);
        return EXIT_IO;
    }
    if (!options->json && port != 0) {
        printf("port %u: ", (unsigned)port);
    }
    if (options->json) {
        guesses_json(guesses, port);
    } else {
        guesses_print(guesses, len, confirm, options->all);
    }
    int code = guesses->count != 0 && guesses->best[0].whole ? EXIT_GOOD : EXIT_BAD;
    free(guesses);
    return code;
}

int doctor_run(const struct options *options)
{
    struct input input;
    int code = input_open(options, 0, &input);
    if (code != EXIT_GOOD) {
        return code;
    }
    char confirm[256];
    if (options->hex_count > 0) {
        (void)snprintf(confirm, sizeof confirm, "--hex ...");
    } else {
        (void)snprintf(confirm, sizeof confirm, "%.200s",
                       options->arg_count > 0 ? options->args[0] : "-");
    }
    if (!input.is_capture) {
        return parts_judge(options, &input.parts[0], 1, 0, confirm);
    }
    code = EXIT_GOOD;
    for (size_t i = 0; i < input.count;) {
        size_t count = 1;
        while (i + count < input.count && count < GUESS_STREAMS_MAX &&
               input.ports[i + count] == input.ports[i]) {
            count++;
        }
        int judged = parts_judge(options, &input.parts[i], count, input.ports[i], confirm);
        code = judged != EXIT_GOOD ? judged : code;
        i += count;
    }
    return code;
}
