/* One question to the daemon's admin socket and its answer. */
#pragma once

#include <jansson.h>
#include <stdint.h>

#include "iso8583/base/error.h"

/* Ask @request at the socket @path. Returns 0 and sets @answer (the whole object; the caller's),
 * ERR_CONNECT (errno tells), ERR_NOT_FOUND when @timeout_ms have passed, ERR_CLOSED if the daemon
 * hung up, ERR_FORMAT if what came is no JSON object, ERR_LENGTH, ERR_IO, ERR_MEMORY. */
MUST_USE int client_ask(const char *path, const json_t *request, uint32_t timeout_ms,
                        json_t **answer);
