/* EMV tags as DE55 carries them (EMV book 3, annex A, and the payment systems' own): BER-TLV of
 * bytes. A tag that is not here is kept as it stands, counted as unknown, and shown as stars.
 *
 * Columns: tag, name, mask. In rising order. To add a tag: a line. */
#include "iso8583/dialects/parts.h"

#define TAG(number, part_name, masking)                                                            \
    {.tag = (number),                                                                              \
     .row = {.name = (part_name),                                                                  \
             .len = 255,                                                                           \
             .content = ISO_B,                                                                     \
             .coding = ISO_BINARY,                                                                 \
             .mask = ISO_##masking}},

// clang-format off
static const struct iso_part_row tags[] = {
    TAG(0x42,   "issuer identification number", SHOW)
    TAG(0x4F,   "application identifier", SHOW)
    TAG(0x50,   "application label", SHOW)
    TAG(0x56,   "track 1 equivalent data", MASK_ALL)
    TAG(0x57,   "track 2 equivalent data", MASK_ALL)
    TAG(0x5A,   "application pan", MASK_ALL)
    TAG(0x71,   "issuer script template 1", SHOW)
    TAG(0x72,   "issuer script template 2", SHOW)
    TAG(0x82,   "application interchange profile", SHOW)
    TAG(0x84,   "dedicated file name", SHOW)
    TAG(0x86,   "issuer script command", SHOW)
    TAG(0x87,   "application priority indicator", SHOW)
    TAG(0x89,   "authorisation code", SHOW)
    TAG(0x8A,   "authorisation response code", SHOW)
    TAG(0x8E,   "cvm list", SHOW)
    TAG(0x91,   "issuer authentication data", SHOW)
    TAG(0x95,   "terminal verification results", SHOW)
    TAG(0x98,   "tc hash value", SHOW)
    TAG(0x99,   "transaction pin data", MASK_ALL)
    TAG(0x9A,   "transaction date", SHOW)
    TAG(0x9B,   "transaction status information", SHOW)
    TAG(0x9C,   "transaction type", SHOW)
    TAG(0x5F20, "cardholder name", MASK_ALL)
    TAG(0x5F24, "application expiration date", SHOW)
    TAG(0x5F25, "application effective date", SHOW)
    TAG(0x5F28, "issuer country code", SHOW)
    TAG(0x5F2A, "transaction currency code", SHOW)
    TAG(0x5F2D, "language preference", SHOW)
    TAG(0x5F30, "service code", SHOW)
    TAG(0x5F34, "pan sequence number", SHOW)
    TAG(0x5F36, "transaction currency exponent", SHOW)
    TAG(0x9F01, "acquirer identifier", SHOW)
    TAG(0x9F02, "amount authorised", SHOW)
    TAG(0x9F03, "amount other", SHOW)
    TAG(0x9F06, "terminal application identifier", SHOW)
    TAG(0x9F07, "application usage control", SHOW)
    TAG(0x9F08, "card application version number", SHOW)
    TAG(0x9F09, "terminal application version number", SHOW)
    TAG(0x9F0D, "issuer action code default", SHOW)
    TAG(0x9F0E, "issuer action code denial", SHOW)
    TAG(0x9F0F, "issuer action code online", SHOW)
    TAG(0x9F10, "issuer application data", SHOW)
    TAG(0x9F12, "application preferred name", SHOW)
    TAG(0x9F15, "merchant category code", SHOW)
    TAG(0x9F16, "merchant identifier", SHOW)
    TAG(0x9F1A, "terminal country code", SHOW)
    TAG(0x9F1B, "terminal floor limit", SHOW)
    TAG(0x9F1C, "terminal identification", SHOW)
    TAG(0x9F1E, "interface device serial number", SHOW)
    TAG(0x9F1F, "track 1 discretionary data", MASK_ALL)
    TAG(0x9F20, "track 2 discretionary data", MASK_ALL)
    TAG(0x9F21, "transaction time", SHOW)
    TAG(0x9F24, "payment account reference", SHOW)
    TAG(0x9F26, "application cryptogram", SHOW)
    TAG(0x9F27, "cryptogram information data", SHOW)
    TAG(0x9F33, "terminal capabilities", SHOW)
    TAG(0x9F34, "cvm results", SHOW)
    TAG(0x9F35, "terminal type", SHOW)
    TAG(0x9F36, "application transaction counter", SHOW)
    TAG(0x9F37, "unpredictable number", SHOW)
    TAG(0x9F39, "pos entry mode", SHOW)
    TAG(0x9F40, "additional terminal capabilities", SHOW)
    TAG(0x9F41, "transaction sequence counter", SHOW)
    TAG(0x9F45, "data authentication code", SHOW)
    TAG(0x9F4C, "icc dynamic number", SHOW)
    TAG(0x9F53, "transaction category code", SHOW)
    TAG(0x9F5B, "issuer script results", SHOW)
    TAG(0x9F66, "terminal transaction qualifiers", SHOW)
    TAG(0x9F6B, "track 2 data", MASK_ALL)
    TAG(0x9F6C, "card transaction qualifiers", SHOW)
    TAG(0x9F6E, "form factor indicator", SHOW)
    TAG(0x9F7C, "customer exclusive data", SHOW)
};
// clang-format on

const struct iso_parts parts_emv = {
    .layout = ISO_BER,
    .count = ARRAY_COUNT(tags),
    .rows = tags,
};
