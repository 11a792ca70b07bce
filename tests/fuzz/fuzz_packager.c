/* Whatever the bytes: a packager file becomes a dialect file that is read without a problem, or is
 * refused with at least one problem, each a text with a place. */
#include "iso8583/dialect_file.h"
#include "tests/fuzz/fuzz.h"
#include "tools/isomsg/import_packager.h"

enum { TEXT_LEN_MAX = 16384, WRITTEN_LEN_MAX = 1 << 20 };

static uint8_t written[WRITTEN_LEN_MAX];

struct told {
    uint32_t errors;
};

static void on_report(void *context, const char *text)
{
    struct told *told = context;
    CHECK(strncmp(text, "p.xml:", 6) == 0);
    CHECK(strlen(text) < SOURCE_TEXT_LEN_MAX);
    const char *kind = text + 6 + strspn(text + 6, "0123456789:");
    bool is_note = strncmp(kind, " note: ", 7) == 0;
    CHECK(is_note || strncmp(kind, " error: ", 8) == 0);
    told->errors += is_note ? 0 : 1;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told told = {0};
    struct iso_dialect *dialect = NULL;
    struct writer out = writer_make(written, sizeof written);
    if (size > TEXT_LEN_MAX) {
        return 0;
    }
    int err = import_packager(span_make(data, size), "p.xml", &out, on_report, &told);
    CHECK(err == 0 || err == ERR_CONFIG);
    CHECK((err == 0) == (told.errors == 0));
    if (err == 0) {
        CHECK(dialect_parse(writer_written(&out), "p.xml", on_report, &told, &dialect) == 0);
        CHECK(told.errors == 0);
    } else {
        CHECK(out.len == 0);
    }
    dialect_free(dialect);
    return 0;
}
