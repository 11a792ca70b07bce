/* switch.yml: its sections and keys, their limits and defaults. */
#pragma once

#include "switch/config/config.h"
#include "iso8583/yaml/yaml_bind.h"

/* What is bound: the configuration, and its arrays while they are still writable. */
struct config_yaml {
    struct config config;
    struct bind_entries listeners; /* struct listener_settings */
    struct bind_entries groups;    /* struct group_settings */
    struct bind_entries issuers;   /* struct issuer_settings */
    struct bind_entries links;     /* struct link_settings */
};

/* Fill @yaml from @text, named @name in problems: defaults first. Returns 0, ERR_CONFIG after
 * reporting problems, or ERR_MEMORY; the arrays are @yaml's in any case, config_yaml_deinit() frees
 * them. */
MUST_USE int config_yaml_read(struct span text, const char *name, struct config_yaml *yaml,
                              source_report report, void *context);
void config_yaml_deinit(struct config_yaml *yaml);
