/* The data elements on which ISO 8583:1993, :2003 and IPM agree, once for all three.
 *
 * Columns: as in iso93_rows.h, which has the others of 1993. */
#pragma once

#include "iso8583/dialects/row.h"

// clang-format off
#define LATER_ROWS(X) \
    X(2,   "pan",                            N,        2, 19,   MASK_PAN) \
    X(3,   "processing",                     N,        0, 6,    SHOW) \
    X(7,   "transmission",                   N,        0, 10,   SHOW) \
    X(9,   "rate_settlement",                N,        0, 8,    SHOW) \
    X(10,  "rate_billing",                   N,        0, 8,    SHOW) \
    X(14,  "expiry",                         N,        0, 4,    SHOW) \
    X(16,  "conversion_date",                N,        0, 4,    SHOW) \
    X(17,  "capture_date",                   N,        0, 4,    SHOW) \
    X(19,  "acquirer_country",               N,        0, 3,    SHOW) \
    X(20,  "pan_country",                    N,        0, 3,    SHOW) \
    X(23,  "card_sequence",                  N,        0, 3,    SHOW) \
    X(24,  "function",                       N,        0, 3,    SHOW) \
    X(25,  "reason",                         N,        0, 4,    SHOW) \
    X(29,  "reconciliation_indicator",       N,        0, 3,    SHOW) \
    X(32,  "acquirer",                       N,        2, 11,   SHOW) \
    X(35,  "track2",                         Z,        2, 37,   MASK_ALL) \
    X(36,  "track3",                         Z,        3, 104,  MASK_ALL) \
    X(37,  "rrn",                            ANS,      0, 12,   SHOW) \
    X(38,  "approval",                       ANS,      0, 6,    SHOW) \
    X(45,  "track1",                         ANS,      2, 76,   MASK_ALL) \
    X(47,  "data_national",                  ANS,      3, 999,  SHOW) \
    X(52,  "pin",                            BITS,     0, 8,    MASK_ALL) \
    X(57,  "life_cycle",                     N,        0, 3,    SHOW) \
    X(58,  "authorizer",                     N,        2, 11,   SHOW) \
    X(59,  "transport",                      ANS,      3, 999,  SHOW) \
    X(60,  "national_60",                    PRIVATE,  3, 999,  SHOW) \
    X(61,  "national_61",                    PRIVATE,  3, 999,  SHOW) \
    X(64,  "mac",                            BITS,     0, 8,    SHOW) \
    X(67,  "extended_payment",               N,        0, 2,    SHOW) \
    X(74,  "credits_count",                  N,        0, 10,   SHOW) \
    X(75,  "credits_reversed_count",         N,        0, 10,   SHOW) \
    X(76,  "debits_count",                   N,        0, 10,   SHOW) \
    X(77,  "debits_reversed_count",          N,        0, 10,   SHOW) \
    X(78,  "transfers_count",                N,        0, 10,   SHOW) \
    X(79,  "transfers_reversed_count",       N,        0, 10,   SHOW) \
    X(80,  "inquiries_count",                N,        0, 10,   SHOW) \
    X(81,  "authorizations_count",           N,        0, 10,   SHOW) \
    X(82,  "inquiries_reversed_count",       N,        0, 10,   SHOW) \
    X(83,  "payments_count",                 N,        0, 10,   SHOW) \
    X(84,  "payments_reversed_count",        N,        0, 10,   SHOW) \
    X(85,  "fees_count",                     N,        0, 10,   SHOW) \
    X(86,  "credits_amount",                 N,        0, 16,   SHOW) \
    X(87,  "credits_reversed_amount",        N,        0, 16,   SHOW) \
    X(88,  "debits_amount",                  N,        0, 16,   SHOW) \
    X(89,  "debits_reversed_amount",         N,        0, 16,   SHOW) \
    X(90,  "authorizations_reversed_count",  N,        0, 10,   SHOW) \
    X(91,  "destination_country",            N,        0, 3,    SHOW) \
    X(92,  "originator_country",             N,        0, 3,    SHOW) \
    X(95,  "issuer_reference",               ANS,      2, 99,   SHOW) \
    X(97,  "net_amount",                     XN,       0, 17,   SHOW) \
    X(98,  "payee",                          ANS,      0, 25,   SHOW) \
    X(99,  "settler",                        AN,       2, 11,   SHOW) \
    X(101, "file_name",                      ANS,      2, 17,   SHOW) \
    X(102, "account_from",                   ANS,      2, 28,   MASK_PAN) \
    X(103, "account_to",                     ANS,      2, 28,   MASK_PAN) \
    X(104, "description",                    ANS,      3, 100,  SHOW) \
    X(105, "credits_chargeback_amount",      N,        0, 16,   SHOW) \
    X(106, "debits_chargeback_amount",       N,        0, 16,   SHOW) \
    X(107, "credits_chargeback_count",       N,        0, 10,   SHOW) \
    X(108, "debits_chargeback_count",        N,        0, 10,   SHOW) \
    X(109, "credits_fees",                   ANS,      2, 84,   SHOW) \
    X(110, "debits_fees",                    ANS,      2, 84,   SHOW) \
    X(111, "reserved_iso_111",               ANS,      3, 999,  SHOW) \
    X(112, "reserved_iso_112",               ANS,      3, 999,  SHOW) \
    X(113, "reserved_iso_113",               ANS,      3, 999,  SHOW) \
    X(114, "reserved_iso_114",               ANS,      3, 999,  SHOW) \
    X(115, "reserved_iso_115",               ANS,      3, 999,  SHOW) \
    X(116, "national_116",                   ANS,      3, 999,  SHOW) \
    X(117, "national_117",                   ANS,      3, 999,  SHOW) \
    X(118, "national_118",                   ANS,      3, 999,  SHOW) \
    X(119, "national_119",                   ANS,      3, 999,  SHOW) \
    X(120, "national_120",                   ANS,      3, 999,  SHOW) \
    X(121, "national_121",                   ANS,      3, 999,  SHOW) \
    X(122, "national_122",                   ANS,      3, 999,  SHOW) \
    X(126, "private_126",                    ANS,      3, 999,  SHOW) \
    X(127, "private_127",                    ANS,      3, 999,  SHOW) \
    X(128, "mac2",                           BITS,     0, 8,    SHOW)
// clang-format on
