/* Whatever the bytes: a dialect file is made a dialect, or refused with at least one problem, each
 * a text with a place. A dialect that was made has sound rows, keeps card data masked, reads any
 * bytes without harm, and is the same when it is written and read again. */
#include "iso8583/dialect_file.h"
#include "iso8583/parts.h"
#include "tests/fuzz/fuzz.h"

enum { TEXT_LEN_MAX = 16384, WRITTEN_LEN_MAX = 1 << 20 };

static uint8_t written[WRITTEN_LEN_MAX];
static uint8_t written_again[WRITTEN_LEN_MAX];

static void on_report(void *context, const char *text)
{
    uint32_t *count = context;
    (*count)++;
    CHECK(strncmp(text, "f.yml:", 6) == 0);
    CHECK(strstr(text, ": error: ") != NULL);
    CHECK(strlen(text) < SOURCE_TEXT_LEN_MAX);
}

static void check_rows(const struct iso_dialect *dialect)
{
    static const uint8_t masked[] = {35, 36, 45, 52, 55};
    CHECK(dialect->field[2].content == ISO_NONE || dialect->field[2].mask >= ISO_MASK_PAN);
    for (size_t i = 0; i < sizeof masked; i++) {
        const struct iso_field_row *row = &dialect->field[masked[i]];
        CHECK(row->content == ISO_NONE || row->mask == ISO_MASK_ALL);
    }
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &dialect->field[de];
        CHECK(row->content == ISO_NONE || dialect_row_flaw(row) == NULL);
    }
}

/* A message of every element, made of the text itself, and the parts of what could be read. */
static void decode_anything(const struct iso_dialect *dialect, struct span text)
{
    static uint8_t scratch[2 * TEXT_LEN_MAX];
    static uint8_t parts_scratch[8 * TEXT_LEN_MAX];
    static struct iso_msg msg;
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_error error = {.code = 0};
    (void)!iso_decode(dialect, text, &room, &msg, &error);
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        struct writer more = writer_make(parts_scratch, sizeof parts_scratch);
        if (dialect->field[de].parts != NULL) {
            (void)!parts_check(&dialect->field[de], text, &more, NULL, &error);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct iso_dialect *dialect = NULL;
    struct iso_dialect *again = NULL;
    uint32_t count = 0;
    if (size > TEXT_LEN_MAX) {
        return 0;
    }
    int err = dialect_parse(span_make(data, size), "f.yml", on_report, &count, &dialect);
    CHECK(err == 0 || err == ERR_CONFIG);
    CHECK((err == 0) == (dialect != NULL));
    CHECK((err == 0) == (count == 0));
    if (dialect != NULL) {
        struct writer out = writer_make(written, sizeof written);
        struct writer out_again = writer_make(written_again, sizeof written_again);
        check_rows(dialect);
        decode_anything(dialect, span_make(data, size));
        dialect_write(dialect, &out);
        if (!out.overflow) {
            err = dialect_parse(writer_written(&out), "f.yml", on_report, &count, &again);
            CHECK(err == 0);
            dialect_write(again, &out_again);
            CHECK(span_equal(writer_written(&out), writer_written(&out_again)));
        }
    }
    dialect_free(again);
    dialect_free(dialect);
    return 0;
}
