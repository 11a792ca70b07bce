#include "tools/isotest/record.h"

#include <stdarg.h>
#include <stdlib.h>

#include "tools/isotest/fmt.h"
#include "tools/isotest/record_guess.h"
#include "tools/isotest/record_table.h"
#include "tools/isotest/record_write.h"

enum {
    PORTS_TOLD_MAX = 8,
    TOLD_LEN = 1024,
    TRIED_LEN = 400,
    PORT_COUNT = 65536,
    TABLE_LEN_MAX = 64 << 20,
};

/* A side while it is read. */
struct listened {
    struct played *played;
    struct streams *streams;
    struct guesses *guesses;
};

struct record {
    const struct record_options *options;
    struct played played[RECORD_SIDES_MAX];
    struct listened listened[RECORD_SIDES_MAX];
    struct cards *cards;
    struct arena arena; /* of the table of test cards */
    struct test_card *tests;
    uint32_t test_count;
    struct capture_counts capture;
    uint64_t *port_bytes; /* PORT_COUNT: by the port of who was called */
    bool *port_called;    /* a connection to it was opened */
};

__attribute__((format(printf, 2, 3))) static void tell(const struct record_options *options,
                                                       const char *format, ...)
{
    char text[TOLD_LEN];
    int len = snprintf(text, sizeof text, "%.200s: ", options->source);
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text + len, sizeof text - (size_t)len, format, arguments);
    va_end(arguments);
    options->report(options->context, text);
}

/* --- reading -------------------------------------------------------------------------------------
 */

/* Which of the two ports was called: where a connection was opened, else the lower one. */
static void port_note(struct record *record, const struct packet *packet)
{
    uint16_t low = packet->from_port < packet->to_port ? packet->from_port : packet->to_port;
    uint16_t port = record->port_called[packet->from_port] ? packet->from_port
                    : record->port_called[packet->to_port] ? packet->to_port
                                                           : low;
    if (packet->syn) {
        port = packet->ack ? packet->from_port : packet->to_port;
        record->port_called[port] = true;
    }
    record->port_bytes[port] += packet->payload.len;
}

static void on_packet(void *context, const struct packet *packet)
{
    struct record *record = context;
    port_note(record, packet);
    for (size_t i = 0; i < record->options->side_count; i++) {
        streams_packet(record->listened[i].streams, packet);
    }
}

static void on_bytes(void *context, struct stream_id id, int64_t at_us, struct span bytes)
{
    struct listened *listened = context;
    guesses_keep(listened->guesses, id, bytes);
    if (listened->played->side->framing != NULL) {
        talk_bytes(&listened->played->talk, id, at_us, bytes);
    }
}

static void on_lost(void *context, struct stream_id id, uint32_t len)
{
    struct listened *listened = context;
    if (listened->played->side->framing != NULL) {
        talk_lost(&listened->played->talk, id, len);
    }
}

/* The terminals' side first: what issuers are asked comes behind what terminals said. */
static int sides_open(struct record *record)
{
    const struct record_options *options = record->options;
    struct talk *before = NULL;
    for (size_t i = 0; i < options->side_count; i++) {
        before = options->sides[i].name == NULL ? &record->played[i].talk : before;
    }
    for (size_t i = 0; i < options->side_count; i++) {
        struct played *played = &record->played[i];
        struct listened *listened = &record->listened[i];
        struct stream_told told = {listened, on_bytes, on_lost};
        played->side = &options->sides[i];
        listened->played = played;
        TRY(guesses_open(&listened->guesses));
        TRY(talk_open(&played->talk, played->side->framing, played->side->dialect, record->cards,
                      played->side->name == NULL ? NULL : before));
        TRY(streams_open(played->side->port, &told, &listened->streams));
    }
    return 0;
}

static int record_open(struct record *record)
{
    const struct record_options *options = record->options;
    arena_init(&record->arena, TABLE_LEN_MAX);
    record->port_bytes = calloc(PORT_COUNT, sizeof *record->port_bytes);
    record->port_called = calloc(PORT_COUNT, sizeof *record->port_called);
    if (record->port_bytes == NULL || record->port_called == NULL) {
        return ERR_MEMORY;
    }
    TRY(cards_make(&record->cards));
    TRY(sides_open(record));
    if (options->cards == NULL) {
        return 0;
    }
    return test_cards_read(options->cards, options->report, options->context, &record->arena,
                           &record->tests, &record->test_count);
}

static void record_close(struct record *record)
{
    for (size_t i = 0; i < record->options->side_count; i++) {
        streams_close(record->listened[i].streams);
        guesses_close(record->listened[i].guesses);
        talk_close(&record->played[i].talk);
    }
    cards_drop(record->cards);
    arena_deinit(&record->arena);
    free(record->port_bytes);
    free(record->port_called);
}

/* --- what is told --------------------------------------------------------------------------------
 */

/* "--terminals 8583,len2,iso87_bcd", as it should have been. */
static void guess_tell(const struct record *record, const struct listened *listened)
{
    const struct record_side *side = listened->played->side;
    struct guess guess = guesses_best(listened->guesses);
    if (guess.framing == NULL) {
        char tried[TRIED_LEN];
        tell(record->options, "port %u: no framing and dialect that is known fits it; tried: %s",
             (unsigned)side->port, guesses_tried(tried, sizeof tried));
        return;
    }
    tell(record->options, "port %u: it looks like %s%s%s%u,%s,%s (%u message%s fit)",
         (unsigned)side->port, side->name == NULL ? "--terminals " : "--issuer ",
         side->name == NULL ? "" : side->name, side->name == NULL ? "" : "=", (unsigned)side->port,
         guess.framing->name, guess.dialect->name, guess.messages, guess.messages == 1 ? "" : "s");
}

/* The ports that carried something, most first. */
static void ports_tell(struct record *record, uint16_t missed)
{
    char list[200] = "";
    size_t len = 0;
    for (int i = 0; i < PORTS_TOLD_MAX; i++) {
        unsigned most = 0;
        for (unsigned port = 1; port < PORT_COUNT; port++) {
            most = record->port_bytes[port] > record->port_bytes[most] ? port : most;
        }
        if (record->port_bytes[most] == 0) {
            break;
        }
        len += (size_t)snprintf(list + len, sizeof list - len, "%s%u", len > 0 ? ", " : "", most);
        record->port_bytes[most] = 0;
    }
    if (len == 0) {
        tell(record->options, "there is no TCP data in it");
    } else {
        tell(record->options, "nothing was said on port %u; there is data of port %s",
             (unsigned)missed, list);
    }
}

/* Numbers that were not 0, and what they count. */
static void counts_tell(const struct record *record, const struct listened *listened)
{
    const struct record_options *options = record->options;
    const struct talk *talk = &listened->played->talk;
    const struct talk_counts *counts = &talk->counts;
    unsigned port = listened->played->side->port;
    if (counts->holes > 0) {
        tell(options, "note: port %u: %llu bytes were not captured, in %u places", port,
             (unsigned long long)counts->hole_len, counts->holes);
    }
    if (counts->broken > 0) {
        tell(options, "note: port %u: %u frames are no message of %s; the first: %s", port,
             counts->broken, talk->dialect->name, talk->error);
    }
    if (counts->lost > 0) {
        tell(options, "note: port %u: the framing %s was lost %u times", port, talk->framing->name,
             counts->lost);
    }
    if (counts->skipped_len > 0) {
        tell(options, "note: port %u: %llu bytes in front of the next message were passed over",
             port, (unsigned long long)counts->skipped_len);
    }
    if (counts->unpaired > 0) {
        tell(options, "note: port %u: %u answers have no question", port, counts->unpaired);
    }
    if (counts->unanswered > 0) {
        tell(options, "note: port %u: %u requests have no answer", port, counts->unanswered);
    }
    if (counts->left_out > 0 || streams_left_out(listened->streams)) {
        tell(options,
             "note: port %u: it is too much for one script; %u messages were left out at least",
             port, counts->left_out);
    }
}

static void capture_tell(const struct record *record)
{
    const struct capture_counts *capture = &record->capture;
    if (capture->fault[0] != '\0') {
        tell(record->options, "note: the file is read up to a fault: %s", capture->fault);
    }
    if (capture->fragments > 0) {
        tell(record->options, "note: %llu IP fragments were passed over",
             (unsigned long long)capture->fragments);
    }
    if (capture->short_headers > 0) {
        tell(record->options, "note: %llu packets are cut in their headers and were passed over",
             (unsigned long long)capture->short_headers);
    }
    if (cards_are_full(record->cards)) {
        tell(record->options, "note: there are too many cards for one script; what has further "
                              "ones is written without");
    }
}

static void written_tell(const struct record *record, const struct written *written,
                         uint32_t made_up)
{
    const struct record_options *options = record->options;
    if (written->network_only > 0) {
        tell(options, "note: %u sign-ons and echoes are left to the issuer, who answers them alone",
             written->network_only);
    }
    if (written->of_other_side > 0) {
        tell(options,
             "note: %u requests are left out: they came from the end that is played by "
             "nobody",
             written->of_other_side);
    }
    if (written->uncalled > 0) {
        tell(options,
             "note: what issuers were asked %u times is left out: for no terminal's "
             "request",
             written->uncalled);
    }
    if (options->cards != NULL && made_up > 0) {
        tell(options, "note: %.300s has no card left for %u of the cards: these are made up",
             options->cards, made_up);
    }
}

/* --- the script ----------------------------------------------------------------------------------
 */

/* Whether what @listened heard can be part of a script: else an error, after telling. */
static int side_is_good(struct record *record, struct listened *listened)
{
    const struct record_side *side = listened->played->side;
    struct talk *talk = &listened->played->talk;
    if (!guesses_have(listened->guesses)) {
        ports_tell(record, side->port);
        return ERR_NOT_FOUND;
    }
    if (side->framing == NULL) {
        guess_tell(record, listened);
        return ERR_CONFIG;
    }
    if (talk->out_of_memory) {
        return ERR_MEMORY;
    }
    if (talk->count == 0 || talk->count <= talk->counts.broken) {
        tell(record->options, "port %u: what was said is not framed as %s in %s",
             (unsigned)side->port, side->framing->name, side->dialect->name);
        guess_tell(record, listened);
        return ERR_CONFIG;
    }
    if (talk->counts.requests == 0) {
        tell(record->options, "port %u: nothing is asked on it", (unsigned)side->port);
        return ERR_CONFIG;
    }
    listened->played->asker_is_client = side->name == NULL || talk_client_asks(talk);
    talk_join(talk, listened->played->asker_is_client);
    counts_tell(record, listened);
    return 0;
}

/* Lay @text out, and see that it is good and holds no card number. */
static int script_finish(struct record *record, struct span text, struct span *out)
{
    const struct record_options *options = record->options;
    struct script_options language = {
        .report = options->report, .context = options->context, .no_files = options->keys == NULL};
    struct script *script = NULL;
    if (cards_stand_in_text(record->cards, text)) {
        tell(options, "a card number of the capture would stand in the script: nothing is written");
        return ERR_CORRUPT;
    }
    int status = fmt_text(options->script, text, options->report, options->context, out);
    if (status == 0) {
        status = script_parse_text(options->script, *out, &language, &script);
        script_free(script);
    }
    if (status < 0) {
        free((void *)(uintptr_t)out->ptr);
        *out = SPAN_NONE;
    }
    bool is_files_fault = status < 0 && options->keys != NULL;
    return status == 0 || status == ERR_MEMORY ? status : is_files_fault ? ERR_CONFIG : ERR_CORRUPT;
}

static int script_make(struct record *record, struct span *script)
{
    const struct record_options *options = record->options;
    struct written written;
    uint32_t made_up = cards_name(record->cards, record->tests, record->test_count);
    TRY(record_write(record->played, options->side_count, record->cards, options, &written));
    int status = 0;
    if (written.tests == 0) {
        tell(options, "there is nothing to make a test of%s",
             written.of_other_side > 0 ? ": who asks is not who would be played" : "");
        status = ERR_CONFIG;
    } else {
        written_tell(record, &written, made_up);
        status = script_finish(record, written.text, script);
    }
    free((void *)(uintptr_t)written.text.ptr);
    return status;
}

int record_script(FILE *capture, const struct record_options *options, struct span *script)
{
    struct record record = {.options = options};
    char why[CAPTURE_WHY_LEN] = "";
    *script = SPAN_NONE;
    CHECK(options->side_count >= 1 && options->side_count <= RECORD_SIDES_MAX);
    int status = record_open(&record);
    if (status < 0) {
        (void)fclose(capture);
    } else {
        status = capture_read(capture, on_packet, &record, &record.capture, why);
        if (status < 0) {
            tell(options, "%s", why);
        }
    }
    if (status == 0) {
        capture_tell(&record);
    }
    for (size_t i = 0; i < options->side_count && status == 0; i++) {
        streams_end(record.listened[i].streams);
    }
    bool was_read = status == 0;
    for (size_t i = 0; i < options->side_count && was_read; i++) {
        int side_status = side_is_good(&record, &record.listened[i]);
        status = status == 0 ? side_status : status; /* All are told of. */
    }
    status = status < 0 ? status : script_make(&record, script);
    record_close(&record);
    return status;
}
