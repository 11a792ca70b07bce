/* isomsg mask: a copy with the card data replaced, and every length kept. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "tools/exit_code.h"
#include "tools/isomsg/cut.h"
#include "tools/isomsg/input.h"
#include "tools/isomsg/mask_message.h"
#include "tools/isomsg/options.h"
#include "tools/isomsg/redact.h"

enum { HEX_MESSAGE_LEN_MIN = 24, HEX_MESSAGE_LEN_MAX = 2 * FRAME_LEN_MAX + 64 };

/* --- messages ----------------------------------------------------------------------------------
 */

/* Mask the messages of @bytes in place. Returns how many could not be: their bytes are zeros then.
 */
static size_t frames_mask(const struct options *options, struct cards *cards, enum mask_with with,
                          uint8_t *bytes, size_t len, bool quiet)
{
    char why[MASK_WHY_LEN];
    struct cutter cutter;
    struct cut cut;
    size_t bad = 0;
    int result = cutter_open(&cutter, options->framing, span_make(bytes, len), why);
    while (result >= 0 && (result = cutter_next(&cutter, &cut, why)) == 1) {
        uint8_t *wire = bytes + (cut.wire.ptr - bytes);
        if (message_mask(options->dialect, cards, with, wire, cut.wire.len, why) < 0) {
            memset(wire, 0, cut.wire.len);
            bad++;
            if (!quiet) {
                fprintf(stderr, "isomsg: message %zu: %s; its bytes are zeros\n", cut.index + 1,
                        why);
            }
        }
    }
    if (result < 0) {
        size_t at = reader_offset(&cutter.in);
        memset(bytes + at, 0, len - at);
        bad++;
        if (!quiet) {
            fprintf(stderr, "isomsg: %s; what follows is zeros\n", why);
        }
    }
    return bad;
}

/* --- texts -------------------------------------------------------------------------------------
 */

static size_t hex_count(const char *text, size_t len)
{
    size_t count = 0;
    while (count < len && hex_value((uint8_t)text[count]) >= 0) {
        count++;
    }
    return count;
}

/* Mask the message whose hex is @text, in place; false if it is none. */
static bool hex_mask(const struct options *options, struct cards *cards, char *text, size_t len)
{
    uint8_t bytes[HEX_MESSAGE_LEN_MAX / 2];
    bool is_lower = false;
    for (size_t i = 0; i < len; i++) {
        is_lower |= islower((unsigned char)text[i]) != 0;
    }
    if (len % 2 != 0 || len < HEX_MESSAGE_LEN_MIN || len > HEX_MESSAGE_LEN_MAX ||
        hex_decode(span_make(text, len), bytes) < 0 ||
        frames_mask(options, cards, MASK_CARDS, bytes, len / 2, true) != 0) {
        return false;
    }
    hex_encode(span_make(bytes, len / 2), (uint8_t *)text);
    for (size_t i = 0; i < len && is_lower; i++) {
        text[i] = (char)tolower((unsigned char)text[i]);
    }
    return true;
}

/* Card data found in a text becomes a test card: a number keeps its separators. */
static void secret_replace(struct cards *cards, char *text, const struct secret *secret)
{
    uint8_t digits[64];
    size_t count = 0;
    uint8_t *at = (uint8_t *)text + secret->at;
    if (secret->kind == SECRET_TRACK) {
        size_t lead = *at == 'A' || *at == 'B' ? 1 : 0;
        track_replace(cards, at + lead, secret->len - lead, "=Dd^");
        return;
    }
    for (size_t i = 0; i < secret->len; i++) {
        if (byte_is_digit(at[i]) && count < sizeof digits) {
            digits[count++] = at[i];
        }
    }
    bool is_number = secret->kind == SECRET_PAN && count <= CARD_LEN_MAX;
    if (is_number) {
        card_replace(cards, digits, count);
    }
    for (size_t i = 0, k = 0; i < secret->len; i++) {
        if (is_number && byte_is_digit(at[i])) {
            at[i] = digits[k++];
        } else if (!is_number) {
            at[i] = '0';
        }
    }
    bytes_wipe(digits, sizeof digits);
}

/* Put stars or zeros where @marks says so; plain numbers and tracks become test cards before. */
static void marks_apply(struct cards *cards, enum mask_with with, char *line, size_t len,
                        uint8_t *marks)
{
    struct secret secret;
    size_t from = 0;
    while (with == MASK_CARDS && secret_next(span_make(line, len), from, SEARCH_WIDE, &secret)) {
        bool is_marked = false;
        bool is_hex = false;
        for (size_t i = 0; i < secret.len; i++) {
            is_marked |= (marks[secret.at + i] & MARK_HIDDEN) != 0;
            is_hex |= (marks[secret.at + i] & MARK_ZONE) != 0;
        }
        if (is_marked && !is_hex) {
            secret_replace(cards, line, &secret);
            memset(marks + secret.at, 0, secret.len);
            from = secret.at + secret.len;
        } else {
            from = secret.at + 1;
        }
    }
    for (size_t i = 0; i < len; i++) {
        if (with == MASK_STARS && marks[i] != 0) {
            line[i] = '*';
        } else if (with == MASK_CARDS && (marks[i] & MARK_HIDDEN) != 0) {
            line[i] = '0';
        }
    }
}

static int line_mask(const struct options *options, struct cards *cards, enum mask_with with,
                     char *line, size_t len)
{
    uint8_t *marks = calloc(len + 1, 1);
    if (marks == NULL) {
        return ERR_MEMORY;
    }
    text_mark(span_make(line, len), SEARCH_WIDE, marks);
    for (size_t at = 0; at < len && options->dialect != NULL;) {
        size_t count = hex_count(line + at, len - at);
        if (count >= HEX_MESSAGE_LEN_MIN && hex_mask(options, cards, line + at, count)) {
            memset(marks + at, 0, count); /* what is in it now is made up */
        }
        at += count + 1;
    }
    marks_apply(cards, with, line, len, marks);
    free(marks);
    return 0;
}

static int text_mask(const struct options *options, struct cards *cards, enum mask_with with,
                     char *text, size_t len)
{
    for (size_t at = 0; at < len;) {
        const char *end = memchr(text + at, '\n', len - at);
        size_t line = end == NULL ? len - at : (size_t)(end - text) - at;
        TRY(line_mask(options, cards, with, text + at, line));
        at += line + 1;
    }
    return 0;
}

/* --- the verb ----------------------------------------------------------------------------------
 */

static int bytes_out(const struct options *options, const uint8_t *bytes, size_t len, FILE *out)
{
    if (options->hex_count == 0 || options->binary) {
        return fwrite(bytes, 1, len, out) == len ? EXIT_GOOD : EXIT_IO;
    }
    for (size_t i = 0; i < len; i++) {
        fprintf(out, "%02X", bytes[i]);
    }
    return fprintf(out, "\n") > 0 ? EXIT_GOOD : EXIT_IO;
}

static int input_mask(const struct options *options, const struct input *input, struct cards *cards,
                      enum mask_with with, bool is_text, FILE *out)
{
    int code = EXIT_GOOD;
    for (size_t i = 0; i < input->count; i++) {
        /* The input's memory is ours to write to (input.h). */
        uint8_t *bytes = (uint8_t *)(uintptr_t)input->parts[i].ptr;
        size_t len = input->parts[i].len;
        if (is_text) {
            if (text_mask(options, cards, with, (char *)bytes, len) < 0) {
                fprintf(stderr, "isomsg: out of memory\n");
                return EXIT_IO;
            }
        } else if (frames_mask(options, cards, with, bytes, len, false) != 0) {
            code = EXIT_BAD;
        }
        if (bytes_out(options, bytes, len, out) != EXIT_GOOD) {
            fprintf(stderr, "isomsg: %s\n", strerror(errno));
            return EXIT_IO;
        }
    }
    return code;
}

int mask_run(const struct options *options)
{
    struct cards *cards = NULL;
    struct input input;
    bool is_text = options->text || options->dialect == NULL;
    enum mask_with with = is_text ? MASK_STARS : MASK_CARDS;
    if (options->with != NULL) {
        with = strcmp(options->with, "cards") == 0 ? MASK_CARDS : MASK_STARS;
        if (with == MASK_STARS && strcmp(options->with, "stars") != 0) {
            fprintf(stderr, "isomsg: --with takes stars or cards\n");
            return EXIT_CALLED_WRONG;
        }
    }
    if (options->framing->blocked) {
        fprintf(stderr, "isomsg: a file in blocks is not masked; take the blocks out first\n");
        return EXIT_CALLED_WRONG;
    }
    int code = input_open(options, 0, &input);
    if (code != EXIT_GOOD) {
        return code;
    }
    if (is_text && input.is_capture) {
        fprintf(stderr, "isomsg: a capture is masked with --dialect and --frame\n");
        return EXIT_CALLED_WRONG;
    }
    FILE *out = options->output == NULL ? stdout : fopen(options->output, "wbe");
    if (out == NULL || cards_open(&cards) < 0) {
        fprintf(stderr, "isomsg: %s\n", out == NULL ? strerror(errno) : "out of memory");
        return EXIT_IO;
    }
    code = input_mask(options, &input, cards, with, is_text, out);
    if (fflush(out) != 0 || (out != stdout && fclose(out) != 0)) {
        fprintf(stderr, "isomsg: %s\n", strerror(errno));
        code = EXIT_IO;
    }
    cards_close(cards);
    return code;
}
