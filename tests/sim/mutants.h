/* Planted faults: each is a build of this simulator with one source of the switch changed
 * (mutants/NAME.mutant). A simulator that lets one live proves nothing about the rule it breaks. */
#pragma once

#include <stdint.h>

/* Run every mutant over the worlds of @seed .. @seed + @count - 1 until one catches it, and print
 * by which invariant. Returns the exit code: 1 if one survives. */
int mutants_run(uint64_t seed, uint64_t count);
