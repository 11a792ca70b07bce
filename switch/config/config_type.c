#include "switch/config/config_type.h"

#include "iso8583/net/address.h"
#include "switch/config/key_text.h"

bool bind_address_item(struct yaml_bind *bind, const struct yaml_node_s *value, char *member,
                       size_t size)
{
    char address_text[ADDRESS_TEXT_LEN] = "";
    char quote[QUOTE_LEN];
    struct sockaddr_storage address;
    struct span text;
    if (!bind_scalar(bind, value, &text)) {
        return false;
    }
    (void)problem_quote(text, quote);
    const uint8_t *colon = memrchr(text.ptr, ':', text.len);
    bool fits = text.len < sizeof address_text && text.len < size &&
                memchr(text.ptr, '\0', text.len) == NULL;
    if (colon == NULL || !fits) {
        bind_error(bind, value,
                   "'%s' is not an address with a port (like 127.0.0.1:8583 or [::1]:8583)", quote);
        return false;
    }
    memcpy(address_text, text.ptr, text.len);
    struct span port = span_skip(text, (size_t)(colon + 1 - text.ptr));
    uint64_t number = 0;
    if (span_number(port, &number) < 0 || number == 0 || number > UINT16_MAX) {
        bind_error(bind, value, "'%s' is not a port number (1-65535)", problem_quote(port, quote));
        return false;
    }
    if (address_parse(address_text, &address) < 0) {
        bind_error(bind, value, "'%s' is not a numeric address (names are not looked up)", quote);
        return false;
    }
    memset(member, 0, size);
    memcpy(member, text.ptr, text.len);
    return true;
}

void bind_address(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    (void)bind_address_item(bind, value, member, bind_row(bind)->size);
}

void bind_key_text(struct yaml_bind *bind, const struct yaml_node_s *value, void *member)
{
    const struct bind_key *row = bind_row(bind);
    struct span text;
    CHECK(row->size == sizeof(struct key_text));
    /* Not a byte of what stands there is shown: it may be a key in clear. */
    if (bind_scalar(bind, value, &text) && key_text_parse(text, (unsigned)row->min, member) < 0) {
        bind_error(bind, value, "%zu characters that are not a key (%s)", text.len,
                   key_shapes_text((unsigned)row->min));
    }
}
