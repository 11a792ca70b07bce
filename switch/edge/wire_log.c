#include "switch/edge/wire_log.h"

#include "iso8583/base/log.h"
#include "iso8583/frame.h"
#include "iso8583/message.h"

/* What identifies a message and its answer. Each is shown as its row masks it. */
static const struct {
    unsigned de;
    const char *key;
} shown[] = {{2, "pan"},       {3, "proc"}, {4, "amount"}, {7, "de7"},
             {11, "stan"},     {37, "rrn"}, {38, "auth"},  {39, "code"},
             {41, "terminal"}, {44, "why"}, {70, "what"},  {90, "original"}};

void wire_log(const char *event, const char *direction, const char *peer,
              const struct iso_dialect *dialect, struct span message)
{
    uint8_t digits[2 * FRAME_LEN_MAX];
    char mti[5] = {0};
    char text[64];
    struct writer scratch = writer_make(digits, sizeof digits);
    struct iso_msg msg;
    struct iso_error error;
    struct log_line line;
    if (!log_wants(LOG_DEBUG)) {
        return;
    }
    int result = iso_decode(dialect, message, &scratch, &msg, &error);
    for (int i = 0; i < 4; i++) {
        mti[i] = (char)hex_digit((unsigned)msg.mti >> (12 - 4 * i));
    }
    log_begin(&line, LOG_DEBUG, event);
    log_text(&line, direction, peer);
    log_text(&line, "mti", mti);
    for (size_t i = 0; i < ARRAY_COUNT(shown); i++) {
        if (iso_has(&msg, shown[i].de)) {
            log_text(&line, shown[i].key, iso_show(&msg, dialect, shown[i].de, text, sizeof text));
        }
    }
    log_number(&line, "bytes", (int64_t)message.len);
    if (result != 0) {
        char why[ISO_TEXT_LEN_MAX];
        log_text(&line, "error", iso_error_text(&error, dialect, why, sizeof why));
    }
    log_end(&line);
    bytes_wipe(digits, scratch.len);
}
