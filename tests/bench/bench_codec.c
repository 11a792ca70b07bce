/* The codec: decode with every character checked, encode, and decode-answer-encode.
 *
 * First on the 0200 of tests/vectors/purchase_0200.hex (344 bytes, 20 elements, chip data,
 * iso87_ascii), then on a message of 60 elements, on one of another layout, and on the purchase's
 * elements in every dialect: one table-driven code serves all of them. Of each message 64 copies
 * that differ in their STAN are read in turn, so that no branch is learnt by heart. Machines are
 * shared: the best of several rounds is told. */
#include "tests/bench/bench.h"

#include <ctype.h>
#include <stdio.h>

#include "iso8583/dialect.h"
#include "iso8583/message.h"
#include "iso8583/mti.h"

enum { COPIES = 64, WIRE_LEN_MAX = 2048, ROUNDS_MAX = 99, LOOPS = 200000, ROUNDS = 15 };

struct sample {
    const char *name;
    const struct iso_dialect *dialect;
    uint8_t wire[COPIES][WIRE_LEN_MAX];
    size_t wire_len;
    struct iso_msg request; /* of the first copy */
    uint8_t values[WIRE_LEN_MAX];
    uint8_t scratch[2 * WIRE_LEN_MAX];
    uint8_t scratch_request[2 * WIRE_LEN_MAX];
    uint8_t out[WIRE_LEN_MAX];
};

static void must(int result)
{
    CHECK(result == 0);
}

/* --- messages ----------------------------------------------------------------------------------
 */

static const unsigned purchase[] = {2,  3,  4,  7,  11, 12, 13, 14, 18, 22,
                                    25, 35, 37, 41, 42, 43, 49, 52, 55, 64};
static const unsigned sixty[] = {2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,  16,
                                 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,  31,
                                 32, 33, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46,  48,
                                 49, 50, 51, 52, 53, 54, 55, 60, 61, 62, 63, 90, 95, 102, 128};
static const unsigned layout[] = {7,  11, 15, 28, 33,  34,  44,  45,  48,  56,  62, 70,
                                  74, 86, 97, 99, 100, 101, 104, 112, 120, 127, 128};

/* Something of the content of @row at @to: full length if it is fixed, else at most @most. */
static struct span filler(const struct iso_field_row *row, size_t most, uint8_t *to)
{
    static const char text[] = "ACME STORE 42 BRUSSELS ";
    size_t len = row->prefix == 0 || row->len < most ? row->len : most;
    for (size_t i = 0; i < len; i++) {
        bool digit = row->content == ISO_N || row->content == ISO_Z || row->content == ISO_XN;
        bool letter = row->content == ISO_A;
        to[i] = digit ? (uint8_t)('0' + i % 10) : (uint8_t)(letter ? 'A' : text[i % 23]);
    }
    if (row->content == ISO_XN) {
        to[0] = 'C';
    } else if (row->content == ISO_Z && len > 16) {
        to[16] = '=';
    }
    return span_make(to, len);
}

/* Encode @msg in COPIES that differ in DE11, and keep the first one decoded. */
static void copies_make(struct sample *sample, struct iso_msg *msg)
{
    struct iso_error error;
    uint8_t stan[16];
    size_t stan_len = sample->dialect->field[11].len;
    for (size_t i = 0; i < COPIES; i++) {
        digits_put(stan, stan_len, i);
        iso_set(msg, 11, span_make(stan, stan_len));
        struct writer out = writer_make(sample->wire[i], WIRE_LEN_MAX);
        must(iso_encode(msg, sample->dialect, &out, &error));
        sample->wire_len = out.len;
    }
    struct writer scratch = writer_make(sample->scratch_request, sizeof sample->scratch_request);
    must(iso_decode(sample->dialect, span_make(sample->wire[0], sample->wire_len), &scratch,
                    &sample->request, &error));
}

static void made(struct sample *sample, const char *name, const char *dialect,
                 const unsigned *elements, size_t count)
{
    struct iso_msg msg;
    size_t used = 0;
    sample->name = name;
    sample->dialect = dialect_find(dialect);
    CHECK(sample->dialect != NULL);
    iso_init(&msg, 0x0200);
    for (size_t i = 0; i < count; i++) {
        const struct iso_field_row *row = &sample->dialect->field[elements[i]];
        if (row->content == ISO_NONE) {
            continue;
        }
        size_t most = elements[i] == 55 ? 125 : elements[i] == 2 ? 16 : 34;
        CHECK(used + row->len <= WIRE_LEN_MAX || row->prefix != 0);
        struct span value = filler(row, most, sample->values + used);
        iso_set(&msg, elements[i], value);
        used += value.len;
    }
    copies_make(sample, &msg);
}

/* The purchase as it is kept; false if the file cannot be read. */
static bool purchase_read(struct sample *sample)
{
    FILE *file = fopen(VECTORS "/purchase_0200.hex", "r");
    if (file == NULL) {
        perror(VECTORS "/purchase_0200.hex");
        return false;
    }
    uint8_t text[2 * WIRE_LEN_MAX];
    size_t len = 0;
    for (int c = fgetc(file); c != EOF && len < sizeof text; c = fgetc(file)) {
        if (!isspace(c)) {
            text[len++] = (uint8_t)c;
        }
    }
    fclose(file);
    struct iso_msg msg;
    struct iso_error error;
    uint8_t wire[WIRE_LEN_MAX];
    struct writer scratch = writer_make(sample->scratch, sizeof sample->scratch);
    must(hex_decode(span_make(text, len), wire));
    sample->name = "purchase";
    sample->dialect = dialect_find("iso87_ascii");
    must(iso_decode(sample->dialect, span_make(wire, len / 2), &scratch, &msg, &error));
    copies_make(sample, &msg);
    CHECK(sample->wire_len == len / 2);
    return true;
}

/* --- what is measured --------------------------------------------------------------------------
 */

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
    iso_set(&answer, 39, span_first(SPAN_LITERAL("0000"), sample->dialect->field[39].len));
    encode(sample, &answer);
}

static double best_ns(struct sample *sample, void (*run)(struct sample *, size_t), size_t loops,
                      size_t rounds)
{
    double best = 0;
    for (size_t round = 0; round < rounds; round++) {
        uint64_t start = bench_now_ns();
        for (size_t i = 0; i < loops; i++) {
            run(sample, i % COPIES);
        }
        double ns = (double)(bench_now_ns() - start) / (double)loops;
        best = round == 0 || ns < best ? ns : best;
    }
    return best;
}

/* --- what is told ------------------------------------------------------------------------------
 */

static unsigned elements_count(const struct iso_msg *msg)
{
    unsigned count = 0;
    for (unsigned word = 0; word < ISO_BITMAPS; word++) {
        count += (unsigned)__builtin_popcountll(msg->present[word]);
    }
    return count;
}

/* One message's figures; @first: the one whose figures are the bench's own. */
static void tell(struct sample *sample, size_t loops, size_t rounds, bool first, bool json)
{
    double decode_ns = best_ns(sample, run_decode, loops, rounds);
    double encode_ns = best_ns(sample, run_encode, loops, rounds);
    double answer_ns = best_ns(sample, run_answer, loops, rounds);
    const char *format =
        json ? "%s{\"name\":\"%s\",\"dialect\":\"%s\",\"elements\":%u,\"bytes\":%zu,"
               "\"decode_ns\":%.1f,\"encode_ns\":%.1f,\"answer_ns\":%.1f}"
             : "%s%-9s %-15s %8u %6zu %10.1f %10.1f %10.1f\n";
    if (json && first) {
        printf("{\"v\":1,\"bench\":\"codec\",\"decode_ns\":%.1f,\"encode_ns\":%.1f,"
               "\"answer_ns\":%.1f,\"messages\":[",
               decode_ns, encode_ns, answer_ns);
    } else if (first) {
        printf("%-9s %-15s %8s %6s %10s %10s %10s\n", "message", "dialect", "elements", "bytes",
               "decode ns", "encode ns", "answer ns");
    }
    printf(format, json && !first ? "," : "", sample->name, sample->dialect->name,
           elements_count(&sample->request), sample->wire_len, decode_ns, encode_ns, answer_ns);
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
    if (!purchase_read(&sample)) {
        return 3;
    }
    tell(&sample, loops, rounds, true, json);
    made(&sample, "sixty", "iso87_ascii", sixty, ARRAY_COUNT(sixty));
    tell(&sample, loops, rounds, false, json);
    made(&sample, "layout", "iso87_ascii", layout, ARRAY_COUNT(layout));
    tell(&sample, loops, rounds, false, json);
    for (size_t i = 0; dialect_at(i) != NULL; i++) {
        made(&sample, "made", dialect_at(i)->name, purchase, ARRAY_COUNT(purchase));
        tell(&sample, loops, rounds, false, json);
    }
    if (json) {
        printf("]}\n");
    }
    return 0;
}
