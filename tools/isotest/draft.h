/* A message in the making. */
#pragma once

#include "tools/isotest/station_state.h"

/* Bytes that are made for the message go to @room, which is the held message's own. */
struct draft {
    struct station *station;
    struct scope *scope;
    struct held *held;
    struct iso_msg *msg; /* of @held */
    struct writer room;
    struct span tpdu;
    struct fault *fault;
    uint64_t said[2]; /* fields that the step itself sets or removes, as in iso_msg.present */
};

/* An empty message of @mti in @held; @scope and @fault may be NULL. */
struct draft draft_make(struct station *station, struct scope *scope, struct held *held,
                        uint16_t mti, struct fault *fault);

/* Set @de. What is shorter than a fixed field is filled here as the codec would, so that the
 * message that is kept has the bytes of the one that went. @bytes are borrowed. Where there is no
 * room left nothing is set, and draft_end() tells. */
void draft_put(struct draft *draft, unsigned de, struct span bytes);

/* Set @de to @value in @count digits. */
void draft_put_digits(struct draft *draft, unsigned de, size_t count, uint64_t value);

/* Set what @msg, in the elements of ISO 8583:1987, is in the dialect's edition. Its bytes are
 * copied. */
void draft_put_1987(struct draft *draft, const struct iso_msg *msg, int64_t wall_ms);

/* Let @tag of the TLV field @de be @value (NULL: remove it). */
void draft_put_tag(struct draft *draft, unsigned de, uint32_t tag, const struct span *value);

/* Set @de to a copy of what it is in @from, if it is there. */
void draft_copy(struct draft *draft, const struct iso_msg *from, unsigned de);

/* Note that the step itself says what @de is; whether it does. */
void draft_note(struct draft *draft, unsigned de);
bool draft_says(const struct draft *draft, unsigned de);

enum mac_wish { MAC_NONE, MAC_GOOD, MAC_BAD };

/* Encode the draft, the MAC last. 0 and the held message is there, or a negative enum err with the
 * draft's fault filled. */
MUST_USE int draft_end(struct draft *draft, enum mac_wish wish);
