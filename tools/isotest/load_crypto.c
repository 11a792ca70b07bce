/* What the PIN blocks and MACs of a load run take by themselves: the yardstick of how much the tool
 * adds to them. The keys of the script make as many again, with the same functions, in a row. */
#include <time.h>

#include "tools/isotest/load.h"

static double cpu_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

/* What one PIN block (@is_pin) or one MAC over @mac_len bytes takes with the keys of @station. */
static double one_us(struct station *station, bool is_pin, size_t mac_len)
{
    enum { ROUNDS = 20000 };
    double began_us = cpu_us();
    int err = station_exercise(station, is_pin ? ROUNDS : 0, is_pin ? 0 : ROUNDS, mac_len);
    return err < 0 ? 0 : (cpu_us() - began_us) / ROUNDS;
}

/* All that the stations of one declaration did; @station is one of them. */
static double work_us(struct station *station, const struct station_work *work)
{
    double us = 0;
    if (work->pin_blocks != 0) {
        us += (double)work->pin_blocks * one_us(station, true, 0);
    }
    if (work->macs != 0) {
        us += (double)work->macs * one_us(station, false, (size_t)(work->mac_bytes / work->macs));
    }
    return us;
}

void load_crypto_time(struct load *load)
{
    struct peer *peer = engine_peer(load->engine, 0);
    load->crypto = (struct station_work){0};
    load->crypto_us = 0;
    /* The peers of a declaration stand side by side. */
    for (uint32_t i = 1; peer != NULL;) {
        struct station *station = peer_station(peer);
        struct station_work sum = {0};
        for (; peer != NULL && station_decl(peer_station(peer)) == station_decl(station);
             peer = engine_peer(load->engine, i++)) {
            struct station_work work = station_work(peer_station(peer));
            sum.pin_blocks += work.pin_blocks;
            sum.macs += work.macs;
            sum.mac_bytes += work.mac_bytes;
        }
        load->crypto_us += work_us(station, &sum);
        load->crypto.pin_blocks += sum.pin_blocks;
        load->crypto.macs += sum.macs;
        load->crypto.mac_bytes += sum.mac_bytes;
    }
}
