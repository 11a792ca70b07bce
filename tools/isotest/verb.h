/* The verbs of isotest: each has its own options (argp) and returns an exit code of exit_code.h.
 * @argv[0] is "isotest VERB". */
#pragma once

int verb_run(int argc, char **argv);
int verb_load(int argc, char **argv);
int verb_check(int argc, char **argv);
int verb_fmt(int argc, char **argv);
int verb_record(int argc, char **argv);
int verb_fields(int argc, char **argv);
