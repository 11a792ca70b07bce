/* Any bytes as a request: decode, execute, encode the reply, decode that. And any bytes as a reply.
 * What decodes must encode, and nothing may be read or written out of bounds. */
#include <stdlib.h>

#include "hsm_sim/engine/engine.h"
#include "tests/fuzz/fuzz.h"

enum { HEADER_LEN = 4 };

static struct hsm_engine *engine;

static void request_run(struct span message)
{
    static uint8_t scratch[HSM_SCRATCH_LEN];
    static uint8_t out[HSM_MESSAGE_LEN_MAX + HSM_TRAILER_LEN_MAX];
    struct hsm_command command;
    struct hsm_envelope envelope;
    struct hsm_reply reply;
    struct hsm_reply again;
    struct hsm_envelope envelope_again;
    int status = hsm_command_decode(message, HEADER_LEN, &command, &envelope);
    if (message.len < HEADER_LEN + 2) {
        CHECK(status < 0);
        return;
    }
    /* Even what did not decode may be executed: a caller in process fills commands by hand. */
    hsm_execute(engine, &command, &reply, scratch);
    CHECK(reply.code == hsm_reply_code(command.code));
    struct writer writer = writer_make(out, sizeof out);
    CHECK(hsm_reply_encode(&reply, &envelope, &writer) == 0);
    CHECK(hsm_reply_decode(writer_written(&writer), HEADER_LEN, &again, &envelope_again) == 0);
    CHECK(again.code == reply.code);
    CHECK(again.error == reply.error);
    if (status == 0) {
        writer.len = 0;
        CHECK(hsm_command_encode(&command, &envelope, &writer) == 0);
    }
}

static void reply_run(struct span message)
{
    static uint8_t out[HSM_MESSAGE_LEN_MAX + HSM_TRAILER_LEN_MAX];
    struct hsm_envelope envelope;
    struct hsm_reply reply;
    if (hsm_reply_decode(message, HEADER_LEN, &reply, &envelope) == 0) {
        struct writer writer = writer_make(out, sizeof out);
        CHECK(hsm_reply_encode(&reply, &envelope, &writer) == 0);
    }
}

/* Its keys lie in memory that a leak checker does not see. */
static void engine_end(void)
{
    hsm_engine_close(engine);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (engine == NULL) {
        struct hsm_settings settings = HSM_SETTINGS_DEFAULT;
        settings.seed = 1;
        engine = hsm_engine_open(&settings);
        CHECK(engine != NULL);
        atexit(engine_end);
    }
    if (size <= HSM_MESSAGE_LEN_MAX) {
        request_run(span_make(data, size));
        reply_run(span_make(data, size));
    }
    return 0;
}
