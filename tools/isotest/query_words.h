/* The queries and commands of scripts that the switch's admin socket is asked with, by their words:
 * for the check, which knows nothing of JSON. query.c makes requests of them. */
#pragma once

#include <stdbool.h>

#include "iso8583/base/bytes.h"

extern const char *const query_words[];
extern const size_t query_word_count;
extern const char *const command_words[];
extern const size_t command_word_count;

/* Whether `wait until` knows @query. */
bool is_query(struct span query);

/* Whether @command begins with words of switchctl (which may stand in front itself). */
bool is_command(struct span command);

/* Its words as far as they may be a verb: the first two. */
struct span command_verb(struct span command);
