/* The journal file of a simulated issuer (its format is in stub_entry.h): loaded at start, appended
 * to and synced before what it says is told to anybody. */
#pragma once

#include "routes/issuer_stub.h"

struct stub_journal;

/* Open or create @path and replay what it holds into @stub. Returns 0 and @out, ERR_CONFIG after
 * @report of what is wrong with a line, ERR_IO (errno tells) or ERR_MEMORY. */
MUST_USE int journal_open(const char *path, struct stub *stub, source_report report, void *context,
                          struct stub_journal **out);
void journal_close(struct stub_journal *journal);

/* Put the line of @entry behind those that wait for the next journal_sync(). */
void journal_append(struct stub_journal *journal, const struct stub_entry *entry);

/* Make all that was appended durable. Returns 0, or ERR_IO (errno tells): from then on nothing may
 * be answered any more, because a sync that failed once tells nothing when it is tried again. */
MUST_USE int journal_sync(struct stub_journal *journal);
