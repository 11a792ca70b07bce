#include "tests/sim/hsm.h"

#include "hsm_sim/engine/tester.h"
#include "tests/sim/world.h"

enum { KEY_LEN = 16 };

/* Clear keys of a test, and the only places where they stand. */
static uint8_t clear_tpk[KEY_LEN];
static uint8_t clear_tak[KEY_LEN];
static uint8_t clear_zpk[KEY_LEN];
static uint8_t clear_pvk[KEY_LEN];
static struct hsm_engine *engine;
static struct sim_keys keys;

static void make_key(uint8_t clear[KEY_LEN], uint8_t first, const char *type, struct key_text *out)
{
    for (size_t i = 0; i < KEY_LEN; i++) {
        clear[i] = (uint8_t)(first + 17 * i);
    }
    hsm_tester_parity(clear, KEY_LEN);
    int result = hsm_key_wrap(engine, type, 'U', (struct secret_span){clear, KEY_LEN}, out->text);
    CHECK(result == 0);
}

struct hsm_engine *sim_engine(void)
{
    if (engine == NULL) {
        struct hsm_settings settings = HSM_SETTINGS_DEFAULT;
        settings.seed = 1;
        engine = hsm_engine_open(&settings);
        CHECK(engine != NULL);
        make_key(clear_tpk, 0x31, "002", &keys.tpk);
        make_key(clear_tak, 0x52, "003", &keys.tak);
        make_key(clear_zpk, 0x73, "001", &keys.zpk);
        make_key(clear_pvk, 0x94, "002", &keys.pvk);
    }
    return engine;
}

const struct sim_keys *sim_keys(void)
{
    sim_engine();
    return &keys;
}

void sim_hsm_close(void)
{
    hsm_engine_close(engine);
    engine = NULL;
}

struct secret_span sim_pin(void)
{
    static const uint8_t pin[] = {'4', '7', '1', '1'};
    return (struct secret_span){pin, sizeof pin};
}

void sim_keys_pvv(const char *pan, char out[5])
{
    sim_engine();
    int result = hsm_tester_pvv((struct secret_span){clear_pvk, KEY_LEN}, sim_pin(), span_text(pan),
                                '1', (uint8_t *)out);
    CHECK(result == 0);
    out[4] = '\0';
}

void sim_pin_block(struct secret_span pin, const char *pan, uint8_t out[8])
{
    int result =
        hsm_tester_pin_block((struct secret_span){clear_tpk, KEY_LEN}, pin, span_text(pan), out);
    CHECK(result == 0);
}

void sim_mac(struct span data, uint8_t out[8])
{
    int result = hsm_tester_mac((struct secret_span){clear_tak, KEY_LEN}, 1, data, out);
    CHECK(result == 0);
}

/* A reply as it arrives: of an older life it is dropped, as edge/hsm_client.c does by the epoch in
 * the trailer. */
static void reply_arrives(struct world *world, const struct task *task)
{
    struct hsm_reply reply;
    struct hsm_envelope envelope;
    uint32_t life = (uint32_t)(task->b >> 8);
    if (life != world->life || !world->up) {
        return;
    }
    int result = hsm_reply_decode(span_make(task->bytes, task->len), 4, &reply, &envelope);
    CHECK(result == 0);
    struct event event = {.kind = (enum event_kind)(task->b & 0xFFu)};
    event.u.hsm.token = task->a;
    event.u.hsm.reply = &reply;
    world_feed(world, &event);
}

/* What an HSM may say that has nothing to do with the card holder or the message: never 01, which
 * would be a lie. */
static uint8_t draw_error(struct dice *dice)
{
    static const uint8_t errors[] = {HSM_SOURCE_PARITY, HSM_INPUT, HSM_INTERNAL, HSM_DISABLED};
    return errors[dice_below(dice, ARRAY_COUNT(errors))];
}

void hsm_ask(struct world *world, uint64_t token, enum event_kind question,
             const struct hsm_command *command)
{
    const struct rates *rates = &world->plan.rates;
    struct dice *dice = &world->dice_hsm;
    uint8_t wire[HSM_MESSAGE_LEN_MAX];
    uint8_t scratch[HSM_SCRATCH_LEN];
    struct writer out = writer_make(wire, sizeof wire);
    struct hsm_envelope envelope = {.header = SPAN_LITERAL("0000")};
    struct hsm_reply reply;
    bool lost = dice_hits(dice, rates->hsm_lost);
    bool late = dice_hits(dice, rates->hsm_late);
    bool refused = dice_hits(dice, rates->hsm_error);
    int64_t took_ms = dice_between(dice, 1, 20);
    int64_t late_ms = dice_between(dice, 900, 8000);
    uint8_t error = draw_error(dice);
    hsm_execute(sim_engine(), command, &reply, scratch);
    if (refused) {
        mark_world(WORLD_HSM_ERROR);
        memset(reply.arg, 0, sizeof reply.arg);
        reply.error = error;
    }
    int result = hsm_reply_encode(&reply, &envelope, &out);
    CHECK(result == 0);
    if (lost) {
        mark_world(WORLD_HSM_LOST);
        return;
    }
    if (late) {
        mark_world(WORLD_HSM_LATE);
    }
    world_later(world, took_ms + (late ? late_ms : 0), reply_arrives, token,
                (uint64_t)world->life << 8 | question, writer_written(&out));
}
