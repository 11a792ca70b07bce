/* The data elements of ISO 8583:1987, once for all its dialects.
 *
 * A row says what an element is; how that is written, a dialect says by kind. A dialect's file
 * defines for each kind K a macro KIND_K (content and coding, as row.h has them), then
 * LENGTH_CODING (of prefixes) and takes its table by ISO87_ROWS(ISO87_ROW): N digits   A letters AN
 * letters and digits   ANS text   Z track   XN C or D and digits CURRENCY (n or a, 3)   BITS bytes
 * (PIN block, MAC)   TLV chip data   PRIVATE of the vendors
 *
 * Columns: DE, name, kind, digits of the length prefix (0: fixed), length or maximum, mask. */
#pragma once

#include "iso8583/dialects/row.h"

#define ISO87_ROW(de, field_name, kind, prefix_digits, length, masking)                            \
    ISO_ROW(de, field_name, KIND_##kind, prefix_digits, LENGTH_CODING, length, ISO_##masking)

// clang-format off
#define ISO87_ROWS(X) \
    X(2,   "pan",                  N,        2, 19,  MASK_PAN) \
    X(3,   "processing",           N,        0, 6,   SHOW) \
    X(4,   "amount",               N,        0, 12,  SHOW) \
    X(5,   "amount_settlement",    N,        0, 12,  SHOW) \
    X(6,   "amount_billing",       N,        0, 12,  SHOW) \
    X(7,   "transmission",         N,        0, 10,  SHOW) \
    X(8,   "fee_billing",          N,        0, 8,   SHOW) \
    X(9,   "rate_settlement",      N,        0, 8,   SHOW) \
    X(10,  "rate_billing",         N,        0, 8,   SHOW) \
    X(11,  "stan",                 N,        0, 6,   SHOW) \
    X(12,  "time",                 N,        0, 6,   SHOW) \
    X(13,  "date",                 N,        0, 4,   SHOW) \
    X(14,  "expiry",               N,        0, 4,   SHOW) \
    X(15,  "settlement_date",      N,        0, 4,   SHOW) \
    X(16,  "conversion_date",      N,        0, 4,   SHOW) \
    X(17,  "capture_date",         N,        0, 4,   SHOW) \
    X(18,  "mcc",                  N,        0, 4,   SHOW) \
    X(19,  "acquirer_country",     N,        0, 3,   SHOW) \
    X(20,  "pan_country",          N,        0, 3,   SHOW) \
    X(21,  "forwarder_country",    N,        0, 3,   SHOW) \
    X(22,  "entry_mode",           N,        0, 3,   SHOW) \
    X(23,  "card_sequence",        N,        0, 3,   SHOW) \
    X(24,  "nii",                  N,        0, 3,   SHOW) \
    X(25,  "condition",            N,        0, 2,   SHOW) \
    X(26,  "pin_capture",          N,        0, 2,   SHOW) \
    X(27,  "approval_len",         N,        0, 1,   SHOW) \
    X(28,  "fee_transaction",      XN,       0, 9,   SHOW) \
    X(29,  "fee_settlement",       XN,       0, 9,   SHOW) \
    X(30,  "fee_processing",       XN,       0, 9,   SHOW) \
    X(31,  "fee_processing_settlement", XN,  0, 9,   SHOW) \
    X(32,  "acquirer",             N,        2, 11,  SHOW) \
    X(33,  "forwarder",            N,        2, 11,  SHOW) \
    X(34,  "pan_extended",         ANS,      2, 28,  MASK_ALL) \
    X(35,  "track2",               Z,        2, 37,  MASK_ALL) \
    X(36,  "track3",               Z,        3, 104, MASK_ALL) \
    X(37,  "rrn",                  AN,       0, 12,  SHOW) \
    X(38,  "approval",             AN,       0, 6,   SHOW) \
    X(39,  "response",             AN,       0, 2,   SHOW) \
    X(40,  "service_restriction",  AN,       0, 3,   SHOW) \
    X(41,  "terminal",             ANS,      0, 8,   SHOW) \
    X(42,  "merchant",             ANS,      0, 15,  SHOW) \
    X(43,  "merchant_name",        ANS,      0, 40,  SHOW) \
    X(44,  "response_data",        ANS,      2, 25,  SHOW) \
    X(45,  "track1",               ANS,      2, 76,  MASK_ALL) \
    X(46,  "data_iso",             ANS,      3, 999, SHOW) \
    X(47,  "data_national",        ANS,      3, 999, SHOW) \
    X(48,  "data_private",         ANS,      3, 999, SHOW) \
    X(49,  "currency",             CURRENCY, 0, 3,   SHOW) \
    X(50,  "currency_settlement",  CURRENCY, 0, 3,   SHOW) \
    X(51,  "currency_billing",     CURRENCY, 0, 3,   SHOW) \
    X(52,  "pin",                  BITS,     0, 8,   MASK_ALL) \
    X(53,  "security",             N,        0, 16,  MASK_ALL) \
    X(54,  "additional_amounts",   AN,       3, 120, SHOW) \
    X(55,  "chip",                 TLV,      3, 999, MASK_ALL) \
    X(56,  "reserved_iso_56",      ANS,      3, 999, SHOW) \
    X(57,  "reserved_national_57", ANS,      3, 999, SHOW) \
    X(58,  "reserved_national_58", ANS,      3, 999, SHOW) \
    X(59,  "reserved_national_59", ANS,      3, 999, SHOW) \
    X(60,  "private_60",           PRIVATE,  3, 999, SHOW) \
    X(61,  "private_61",           PRIVATE,  3, 999, SHOW) \
    X(62,  "private_62",           PRIVATE,  3, 999, SHOW) \
    X(63,  "private_63",           PRIVATE,  3, 999, SHOW) \
    X(64,  "mac",                  BITS,     0, 8,   SHOW) \
    X(66,  "settlement_code",      N,        0, 1,   SHOW) \
    X(67,  "extended_payment",     N,        0, 2,   SHOW) \
    X(68,  "receiver_country",     N,        0, 3,   SHOW) \
    X(69,  "settler_country",      N,        0, 3,   SHOW) \
    X(70,  "network_code",         N,        0, 3,   SHOW) \
    X(71,  "message_number",       N,        0, 4,   SHOW) \
    X(72,  "message_number_last",  N,        0, 4,   SHOW) \
    X(73,  "action_date",          N,        0, 6,   SHOW) \
    X(74,  "credits_count",        N,        0, 10,  SHOW) \
    X(75,  "credits_reversed_count", N,      0, 10,  SHOW) \
    X(76,  "debits_count",         N,        0, 10,  SHOW) \
    X(77,  "debits_reversed_count", N,       0, 10,  SHOW) \
    X(78,  "transfers_count",      N,        0, 10,  SHOW) \
    X(79,  "transfers_reversed_count", N,    0, 10,  SHOW) \
    X(80,  "inquiries_count",      N,        0, 10,  SHOW) \
    X(81,  "authorizations_count", N,        0, 10,  SHOW) \
    X(82,  "credits_processing_fee", N,      0, 12,  SHOW) \
    X(83,  "credits_transaction_fee", N,     0, 12,  SHOW) \
    X(84,  "debits_processing_fee", N,       0, 12,  SHOW) \
    X(85,  "debits_transaction_fee", N,      0, 12,  SHOW) \
    X(86,  "credits_amount",       N,        0, 16,  SHOW) \
    X(87,  "credits_reversed_amount", N,     0, 16,  SHOW) \
    X(88,  "debits_amount",        N,        0, 16,  SHOW) \
    X(89,  "debits_reversed_amount", N,      0, 16,  SHOW) \
    X(90,  "original",             ORIGINAL,        0, 42,  SHOW) \
    X(91,  "file_update",          AN,       0, 1,   SHOW) \
    X(92,  "file_security",        AN,       0, 2,   SHOW) \
    X(93,  "response_indicator",   AN,       0, 5,   SHOW) \
    X(94,  "service_indicator",    AN,       0, 7,   SHOW) \
    X(95,  "replacement",          AN,       0, 42,  SHOW) \
    X(96,  "message_security",     BITS,     0, 8,   MASK_ALL) \
    X(97,  "net_amount",           XN,       0, 17,  SHOW) \
    X(98,  "payee",                ANS,      0, 25,  SHOW) \
    X(99,  "settler",              N,        2, 11,  SHOW) \
    X(100, "receiver",             N,        2, 11,  SHOW) \
    X(101, "file_name",            ANS,      2, 17,  SHOW) \
    X(102, "account_from",         ANS,      2, 28,  MASK_PAN) \
    X(103, "account_to",           ANS,      2, 28,  MASK_PAN) \
    X(104, "description",          ANS,      3, 100, SHOW) \
    X(105, "reserved_iso_105",     ANS,      3, 999, SHOW) \
    X(106, "reserved_iso_106",     ANS,      3, 999, SHOW) \
    X(107, "reserved_iso_107",     ANS,      3, 999, SHOW) \
    X(108, "reserved_iso_108",     ANS,      3, 999, SHOW) \
    X(109, "reserved_iso_109",     ANS,      3, 999, SHOW) \
    X(110, "reserved_iso_110",     ANS,      3, 999, SHOW) \
    X(111, "reserved_iso_111",     ANS,      3, 999, SHOW) \
    X(112, "reserved_national_112", ANS,     3, 999, SHOW) \
    X(113, "reserved_national_113", ANS,     3, 999, SHOW) \
    X(114, "reserved_national_114", ANS,     3, 999, SHOW) \
    X(115, "reserved_national_115", ANS,     3, 999, SHOW) \
    X(116, "reserved_national_116", ANS,     3, 999, SHOW) \
    X(117, "reserved_national_117", ANS,     3, 999, SHOW) \
    X(118, "reserved_national_118", ANS,     3, 999, SHOW) \
    X(119, "reserved_national_119", ANS,     3, 999, SHOW) \
    X(120, "private_120",          ANS,      3, 999, SHOW) \
    X(121, "private_121",          ANS,      3, 999, SHOW) \
    X(122, "private_122",          ANS,      3, 999, SHOW) \
    X(123, "private_123",          ANS,      3, 999, SHOW) \
    X(124, "private_124",          ANS,      3, 999, SHOW) \
    X(125, "private_125",          ANS,      3, 999, SHOW) \
    X(126, "private_126",          ANS,      3, 999, SHOW) \
    X(127, "private_127",          ANS,      3, 999, SHOW) \
    X(128, "mac2",                 BITS,     0, 8,   SHOW)
// clang-format on
