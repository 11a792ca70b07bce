/* The data elements of ISO 8583:2003: amounts carry currency and decimals (n 16), dates their
 * century, action codes have four digits.
 *
 * As iso87_rows.h: a row says what an element is, a dialect by KIND_... how that is written.
 * Kinds: N AN ANS Z XN BITS (fixed bytes) BYTES TLV (chip) PRIVATE.
 *
 * Columns: DE, name, kind, digits of the length prefix (0: fixed), length or maximum, mask. */
#pragma once

#include "iso8583/dialects/later_rows.h"

#define ISO2003_ROW(de, field_name, kind, prefix_digits, length, masking)                          \
    ISO_ROW(de, field_name, KIND_##kind, prefix_digits, LENGTH_CODING, length, ISO_##masking)

// clang-format off
#define ISO2003_ROWS(X) \
    X(4,   "amount",                         N,        0, 16,   SHOW) \
    X(5,   "amount_settlement",              N,        0, 16,   SHOW) \
    X(6,   "amount_billing",                 N,        0, 16,   SHOW) \
    X(8,   "fee_billing",                    N,        0, 12,   SHOW) \
    X(11,  "stan",                           N,        0, 12,   SHOW) \
    X(12,  "datetime",                       N,        0, 14,   SHOW) \
    X(13,  "effective_date",                 N,        0, 6,    SHOW) \
    X(15,  "settlement_date",                N,        0, 8,    SHOW) \
    X(18,  "message_errors",                 ANS,      3, 140,  SHOW) \
    X(21,  "life_cycle_id",                  BITS,     0, 19,   SHOW) \
    X(22,  "entry_mode",                     BITS,     0, 16,   SHOW) \
    X(26,  "mcc",                            N,        0, 4,    SHOW) \
    X(27,  "pos_capability",                 BITS,     0, 27,   SHOW) \
    X(28,  "reconciliation_date",            N,        0, 8,    SHOW) \
    X(30,  "amounts_original",               N,        0, 32,   SHOW) \
    X(31,  "acquirer_reference",             N,        0, 23,   SHOW) \
    X(33,  "forwarder",                      N,        2, 11,   SHOW) \
    X(34,  "commerce",                       BYTES,    4, 9999, MASK_ALL) \
    X(39,  "response",                       N,        0, 4,    SHOW) \
    X(40,  "service_code",                   N,        0, 3,    SHOW) \
    X(41,  "terminal",                       ANS,      0, 16,   SHOW) \
    X(42,  "merchant",                       ANS,      2, 35,   SHOW) \
    X(43,  "merchant_name",                  BYTES,    4, 9999, SHOW) \
    X(44,  "response_data",                  BYTES,    4, 9999, SHOW) \
    X(46,  "fees",                           ANS,      3, 216,  SHOW) \
    X(48,  "data_private",                   ANS,      3, 999,  SHOW) \
    X(49,  "verification",                   BYTES,    4, 9999, MASK_ALL) \
    X(50,  "reserved_iso_50",                BYTES,    4, 9999, SHOW) \
    X(51,  "reserved_iso_51",                BYTES,    4, 9999, SHOW) \
    X(53,  "security",                       BYTES,    2, 48,   MASK_ALL) \
    X(54,  "additional_amounts",             ANS,      3, 126,  SHOW) \
    X(55,  "chip",                           TLV,      4, 9999, MASK_ALL) \
    X(56,  "original",                       N,        2, 41,   SHOW) \
    X(62,  "private_62",                     PRIVATE,  3, 999,  SHOW) \
    X(63,  "private_63",                     PRIVATE,  3, 999,  SHOW) \
    X(66,  "original_fees",                  ANS,      3, 216,  SHOW) \
    X(68,  "batch_message",                  ANS,      0, 9,    SHOW) \
    X(69,  "batch_data",                     ANS,      0, 40,   SHOW) \
    X(70,  "file_transfer",                  N,        0, 18,   SHOW) \
    X(71,  "reserved_iso_71",                BYTES,    4, 9999, SHOW) \
    X(72,  "data_record",                    BYTES,    3, 999,  SHOW) \
    X(73,  "action_date",                    N,        0, 8,    SHOW) \
    X(93,  "destination",                    N,        2, 11,   SHOW) \
    X(94,  "originator",                     N,        2, 11,   SHOW) \
    X(96,  "key_management",                 BYTES,    3, 999,  MASK_ALL) \
    X(100, "receiver",                       N,        2, 11,   SHOW) \
    X(123, "private_123",                    ANS,      3, 999,  SHOW) \
    X(124, "private_124",                    ANS,      3, 999,  SHOW) \
    X(125, "private_125",                    ANS,      3, 999,  SHOW) \
    LATER_ROWS(X)
// clang-format on
