#include "hsm_sim/serve.h"

#include "iso8583/base/log.h"

enum { MILLION = 1000000 };

void serve_init(struct serve *serve, struct hsm_engine *engine, uint64_t seed)
{
    memset(serve, 0, sizeof *serve);
    serve->engine = engine;
    serve->header_len = HSM_HEADER_LEN_DEFAULT;
    serve->random = seed;
}

uint64_t serve_random(struct serve *serve, uint64_t limit)
{
    CHECK(limit > 0);
    /* A linear congruential generator (Knuth's MMIX); its high bits are good enough for faults. */
    serve->random = serve->random * 6364136223846793005u + 1442695040888963407u;
    return (serve->random >> 33) % limit;
}

static struct serve_counter *counter_of(struct serve *serve, uint16_t code)
{
    for (size_t i = 0; i < serve->counter_count; i++) {
        if (serve->counter[i].code == code) {
            return &serve->counter[i];
        }
    }
    if (serve->counter_count == SERVE_CODES_MAX) {
        return &serve->counter[0]; /* Only nonsense makes so many codes. */
    }
    struct serve_counter *fresh = &serve->counter[serve->counter_count++];
    fresh->code = code;
    return fresh;
}

/* The code as text; what is not a letter or digit is not printed. */
static void code_format(uint16_t code, char *text)
{
    text[0] = (char)(code >> 8);
    text[1] = (char)(code & 0xFF);
    text[2] = '\0';
    for (size_t i = 0; i < 2; i++) {
        bool is_letter = text[i] >= 'A' && text[i] <= 'Z';
        text[i] = is_letter || byte_is_digit((uint8_t)text[i]) ? text[i] : '?';
    }
}

static void count(struct serve *serve, uint16_t code, uint8_t error)
{
    struct serve_counter *counter = counter_of(serve, code);
    counter->count++;
    counter->refused += error != HSM_OK;
    if (serve->log_commands && log_wants(LOG_INFO)) {
        char text[3];
        struct log_line line;
        code_format(code, text);
        log_begin(&line, LOG_INFO, "hsm.command");
        log_text(&line, "code", text);
        log_number(&line, "error", error);
        log_end(&line);
    }
}

static bool fault_strikes(struct serve *serve)
{
    return serve->fault.per_million > 0 && serve_random(serve, MILLION) < serve->fault.per_million;
}

bool serve_message(struct serve *serve, struct span message, struct writer *out)
{
    struct hsm_command command;
    struct hsm_envelope envelope;
    struct hsm_reply reply;
    int status = hsm_command_decode(message, serve->header_len, &command, &envelope);
    if (message.len < serve->header_len + 2) {
        serve->malformed++;
        return false;
    }
    if (status == 0 && !fault_strikes(serve)) {
        hsm_execute(serve->engine, &command, &reply, serve->scratch);
    } else {
        memset(&reply, 0, sizeof reply);
        reply.code = hsm_reply_code(command.code);
        reply.error = status == 0 ? serve->fault.error : hsm_decode_refusal(status);
    }
    status = hsm_reply_encode(&reply, &envelope, out);
    /* Fault code 00 would be an answer without its fields; anything else always encodes. */
    CHECK(status == 0);
    count(serve, command.code, reply.error);
    return true;
}

void serve_log_counters(const struct serve *serve)
{
    struct log_line line;
    log_begin(&line, LOG_INFO, "hsm.counters");
    for (size_t i = 0; i < serve->counter_count; i++) {
        char name[] = "??.refused";
        const struct serve_counter *counter = &serve->counter[i];
        code_format(counter->code, name);
        log_number(&line, name, (int64_t)counter->count);
        if (counter->refused > 0) {
            name[2] = '.';
            log_number(&line, name, (int64_t)counter->refused);
        }
    }
    log_number(&line, "malformed", (int64_t)serve->malformed);
    log_number(&line, "dropped", (int64_t)serve->dropped);
    log_end(&line);
}

/* "0.1" to millionths of a hundred: 1000. At most four decimals. */
static int percent_parse(struct span text, uint32_t *per_million)
{
    enum { DECIMALS_MAX = 4 };
    uint64_t whole = 0;
    uint64_t part = 0;
    size_t dot = 0;
    while (dot < text.len && text.ptr[dot] != '.') {
        dot++;
    }
    if (span_number(span_first(text, dot), &whole) < 0 || whole > 100) {
        return ERR_USAGE;
    }
    struct span decimals = span_skip(text, dot + 1);
    if (dot < text.len && (decimals.len > DECIMALS_MAX || span_number(decimals, &part) < 0)) {
        return ERR_USAGE;
    }
    for (size_t i = decimals.len; i < DECIMALS_MAX; i++) {
        part *= 10;
    }
    uint64_t value = whole * (MILLION / 100) + part;
    *per_million = (uint32_t)value;
    return value > MILLION ? ERR_USAGE : 0;
}

int serve_fault_parse(const char *text, struct serve_fault *out)
{
    const char *percent = strchr(text, '%');
    uint64_t error = 0;
    if (percent == NULL || percent[1] != ':' ||
        percent_parse(span_make(text, (size_t)(percent - text)), &out->per_million) < 0 ||
        span_number(span_text(percent + 2), &error) < 0 || error < 1 || error > 99) {
        return ERR_USAGE;
    }
    out->error = (uint8_t)error;
    return 0;
}
