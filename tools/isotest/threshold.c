#include "tools/isotest/threshold.h"

enum { MILLION = 1000000 };

/* "12.5" with @decimals to 125 (@decimals 1), and what follows it. ERR_FORMAT, ERR_RANGE. */
static int decimal_take(const char **text, unsigned decimals, int64_t *out)
{
    int64_t number = 0;
    unsigned behind = 0;
    bool has_point = false;
    const char *at = *text;
    for (; byte_is_digit((uint8_t)*at) || (*at == '.' && !has_point); at++) {
        if (*at == '.') {
            has_point = true;
            continue;
        }
        if (has_point && behind == decimals) {
            return ERR_FORMAT;
        }
        behind += has_point;
        if (__builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, *at - '0', &number)) {
            return ERR_RANGE;
        }
    }
    bool has_digits = at != *text && at[-1] != '.' && **text != '.';
    for (; behind < decimals; behind++) {
        if (__builtin_mul_overflow(number, 10, &number)) {
            return ERR_RANGE;
        }
    }
    *text = at;
    *out = number;
    return has_digits ? 0 : ERR_FORMAT;
}

/* A limit's units by figure: what a number with three decimals is to be multiplied with and divided
 * by. */
static const struct unit {
    const char *name;
    uint8_t figure;
    uint32_t times;
    uint32_t by;
} units[] = {
    {"us", THRESHOLD_LATENCY, 1, 1000}, {"ms", THRESHOLD_LATENCY, 1, 1},
    {"s", THRESHOLD_LATENCY, 1000, 1},  {"%", THRESHOLD_FAILED, 10, 1},
    {"/s", THRESHOLD_RATE, 1, 1},       {"", THRESHOLD_RATE, 1, 1},
};

static int limit_parse(const char *text, struct threshold *out, const char **why)
{
    int64_t number = 0;
    *why = out->figure == THRESHOLD_LATENCY  ? "the limit is a time like 100ms, 1.5s or 800us"
           : out->figure == THRESHOLD_FAILED ? "the limit is a share like 0.1%"
                                             : "the limit is a rate like 2000/s";
    if (decimal_take(&text, 3, &number) < 0) {
        return ERR_USAGE;
    }
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        if (units[i].figure == out->figure && strcmp(units[i].name, text) == 0) {
            out->limit = number / units[i].by;
            return __builtin_mul_overflow(out->limit, units[i].times, &out->limit) ? ERR_USAGE : 0;
        }
    }
    return ERR_USAGE;
}

/* The figure's name; the text behind it. */
static int figure_parse(const char **text, struct threshold *out)
{
    int64_t share = 0;
    const char *at = *text;
    size_t len = strcspn(at, "<>=");
    struct span name = span_make(at, len);
    out->figure = THRESHOLD_LATENCY;
    if (span_equal_text(name, "max")) {
        out->per_million = MILLION;
    } else if (span_equal_text(name, "failed")) {
        out->figure = THRESHOLD_FAILED;
    } else if (span_equal_text(name, "rate")) {
        out->figure = THRESHOLD_RATE;
    } else if (*at++ == 'p' && decimal_take(&at, 4, &share) == 0 && share <= MILLION &&
               at == *text + len) {
        out->per_million = (uint32_t)share;
    } else {
        return ERR_USAGE;
    }
    *text += len;
    return 0;
}

int threshold_parse(const char *text, struct threshold *out, const char **why)
{
    *out = (struct threshold){.text = text};
    *why = "a threshold is p50, p90, p99, p99.9, max, failed or rate, then < <= > or >=, then a "
           "limit: p99<100ms";
    TRY(figure_parse(&text, out));
    if (*text != '<' && *text != '>') {
        return ERR_USAGE;
    }
    out->is_least = *text++ == '>';
    out->is_open = *text != '=';
    text += *text == '=';
    return limit_parse(text, out, why);
}

const char *latency_text(int64_t us, char buf[LATENCY_TEXT_LEN])
{
    if (us < 10000) {
        (void)snprintf(buf, LATENCY_TEXT_LEN, "%lld.%02lld ms", (long long)(us / 1000),
                       (long long)(us % 1000 / 10));
    } else if (us < 10000000) {
        (void)snprintf(buf, LATENCY_TEXT_LEN, "%lld.%lld ms", (long long)(us / 1000),
                       (long long)(us % 1000 / 100));
    } else {
        (void)snprintf(buf, LATENCY_TEXT_LEN, "%lld.%lld s", (long long)(us / MILLION),
                       (long long)(us % MILLION / 100000));
    }
    return buf;
}

static bool limit_holds(const struct threshold *threshold, int64_t got)
{
    if (got == threshold->limit) {
        return !threshold->is_open;
    }
    return (got > threshold->limit) == threshold->is_least;
}

/* @failed of @all against the limit in millionths, without rounding. */
static bool share_holds(const struct threshold *threshold, uint64_t failed, uint64_t all)
{
    unsigned __int128 got = (unsigned __int128)failed * MILLION;
    unsigned __int128 limit = (unsigned __int128)(uint64_t)threshold->limit * all;
    if (got == limit) {
        return !threshold->is_open;
    }
    return (got > limit) == threshold->is_least;
}

bool threshold_judge(const struct threshold *threshold, const struct threshold_figures *figures,
                     char got[THRESHOLD_TEXT_LEN])
{
    uint64_t all = figures->passed + figures->failed;
    char text[LATENCY_TEXT_LEN];
    (void)snprintf(got, THRESHOLD_TEXT_LEN, "nothing was measured");
    switch ((enum threshold_figure)threshold->figure) {
    case THRESHOLD_LATENCY: {
        int64_t us = histogram_at(figures->latency, threshold->per_million);
        if (figures->latency->count == 0) {
            return false;
        }
        (void)snprintf(got, THRESHOLD_TEXT_LEN, "%s", latency_text(us, text));
        return limit_holds(threshold, us);
    }
    case THRESHOLD_FAILED:
        if (all == 0) {
            return false;
        }
        (void)snprintf(got, THRESHOLD_TEXT_LEN, "%.4g %%  (%llu of %llu)",
                       100 * (double)figures->failed / (double)all,
                       (unsigned long long)figures->failed, (unsigned long long)all);
        return share_holds(threshold, figures->failed, all);
    case THRESHOLD_RATE:
        if (all == 0) {
            return false;
        }
        (void)snprintf(got, THRESHOLD_TEXT_LEN, "%lld.%lld/s",
                       (long long)(figures->rate_milli / 1000),
                       (long long)(figures->rate_milli % 1000 / 100));
        return limit_holds(threshold, figures->rate_milli);
    }
    return false;
}
