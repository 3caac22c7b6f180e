/* The options of a command, as a table. */
#ifndef TOOL_OPTIONS_H
#define TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

struct tool_option {
  const char *name;  /* without its dashes */
  char letter;       /* 0: none */
  const char **text; /* one of both is set: where its argument goes (the caller's argv), */
  bool *flag;        /* … or that it was given */
};

enum { TOOL_OPTIONS = 24 };

/* Takes argv apart, by getopt_long, in the name of `name`; -h and --help print `usage`. -1: go on, argv[optind] and later are
 * the words; else the exit status: 0 after help, 2 after what is wrong, and it was said what. At most TOOL_OPTIONS options. */
int tool_options_parse (int argc, char **argv, const char *name, const char *usage, const struct tool_option *options,
                        size_t n);
/* `status`, or 1 where what was printed could not be written, and it was said. */
int tool_options_done (const char *name, int status);
#endif
