/* The commands of kode-kronical-daemon: one constant a command, each in a file of its own, listed in commands.c. */
#ifndef COMMAND_H
#define COMMAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define PROGRAM "kode-kronical-daemon"

enum exit_status { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* An option of one command. -c/--config, --plugin-dir and -h/--help belong to all and are not listed. */
struct command_option {
  const char *name;  /* "lines" for --lines */
  char letter;       /* 'n' for -n; 0: none */
  const char *value; /* what help calls its value, "N"; NULL: a flag */
  const char *help;  /* begins with a capital letter, no full stop; wrapped when printed */
};

struct command_call;

struct command {
  const char *name;
  const char *summary;   /* its line in the list of commands */
  const char *arguments; /* "[set KEY VALUE]"; NULL: it takes none */
  const char *text;      /* --help: paragraphs between usage and options, lines of at most 79 columns; NULL: none */
  const struct command_option *options;
  uint32_t n_options;
  uint32_t min_arguments, max_arguments;
  bool is_daemon;                               /* may become the daemon: signals stay blocked and are taken by daemon_run */
  int (*run) (const struct command_call *call); /* the exit status; its messages are printed */
};
#define COMMAND_OPTIONS(array) .options = (array), .n_options = (uint32_t)(sizeof (array) / sizeof ((array)[0]))

enum { COMMAND_MAX_OPTIONS = 16 };

/* A command line, taken apart. All strings are borrowed from it. */
struct command_call {
  const struct command *command;
  const char *config_file; /* -c FILE, else NULL */
  const char *plugin_dir;  /* --plugin-dir, for modules_open; else NULL */
  const char *outside;     /* the name of one that is no part of this program (outside.h); else NULL */
  const char *values[COMMAND_MAX_OPTIONS];
  char **arguments;
  uint32_t n_arguments;
};

/* Whether an option was given; and its value, or NULL. `name` is one that the command lists. */
bool command_given (const struct command_call *call, const char *name);
const char *command_value (const struct command_call *call, const char *name);

/* commands.c */
extern const struct command *const commands[]; /* NULL-ended, in the order of help */
const struct command *command_find (const char *name);
extern const struct command command_start, command_stop, command_restart, command_reload, command_status, command_tail,
    command_install, command_uninstall;
extern const struct command config_command, plugin_command;

/* arguments.c. 0: run it. 1: done, *ret_status is the exit status. What is to say is said on stdout (help) or stderr. */
int arguments_parse (int argc, char **argv, struct command_call *ret, int *ret_status);

/* help.c */
void help_program (FILE *to);
void help_command (const struct command *command, FILE *to);
#endif
