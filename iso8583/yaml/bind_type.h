/* The types of values that yaml_bind.h names: text to a struct's member, or a problem. */
#pragma once

#include "iso8583/yaml/yaml_bind.h"

/* Read @text, the value at @node, into @member as @key says (any type but BIND_CUSTOM). What does
 * not fit becomes a problem, and @member keeps what it was. */
void bind_type_read(struct yaml_bind *bind, const struct bind_key *key,
                    const struct yaml_node_s *node, struct span text, void *member);
