/* Any bytes as bins.csv: a table or errors, never both, and no error text carries a card number. */
#include "routes/route_file.h"

#include "tests/fuzz/fuzz.h"

static size_t told;

static void on_report(void *context, const char *text)
{
    (void)context;
    size_t digits = 0;
    told++;
    for (const char *p = text; *p != '\0'; p++) {
        digits = byte_is_digit((uint8_t)*p) ? digits + 1 : 0;
        CHECK(digits < 13);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const issuers[] = {"visa", "mc"};
    struct routes *routes = NULL;
    told = 0;
    int status =
        routes_parse(span_make(data, size), "bins.csv", issuers, 2, on_report, NULL, &routes);
    CHECK((status == 0) == (told == 0));
    CHECK((status == 0) == (routes != NULL));
    CHECK(told <= SOURCE_ERRORS_MAX);
    if (routes != NULL) {
        CHECK(routes_count(routes) > 0);
        int issuer = routes_find(routes, span_text("4111111111111111"), NULL);
        CHECK(issuer >= ROUTE_NONE && issuer < 2);
        routes_free(routes);
    }
    return 0;
}
