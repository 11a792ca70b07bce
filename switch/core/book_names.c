#include "iso8583/base/check.h"
#include "switch/core/book.h"

const char *book_op_name(enum book_op op)
{
#define BOOK_OP_NAME(name) #name,
    static const char *const names[BOOK_OP_COUNT] = {BOOK_OP_MAP(BOOK_OP_NAME)};
#undef BOOK_OP_NAME
    return (unsigned)op < BOOK_OP_COUNT ? names[op] : "?";
}

const char *book_result_name(enum book_result result)
{
#define BOOK_RESULT_NAME(name) #name,
    static const char *const names[BOOK_RESULT_COUNT] = {BOOK_RESULT_MAP(BOOK_RESULT_NAME)};
#undef BOOK_RESULT_NAME
    return (unsigned)result < BOOK_RESULT_COUNT ? names[result] : "?";
}
