/* For the tests of the HSM: hex, and a request text to a reply text through wire and engine. */
#pragma once

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "hsm_sim/engine/engine.h"

/* Up to 64 bytes of hex text; static storage, rotated among a few buffers. */
static inline struct span unhex(const char *text)
{
    static uint8_t buffer[8][512];
    static unsigned next;
    uint8_t *out = buffer[next++ % 8];
    ck_assert_uint_le(strlen(text) / 2, sizeof buffer[0]);
    ck_assert_int_eq(hex_decode(span_text(text), out), 0);
    return span_make(out, strlen(text) / 2);
}

static inline struct secret_span secret(struct span clear)
{
    return (struct secret_span){clear.ptr, clear.len};
}

static inline const char *hex_text(const uint8_t *bytes, size_t len)
{
    static char out[512];
    hex_encode(span_make(bytes, len), (uint8_t *)out);
    out[2 * len] = '\0';
    return out;
}

/* The reply, from its code on, to a request from its code on; NUL-terminated, static. */
static inline const char *ask_span(struct hsm_engine *engine, struct span request)
{
    static char out[HSM_MESSAGE_LEN_MAX + 64];
    static uint8_t scratch[HSM_SCRATCH_LEN];
    static uint8_t message[HSM_MESSAGE_LEN_MAX + 64];
    struct hsm_command command;
    struct hsm_envelope envelope;
    struct hsm_reply reply;
    memcpy(message, "HEAD", 4);
    memcpy(message + 4, request.ptr, request.len);
    int status = hsm_command_decode(span_make(message, request.len + 4), 4, &command, &envelope);
    if (status == 0) {
        hsm_execute(engine, &command, &reply, scratch);
    } else {
        memset(&reply, 0, sizeof reply);
        reply.code = hsm_reply_code(command.code);
        reply.error = hsm_decode_refusal(status);
    }
    struct writer w = writer_make(out, sizeof out - 1);
    ck_assert_int_eq(hsm_reply_encode(&reply, &envelope, &w), 0);
    ck_assert_int_eq(memcmp(out, "HEAD", 4), 0);
    out[w.len] = '\0';
    return out + 4;
}

static inline const char *ask(struct hsm_engine *engine, const char *request)
{
    return ask_span(engine, span_text(request));
}

static inline struct hsm_engine *engine_new(void)
{
    struct hsm_settings settings = HSM_SETTINGS_DEFAULT;
    settings.seed = 7;
    struct hsm_engine *engine = hsm_engine_open(&settings);
    ck_assert_ptr_nonnull(engine);
    return engine;
}

/* A clear key (hex) under the test LMK. */
static inline const char *wrapped(struct hsm_engine *engine, const char *type, char scheme,
                                  const char *clear)
{
    static char out[8][50];
    static unsigned next;
    char *text = out[next++ % 8];
    ck_assert_int_eq(hsm_key_wrap(engine, type, scheme, secret(unhex(clear)), text), 0);
    return text;
}

/* Run one test case of @tests as a program. */
static inline int run_tests(const char *name, const TTest *const *tests, size_t count)
{
    Suite *suite = suite_create(name);
    TCase *tcase = tcase_create(name);
    suite_add_tcase(suite, tcase);
    for (size_t i = 0; i < count; i++) {
        tcase_add_test(tcase, tests[i]);
    }
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? 0 : 1;
}
