#include "iso8583/point_of_service.h"

/* DE22 of the terminal, first two digits: how the card was read. Position 1 is what the terminal
 * can do at best, 7 is what was done. To add an entry mode, add a row; the last is for all others.
 * Read backwards, the first row of a mode wins. */
static const struct {
    const char *entry;
    char capability;
    char mode;
    bool is_ecommerce;
} entries[] = {
    {"01", '6', '6', false}, /* keyed */
    {"02", '2', '2', false}, /* stripe */
    {"05", '5', 'C', false}, /* chip */
    {"05", '5', '5', false}, /* chip, as 1993 has it */
    {"07", 'M', 'M', false}, /* contactless chip */
    {"10", '6', '7', false}, /* credential on file */
    {"80", '5', 'B', false}, /* chip failed, stripe */
    {"81", '6', 'S', true},  /* electronic commerce */
    {"90", '2', 'B', false}, /* stripe, unaltered */
    {"91", 'A', 'A', false}, /* contactless stripe */
    {"01", '6', '1', false}, /* keyed without a terminal */
    {"", '0', '0', false},
};

/* DE25: positions 4 (where the terminal is), 5 (is the cardholder there), 6 (is the card there). To
 * add a condition, add a row; the last is for all others. */
static const struct {
    const char *condition;
    const char *positions;
} conditions[] = {
    {"00", "101"}, /* normal */
    {"01", "110"}, /* customer not present */
    {"02", "201"}, /* unattended, keeps cards */
    {"05", "100"}, /* customer present, card not */
    {"08", "120"}, /* mail or telephone order */
    {"27", "201"}, /* unattended, cannot keep cards */
    {"59", "550"}, /* electronic commerce */
    {"", "999"},
};

static size_t entry_row(const char *entry)
{
    size_t row = 0;
    while (entries[row].entry[0] != '\0' && strncmp(entries[row].entry, entry, 2) != 0) {
        row++;
    }
    return row;
}

void point_of_service(const char *entry, const char *condition, uint8_t out[POINT_OF_SERVICE_LEN])
{
    size_t read = entry_row(entry);
    size_t row = 0;
    while (conditions[row].condition[0] != '\0' &&
           strcmp(conditions[row].condition, condition) != 0) {
        row++;
    }
    char pin = strlen(entry) == 3 ? entry[2] : '0'; /* 1: can take a PIN, 2: cannot */
    memcpy(out, "000000099001", POINT_OF_SERVICE_LEN);
    out[0] = (uint8_t)entries[read].capability;
    out[1] = pin == '1' ? '1' : pin == '2' ? '0' : '9';
    memcpy(out + 3, conditions[row].positions, 3);
    out[6] = (uint8_t)entries[read].mode;
    out[11] = pin == '2' ? '0' : '1';
}

void point_of_service_1987(const uint8_t positions[POINT_OF_SERVICE_LEN], char entry[4],
                           char condition[3])
{
    size_t read = 0;
    while (entries[read].entry[0] != '\0' && (uint8_t)entries[read].mode != positions[6]) {
        read++;
    }
    size_t row = 0;
    while (conditions[row].condition[0] != '\0' &&
           memcmp(conditions[row].positions, positions + 3, 3) != 0) {
        row++;
    }
    memcpy(entry, entries[read].entry[0] == '\0' ? "00" : entries[read].entry, 2);
    entry[2] = positions[1] == '1' ? '1' : positions[1] == '0' ? '2' : '0';
    entry[3] = '\0';
    memcpy(condition, conditions[row].condition[0] == '\0' ? "00" : conditions[row].condition, 3);
}

bool entry_is_ecommerce(const char *entry)
{
    return entries[entry_row(entry)].is_ecommerce;
}
