/* `plugin new`: writes a small complete project of a plugin. */
#ifndef PLUGIN_NEW_H
#define PLUGIN_NEW_H

#include "cli/command.h"
#include "module.h"

/* Returns the exit status. */
int plugin_new (const struct command_call *call, struct modules *modules);

/* The files of contrib/templates/plugin, made into C when the daemon is built; the last has no name. */
struct plugin_template {
  const char *name, *text;
};
extern const struct plugin_template templates[];
#endif
