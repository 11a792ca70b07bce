#include "tools/isotest/query_words.h"

/* As people are told of them: what is in capitals is theirs. To add one: a row here and in query.c
 * (test_run_query compares them). */
const char *const query_words[] = {"saf.depth",  "saf.ISSUER.depth",   "day.business_date",
                                   "day.state",  "day.previous.state", "link.NAME.state",
                                   "status.PATH"};
const size_t query_word_count = ARRAY_COUNT(query_words);

const char *const command_words[] = {"status",      "tx show",      "tx list",    "day show",
                                     "day cutover", "day sign-off", "link list",  "link show",
                                     "link up",     "link down",    "link drain", "saf list",
                                     "saf resolve", "alarms",       "stop"};
const size_t command_word_count = ARRAY_COUNT(command_words);

static bool begins_with(struct span text, const char *begin)
{
    struct span word = span_text(begin);
    return text.len > word.len && span_equal(span_first(text, word.len), word);
}

bool is_query(struct span query)
{
    return span_equal_text(query, "saf.depth") || span_equal_text(query, "day.business_date") ||
           (begins_with(query, "saf.") && query.len > sizeof "saf..depth" - 1 &&
            span_equal_text(span_last(query, sizeof ".depth" - 1), ".depth")) ||
           begins_with(query, "day.") || begins_with(query, "link.") ||
           begins_with(query, "status.");
}

/* The next word of @text, which is moved behind it. */
static struct span word_take(struct span *text)
{
    while (text->len > 0 && text->ptr[0] == ' ') {
        *text = span_skip(*text, 1);
    }
    size_t len = 0;
    while (len < text->len && text->ptr[len] != ' ') {
        len++;
    }
    struct span word = span_first(*text, len);
    *text = span_skip(*text, len);
    return word;
}

struct span command_verb(struct span command)
{
    struct span rest = command;
    struct span first = word_take(&rest);
    if (span_equal_text(first, "switchctl")) {
        first = word_take(&rest);
    }
    struct span second = word_take(&rest);
    return span_make(first.ptr,
                     second.len == 0 ? first.len : (size_t)(second.ptr + second.len - first.ptr));
}

bool is_command(struct span command)
{
    struct span verb = command_verb(command);
    struct span rest = verb;
    struct span first = word_take(&rest);
    struct span second = word_take(&rest);
    for (size_t i = 0; i < command_word_count; i++) {
        struct span words = span_text(command_words[i]);
        struct span known = word_take(&words);
        struct span then = word_take(&words);
        if (span_equal(first, known) && (then.len == 0 || span_equal(second, then))) {
            return true;
        }
    }
    return false;
}
