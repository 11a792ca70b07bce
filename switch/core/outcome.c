#include "switch/core/outcome.h"

enum record_state outcome_of(const struct issuer_settings *issuer, const struct iso_msg *answer,
                             int64_t asked_minor, int64_t *approved_minor)
{
    struct span de39 = iso_get(answer, 39);
    char code[3] = {0};
    uint64_t part = 0;
    *approved_minor = 0;
    if (de39.len != 2) {
        return STATE_UNKNOWN;
    }
    memcpy(code, de39.ptr, 2);
    if (codes_have(issuer->doubt, code)) {
        return STATE_UNKNOWN;
    }
    if (!codes_have(issuer->approve, code)) {
        return code_approves(code) || span_says(iso_get(answer, 38)) ? STATE_UNKNOWN
                                                                     : STATE_DECLINED;
    }
    if (strcmp(code, "10") != 0) {
        *approved_minor = asked_minor;
        return STATE_APPROVED;
    }
    if (iso_number(answer, 4, &part) != 0 || part == 0 || part > (uint64_t)asked_minor) {
        return STATE_UNKNOWN;
    }
    *approved_minor = (int64_t)part;
    return STATE_APPROVED;
}
