/* What of a message people may see, as text: the one place where isomsg masks.
 *
 * An element is masked as its row says; of one with parts (chip data, private elements) each part
 * as its own row or its tag says (chip_tag_find()); in what is left as it is, card numbers, tracks
 * and PIN blocks are looked for (redact.h), and the message's own card number wherever it stands.
 * Of a message that could not be read to its end, elements may hold what belongs to others: there
 * what looks like card data on the wire hides every element it touches. */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/parts.h"

enum { REVEAL_LEN_MAX = 2 * UINT16_MAX + 2 };

struct reveal {
    const struct iso_dialect *dialect;
    const struct iso_msg *msg;
    struct span wire; /* what it was read from; empty: it was built */
    bool is_bad;      /* it was not read to its end: reveal_look() at the wire first */
    const uint8_t
        *touched; /* a byte for each of the wire: card data touches it; NULL: not looked */
    bool unmask;
    bool json; /* other bytes than ASCII as UTF-8 of Latin-1, not as dots */
};

/* Look for card data on the wire of a message that is bad; @touched (wire.len bytes) lives as long
 * as
 * @reveal. */
void reveal_look(struct reveal *reveal, uint8_t *touched);

/* DE @de of the message: text as it is, bytes as hex, with stars for what is hidden. Static; until
 * the next call. */
const char *reveal_field(const struct reveal *reveal, unsigned de);

/* The value of a part (of @parts) of DE @de. Static;
 * until the next call of either. */
const char *reveal_part(const struct reveal *reveal, unsigned de, const struct iso_parts *parts,
                        const struct iso_part *part);

/* Whether the byte at @at of the wire, read as part of DE @de, may be shown as it is. */
bool reveal_shows(const struct reveal *reveal, unsigned de, size_t at);

/* Whether @part of @parts in @element must be hidden, by its row or its tag. */
bool part_is_hidden(const struct iso_field_row *element, const struct iso_parts *parts,
                    const struct iso_part *part);

/* The parts that are known of @row's value: its own, or BER-TLV for DE55 of a dialect that says
 * nothing about it; NULL: it has none. */
const struct iso_parts *parts_of(const struct iso_field_row *row, unsigned de);

/* One part met on the way through an element with parts, to any depth. */
struct part_visit {
    struct iso_part part;
    const struct iso_parts *parts; /* it is of */
    unsigned depth;                /* 0: directly in the element */
    size_t value_at; /* where its value begins in the element's value; SIZE_MAX: it was converted */
    size_t raw_at;   /* the same of the whole part */
    char path[ISO_PATH_LEN_MAX]; /* below its element */
};

/* Walk over all parts of DE @de and call @visit for each, outer ones first. 0, or the first error
 * of parts_next(), where the walk ends. */
int parts_visit(const struct reveal *reveal, unsigned de,
                void (*visit)(void *context, const struct part_visit *at), void *context);
