#include "hsm_sim/wire/layout.h"

enum { MARK_LMK = '%', MARK_TRAILER = 0x19, KEY_BLOCK_HEAD_LEN = 6, KEY_BLOCK_LEN_MAX = 256 };

static bool is_printable(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < ' ' || text.ptr[i] > '~') {
            return false;
        }
    }
    return true;
}

static bool is_hex(struct span text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (hex_value(text.ptr[i]) < 0) {
            return false;
        }
    }
    return true;
}

static bool arg_is(const struct span *args, enum hsm_arg arg, const char *text)
{
    return span_equal_text(args[arg], text);
}

/* Characters of the key that @text begins with; @bare is the length of one without a scheme. */
static int key_length(struct span text, size_t bare, size_t *len)
{
    if (text.len == 0) {
        return ERR_TRUNCATED;
    }
    switch (text.ptr[0]) {
    case 'U':
    case 'X':
        *len = 33;
        return 0;
    case 'T':
    case 'Y':
        *len = 49;
        return 0;
    case 'S': /* A key block: its header says how long it is, not counting the scheme itself. */
    case 'R': {
        uint64_t block_len = 0;
        if (text.len < KEY_BLOCK_HEAD_LEN) {
            return ERR_TRUNCATED;
        }
        TRY(span_number(span_make(text.ptr + 2, 4), &block_len));
        *len = 1 + (size_t)block_len;
        return *len <= KEY_BLOCK_HEAD_LEN || *len > KEY_BLOCK_LEN_MAX ? ERR_FORMAT : 0;
    }
    default:
        *len = bare;
        return bare == 0 || hex_value(text.ptr[0]) < 0 ? ERR_FORMAT : 0;
    }
}

static size_t bare_length(const struct wire_field *field, const struct span *args)
{
    static const uint8_t by_flag[] = {16, 32, 48};
    if (field->kind != W_KEY_BY_FLAG) {
        return field->kind == W_KEY_PAIR ? 32 : 16;
    }
    /* The flag of a key block is "F": nothing bare belongs to it. */
    unsigned flag = args[HSM_ARG_KEY_LEN_FLAG].len == 1 ? args[HSM_ARG_KEY_LEN_FLAG].ptr[0] : 0u;
    return flag >= '0' && flag <= '2' ? by_flag[flag - '0'] : 0;
}

/* THE rule of lengths, for both directions: how many characters @field has, where @args are the
 * arguments so far and @text begins with it (decode: what is left of the message before its
 * trailer; encode: the argument). 0: it is absent. Not counting a prefix. */
static int field_length(const struct wire_field *field, const struct span *args, struct span text,
                        size_t *len)
{
    bool has_iv = arg_is(args, HSM_ARG_MODE, "2") || arg_is(args, HSM_ARG_MODE, "3");
    bool goes_on = arg_is(args, HSM_ARG_MODE, "1") || arg_is(args, HSM_ARG_MODE, "2");
    *len = field->len;
    switch (field->kind) {
    case W_KEY:
    case W_KEY_PAIR:
    case W_KEY_BY_FLAG:
        return key_length(text, bare_length(field, args), len);
    case W_IV_BY_MODE:
        *len = has_iv ? field->len : 0;
        return 0;
    case W_MAC_BY_SIZE:
        *len = goes_on ? 0 : arg_is(args, HSM_ARG_MAC_SIZE, "1") ? 16 : 8;
        return 0;
    case W_HEX_TAIL:
        *len = 0;
        while (*len < text.len && hex_value(text.ptr[*len]) >= 0) {
            *len += 1;
        }
        return *len == 6 || *len == 8 || *len == 16 || (*len == 0 && field->len == 0) ? 0
                                                                                      : ERR_FORMAT;
    case W_COUNTED:
    case W_REST:
        *len = text.len;
        return 0;
    default:
        return 0;
    }
}

/* Whether the characters of @text may stand in @field. Lengths are field_length's matter. */
static bool field_allows(const struct wire_field *field, struct span text)
{
    switch (field->kind) {
    case W_DIGITS:
    case W_CHECK_TAIL:
        return span_is_digits(text);
    case W_KEY:
    case W_KEY_PAIR:
    case W_KEY_BY_FLAG:
        if (text.ptr[0] == 'S' || text.ptr[0] == 'R') {
            return is_printable(text);
        }
        return is_hex(hex_value(text.ptr[0]) < 0 ? span_skip(text, 1) : text);
    case W_TEXT:
        return is_printable(text);
    case W_COUNTED:
    case W_REST:
        return true;
    default:
        return is_hex(text);
    }
}

/* Decode ----------------------------------------------------------------------------------------*/

/* What stands in front of @field. Sets @text to where the field may lie, @there to false if the
 * message does not have it. */
static int prefix_take(const struct wire_field *field, const struct span *args, struct reader *in,
                       struct span *text, bool *there)
{
    struct span prefix;
    *there = true;
    *text = span_make(in->ptr, reader_left(in));
    switch (field->kind) {
    case W_KEY_TYPE_TAIL:
        *there = arg_is(args, HSM_ARG_KEY_TYPE, "FF");
        if (*there) {
            TRY(reader_take(in, 1, &prefix));
            return prefix.ptr[0] == ';' ? 0 : ERR_FORMAT;
        }
        return 0;
    case W_CHECK_TAIL:
        *there = text->len > 0 && text->ptr[0] == ';';
        if (*there) {
            /* The two characters between are reserved; a device does not look at them. */
            TRY(reader_take(in, 3, &prefix));
        }
        return 0;
    case W_COUNTED: {
        uint8_t count[2];
        TRY(reader_take(in, 4, &prefix));
        TRY(hex_decode(prefix, count));
        *text = span_make(in->ptr, be16_get(count));
        return reader_left(in) < text->len ? ERR_LENGTH : 0;
    }
    default:
        return 0;
    }
}

/* Where a trailer may begin when the fields do not tell: the first mark that is near enough to the
 * end. Returns its index, or @message.len. */
static size_t trailer_guess(struct span message)
{
    size_t first = message.len > HSM_TRAILER_LEN_MAX ? message.len - HSM_TRAILER_LEN_MAX - 1 : 0;
    for (size_t i = first; i < message.len; i++) {
        if (message.ptr[i] == MARK_TRAILER) {
            return i;
        }
    }
    return message.len;
}

static int fields_take(const struct wire_field *fields, struct span *args, struct reader *in)
{
    for (const struct wire_field *field = fields; field->kind != W_END; field++) {
        struct span text;
        struct span *arg = &args[field->arg];
        bool there = false;
        TRY(prefix_take(field, args, in, &text, &there));
        if (!there) {
            continue;
        }
        if (field->kind == W_REST) {
            text.len = trailer_guess(text);
        }
        size_t len = 0;
        TRY(field_length(field, args, text, &len));
        if (len == 0) {
            *arg = SPAN_NONE;
            continue;
        }
        TRY(reader_take(in, len, arg));
        if (!field_allows(field, *arg)) {
            return ERR_FORMAT;
        }
    }
    return 0;
}

/* The end of every message: X'19' and the trailer, or nothing. */
static int trailer_take(struct reader *in, struct span *trailer)
{
    struct span mark;
    if (reader_left(in) == 0) {
        return 0;
    }
    TRY(reader_take(in, 1, &mark));
    if (mark.ptr[0] != MARK_TRAILER || reader_left(in) > HSM_TRAILER_LEN_MAX) {
        return ERR_FORMAT;
    }
    return reader_take(in, reader_left(in), trailer);
}

static int request_take(const struct wire_layout *layout, struct hsm_command *command,
                        struct reader *in, struct span *trailer)
{
    struct span mark;
    TRY(fields_take(layout->request, command->arg, in));
    if (reader_left(in) > 0 && in->ptr[0] == MARK_LMK) {
        TRY(reader_take(in, 1, &mark));
        TRY(reader_take(in, 2, &command->arg[HSM_ARG_LMK_ID]));
        if (!span_is_digits(command->arg[HSM_ARG_LMK_ID])) {
            return ERR_FORMAT;
        }
    }
    return trailer_take(in, trailer);
}

/* Header and code; guesses the trailer, so that a message that fits no layout can be answered. */
static int head_take(struct reader *in, size_t header_len, uint16_t *code,
                     struct hsm_envelope *envelope)
{
    TRY(reader_take(in, header_len, &envelope->header));
    TRY(reader_be16(in, code));
    struct span rest = span_make(in->ptr, reader_left(in));
    envelope->trailer = span_skip(rest, trailer_guess(rest) + 1);
    return 0;
}

int hsm_command_decode(struct span message, size_t header_len, struct hsm_command *command,
                       struct hsm_envelope *envelope)
{
    memset(command, 0, sizeof *command);
    memset(envelope, 0, sizeof *envelope);
    struct reader in = reader_make(message);
    TRY(head_take(&in, header_len, &command->code, envelope));
    const struct wire_layout *layout = wire_layout_find(command->code);
    if (layout == NULL) {
        return ERR_NOT_FOUND;
    }
    struct span trailer = SPAN_NONE;
    TRY(request_take(layout, command, &in, &trailer));
    envelope->trailer = trailer;
    return 0;
}

/* "00".."99" or "A1".."FF". */
static int error_take(struct reader *in, uint8_t *error)
{
    struct span text;
    uint64_t number = 0;
    TRY(reader_take(in, 2, &text));
    if (span_number(text, &number) == 0) {
        *error = (uint8_t)number;
        return 0;
    }
    TRY(hex_decode(text, error));
    return *error >= 0xA0 ? 0 : ERR_FORMAT;
}

int hsm_reply_decode(struct span message, size_t header_len, struct hsm_reply *reply,
                     struct hsm_envelope *envelope)
{
    memset(reply, 0, sizeof *reply);
    memset(envelope, 0, sizeof *envelope);
    struct reader in = reader_make(message);
    TRY(head_take(&in, header_len, &reply->code, envelope));
    TRY(error_take(&in, &reply->error));
    const struct wire_layout *layout = wire_layout_find((uint16_t)(reply->code - 1));
    if (layout == NULL && reply->error == HSM_OK) {
        return ERR_NOT_FOUND;
    }
    /* An error has no fields; a warning (02 on DA) has those of success. */
    bool ends = reader_left(&in) == 0 || in.ptr[0] == MARK_TRAILER;
    if (reply->error == HSM_OK || (layout != NULL && !ends)) {
        TRY(fields_take(layout->reply, reply->arg, &in));
    }
    struct span trailer = SPAN_NONE;
    TRY(trailer_take(&in, &trailer));
    envelope->trailer = trailer;
    return 0;
}

uint8_t hsm_decode_refusal(int err)
{
    switch (err) {
    case ERR_NOT_FOUND:
        return HSM_DISABLED;
    case ERR_LENGTH:
        return HSM_DATA_LEN;
    default:
        return HSM_INPUT;
    }
}

/* Encode ----------------------------------------------------------------------------------------*/

/* Append @field if it is there; the same rule as fields_take, read the other way. */
static int field_put(const struct wire_field *field, const struct span *args, struct writer *out)
{
    struct span arg = args[field->arg];
    struct span type = args[HSM_ARG_KEY_TYPE];
    size_t len = 0;
    switch (field->kind) {
    case W_KEY_TYPE:
        arg = type.len == 3 ? SPAN_LITERAL("FF") : type;
        break;
    case W_KEY_TYPE_TAIL:
    case W_CHECK_TAIL:
        if (field->kind == W_KEY_TYPE_TAIL ? type.len != 3 : arg.len == 0) {
            return 0;
        }
        writer_text(out, field->kind == W_KEY_TYPE_TAIL ? ";" : ";00");
        break;
    case W_COUNTED: {
        uint8_t count[2];
        be16_put(count, (uint16_t)arg.len);
        writer_hex(out, span_make(count, sizeof count));
        break;
    }
    default:
        break;
    }
    int status = field_length(field, args, arg, &len);
    if (arg.len == 0 && (status < 0 || len != 0)) {
        return ERR_USAGE;
    }
    TRY(status);
    if (len == 0 && field->kind != W_HEX_TAIL) {
        return 0;
    }
    if (arg.len != len || arg.len > UINT16_MAX || (len != 0 && !field_allows(field, arg))) {
        return ERR_FORMAT;
    }
    writer_span(out, arg);
    return 0;
}

static int fields_put(const struct wire_field *fields, const struct span *args, struct writer *out)
{
    for (const struct wire_field *field = fields; field->kind != W_END; field++) {
        TRY(field_put(field, args, out));
    }
    return 0;
}

static int trailer_put(struct span trailer, struct writer *out)
{
    if (trailer.len > HSM_TRAILER_LEN_MAX) {
        return ERR_FORMAT;
    }
    if (trailer.len > 0) {
        writer_u8(out, MARK_TRAILER);
        writer_span(out, trailer);
    }
    return out->overflow ? ERR_SPACE : 0;
}

static int request_put(const struct hsm_command *command, struct writer *out)
{
    const struct wire_layout *layout = wire_layout_find(command->code);
    if (layout == NULL) {
        return ERR_NOT_FOUND;
    }
    TRY(fields_put(layout->request, command->arg, out));
    struct span lmk = command->arg[HSM_ARG_LMK_ID];
    if (lmk.len > 0) {
        if (lmk.len != 2 || !span_is_digits(lmk)) {
            return ERR_FORMAT;
        }
        writer_u8(out, MARK_LMK);
        writer_span(out, lmk);
    }
    return 0;
}

int hsm_command_check(const struct hsm_command *command)
{
    /* A writer without room takes nothing and leaves the checks of the way. */
    struct writer nowhere = writer_make(NULL, 0);
    return request_put(command, &nowhere);
}

int hsm_command_encode(const struct hsm_command *command, const struct hsm_envelope *envelope,
                       struct writer *out)
{
    writer_span(out, envelope->header);
    writer_be16(out, command->code);
    TRY(request_put(command, out));
    return trailer_put(envelope->trailer, out);
}

int hsm_reply_encode(const struct hsm_reply *reply, const struct hsm_envelope *envelope,
                     struct writer *out)
{
    writer_span(out, envelope->header);
    writer_be16(out, reply->code);
    if (reply->error < 100) {
        writer_digits(out, 2, reply->error);
    } else {
        writer_hex(out, span_make(&reply->error, 1));
    }
    const struct wire_layout *layout = wire_layout_find((uint16_t)(reply->code - 1));
    if (layout == NULL && reply->error == HSM_OK) {
        return ERR_NOT_FOUND;
    }
    if (reply->error == HSM_OK || (layout != NULL && reply->arg[layout->reply[0].arg].len > 0)) {
        TRY(fields_put(layout->reply, reply->arg, out));
    }
    return trailer_put(envelope->trailer, out);
}
