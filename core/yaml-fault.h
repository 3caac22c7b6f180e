/* One sentence about what libyaml could not parse. */
#ifndef YAML_FAULT_H
#define YAML_FAULT_H

#include "diag.h"

#include <yaml.h>

void yaml_fault (const yaml_parser_t *parser, const char *file, const char *text, size_t length, struct diag *d);
#endif
