/* The parts of the command `config`. */
#ifndef CONFIG_COMMAND_H
#define CONFIG_COMMAND_H

#include "cli/command.h"
#include "module.h"

/* Each returns the exit status. */
int config_check (const struct command_call *call, struct modules *modules);
int config_set (const struct command_call *call, struct modules *modules);
int config_write (const struct command_call *call, struct modules *modules);

/* The file that --system or the user's home says. The caller's to free. */
int config_target (const struct command_call *call, char **ret);
#endif
