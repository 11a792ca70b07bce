/* Numeric socket addresses as text: "127.0.0.1:5001", "[::1]:5001". Names are not looked up: a
 * resolver blocks, and an acquirer's peers are configured by address. */
#pragma once

#include <stdio.h>
#include <uv.h>

#include "iso8583/base/bytes.h"

enum { ADDRESS_TEXT_LEN = 64 };

/* Returns 0 and sets @out, or ERR_USAGE. */
MUST_USE static inline int address_parse(const char *text, struct sockaddr_storage *out)
{
    const char *colon = strrchr(text, ':');
    uint64_t port = 0;
    if (colon == NULL || span_number(span_text(colon + 1), &port) < 0 || port > UINT16_MAX) {
        return ERR_USAGE;
    }
    size_t len = (size_t)(colon - text);
    bool is_v6 = len >= 2 && text[0] == '[' && text[len - 1] == ']';
    const char *start = is_v6 ? text + 1 : text;
    len = is_v6 ? len - 2 : len;
    char host[ADDRESS_TEXT_LEN] = "";
    if (len == 0 || len >= sizeof host) {
        return ERR_USAGE;
    }
    memcpy(host, start, len);
    memset(out, 0, sizeof *out);
    int status = is_v6 ? uv_ip6_addr(host, (int)port, (struct sockaddr_in6 *)out)
                       : uv_ip4_addr(host, (int)port, (struct sockaddr_in *)out);
    return status == 0 ? 0 : ERR_USAGE;
}

/* The port of @address in host order. */
static inline int address_port(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? ntohs(((const struct sockaddr_in6 *)address)->sin6_port)
                                          : ntohs(((const struct sockaddr_in *)address)->sin_port);
}

/* Write @address into @text (ADDRESS_TEXT_LEN bytes), NUL-terminated. */
static inline void address_format(const struct sockaddr_storage *address, char *text)
{
    char host[INET6_ADDRSTRLEN] = "";
    bool is_v6 = address->ss_family == AF_INET6;
    if (is_v6) {
        (void)uv_ip6_name((const struct sockaddr_in6 *)address, host, sizeof host);
    } else {
        (void)uv_ip4_name((const struct sockaddr_in *)address, host, sizeof host);
    }
    (void)snprintf(text, ADDRESS_TEXT_LEN, is_v6 ? "[%s]:%d" : "%s:%d", host,
                   address_port(address));
}
