#include "switch/config/config_yaml.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect_file.h"
#include "routes/link.h"
#include "switch/config/config_type.h"
#include "switch/config/key_text.h"

/* To add a key: a member in struct config (or in the settings of its entry), a row below, and a
 * default beside the others. To add a section: a table of keys and a row in `sections`. Order
 * matters where one section refers to another: the one that is named comes first. */

#define REQUIRED true
#define OPTIONAL false
#define MEMBER_OF(type, member)                                                                    \
    .offset = offsetof(type, member), .size = sizeof(((type *)NULL)->member)
#define MEMBER(member) MEMBER_OF(struct config, member)

enum {
    MS = 1,
    SECOND = 1000,
    MINUTE = 60 * SECOND,
    HOUR = 60 * MINUTE,
    MIB = 1 << 20,
    LISTENER_COUNT_MAX = 64,
    GROUP_COUNT_MAX = 256,
    ISSUER_COUNT_MAX = 64,
    LINK_COUNT_MAX = 256,
    /* Store requests that are of no slot, reversal or late answer: cutover, files, the admin's. */
    QUEUE_SPARE = 64,
};

/* --- words -------------------------------------------------------------------------------------
 */

static const struct bind_word yes_no[] = {{"yes", 1}, {"no", 0}, {NULL, 0}};
static const struct bind_word identities[] = {
    {"de12", IDENTITY_DE12}, {"de7", IDENTITY_DE7}, {"day", IDENTITY_DAY}, {NULL, 0}};
static const struct bind_word mac_words[] = {{"required", 1}, {"optional", 0}, {NULL, 0}};
static const struct bind_word mac_paddings[] = {{"zeros", 1}, {"80", 2}, {NULL, 0}};
static const struct bind_word timeout_codes[] = {{"91", 0}, {"68", 1}, {NULL, 0}};
static const struct bind_word lost_answers[] = {{"keep", 0}, {"reverse", 1}, {NULL, 0}};
static const struct bind_word policies[] = {
    {"primary", POLICY_PRIMARY}, {"rotate", POLICY_ROTATE}, {NULL, 0}};
static const struct bind_word pin_modes[] = {
    {"none", PIN_NONE}, {"verify", PIN_VERIFY}, {"translate", PIN_TRANSLATE}, {NULL, 0}};
static const struct bind_word keepalives[] = {{"swallow", 0}, {"answer", 1}, {NULL, 0}};
static const struct bind_word log_levels[] = {
    {"error", LOG_ERROR}, {"warn", LOG_WARN}, {"info", LOG_INFO}, {"debug", LOG_DEBUG}, {NULL, 0}};
static const struct bind_word log_formats[] = {{"text", 0}, {"json", 1}, {NULL, 0}};

/* --- values that refer to tables elsewhere -----------------------------------------------------
 */

enum { NAME_COUNT_MAX = ISSUER_COUNT_MAX };

/* @text is no framing of a stream: the bases are listed, and the nearest of all forms suggested. */
static void framing_unknown(struct yaml_bind *bind, const struct yaml_node_s *value,
                            struct span text)
{
    const char *names[FRAMING_COUNT_MAX];
    char bases[256] = "";
    char quote[QUOTE_LEN];
    struct writer out = writer_make(bases, sizeof bases - 1);
    size_t count = framing_names(true, names);
    for (size_t i = 0; i < count; i++) {
        writer_text(&out, i == 0 ? "" : ", ");
        writer_text(&out, names[i]);
    }
    const char *near = source_suggest(text, names, framing_names(false, names));
    bind_error(bind, value, "'%s' is none of: %s; nor one with +header:TEXT, +tpdu, +etx%s%s%s",
               problem_quote(text, quote), bases, near == NULL ? "" : "; did you mean '",
               near == NULL ? "" : near, near == NULL ? "" : "'?");
}

static void bind_framing(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    struct framing framing;
    struct span text;
    if (!bind_scalar(bind, value, &text)) {
        return;
    }
    int err = framing_parse(text, &framing);
    if (err == ERR_FORMAT) {
        bind_error(bind, value, "the header of a frame is 1 to %d characters, or 0x and hex digits",
                   FRAMING_HEADER_LEN_MAX);
    } else if (err < 0 || framing.file) { /* `none` is for files: a stream needs a length. */
        framing_unknown(bind, value, text);
    } else {
        memcpy(member, &framing, sizeof framing);
    }
}

/* What is told of a dialect file: its own problems go where all go; why it cannot be read at all is
 * told where it is named. */
struct dialect_told {
    source_report report;
    void *context;
    const char *name; /* of the file, as it is written in switch.yml */
    bool has_place;   /* a problem with a place was told */
    char why[160];
};

static void tell_dialect(void *context, const char *text)
{
    struct dialect_told *told = context;
    const char *reason = strstr(text, ": error: ");
    size_t place_len = reason == NULL ? 0 : (size_t)(reason - text);
    size_t name_len = strlen(told->name);
    bool has_place = place_len > name_len &&
                     memcmp(reason - name_len, told->name, name_len) != 0; /* PATH:LINE:COLUMN */
    if (has_place) {
        told->has_place = true;
        told->report(told->context, text);
    } else {
        (void)snprintf(told->why, sizeof told->why, "%s",
                       reason == NULL ? text : reason + strlen(": error: "));
    }
}

/* A built-in dialect, or a file beside switch.yml. */
static void bind_dialect(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    const char *names[NAME_COUNT_MAX + 1] = {NULL};
    char name[CONFIG_PATH_LEN_MAX + 1] = "";
    char quote[QUOTE_LEN];
    struct dialect_told told = {.name = name};
    const struct iso_dialect **to = member;
    struct span text;
    if (!bind_scalar(bind, value, &text)) {
        return;
    }
    if (text.len < sizeof name && memchr(text.ptr, '\0', text.len) == NULL) {
        memcpy(name, text.ptr, text.len);
    }
    if (dialect_find(name) == NULL && !dialect_name_is_path(name)) {
        for (size_t i = 0; dialect_at(i) != NULL; i++) {
            CHECK(i < NAME_COUNT_MAX);
            names[i] = dialect_at(i)->name;
        }
        bind_error_words(bind, value, text, names);
        return;
    }
    told.report = bind_report(bind, &told.context);
    if (dialect_get(name, bind_name(bind), tell_dialect, &told, to) == 0) {
        return;
    }
    bind_error(bind, value, "the dialect file '%s' %s%s", problem_quote(text, quote),
               told.has_place ? "is wrong" : "cannot be read: ", told.has_place ? "" : told.why);
}

static void bind_issuer(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    const struct config_yaml *yaml = bind_target(bind);
    const struct issuer_settings *issuers = yaml->issuers.items;
    const char *names[NAME_COUNT_MAX + 1] = {NULL};
    struct span text;
    if (!bind_scalar(bind, value, &text)) {
        return;
    }
    for (uint32_t i = 0; i < yaml->issuers.count; i++) {
        if (span_equal_text(text, issuers[i].name)) {
            uint16_t index = (uint16_t)i;
            memcpy(member, &index, sizeof index);
            return;
        }
        names[i] = issuers[i].name;
    }
    bind_error_words(bind, value, text, names);
}

static bool is_code_character(uint8_t byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z');
}

/* One HSM, or a list of them that stand in for one another. */
static void bind_hsms(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    struct config *config = bind_target(bind);
    char(*addresses)[ADDRESS_LEN_MAX + 1] = member;
    const struct yaml_node_s *item;
    uint32_t count = 0;
    while ((item = bind_item(bind, value, count)) != NULL) {
        if (count == HSM_UNITS_MAX) {
            bind_error(bind, item, "more than %d HSMs", HSM_UNITS_MAX);
            return;
        }
        if (!bind_address_item(bind, item, addresses[count], sizeof addresses[count])) {
            return;
        }
        for (uint32_t i = 0; i < count; i++) {
            if (strcmp(addresses[i], addresses[count]) == 0) {
                bind_error(bind, item, "%s is named twice", addresses[count]);
                return;
            }
        }
        count++;
    }
    if (count == 0) {
        bind_error(bind, value, "the address of an HSM is missing");
    }
    config->hsm_count = count;
}

/* A list of response codes. */
static void bind_codes(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    char codes[CODES_MAX][3] = {{0}};
    uint32_t index = 0;
    const struct yaml_node_s *item;
    while ((item = bind_item(bind, value, index)) != NULL) {
        char quote[QUOTE_LEN];
        struct span text;
        if (index == CODES_MAX) {
            bind_error(bind, item, "more than %d codes", CODES_MAX);
            return;
        }
        if (!bind_scalar(bind, item, &text)) {
            return;
        }
        if (text.len != 2 || !is_code_character(text.ptr[0]) || !is_code_character(text.ptr[1])) {
            bind_error(bind, item, "'%s' is not a response code (2 digits or capitals)",
                       problem_quote(text, quote));
            return;
        }
        memcpy(codes[index++], text.ptr, 2);
    }
    memcpy(member, codes, sizeof codes);
}

/* --- keys --------------------------------------------------------------------------------------
 */

/* clang-format off */
static const struct bind_key admin_keys[] = {
    {"socket", BIND_TEXT, OPTIONAL, MEMBER(admin_socket), .min = 1, .max = CONFIG_SOCKET_LEN_MAX},
    {0},
};

static const struct bind_key store_keys[] = {
    {"map",         BIND_BYTES,  OPTIONAL, MEMBER(store_map_bytes),      .min = 16ull * MIB, .max = 1ull << 44},
    {"preallocate", BIND_BYTES,  OPTIONAL, MEMBER(store_prealloc_bytes), .min = 0,           .max = 1ull << 44},
    {0},
};

static const struct bind_key hsm_keys[] = {
    {"address",    BIND_CUSTOM,   REQUIRED, MEMBER(hsm_addresses), .custom = bind_hsms},
    {"in_flight",  BIND_NUMBER,   OPTIONAL, MEMBER(hsm_in_flight),  .min = 1,       .max = 4096},
    {"header_len", BIND_NUMBER,   OPTIONAL, MEMBER(hsm_header_len), .min = 1,       .max = 16},
    {"answer",     BIND_DURATION, OPTIONAL, MEMBER(core.hsm_ms),    .min = 10 * MS, .max = MINUTE},
    {0},
};

static const struct bind_key file_keys[] = {
    {"terminals", BIND_TEXT, REQUIRED, MEMBER(terminals_path), .min = 1, .max = CONFIG_PATH_LEN_MAX},
    {"bins",      BIND_TEXT, REQUIRED, MEMBER(bins_path),      .min = 1, .max = CONFIG_PATH_LEN_MAX},
    {"cards",     BIND_TEXT, OPTIONAL, MEMBER(cards_path),     .min = 1, .max = CONFIG_PATH_LEN_MAX},
    {0},
};

static const struct bind_key limit_keys[] = {
    {"slots",     BIND_NUMBER,   OPTIONAL, MEMBER(core.slots_max),      .min = 16,      .max = 1000000},
    {"reserved",  BIND_NUMBER,   OPTIONAL, MEMBER(core.slots_reserved), .min = 1,       .max = 1000000},
    {"reversals", BIND_NUMBER,   OPTIONAL, MEMBER(core.reversals_max),  .min = 1,       .max = 4096},
    {"queue",     BIND_NUMBER,   OPTIONAL, MEMBER(store_queue_max),     .min = 64,      .max = 1 << 21},
    {"batch",     BIND_NUMBER,   OPTIONAL, MEMBER(store_batch_max),     .min = 1,       .max = 65536},
    {"frame",     BIND_DURATION, OPTIONAL, MEMBER(frame_ms),            .min = 100 * MS, .max = MINUTE},
    {"idle",      BIND_DURATION, OPTIONAL, MEMBER(idle_ms),             .min = SECOND,  .max = 24 * HOUR},
    {"drain",     BIND_DURATION, OPTIONAL, MEMBER(drain_ms),            .min = SECOND,  .max = 10 * MINUTE},
    {0},
};

static const struct bind_key window_keys[] = {
    {"request", BIND_DURATION, OPTIONAL, MEMBER(window_ms),     .min = MINUTE, .max = 168 * HOUR},
    {"day",     BIND_DURATION, OPTIONAL, MEMBER(window_day_ms), .min = MINUTE, .max = 24 * HOUR},
    {0},
};

static const struct bind_key retry_keys[] = {
    {"reversal_answer", BIND_DURATION, OPTIONAL, MEMBER(core.reversal_answer_ms), .min = 100 * MS, .max = 10 * MINUTE},
    {"first",           BIND_DURATION, OPTIONAL, MEMBER(core.retry_first_ms),     .min = 100 * MS, .max = HOUR},
    {"max",             BIND_DURATION, OPTIONAL, MEMBER(core.retry_max_ms),       .min = 100 * MS, .max = 24 * HOUR},
    {"tries",           BIND_NUMBER,   OPTIONAL, MEMBER(core.agains_max),         .min = 1,        .max = 1000000},
    {"dead_letters",    BIND_DURATION, OPTIONAL, MEMBER(core.dead_retry_ms),      .min = SECOND,   .max = 24 * HOUR},
    {0},
};

static const struct bind_key stan_keys[] = {
    {"first", BIND_NUMBER, OPTIONAL, MEMBER(core.stan_first), .min = 1, .max = 999999},
    {"last",  BIND_NUMBER, OPTIONAL, MEMBER(core.stan_last),  .min = 1, .max = 999999},
    {0},
};

static const struct bind_key log_keys[] = {
    {"level",  BIND_WORD, OPTIONAL, MEMBER(log_level), .words = log_levels},
    {"format", BIND_WORD, OPTIONAL, MEMBER(log_json),  .words = log_formats},
    {0},
};

#define LISTENER(member) MEMBER_OF(struct listener_settings, member)
static const struct bind_key listener_keys[] = {
    {"address",     BIND_CUSTOM,  REQUIRED, LISTENER(address), .custom = bind_address},
    {"frame",       BIND_CUSTOM,  REQUIRED, LISTENER(framing), .custom = bind_framing},
    {"dialect",     BIND_CUSTOM,  REQUIRED, LISTENER(dialect), .custom = bind_dialect},
    {"keepalive",   BIND_WORD,    OPTIONAL, LISTENER(answers_keepalives), .words = keepalives},
    {"connections", BIND_NUMBER,  OPTIONAL, LISTENER(connections_max), .min = 1, .max = 65536},
    {0},
};

#define GROUP(member) MEMBER_OF(struct group_settings, member)
static const struct bind_key group_keys[] = {
    {"identity",     BIND_WORD,   REQUIRED, GROUP(identity), .words = identities},
    {"acquirer",     BIND_DIGITS, REQUIRED, GROUP(acquirer), .min = 1, .max = 11},
    {"mac",          BIND_WORD,   OPTIONAL, GROUP(mac_required), .words = mac_words},
    {"mac_padding",  BIND_WORD,   OPTIONAL, GROUP(mac_padding), .words = mac_paddings},
    {"timeout_code", BIND_WORD,   OPTIONAL, GROUP(timeout_is_68), .words = timeout_codes},
    {"lost_answer",  BIND_WORD,   OPTIONAL, GROUP(lost_answer_reverse), .words = lost_answers},
    {"repeats",      BIND_WORD,   OPTIONAL, GROUP(repeats), .words = yes_no},
    {"diagnostics",  BIND_WORD,   OPTIONAL, GROUP(diagnostics), .words = yes_no},
    {0},
};

#define ISSUER(member) MEMBER_OF(struct issuer_settings, member)
static const struct bind_key issuer_keys[] = {
    {"id",     BIND_DIGITS, REQUIRED, ISSUER(id), .min = 1, .max = 11},
    {"policy", BIND_WORD,   OPTIONAL, ISSUER(policy), .words = policies},
    {"pin",    BIND_WORD,   OPTIONAL, ISSUER(pin_mode), .words = pin_modes},
    {"zpk",    BIND_CUSTOM, OPTIONAL, ISSUER(zpk), .min = KEY_SHAPES_ANY, .custom = bind_key_text},
    {"pvk",    BIND_CUSTOM, OPTIONAL, ISSUER(pvk), .min = KEY_SHAPE_PAIR | KEY_SHAPE_DOUBLE, .custom = bind_key_text},
    {"approve", BIND_CUSTOM, OPTIONAL, ISSUER(approve), .custom = bind_codes},
    {"doubt",   BIND_CUSTOM, OPTIONAL, ISSUER(doubt), .custom = bind_codes},
    {0},
};

#define LINK(member) MEMBER_OF(struct link_settings, member)
static const struct bind_key link_keys[] = {
    {"issuer",  BIND_CUSTOM,   REQUIRED, LINK(issuer), .custom = bind_issuer},
    {"address", BIND_CUSTOM,   REQUIRED, LINK(address), .custom = bind_address},
    {"frame",   BIND_CUSTOM,   REQUIRED, LINK(framing), .custom = bind_framing},
    {"dialect", BIND_CUSTOM,   REQUIRED, LINK(dialect), .custom = bind_dialect},
    {"keepalive", BIND_WORD,   OPTIONAL, LINK(answers_keepalives), .words = keepalives},
    {"answer",  BIND_DURATION, OPTIONAL, LINK(answer_ms),   .min = 100 * MS, .max = 5 * MINUTE},
    {"echo",    BIND_DURATION, OPTIONAL, LINK(echo_ms),     .min = SECOND,   .max = HOUR},
    {"pending", BIND_NUMBER,   OPTIONAL, LINK(pending_max), .min = 1,        .max = 65536},
    {0},
};
/* clang-format on */

/* --- what keys must be together ----------------------------------------------------------------
 */

static void check_store(struct yaml_bind *bind, void *target, void *item)
{
    (void)item;
    const struct config *config = &((struct config_yaml *)target)->config;
    if (config->store_prealloc_bytes > config->store_map_bytes) {
        bind_error(bind, bind_value(bind, "preallocate"), "'preallocate' is larger than 'map'");
    }
}

static void check_limits(struct yaml_bind *bind, void *target, void *item)
{
    (void)item;
    const struct config *config = &((struct config_yaml *)target)->config;
    if (config->core.slots_reserved >= config->core.slots_max) {
        bind_error(bind, bind_value(bind, "reserved"), "'reserved' leaves none of the %u 'slots'",
                   config->core.slots_max);
    }
}

static void check_retries(struct yaml_bind *bind, void *target, void *item)
{
    (void)item;
    const struct config *config = &((struct config_yaml *)target)->config;
    if (config->core.retry_first_ms > config->core.retry_max_ms) {
        bind_error(bind, bind_value(bind, "first"), "'first' is longer than 'max'");
    }
}

static void check_stans(struct yaml_bind *bind, void *target, void *item)
{
    (void)item;
    const struct config *config = &((struct config_yaml *)target)->config;
    /* Two of each transaction's, for all that may be pending: a narrow range would repeat them. */
    if (config->core.stan_first > config->core.stan_last ||
        config->core.stan_last - config->core.stan_first < 9999) {
        bind_error(bind, bind_value(bind, "first"), "'first' to 'last' must be 10000 at least");
    }
}

/* A code means one thing, and 00 is an approval everywhere. */
static void check_codes(struct yaml_bind *bind, const struct issuer_settings *issuer)
{
    for (size_t i = 0; i < CODES_MAX && issuer->doubt[i][0] != '\0'; i++) {
        if (codes_have(issuer->approve, issuer->doubt[i])) {
            bind_error(bind, bind_value(bind, bind_has(bind, "doubt") ? "doubt" : "approve"),
                       "'%s' cannot be both an approval and a doubt", issuer->doubt[i]);
            return;
        }
    }
    if (!codes_have(issuer->approve, "00")) {
        bind_error(bind, bind_value(bind, "approve"),
                   "'00' is missing: with this list every approval would be doubted");
    }
}

static void check_issuer(struct yaml_bind *bind, void *target, void *item)
{
    const struct config *config = &((struct config_yaml *)target)->config;
    const struct issuer_settings *issuer = item;
    if (issuer->pin_mode == PIN_TRANSLATE && !bind_has(bind, "zpk")) {
        bind_error(bind, bind_value(bind, "pin"), "'pin: translate' needs a 'zpk'");
    }
    if (issuer->pin_mode == PIN_VERIFY && !bind_has(bind, "pvk")) {
        bind_error(bind, bind_value(bind, "pin"), "'pin: verify' needs a 'pvk'");
    }
    check_codes(bind, issuer);
    if (issuer->pin_mode == PIN_VERIFY && config->cards_path[0] == '\0') {
        bind_error(bind, bind_value(bind, "pin"), "'pin: verify' needs 'cards' in 'files'");
    }
}

/* What sections must be together. */
static void check_all(struct yaml_bind *bind, void *target)
{
    struct config_yaml *yaml = target;
    const struct issuer_settings *issuers = yaml->issuers.items;
    const struct link_settings *links = yaml->links.items;
    for (uint32_t i = 0; i < yaml->issuers.count && yaml->links.count > 0; i++) {
        bool has_link = false;
        for (uint32_t k = 0; k < yaml->links.count; k++) {
            /* A link whose issuer is wrong may have been meant for this one. */
            has_link |= links[k].issuer == i || links[k].issuer == UINT16_MAX;
        }
        if (!has_link) {
            bind_error(bind, bind_seek(bind, "issuers", issuers[i].name),
                       "no link leads to this issuer");
        }
    }
    struct config *config = &yaml->config;
    /* A slot asks one thing at a time. Late answers are of no slot: a link remembers LINK_LATE_MAX
     * of them, and while the writer is busy each slot may add one more. */
    uint32_t queue_min = 2 * config->core.slots_max +
                         (config->core.reversals_max + 1) * yaml->issuers.count +
                         LINK_LATE_MAX * yaml->links.count + QUEUE_SPARE;
    if (config->store_queue_max == 0) {
        config->store_queue_max = queue_min; /* Not given: what suffices. */
    } else if (config->store_queue_max < queue_min) {
        bind_error(bind, bind_seek(bind, "limits", "queue"),
                   "slots, reversals and late answers may ask the store %u things at once, no less "
                   "will do",
                   queue_min);
    }
}

/* --- sections and defaults ---------------------------------------------------------------------
 */

_Static_assert(offsetof(struct listener_settings, name) == 0 &&
                   offsetof(struct group_settings, name) == 0 &&
                   offsetof(struct issuer_settings, name) == 0 &&
                   offsetof(struct link_settings, name) == 0,
               "entries begin with their name");

static const struct listener_settings listener_default = {.connections_max = 2000};
static const struct group_settings group_default = {.mac_padding = 1, .repeats = true};
static const struct issuer_settings issuer_default = {
    .approve = {"00", "08", "10", "11", "16", "85"}, .doubt = {"68", "91", "96"}};
/* No issuer: a link whose issuer is wrong must not count as the first one's. */
static const struct link_settings link_default = {
    .issuer = UINT16_MAX, .answer_ms = 10 * SECOND, .echo_ms = 30 * SECOND, .pending_max = 4096};

static const struct config config_default = {
    .core = {.slots_max = 4096,
             .slots_reserved = 256,
             .reversals_max = 64,
             .hsm_ms = SECOND,
             .reversal_answer_ms = 5 * SECOND,
             .retry_first_ms = 5 * SECOND,
             .retry_max_ms = 5 * MINUTE,
             .agains_max = 20,
             .dead_retry_ms = HOUR,
             .stan_first = 1,
             .stan_last = 999999},
    .hsm_header_len = 4,
    .hsm_in_flight = 1024,
    .admin_socket = "admin.sock",
    .store_map_bytes = 4ull << 30,
    .store_prealloc_bytes = 256ull * MIB,
    .store_batch_max = 512,
    .window_ms = 24 * HOUR,
    .window_day_ms = HOUR,
    .frame_ms = 5 * SECOND,
    .idle_ms = 10 * MINUTE,
    .drain_ms = 30 * SECOND,
    .log_level = LOG_INFO,
};

#define BLOCK(keys_) .offset = offsetof(struct config_yaml, config), .keys = (keys_)
#define ENTRIES(member, keys_, type, max)                                                          \
    .offset = offsetof(struct config_yaml, member), .keys = (keys_), .entry_size = sizeof(type),   \
    .name_size = NAME_LEN_MAX + 1, .count_max = (max)

/* clang-format off */
static const struct bind_section sections[] = {
    {"admin",     OPTIONAL, BLOCK(admin_keys)},
    {"store",     OPTIONAL, BLOCK(store_keys),  .check = check_store},
    {"hsm",       REQUIRED, BLOCK(hsm_keys)},
    {"files",     REQUIRED, BLOCK(file_keys)},
    {"limits",    OPTIONAL, BLOCK(limit_keys),  .check = check_limits},
    {"windows",   OPTIONAL, BLOCK(window_keys)},
    {"retries",   OPTIONAL, BLOCK(retry_keys),  .check = check_retries},
    {"stans",     OPTIONAL, BLOCK(stan_keys),   .check = check_stans},
    {"log",       OPTIONAL, BLOCK(log_keys)},
    {"listeners", REQUIRED, ENTRIES(listeners, listener_keys, struct listener_settings, LISTENER_COUNT_MAX),
     .entry_default = &listener_default},
    {"groups",    REQUIRED, ENTRIES(groups, group_keys, struct group_settings, GROUP_COUNT_MAX),
     .entry_default = &group_default},
    {"issuers",   REQUIRED, ENTRIES(issuers, issuer_keys, struct issuer_settings, ISSUER_COUNT_MAX),
     .entry_default = &issuer_default, .check = check_issuer},
    {"links",     REQUIRED, ENTRIES(links, link_keys, struct link_settings, LINK_COUNT_MAX),
     .entry_default = &link_default},
    {0},
};
/* clang-format on */

int config_yaml_read(struct span text, const char *name, struct config_yaml *yaml,
                     source_report report, void *context)
{
    memset(yaml, 0, sizeof *yaml);
    yaml->config = config_default;
    return yaml_bind(text, name, sections, yaml, check_all, report, context);
}

void config_yaml_deinit(struct config_yaml *yaml)
{
    free(yaml->listeners.items);
    free(yaml->groups.items);
    free(yaml->issuers.items);
    free(yaml->links.items);
    memset(yaml, 0, sizeof *yaml);
}
