/* What can be said of options and rules before they are at work. */
#include "checks.h"

#include "hook.h"
#include "path.h"
#include "wording.h"

#include <errno.h>
#include <stdlib.h>

static int
check_command (const struct kk_list *command, struct kk_fault *fault)
{
  const char *program = command->count ? command->items[0] : NULL;
  if (!program)
    return 0;
  if (!*program || (command->count == 1 && strpbrk (program, " \t")))
    return kk_refuse (fault, "command", "write the program and each of its arguments as a list: [program, first, second]");
  if (*program != '/' && strchr (program, '/'))
    return kk_refuse (fault, "command", "'%.100s' depends on where the daemon is started: give the program's whole path",
                      program);
  return 0;
}

static int
check_file (const char *path, struct kk_fault *fault)
{
  const char *slash = strrchr (path, '/'), *name = slash ? slash + 1 : path;
  return path_is_ours (name) ? kk_refuse (
           fault, "file", "the daemon has files of the name %.60s itself: choose another one, such as alerts.json", name)
                             : 0;
}

int
checks_options (const struct options *o, struct kk_fault *fault)
{
  struct watches w;
  int r = check_command (&o->command, fault);
  if (!r)
    r = check_file (o->file, fault);
  if (!r)
    r = hook_check (o, fault);
  if (!r)
    r = watches_make (o, &w, fault);
  if (!r)
    watches_free (&w);
  return r;
}

/* A rule cannot tell a row that has not changed, and therefore does not come, from one that has gone. */
static int
warn_of_sparse (const struct watch *w, const struct expression_binding *b, const struct kk_schema *in, struct kk_shape *shape)
{
  const int rows = expression_rows_of (b);
  struct kk_table table;
  char option[160];
  for (uint32_t i = 0, t; expression_table (b, i, &t); i++) {
    const char *what = kk_schema_sparse (in, t) ? expression_needs_all (w->expression, b, t) : NULL;
    if (!what || kk_schema_table (in, t, &table))
      continue;
    snprintf (option, sizeof option, "rules.%s.when", w->name);
    int r = kk_shape_warn (shape, option,
                           "%s() of %s will mostly be unknown: a filter in front leaves out rows that have not changed; put "
                           "that filter into the pipeline: of the outputs that are to get less",
                           what, table.name);
    if (r == -ENOMEM)
      return r;
  }
  if (!w->params.for_ns || rows < 0 || !kk_schema_sparse (in, (uint32_t) rows) || kk_schema_table (in, (uint32_t) rows, &table))
    return 0;
  snprintf (option, sizeof option, "rules.%s.for", w->name);
  int r = kk_shape_warn (
    shape, option,
    "this time may never be over: a filter in front leaves out rows of %s that have not changed; put that filter "
    "into the pipeline: of the outputs that are to get less",
    table.name);
  return r == -ENOMEM ? r : 0;
}

int
checks_rules (const struct watches *w, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  int r = 0;
  for (uint32_t i = 0; i < w->n && !r; i++) {
    struct expression_binding *b = NULL;
    struct expression_fault f;
    r = expression_bind (w->items[i].expression, in, &b, &f);
    if (!r)
      r = warn_of_sparse (w->items + i, b, in, shape);
    expression_unbind (b);
    if ((r == -ENOENT || r == -EINVAL) && w->items[i].built_in)
      r = kk_refuse (fault, w->items[i].built_in, "it is about %s, and %s", w->items[i].field, f.text);
    else if (r == -ENOENT || r == -EINVAL)
      r = kk_refuse_entry (fault, "rules", w->items[i].name, f.in_clear ? "clear" : "when", "column %u: %s", f.column, f.text);
  }
  return r;
}

void
checks_words (const struct watches *w, struct kk_shape *shape)
{
  for (uint32_t i = 0; i < w->n; i++) {
    const char *meant;
    char word[32], option[160];
    if (!wording_stranger (w->items[i].text, word, &meant))
      continue;
    snprintf (option, sizeof option, "rules.%s.text", w->items[i].name);
    kk_shape_warn (shape, option, "{%s} stays as it is%s%s%s", word, meant ? ": did you mean {" : ", for there is no such word",
                   meant ? meant : "", meant ? "}?" : "");
  }
}

/* It may come yet, or be found by the daemon alone, whose PATH may be another. */
void
checks_command (const struct options *o, struct kk_shape *shape)
{
  int r = o->command.count ? path_find_program (o->command.items[0]) : 0;
  if (r)
    kk_shape_warn (shape, "command", "the program %.100s cannot be run as it is now: %s", o->command.items[0], strerror (-r));
}
