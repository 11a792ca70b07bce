#include "hsm_sim/engine/call.h"

#include <sys/mman.h>

#include "hsm_sim/wire/layout.h"

/* To add a command: its layout (wire/layout.c), its file, its declaration in call.h, a row here. */
static const struct {
    uint16_t code;
    call_fn *run;
} commands[] = {
    {HSM_CODE('B', '2'), cmd_b2}, {HSM_CODE('B', 'U'), cmd_bu}, {HSM_CODE('C', 'A'), cmd_ca},
    {HSM_CODE('C', 'C'), cmd_cc}, {HSM_CODE('D', 'A'), cmd_da}, {HSM_CODE('D', 'C'), cmd_dc},
    {HSM_CODE('E', 'A'), cmd_ea}, {HSM_CODE('E', 'C'), cmd_ec}, {HSM_CODE('M', '6'), cmd_m6},
    {HSM_CODE('M', '8'), cmd_m8}, {HSM_CODE('N', 'C'), cmd_nc}, {HSM_CODE('N', 'O'), cmd_no},
};

static call_fn *command_find(uint16_t code)
{
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        if (commands[i].code == code) {
            return commands[i].run;
        }
    }
    return NULL;
}

struct hsm_engine *hsm_engine_open(const struct hsm_settings *settings)
{
    /* One mapping for all keys, so that it can be locked and kept out of dumps as a whole. Locking
     * is best effort: a tester's machine may not allow it. */
    size_t len = sizeof(struct hsm_engine) + keys_memory();
    void *memory = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) {
        return NULL;
    }
    (void)mlock(memory, len);
    (void)madvise(memory, len, MADV_DONTDUMP);
    struct hsm_engine *engine = memory;
    engine->settings = *settings;
    engine->settings.lmk_check = NULL;
    engine->memory_len = len;
    engine->random = random_make(settings->seed);
    struct span check = span_text(settings->lmk_check == NULL ? "" : settings->lmk_check);
    memset(engine->lmk_check, '0', LMK_CHECK_LEN);
    memcpy(engine->lmk_check, check.ptr, span_first(check, LMK_CHECK_LEN).len);
    if (keys_init(&engine->keys, engine + 1) < 0) {
        hsm_engine_close(engine);
        return NULL;
    }
    return engine;
}

void hsm_engine_close(struct hsm_engine *engine)
{
    if (engine != NULL) {
        keys_deinit(&engine->keys);
        size_t len = engine->memory_len;
        bytes_wipe(engine, len);
        (void)munmap(engine, len);
    }
}

static uint8_t execute(struct hsm_engine *engine, const struct hsm_command *command,
                       struct hsm_reply *reply, uint8_t *scratch)
{
    call_fn *run = command_find(command->code);
    if (run == NULL) {
        return HSM_DISABLED;
    }
    int status = hsm_command_check(command);
    if (status < 0) {
        return hsm_decode_refusal(status);
    }
    struct span lmk = command->arg[HSM_ARG_LMK_ID];
    if (lmk.len != 0 && !span_equal_text(lmk, "00")) {
        return HSM_LMK_ID;
    }
    struct call call = {engine, command->arg, reply->arg, writer_make(scratch, HSM_SCRATCH_LEN)};
    return run(&call);
}

void hsm_execute(struct hsm_engine *engine, const struct hsm_command *command,
                 struct hsm_reply *reply, uint8_t *scratch)
{
    memset(reply, 0, sizeof *reply);
    reply->code = hsm_reply_code(command->code);
    reply->error = execute(engine, command, reply, scratch);
    if (reply->error != HSM_OK && reply->error != HSM_KEY_LENGTH) {
        memset(reply->arg, 0, sizeof reply->arg);
    }
}

int hsm_key_wrap(struct hsm_engine *engine, const char *type, char scheme, struct secret_span clear,
                 char *out)
{
    return keys_wrap(&engine->keys, type, scheme, clear, out);
}
