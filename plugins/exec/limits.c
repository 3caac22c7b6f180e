#include "limits.h"

#include "capability.h"
#include "path.h"

#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { FIXED = 12 }; /* arguments, at most, beside paths and the command */

bool
exec_limits_hold (const struct exec_limits *l)
{
  return l->isolate != EXEC_NOT_ISOLATED;
}

static uint64_t
capabilities (const struct exec_limits *l)
{
  uint64_t all = 0, one;
  for (uint32_t i = 0; i < l->capabilities.count; i++)
    all |= capability_find (l->capabilities.items[i], &one) ? one : 0;
  return all;
}

/* ---- For the keeper ---- */

struct arguments {
  char **list;
  size_t n;
  bool lost; /* no memory for one */
};

static void
add (struct arguments *a, char *word)
{
  if (word)
    a->list[a->n++] = word;
  else
    a->lost = true;
}

static void
add_text (struct arguments *a, const char *word)
{
  add (a, strdup (word));
}

static void
add_number (struct arguments *a, const char *option, uint64_t number)
{
  char text[32];
  snprintf (text, sizeof text, "%" PRIu64, number);
  add_text (a, option);
  add_text (a, text);
}

static void
add_limits (struct arguments *a, const struct exec_limits *l, const char *data_dir)
{
  add_number (a, "-m", (uint64_t) l->memory_limit);
  add_number (a, "-c", capabilities (l));
  if (l->network)
    add_text (a, "-n");
  if (data_dir) {
    add_text (a, "-d");
    add_text (a, data_dir);
  }
  for (uint32_t i = 0; i < l->write_paths.count; i++) {
    char *path = NULL;
    path_expand (l->write_paths.items[i], &path);
    add_text (a, "-w");
    add (a, path);
  }
}

char **
exec_limits_arguments (const struct exec_limits *l, const char *data_dir, const struct kk_list *command)
{
  struct arguments a = {.list = calloc (FIXED + 2 * (size_t) l->write_paths.count + command->count, sizeof (char *))};
  if (!a.list)
    return NULL;
  add_text (&a, "kode-kronical-exec-keeper");
  if (exec_limits_hold (l))
    add_limits (&a, l, data_dir);
  add_text (&a, "--");
  for (uint32_t i = 0; i < command->count; i++)
    add_text (&a, command->items[i]);
  if (!a.lost)
    return a.list;
  exec_limits_free (a.list);
  return NULL;
}

void
exec_limits_free (char **arguments)
{
  for (char **at = arguments; at && *at; at++)
    free (*at);
  free (arguments);
}

/* ---- For people ---- */

void
exec_limits_lacking (const struct exec_limits *l, uint64_t kept, char *to, size_t size)
{
  struct buf BUF_CLEANUP names = {0};
  capability_names (&names, capabilities (l) & ~kept);
  snprintf (to, size, "%s", names.data ? names.data : "");
}

static bool
speaks_of (const char *words, const char *const *some)
{
  for (; *some; some++)
    if (strcasestr (words, *some))
      return true;
  return false;
}

void
exec_limits_advice (const struct exec_limits *l, const struct exec_failure *f, char *to, size_t size)
{
  static const char *const memory[] = {"memory", "bad_alloc", "not enough space", NULL};
  static const char *const denied[] = {"permi", "denied", NULL};
  uint64_t limit = (uint64_t) l->memory_limit;
  *to = 0;
  if (!exec_limits_hold (l))
    return;
  if (WIFSIGNALED (f->status) && WTERMSIG (f->status) == SIGSYS)
    snprintf (to, size, " (programs of 32 bits run with isolate: false only)");
  else if (f->peak >= limit / 4 * 3 || speaks_of (f->words, memory))
    snprintf (to, size, " (it used %" PRIu64 " MiB of memory; memory_limit is %" PRIu64 " MiB)", f->peak >> 20, limit >> 20);
  else if (speaks_of (f->words, denied))
    snprintf (to, size, " (it may write to what write_paths names, and needs network: true for sockets)");
}
