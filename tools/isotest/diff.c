#include "tools/isotest/diff.h"

#include "iso8583/base/currency.h"
#include "iso8583/dialect.h"
#include "iso8583/mti.h"
#include "tools/isotest/station_state.h"

enum { COLUMN_LEN = 120, NAME_LEN_MAX = 18, EXPECTED_WIDTH = 17, RECEIVED_WIDTH = 16 };

/* ISO 8583:1987 and what the networks added. To add a code: a row, in order of codes. */
static const struct {
    char code[3];
    const char *words;
} responses[] = {
    {"00", "approved"},
    {"01", "refer to issuer"},
    {"03", "invalid merchant"},
    {"04", "capture card"},
    {"05", "do not honour"},
    {"06", "error"},
    {"08", "approved with identification"},
    {"10", "approved in part"},
    {"11", "approved, VIP"},
    {"12", "invalid transaction"},
    {"13", "invalid amount"},
    {"14", "invalid card number"},
    {"15", "no such issuer"},
    {"19", "re-enter transaction"},
    {"21", "no action taken"},
    {"25", "original not found"},
    {"30", "format error"},
    {"33", "expired card, capture"},
    {"34", "suspected fraud, capture"},
    {"36", "restricted card, capture"},
    {"38", "PIN tries exceeded, capture"},
    {"40", "function not supported"},
    {"41", "lost card"},
    {"43", "stolen card"},
    {"51", "insufficient funds"},
    {"52", "no checking account"},
    {"53", "no savings account"},
    {"54", "expired card"},
    {"55", "incorrect PIN"},
    {"56", "no card record"},
    {"57", "not permitted to cardholder"},
    {"58", "not permitted to terminal"},
    {"59", "suspected fraud"},
    {"60", "contact acquirer"},
    {"61", "amount limit exceeded"},
    {"62", "restricted card"},
    {"63", "security violation"},
    {"64", "original amount incorrect"},
    {"65", "count limit exceeded"},
    {"68", "response too late"},
    {"75", "PIN tries exceeded"},
    {"77", "reconciled, out of balance"},
    {"78", "no account"},
    {"79", "already reversed"},
    {"82", "CVV incorrect"},
    {"85", "no reason to decline"},
    {"86", "PIN cannot be verified"},
    {"88", "cryptographic failure"},
    {"90", "cutover in progress"},
    {"91", "issuer or switch inoperative"},
    {"92", "no route to issuer"},
    {"93", "violation of law"},
    {"94", "duplicate"},
    {"95", "reconciled, error"},
    {"96", "system malfunction"},
    {"97", "reconciled, totals reset"},
};

const char *response_words(struct span code)
{
    for (size_t i = 0; i < ARRAY_COUNT(responses); i++) {
        if (span_equal_text(code, responses[i].code)) {
            return responses[i].words;
        }
    }
    return "";
}

void message_line(const struct iso_dialect *dialect, const struct iso_msg *msg, char *buf,
                  size_t cap)
{
    static const uint8_t shown[] = {11, 41, 39, 70, 90};
    char value[COLUMN_LEN];
    int len = snprintf(buf, cap, "%04X ", msg->mti);
    for (size_t i = 0; i < ARRAY_COUNT(shown) && len > 0 && (size_t)len < cap; i++) {
        if (iso_has(msg, shown[i])) {
            len += snprintf(buf + len, cap - (size_t)len, " %u=%s", shown[i],
                            iso_show(msg, dialect, shown[i], value, sizeof value));
        }
    }
    for (size_t end = strlen(buf); end > 0 && buf[end - 1] == ' '; end--) {
        buf[end - 1] = '\0';
    }
}

/* --- two columns ------------------------------------------------------------------------------ */

struct diff {
    FILE *out;
    const struct iso_dialect *dialect;
    const struct expect *expect;
    const struct held *sent;
    const struct held *got;
    const struct miss *misses;
    int miss_count;
};

static bool path_equal(const struct path *a, const struct path *b)
{
    return a->kind == b->kind && a->de == b->de && (a->kind != PATH_TAG || a->tag == b->tag);
}

static const struct miss *miss_of(const struct diff *diff, const struct path *path)
{
    for (int i = 0; i < diff->miss_count; i++) {
        if (diff->misses[i].path != NULL && path_equal(diff->misses[i].path, path)) {
            return &diff->misses[i];
        }
    }
    return NULL;
}

static bool same_names(const struct check *check, const struct path *path)
{
    for (const struct path_list *each = check->same; each != NULL; each = each->next) {
        if (path_equal(&each->path, path)) {
            return true;
        }
    }
    return false;
}

/* What was expected of a field that is as it should be, for the left column. @is_shared: it is what
 * was received. */
static void expected_text(const struct diff *diff, const struct path *path, char *buf,
                          bool *is_shared)
{
    buf[0] = '\0';
    *is_shared = false;
    for (const struct check *check = diff->expect == NULL ? NULL : diff->expect->checks;
         check != NULL; check = check->next) {
        bool is_mac = check->kind == CHECK_MAC_VALID && path->kind == PATH_FIELD &&
                      (path->de == 64 || path->de == 128);
        bool is_arpc = check->kind == CHECK_ARPC && path->kind == PATH_TAG && path->tag == 0x91;
        if (is_mac || is_arpc) {
            (void)snprintf(buf, COLUMN_LEN, "valid");
        } else if (check->kind == CHECK_SAME && same_names(check, path)) {
            *is_shared = true;
        } else if (check->kind == CHECK_FIELD && path_equal(&check->path, path)) {
            switch ((enum pred_kind)check->pred.kind) {
            case PRED_EQ:
            case PRED_IN:
                *is_shared = true;
                break;
            case PRED_MATCHES:
                (void)snprintf(buf, COLUMN_LEN, "/%.*s/", (int)check->pred.pattern.len,
                               (const char *)check->pred.pattern.ptr);
                break;
            case PRED_PRESENT:
                (void)snprintf(buf, COLUMN_LEN, "present");
                break;
            case PRED_ABSENT:
                (void)snprintf(buf, COLUMN_LEN, "absent");
                break;
            default:
                break;
            }
        }
    }
}

/* What a number means: money in words, a response code. */
static void meaning_text(const struct diff *diff, const struct path *path, struct span value,
                         char *buf, size_t cap)
{
    uint64_t minor;
    uint64_t currency;
    unsigned of = path->de == 4 ? 49 : path->de == 5 ? 50 : path->de == 6 ? 51 : 0;
    buf[0] = '\0';
    if (path->kind != PATH_FIELD) {
        return;
    }
    if (path->de == 39) {
        (void)snprintf(buf, cap, "%s", response_words(value));
    } else if (of != 0 && span_number(value, &minor) == 0 && minor <= INT64_MAX &&
               (iso_number(&diff->got->msg, of, &currency) == 0 ||
                (diff->sent != NULL && diff->sent->present &&
                 iso_number(&diff->sent->msg, of, &currency) == 0)) &&
               currency <= UINT16_MAX) {
        char money[MONEY_TEXT_LEN];
        (void)snprintf(buf, cap, "%s", money_format((int64_t)minor, (uint16_t)currency, money));
    }
}

/* The words of DE39 have a column of their own. */
static void words_cut(const struct path *path, char *text)
{
    char *words = path->kind == PATH_FIELD && path->de == 39 ? strstr(text, " (") : NULL;
    if (words != NULL) {
        *words = '\0';
    }
}

static void line_print(const struct diff *diff, const struct path *path)
{
    char label[24];
    char expected[COLUMN_LEN] = "";
    char received[COLUMN_LEN] = "absent";
    char meaning[COLUMN_LEN];
    uint8_t mti[4];
    struct span value;
    bool is_shared = false;
    const struct miss *miss = miss_of(diff, path);
    bool is_there = path_get(path, &diff->got->msg, SPAN_NONE, mti, &value);
    if (is_there) {
        (void)path_show(diff->dialect, path, value, received, sizeof received);
    }
    if (miss != NULL) {
        (void)snprintf(expected, sizeof expected, "%s", miss->expected);
        (void)snprintf(received, sizeof received, "%s", miss->got);
    } else {
        expected_text(diff, path, expected, &is_shared);
        if (strcmp(expected, "valid") == 0) {
            (void)snprintf(received, sizeof received, "valid");
        } else if (is_shared) {
            (void)snprintf(expected, sizeof expected, "%s", received);
        }
    }
    words_cut(path, expected);
    words_cut(path, received);
    meaning_text(diff, path, value, meaning, sizeof meaning);
    const char *name = path->kind == PATH_FIELD && diff->dialect->field[path->de].name != NULL
                           ? diff->dialect->field[path->de].name
                           : "";
    char where[16];
    (void)snprintf(label, sizeof label, "%s%s", path->kind == PATH_MTI ? "" : "DE",
                   path_text(path, where, sizeof where));
    char line[4 * COLUMN_LEN];
    int len = snprintf(line, sizeof line, "   %c %-5s %-*.*s %-*s %-*s %s",
                       miss == NULL ? ' ' : '!', label, NAME_LEN_MAX, NAME_LEN_MAX, name,
                       EXPECTED_WIDTH, expected, RECEIVED_WIDTH, received, meaning);
    while (len > 0 && line[len - 1] == ' ') {
        line[--len] = '\0';
    }
    (void)fprintf(diff->out, "%s\n", line);
}

/* The tags that a check or a miss is about, below their field. */
static void tags_print(const struct diff *diff, unsigned de)
{
    static const struct path arpc = {.kind = PATH_TAG, .de = 55, .tag = 0x91};
    for (const struct check *check = diff->expect == NULL ? NULL : diff->expect->checks;
         check != NULL; check = check->next) {
        if (check->kind == CHECK_ARPC && de == arpc.de) {
            line_print(diff, &arpc);
        } else if (check->kind == CHECK_FIELD && check->path.kind == PATH_TAG &&
                   check->path.de == de) {
            line_print(diff, &check->path);
        }
    }
}

/* Whether a line is due although the message has no such field. */
static bool is_asked_for(const struct diff *diff, unsigned de)
{
    const struct path path = {.kind = PATH_FIELD, .de = (uint8_t)de};
    for (const struct check *check = diff->expect == NULL ? NULL : diff->expect->checks;
         check != NULL; check = check->next) {
        if (check->kind == CHECK_FIELD && path_equal(&check->path, &path)) {
            return true;
        }
    }
    return miss_of(diff, &path) != NULL;
}

void diff_print(FILE *out, const struct iso_dialect *dialect, const char *from, int64_t after_us,
                const struct expect *expect, const struct held *sent, const struct held *got,
                const struct miss *misses, int miss_count)
{
    struct diff diff = {out, dialect, expect, sent, got, misses, miss_count};
    char title[64];
    (void)snprintf(title, sizeof title, "%04X from %s (+%lld ms)", got->msg.mti, from,
                   (long long)(after_us / 1000));
    (void)fprintf(out, "  %-28s %-*s %s\n", title, EXPECTED_WIDTH, "expected", "received");
    for (int i = 0; i < miss_count; i++) {
        if (misses[i].path != NULL && misses[i].path->kind == PATH_MTI) {
            line_print(&diff, misses[i].path);
        }
    }
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct path path = {.kind = PATH_FIELD, .de = (uint8_t)de};
        if (iso_has(&got->msg, de) || is_asked_for(&diff, de)) {
            line_print(&diff, &path);
        }
        tags_print(&diff, de);
    }
    for (int i = 0; i < miss_count; i++) {
        if (misses[i].path == NULL) {
            (void)fprintf(out, "   ! %s, took %s\n", misses[i].expected, misses[i].got);
        }
    }
}
