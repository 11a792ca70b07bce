#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include "iso8583/dialect.h"
#include "tools/isotest/conceal.h"
#include "tools/isotest/diff.h"
#include "tools/isotest/card.h"

enum { MATCH_STEPS_MAX = 100000, SHOWN_LEN_MAX = 60, VALUE_ROOM = 2 * VALUE_LEN_MAX };

/* --- regular expressions ---------------------------------------------------------------------- */

/* What a match needs besides the expression: made once a thread, kept to its end. */
static _Thread_local pcre2_match_data *match_data;
static _Thread_local pcre2_match_context *match_context;

/* 1, 0, or ERR_MEMORY, ERR_RANGE if it takes too many steps. */
static int regex_matches(const pcre2_code *regex, struct span text)
{
    if (match_data == NULL) {
        match_data = pcre2_match_data_create(1, NULL);
    }
    if (match_context == NULL) {
        match_context = pcre2_match_context_create(NULL);
    }
    if (match_data == NULL || match_context == NULL) {
        return ERR_MEMORY;
    }
    (void)pcre2_set_match_limit(match_context, MATCH_STEPS_MAX);
    PCRE2_SPTR subject = text.len == 0 ? (PCRE2_SPTR) "" : text.ptr;
    int found = pcre2_match(regex, subject, text.len, 0, 0, match_data, match_context);
    if (found == PCRE2_ERROR_NOMATCH) {
        return 0;
    }
    /* 0: it matches, and there is no room for its groups, which nobody asks for. */
    return found >= 0 ? 1 : ERR_RANGE;
}

/* --- comparing -------------------------------------------------------------------------------- */

/* A number as text: sign and digits without leading zeros. */
struct decimal {
    bool is_negative;
    struct span digits;
};

static bool decimal_parse(struct span text, struct decimal *out)
{
    out->is_negative = text.len > 1 && text.ptr[0] == '-';
    out->digits = out->is_negative ? span_skip(text, 1) : text;
    if (!span_is_digits(out->digits)) {
        return false;
    }
    while (out->digits.len > 1 && out->digits.ptr[0] == '0') {
        out->digits = span_skip(out->digits, 1);
    }
    if (out->digits.len == 1 && out->digits.ptr[0] == '0') {
        out->is_negative = false;
    }
    return true;
}

static int bytes_compare(struct span a, struct span b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len == 0 ? 0 : memcmp(a.ptr, b.ptr, len);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

/* Below 0, 0 or above 0: numbers of any length if both are, else bytes. */
static int compare(struct span a, struct span b)
{
    struct decimal x;
    struct decimal y;
    if (!decimal_parse(a, &x) || !decimal_parse(b, &y)) {
        return bytes_compare(a, b);
    }
    if (x.is_negative != y.is_negative) {
        return x.is_negative ? -1 : 1;
    }
    int order = x.digits.len != y.digits.len ? (x.digits.len > y.digits.len ? 1 : -1)
                                             : bytes_compare(x.digits, y.digits);
    return x.is_negative ? -order : order;
}

static bool relop_holds(unsigned relop, int order)
{
    switch ((enum pred_kind)relop) {
    case PRED_EQ:
        return order == 0;
    case PRED_NE:
        return order != 0;
    case PRED_LT:
        return order < 0;
    case PRED_LE:
        return order <= 0;
    case PRED_GT:
        return order > 0;
    case PRED_GE:
        return order >= 0;
    default:
        return false;
    }
}

static bool number_holds(unsigned relop, int64_t got, int64_t wanted)
{
    return relop_holds(relop, (got > wanted) - (got < wanted));
}

/* Whether equal numbers are the same value: of numeric fields and outside of messages (JSON, CSV).
 * DE39 08 is not 8. */
static bool is_numeric(const struct iso_dialect *dialect, unsigned de)
{
    return de == 0 || dialect == NULL || dialect->field[de].content == ISO_N;
}

/* The bytes of @value: as they stand if they are known, else made in @room. */
static int operand(const struct value *value, const struct scope *scope,
                   const struct iso_dialect *dialect, unsigned de, struct writer *room,
                   struct span *out, struct fault *fault)
{
    if (value_bytes_known(value)) {
        *out = value->bytes;
        return 0;
    }
    return value_need(value, scope, dialect, de, room, out, fault);
}

static bool contains(struct span text, struct span part)
{
    return part.len == 0 ||
           (text.len >= part.len && memmem(text.ptr, text.len, part.ptr, part.len) != NULL);
}

/* @got against each value until one fits. */
static bool values_hold(const struct pred *pred, const struct scope *scope, struct span got,
                        const struct iso_dialect *dialect, unsigned de, struct fault *fault)
{
    uint8_t bytes[VALUE_ROOM];
    bool numeric = is_numeric(dialect, de);
    for (const struct value_list *each = pred->values; each != NULL; each = each->next) {
        struct writer room = writer_make(bytes, sizeof bytes);
        struct span wanted;
        if (operand(&each->value, scope, dialect, de, &room, &wanted, fault) < 0) {
            return false;
        }
        bool holds = false;
        switch ((enum pred_kind)pred->kind) {
        case PRED_IN:
        case PRED_EQ:
        case PRED_NE:
            holds = span_equal(got, wanted) || (numeric && compare(got, wanted) == 0);
            holds = holds != (pred->kind == PRED_NE);
            break;
        case PRED_CONTAINS:
            holds = contains(got, wanted);
            break;
        default:
            holds = relop_holds(pred->kind, compare(got, wanted));
        }
        if (holds) {
            return true;
        }
    }
    return false;
}

bool pred_holds(const struct pred *pred, const struct scope *scope, bool is_there, struct span got,
                const struct iso_dialect *dialect, unsigned de, struct fault *fault)
{
    if (pred->kind == PRED_PRESENT || pred->kind == PRED_ABSENT) {
        return is_there == (pred->kind == PRED_PRESENT);
    }
    if (!is_there) {
        return false;
    }
    if (pred->kind == PRED_LEN) {
        return number_holds(pred->relop, (int64_t)got.len, pred->number);
    }
    if (pred->kind == PRED_MATCHES) {
        CHECK(pred->regex != NULL);
        int found = regex_matches(pred->regex, got);
        if (found < 0) {
            fault_set(fault, pred->spot, "the expression takes too many steps");
        }
        return found == 1;
    }
    return values_hold(pred, scope, got, dialect, de, fault);
}

/* --- what people are shown -------------------------------------------------------------------- */

const char *path_text(const struct path *path, char *buf, size_t cap)
{
    switch ((enum path_kind)path->kind) {
    case PATH_FIELD:
        (void)snprintf(buf, cap, "%u", path->de);
        break;
    case PATH_TAG:
        (void)snprintf(buf, cap, "%u.%X", path->de, path->tag);
        break;
    case PATH_MTI:
        (void)snprintf(buf, cap, "mti");
        break;
    case PATH_TPDU:
        (void)snprintf(buf, cap, "hdr.tpdu");
        break;
    }
    return buf;
}

/* Tags that hold a PAN, a track or a name. */
static bool tag_is_secret(uint32_t tag)
{
    static const uint32_t secret[] = {0x56,   0x57,   0x5A,   0x5F20, 0x9F0B,
                                      0x9F1F, 0x9F20, 0x9F6B, 0x99};
    for (size_t i = 0; i < ARRAY_COUNT(secret); i++) {
        if (secret[i] == tag) {
            return true;
        }
    }
    return false;
}

static void text_show(struct span value, bool as_hex, char *buf, size_t cap)
{
    size_t len = 0;
    for (size_t i = 0; i < value.len && len + 3 < cap; i++) {
        uint8_t byte = value.ptr[i];
        if (as_hex) {
            buf[len++] = (char)hex_digit(byte >> 4);
            buf[len++] = (char)hex_digit(byte);
        } else {
            buf[len++] = byte >= 0x20 && byte < 0x7F ? (char)byte : '.';
        }
    }
    buf[len] = '\0';
}

const char *path_show(const struct iso_dialect *dialect, const struct path *path, struct span value,
                      char *buf, size_t cap)
{
    if (path->kind == PATH_FIELD && value.len <= UINT16_MAX) {
        struct iso_msg msg;
        iso_init(&msg, 0);
        iso_set(&msg, path->de, value);
        (void)iso_show(&msg, dialect, path->de, buf, cap);
        const char *words = path->de == 39 ? response_words(value) : "";
        if (words[0] != '\0') {
            (void)snprintf(buf, cap, "%.*s (%s)", (int)value.len, (const char *)value.ptr, words);
        }
    } else if (path->kind == PATH_TAG && tag_is_secret(path->tag)) {
        (void)snprintf(buf, cap, "****");
    } else {
        text_show(value, path->kind == PATH_TAG || path->kind == PATH_TPDU, buf, cap);
    }
    if (strlen(buf) + 4 > cap) { /* It may be cut. */
        conceal_cut(buf);
    }
    return buf;
}

static const char *relop_text(unsigned relop)
{
    static const char *const texts[] = {[PRED_EQ] = "",    [PRED_NE] = "not ", [PRED_LT] = "< ",
                                        [PRED_LE] = "<= ", [PRED_GT] = "> ",   [PRED_GE] = ">= "};
    return relop < ARRAY_COUNT(texts) ? texts[relop] : "";
}

/* One value of a predicate, shown as the field it is compared with. */
static void value_text(const struct value *value, const struct scope *scope,
                       const struct iso_dialect *dialect, const struct path *path, char *buf,
                       size_t cap)
{
    uint8_t bytes[VALUE_ROOM];
    struct writer room = writer_make(bytes, sizeof bytes);
    struct fault fault = {.text = ""};
    struct span shown;
    bool has_field = path->kind == PATH_FIELD || path->kind == PATH_TAG;
    if (operand(value, scope, dialect, has_field ? path->de : 0, &room, &shown, &fault) < 0) {
        (void)snprintf(buf, cap, "%.*s", SHOWN_LEN_MAX, fault.text);
        return;
    }
    (void)path_show(dialect, path, shown, buf, cap);
}

/* What @pred wants of @path. */
static void pred_text(const struct pred *pred, const struct scope *scope,
                      const struct iso_dialect *dialect, const struct path *path, char *buf,
                      size_t cap)
{
    char one[SHOWN_LEN_MAX + 1] = "";
    int len = 0;
    switch ((enum pred_kind)pred->kind) {
    case PRED_PRESENT:
        (void)snprintf(buf, cap, "present");
        return;
    case PRED_ABSENT:
        (void)snprintf(buf, cap, "absent");
        return;
    case PRED_LEN:
        (void)snprintf(buf, cap, "length %s%lld", relop_text(pred->relop), (long long)pred->number);
        return;
    case PRED_MATCHES:
        (void)snprintf(buf, cap, "/%.*s/", (int)pred->pattern.len, (const char *)pred->pattern.ptr);
        return;
    case PRED_IN:
        len = snprintf(buf, cap, "one of");
        for (const struct value_list *each = pred->values;
             each != NULL && len > 0 && (size_t)len < cap; each = each->next) {
            value_text(&each->value, scope, dialect, path, one, sizeof one);
            len +=
                snprintf(buf + len, cap - (size_t)len, " %s%s", one, each->next == NULL ? "" : ",");
        }
        return;
    default:
        break;
    }
    if (pred->values != NULL) {
        value_text(&pred->values->value, scope, dialect, path, one, sizeof one);
    }
    (void)snprintf(buf, cap, "%s%s",
                   pred->kind == PRED_CONTAINS ? "contains " : relop_text(pred->kind), one);
}

/* --- checks ----------------------------------------------------------------------------------- */

/* What a judgement is made of, and what it found. */
struct judgement {
    struct station *station;
    struct scope *scope;
    const struct held *sent;
    const struct held *got;
    int64_t latency_us;
    struct miss *misses;
    int count;
};

/* Room for one more miss; beyond the maximum they are counted no more. */
static struct miss *miss_add(struct judgement *j, const struct check *check,
                             const struct path *path)
{
    struct miss *miss = &j->misses[j->count < MISSES_MAX ? j->count : MISSES_MAX - 1];
    j->count += j->count < MISSES_MAX;
    miss->check = check;
    miss->path = path;
    miss->expected[0] = '\0';
    miss->got[0] = '\0';
    return miss;
}

static void got_text(const struct iso_dialect *dialect, const struct path *path, bool is_there,
                     struct span value, char *buf, size_t cap)
{
    if (is_there) {
        (void)path_show(dialect, path, value, buf, cap);
    } else {
        (void)snprintf(buf, cap, "absent");
    }
}

static void field_judge(struct judgement *j, const struct check *check)
{
    const struct iso_dialect *dialect = j->station->decl->dialect;
    const struct path *path = &check->path;
    bool has_field = path->kind == PATH_FIELD || path->kind == PATH_TAG;
    uint8_t mti[4];
    struct span got;
    struct fault fault;
    fault.text[0] = '\0';
    bool is_there = path_get(path, &j->got->msg, SPAN_NONE, mti, &got);
    if (pred_holds(&check->pred, j->scope, is_there, got, dialect, has_field ? path->de : 0,
                   &fault)) {
        return;
    }
    struct miss *miss = miss_add(j, check, path);
    if (fault.text[0] != '\0') {
        (void)snprintf(miss->expected, sizeof miss->expected, "%.100s", fault.text);
    } else {
        pred_text(&check->pred, j->scope, dialect, path, miss->expected, sizeof miss->expected);
    }
    got_text(dialect, path, is_there, got, miss->got, sizeof miss->got);
    if (check->pred.kind == PRED_LEN && is_there) {
        (void)snprintf(miss->got, sizeof miss->got, "length %zu", got.len);
    }
}

static void same_judge(struct judgement *j, const struct check *check)
{
    const struct iso_dialect *dialect = j->station->decl->dialect;
    for (const struct path_list *each = check->same; each != NULL; each = each->next) {
        uint8_t mti[2][4];
        struct span sent = SPAN_NONE;
        struct span got;
        bool was_there = j->sent != NULL && j->sent->present &&
                         path_get(&each->path, &j->sent->msg, SPAN_NONE, mti[0], &sent);
        bool is_there = path_get(&each->path, &j->got->msg, SPAN_NONE, mti[1], &got);
        if (was_there != is_there || !span_equal(sent, got)) {
            struct miss *miss = miss_add(j, check, &each->path);
            got_text(dialect, &each->path, was_there, sent, miss->expected, sizeof miss->expected);
            got_text(dialect, &each->path, is_there, got, miss->got, sizeof miss->got);
        }
    }
}

static const struct path mac_paths[] = {{.kind = PATH_FIELD, .de = 64},
                                        {.kind = PATH_FIELD, .de = 128}};
static const struct path arpc_path = {.kind = PATH_TAG, .de = 55, .tag = 0x91};

static void mac_judge(struct judgement *j, const struct check *check)
{
    const struct held *got = j->got;
    struct crypt *crypt = &j->station->crypt;
    const struct path *path = &mac_paths[iso_has(&got->msg, 128)];
    const char *what = "absent";
    uint8_t mac[MAC_FIELD_LEN];
    if (!crypt->has_mac) {
        what = "there is no MAC key";
    } else if (iso_has(&got->msg, path->de)) {
        struct span covered = span_make(got->wire, got->msg.field[path->de].at);
        struct span field = iso_get(&got->msg, path->de);
        what = "wrong";
        if (covered.len != 0 && crypt_mac(crypt, covered, mac) == 0 &&
            span_equal(field, span_make(mac, sizeof mac))) {
            return;
        }
        station_tell(j->station, "MAC expected over bytes 0..%zu, key %s kcv %s: it differs",
                     covered.len - 1, crypt->mac_label.name, crypt->mac_label.kcv);
    }
    struct miss *miss = miss_add(j, check, path);
    (void)snprintf(miss->expected, sizeof miss->expected, "valid");
    (void)snprintf(miss->got, sizeof miss->got, "%s", what);
}

static void arpc_judge(struct judgement *j, const struct check *check)
{
    char why[80];
    struct card_state *state = station_card(j->station, check->card);
    CHECK(state != NULL);
    if (!chip_answer_is_good(j->station, state, j->scope, j->sent, j->got, why, sizeof why)) {
        struct miss *miss = miss_add(j, check, &arpc_path);
        (void)snprintf(miss->expected, sizeof miss->expected, "valid");
        (void)snprintf(miss->got, sizeof miss->got, "%s", why);
    }
}

static void latency_judge(struct judgement *j, const struct check *check)
{
    if (!number_holds(check->pred.relop, j->latency_us, check->pred.number * 1000)) {
        struct miss *miss = miss_add(j, check, NULL);
        (void)snprintf(miss->expected, sizeof miss->expected, "latency %s%lld ms",
                       relop_text(check->pred.relop), (long long)check->pred.number);
        (void)snprintf(miss->got, sizeof miss->got, "%lld.%lld ms",
                       (long long)(j->latency_us / 1000), (long long)(j->latency_us / 100 % 10));
    }
}

int judge(struct station *station, const struct expect *expect, struct scope *scope,
          const struct held *sent, const struct held *got, int64_t latency_us, struct miss *misses)
{
    struct judgement j = {station, scope, sent, got, latency_us, misses, 0};
    for (const struct check *check = expect->checks; check != NULL; check = check->next) {
        switch ((enum check_kind)check->kind) {
        case CHECK_FIELD:
            field_judge(&j, check);
            break;
        case CHECK_SAME:
            same_judge(&j, check);
            break;
        case CHECK_MAC_VALID:
            mac_judge(&j, check);
            break;
        case CHECK_ARPC:
            arpc_judge(&j, check);
            break;
        case CHECK_LATENCY:
            latency_judge(&j, check);
            break;
        }
    }
    return j.count;
}
