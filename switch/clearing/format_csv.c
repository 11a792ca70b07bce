/* CSV, RFC 4180 with LF: one line a row. No clear PAN. */
#include "switch/clearing/format.h"

#include <csv.h>

enum { CSV_LINE_LEN_MAX = 2048 };

const char format_csv_header[] =
    "item_seq,file_id,de71,business_day,mti,kind,pan_masked,pan_token,proc_code,amount_minor,"
    "currency,exponent,local_datetime,stan,rrn,arn,auth_code,terminal,merchant,mcc,acquirer,issuer,"
    "orig_item_seq,fee_rule,interchange_minor,switch_fee_minor,ledger_debit_acct,"
    "ledger_credit_acct,state";

unsigned csv_column(const char *name)
{
    size_t len = strlen(name);
    unsigned column = 0;
    for (const char *at = format_csv_header;; column++) {
        size_t here = strcspn(at, ",");
        if (here == len && memcmp(at, name, len) == 0) {
            return column;
        }
        CHECK(at[here] != '\0');
        at += here + 1;
    }
}

enum { CSV_CELL_LEN_MAX = 255 };

/* What is not ASCII is not known to be UTF-8 either: it becomes a question mark. */
static uint8_t byte_plain(uint8_t byte)
{
    return byte < ' ' ? ' ' : byte > '~' ? '?' : byte;
}

void csv_text(struct writer *out, struct span text)
{
    uint8_t plain[CSV_CELL_LEN_MAX + 1];
    size_t len = 0;
    bool quote = false;
    CHECK(text.len <= CSV_CELL_LEN_MAX);
    if (text.len > 0 && text.ptr[0] != '\0' && strchr("=+-@\t\r", text.ptr[0]) != NULL) {
        plain[len++] = '\'';
    }
    for (size_t i = 0; i < text.len; i++) {
        uint8_t byte = byte_plain(text.ptr[i]);
        quote = quote || byte == ',' || byte == '"' || byte == ' ';
        plain[len++] = byte;
    }
    if (!quote) {
        writer_put(out, plain, len);
        return;
    }
    size_t need = csv_write(NULL, 0, plain, len);
    uint8_t *room = writer_room(out, need);
    if (room != NULL) {
        (void)csv_write(room, need, plain, len);
    }
}

static void cell_number(struct writer *out, uint64_t number)
{
    uint8_t digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (uint8_t)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    writer_put(out, digits + at, sizeof digits - at);
    writer_u8(out, ',');
}

static void cell_text(struct writer *out, const char *text)
{
    csv_text(out, span_text(text));
    writer_u8(out, ',');
}

/* A settlement account: "issuer:visa:978". */
static void cell_account(struct writer *out, const char *role, const char *name, uint16_t currency)
{
    uint8_t bytes[64];
    struct writer account = writer_make(bytes, sizeof bytes);
    writer_text(&account, role);
    writer_text(&account, name);
    writer_u8(&account, ':');
    writer_digits(&account, 3, currency);
    csv_text(out, writer_written(&account));
    writer_u8(out, ',');
}

/* A sale debits the issuer's settlement account and credits the acquirer's. */
static void cells_accounts(struct writer *out, const struct clearing_row *row)
{
    const struct item_row *item = &row->item;
    if (clearing_kind_sign(row->kind) > 0) {
        cell_account(out, "issuer:", item->issuer, item->currency);
        cell_account(out, "acquirer:", item->acquirer, item->currency);
    } else {
        cell_account(out, "acquirer:", item->acquirer, item->currency);
        cell_account(out, "issuer:", item->issuer, item->currency);
    }
}

int csv_line(const struct clearing_file *file, const struct clearing_row *row, struct writer *out)
{
    const struct item_row *item = &row->item;
    const struct record *record = &row->record;
    cell_number(out, item->item_seq);
    cell_text(out, file->id);
    cell_number(out, row->de71);
    cell_number(out, item->day);
    writer_hex(out, span_make((uint8_t[]){(uint8_t)(record->mti >> 8), (uint8_t)record->mti}, 2));
    writer_u8(out, ',');
    cell_text(out, clearing_kind_name(row->kind));
    cell_text(out, record->pan_masked);
    writer_hex(out, span_make(record->pan_token, sizeof record->pan_token));
    writer_u8(out, ',');
    cell_text(out, record->proc);
    cell_number(out, (uint64_t)item->amount_minor);
    writer_digits(out, 3, item->currency);
    writer_u8(out, ',');
    cell_number(out, clearing_exponent(item->currency));
    cell_text(out, row->local);
    cell_text(out, record->stan);
    cell_text(out, record->rrn);
    cell_text(out, row->arn);
    cell_text(out, record->auth);
    cell_text(out, record->terminal);
    cell_text(out, record->merchant);
    cell_text(out, record->mcc);
    cell_text(out, item->acquirer);
    cell_text(out, item->issuer);
    cell_number(out, item->original_item);
    cell_text(out, ""); /* No fee rules yet: none applied, nothing due. */
    cell_number(out, 0);
    cell_number(out, 0);
    cells_accounts(out, row);
    writer_text(out, "PRESENTED\n");
    return out->overflow ? ERR_SPACE : 0;
}

static int csv_begin(struct format_state *state, const struct clearing_file *file,
                     struct output *out)
{
    (void)state;
    (void)file;
    TRY(output_write(out, span_text(format_csv_header)));
    return output_write(out, SPAN_LITERAL("\n"));
}

static int csv_item(struct format_state *state, const struct clearing_file *file,
                    const struct clearing_row *row, struct output *out)
{
    uint8_t bytes[CSV_LINE_LEN_MAX];
    struct writer line = writer_make(bytes, sizeof bytes);
    (void)state;
    TRY(csv_line(file, row, &line));
    return output_write(out, writer_written(&line));
}

static int csv_end(struct format_state *state, const struct clearing_file *file, struct output *out)
{
    (void)state;
    (void)file;
    (void)out;
    return 0;
}

const struct format format_csv = {"csv", "csv", csv_begin, csv_item, csv_end};
