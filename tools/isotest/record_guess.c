#include "tools/isotest/record_guess.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect.h"
#include "iso8583/frame.h"
#include "iso8583/message.h"

enum {
    HEADS_MAX = 32, /* streams whose first bytes are kept */
    HEAD_LEN = 2048,
};

/* The first bytes of one direction of a connection. */
struct head {
    struct stream_id id;
    size_t len;
    uint8_t bytes[HEAD_LEN];
};

struct guesses {
    size_t count;
    struct head heads[HEADS_MAX];
};

int guesses_open(struct guesses **out)
{
    *out = calloc(1, sizeof **out);
    return *out == NULL ? ERR_MEMORY : 0;
}

void guesses_close(struct guesses *guesses)
{
    if (guesses != NULL) {
        bytes_wipe(guesses, sizeof *guesses);
    }
    free(guesses);
}

void guesses_keep(struct guesses *guesses, struct stream_id id, struct span bytes)
{
    struct head *head = NULL;
    for (size_t i = 0; i < guesses->count; i++) {
        if (guesses->heads[i].id.connection == id.connection &&
            guesses->heads[i].id.from_client == id.from_client) {
            head = &guesses->heads[i];
        }
    }
    if (head == NULL && guesses->count < HEADS_MAX) {
        head = &guesses->heads[guesses->count++];
        head->id = id;
    }
    if (head != NULL) {
        struct span part = span_first(bytes, HEAD_LEN - head->len);
        memcpy(head->bytes + head->len, part.ptr, part.len);
        head->len += part.len;
    }
}

bool guesses_have(const struct guesses *guesses)
{
    return guesses->count > 0;
}

/* How many messages of @dialect the streams begin with, cut by @framing. */
static uint32_t messages_count(const struct guesses *guesses, const struct framing *framing,
                               const struct iso_dialect *dialect)
{
    uint8_t room[2 * HEAD_LEN];
    uint32_t count = 0;
    for (size_t i = 0; i < guesses->count; i++) {
        struct reader in = reader_make(span_make(guesses->heads[i].bytes, guesses->heads[i].len));
        struct span tpdu;
        struct span wire;
        while (frame_next(framing, &in, &tpdu, &wire) == 1) {
            struct iso_msg msg;
            struct iso_error unused;
            struct writer scratch = writer_make(room, sizeof room);
            if (wire.len > 0 && iso_decode(dialect, wire, &scratch, &msg, &unused) < 0) {
                break;
            }
            count += wire.len > 0;
        }
    }
    bytes_wipe(room, sizeof room);
    return count;
}

struct guess guesses_best(const struct guesses *guesses)
{
    struct guess best = {0};
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        for (size_t k = 0; dialect_at(k) != NULL && !framing_at(i)->file; k++) {
            uint32_t count = messages_count(guesses, framing_at(i), dialect_at(k));
            if (count > best.messages) {
                best = (struct guess){framing_at(i), dialect_at(k), count};
            }
        }
    }
    return best;
}

__attribute__((format(printf, 3, 4))) static void text_add(char *buf, size_t cap,
                                                           const char *format, ...)
{
    size_t len = strlen(buf);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(buf + len, cap - len, format, arguments);
    va_end(arguments);
}

const char *guesses_tried(char *buf, size_t cap)
{
    const char *between = "";
    buf[0] = '\0';
    for (size_t i = 0; framing_at(i) != NULL; i++) {
        if (!framing_at(i)->file && strchr(framing_at(i)->name, '+') == NULL) {
            text_add(buf, cap, "%s%s", between, framing_at(i)->name);
            between = " ";
        }
    }
    between = ", each with +tpdu, +etx; ";
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        text_add(buf, cap, "%s%s", between, dialect_at(i)->name);
        between = " ";
    }
    return buf;
}
