/* The codec on one purchase: 344 bytes, 20 elements, chip data, binary bitmap, iso87_ascii.
 *
 * 64 copies that differ in their STAN are read in turn, so that no branch is learnt by heart; of
 * several rounds the median is told. */
#include "tests/bench/bench.h"

#include <stdio.h>
#include <stdlib.h>

#include "iso8583/dialect.h"
#include "iso8583/message.h"
#include "iso8583/mti.h"
#include "tests/bench/bench_chip.h"

enum { COPIES = 64, WIRE_LEN_MAX = 512, ROUNDS_MAX = 31, LOOPS = 1000000, ROUNDS = 7 };

struct sample {
    const struct iso_dialect *dialect;
    uint8_t wire[COPIES][WIRE_LEN_MAX];
    size_t wire_len;
    struct iso_msg request; /* of the first copy */
    uint8_t scratch[2 * WIRE_LEN_MAX];
    uint8_t out[WIRE_LEN_MAX];
};

static const struct {
    unsigned de;
    const char *text;
} fields[] = {
    {2, "4761739001010010"},
    {3, "000000"},
    {4, "000000012345"},
    {7, "0718123456"},
    {11, "123456"},
    {12, "123456"},
    {13, "0718"},
    {14, "2712"},
    {18, "5411"},
    {22, "051"},
    {25, "00"},
    {35, "4761739001010010=2712201114387808"},
    {37, "519912345678"},
    {41, "TERM0001"},
    {42, "MERCHANT0000001"},
    {43, "ACME STORE 42            BRUSSELS     BE"},
    {49, "978"},
    {52, "\xA1\xB2\xC3\xD4\xE5\xF6\x07\x18"},
    {64, "\x03\x14\x25\x36\x47\x58\x69\x7A"},
};

static void must(int result)
{
    CHECK(result == 0);
}

static void sample_init(struct sample *sample)
{
    struct iso_msg msg;
    struct iso_error error;
    sample->dialect = dialect_find("iso87_ascii");
    CHECK(sample->dialect != NULL);
    iso_init(&msg, 0x0200);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        iso_set(&msg, fields[i].de, span_text(fields[i].text));
    }
    iso_set(&msg, 55, span_make(chip, sizeof chip));
    for (size_t i = 0; i < COPIES; i++) {
        uint8_t stan[6];
        digits_put(stan, sizeof stan, i);
        iso_set(&msg, 11, span_make(stan, sizeof stan));
        struct writer out = writer_make(sample->wire[i], WIRE_LEN_MAX);
        must(iso_encode(&msg, sample->dialect, &out, &error));
        sample->wire_len = out.len;
    }
}

static void decode(struct sample *sample, size_t copy, struct iso_msg *msg)
{
    struct iso_error error;
    struct writer scratch = writer_make(sample->scratch, sizeof sample->scratch);
    must(iso_decode(sample->dialect, span_make(sample->wire[copy], sample->wire_len), &scratch, msg,
                    &error));
    bench_use(msg);
}

static void encode(struct sample *sample, const struct iso_msg *msg)
{
    struct iso_error error;
    struct writer out = writer_make(sample->out, sizeof sample->out);
    must(iso_encode(msg, sample->dialect, &out, &error));
    bench_use(sample->out);
}

static void run_decode(struct sample *sample, size_t copy)
{
    struct iso_msg msg;
    decode(sample, copy, &msg);
}

static void run_encode(struct sample *sample, size_t copy)
{
    (void)copy;
    encode(sample, &sample->request);
}

static void run_answer(struct sample *sample, size_t copy)
{
    static const uint8_t echoed[] = {2, 3, 4, 7, 11, 12, 13, 37, 41, 42, 49, 55, 64};
    struct iso_msg request;
    struct iso_msg answer;
    decode(sample, copy, &request);
    iso_init(&answer, mti_answer(request.mti));
    for (size_t i = 0; i < ARRAY_COUNT(echoed); i++) {
        iso_copy(&answer, &request, echoed[i]);
    }
    iso_set(&answer, 38, SPAN_LITERAL("123456"));
    iso_set(&answer, 39, SPAN_LITERAL("00"));
    encode(sample, &answer);
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_ns(struct sample *sample, void (*run)(struct sample *, size_t), size_t loops,
                        size_t rounds)
{
    double ns[ROUNDS_MAX];
    for (size_t round = 0; round < rounds; round++) {
        uint64_t start = bench_now_ns();
        for (size_t i = 0; i < loops; i++) {
            run(sample, i % COPIES);
        }
        ns[round] = (double)(bench_now_ns() - start) / (double)loops;
    }
    qsort(ns, rounds, sizeof ns[0], compare);
    return ns[rounds / 2];
}

/* The number in argv[@index], or @otherwise; 0 if it is none. */
static size_t argument(int argc, char **argv, int index, size_t otherwise)
{
    uint64_t value = otherwise;
    if (argc > index && span_number(span_text(argv[index]), &value) < 0) {
        return 0;
    }
    return (size_t)value;
}

int bench_codec(int argc, char **argv, bool json)
{
    static struct sample sample;
    size_t loops = argument(argc, argv, 1, LOOPS);
    size_t rounds = argument(argc, argv, 2, ROUNDS);
    if (loops == 0 || rounds == 0 || rounds > ROUNDS_MAX) {
        fprintf(stderr, "codec: LOOPS and ROUNDS are numbers from 1, ROUNDS at most %d\n",
                ROUNDS_MAX);
        return 2;
    }
    sample_init(&sample);
    bench_print(json, "codec", "message", (double)sample.wire_len, "bytes");
    bench_print(json, "codec", "decode", median_ns(&sample, run_decode, loops, rounds), "ns");
    decode(&sample, 0, &sample.request);
    bench_print(json, "codec", "encode", median_ns(&sample, run_encode, loops, rounds), "ns");
    bench_print(json, "codec", "decode_answer_encode",
                median_ns(&sample, run_answer, loops, rounds), "ns");
    return 0;
}
