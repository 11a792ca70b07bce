/* Whatever the bytes: terminals.csv and cards.csv are read, sorted and without equals, or refused
 * with at least one problem. */
#include <stdlib.h>

#include "switch/config/card_file.h"
#include "switch/config/terminal_file.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_LEN_MAX = 65536 };

static void on_report(void *context, const char *text)
{
    uint32_t *count = context;
    (*count)++;
    CHECK(strncmp(text, "f.csv:", 6) == 0);
    CHECK(strchr(text, '\n') == NULL);
}

static void terminals_run(struct span text)
{
    static const struct group_settings groups[] = {{.name = "shops"},
                                                   {.name = "kiosks", .mac_required = true}};
    struct terminal_settings *terminals = NULL;
    uint32_t count = 0;
    uint32_t told = 0;
    int err = terminal_file_parse(text, "f.csv", groups, ARRAY_COUNT(groups), on_report, &told,
                                  &terminals, &count);
    CHECK(err == 0 || err == ERR_CONFIG);
    CHECK((err == 0) == (told == 0));
    CHECK((err == 0) == (terminals != NULL));
    for (uint32_t i = 0; i < count; i++) {
        CHECK(strlen(terminals[i].id) == 8);
        CHECK(terminals[i].group < ARRAY_COUNT(groups));
        CHECK(i == 0 || strcmp(terminals[i - 1].id, terminals[i].id) < 0);
    }
    free(terminals);
}

static void cards_run(struct span text)
{
    struct card_settings *cards = NULL;
    uint32_t count = 0;
    uint32_t told = 0;
    int err = card_file_parse(text, "f.csv", on_report, &told, &cards, &count);
    CHECK(err == 0 || err == ERR_CONFIG);
    CHECK((err == 0) == (told == 0));
    CHECK((err == 0) == (cards != NULL));
    for (uint32_t i = 0; i < count; i++) {
        CHECK(strlen(cards[i].pan) >= 13);
        CHECK(i == 0 || strcmp(cards[i - 1].pan, cards[i].pan) < 0);
    }
    free(cards);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size <= TEXT_LEN_MAX) {
        terminals_run(span_make(data, size));
        cards_run(span_make(data, size));
    }
    return 0;
}
