/* Regular expressions of predicates (pcre2): compiled by the check, owned by the script. */
#pragma once

#include "tools/isotest/check.h"

struct regex_list {
    struct regex_list *next;
    void *code; /* pcre2_code */
};

/* Compile @pred's pattern into @pred->regex, or tell. A run cannot take long over it: a limit on
 * matching is compiled in. */
void regex_check(struct checker *checker, struct pred *pred);

void regexes_free(struct regex_list *list);
