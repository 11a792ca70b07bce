/* Who is to blame: the element that an error names is often only where a wrong length came to
 * light.
 *
 * Each element with a length prefix before it is tried with every other length; if with one of them
 * its value is sound and all the rest of the message is read to the last byte, its length is the
 * likelier cause. Off the usual way, and bounded: at most STEPS_MAX elements are read. */
#include "iso8583/coding.h"
#include "iso8583/dialect.h"
#include "iso8583/field.h"
#include "iso8583/message.h"
#include "iso8583/prefix.h"

enum { STEPS_MAX = 20000 };

struct trial {
    const struct iso_dialect *dialect;
    const struct iso_msg *msg;
    struct span wire;
    struct writer *scratch;
    size_t scratch_len;
    unsigned steps;
};

static bool is_named(const struct iso_msg *msg, unsigned de)
{
    return (msg->named[(de - 1) >> 6] >> (63u - ((de - 1) & 63u)) & 1u) != 0;
}

/* Whether the elements from @de on are all the bytes from @at on. */
static bool rest_fits(struct trial *trial, unsigned de, size_t at)
{
    struct reader in = {trial->wire.ptr, trial->wire.ptr + at, trial->wire.ptr + trial->wire.len};
    for (; de <= ISO_DE_MAX; de++) {
        const struct iso_field_row *row = &trial->dialect->field[de];
        struct iso_field field;
        struct iso_error error;
        if (!is_named(trial->msg, de)) {
            continue;
        }
        trial->scratch->len = trial->scratch_len;
        trial->scratch->overflow = false;
        if (++trial->steps > STEPS_MAX || row->content == ISO_NONE ||
            field_decode(row, &in, trial->scratch, &field, &error) < 0) {
            return false;
        }
    }
    return reader_left(&in) == 0;
}

/* Whether @de, whose value begins at @at, could have @count digits, characters or bytes. */
static bool could_have(struct trial *trial, unsigned de, size_t at, size_t count)
{
    const struct iso_field_row *row = &trial->dialect->field[de];
    size_t len = coding_wire_len(row, count);
    struct iso_field field;
    struct iso_error error;
    if (len > trial->wire.len - at) {
        return false;
    }
    trial->scratch->len = trial->scratch_len;
    trial->scratch->overflow = false;
    struct span value = span_make(trial->wire.ptr + at, len);
    return coding_decode(row, value, count, trial->scratch, &field, &error) == 0 &&
           rest_fits(trial, de + 1, at + len);
}

/* Whether another length of @de would make the message whole. */
static bool is_to_blame(struct trial *trial, unsigned de)
{
    const struct iso_field_row *row = &trial->dialect->field[de];
    const struct iso_field *field = &trial->msg->field[de];
    size_t at = field->at + prefix_width(row->prefix_coding, row->prefix);
    if (row->prefix == 0 || row->extent != ISO_EXTENT_USUAL || at > trial->wire.len) {
        return false;
    }
    /* From the length that was told outwards: a slip is small more often than large. */
    for (size_t by = 1; by <= row->len && trial->steps <= STEPS_MAX; by++) {
        if (field->len + by <= row->len && could_have(trial, de, at, field->len + by)) {
            return true;
        }
        if (by <= field->len && could_have(trial, de, at, field->len - by)) {
            return true;
        }
    }
    return false;
}

void iso_blame(const struct iso_dialect *dialect, struct span wire, const struct iso_msg *msg,
               struct writer *scratch, struct iso_error *error)
{
    struct trial trial = {dialect, msg, wire, scratch, scratch->len, 0};
    unsigned last = error->code == ERR_TRAILING ? error->de + 1u : error->de;
    for (unsigned de = last; de-- > 2;) {
        if (iso_has(msg, de) && is_to_blame(&trial, de)) {
            error->culprit = (uint8_t)de;
            error->culprit_at = msg->field[de].at;
            break;
        }
    }
    scratch->len = trial.scratch_len;
    scratch->overflow = false;
}
