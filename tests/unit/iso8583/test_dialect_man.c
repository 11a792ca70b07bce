/* Every example of dialect(5) is executed as the line in front of it says: files load or are told,
 * messages are read. A block without such a line fails. */
#include <stdio.h>
#include <unistd.h>

#include "iso8583/dialect_file.h"
#include "iso8583/parts.h"
#include "tests/unit/iso8583/wire.h"

enum { PAGE_LEN_MAX = 1 << 20, NAMES_MAX = 16 };

static char page[PAGE_LEN_MAX];
static char folder[64];
static char names[NAMES_MAX][64];
static size_t name_count;
static struct wire wire;

struct told {
    char text[8192];
    size_t len;
};

static void tell(void *context, const char *text)
{
    struct told *told = context;
    int len = snprintf(told->text + told->len, sizeof told->text - told->len, "%s\n", text);
    told->len += (size_t)len;
    ck_assert_uint_lt(told->len, sizeof told->text);
}

static void path_of(const char *name, char path[256])
{
    (void)snprintf(path, 256, "%s/%.120s", folder, name);
}

static void file_put(const char *name, struct span text)
{
    char path[256];
    path_of(name, path);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text.ptr, 1, text.len, file), text.len);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_uint_lt(name_count, NAMES_MAX);
    (void)snprintf(names[name_count++], sizeof names[0], "%.60s", name);
}

static int load(const char *name, struct told *told, struct iso_dialect **dialect)
{
    char path[256];
    path_of(name, path);
    *told = (struct told){.len = 0};
    return dialect_load(path, tell, told, dialect);
}

static void example_file(const char *name, struct span block)
{
    struct told told;
    struct iso_dialect *dialect = NULL;
    file_put(name, block);
    int err = load(name, &told, &dialect);
    ck_assert_msg(err == 0, "%s", told.text);
    dialect_free(dialect);
}

static void example_fails(const char *name, struct span block)
{
    struct told told;
    struct iso_dialect *dialect = NULL;
    file_put(name, block);
    ck_assert_int_eq(load(name, &told, &dialect), ERR_CONFIG);
}

/* All that is told, but for the folder. */
static void example_told(const char *name, struct span block)
{
    struct told told;
    struct iso_dialect *dialect = NULL;
    char text[sizeof told.text] = "";
    struct writer out = writer_make(text, sizeof text - 1);
    size_t folder_len = strlen(folder) + 1;
    ck_assert_int_eq(load(name, &told, &dialect), ERR_CONFIG);
    for (const char *at = told.text; *at != '\0'; at++) {
        if (strncmp(at, folder, folder_len - 1) == 0) {
            at += folder_len;
        }
        writer_put(&out, at, 1);
    }
    ck_assert_msg(span_equal(writer_written(&out), block), "told:\n%s\nthe page:\n%.*s", text,
                  (int)block.len, block.ptr);
}

static void check_path(const char *path, const char *wanted)
{
    uint8_t scratch[1024];
    struct writer room = writer_make(scratch, sizeof scratch);
    struct iso_part part;
    struct iso_error error = {.code = 0};
    int err = iso_part_find(&wire.msg, path, &room, &part, &error);
    ck_assert_msg(err == 0, "%s: %d", path, err);
    ck_assert_msg(span_equal_text(part.value, wanted), "%s is '%.*s', not '%s'", path,
                  (int)part.value.len, part.value.ptr, wanted);
}

static void example_message(const char *name, struct span block)
{
    char text[4096];
    uint8_t bytes[1024];
    struct told told;
    struct iso_dialect *dialect = NULL;
    ck_assert_uint_lt(block.len, sizeof text);
    memcpy(text, block.ptr, block.len);
    text[block.len] = '\0';
    char *line = strchr(text, '\n');
    ck_assert_ptr_nonnull(line);
    *line++ = '\0';
    struct writer out = writer_make(bytes, sizeof bytes);
    for (const char *c = text; *c != '\0'; c += *c == ' ' ? 1 : 2) {
        uint8_t byte = 0;
        if (*c != ' ') {
            ck_assert_int_eq(hex_decode(span_make(c, 2), &byte), 0);
            writer_u8(&out, byte);
        }
    }
    ck_assert_int_eq(load(name, &told, &dialect), 0);
    int err = wire_decode(&wire, dialect, writer_written(&out));
    char why[ISO_TEXT_LEN_MAX];
    ck_assert_msg(err == 0, "%s", iso_error_text(&wire.error, dialect, why, sizeof why));
    size_t count = 0;
    while (*line != '\0') {
        char path[64];
        char wanted[256];
        int used = 0;
        ck_assert_int_eq(sscanf(line, "%63s %255[^\n]%n", path, wanted, &used), 2);
        check_path(path, wanted);
        line += used + (line[used] == '\n' ? 1 : 0);
        count++;
    }
    ck_assert_uint_gt(count, 0);
    dialect_free(dialect);
}

static const struct {
    const char *word;
    void (*run)(const char *name, struct span block);
} kinds[] = {{"file", example_file},
             {"fails", example_fails},
             {"told", example_told},
             {"message", example_message}};

/* Run the block that begins at @block, behind the line @mark. Returns what is behind it. */
static const char *block_run(const char *mark, const char *block)
{
    char kind[16] = "";
    char name[64] = "";
    ck_assert_msg(sscanf(mark, "; example %15s %63s", kind, name) == 2, "no mark before: %.60s",
                  block);
    const char *end = strstr(block, "```\n");
    ck_assert_ptr_nonnull(end);
    size_t i = 0;
    while (i < ARRAY_COUNT(kinds) && strcmp(kinds[i].word, kind) != 0) {
        i++;
    }
    ck_assert_msg(i < ARRAY_COUNT(kinds), "%s", kind);
    kinds[i].run(name, span_make(block, (size_t)(end - block)));
    return end + 4;
}

START_TEST(every_example_of_the_manual_is_true)
{
    (void)snprintf(folder, sizeof folder, "/tmp/dialect-man-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    FILE *file = fopen(MANUAL, "r");
    ck_assert_ptr_nonnull(file);
    size_t len = fread(page, 1, sizeof page - 1, file);
    (void)fclose(file);
    page[len] = '\0';
    const char *at = page;
    const char *mark = page;
    size_t count = 0;
    while (*at != '\0') {
        const char *next = strchr(at, '\n');
        ck_assert_ptr_nonnull(next);
        next++;
        if (strncmp(at, "```\n", 4) == 0) {
            next = block_run(mark, next);
            count++;
        }
        mark = at;
        at = next;
    }
    ck_assert_uint_ge(count, 6);
    for (size_t i = 0; i < name_count; i++) {
        char path[256];
        path_of(names[i], path);
        ck_assert_int_eq(unlink(path), 0);
    }
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

SUITE_MAIN("dialect manual", every_example_of_the_manual_is_true)
