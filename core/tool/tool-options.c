#include "tool-options.h"

#include "tool-fail.h"

#include <errno.h>
#include <getopt.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

enum { BEGIN = 256, WRONG = 2 };

int
tool_options_parse (int argc, char **argv, const char *name, const char *usage, const struct tool_option *options, size_t n)
{
  struct option longs[TOOL_OPTIONS + 2] = {0};
  char shorts[2 * TOOL_OPTIONS + 2] = "h";
  if (n > TOOL_OPTIONS)
    return WRONG;
  for (size_t i = 0; i < n; i++) {
    const int argument = options[i].text ? required_argument : no_argument;
    longs[i] = (struct option){options[i].name, argument, NULL, BEGIN + (int) i};
    if (options[i].letter)
      snprintf (shorts + strlen (shorts), 3, "%c%s", options[i].letter, argument ? ":" : "");
  }
  longs[n] = (struct option){"help", no_argument, NULL, 'h'};
  argv[0] = (char *) (uintptr_t) name; /* getopt complains in this name */
  for (int found; (found = getopt_long (argc, argv, shorts, longs, NULL)) >= 0;) {
    size_t i = found >= BEGIN ? (size_t) (found - BEGIN) : 0;
    while (found < BEGIN && i < n && options[i].letter != found)
      i++;
    if (i < n && options[i].text)
      *options[i].text = optarg;
    else if (i < n)
      *options[i].flag = true;
    else if (found == 'h') {
      fputs (usage, stdout);
      return 0;
    } else {
      fprintf (stderr, "Try: %s --help\n", name);
      return WRONG;
    }
  }
  return -1;
}

int
tool_options_done (const char *name, int status)
{
  if (!fflush (stdout) && !ferror (stdout))
    return status;
  return tool_fail_as (name, status ? status : 1, "cannot write the output: %s", strerror (errno));
}
