/* Run a program and look at what it says. */
#pragma once

#include <check.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

enum { SAID_LEN_MAX = 1 << 16 };

/* Run @command by the shell, its output and errors together in @said (SAID_LEN_MAX bytes). Returns
 * the exit code. */
static inline int program_run(const char *command, char *said)
{
    char whole[8192];
    ck_assert_int_lt(snprintf(whole, sizeof whole, "exec 2>&1; %s", command), (int)sizeof whole);
    FILE *out = popen(whole, "re");
    ck_assert_ptr_nonnull(out);
    size_t len = fread(said, 1, SAID_LEN_MAX - 1, out);
    said[len] = '\0';
    int status = pclose(out);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
}
