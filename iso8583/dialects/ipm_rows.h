/* The data elements of a Mastercard-like IPM clearing record: ISO 8583:1993 with private data
 * subelements (PDS) in DE48, 62, 123, 124 and 125.
 *
 * As iso87_rows.h: a row says what an element is, a dialect by KIND_... how that is written.
 * Kinds: N AN ANS Z XN CURRENCY BITS (fixed bytes) TLVBITS (bytes) TLV (chip) PDS PRIVATE.
 *
 * Columns: DE, name, kind, digits of the length prefix (0: fixed), length or maximum, mask. */
#pragma once

#include "iso8583/dialects/later_rows.h"

#define IPM_ROW(de, field_name, kind, prefix_digits, length, masking)                              \
    ISO_ROW(de, field_name, KIND_##kind, prefix_digits, LENGTH_CODING, length, ISO_##masking)

// clang-format off
#define IPM_ROWS(X) \
    X(4,   "amount",                         N,        0, 12,   SHOW) \
    X(5,   "amount_settlement",              N,        0, 12,   SHOW) \
    X(6,   "amount_billing",                 N,        0, 12,   SHOW) \
    X(8,   "fee_billing",                    N,        0, 8,    SHOW) \
    X(11,  "stan",                           N,        0, 6,    SHOW) \
    X(12,  "datetime",                       N,        0, 12,   SHOW) \
    X(13,  "effective_date",                 N,        0, 4,    SHOW) \
    X(15,  "settlement_date",                N,        0, 6,    SHOW) \
    X(18,  "mcc",                            N,        0, 4,    SHOW) \
    X(21,  "forwarder_country",              N,        0, 3,    SHOW) \
    X(22,  "entry_mode",                     AN,       0, 12,   SHOW) \
    X(26,  "acceptor_business",              N,        0, 4,    SHOW) \
    X(27,  "approval_len",                   N,        0, 1,    SHOW) \
    X(28,  "reconciliation_date",            N,        0, 6,    SHOW) \
    X(30,  "amounts_original",               N,        0, 24,   SHOW) \
    X(31,  "acquirer_reference",             ANS,      2, 23,   SHOW) \
    X(33,  "forwarder",                      AN,       2, 11,   SHOW) \
    X(34,  "pan_extended",                   ANS,      2, 28,   MASK_ALL) \
    X(39,  "response",                       N,        0, 3,    SHOW) \
    X(40,  "service_code",                   ANS,      0, 3,    SHOW) \
    X(41,  "terminal",                       ANS,      0, 8,    SHOW) \
    X(42,  "merchant",                       ANS,      0, 15,   SHOW) \
    X(43,  "merchant_name",                  ANS,      2, 99,   SHOW) \
    X(44,  "response_data",                  ANS,      2, 99,   SHOW) \
    X(46,  "fees",                           ANS,      3, 204,  SHOW) \
    X(48,  "data_private",                   PDS,      3, 999,  SHOW) \
    X(49,  "currency",                       CURRENCY, 0, 3,    SHOW) \
    X(50,  "currency_settlement",            CURRENCY, 0, 3,    SHOW) \
    X(51,  "currency_billing",               CURRENCY, 0, 3,    SHOW) \
    X(53,  "security",                       TLVBITS,  2, 48,   MASK_ALL) \
    X(54,  "additional_amounts",             ANS,      3, 120,  SHOW) \
    X(55,  "chip",                           TLV,      3, 255,  MASK_ALL) \
    X(56,  "original",                       N,        2, 35,   SHOW) \
    X(62,  "private_62",                     PDS,      3, 999,  SHOW) \
    X(63,  "life_cycle_id",                  ANS,      3, 16,   SHOW) \
    X(66,  "original_fees",                  ANS,      3, 204,  SHOW) \
    X(68,  "receiver_country",               N,        0, 3,    SHOW) \
    X(69,  "settler_country",                N,        0, 3,    SHOW) \
    X(70,  "authorizer_country",             N,        0, 3,    SHOW) \
    X(71,  "message_number",                 N,        0, 8,    SHOW) \
    X(72,  "data_record",                    ANS,      3, 999,  SHOW) \
    X(73,  "action_date",                    N,        0, 6,    SHOW) \
    X(93,  "destination",                    AN,       2, 11,   SHOW) \
    X(94,  "originator",                     AN,       2, 11,   SHOW) \
    X(96,  "key_management",                 TLVBITS,  3, 999,  MASK_ALL) \
    X(100, "receiver",                       AN,       2, 11,   SHOW) \
    X(123, "private_123",                    PDS,      3, 999,  SHOW) \
    X(124, "private_124",                    PDS,      3, 999,  SHOW) \
    X(125, "private_125",                    PDS,      3, 999,  SHOW) \
    LATER_ROWS(X)
// clang-format on
