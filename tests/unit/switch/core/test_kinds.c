/* A walk of all rows: a bad one fails here and not at night. */
#include "switch/core/kinds.h"
#include "iso8583/dialect.h"
#include "iso8583/mti.h"
#include "switch/core/steps.h"
#include "tests/unit/iso8583/suite.h"

START_TEST(required_fields_exist_in_every_dialect)
{
    for (size_t i = 0; kind_at(i) != NULL; i++) {
        for (size_t d = 0; dialect_at(d) != NULL; d++) {
            for (size_t r = 0; r < REQUIRED_MAX && kind_at(i)->required[r] != 0; r++) {
                unsigned de = kind_at(i)->required[r];
                ck_assert_msg(
                    de >= 2 && de <= ISO_DE_MAX && dialect_at(d)->field[de].content != ISO_NONE,
                    "%s needs DE%u, which %s has not", kind_at(i)->name, de, dialect_at(d)->name);
            }
        }
    }
}
END_TEST

START_TEST(every_row_is_found_by_its_mti_and_by_its_repeat)
{
    for (size_t i = 0; kind_at(i) != NULL; i++) {
        const struct kind *kind = kind_at(i);
        struct span proc = kind->proc == NULL ? SPAN_NONE : span_text(kind->proc);
        ck_assert_ptr_eq(kind_find(kind->mti, proc), kind);
        ck_assert_ptr_eq(kind_find(mti_repeat(kind->mti), proc), kind);
        ck_assert(kind_knows_mti(kind->mti) && kind_knows_mti(mti_repeat(kind->mti)));
        ck_assert(!mti_is_repeat(kind->mti) && mti_is_request(kind->mti));
    }
}
END_TEST

START_TEST(what_has_no_row_is_no_kind)
{
    ck_assert_ptr_null(kind_find(0x0200, SPAN_LITERAL("990000")));
    ck_assert_ptr_null(kind_find(0x0200, SPAN_NONE));
    ck_assert_ptr_null(kind_find(0x0600, SPAN_LITERAL("000000")));
    ck_assert_ptr_null(kind_find(0x0210, SPAN_LITERAL("000000")));
    ck_assert(!kind_knows_mti(0x0600) && !kind_knows_mti(0x0210));
}
END_TEST

START_TEST(flows_go_through_known_steps_to_the_end)
{
    for (size_t i = 0; kind_at(i) != NULL; i++) {
        const uint8_t *flow = kind_at(i)->flow;
        size_t len = 0;
        while (flow[len] != STEP_END) {
            ck_assert_ptr_nonnull(step_at(flow[len]));
            ck_assert_uint_lt(++len, STEP_COUNT);
        }
        ck_assert_uint_gt(len, 0);
    }
}
END_TEST

/* The three safety rules of the design, read off the flow. */
START_TEST(purchase_is_durable_before_it_is_asked_and_before_it_is_told)
{
    size_t at[STEP_COUNT] = {0};
    for (size_t i = 0; flow_purchase[i] != STEP_END; i++) {
        at[flow_purchase[i]] = i;
    }
    ck_assert_uint_lt(at[STEP_MAC], at[STEP_OPEN]);
    ck_assert_uint_lt(at[STEP_ROUTE], at[STEP_OPEN]);
    ck_assert_uint_lt(at[STEP_OPEN], at[STEP_PERMIT]);
    ck_assert_uint_lt(at[STEP_OPEN], at[STEP_ISSUER]);
    ck_assert_uint_lt(at[STEP_ISSUER], at[STEP_CLOSE]);
    ck_assert_uint_lt(at[STEP_CLOSE], at[STEP_REPLY]);
}
END_TEST

START_TEST(only_reversals_and_advices_use_the_reserved_slots)
{
    for (size_t i = 0; kind_at(i) != NULL; i++) {
        bool is_request = mti_function(kind_at(i)->mti) == 0 && mti_class(kind_at(i)->mti) != 4;
        ck_assert_msg(!(is_request && kind_at(i)->reserved), "%s", kind_at(i)->name);
    }
    ck_assert(kind_find(0x0400, SPAN_NONE)->reserved);
    ck_assert(kind_find(0x0420, SPAN_NONE)->reserved);
    ck_assert(kind_pumped()->reserved);
}
END_TEST

SUITE_MAIN("kinds", required_fields_exist_in_every_dialect,
           every_row_is_found_by_its_mti_and_by_its_repeat, what_has_no_row_is_no_kind,
           flows_go_through_known_steps_to_the_end,
           purchase_is_durable_before_it_is_asked_and_before_it_is_told,
           only_reversals_and_advices_use_the_reserved_slots)
