/* Golden messages read with the dialects that a user would write for them: tests/vectors/dialects.
 * Each decodes to its fields, and is written back to the same bytes. */
#include <jansson.h>
#include <stdio.h>

#include "iso8583/dialect_file.h"
#include "tests/unit/iso8583/wire.h"

static struct wire wire;

/* To add a message: its id, its dialect, and how many bytes of its hex come before it. */
static const struct {
    const char *id;
    const char *dialect;
    size_t skip;
    size_t trail;
    bool exact; /* written back to the same bytes */
} rows[] = {
    {"M10", "m10.yml", 2, 0, true},  {"M15a", "m15.yml", 0, 0, true},
    {"M15c", "m15.yml", 0, 0, true}, {"M16a", "m15.yml", 0, 0, true},
    {"M17", "m17.yml", 2, 0, true},  {"M22", "m22.yml", 0, 0, true},
    {"M24", "m22.yml", 0, 0, true},  {"M40", "m40.yml", 0, 0, true},
    {"M41", "m40.yml", 0, 0, true},  {"M42", "m40.yml", 0, 0, true},
    {"M43", "m40.yml", 0, 0, true},  {"M44", "m40.yml", 0, 0, true},
    {"M45", "m40.yml", 0, 0, true},
};

static void told(void *context, const char *text)
{
    (void)context;
    ck_abort_msg("%s", text);
}

static struct iso_dialect *load(const char *name)
{
    char path[512];
    struct iso_dialect *dialect = NULL;
    (void)snprintf(path, sizeof path, "%s/dialects/%s", VECTORS, name);
    ck_assert_int_eq(dialect_load(path, told, NULL, &dialect), 0);
    return dialect;
}

static json_t *vectors_load(void)
{
    json_error_t error;
    json_t *root = json_load_file(VECTORS "/messages.json", JSON_ALLOW_NUL, &error);
    ck_assert_msg(root != NULL, "%s", error.text);
    return root;
}

static const json_t *vector_find(const json_t *root, const char *id)
{
    size_t index;
    const json_t *vector;
    const json_t *list = json_is_array(root) ? root : json_object_get(root, "messages");
    json_array_foreach(list, index, vector)
    {
        if (strcmp(json_string_value(json_object_get(vector, "id")), id) == 0) {
            return vector;
        }
    }
    ck_abort_msg("no vector %s", id);
    return NULL;
}

static int decode(const struct iso_dialect *dialect, const json_t *vector, size_t skip)
{
    static uint8_t bytes[WIRE_LEN_MAX];
    const char *hex = json_string_value(json_object_get(vector, "hex"));
    ck_assert_int_eq(hex_decode(span_text(hex), bytes), 0);
    return wire_decode(&wire, dialect, span_make(bytes + skip, strlen(hex) / 2 - skip));
}

/* A field as the vectors have it: bytes as hex. */
static void field_text(const struct iso_dialect *dialect, unsigned de, char *out)
{
    struct span value = iso_get(&wire.msg, de);
    if (dialect->field[de].content == ISO_B) {
        hex_encode(value, (uint8_t *)out);
        out[2 * value.len] = '\0';
    } else {
        memcpy(out, value.ptr, value.len);
        out[value.len] = '\0';
    }
}

/* Hex in either case, and any separator of a track, are one. */
static bool is_same(const char *a, const char *b, bool is_track)
{
    for (; *a != '\0' && *b != '\0'; a++, b++) {
        char left = *a >= 'a' && *a <= 'z' ? (char)(*a - 32) : *a;
        char right = *b >= 'a' && *b <= 'z' ? (char)(*b - 32) : *b;
        bool are_separators =
            is_track && (left == '=' || left == 'D') && (right == '=' || right == 'D');
        if (left != right && !are_separators) {
            return false;
        }
    }
    return *a == *b;
}

START_TEST(each_message_is_what_its_vector_says)
{
    json_t *root = vectors_load();
    const json_t *vector = vector_find(root, rows[_i].id);
    struct iso_dialect *dialect = load(rows[_i].dialect);
    char text[ISO_TEXT_LEN_MAX];
    int err = decode(dialect, vector, rows[_i].skip);
    ck_assert_msg(err == 0, "%s: %s", rows[_i].id,
                  iso_error_text(&wire.error, dialect, text, sizeof text));
    const char *key;
    json_t *value;
    size_t count = 0;
    json_object_foreach(json_object_get(vector, "fields"), key, value)
    {
        char got[WIRE_LEN_MAX];
        uint64_t de = 0;
        ck_assert_int_eq(span_number(span_text(key), &de), 0);
        ck_assert_msg(iso_has(&wire.msg, (unsigned)de), "%s: no DE%s", rows[_i].id, key);
        field_text(dialect, (unsigned)de, got);
        ck_assert_msg(is_same(got, json_string_value(value), de == 35),
                      "%s: DE%s is '%s', not '%s'", rows[_i].id, key, got,
                      json_string_value(value));
        count++;
    }
    unsigned present = 0;
    for (size_t i = 0; i < ISO_BITMAPS; i++) {
        present += (unsigned)__builtin_popcountll(wire.msg.present[i]);
    }
    ck_assert_uint_eq(present, count);
    dialect_free(dialect);
    json_decref(root);
}
END_TEST

START_TEST(each_message_is_written_back)
{
    json_t *root = vectors_load();
    struct iso_dialect *dialect = load(rows[_i].dialect);
    uint8_t out[WIRE_LEN_MAX];
    struct writer writer = writer_make(out, sizeof out);
    ck_assert_int_eq(decode(dialect, vector_find(root, rows[_i].id), rows[_i].skip), 0);
    ck_assert_int_eq(iso_encode(&wire.msg, dialect, &writer, &wire.error), 0);
    ck_assert_uint_eq(writer.len, wire.len);
    ck_assert_mem_eq(out, wire.bytes, wire.len);
    dialect_free(dialect);
    json_decref(root);
}
END_TEST

START_TEST(the_defective_message_tells_its_field_and_byte)
{
    json_t *root = vectors_load();
    struct iso_dialect *dialect = load("m14.yml");
    ck_assert_int_lt(decode(dialect, vector_find(root, "M14"), 0), 0);
    ck_assert_uint_eq(wire.error.de, 55);
    ck_assert(iso_has(&wire.msg, 11));
    dialect_free(dialect);
    json_decref(root);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("dialect vectors");
    TCase *tcase = tcase_create("dialect vectors");
    tcase_add_loop_test(tcase, each_message_is_what_its_vector_says, 0, ARRAY_COUNT(rows));
    tcase_add_loop_test(tcase, each_message_is_written_back, 0, ARRAY_COUNT(rows));
    tcase_add_test(tcase, the_defective_message_tells_its_field_and_byte);
    suite_add_tcase(suite, tcase);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
