/* A command line, taken apart: general options anywhere, the command, its options and arguments. */
#include <config.h>

#include "cli/command.h"
#include "cli/outside.h"
#include "nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum general { GENERAL_NONE, GENERAL_CONFIG, GENERAL_PLUGIN_DIR, GENERAL_HELP, GENERAL_VERSION };

struct parser {
  struct command_call call;
  char **argv;
  int argc, next;
  bool wants_help;
  bool wants_version;
};

static int
complain (const struct parser *p, const char *what, const char *word, const char *meant)
{
  fprintf (stderr, PROGRAM ": %s '%s'", what, word);
  if (meant)
    fprintf (stderr, "; did you mean '%s'?", meant);
  const char *command = p->call.outside ? p->call.outside : p->call.command ? p->call.command->name : "";
  fprintf (stderr, "\nTry: " PROGRAM " %s%s--help\n", command, *command ? " " : "");
  return -EINVAL;
}

static int
complain_of_command (const struct parser *p, const char *word)
{
  const char *names[16 + OUTSIDE_MOST];
  struct outside others[OUTSIDE_MOST];
  size_t n = 0, n_others = outside_list (others);
  for (; n < 16 && commands[n]; n++)
    names[n] = commands[n]->name;
  for (size_t i = 0; i < n_others; i++)
    names[n++] = others[i].name;
  return complain (p, "unknown command", word, nearest_word (word, names, n));
}

static const char *
nearest_option (const struct parser *p, const char *word)
{
  const char *names[COMMAND_MAX_OPTIONS + 4] = {"config", "plugin-dir", "help", "version"};
  size_t n = 4;
  for (uint32_t i = 0; p->call.command && i < p->call.command->n_options; i++)
    names[n++] = p->call.command->options[i].name;
  return nearest_word (word, names, n);
}

static bool
same (const char *name, const char *word, size_t length)
{
  return strlen (name) == length && !memcmp (name, word, length);
}

static enum general
find_general (const char *word, size_t length)
{
  return same ("config", word, length)       ? GENERAL_CONFIG
         : same ("plugin-dir", word, length) ? GENERAL_PLUGIN_DIR
         : same ("help", word, length)       ? GENERAL_HELP
         : same ("version", word, length)    ? GENERAL_VERSION
                                             : GENERAL_NONE;
}

static enum general
find_general_letter (char letter)
{
  return letter == 'c' ? GENERAL_CONFIG : letter == 'h' ? GENERAL_HELP : letter == 'V' ? GENERAL_VERSION : GENERAL_NONE;
}

/* The value of an option: what follows it in the same word, else the next word. */
static int
take_value (struct parser *p, const char *option, const char *attached, const char **ret)
{
  if (!attached && p->next >= p->argc)
    return complain (p, "a value is missing after", option, NULL);
  *ret = attached ? attached : p->argv[p->next++];
  if (!**ret)
    return complain (p, "an empty value was given to", option, NULL);
  return 0;
}

static int
take_general (struct parser *p, enum general which, const char *option, const char *attached)
{
  switch (which) {
  case GENERAL_CONFIG:
    return take_value (p, option, attached, &p->call.config_file);
  case GENERAL_PLUGIN_DIR:
    return take_value (p, option, attached, &p->call.plugin_dir);
  case GENERAL_HELP:
    p->wants_help = true;
    break;
  case GENERAL_VERSION:
    p->wants_version = true;
    break;
  case GENERAL_NONE:
    break;
  }
  return attached ? complain (p, "no value is taken by", option, NULL) : 0;
}

static int
take_long (struct parser *p, char *word)
{
  const char *name = word + 2;
  size_t length = strcspn (name, "=");
  const char *attached = name[length] ? name + length + 1 : NULL;
  const struct command *command = p->call.command;
  for (uint32_t i = 0; command && i < command->n_options; i++) {
    if (!same (command->options[i].name, name, length))
      continue;
    if (command->options[i].value)
      return take_value (p, word, attached, &p->call.values[i]);
    p->call.values[i] = "";
    return attached ? complain (p, "no value is taken by", word, NULL) : 0;
  }
  enum general which = find_general (name, length);
  if (which)
    return take_general (p, which, word, attached);
  char near[80] = "";
  const char *meant = nearest_option (p, name);
  if (meant)
    snprintf (near, sizeof near, "--%s", meant);
  return complain (p, "unknown option", word, meant ? near : NULL);
}

/* -n5, -n 5, -fv */
static int
take_letters (struct parser *p, char *word)
{
  const struct command *command = p->call.command;
  for (const char *at = word + 1; *at; at++) {
    const char *attached = at[1] ? at + 1 : NULL;
    enum general which = find_general_letter (*at);
    uint32_t i = 0;
    while (command && i < command->n_options && command->options[i].letter != *at)
      i++;
    if (command && i < command->n_options) {
      if (command->options[i].value)
        return take_value (p, word, attached, &p->call.values[i]);
      p->call.values[i] = "";
    } else if (which == GENERAL_CONFIG) {
      return take_general (p, which, word, attached);
    } else if (which) {
      take_general (p, which, word, NULL);
    } else {
      return complain (p, "unknown option", word, NULL);
    }
  }
  return 0;
}

static int
take_word (struct parser *p, char *word)
{
  if (!p->call.command) {
    if (!strcmp (word, "help")) {
      p->wants_help = true;
      return 0;
    }
    p->call.command = command_find (word);
    if (p->call.command)
      return 0;
    if (!outside_there (word))
      return complain_of_command (p, word);
    p->call.outside = word;
    p->call.command = &outside_command;
    return 0;
  }
  p->call.arguments[p->call.n_arguments++] = word;
  return 0;
}

/* The general option with a value that this word is, or begins. */
static enum general
find_valued (const char *word, const char **attached)
{
  static const struct {
    const char *name;
    enum general which;
  } valued[] = {{"--config", GENERAL_CONFIG}, {"--plugin-dir", GENERAL_PLUGIN_DIR}};
  for (size_t i = 0; i < sizeof valued / sizeof *valued; i++) {
    size_t n = strlen (valued[i].name);
    if (strncmp (word, valued[i].name, n) || (word[n] && word[n] != '='))
      continue;
    *attached = word[n] ? word + n + 1 : NULL;
    return valued[i].which;
  }
  *attached = word[0] && word[1] && word[2] ? word + 2 : NULL;
  return word[0] == '-' && word[1] == 'c' ? GENERAL_CONFIG : GENERAL_NONE;
}

/* All that follows is the other program's, but for those. */
static int
take_for_outside (struct parser *p)
{
  bool ours = true;
  while (p->next < p->argc) {
    char *word = p->argv[p->next++];
    const char *attached;
    enum general which = ours ? find_valued (word, &attached) : GENERAL_NONE;
    int r = which ? take_general (p, which, word, attached) : 0;
    if (r < 0)
      return r;
    ours = ours && strcmp (word, "--") != 0;
    if (!which)
      p->call.arguments[p->call.n_arguments++] = word;
  }
  return 0;
}

static int
take_all (struct parser *p)
{
  bool only_words = false;
  while (p->next < p->argc && !p->call.outside) {
    char *word = p->argv[p->next++];
    bool is_number = word[0] == '-' && word[1] >= '0' && word[1] <= '9';
    int r;
    if (!only_words && !strcmp (word, "--")) {
      only_words = true;
      continue;
    }
    if (only_words || word[0] != '-' || !word[1] || (is_number && p->call.command))
      r = take_word (p, word);
    else
      r = word[1] == '-' ? take_long (p, word) : take_letters (p, word);
    if (r < 0)
      return r;
  }
  return p->call.outside ? take_for_outside (p) : 0;
}

static int
check_arguments (const struct parser *p)
{
  const struct command *command = p->call.command;
  if (p->call.n_arguments > command->max_arguments)
    return complain (p, "one argument too many:", p->call.arguments[command->max_arguments], NULL);
  if (p->call.n_arguments < command->min_arguments)
    return complain (p, "an argument is missing:", command->arguments ? command->arguments : "", NULL);
  return 0;
}

int
arguments_parse (int argc, char **argv, struct command_call *ret, int *ret_status)
{
  /* Arguments are collected over the front of argv, whose words are then already taken. */
  struct parser p = {.call.arguments = argc ? argv + 1 : argv, .argv = argv, .argc = argc, .next = 1};
  *ret_status = EXIT_USAGE;
  if (take_all (&p) < 0)
    return 1;
  if (p.wants_version) {
    puts (PROGRAM " " PACKAGE_VERSION);
    *ret_status = EXIT_OK;
    return 1;
  }
  if (p.wants_help && p.call.outside) {
    static char help[] = "--help";
    p.call.arguments[0] = help;
    p.call.n_arguments = 1;
  } else if (p.wants_help) {
    if (p.call.command)
      help_command (p.call.command, stdout);
    else
      help_program (stdout);
    *ret_status = EXIT_OK;
    return 1;
  }
  if (!p.call.command) {
    help_program (stderr);
    return 1;
  }
  if (check_arguments (&p) < 0)
    return 1;
  *ret = p.call;
  return 0;
}
