/* Types of values that only switch.yml has; rows name them as custom functions (yaml_bind.h). */
#pragma once

#include "iso8583/yaml/yaml_bind.h"

/* char[size]: a numeric address and port. */
void bind_address(struct yaml_bind *bind, const struct yaml_node_s *value, void *member);

/* The same of an item of a list, into @size bytes. False after adding a problem. */
bool bind_address_item(struct yaml_bind *bind, const struct yaml_node_s *value, char *member,
                       size_t size);

/* struct key_text; the row's @min: the shapes it may have (key_text.h). */
void bind_key_text(struct yaml_bind *bind, const struct yaml_node_s *value, void *member);
