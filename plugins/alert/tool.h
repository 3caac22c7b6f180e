/* The command `alerts`: kode-kronical-daemon alerts, … history, … silence, … test. Each returns the exit status. */
#ifndef ALERT_TOOL_H
#define ALERT_TOOL_H

#include <stdbool.h>
#include <stdint.h>

#define TOOL_NAME "kode-kronical-daemon alerts"
#define TOOL_PLUGIN "alert"

struct tool_options {
  const char *instance, *since, *until, *lines, *row, *reason, *end, *directory, *when, *lasts, *clear; /* NULL: not given */
  bool json;
  char **words; /* behind the name of the command */
  int n_words;
};

enum { TOOL_OK, TOOL_FAILED, TOOL_USAGE };

int tool_list (const struct tool_options *o);
int tool_history (const struct tool_options *o);
int tool_silence (const struct tool_options *o);
int tool_test (const struct tool_options *o);
#endif
