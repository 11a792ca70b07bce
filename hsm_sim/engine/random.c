#include "hsm_sim/engine/random.h"

#include <openssl/rand.h>

struct random random_make(uint64_t seed)
{
    return (struct random){seed, seed != 0};
}

int random_fill(struct random *random, uint8_t *out, size_t len)
{
    if (!random->is_seeded) {
        return RAND_bytes(out, (int)len) == 1 ? 0 : ERR_CRYPTO;
    }
    for (size_t i = 0; i < len; i++) {
        /* splitmix64 (Vigna): any seed is good, and the state is one word. */
        random->state += 0x9E3779B97F4A7C15u;
        uint64_t mixed = random->state;
        mixed = (mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9u;
        mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBu;
        out[i] = (uint8_t)(mixed >> 56);
    }
    return 0;
}
