#include "iso8583/action_code.h"

/* In either direction the first row that fits wins; so what has two names has two rows. To add a
 * code, add a row: 1987's code, 1993's. */
static const struct {
    char code[3];
    char action[4];
} rows[] = {
    {"00", "000"}, {"08", "001"}, {"10", "002"}, {"11", "003"}, {"16", "004"}, {"00", "005"},
    {"10", "006"}, {"00", "007"}, {"85", "085"}, {"05", "100"}, {"54", "101"}, {"59", "102"},
    {"60", "103"}, {"62", "104"}, {"66", "105"}, {"75", "106"}, {"01", "107"}, {"02", "108"},
    {"03", "109"}, {"13", "110"}, {"14", "111"}, {"23", "113"}, {"39", "114"}, {"52", "114"},
    {"53", "114"}, {"42", "114"}, {"40", "115"}, {"51", "116"}, {"55", "117"}, {"56", "118"},
    {"57", "119"}, {"58", "120"}, {"61", "121"}, {"63", "122"}, {"65", "123"}, {"93", "124"},
    {"04", "200"}, {"33", "201"}, {"34", "202"}, {"35", "203"}, {"36", "204"}, {"37", "205"},
    {"38", "206"}, {"07", "207"}, {"41", "208"}, {"43", "209"}, {"12", "902"}, {"19", "903"},
    {"30", "904"}, {"31", "905"}, {"90", "906"}, {"91", "907"}, {"92", "908"}, {"15", "908"},
    {"96", "909"}, {"06", "909"}, {"91", "910"}, {"68", "911"}, {"91", "912"}, {"94", "913"},
    {"25", "914"}, {"95", "915"}, {"09", "923"},
};

/* That all is well has a code of its own for reversals (4), reconciliation (5) and network
 * messages (8). */
static bool class_has_own(unsigned class)
{
    return class == 4 || class == 5 || class == 8;
}

static const char *action_find(struct span code)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (span_equal_text(code, rows[i].code)) {
            return rows[i].action;
        }
    }
    return code.len == 2 && code.ptr[0] == '9' ? "909" : "100";
}

size_t action_code_of(struct span code, unsigned class, enum iso_edition edition, uint8_t *out)
{
    uint8_t action[3];
    memcpy(action, action_find(code), 3);
    if (span_equal_text(code, "00") && class_has_own(class)) {
        action[0] = (uint8_t)('0' + class);
    }
    if (edition == ISO_1993) {
        memcpy(out, action, 3);
        return 3;
    }
    out[0] = action[0];
    out[1] = action[0] == '9' ? '1' : '0';
    memcpy(out + 2, action + 1, 2);
    return 4;
}

const char *action_code_1987(struct span digits, unsigned class)
{
    uint8_t action[3];
    if (digits.len == 4) {
        if (digits.ptr[1] != (digits.ptr[0] == '9' ? '1' : '0')) {
            return digits.ptr[0] == '1' ? "05" : digits.ptr[0] == '2' ? "04" : NULL;
        }
        action[0] = digits.ptr[0];
        memcpy(action + 1, digits.ptr + 2, 2);
    } else if (digits.len == 3) {
        memcpy(action, digits.ptr, 3);
    } else {
        return NULL;
    }
    if (class_has_own(class) && action[0] == '0' + class && memcmp(action + 1, "00", 2) == 0) {
        return "00";
    }
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        if (memcmp(action, rows[i].action, 3) == 0) {
            return rows[i].code;
        }
    }
    return action[0] == '1' ? "05" : action[0] == '2' ? "04" : action[0] == '9' ? "96" : NULL;
}
