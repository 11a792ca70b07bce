/* The block below a failed test: where, what was expected, what did come, and what happened. */
#include <jansson.h>
#include <stdlib.h>

#include "iso8583/mti.h"
#include "tools/isotest/diff.h"
#include "tools/isotest/report.h"
#include "tools/switchctl/client.h"

enum { HEARD_SHOWN_MAX = 5, SHORT_LEN = 40, LINE_MAX_LEN = 200, SWITCH_MS = 2000 };

struct block {
    FILE *out;
    const struct report *report;
    const struct engine *engine;
    const struct failure *failure;
};

/* script_tell() tells lines; ours stand two columns in. */
static void tell_line(void *context, const char *text)
{
    FILE *out = context;
    for (const char *line = text; *line != '\0';) {
        size_t len = strcspn(line, "\n");
        fprintf(out, "  %.*s\n", (int)len, line);
        line += len + (line[len] == '\n');
    }
}

static double ms_between(int64_t from_us, int64_t to_us)
{
    return (double)(to_us - from_us) / 1000.0;
}

/* --- the first line --------------------------------------------------------------------------- */

/* What is long stands in the columns below alone. */
static void check_print(const struct block *block)
{
    const struct script *script = block->report->script;
    const struct failure *failure = block->failure;
    const struct miss *miss = &failure->misses[0];
    if (strlen(miss->expected) <= SHORT_LEN && strlen(miss->got) <= SHORT_LEN) {
        script_tell(script, failure->spot, tell_line, block->out, "expected %s, got %s",
                    miss->expected, miss->got);
    } else {
        script_tell(script, failure->spot, tell_line, block->out, "it is not what is expected");
    }
}

static void head_print(const struct block *block)
{
    const struct failure *failure = block->failure;
    const struct script *script = block->report->script;
    const char *at = failure->peer == NULL ? "?" : peer_name(failure->peer);
    double waited_ms = (double)failure->waited_us / 1000.0;
    switch ((enum failure_kind)failure->kind) {
    case FAIL_TIMEOUT:
        script_tell(script, failure->spot, tell_line, block->out,
                    "timed out after %.0f ms: nothing on %s was what is expected", waited_ms, at);
        break;
    case FAIL_CHECK:
        check_print(block);
        break;
    case FAIL_UNWANTED:
        script_tell(script, failure->spot, tell_line, block->out, "got %04x at %s after %.0f ms",
                    (unsigned)failure->got->msg.mti, at, waited_ms);
        break;
    case FAIL_CONNECT:
    case FAIL_COMPOSE:
    case FAIL_STEP:
    case FAIL_FULL:
        script_tell(script, failure->spot, tell_line, block->out, "%s", failure->text);
        break;
    }
}

/* --- what did arrive -------------------------------------------------------------------------- */

/* The pairing key of a station: its `match`, else mti, 11, 41. */
static uint32_t key_paths(const struct peer_decl *decl, struct path *paths, uint32_t max)
{
    static const struct path usual[] = {
        {.kind = PATH_MTI}, {.kind = PATH_FIELD, .de = 11}, {.kind = PATH_FIELD, .de = 41}};
    uint32_t count = 0;
    for (const struct path_list *at = decl->match; at != NULL && count < max; at = at->next) {
        paths[count++] = at->path;
    }
    for (uint32_t i = 0; decl->match == NULL && i < ARRAY_COUNT(usual); i++) {
        paths[count++] = usual[i];
    }
    return count;
}

static const char *path_name(const struct path *path, char *text, size_t cap)
{
    if (path->kind == PATH_MTI) {
        (void)snprintf(text, cap, "mti");
    } else if (path->kind == PATH_TAG) {
        (void)snprintf(text, cap, "%u.%X", path->de, (unsigned)path->tag);
    } else {
        (void)snprintf(text, cap, "%u", path->de);
    }
    return text;
}

/* The value of a key's field as it may be shown. */
static void key_value(const struct iso_dialect *dialect, const struct path *path,
                      const struct iso_msg *msg, char *text, size_t cap)
{
    if (path->kind == PATH_MTI) {
        (void)snprintf(text, cap, "%04x", (unsigned)msg->mti);
    } else if (!iso_has(msg, path->de)) {
        (void)snprintf(text, cap, "absent");
    } else {
        (void)iso_show(msg, dialect, path->de, text, cap);
    }
}

static bool key_differs(const struct path *path, const struct iso_msg *sent,
                        const struct iso_msg *got)
{
    if (path->kind == PATH_MTI) {
        return mti_answer(sent->mti) != mti_original(got->mti);
    }
    return !span_equal(iso_get(sent, path->de), iso_get(got, path->de));
}

/* "key (mti,11,41): sent 11=000017, received 11=000018  <-- differs". The field, or 0. */
static unsigned key_print(const struct block *block, const struct peer_decl *decl,
                          const struct iso_msg *sent, const struct iso_msg *got)
{
    struct path paths[16];
    uint32_t count = key_paths(decl, paths, ARRAY_COUNT(paths));
    unsigned differing = 0;
    char name[24];
    for (uint32_t i = 0; i < count; i++) {
        if (!key_differs(&paths[i], sent, got)) {
            continue;
        }
        char theirs[LINE_MAX_LEN];
        char ours[LINE_MAX_LEN];
        fputs("     key (", block->out);
        for (uint32_t k = 0; k < count; k++) {
            fprintf(block->out, "%s%s", k == 0 ? "" : ",", path_name(&paths[k], name, sizeof name));
        }
        key_value(decl->dialect, &paths[i], sent, ours, sizeof ours);
        key_value(decl->dialect, &paths[i], got, theirs, sizeof theirs);
        (void)path_name(&paths[i], name, sizeof name);
        fprintf(block->out, "): sent %s=%s, received %s=%s   <-- differs\n", name, ours, name,
                theirs);
        differing = paths[i].kind == PATH_FIELD ? paths[i].de : differing;
    }
    return differing;
}

static void relax_hint(const struct block *block, const struct peer *peer, unsigned de)
{
    const struct peer_decl *decl = station_decl(peer_station(peer));
    struct path paths[16];
    uint32_t count = key_paths(decl, paths, ARRAY_COUNT(paths));
    fprintf(block->out, "  hint: the peer did not echo DE%u. Relax with: match ", de);
    bool is_first = true;
    for (uint32_t i = 0; i < count; i++) {
        char name[24];
        if (paths[i].kind != PATH_MTI && paths[i].de != de) {
            fprintf(block->out, "%s%s", is_first ? "" : ", ",
                    path_name(&paths[i], name, sizeof name));
            is_first = false;
        }
    }
    fprintf(block->out, "%s in %s %.*s\n", is_first ? "7" : "",
            decl->is_issuer ? "issuer" : "terminal", (int)decl->name.len,
            (const char *)decl->name.ptr);
}

/* What came to @peer and was taken by nobody, newest first; those that came before the step count
 * too: they may be what was meant. */
static void heard_print(const struct block *block, const struct peer *peer)
{
    const struct peer_decl *decl = station_decl(peer_station(peer));
    const struct held *sent = block->failure->sent;
    const struct held *held;
    uint8_t fate;
    uint32_t count = 0;
    unsigned differing = 0;
    while (peer_heard(peer, count, &held, &fate)) {
        count++;
    }
    if (count == 0) {
        fprintf(block->out, "  nothing else arrived on %s%s\n", peer_name(peer),
                peer_is_open(peer) ? "" : ", which has no connection now");
        return;
    }
    fprintf(block->out, "  %u message%s DID arrive on %s and %s not matched:\n", count,
            count == 1 ? "" : "s", peer_name(peer), count == 1 ? "was" : "were");
    for (uint32_t i = 0; i < count && i < HEARD_SHOWN_MAX; i++) {
        char line[LINE_MAX_LEN] = "";
        (void)peer_heard(peer, i, &held, &fate);
        if (fate == MESSAGE_BROKEN) {
            fprintf(block->out, "     %u bytes that are no message of %s (see the timeline)\n",
                    held->wire_len, decl->dialect->name);
            continue;
        }
        message_line(decl->dialect, &held->msg, line, sizeof line);
        fprintf(block->out, "     %s   at +%.0f ms\n", line,
                ms_between(sent != NULL ? sent->at_us : block->report->test_us, held->at_us));
        if (sent != NULL && fate == MESSAGE_UNMATCHED) {
            unsigned de = key_print(block, decl, &sent->msg, &held->msg);
            differing = de != 0 ? de : differing;
        }
    }
    if (differing != 0) {
        relax_hint(block, peer, differing);
    }
}

/* What waits elsewhere: an answer that says why a request never came to an issuer. */
static void elsewhere_print(const struct block *block)
{
    const struct peer *peer;
    for (uint32_t i = 0; (peer = engine_peer(block->engine, i)) != NULL; i++) {
        const struct held *held;
        uint8_t fate;
        if (peer != block->failure->peer && peer_heard(peer, 0, &held, &fate) &&
            fate == MESSAGE_ANSWER) {
            const struct peer_decl *decl = station_decl(peer_station(peer));
            const char *words = response_words(iso_get(&held->msg, 39));
            char line[LINE_MAX_LEN] = "";
            message_line(decl->dialect, &held->msg, line, sizeof line);
            fprintf(block->out, "  meanwhile on %s: %s%s%s%s\n", peer_name(peer), line,
                    words[0] == '\0' ? "" : " (", words, words[0] == '\0' ? "" : ")");
        }
    }
}

/* --- what happened ---------------------------------------------------------------------------- */

static void timeline_print(const struct block *block)
{
    const struct report *report = block->report;
    uint32_t shown = report->moment_count < TIMELINE_MAX ? report->moment_count : TIMELINE_MAX;
    if (shown == 0) {
        return;
    }
    fprintf(block->out, "  timeline%s:\n", shown < report->moment_count ? " (its end)" : "");
    for (uint32_t i = report->moment_count - shown; i < report->moment_count; i++) {
        const struct moment *moment = &report->timeline[i % TIMELINE_MAX];
        char text[LINE_MAX_LEN];
        moment_text(moment, text, sizeof text);
        fprintf(block->out, "     +%.3f s  %s\n",
                ms_between(report->test_us, moment->at_us) / 1000.0, text);
    }
}

/* The switch's own record of what was sent last. */
static void switch_print(const struct block *block)
{
    const struct held *sent = block->failure->sent;
    if (block->report->options.socket == NULL || sent == NULL || !iso_has(&sent->msg, 11) ||
        !iso_has(&sent->msg, 41)) {
        return;
    }
    struct span stan = iso_get(&sent->msg, 11);
    struct span terminal = iso_get(&sent->msg, 41);
    while (terminal.len > 0 && terminal.ptr[terminal.len - 1] == ' ') {
        terminal.len--;
    }
    json_t *request = json_pack("{s:s,s:s%,s:s%}", "cmd", "tx.show", "stan", stan.ptr, stan.len,
                                "terminal", terminal.ptr, terminal.len);
    json_t *answer = NULL;
    int err = client_ask(block->report->options.socket, request, SWITCH_MS, &answer);
    json_decref(request);
    const json_t *tx = err < 0 ? NULL : json_object_get(answer, "tx");
    const json_t *journal = json_object_get(tx, "journal");
    if (tx != NULL) {
        const char *state = json_string_value(json_object_get(tx, "state"));
        const char *code = json_string_value(json_object_get(tx, "code"));
        int64_t opened_ms = json_integer_value(json_object_get(tx, "opened_ms"));
        fprintf(block->out, "  switch says (trace %lld): %s%s%s\n",
                (long long)json_integer_value(json_object_get(tx, "seq")),
                state == NULL ? "?" : state, code == NULL ? "" : " ", code == NULL ? "" : code);
        for (size_t i = 0; i < json_array_size(journal); i++) {
            const json_t *row = json_array_get(journal, i);
            const char *what = json_string_value(json_object_get(row, "what"));
            const char *text = json_string_value(json_object_get(row, "text"));
            bool has_text = text != NULL && text[0] != '\0';
            fprintf(block->out, "     +%lld ms  %s%s%s\n",
                    (long long)(json_integer_value(json_object_get(row, "at_ms")) - opened_ms),
                    what == NULL ? "" : what, has_text ? "  " : "", has_text ? text : "");
        }
    }
    json_decref(answer);
}

char *failure_block(const struct report *report, const struct engine *engine,
                    const struct strand_view *strand, const struct failure *failure)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    if (out == NULL) {
        return NULL;
    }
    (void)strand;
    struct block block = {out, report, engine, failure};
    head_print(&block);
    if (failure->kind == FAIL_CHECK || failure->kind == FAIL_UNWANTED) {
        const struct peer_decl *decl = station_decl(peer_station(failure->peer));
        const struct expect *expect =
            failure->stmt->kind == STMT_EXPECT ? &failure->stmt->u.expect : NULL;
        int64_t from_us = failure->sent != NULL ? failure->sent->at_us : report->test_us;
        diff_print(out, decl->dialect, peer_name(failure->peer), failure->got->at_us - from_us,
                   expect, failure->sent, failure->got, failure->misses, failure->miss_count);
    } else if (failure->kind == FAIL_TIMEOUT) {
        heard_print(&block, failure->peer);
        elsewhere_print(&block);
    }
    timeline_print(&block);
    switch_print(&block);
    return fclose(out) == 0 ? text : NULL;
}
