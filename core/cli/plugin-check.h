#ifndef CLI_PLUGIN_CHECK_H
#define CLI_PLUGIN_CHECK_H

#include "cli/command.h"

/* `plugin check FILE.so [OPTION=VALUE]…`, and its child. */
int plugin_check (const struct command_call *call);
int plugin_check_stage (const struct command_call *call);
#endif
