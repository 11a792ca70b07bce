/* The journal of a simulated issuer: what it did, one line each, in the order in which it did it.
 *
 * The issuer's state is the sum of its entries: live requests are turned into entries and those are
 * applied, and a restart applies the same entries again. An auditor reads the file, too. Format:
 * a header line, then lines of tab-separated columns, '-' for an empty one:
 *
 *  event     P posted: a request (or an authorization's hold) was approved and its amount booked
 *            A posted: an advice
 *            R un-posted: @amount of the transaction named by mti stan de7 rrn terminal was taken
 *              back (all of it, or a part), because of the message in column "by"
 *            D answered without posting: declined, or an advice whose reversal came before it
 *            T tombstone: a reversal of a transaction never seen; that one will not be posted
 *  wall_ms   UTC milliseconds since 1970
 *  mti       of the transaction itself, without its repeat mark: 0100 0200 0220 (T: 0000 if
 * unknown) stan de7 rrn terminal   DE11 DE7 DE37 DE41 of the transaction: its name amount    minor
 * units that were booked or taken back; D: that were asked for currency  DE49 proc      DE3 auth
 * DE38 of the answer code      DE39 of the answer account   row of accounts.csv, from 1; 0: no such
 * card pan       masked by        what caused an R or T: MTI:STAN of the reversal, or of the advice
 * that completes
 *
 * A line without its newline is one that was being written when the process died: nothing of it was
 * answered, and it is cut off at the next start. */
#pragma once

#include "routes/stub_account.h"

enum stub_event {
    STUB_POSTED = 'P',
    STUB_ADVISED = 'A',
    STUB_REVERSED = 'R',
    STUB_REFUSED = 'D',
    STUB_TOMBSTONE = 'T',
};

enum { STUB_KEY_LEN = 18, STUB_ENTRY_LEN_MAX = 256 };

#define STUB_JOURNAL_HEADER                                                                        \
    "event\twall_ms\tmti\tstan\tde7\trrn\tterminal\tamount\tcurrency\tproc\tauth\tcode\taccount\t" \
    "pan\tby\n"

/* What a transaction is called on the wire; absent elements are spaces. rrn and stan, which stand
 * first, are what records are looked up by. */
struct stub_name {
    char rrn[12];
    char stan[6];
    char de7[10];
    char terminal[8];
    uint16_t mti;
};

/* True if all of a text without a NUL is spaces: the element was absent. */
static inline bool text_is_blank(const char *text, size_t len)
{
    size_t i = 0;
    while (i < len && text[i] == ' ') {
        i++;
    }
    return i == len;
}

/* All texts are without a NUL, blank (spaces) if absent. */
struct stub_entry {
    enum stub_event event;
    int64_t wall_ms;
    struct stub_name name;
    int64_t amount_minor;
    char currency[3];
    char proc[6];
    char auth[6];
    char code[2];
    uint32_t account;
    char pan[PAN_MASKED_LEN_MAX]; /* masked, with a NUL */
    uint16_t by_mti;              /* 0: none */
    char by_stan[6];
};

/* Append the line of @entry, with its newline: at most STUB_ENTRY_LEN_MAX bytes. */
void entry_write(const struct stub_entry *entry, struct writer *out);

/* Read @line (without newline), which is line number @line_number of @source. Returns 0, or
 * ERR_CONFIG after the report. */
MUST_USE int entry_read(struct source *source, uint32_t line_number, struct span line,
                        struct stub_entry *out);
