/* --help: usage, text and aligned options, within 80 columns. */
#include "cli/command.h"
#include "cli/outside.h"

#include <string.h>

enum { COLUMNS = 79, INDENT = 2, LEFT_MAX = 24 };

static const struct command_option general[] = {
    {"config", 'c', "FILE", "Read this configuration file, not the user's or the system's"},
    {"plugin-dir", 0, "DIR", "Look for plugins in DIR (several: separated by ':')"},
    {"help", 'h', NULL, "Say this"},
};

/* Words of `text`, wrapped between `column` and COLUMNS; the cursor stands at `column`. */
static void
print_wrapped (FILE *to, const char *text, int column)
{
  int at = column;
  while (*text) {
    int length = (int)strcspn (text, " ");
    if (at > column && at + 1 + length > COLUMNS) {
      fprintf (to, "\n%*s", column, "");
      at = column;
    }
    if (at > column)
      at += fprintf (to, " ");
    at += fprintf (to, "%.*s", length, text);
    text += length;
    text += strspn (text, " ");
  }
  fputc ('\n', to);
}

static int
format_left (const struct command_option *option, char *left, size_t size)
{
  char letter[8] = "    ";
  if (option->letter)
    snprintf (letter, sizeof letter, "-%c, ", option->letter);
  return snprintf (left, size, "%s--%s%s%s", letter, option->name, option->value ? " " : "",
                   option->value ? option->value : "");
}

static void
print_options (FILE *to, const struct command_option *options, size_t n, int width)
{
  for (size_t i = 0; i < n; i++) {
    char left[80];
    int length = format_left (&options[i], left, sizeof left);
    fprintf (to, "%*s%-*s", INDENT, "", width, left);
    if (length > width)
      fprintf (to, "\n%*s", INDENT + width, "");
    fputs ("  ", to);
    print_wrapped (to, options[i].help, INDENT + width + 2);
  }
}

static int
options_width (const struct command_option *options, size_t n, int width)
{
  for (size_t i = 0; i < n; i++) {
    char left[80];
    int length = format_left (&options[i], left, sizeof left);
    if (length > width && length <= LEFT_MAX)
      width = length;
  }
  return width;
}

static void
print_command (FILE *to, const char *name, const char *summary, int width)
{
  fprintf (to, "%*s%-*s  ", INDENT, "", width, name);
  print_wrapped (to, summary, INDENT + width + 2);
}

static void
print_commands (FILE *to)
{
  struct outside others[OUTSIDE_MOST];
  size_t n = outside_list (others);
  int width = 0;
  for (size_t i = 0; commands[i]; i++)
    if ((int) strlen (commands[i]->name) > width)
      width = (int) strlen (commands[i]->name);
  for (size_t i = 0; i < n; i++)
    if ((int) strlen (others[i].name) > width)
      width = (int) strlen (others[i].name);
  for (size_t i = 0; commands[i]; i++)
    print_command (to, commands[i]->name, commands[i]->summary, width);
  if (n)
    fputs ("\nCommands that came with plugins:\n", to);
  for (size_t i = 0; i < n; i++)
    print_command (to, others[i].name, *others[i].summary ? others[i].summary : "(says nothing of itself)", width);
}

void
help_program (FILE *to)
{
  fputs ("Usage: " PROGRAM " [OPTION]... COMMAND [OPTION]... [ARGUMENT]...\n\n"
         "Records this machine's CPU, memory, load, network and processes.\n\nCommands:\n",
         to);
  print_commands (to);
  fputs ("\nOptions, before or after the command:\n", to);
  static const struct command_option version = {"version", 'V', NULL, "Say the version"};
  size_t n = sizeof general / sizeof general[0];
  int left = options_width (general, n, 0);
  print_options (to, general, n, left);
  print_options (to, &version, 1, left);
  fputs ("\nEach command explains itself: " PROGRAM " COMMAND --help\n", to);
}

void
help_command (const struct command *command, FILE *to)
{
  fprintf (to, "Usage: " PROGRAM " %s [OPTION]...%s%s\n\n", command->name, command->arguments ? " " : "",
           command->arguments ? command->arguments : "");
  fprintf (to, "%s.\n", command->summary);
  if (command->text)
    fprintf (to, "\n%s\n", command->text);
  size_t n = sizeof general / sizeof general[0];
  int width = options_width (command->options, command->n_options, options_width (general, n, 0));
  fputs ("\nOptions:\n", to);
  print_options (to, command->options, command->n_options, width);
  print_options (to, general, n, width);
}
