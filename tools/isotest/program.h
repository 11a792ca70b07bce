/* A script's statements as one line of operations with jump targets, so that a strand's place is an
 * index and its loops a small stack. */
#pragma once

#include "tools/isotest/script.h"

/* To add a statement: a row in kinds[] of program.c and a step in steps[] of strand.c. */
enum op_kind {
    OP_SEND,
    OP_EXPECT,
    OP_ON, /* @rule of the test is in force from here */
    OP_CAPTURE,
    OP_WAIT,
    OP_ADMIN,
    OP_EXEC,
    OP_REPEAT, /* @target: behind its OP_AGAIN */
    OP_ROWS,   /* for row in: the same */
    OP_FORK,   /* parallel: strands run from the next op to OP_JOIN; @target: behind it */
    OP_IF,     /* @target: where it goes on if the predicate does not hold */
    OP_SET,
    OP_DISCONNECT,
    OP_NEXT,
    OP_AGAIN, /* the end of a loop's body; @target: its OP_REPEAT or OP_ROWS */
    OP_JOIN,  /* the end of a branch */
    OP_JUMP,  /* over an else to @target */
    OP_END,   /* of a test */
    OP_COUNT,
};

struct op {
    uint8_t kind;  /* enum op_kind */
    uint16_t rule; /* ON: which of the test's */
    uint32_t target;
    const struct stmt *stmt; /* AGAIN: of its loop; JOIN JUMP END: NULL */
};

/* One test of the script. Its rules are in the order of the text: the first that fits wins. */
struct routine {
    const struct test *test;
    uint32_t first_op;
    uint32_t rule_first; /* in struct program.rules */
    uint32_t rule_count;
};

struct program {
    struct op *ops;
    uint32_t op_count;
    const struct stmt **rules;
    uint32_t rule_count;
    struct routine *routines;
    uint32_t routine_count;
    uint32_t rules_per_test_max;
    uint32_t strands_per_test_max; /* that run at once, with all branches */
};

/* Compile all tests of @script, which must outlive it. 0, ERR_MEMORY, or ERR_RANGE: more rules in a
 * test than SCRIPT_RULES_MAX. Free with program_deinit() in any case. */
MUST_USE int program_init(struct program *program, const struct script *script);
void program_deinit(struct program *program);

/* The routine of @test, or NULL. */
const struct routine *program_find(const struct program *program, const struct test *test);
