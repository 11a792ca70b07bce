#include "switch/edge/hsm_client.h"

#include <stdlib.h>

enum { TICK_MS = 50 };

struct hsm_client {
    uv_timer_t ticks;
    uint32_t count;
    uint32_t turn; /* of equals, the one after the last */
    uint64_t unsent;
    struct hsm_unit *units[HSM_UNITS_MAX];
};

static void on_tick(uv_timer_t *timer)
{
    struct hsm_client *client = timer->data;
    for (uint32_t i = 0; i < client->count; i++) {
        hsm_unit_tick(client->units[i]);
    }
}

struct hsm_client *hsm_client_new(struct driver *driver)
{
    const struct driver_parts *parts = driver_parts(driver);
    struct hsm_client *client = calloc(1, sizeof *client);
    if (client == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i < parts->config->hsm_count; i++) {
        client->units[i] = hsm_unit_new(driver, parts->config->hsm_addresses[i]);
        if (client->units[i] == NULL) {
            hsm_client_free(client);
            return NULL;
        }
        client->count++;
    }
    CHECK(uv_timer_init(parts->loop, &client->ticks) == 0);
    client->ticks.data = client;
    return client;
}

int hsm_client_dial(struct hsm_client *client)
{
    for (uint32_t i = 0; i < client->count; i++) {
        TRY(hsm_unit_dial(client->units[i]));
    }
    return uv_timer_start(&client->ticks, on_tick, TICK_MS, TICK_MS) == 0 ? 0 : ERR_MEMORY;
}

void hsm_client_shutdown(struct hsm_client *client)
{
    uv_close((uv_handle_t *)&client->ticks, NULL);
    for (uint32_t i = 0; i < client->count; i++) {
        hsm_unit_shutdown(client->units[i]);
    }
}

void hsm_client_free(struct hsm_client *client)
{
    for (uint32_t i = 0; i < client->count; i++) {
        hsm_unit_free(client->units[i]);
    }
    free(client);
}

/* NULL: none takes a question. */
static struct hsm_unit *choose(struct hsm_client *client)
{
    struct hsm_unit *best = NULL;
    uint32_t fewest = UINT32_MAX;
    client->turn++;
    for (uint32_t i = 0; i < client->count; i++) {
        struct hsm_unit *unit = client->units[(client->turn + i) % client->count];
        uint32_t in_flight = hsm_unit_in_flight(unit);
        if (hsm_unit_takes(unit) && in_flight < fewest) {
            best = unit;
            fewest = in_flight;
        }
    }
    return best;
}

void hsm_client_ask(struct hsm_client *client, uint64_t token, enum event_kind answer,
                    const struct hsm_command *command)
{
    struct hsm_unit *unit = choose(client);
    if (unit == NULL || !hsm_unit_ask(unit, token, answer, command)) {
        client->unsent++;
    }
}

struct hsm_unit_figures hsm_client_figures(const struct hsm_client *client)
{
    struct hsm_unit_figures all = {.state = HSM_IS_DOWN};
    for (uint32_t i = 0; i < client->count; i++) {
        struct hsm_unit_figures one = hsm_unit_figures(client->units[i]);
        all.state = one.state > all.state ? one.state : all.state;
        all.in_flight += one.in_flight;
        all.asked += one.asked;
        all.answered += one.answered;
        all.overdue += one.overdue;
        all.mismatched += one.mismatched;
        all.p99_us = one.p99_us > all.p99_us ? one.p99_us : all.p99_us;
    }
    return all;
}

uint64_t hsm_client_unsent(const struct hsm_client *client)
{
    return client->unsent;
}

const struct hsm_unit *hsm_client_unit(const struct hsm_client *client, size_t index)
{
    return index < client->count ? client->units[index] : NULL;
}
