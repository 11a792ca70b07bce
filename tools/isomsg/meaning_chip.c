/* Tags of chip data, and what the values of some of them say. Source: EMV 4.3 book 3, annexes A and
 * C; book 4, annex A; the contactless books for the tags of the kernels. */
#include <stdio.h>

#include "iso8583/base/currency.h"
#include "tools/isomsg/meaning.h"

/* To add a tag, or to hide one: a row, in the order of the tags. */
static const struct chip_tag tags[] = {
    {0x42, "issuer identification number", false},
    {0x4F, "application identifier (card)", false},
    {0x50, "application label", false},
    {0x56, "track 1", true},
    {0x57, "track 2 equivalent", true},
    {0x5A, "PAN", true},
    {0x61, "application template", false},
    {0x6F, "FCI template", false},
    {0x70, "read record template", false},
    {0x71, "issuer script, before", false},
    {0x72, "issuer script, after", false},
    {0x77, "response template 2", false},
    {0x80, "response template 1", false},
    {0x81, "amount, binary", false},
    {0x82, "application interchange profile", false},
    {0x84, "dedicated file name", false},
    {0x86, "issuer script command", false},
    {0x87, "application priority", false},
    {0x88, "short file identifier", false},
    {0x89, "authorization code", false},
    {0x8A, "authorization response code", false},
    {0x8C, "CDOL1", false},
    {0x8D, "CDOL2", false},
    {0x8E, "cardholder verification methods", false},
    {0x8F, "CA public key index", false},
    {0x90, "issuer public key certificate", false},
    {0x91, "issuer authentication data", false},
    {0x92, "issuer public key remainder", false},
    {0x93, "signed static data", false},
    {0x94, "application file locator", false},
    {0x95, "terminal verification results", false},
    {0x97, "TDOL", false},
    {0x98, "transaction certificate hash", false},
    {0x99, "PIN data", true},
    {0x9A, "transaction date", false},
    {0x9B, "transaction status information", false},
    {0x9C, "transaction type", false},
    {0x9D, "directory definition file", false},
    {0x5F20, "cardholder name", true},
    {0x5F24, "expiry date", true},
    {0x5F25, "effective date", false},
    {0x5F28, "issuer country", false},
    {0x5F2A, "currency", false},
    {0x5F2D, "languages", false},
    {0x5F30, "service code", true},
    {0x5F34, "PAN sequence number", false},
    {0x5F36, "currency exponent", false},
    {0x9F01, "acquirer", false},
    {0x9F02, "amount", false},
    {0x9F03, "other amount", false},
    {0x9F04, "other amount, binary", false},
    {0x9F05, "application discretionary data", false},
    {0x9F06, "application identifier (terminal)", false},
    {0x9F07, "application usage control", false},
    {0x9F08, "application version (card)", false},
    {0x9F09, "application version (terminal)", false},
    {0x9F0B, "cardholder name, extended", true},
    {0x9F0D, "issuer action code, default", false},
    {0x9F0E, "issuer action code, denial", false},
    {0x9F0F, "issuer action code, online", false},
    {0x9F10, "issuer application data", false},
    {0x9F11, "issuer code table", false},
    {0x9F12, "preferred name", false},
    {0x9F13, "last online ATC", false},
    {0x9F15, "merchant category", false},
    {0x9F16, "merchant", false},
    {0x9F17, "PIN tries left", false},
    {0x9F18, "issuer script identifier", false},
    {0x9F1A, "terminal country", false},
    {0x9F1B, "floor limit", false},
    {0x9F1C, "terminal", false},
    {0x9F1D, "terminal risk data", false},
    {0x9F1E, "serial number of the device", false},
    {0x9F1F, "track 1 discretionary data", true},
    {0x9F20, "track 2 discretionary data", true},
    {0x9F21, "transaction time", false},
    {0x9F22, "CA public key index (terminal)", false},
    {0x9F24, "payment account reference", true},
    {0x9F26, "application cryptogram", false},
    {0x9F27, "cryptogram information", false},
    {0x9F33, "terminal capabilities", false},
    {0x9F34, "cardholder verification results", false},
    {0x9F35, "terminal type", false},
    {0x9F36, "transaction counter", false},
    {0x9F37, "unpredictable number", false},
    {0x9F39, "POS entry mode", false},
    {0x9F3C, "reference currency", false},
    {0x9F40, "additional terminal capabilities", false},
    {0x9F41, "transaction sequence counter", false},
    {0x9F42, "application currency", false},
    {0x9F45, "data authentication code", false},
    {0x9F4C, "ICC dynamic number", false},
    {0x9F4E, "merchant name and location", false},
    {0x9F53, "transaction category", false},
    {0x9F5B, "issuer script results", false},
    {0x9F66, "terminal transaction qualifiers", false},
    {0x9F6B, "track 2 data of the card", true},
    {0x9F6C, "card transaction qualifiers", false},
    {0x9F6E, "form factor", false},
    {0x9F7C, "customer exclusive data", true},
    {0xDF8129, "outcome parameters", false},
};

const struct chip_tag *chip_tag_find(uint32_t tag)
{
    for (size_t i = 0; i < ARRAY_COUNT(tags); i++) {
        if (tags[i].tag == tag) {
            return &tags[i];
        }
    }
    return NULL;
}

/* A bit of a value, or (@mask more than one bit) a value of some bits. */
struct bit {
    uint8_t byte;
    uint8_t mask;
    uint8_t value;
    const char *text;
};

/* EMV book 3, C5. */
static const struct bit tvr_bits[] = {
    {0, 0x80, 0x80, "offline data authentication not done"},
    {0, 0x40, 0x40, "SDA failed"},
    {0, 0x20, 0x20, "chip data missing"},
    {0, 0x10, 0x10, "card on exception file"},
    {0, 0x08, 0x08, "DDA failed"},
    {0, 0x04, 0x04, "CDA failed"},
    {1, 0x80, 0x80, "versions differ"},
    {1, 0x40, 0x40, "expired"},
    {1, 0x20, 0x20, "not yet in effect"},
    {1, 0x10, 0x10, "service not allowed"},
    {1, 0x08, 0x08, "new card"},
    {2, 0x80, 0x80, "cardholder not verified"},
    {2, 0x40, 0x40, "CVM not recognized"},
    {2, 0x20, 0x20, "PIN tries exceeded"},
    {2, 0x10, 0x10, "PIN pad absent or out of order"},
    {2, 0x08, 0x08, "PIN not entered"},
    {2, 0x04, 0x04, "online PIN entered"},
    {3, 0x80, 0x80, "above floor limit"},
    {3, 0x40, 0x40, "lower offline limit exceeded"},
    {3, 0x20, 0x20, "upper offline limit exceeded"},
    {3, 0x10, 0x10, "chosen at random for online"},
    {3, 0x08, 0x08, "merchant forced online"},
    {4, 0x80, 0x80, "default TDOL used"},
    {4, 0x40, 0x40, "issuer authentication failed"},
    {4, 0x20, 0x20, "script failed before the final cryptogram"},
    {4, 0x10, 0x10, "script failed after the final cryptogram"},
};
/* EMV book 3, GENERATE APPLICATION CRYPTOGRAM. */
static const struct bit cid_bits[] = {
    {0, 0xC0, 0x00, "AAC, declined offline"},
    {0, 0xC0, 0x40, "TC, approved offline"},
    {0, 0xC0, 0x80, "ARQC, asks online"},
};
/* EMV book 4, A4, by book 3, C3: what was done; the condition behind it is left out. */
static const struct bit cvm_bits[] = {
    {0, 0x3F, 0x00, "verification failed"},
    {0, 0x3F, 0x01, "PIN in clear to the card"},
    {0, 0x3F, 0x02, "PIN online"},
    {0, 0x3F, 0x03, "PIN in clear to the card, and signature"},
    {0, 0x3F, 0x04, "PIN enciphered to the card"},
    {0, 0x3F, 0x05, "PIN enciphered to the card, and signature"},
    {0, 0x3F, 0x1E, "signature"},
    {0, 0x3F, 0x1F, "no verification needed"},
    {0, 0x3F, 0x3F, "no verification done"},
    {2, 0xFF, 0x01, "failed"},
    {2, 0xFF, 0x02, "successful"},
};
/* EMV book 3, C1. */
static const struct bit aip_bits[] = {
    {0, 0x40, 0x40, "SDA"},
    {0, 0x20, 0x20, "DDA"},
    {0, 0x10, 0x10, "CVM"},
    {0, 0x08, 0x08, "terminal risk management"},
    {0, 0x04, 0x04, "issuer authentication"},
    {0, 0x01, 0x01, "CDA"},
};

/* To add a tag whose bits are told: its bits above, and a row. */
static const struct {
    uint32_t tag;
    const struct bit *bits;
    size_t count;
    size_t len; /* bytes of the value */
} bit_tables[] = {
    {0x95, tvr_bits, ARRAY_COUNT(tvr_bits), 5},
    {0x9F27, cid_bits, ARRAY_COUNT(cid_bits), 1},
    {0x9F34, cvm_bits, ARRAY_COUNT(cvm_bits), 3},
    {0x82, aip_bits, ARRAY_COUNT(aip_bits), 2},
};

static void bits_tell(const struct bit *bits, size_t count, struct span value,
                      char out[MEANING_LEN])
{
    size_t len = 0;
    for (size_t i = 0; i < count; i++) {
        if ((value.ptr[bits[i].byte] & bits[i].mask) == bits[i].value && len < MEANING_LEN) {
            len += (size_t)snprintf(out + len, MEANING_LEN - len, "%s%s", len == 0 ? "" : ", ",
                                    bits[i].text);
        }
    }
}

/* Up to 4 BCD digits; -1 if others. */
static int bcd_number(struct span value)
{
    int number = 0;
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] >> 4 > 9 || (value.ptr[i] & 15) > 9 || value.len > 2) {
            return -1;
        }
        number = number * 100 + (value.ptr[i] >> 4) * 10 + (value.ptr[i] & 15);
    }
    return number;
}

const char *chip_meaning(uint32_t tag, struct span value, char out[MEANING_LEN])
{
    out[0] = '\0';
    for (size_t i = 0; i < ARRAY_COUNT(bit_tables); i++) {
        if (bit_tables[i].tag == tag && bit_tables[i].len == value.len) {
            bits_tell(bit_tables[i].bits, bit_tables[i].count, value, out);
        }
    }
    if (tag == 0x5F2A && value.len == 2 && bcd_number(value) >= 0) {
        const struct currency *currency = currency_find((uint16_t)bcd_number(value));
        (void)snprintf(out, MEANING_LEN, "%s", currency == NULL ? "" : currency->alpha);
    }
    return out;
}
