/* Log lines leave the loop thread without a system call: they gather in a buffer, and a thread of
 * its own writes what gathered to stderr. A reader of stderr that hangs costs lines, which are
 * counted and told, and never a payment. */
#pragma once

#include "iso8583/base/bytes.h"

struct log_thread;

/* Start the thread and make it the log's sink (log_setup() with @level and @json). NULL if there is
 * no memory or thread: the log then stays as it was. */
struct log_thread *log_thread_start(int level, bool json);

/* Write what is left, stop, and give stderr back to the log. NULL is allowed. */
void log_thread_stop(struct log_thread *log);
