/* What was said on one port: messages, whose answer each is, who said them, and which of them
 * belong together.
 *
 * party         who a message is about: a terminal by its DE41, or a connection without any.
 * conversation  a request with its answer, and what later names it: its repeats, the reversal whose
 *               DE90 has its number, what has its DE37. It becomes a test. */
#pragma once

#include "iso8583/dialect.h"
#include "iso8583/frame.h"
#include "iso8583/message.h"
#include "tools/isotest/record_card.h"
#include "tools/capture/stream.h"

enum {
    MESSAGES_MAX = 100000,
    WIRE_LEN_MAX = 64 << 20, /* of all messages */
    PARTIES_MAX = 10000,
    NOTES_MAX = 6,
    NOTE_LEN_MAX = 12,
    PARTY_NAME_LEN = 24,
    MERCHANT_LEN_MAX = 15,
    TALK_NONE = -1,
    MTI_CLASS_NETWORK = 8,
    TALK_ERROR_LEN = ISO_TEXT_LEN_MAX + 40,
};

#define AMOUNT_NONE UINT64_MAX

/* The fields by which messages are recognised, and which later messages repeat. */
extern const struct note_row {
    uint8_t de;
    const char *name; /* of a variable that holds it */
} note_rows[NOTES_MAX];

enum note { NOTE_STAN, NOTE_TIME, NOTE_LOCAL_TIME, NOTE_LOCAL_DATE, NOTE_RRN, NOTE_APPROVAL };

struct note_text {
    uint8_t len; /* 0: absent */
    uint8_t text[NOTE_LEN_MAX];
};

struct message {
    uint8_t *wire; /* the talk's; wiped and freed with it */
    uint16_t wire_len;
    uint16_t mti;
    uint8_t tpdu[TPDU_LEN];
    uint8_t tpdu_len;
    bool from_client;
    bool has_pin;
    uint8_t mac_field; /* 64, 128; 0: no MAC */
    bool has_high;     /* a field above 64 beside the MAC */
    int64_t at_us;
    uint32_t connection;
    uint32_t heard;    /* how many messages struct talk.before had when this one came */
    uint32_t card;     /* CARD_NONE */
    uint64_t amount;   /* DE4; AMOUNT_NONE */
    int32_t party;     /* index of struct talk.parties */
    int32_t answer;    /* of a request: index of the message, or TALK_NONE */
    int32_t question;  /* of an answer */
    int32_t head;      /* the first request of its conversation; TALK_NONE: of no conversation */
    int32_t next;      /* the next message of the conversation */
    int32_t last;      /* of a head: the last message of the conversation */
    int32_t previous;  /* the request of this party before it */
    int32_t earlier;   /* the request of this connection before it */
    uint32_t captures; /* record_write.c: notes that later messages of the conversation take */
    int32_t caller;    /* record_write.c: the conversation in struct talk.before, of a head */
    int32_t call;      /* record_write.c: the first that a head has called for, in its list */
    struct note_text note[NOTES_MAX];
};

struct party {
    char name[PARTY_NAME_LEN]; /* a name of the language */
    uint8_t id[ISO_DE_MAX];    /* DE41 as it was sent */
    uint8_t id_len;            /* 0: a connection without one */
    uint32_t connection;
    int32_t last_request;
    /* record_write.c: */
    bool is_used; /* we speak for it */
    bool has_pin;
    bool has_mac;
    bool mac_in_64; /* although fields above it are there */
    uint8_t tpdu[TPDU_LEN];
    uint8_t tpdu_len;
    uint8_t merchant[MERCHANT_LEN_MAX]; /* DE42 of its first message */
    uint8_t merchant_len;
};

struct talk_counts {
    uint32_t broken;   /* frames that are no message of the dialect */
    uint32_t lost;     /* how often the framing was lost */
    uint32_t holes;    /* lost bytes */
    uint32_t unpaired; /* answers without a question */
    uint32_t left_out; /* beyond MESSAGES_MAX, WIRE_LEN_MAX or PARTIES_MAX */
    uint32_t requests; /* all, network messages too */
    uint32_t unanswered;
    uint64_t hole_len;
    uint64_t skipped_len; /* what stood between a loss and the next frame */
};

struct talk {
    const struct talk *before; /* what the parties of this one heard first, or NULL */
    const struct framing *framing;
    const struct iso_dialect *dialect;
    struct cards *cards;
    struct message *messages;
    uint32_t count;
    uint32_t cap;
    size_t wire_len; /* of all */
    struct party *parties;
    uint32_t party_count;
    struct talk_counts counts;
    char error[TALK_ERROR_LEN]; /* of the first broken message */
    bool out_of_memory;
    struct line *lines; /* private: by connection */
    uint32_t line_cap;
    void *party_memory; /* private: parties by DE41 */
    struct map *party_index;
    uint8_t *scratch; /* private: of a message that is decoded */
};

/* ERR_MEMORY: then, too, talk_close() is called. */
MUST_USE int talk_open(struct talk *talk, const struct framing *framing,
                       const struct iso_dialect *dialect, struct cards *cards,
                       const struct talk *before);
void talk_close(struct talk *talk);

/* The bytes of streams: what came, and how much is missing. Where frames are lost (a hole, a length
 * that is none), the next message is looked for at the beginning of each segment, for there most
 * messages begin. */
void talk_bytes(struct talk *talk, struct stream_id id, int64_t at_us, struct span bytes);
void talk_lost(struct talk *talk, struct stream_id id, uint32_t len);

/* When all is read: pair answers and find conversations among the requests of one end
 * (@from_client: of who connects to the port). */
void talk_join(struct talk *talk, bool from_client);

/* Decode message @index into @msg, which is good until the next call. */
void talk_decode(struct talk *talk, const struct message *message, struct iso_msg *msg);

/* Whether who connects asks more often for more than network matters than it is asked. */
bool talk_client_asks(const struct talk *talk);
