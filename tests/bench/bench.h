/* Benches: each measures one thing and says so itself, as a line for people or a line of JSON. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One bench: reads its own arguments (argv[0] is its name), writes results to stdout by
 * bench_print(). Returns the exit code. */
typedef int bench_run(int argc, char **argv, bool json);

int bench_codec(int argc, char **argv, bool json);
int bench_switch(int argc, char **argv, bool json);

/* Monotonic nanoseconds. */
uint64_t bench_now_ns(void);

/* One result: @value in @unit of @what in @bench. */
void bench_print(bool json, const char *bench, const char *what, double value, const char *unit);

/* Keep the compiler from leaving out what produced @ptr. */
static inline void bench_use(const void *ptr)
{
    __asm__ volatile("" : : "g"(ptr) : "memory");
}
