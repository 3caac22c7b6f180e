#include <config.h>

#include "cli/config-command.h"

#include "path.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct command_option options[] = {
  {"check", 0, NULL,
   "Judge FILE, or the file in use, and say all that is wrong with it; changes nothing, but runs the program of an exec "
   "without 'fields', to hear these"},
  {"print", 0, NULL, "Write the file to standard output instead"},
  {"system", 0, NULL, "Write the system's file (needs root)"},
  {"force", 0, NULL, "Write it anew; the old file is kept with .bak added to its name"},
  {"update", 0, NULL, "Add the keys that are new; every line of the file stays as it is"},
  {"running", 0, NULL, "With show: what the daemon that runs uses, which a file changed since does not say"},
  {"json", 0, NULL, "With show and --check: for programs"},
};

static int
usage (const char *text)
{
  fprintf (stderr, PROGRAM ": %s\nTry: " PROGRAM " config --help\n", text);
  return EXIT_USAGE;
}

int
config_target (const struct command_call *call, char **ret)
{
  if (call->config_file)
    return path_expand (call->config_file, ret);
  if (command_given (call, "system"))
    return path_join (SYSCONF_DIR, "daemon.yaml", ret);
  char *home;
  int r = path_home (&home);
  if (r < 0)
    return r;
  r = path_join (home, ".config/kode-kronical/daemon.yaml", ret);
  free (home);
  return r;
}

static int
dispatch (const struct command_call *call, struct modules *modules)
{
  bool set = call->n_arguments && strcmp (call->arguments[0], "set") == 0;
  bool show = call->n_arguments && strcmp (call->arguments[0], "show") == 0;
  bool check = command_given (call, "check"), writes = command_given (call, "force") || command_given (call, "update");
  if (command_given (call, "json") && !check && !show)
    return usage ("--json goes with show and --check");
  if (command_given (call, "running") && !show)
    return usage ("--running goes with show");
  if (check && (writes || command_given (call, "print")))
    return usage ("--check changes nothing: leave the other options out");
  if (check)
    return call->n_arguments > 1 ? usage ("--check takes one FILE") : config_check (call, modules);
  if (show)
    return writes || call->n_arguments > 2   ? usage ("show takes one INSTANCE, and changes nothing")
           : command_given (call, "running") ? config_running (call)
                                             : config_show (call, modules);
  if (set)
    return call->n_arguments != 3 ? usage ("set takes a key and a value: config set daemon.sample_interval 2.0")
                                  : config_set (call, modules);
  if (call->n_arguments)
    return usage (
      "config takes no such argument: it is 'config', 'config set KEY VALUE', 'config show' or 'config --check FILE'");
  if (command_given (call, "force") && command_given (call, "update"))
    return usage ("--force writes the file anew and --update keeps it: give one of them");
  return config_write (call, modules);
}

static int
run (const struct command_call *call)
{
  struct modules *modules;
  int r = modules_open (call->plugin_dir, &modules);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": cannot look for plugins: %s\n", strerror (-r));
    return EXIT_FAILED;
  }
  int status = dispatch (call, modules);
  modules_close (modules);
  return status;
}

const struct command config_command = {
  .name = "config",
  .summary = "Write, change or check the configuration file",
  .arguments = "[set KEY VALUE | show | --check]",
  .text = "Without arguments, writes ~/.config/kode-kronical/daemon.yaml with every common\n"
          "key and what it means. A file that exists is kept: see --force and --update.\n"
          "\n"
          "'config set KEY VALUE' changes one value and keeps all else, comments included:\n"
          "  config set daemon.sample_interval 2.0\n"
          "  config set plugins.cpu.per_core true\n"
          "\n"
          "'config show [INSTANCE]' says what the daemon would use: all that is on, or one\n"
          "instance even if it is off; durations in seconds, sizes in bytes. --running\n"
          "asks the daemon that runs: a file that was changed and not reloaded says what\n"
          "it would use next.\n"
          "\n"
          "--check [FILE] exits with 0 when the file can be used, with 1 when it cannot.",
  COMMAND_OPTIONS (options),
  .max_arguments = 3,
  .run = run,
};
