#include "iso8583/message.h"

#include <stdio.h>

#include "iso8583/base/pan.h"
#include "iso8583/dialect.h"

int iso_number(const struct iso_msg *msg, unsigned de, uint64_t *value)
{
    return iso_has(msg, de) ? span_number(iso_get(msg, de), value) : ERR_NOT_FOUND;
}

/* "DE35 track2", or "DE48.0023 data_private" of a part. */
static const char *element(const struct iso_dialect *dialect, unsigned de, const char *path,
                           char *buf, size_t cap)
{
    const char *name = de <= ISO_DE_MAX && dialect != NULL ? dialect->field[de].name : NULL;
    snprintf(buf, cap, "DE%u%s%.31s%s%.40s", de, path[0] != '\0' ? "." : "", path,
             name != NULL ? " " : "", name != NULL ? name : "");
    return buf;
}

/* What an error is about: "MTI", "bitmap" or "DE35 track2". */
static const char *subject(const struct iso_error *error, const struct iso_dialect *dialect,
                           char *buf, size_t cap)
{
    if (error->de < 2) {
        return error->de == 0 ? "MTI" : "bitmap";
    }
    return element(dialect, error->de, error->path, buf, cap);
}

/* What happened, without the culprit. */
static int fact_text(const struct iso_error *error, const struct iso_dialect *dialect, char *buf,
                     size_t cap)
{
    char about_buf[96];
    const char *about = subject(error, dialect, about_buf, sizeof about_buf);
    const char *what = error->what != NULL ? error->what : "";
    unsigned at = error->at;
    switch (error->code) {
    case ERR_TRUNCATED:
        return snprintf(buf, cap, "%s: %s: %u needed, %u left at byte %u", about, what,
                        error->expected, error->got, at);
    case ERR_LENGTH:
        return snprintf(buf, cap, "%s: %s %u %s %u at byte %u", about, what, error->got,
                        error->got > error->expected ? ">" : "<", error->expected, at);
    case ERR_FORMAT:
        return snprintf(buf, cap, "%s: %s expected at byte %u", about, what, at);
    case ERR_FIELD_UNKNOWN:
        return snprintf(buf, cap, "%s: not defined in %.40s, at byte %u", about,
                        dialect != NULL ? dialect->name : "the dialect", at);
    case ERR_TRAILING:
        return snprintf(buf, cap, "%u bytes left over after %s at byte %u", error->got, about, at);
    default:
        return snprintf(buf, cap, "%s: %s at byte %u", about, err_text(error->code), at);
    }
}

const char *iso_error_text(const struct iso_error *error, const struct iso_dialect *dialect,
                           char *buf, size_t cap)
{
    CHECK(cap > 0);
    int len = fact_text(error, dialect, buf, cap);
    if (error->culprit != 0 && len > 0 && (size_t)len < cap) {
        char name[64];
        snprintf(buf + len, cap - (size_t)len, "; likely cause: the length of %s at byte %u",
                 element(dialect, error->culprit, "", name, sizeof name), error->culprit_at);
    }
    return buf;
}

/* One character of a text for people: what cannot be printed plainly is a dot. */
static char printable(uint8_t byte)
{
    return byte >= 0x20 && byte < 0x7F ? (char)byte : '.';
}

const char *iso_show(const struct iso_msg *msg, const struct iso_dialect *dialect, unsigned de,
                     char *buf, size_t cap)
{
    CHECK(cap > 0);
    CHECK(de >= 2 && de <= ISO_DE_MAX);
    const struct iso_field_row *row = &dialect->field[de];
    struct span value = iso_get(msg, de);
    size_t len = 0;
    bool hex = row->content == ISO_B && row->mask == ISO_SHOW;
    for (size_t i = 0; i < value.len && len + 1 + hex < cap; i++) {
        bool masked = row->mask == ISO_MASK_PAN ? !pan_shows(value.len, i) : row->mask != ISO_SHOW;
        if (hex) {
            buf[len++] = (char)hex_digit(value.ptr[i] >> 4);
            buf[len++] = (char)hex_digit(value.ptr[i]);
        } else {
            buf[len++] = masked ? '*' : printable(value.ptr[i]);
        }
    }
    buf[len] = '\0';
    return buf;
}
