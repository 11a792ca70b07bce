#include "tools/isotest/program.h"

#include <stdlib.h>

/* By enum stmt_kind. */
static const uint8_t kinds[] = {
    [STMT_SEND] = OP_SEND,
    [STMT_EXPECT] = OP_EXPECT,
    [STMT_ON] = OP_ON,
    [STMT_CAPTURE] = OP_CAPTURE,
    [STMT_WAIT] = OP_WAIT,
    [STMT_ADMIN] = OP_ADMIN,
    [STMT_EXEC] = OP_EXEC,
    [STMT_REPEAT] = OP_REPEAT,
    [STMT_FOR] = OP_ROWS,
    [STMT_PARALLEL] = OP_FORK,
    [STMT_IF] = OP_IF,
    [STMT_SET] = OP_SET,
    [STMT_DISCONNECT] = OP_DISCONNECT,
    [STMT_NEXT] = OP_NEXT,
};

/* A block that is open while its statements are compiled. */
struct block {
    const struct stmt *stmt;
    uint32_t op;   /* its first */
    uint32_t jump; /* IF in its else: the jump over it */
    bool in_else;
    uint64_t width; /* strands that run its statements at once */
};

struct compiler {
    struct program *program;
    uint32_t op_cap;
    uint32_t rule_cap;
    uint32_t depth;
    uint64_t strands;
    struct block blocks[SCRIPT_DEPTH_MAX];
};

/* Room for one more in an array of @size bytes each. */
static int array_grow(void **array, uint32_t count, uint32_t *cap, size_t size)
{
    if (count < *cap) {
        return 0;
    }
    uint32_t more = *cap == 0 ? 64 : *cap * 2;
    void *grown = realloc(*array, more * size);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    *array = grown;
    *cap = more;
    return 0;
}

static int op_add(struct compiler *compiler, uint8_t kind, const struct stmt *stmt, uint32_t target)
{
    struct program *program = compiler->program;
    TRY(array_grow((void **)&program->ops, program->op_count, &compiler->op_cap,
                   sizeof *program->ops));
    program->ops[program->op_count++] = (struct op){.kind = kind, .stmt = stmt, .target = target};
    return 0;
}

static int rule_add(struct compiler *compiler, struct routine *routine, const struct stmt *stmt)
{
    struct program *program = compiler->program;
    if (routine->rule_count == SCRIPT_RULES_MAX) {
        return ERR_RANGE;
    }
    TRY(array_grow((void **)&program->rules, program->rule_count, &compiler->rule_cap,
                   sizeof *program->rules));
    program->ops[program->op_count - 1].rule = (uint16_t)routine->rule_count++;
    program->rules[program->rule_count++] = stmt;
    return 0;
}

/* Strands are never asked for beyond this: a script with more is told by a failure. */
enum { STRANDS_MAX = 1 << 17 };

static void block_begin(struct compiler *compiler, const struct stmt *stmt)
{
    uint64_t width = compiler->depth == 0 ? 1 : compiler->blocks[compiler->depth - 1].width;
    if (stmt->kind == STMT_PARALLEL) {
        const struct peer_decl *decl = stmt->u.parallel.peer;
        width *= decl != NULL ? decl->last - decl->first + 1u : stmt->u.parallel.count;
        width = width > STRANDS_MAX ? STRANDS_MAX : width;
        compiler->strands += width;
    }
    compiler->blocks[compiler->depth++] =
        (struct block){.stmt = stmt, .op = compiler->program->op_count - 1, .width = width};
}

/* The innermost block has no more statements. @next: where compiling goes on. */
static int block_end(struct compiler *compiler, const struct stmt **next)
{
    struct program *program = compiler->program;
    struct block *block = &compiler->blocks[compiler->depth - 1];
    const struct stmt *stmt = block->stmt;
    uint32_t closes = block->op;
    if (stmt->kind == STMT_REPEAT || stmt->kind == STMT_FOR) {
        TRY(op_add(compiler, OP_AGAIN, stmt, block->op));
    } else if (stmt->kind == STMT_PARALLEL) {
        TRY(op_add(compiler, OP_JOIN, NULL, 0));
    } else if (!block->in_else && stmt->other != NULL) {
        block->jump = program->op_count;
        block->in_else = true;
        TRY(op_add(compiler, OP_JUMP, NULL, 0));
        program->ops[block->op].target = program->op_count;
        *next = stmt->other;
        return 0;
    } else if (block->in_else) {
        closes = block->jump;
    }
    program->ops[closes].target = program->op_count;
    compiler->depth--;
    *next = stmt->next;
    return 0;
}

static int routine_compile(struct compiler *compiler, struct routine *routine)
{
    const struct stmt *at = routine->test->body;
    compiler->depth = 0;
    compiler->strands = 1;
    while (at != NULL || compiler->depth > 0) {
        if (at == NULL) {
            TRY(block_end(compiler, &at));
            continue;
        }
        TRY(op_add(compiler, kinds[at->kind], at, 0));
        if (at->kind == STMT_ON) {
            TRY(rule_add(compiler, routine, at));
        }
        if (at->kind == STMT_REPEAT || at->kind == STMT_FOR || at->kind == STMT_PARALLEL ||
            at->kind == STMT_IF) {
            CHECK(compiler->depth < SCRIPT_DEPTH_MAX);
            block_begin(compiler, at);
            at = at->body;
        } else {
            at = at->next;
        }
    }
    return op_add(compiler, OP_END, NULL, 0);
}

int program_init(struct program *program, const struct script *script)
{
    *program = (struct program){0};
    struct compiler compiler = {.program = program};
    uint32_t count = 0;
    for (const struct test *test = script->tests; test != NULL; test = test->next) {
        count++;
    }
    program->routines = calloc(count + 1u, sizeof *program->routines);
    if (program->routines == NULL) {
        return ERR_MEMORY;
    }
    for (const struct test *test = script->tests; test != NULL; test = test->next) {
        struct routine *routine = &program->routines[program->routine_count++];
        *routine = (struct routine){
            .test = test, .first_op = program->op_count, .rule_first = program->rule_count};
        TRY(routine_compile(&compiler, routine));
        if (compiler.strands > program->strands_per_test_max) {
            program->strands_per_test_max =
                (uint32_t)(compiler.strands > STRANDS_MAX ? STRANDS_MAX : compiler.strands);
        }
        if (routine->rule_count > program->rules_per_test_max) {
            program->rules_per_test_max = routine->rule_count;
        }
    }
    return 0;
}

void program_deinit(struct program *program)
{
    free(program->ops);
    free(program->rules);
    free(program->routines);
    *program = (struct program){0};
}

const struct routine *program_find(const struct program *program, const struct test *test)
{
    for (uint32_t i = 0; i < program->routine_count; i++) {
        if (program->routines[i].test == test) {
            return &program->routines[i];
        }
    }
    return NULL;
}
