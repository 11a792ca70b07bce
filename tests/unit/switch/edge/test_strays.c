/* The list of answers that paired with nothing: bounded, newest first, printable. */
#include "switch/edge/strays.h"

#include "tests/unit/iso8583/suite.h"

static const char *text_of(const json_t *object, const char *key)
{
    return json_string_value(json_object_get(object, key));
}

START_TEST(the_newest_of_each_link_are_kept)
{
    struct strays *strays = strays_new(2);
    struct stray stray = {.link = 1, .mti = 0x0210, .code = "00"};
    for (int i = 0; i < 3 * STRAYS_MAX; i++) {
        strays_add(strays, &stray, 1000 + i);
    }
    json_t *list = strays_json(strays, 1);
    ck_assert_uint_eq(json_array_size(list), STRAYS_MAX);
    for (size_t i = 0; i < STRAYS_MAX; i++) {
        ck_assert_int_eq(json_integer_value(json_object_get(json_array_get(list, i), "at_ms")),
                         1000 + 3 * STRAYS_MAX - 1 - (int)i);
    }
    json_decref(list);
    list = strays_json(strays, 0);
    ck_assert_uint_eq(json_array_size(list), 0);
    json_decref(list);
    strays_free(strays);
}
END_TEST

START_TEST(a_stray_is_told_with_its_nearest_and_what_differs)
{
    struct strays *strays = strays_new(1);
    struct stray stray = {.mti = 0x0430,
                          .stan = "000002",
                          .rrn = "632512000001",
                          .code = "00",
                          .near_seq = 42,
                          .near_stan = "000001",
                          .near_rrn = "632512000001",
                          .differ_count = 2,
                          .differs = {{11, "000001", "000002"}, {0, "02xx", "04xx"}}};
    strays_add(strays, &stray, 5);
    json_t *list = strays_json(strays, 0);
    char *text = json_dumps(list, JSON_COMPACT);
    ck_assert_str_eq(
        text, "[{\"at_ms\":5,\"mti\":\"0430\",\"stan\":\"000002\",\"rrn\":\"632512000001\","
              "\"code\":\"00\",\"differs\":[{\"field\":\"DE11\",\"expected\":\"000001\","
              "\"got\":\"000002\"},{\"field\":\"MTI\",\"expected\":\"02xx\",\"got\":\"04xx\"}],"
              "\"near\":{\"seq\":42,\"stan\":\"000001\",\"rrn\":\"632512000001\"}}]");
    free(text);
    json_decref(list);
    strays_free(strays);
}
END_TEST

START_TEST(bytes_that_are_no_text_do_not_spoil_the_list)
{
    struct strays *strays = strays_new(1);
    struct stray stray = {.mti = 0x0210, .rrn = "\xff\xfe\x1b[2Jabc", .code = "\n\t"};
    strays_add(strays, &stray, 5);
    json_t *list = strays_json(strays, 0);
    const json_t *row = json_array_get(list, 0);
    ck_assert_str_eq(text_of(row, "rrn"), "???[2Jabc");
    ck_assert_str_eq(text_of(row, "code"), "??");
    ck_assert_ptr_null(json_object_get(row, "near"));
    json_decref(list);
    strays_free(strays);
}
END_TEST

SUITE_MAIN("strays", the_newest_of_each_link_are_kept,
           a_stray_is_told_with_its_nearest_and_what_differs,
           bytes_that_are_no_text_do_not_spoil_the_list)
