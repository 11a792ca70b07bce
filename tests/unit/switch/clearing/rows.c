#include "tests/unit/switch/clearing/rows.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT(member, text) (void)snprintf((member), sizeof(member), "%s", (text))

struct clearing_row row_sale(void)
{
    struct clearing_row row = {
        .item = {.item_seq = 7,
                 .seq = 70,
                 .day = 20261120,
                 .kind = 'S',
                 .state = ITEM_IN_FILE,
                 .amount_minor = 1250,
                 .currency = 978,
                 .file_seq = 3},
        .kind = CLEARING_S,
        .de71 = 2,
        .record = {.mti = 0x0200, .day = 20261120, .currency = 978, .amount_minor = 1250},
    };
    struct record *record = &row.record;
    TEXT(row.item.issuer, "bank");
    TEXT(row.item.acquirer, "00000012345");
    TEXT(record->issuer, "bank");
    TEXT(record->acquirer, "00000012345");
    TEXT(record->pan, "4111111111111111");
    TEXT(record->pan_masked, "411111******1111");
    TEXT(record->terminal, "TERM0001");
    TEXT(record->merchant, "MERCHANT0000001");
    TEXT(record->stan, "000017");
    TEXT(record->time, "183015");
    TEXT(record->date, "1120");
    TEXT(record->proc, "000000");
    TEXT(record->mcc, "5411");
    TEXT(record->entry, "051");
    TEXT(record->condition, "00");
    TEXT(record->expiry, "2812");
    TEXT(record->rrn, "632412000017");
    TEXT(record->auth, "331204");
    TEXT(record->location, "Corner shop              PARIS        FR");
    memset(record->pan_token, 0xA5, sizeof record->pan_token);
    clearing_row_derive(&row);
    return row;
}

struct clearing_file row_file(void)
{
    struct clearing_file file = {.day = 20261120, .file_seq = 3, .created_ms = 1795219200000};
    memcpy(file.processor, "12345678901", 12);
    clearing_file_identify(&file);
    return file;
}

int row_main(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
