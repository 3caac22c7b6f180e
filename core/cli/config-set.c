#include <config.h>

#include "cli/config-command.h"

#include "edit.h"
#include "nearest.h"
#include "path.h"
#include "plan.h"
#include "settings.h"
#include "shortform.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_KEYS = 64 };

int
config_fail (const char *what, const char *file, int r)
{
  fprintf (stderr, PROGRAM ": cannot %s %s: %s\n", what, file, r == -EFBIG ? "it is larger than 1 MiB" : strerror (-r));
  return EXIT_FAILED;
}

int
config_rewrite (const char *file, const struct buf *text)
{
  struct stat st;
  char *real = realpath (file, NULL);
  if (!real)
    return -errno;
  int r = stat (real, &st) < 0 ? -errno : 0;
  if (r == 0)
    r = path_write_file (real, text->data ? text->data : "", text->len, st.st_mode & 07777, 1);
  if (r == 0 && geteuid () == 0 && chown (real, st.st_uid, st.st_gid) < 0)
    r = -errno;
  free (real);
  return r;
}

static size_t
count_errors (const char *file, const char *text, size_t length, struct modules *modules)
{
  struct diag d = {0};
  struct plan *plan = NULL;
  plan_make_text (file, text, length, modules, &d, &plan);
  size_t errors = d.errors;
  plan_free (plan);
  diag_free (&d);
  return errors;
}

int
config_check_result (const char *file, const char *old, size_t length, const struct buf *text, struct modules *modules)
{
  struct diag d = {0};
  struct plan *plan = NULL;
  int r = plan_make_text (file, text->data, text->len, modules, &d, &plan);
  if (r == -EINVAL && d.errors < count_errors (file, old, length, modules))
    r = 0;
  if (r == -EINVAL)
    diag_print (&d, stderr);
  plan_free (plan);
  diag_free (&d);
  return r;
}

/* ---- Keys ---- */

static const char *
section_of (const char *key)
{
  for (uint32_t i = 0; i < settings_n_options; i++)
    if (strcmp (settings_options[i].name, key) == 0)
      return "daemon";
  for (size_t i = 0; i < n_short_keys; i++)
    if (strcmp (short_keys[i].option.name, key) == 0)
      return short_keys[i].section;
  return NULL;
}

static int
say_unknown_key (const char *key)
{
  const char *names[MAX_KEYS];
  size_t n = 0;
  for (uint32_t i = 0; i < settings_n_options; i++)
    names[n++] = settings_options[i].name;
  for (size_t i = 0; i < n_short_keys && n < MAX_KEYS; i++)
    names[n++] = short_keys[i].option.name;
  const char *near = nearest_word (key, names, n);
  if (near)
    fprintf (stderr, PROGRAM ": unknown key '%s'; did you mean '%s.%s'?\n", key, section_of (near), near);
  else
    fprintf (stderr, PROGRAM ": unknown key '%s'; give one such as daemon.sample_interval or plugins.cpu.per_core\n", key);
  return -EINVAL;
}

/* "daemon.max_samples", "max_samples", "plugins.net.interval", "plugins.net": cuts `key` up. A plugin's name may hold dots. */
static int
split_key (char *key, struct edit *e)
{
  char *dot = strchr (key, '.'), *last = strrchr (key, '.');
  if (!dot) {
    const char *section = section_of (key);
    if (!section && strcmp (key, "pipeline") != 0)
      return say_unknown_key (key);
    if (section)
      e->path[e->n++] = section;
    e->path[e->n++] = key;
    return 0;
  }
  *dot = 0;
  e->path[e->n++] = key;
  if (strcmp (key, "plugins") == 0 && last != dot) {
    *last = 0;
    e->path[e->n++] = dot + 1;
    e->path[e->n++] = last + 1;
  } else {
    e->path[e->n++] = dot + 1;
  }
  for (size_t i = 0; i < e->n; i++)
    if (!*e->path[i] || strpbrk (e->path[i], " \t\n\r:#,[]{}\"'&*!|>%@`"))
      return say_unknown_key (e->path[i]);
  return 0;
}

/* Whether an instance's option is a map; then it is said. `key`: the option, or that and something below it. */
static bool
is_map (const char *file, const struct descriptor *d, const char *instance, const char *key)
{
  char option[64];
  snprintf (option, sizeof option, "%.*s", (int) strcspn (key, "."), key);
  const struct kk_option *o = descriptor_option (d, option);
  if (!o || o->type != KK_OPTION_MAP)
    return false;
  fprintf (stderr,
           PROGRAM ": %s of '%s' is a map, which is not set from the command line: write its entries into %s, below "
                   "'%s:', as " PROGRAM " plugin info %s shows\n",
           option, instance, file, option, d->plugin.name);
  return true;
}

/* The same of one that is not in the file yet: it is called as its plugin. */
static bool
is_map_of_plugin (const char *file, const char *key, struct modules *modules)
{
  const struct descriptor *d;
  char name[64], *reason = NULL;
  size_t n = strcspn (key, ".");
  if (!key[n] || n >= sizeof name)
    return false;
  snprintf (name, sizeof name, "%.*s", (int) n, key);
  int r = modules_load (modules, name, &d, &reason);
  free (reason);
  return r == 0 && is_map (file, d, name, key + n + 1);
}

/* Below a map the user's own names may hold dots, and a line of an entry may be anywhere: that is work for an editor. -EINVAL
 * when the key is an instance's option of type map, or something in one. */
static int
refuse_map (const char *file, const char *key, struct modules *modules)
{
  struct diag d = {0};
  struct plan *plan = NULL;
  const char *rest = strncmp (key, "plugins.", 8) ? "" : key + 8;
  int r = *rest ? plan_make_with (file, NULL, modules, &d, &plan) : -EINVAL;
  bool named = false, map = false;
  for (size_t i = 0; r == 0 && i < plan->n_instances && !map; i++) {
    const struct instance_plan *instance = plan->instances + i;
    size_t n = strlen (instance->name);
    if (strncmp (rest, instance->name, n) || rest[n] != '.')
      continue;
    named = true;
    map = is_map (file, instance->descriptor, instance->name, rest + n + 1);
  }
  if (!named && *rest)
    map = is_map_of_plugin (file, rest, modules);
  plan_free (plan);
  diag_free (&d);
  return map ? -EINVAL : 0;
}

/* ---- config set ---- */

static int
set_in_file (const char *file, const struct edit *e, struct modules *modules)
{
  struct buf BUF_CLEANUP out = {0};
  struct diag d = {0};
  char *text;
  size_t length;
  int r = path_read_file (file, CONFIG_MAX_FILE, &text, &length);
  if (r < 0)
    return config_fail ("read", file, r);
  r = edit_set (file, text, length, e, &d, &out);
  diag_print (&d, stderr);
  diag_free (&d);
  if (r == 0)
    r = config_check_result (file, text, length, &out, modules);
  bool same = r == 0 && out.len == length && memcmp (out.data, text, length) == 0;
  free (text);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": %s is unchanged\n", file);
    return EXIT_FAILED;
  }
  r = same ? 0 : config_rewrite (file, &out);
  if (r < 0)
    return config_fail ("write", file, r);
  /* What a plugin is told may be a secret. */
  bool show = strcmp (e->path[0], "plugins") != 0;
  printf ("%s: %s is %s%s\n", file, e->path[e->n - 1],
          show   ? (same ? "already " : "now ")
          : same ? "so already"
                 : "changed",
          show ? e->value : "");
  return EXIT_OK;
}

int
config_set (const struct command_call *call, struct modules *modules)
{
  char *file = NULL, *key = strdup (call->arguments[1]);
  struct edit e = {.value = call->arguments[2], .uncomment = true};
  int r = key ? 0 : -ENOMEM;
  if (r == 0)
    r = command_given (call, "system") ? config_target (call, &file) : plan_find_config (call->config_file, &file);
  int status = EXIT_FAILED;
  if (r < 0)
    config_fail ("read", call->config_file ? call->config_file : "the configuration", r);
  else if (!file)
    fprintf (stderr, PROGRAM ": there is no configuration file yet; write one: " PROGRAM " config\n");
  else if (refuse_map (file, key, modules) == 0 && split_key (key, &e) == 0)
    status = set_in_file (file, &e, modules);
  free (file);
  free (key);
  return status;
}
