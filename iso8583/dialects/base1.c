/* A Visa BASE I-like dialect: ISO 8583:1987 with digits in BCD, text in EBCDIC, lengths in one
 * byte, and 22 bytes of header before the MTI. Made from public samples and packagers; what the
 * scheme keeps to itself is bytes here. */
#include "iso8583/dialects/dialects.h"
#define PAD_VARIABLE ISO_PAD_0_FRONT
#include "iso8583/dialects/row.h"

#define KIND_N        ISO_N, ISO_BCD, NULL
#define KIND_ORIGINAL ISO_N, ISO_BCD, &parts_original
#define KIND_AN       ISO_AN, ISO_CP500, NULL
#define KIND_ANS      ISO_ANS, ISO_CP500, NULL
#define KIND_Z        ISO_Z, ISO_BCD, NULL
#define KIND_XN       ISO_XN, ISO_BCD, NULL
#define KIND_CURRENCY ISO_N, ISO_BCD, NULL
#define KIND_BITS     ISO_B, ISO_BINARY, NULL
#define KIND_BYTES    ISO_B, ISO_BINARY, NULL
#define KIND_TLV      ISO_B, ISO_BINARY, &parts_emv
#define KIND_F62      ISO_B, ISO_BINARY, &parts_base1_62
#define KIND_F63      ISO_B, ISO_BINARY, &parts_base1_63
#define KIND_F126     ISO_B, ISO_BINARY, &parts_base1_126

/* Columns: DE, name, kind, bytes of the length prefix (0: fixed), length or maximum, mask. */
#define BASE1_ROW(de, field_name, kind, prefix_bytes, length, masking)                             \
    ISO_ROW(de, field_name, KIND_##kind, prefix_bytes, ISO_BINARY, length, ISO_##masking)

/* Length of the header, its format, and that of the text (1: bitmaps of 8 bytes). The total length
 * at bytes 3 and 4 is filled in; the stations are the link's, and zeros here. */
static const uint8_t blank_header[22] = {22, 0x01, 0x02};

const struct iso_dialect base1 = {
    .name = "base1",
    .mti_coding = ISO_BCD,
    .bitmap_coding = ISO_BINARY,
    .header = {.len = sizeof blank_header, .total_at = 3, .blank = blank_header},
    // clang-format off
    .field = {
        BASE1_ROW(2,   "pan",                         N,        1, 19,  MASK_PAN)
        BASE1_ROW(3,   "processing",                  N,        0, 6,   SHOW)
        BASE1_ROW(4,   "amount",                      N,        0, 12,  SHOW)
        BASE1_ROW(5,   "amount_settlement",           N,        0, 12,  SHOW)
        BASE1_ROW(6,   "amount_billing",              N,        0, 12,  SHOW)
        BASE1_ROW(7,   "transmission",                N,        0, 10,  SHOW)
        BASE1_ROW(8,   "fee_billing",                 N,        0, 8,   SHOW)
        BASE1_ROW(9,   "rate_settlement",             N,        0, 8,   SHOW)
        BASE1_ROW(10,  "rate_billing",                N,        0, 8,   SHOW)
        BASE1_ROW(11,  "stan",                        N,        0, 6,   SHOW)
        BASE1_ROW(12,  "time",                        N,        0, 6,   SHOW)
        BASE1_ROW(13,  "date",                        N,        0, 4,   SHOW)
        BASE1_ROW(14,  "expiry",                      N,        0, 4,   SHOW)
        BASE1_ROW(15,  "settlement_date",             N,        0, 4,   SHOW)
        BASE1_ROW(16,  "conversion_date",             N,        0, 4,   SHOW)
        BASE1_ROW(17,  "capture_date",                N,        0, 4,   SHOW)
        BASE1_ROW(18,  "mcc",                         N,        0, 4,   SHOW)
        BASE1_ROW(19,  "acquirer_country",            N,        0, 3,   SHOW)
        BASE1_ROW(20,  "pan_country",                 N,        0, 3,   SHOW)
        BASE1_ROW(21,  "forwarder_country",           N,        0, 3,   SHOW)
        /* As n3 of 1987, and a zero behind. */
        [22] = {.name = "entry_mode", .len = 4, .content = ISO_N, .coding = ISO_BCD,
                .pad = ISO_PAD_0_FRONT, .fill = ISO_FILL_ZERO_BEHIND},
        BASE1_ROW(23,  "card_sequence",               N,        0, 3,   SHOW)
        BASE1_ROW(24,  "nii",                         N,        0, 3,   SHOW)
        BASE1_ROW(25,  "condition",                   N,        0, 2,   SHOW)
        BASE1_ROW(26,  "pin_capture",                 N,        0, 2,   SHOW)
        BASE1_ROW(27,  "approval_len",                N,        0, 1,   SHOW)
        BASE1_ROW(28,  "fee_transaction",             XN,       0, 9,   SHOW)
        BASE1_ROW(29,  "fee_settlement",              XN,       0, 9,   SHOW)
        BASE1_ROW(30,  "fee_processing",              XN,       0, 9,   SHOW)
        BASE1_ROW(31,  "fee_processing_settlement",   XN,       0, 9,   SHOW)
        BASE1_ROW(32,  "acquirer",                    N,        1, 11,  SHOW)
        BASE1_ROW(33,  "forwarder",                   N,        1, 11,  SHOW)
        BASE1_ROW(34,  "pan_extended",                N,        1, 28,  MASK_ALL)
        BASE1_ROW(35,  "track2",                      Z,        1, 37,  MASK_ALL)
        BASE1_ROW(36,  "track3",                      Z,        1, 104, MASK_ALL)
        BASE1_ROW(37,  "rrn",                         AN,       0, 12,  SHOW)
        BASE1_ROW(38,  "approval",                    AN,       0, 6,   SHOW)
        BASE1_ROW(39,  "response",                    AN,       0, 2,   SHOW)
        BASE1_ROW(40,  "service_restriction",         AN,       0, 3,   SHOW)
        BASE1_ROW(41,  "terminal",                    ANS,      0, 8,   SHOW)
        BASE1_ROW(42,  "merchant",                    ANS,      0, 15,  SHOW)
        BASE1_ROW(43,  "merchant_name",               ANS,      0, 40,  SHOW)
        BASE1_ROW(44,  "response_data",               ANS,      1, 25,  SHOW)
        BASE1_ROW(45,  "track1",                      ANS,      1, 76,  MASK_ALL)
        BASE1_ROW(46,  "data_iso",                    BYTES,    1, 255, SHOW)
        BASE1_ROW(47,  "data_national",               BYTES,    1, 255, SHOW)
        BASE1_ROW(48,  "data_private",                BYTES,    1, 255, SHOW)
        BASE1_ROW(49,  "currency",                    CURRENCY, 0, 3,   SHOW)
        BASE1_ROW(50,  "currency_settlement",         CURRENCY, 0, 3,   SHOW)
        BASE1_ROW(51,  "currency_billing",            CURRENCY, 0, 3,   SHOW)
        BASE1_ROW(52,  "pin",                         BITS,     0, 8,   MASK_ALL)
        BASE1_ROW(53,  "security",                    N,        0, 16,  MASK_ALL)
        BASE1_ROW(54,  "additional_amounts",          AN,       1, 120, SHOW)
        BASE1_ROW(55,  "chip",                        TLV,      1, 255, MASK_ALL)
        BASE1_ROW(56,  "reserved_iso_56",             BYTES,    1, 255, SHOW)
        BASE1_ROW(57,  "reserved_national_57",        BYTES,    1, 255, SHOW)
        BASE1_ROW(58,  "reserved_national_58",        BYTES,    1, 255, SHOW)
        BASE1_ROW(59,  "reserved_national_59",        ANS,      1, 255, SHOW)
        BASE1_ROW(60,  "private_60",                  BYTES,    1, 12,  SHOW)
        BASE1_ROW(61,  "private_61",                  N,        1, 36,  SHOW)
        BASE1_ROW(62,  "private_62",                  F62,      1, 255, SHOW)
        BASE1_ROW(63,  "private_63",                  F63,      1, 255, SHOW)
        BASE1_ROW(64,  "mac",                         BITS,     0, 8,   SHOW)
        BASE1_ROW(66,  "settlement_code",             N,        0, 1,   SHOW)
        BASE1_ROW(67,  "extended_payment",            N,        0, 2,   SHOW)
        BASE1_ROW(68,  "receiver_country",            N,        0, 3,   SHOW)
        BASE1_ROW(69,  "settler_country",             N,        0, 3,   SHOW)
        BASE1_ROW(70,  "network_code",                N,        0, 3,   SHOW)
        BASE1_ROW(71,  "message_number",              N,        0, 4,   SHOW)
        BASE1_ROW(72,  "message_number_last",         N,        0, 4,   SHOW)
        BASE1_ROW(73,  "action_date",                 N,        0, 6,   SHOW)
        BASE1_ROW(74,  "credits_count",               N,        0, 10,  SHOW)
        BASE1_ROW(75,  "credits_reversed_count",      N,        0, 10,  SHOW)
        BASE1_ROW(76,  "debits_count",                N,        0, 10,  SHOW)
        BASE1_ROW(77,  "debits_reversed_count",       N,        0, 10,  SHOW)
        BASE1_ROW(78,  "transfers_count",             N,        0, 10,  SHOW)
        BASE1_ROW(79,  "transfers_reversed_count",    N,        0, 10,  SHOW)
        BASE1_ROW(80,  "inquiries_count",             N,        0, 10,  SHOW)
        BASE1_ROW(81,  "authorizations_count",        N,        0, 10,  SHOW)
        BASE1_ROW(82,  "credits_processing_fee",      N,        0, 12,  SHOW)
        BASE1_ROW(83,  "credits_transaction_fee",     N,        0, 12,  SHOW)
        BASE1_ROW(84,  "debits_processing_fee",       N,        0, 12,  SHOW)
        BASE1_ROW(85,  "debits_transaction_fee",      N,        0, 12,  SHOW)
        BASE1_ROW(86,  "credits_amount",              N,        0, 16,  SHOW)
        BASE1_ROW(87,  "credits_reversed_amount",     N,        0, 16,  SHOW)
        BASE1_ROW(88,  "debits_amount",               N,        0, 16,  SHOW)
        BASE1_ROW(89,  "debits_reversed_amount",      N,        0, 16,  SHOW)
        BASE1_ROW(90,  "original",                    ORIGINAL, 0, 42,  SHOW)
        BASE1_ROW(91,  "file_update",                 AN,       0, 1,   SHOW)
        BASE1_ROW(92,  "file_security",               AN,       0, 2,   SHOW)
        BASE1_ROW(93,  "response_indicator",          AN,       0, 5,   SHOW)
        BASE1_ROW(94,  "service_indicator",           AN,       0, 7,   SHOW)
        BASE1_ROW(95,  "replacement",                 AN,       0, 42,  SHOW)
        BASE1_ROW(96,  "message_security",            BITS,     0, 8,   MASK_ALL)
        BASE1_ROW(97,  "net_amount",                  XN,       0, 17,  SHOW)
        BASE1_ROW(98,  "payee",                       ANS,      0, 25,  SHOW)
        BASE1_ROW(99,  "settler",                     N,        1, 11,  SHOW)
        BASE1_ROW(100, "receiver",                    N,        1, 11,  SHOW)
        BASE1_ROW(101, "file_name",                   ANS,      1, 17,  SHOW)
        BASE1_ROW(102, "account_from",                ANS,      1, 28,  MASK_PAN)
        BASE1_ROW(103, "account_to",                  ANS,      1, 28,  MASK_PAN)
        BASE1_ROW(104, "description",                 BYTES,    1, 255, SHOW)
        BASE1_ROW(105, "reserved_iso_105",            BYTES,    1, 255, SHOW)
        BASE1_ROW(106, "reserved_iso_106",            BYTES,    1, 255, SHOW)
        BASE1_ROW(107, "reserved_iso_107",            BYTES,    1, 255, SHOW)
        BASE1_ROW(108, "reserved_iso_108",            BYTES,    1, 255, SHOW)
        BASE1_ROW(109, "reserved_iso_109",            BYTES,    1, 255, SHOW)
        BASE1_ROW(110, "reserved_iso_110",            BYTES,    1, 255, SHOW)
        BASE1_ROW(111, "reserved_iso_111",            BYTES,    1, 255, SHOW)
        BASE1_ROW(112, "reserved_national_112",       BYTES,    1, 255, SHOW)
        BASE1_ROW(113, "reserved_national_113",       BYTES,    1, 255, SHOW)
        BASE1_ROW(114, "reserved_national_114",       BYTES,    1, 255, SHOW)
        BASE1_ROW(115, "reserved_national_115",       BYTES,    1, 255, SHOW)
        BASE1_ROW(116, "reserved_national_116",       BYTES,    1, 255, SHOW)
        BASE1_ROW(117, "reserved_national_117",       BYTES,    1, 255, SHOW)
        BASE1_ROW(118, "reserved_national_118",       BYTES,    1, 255, SHOW)
        BASE1_ROW(119, "reserved_national_119",       BYTES,    1, 255, SHOW)
        BASE1_ROW(120, "private_120",                 BYTES,    1, 255, SHOW)
        BASE1_ROW(121, "private_121",                 BYTES,    1, 255, SHOW)
        BASE1_ROW(122, "private_122",                 BYTES,    1, 255, SHOW)
        BASE1_ROW(123, "private_123",                 ANS,      1, 255, SHOW)
        BASE1_ROW(124, "private_124",                 BYTES,    1, 255, SHOW)
        BASE1_ROW(125, "private_125",                 BYTES,    1, 255, SHOW)
        BASE1_ROW(126, "private_126",                 F126,     1, 255, SHOW)
        BASE1_ROW(127, "private_127",                 BYTES,    1, 255, SHOW)
        BASE1_ROW(128, "mac2",                        BITS,     0, 8,   SHOW)
    },
    // clang-format on
};
