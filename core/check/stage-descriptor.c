/* What the plugin says of itself. Whatever is refused was found while it was loaded; here is what would be better. */
#include "check/check.h"

#include "module.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static void
check_help (struct check *k, const char *what, const char *name, const char *help)
{
  size_t n = help ? strlen (help) : 0;
  if (n == 0)
    check_find (k, CHECK_FAULT, "no-help", "Give it a .help: one line that says what it is.", "%s '%s' has no help", what,
                name);
  else if ((islower ((unsigned char) *help) && strcmp (what, "choice") != 0) || help[n - 1] == '.' || strchr (help, '\n'))
    check_find (k, CHECK_ADVICE, "help-style", "The generated documents put these lines below each other.",
                "the help of %s '%s' should be one line that begins with a capital letter and has no full stop", what, name);
}

/* `map`: whose members they are, with a dot; "" for the plugin's own. */
static void
check_options (struct check *k, const char *map, const struct kk_option *options, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    const struct kk_option *o = options + i;
    char name[160];
    snprintf (name, sizeof name, "%s%s", map, o->name);
    bool number =
      o->type == KK_OPTION_INT || o->type == KK_OPTION_FLOAT || o->type == KK_OPTION_DURATION || o->type == KK_OPTION_BYTES;
    check_help (k, o->type == KK_OPTION_CHOICE ? "choice" : "option", name, o->help);
    if (number && !o->min && !o->max)
      check_find (k, CHECK_ADVICE, "no-range", "Give it .min and .max: the host then refuses what makes no sense.",
                  "option '%s' is a number of any size", name);
    if (o->n_members) {
      strcat (name, ".");
      check_options (k, name, o->members, o->n_members);
    }
    if (*map)
      continue;
    if (!strcmp (o->name, "enabled") || !strcmp (o->name, "plugin") || !strcmp (o->name, "interval"))
      check_find (k, CHECK_ADVICE, "name-of-host", "Choose another name.",
                  "option '%s' has the name of a key that the daemon itself may take", o->name);
  }
}

static void
check_tables (struct check *k)
{
  const struct kk_plugin *p = &k->d->plugin;
  for (uint32_t i = 0; i < p->n_tables; i++) {
    const struct kk_table *t = p->tables + i;
    check_help (k, "table", t->name, t->help);
    for (uint32_t j = 0; j < t->n_fields; j++) {
      const struct kk_field *f = t->fields + j;
      char name[160];
      snprintf (name, sizeof name, "%s.%s", t->name, f->name);
      check_help (k, "field", name, f->help);
      if (!*f->unit)
        check_find (k, CHECK_ADVICE, "no-unit", "\"1\" is the unit of a plain count.", "field '%s' has an empty unit", name);
      if (f->kind == KK_COUNTER && (f->type == KK_TYPE_STRING || f->type == KK_TYPE_BOOL))
        check_find (k, CHECK_FAULT, "kind", "A counter is a number; say KK_INFO or KK_GAUGE.",
                    "field '%s' is a counter and no number", name);
      if (f->decimals && f->type != KK_TYPE_F64)
        check_find (k, CHECK_ADVICE, "decimals", "Leave .decimals out.", "field '%s' has decimals and is no f64", name);
    }
  }
}

/* Another file of that name, which the daemon may find first. */
static void
check_name (struct check *k)
{
  char path[4096];
  struct modules *modules;
  struct stat mine, other;
  const char *file = strrchr (k->d->path, '/');
  size_t n = strlen (k->d->plugin.name);
  file = file ? file + 1 : k->d->path;
  if (strncmp (file, k->d->plugin.name, n) || strcmp (file + n, ".so"))
    check_find (k, CHECK_FAULT, "file-name", "Name the file NAME.so, or set .name to the file's name.",
                "the file is called %s and the plugin '%s': the daemon will not find it", file, k->d->plugin.name);
  if (modules_open (NULL, &modules))
    return;
  for (const char *at = modules_directories (modules); *at; at += strcspn (at, ":") + (at[strcspn (at, ":")] == ':')) {
    snprintf (path, sizeof path, "%.*s/%s.so", (int) strcspn (at, ":"), at, k->d->plugin.name);
    if (stat (path, &other) == 0 && stat (k->d->path, &mine) == 0
        && (mine.st_ino != other.st_ino || mine.st_dev != other.st_dev))
      check_find (k, CHECK_ADVICE, "name-taken", "Choose another name, unless this file is to replace that one.",
                  "there is a plugin '%s' already: %s", k->d->plugin.name, path);
  }
  if (!strcmp (k->d->plugin.name, "daemon"))
    check_find (k, CHECK_FAULT, "name-taken", "Choose another name.", "the daemon itself has a plugin called 'daemon'");
  modules_close (modules);
}

void
stage_descriptor (struct check *k)
{
  const struct kk_plugin *p = &k->d->plugin;
  uint32_t fields = 0;
  check_step (k, "looks at its descriptor");
  check_name (k);
  if (!*p->version)
    check_find (k, CHECK_ADVICE, "no-version", "Set .version, \"1.0\" say.", "it has an empty version");
  if (!*p->summary)
    check_find (k, CHECK_ADVICE, "no-summary", "Set .summary: one line.", "it has an empty summary");
  check_options (k, "", p->options, p->n_options);
  check_tables (k);
  for (uint32_t i = 0; i < p->n_tables; i++)
    fields += p->tables[i].n_fields;
  check_figure (k, "plugin", "%s %s", p->name, p->version);
  check_figure (k, "kind", "%s", descriptor_kind (k->d));
  check_figure (k, "API", "%u", p->api);
  check_figure (k, "options", "%u", p->n_options);
  if (p->kind == KK_INPUT)
    check_figure (k, "fields", "%u", fields);
}
