/* What must hold of every message in every dialect, and of every row that can be written down:
 * what is written is read back, what is read is written back, and a broken frame is an error or
 * another message, never a read outside (the sanitizers see to that: frames are cut to size). */
#include "tests/unit/iso8583/random_message.h"

#include "iso8583/field.h"

enum { BYTES_MAX = 65536, ROUNDS = 200 };

static uint8_t values[BYTES_MAX];
static uint8_t wire_bytes[BYTES_MAX];
static uint8_t again_bytes[BYTES_MAX];
static uint8_t scratch_bytes[2 * BYTES_MAX];
static uint8_t scratch_again[2 * BYTES_MAX];
static struct iso_error error;

static struct span encoded(const struct iso_msg *msg, const struct iso_dialect *dialect,
                           uint8_t *to)
{
    char text[ISO_TEXT_LEN_MAX];
    struct writer out = writer_make(to, BYTES_MAX);
    int result = iso_encode(msg, dialect, &out, &error);
    ck_assert_msg(result == 0, "%s: %s", dialect->name,
                  iso_error_text(&error, dialect, text, sizeof text));
    return writer_written(&out);
}

/* Decode @wire from a copy of exactly its size. The caller frees @frame. */
static int decoded(const struct iso_dialect *dialect, struct span wire, uint8_t *scratch_ptr,
                   struct iso_msg *msg, uint8_t **frame)
{
    *frame = malloc(wire.len + 1);
    ck_assert_ptr_nonnull(*frame);
    uint8_t *exact = *frame + 1;
    memcpy(exact, wire.ptr, wire.len);
    struct writer scratch = writer_make(scratch_ptr, 2 * wire.len);
    error = (struct iso_error){.code = 0};
    return iso_decode(dialect, span_make(exact, wire.len), &scratch, msg, &error);
}

static void assert_same(const struct iso_dialect *dialect, const struct iso_msg *a,
                        const struct iso_msg *b)
{
    bool same = a->mti == b->mti && memcmp(a->present, b->present, sizeof a->present) == 0;
    for (unsigned de = 2; de <= ISO_DE_MAX; de++) {
        same = same && span_equal(iso_get(a, de), iso_get(b, de));
    }
    ck_assert_msg(same, "%s", dialect->name);
}

/* The dialect with every row read the careful way. */
static struct iso_dialect careful(const struct iso_dialect *dialect)
{
    struct iso_dialect copy = *dialect;
    for (unsigned de = 0; de <= ISO_DE_MAX; de++) {
        copy.field[de].op = 0;
    }
    return copy;
}

START_TEST(what_is_written_is_read_back_and_written_again)
{
    struct dice dice = {0x9E3779B97F4A7C15u};
    for (size_t d = 0; dialect_at(d) != NULL; d++) {
        for (unsigned round = 0; round < ROUNDS; round++) {
            const struct iso_dialect *dialect = dialect_at(d);
            uint32_t one_in = 1 + round % 12;
            struct iso_msg msg = random_message(&dice, dialect, one_in, values, sizeof values);
            struct iso_msg back;
            uint8_t *frame;
            struct span wire = encoded(&msg, dialect, wire_bytes);
            char text[ISO_TEXT_LEN_MAX];
            int result = decoded(dialect, wire, scratch_bytes, &back, &frame);
            ck_assert_msg(result == 0, "%s: %s", dialect->name,
                          iso_error_text(&error, dialect, text, sizeof text));
            assert_same(dialect, &msg, &back);
            ck_assert(span_equal(wire, encoded(&back, dialect, again_bytes)));
            free(frame);
        }
    }
}
END_TEST

START_TEST(the_fast_way_and_the_careful_way_agree)
{
    struct dice dice = {0xD1B54A32D192ED03u};
    for (size_t d = 0; dialect_at(d) != NULL; d++) {
        struct iso_dialect slow = careful(dialect_at(d));
        for (unsigned round = 0; round < ROUNDS; round++) {
            const struct iso_dialect *fast = dialect_at(d);
            struct iso_msg msg = random_message(&dice, fast, 1 + round % 12, values, sizeof values);
            struct span wire = encoded(&msg, fast, wire_bytes);
            ck_assert(span_equal(wire, encoded(&msg, &slow, again_bytes)));
            uint32_t at = dice_roll(&dice, (uint32_t)wire.len);
            wire_bytes[at] = (uint8_t)dice_roll(&dice, 256);
            struct iso_msg a;
            struct iso_msg b;
            uint8_t *frame_a;
            uint8_t *frame_b;
            int result = decoded(fast, wire, scratch_bytes, &a, &frame_a);
            struct iso_error error_a = error;
            ck_assert_int_eq(decoded(&slow, wire, scratch_again, &b, &frame_b), result);
            assert_same(fast, &a, &b);
            ck_assert_mem_eq(a.doubt, b.doubt, sizeof a.doubt);
            ck_assert(result == 0 || (error_a.de == error.de && error_a.at == error.at &&
                                      error_a.expected == error.expected &&
                                      error_a.got == error.got && error_a.what == error.what));
            free(frame_a);
            free(frame_b);
        }
    }
}
END_TEST

/* A message that was accepted must be one: it is written, and read again as itself. */
static void assert_valid(const struct iso_dialect *dialect, const struct iso_msg *msg)
{
    struct iso_msg again;
    uint8_t *frame;
    struct span wire = encoded(msg, dialect, again_bytes);
    ck_assert_int_eq(decoded(dialect, wire, scratch_again, &again, &frame), 0);
    assert_same(dialect, msg, &again);
    free(frame);
}

START_TEST(a_flipped_bit_is_an_error_or_another_message)
{
    struct dice dice = {0x2545F4914F6CDD1Du};
    unsigned refused = 0;
    for (size_t d = 0; dialect_at(d) != NULL; d++) {
        struct iso_msg msg = random_message(&dice, dialect_at(d), 8, values, 310);
        struct span wire = encoded(&msg, dialect_at(d), wire_bytes);
        for (size_t bit = 0; bit < 8 * wire.len; bit++) {
            struct iso_msg back;
            uint8_t *frame;
            wire_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            if (decoded(dialect_at(d), wire, scratch_bytes, &back, &frame) == 0) {
                assert_valid(dialect_at(d), &back);
            } else {
                ck_assert_uint_le(error.at, wire.len);
                refused++;
            }
            wire_bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
            free(frame);
        }
    }
    ck_assert_uint_gt(refused, 1000);
}
END_TEST

START_TEST(every_cut_is_an_error_within_the_frame)
{
    struct dice dice = {0x5851F42D4C957F2Du};
    for (size_t d = 0; dialect_at(d) != NULL; d++) {
        struct iso_msg msg = random_message(&dice, dialect_at(d), 6, values, 800);
        struct span wire = encoded(&msg, dialect_at(d), wire_bytes);
        for (size_t len = 0; len < wire.len; len++) {
            struct iso_msg back;
            uint8_t *frame;
            ck_assert_int_eq(
                decoded(dialect_at(d), span_first(wire, len), scratch_bytes, &back, &frame),
                ERR_TRUNCATED);
            ck_assert_uint_le(error.at, len);
            ck_assert(error.de < 2 || iso_state(&back, error.de) == ISO_STATE_BAD);
            free(frame);
        }
    }
}
END_TEST

/* --- every row there can be --------------------------------------------------------------------
 */

/* A sound row at random, of all that the columns can say. */
static struct iso_field_row random_row(struct dice *dice)
{
    struct iso_field_row row;
    do {
        row = (struct iso_field_row){.name = "x"};
        row.content = (uint8_t)(1 + dice_roll(dice, ISO_XN));
        row.coding = (uint8_t)dice_roll(dice, ISO_CODINGS);
        row.len = (uint16_t)(1 + dice_roll(dice, dice_roll(dice, 4) == 0 ? 300 : 40));
        row.extent = (uint8_t)dice_roll(dice, ISO_EXTENT_REST + 1);
        row.fill = (uint8_t)dice_roll(dice, ISO_FILL_ZERO_BEHIND + 1);
        row.pad = (uint8_t)dice_roll(dice, ISO_PAD_F_FRONT + 1);
        row.sign = (uint8_t)dice_roll(dice, ISO_SIGN_ZONED + 1);
        row.separator = dice_roll(dice, 2) == 0 ? 0 : 'D';
        row.token = 0x1C;
        row.prefix_unit = (uint8_t)dice_roll(dice, ISO_UNIT_NIBBLES + 1);
        bool prefixed = row.extent == ISO_EXTENT_FILLED || row.extent == ISO_EXTENT_AREA ||
                        (row.extent == ISO_EXTENT_USUAL && dice_roll(dice, 2) == 0);
        if (prefixed) {
            static const uint8_t codings[] = {ISO_ASCII, ISO_BCD, ISO_CP500, ISO_BINARY};
            row.prefix_coding = codings[dice_roll(dice, 4)];
            row.prefix = (uint8_t)(1 + dice_roll(dice, row.prefix_coding == ISO_BINARY ? 3 : 6));
        }
    } while (dialect_row_flaw(&row) != NULL);
    row.op = dialect_row_op(&row);
    return row;
}

START_TEST(every_sound_row_gives_back_what_it_was_given)
{
    struct dice dice = {0x14057B7EF767814Fu};
    unsigned read = 0;
    for (unsigned round = 0; round < 60000; round++) {
        struct iso_field_row row = random_row(&dice);
        size_t len = random_len(&dice, &row, 300);
        bool bytes_with_token = row.extent == ISO_EXTENT_TOKEN;
        struct span value = random_value(&dice, &row, len, values);
        struct writer out = writer_make(wire_bytes, sizeof wire_bytes);
        int result = field_encode(&row, value, &out, &error);
        if (result < 0) {
            /* Too long for its prefix, or its own end mark within. */
            ck_assert(result == ERR_LENGTH || bytes_with_token);
            continue;
        }
        struct iso_field field;
        uint8_t *exact = malloc(out.len + 1);
        ck_assert_ptr_nonnull(exact);
        memcpy(exact, wire_bytes, out.len);
        struct reader in = reader_make(span_make(exact, out.len));
        struct writer scratch = writer_make(scratch_bytes, 2 * out.len + 2);
        result = field_decode(&row, &in, &scratch, &field, &error);
        ck_assert_msg(result == 0 && reader_left(&in) == 0,
                      "round %u: content %u coding %u extent %u unit %u: %s at %u", round,
                      row.content, row.coding, row.extent, row.prefix_unit, error.what, error.at);
        struct span back = span_make(field.ptr, field.len);
        bool filled = row.extent == ISO_EXTENT_FILLED;
        bool parity_lost = row.coding == ISO_BCD && row.prefix_unit >= ISO_UNIT_WIRE;
        bool ends_by_itself = row.extent == ISO_EXTENT_TOKEN || row.extent == ISO_EXTENT_REST;
        if (!filled && !parity_lost && !(ends_by_itself && row.coding == ISO_BCD)) {
            ck_assert_msg(span_equal(back, value), "round %u", round);
        }
        struct writer again = writer_make(again_bytes, sizeof again_bytes);
        ck_assert_int_eq(field_encode(&row, back, &again, &error), 0);
        ck_assert_msg(span_equal(writer_written(&again), writer_written(&out)), "round %u", round);
        free(exact);
        read++;
    }
    ck_assert_uint_gt(read, 40000);
}
END_TEST

SUITE_MAIN("property", what_is_written_is_read_back_and_written_again,
           the_fast_way_and_the_careful_way_agree, a_flipped_bit_is_an_error_or_another_message,
           every_cut_is_an_error_within_the_frame, every_sound_row_gives_back_what_it_was_given)
