#include "cli/command.h"

#include <string.h>

const struct command *const commands[] = {
    &command_start, &command_stop,   &command_restart, &command_reload,  &command_status,
    &command_tail,  &config_command, &plugin_command,  &command_install, &command_uninstall,
    NULL,
};

const struct command *
command_find (const char *name)
{
  for (size_t i = 0; commands[i]; i++)
    if (!strcmp (commands[i]->name, name))
      return commands[i];
  return NULL;
}

static const char *
find_value (const struct command_call *call, const char *name)
{
  for (uint32_t i = 0; i < call->command->n_options; i++)
    if (!strcmp (call->command->options[i].name, name))
      return call->values[i];
  return NULL;
}

bool
command_given (const struct command_call *call, const char *name)
{
  return find_value (call, name) != NULL;
}

const char *
command_value (const struct command_call *call, const char *name)
{
  return find_value (call, name);
}
