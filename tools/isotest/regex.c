#define PCRE2_CODE_UNIT_WIDTH 8
#include "tools/isotest/regex.h"

#include <pcre2.h>

/* Ends what would backtrack for ever; a pattern can only lower it. */
static const char limits[] = "(*LIMIT_MATCH=100000)(*LIMIT_DEPTH=10000)(*LIMIT_HEAP=4096)";

void regex_check(struct checker *checker, struct pred *pred)
{
    enum { PREFIX_LEN = sizeof limits - 1 };
    uint8_t text[PREFIX_LEN + SCRIPT_LINE_LEN_MAX];
    CHECK(pred->pattern.len <= SCRIPT_LINE_LEN_MAX);
    memcpy(text, limits, PREFIX_LEN);
    memcpy(text + PREFIX_LEN, pred->pattern.ptr, pred->pattern.len);
    int error = 0;
    PCRE2_SIZE at = 0;
    pcre2_code *code = pcre2_compile(text, PREFIX_LEN + pred->pattern.len,
                                     PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
                                         PCRE2_DOLLAR_ENDONLY,
                                     &error, &at, NULL);
    if (code == NULL) {
        PCRE2_UCHAR why[160] = "";
        (void)pcre2_get_error_message(error, why, sizeof why);
        struct spot spot = pred->spot;
        size_t skipped = at > PREFIX_LEN ? at - PREFIX_LEN : 0;
        spot.col = (uint16_t)(spot.col + 1 + skipped);
        spot.len = 1;
        tell_at(checker, spot, "the regular expression is wrong here: %s", (const char *)why);
        return;
    }
    struct regex_list *node = arena_take(checker->arena, sizeof *node);
    if (checker->arena->failed) {
        pcre2_code_free(code);
        return;
    }
    *node = (struct regex_list){checker->script->regexes, code};
    checker->script->regexes = node;
    pred->regex = code;
}

void regexes_free(struct regex_list *list)
{
    for (struct regex_list *at = list; at != NULL; at = at->next) {
        pcre2_code_free(at->code);
    }
}
