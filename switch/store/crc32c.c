/* CRC-32C (RFC 3720), of every row that is written or read.
 *
 * By slices of eight bytes, and where the processor has an instruction for it, by that: three to
 * five times as fast. Which one is chosen before main(), so that no thread has to ask. */
#include "switch/store/schema.h"

static uint32_t crc_table[8][256];

static void crc_table_fill(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (0x82F63B78u & (0u - (crc & 1u)));
        }
        crc_table[0][i] = crc;
    }
    for (uint32_t i = 0; i < 256; i++) {
        for (int slice = 1; slice < 8; slice++) {
            uint32_t before = crc_table[slice - 1][i];
            crc_table[slice][i] = before >> 8 ^ crc_table[0][before & 0xFFu];
        }
    }
}

uint32_t crc32c_by_slices(uint32_t crc, struct span bytes)
{
    const uint8_t *p = bytes.ptr;
    size_t left = bytes.len;
    crc = ~crc;
    for (; left >= 8; left -= 8, p += 8) {
        uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                              (uint32_t)p[3] << 24);
        crc = crc_table[7][low & 0xFFu] ^ crc_table[6][low >> 8 & 0xFFu] ^
              crc_table[5][low >> 16 & 0xFFu] ^ crc_table[4][low >> 24] ^ crc_table[3][p[4]] ^
              crc_table[2][p[5]] ^ crc_table[1][p[6]] ^ crc_table[0][p[7]];
    }
    for (; left > 0; left--, p++) {
        crc = crc >> 8 ^ crc_table[0][(crc ^ *p) & 0xFFu];
    }
    return ~crc;
}

static uint32_t (*crc_chosen)(uint32_t crc, struct span bytes) = crc32c_by_slices;

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t crc_by_instruction(uint32_t crc,
                                                                     struct span bytes)
{
    const uint8_t *p = bytes.ptr;
    size_t left = bytes.len;
    uint64_t wide = (uint32_t)~crc;
    for (; left >= 8; left -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        wide = __builtin_ia32_crc32di(wide, word);
    }
    crc = (uint32_t)wide;
    for (; left > 0; left--, p++) {
        crc = __builtin_ia32_crc32qi(crc, *p);
    }
    return ~crc;
}

__attribute__((constructor)) static void crc_choose(void)
{
    crc_table_fill();
    __builtin_cpu_init();
    if (__builtin_cpu_supports("sse4.2")) {
        crc_chosen = crc_by_instruction;
    }
}
#else
__attribute__((constructor)) static void crc_choose(void)
{
    crc_table_fill();
}
#endif

uint32_t crc32c(uint32_t crc, struct span bytes)
{
    return crc_chosen(crc, bytes);
}
