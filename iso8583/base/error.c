#include "iso8583/base/error.h"

const char *err_name(int err)
{
    switch (err) {
    case ERR_NONE:
        return "ERR_NONE";
#define ERR_NAME(code, value, text)                                                                \
    case code:                                                                                     \
        return #code;
        ERR_MAP(ERR_NAME)
#undef ERR_NAME
    default:
        return "?";
    }
}

const char *err_text(int err)
{
    switch (err) {
    case ERR_NONE:
        return "no error";
#define ERR_TEXT(code, value, text)                                                                \
    case code:                                                                                     \
        return text;
        ERR_MAP(ERR_TEXT)
#undef ERR_TEXT
    default:
        return "?";
    }
}
