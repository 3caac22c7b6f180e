/* `plugin graph`: what flows where under a configuration. */
#ifndef PLUGIN_GRAPH_H
#define PLUGIN_GRAPH_H

#include "cli/command.h"
#include "module.h"

/* Returns the exit status. */
int plugin_graph (const struct command_call *call, struct modules *modules);
#endif
