/* Whatever the bytes: switch.yml is read or refused with at least one problem, each a text with a
 * place; what is read is whole. */
#include "switch/config/config.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_LEN_MAX = 65536 };

static void on_report(void *context, const char *text)
{
    uint32_t *count = context;
    (*count)++;
    CHECK(strncmp(text, "f.yml:", 6) == 0);
    CHECK(strstr(text, ": error: ") != NULL);
    CHECK(strlen(text) < SOURCE_TEXT_LEN_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct config *config = NULL;
    uint32_t count = 0;
    if (size > TEXT_LEN_MAX) {
        return 0;
    }
    int err = config_parse(span_make(data, size), "f.yml", &config, on_report, &count);
    CHECK(err == 0 || err == ERR_CONFIG);
    CHECK((err == 0) == (config != NULL));
    CHECK((err == 0) == (count == 0));
    if (err == 0) {
        const struct core_settings *core = &config->core;
        CHECK(core->listener_count > 0 && core->group_count > 0);
        CHECK(core->issuer_count > 0 && core->link_count > 0);
        CHECK(core->slots_reserved < core->slots_max);
        for (uint32_t i = 0; i < core->link_count; i++) {
            CHECK(core->links[i].issuer < core->issuer_count);
            CHECK(core->links[i].framing.width != 0 && core->links[i].dialect != NULL);
            CHECK(core->links[i].name[0] != '\0' && core->links[i].address[0] != '\0');
        }
    }
    config_free(config);
    return 0;
}
