/* Any bytes as a script: a checked tree or errors, never both; no error shows a card number. Laying
 * out is idempotent and leaves the words as they are: what was a script is the same script. */
#include <stdlib.h>

#include "tests/fuzz/fuzz.h"
#include "tools/isotest/fmt.h"
#include "tools/isotest/script.h"

enum { TEXT_LEN_MAX = 1 << 14, TOLD_MAX = 20 };

static size_t told;

static void on_report(void *context, const char *text)
{
    (void)context;
    size_t digits = 0;
    told++;
    CHECK(strncmp(text, "f.isot:", 7) == 0 && strstr(text, ": error: ") != NULL);
    for (const char *p = text; *p != '\0'; p++) {
        digits = byte_is_digit((uint8_t)*p) ? digits + 1 : 0;
        CHECK(digits < 13);
    }
}

/* Returns whether @text is a script. */
static bool parse(struct span text)
{
    struct script_options options = {.report = on_report, .no_files = true};
    struct script *script = NULL;
    told = 0;
    int status = script_parse_text("f.isot", text, &options, &script);
    CHECK(status == 0 || status == ERR_CONFIG || status == ERR_MEMORY);
    CHECK((status == 0) == (script != NULL));
    CHECK(status != ERR_CONFIG || told > 0);
    CHECK(status != 0 || told == 0);
    CHECK(told <= TOLD_MAX);
    script_free(script);
    return status == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span laid;
    struct span again;
    if (size > TEXT_LEN_MAX) {
        return 0;
    }
    bool good = parse(span_make(data, size));
    int status = fmt_text("f.isot", span_make(data, size), on_report, NULL, &laid);
    CHECK(!good || status == 0);
    if (status < 0) {
        return 0;
    }
    /* A line that was laid out may be longer than a script's line can be. */
    status = fmt_text("f.isot", laid, on_report, NULL, &again);
    if (status == 0) {
        CHECK(span_equal(laid, again));
        CHECK(parse(laid) == good);
        free((void *)(uintptr_t)again.ptr);
    }
    free((void *)(uintptr_t)laid.ptr);
    return 0;
}
