#include "tool-look.h"

#include "past.h"
#include "path.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_SCHEMA = 4 << 20, MOST_PATH = 4096 };

/* ---- Schemas ---- */

int
tool_recorded_schema (const char *directory, json_object **ret)
{
  char path[MOST_PATH], *text = NULL;
  size_t length;
  snprintf (path, sizeof path, "%s/schema.json", directory);
  int r = path_read_file (path, MOST_SCHEMA, &text, &length);
  if (r)
    return r;
  *ret = json_tokener_parse (text);
  free (text);
  return *ret ? 0 : -EBADMSG;
}

char (*tool_units (const struct tool_config *c, json_object *schema))[TOOL_UNIT]
{
  char (*units)[TOOL_UNIT] = calloc (c->watches.n + 1, sizeof *units);
  struct past *past = NULL;
  if (!units || !schema || past_new (schema, c->interval_ns, true, &past))
    return units;
  for (uint32_t i = 0; i < c->watches.n; i++) {
    struct expression_binding *binding = NULL;
    struct expression_fault fault;
    const int r = expression_bind (c->watches.items[i].expression, past_schema (past), &binding, &fault);
    if (!r || r == -ENOENT)
      snprintf (units[i], TOOL_UNIT, "%s", expression_unit (binding));
    expression_unbind (binding);
  }
  past_free (past);
  return units;
}

/* ---- One rule ---- */

struct looking {
  struct tool_lines *lines;
  const struct watch *watch;
  struct expression_binding *binding; /* NULL: the schema lacks what it looks at */
  size_t at, newest;                  /* which value it is, of TOOL_PAST */
  uint32_t rows;
};

static void
look (void *arg, const struct expression_result *result)
{
  struct looking *k = arg;
  struct alert_key key = {.text = "", .number = result->key.u64};
  struct tool_line sought = {.watch = k->watch};
  if (!result->key.absent && result->key.type == KK_TYPE_STRING) {
    key.text = result->key.string;
    key.length = result->key.length < ALERT_KEY_MOST ? result->key.length : ALERT_KEY_MOST;
  } else if (!result->key.absent)
    key.text = NULL;
  alert_key_name (&key, sought.row);
  k->rows++;
  struct tool_line *line = bsearch (&sought, k->lines->items, k->lines->n, sizeof sought, tool_line_place);
  if (!line)
    return;
  const bool known = result->value_type == EXPRESSION_NUMBER;
  if (known)
    line->past[k->at] = result->number;
  if (k->at != k->newest)
    return;
  line->has_value |= known;
  line->value = known ? result->number : line->value;
  const bool unknown = result->verdict == EXPRESSION_UNKNOWN && !expression_is_early (result);
  line->unknown = line->told ? line->unknown : unknown;
  if (line->unknown && unknown)
    expression_why (k->watch->expression, result, line->why, sizeof line->why);
}

static int
bind (struct looking *k, const struct past *past)
{
  struct expression_fault fault;
  const int r = expression_bind (k->watch->expression, past_schema (past), &k->binding, &fault);
  for (size_t i = 0; r && r != -ENOMEM && i < k->lines->n; i++) {
    struct tool_line *line = k->lines->items + i;
    if (line->watch != k->watch)
      continue;
    line->unknown = true;
    snprintf (line->why, sizeof line->why, "%.190s", fault.text);
  }
  if (r) {
    expression_unbind (k->binding);
    k->binding = NULL;
  }
  return r == -ENOMEM ? r : 0;
}

static void
count_rows (const struct looking *k)
{
  for (size_t i = 0; k->binding && i < k->lines->n; i++) {
    struct tool_line *line = k->lines->items + i;
    if (line->watch != k->watch || line->phase)
      continue;
    line->by_rows = expression_rows_of (k->binding) >= 0;
    line->rows = k->rows;
  }
}

/* ---- All of them ---- */

/* One sample after the other, so that no two of them are in memory. */
static int
look_back (struct looking *all, uint32_t n, struct past *past, const struct tool_live *live)
{
  int r = 0;
  for (size_t i = 0; i < live->n && r != -ENOMEM; i++) {
    json_object *entry = json_tokener_parse (live->samples[i]);
    const struct kk_sample *sample;
    r = past_take (past, entry, &sample);
    for (uint32_t j = 0; !r && j < n; j++) {
      struct looking *k = all + j;
      k->at = TOOL_PAST - live->n + i;
      k->rows = 0;
      if (k->binding)
        expression_evaluate (k->watch->expression, k->binding, sample, look, k, NULL);
    }
    json_object_put (entry);
  }
  return r == -ENOMEM ? r : 0;
}

static void
say_version (struct tool_lines *l)
{
  for (size_t i = 0; i < l->n; i++) {
    l->items[i].unknown = true;
    snprintf (l->items[i].why, sizeof l->items[i].why, "the daemon is of another version");
  }
}

int
tool_look (struct tool_lines *l, const struct tool_config *c, const struct tool_live *live)
{
  struct looking *all = calloc (c->watches.n + 1, sizeof *all);
  struct past *past = NULL;
  int r = all ? past_new (live->schema, c->interval_ns, c->partial, &past) : -ENOMEM;
  if (r == -EBADMSG) {
    say_version (l);
    free (all);
    return 0;
  }
  for (uint32_t i = 0; !r && i < c->watches.n; i++) {
    all[i] = (struct looking){.lines = l, .watch = c->watches.items + i, .newest = TOOL_PAST - 1};
    r = bind (all + i, past);
  }
  if (!r)
    r = look_back (all, c->watches.n, past, live);
  for (uint32_t i = 0; !r && i < c->watches.n; i++)
    count_rows (all + i);
  for (uint32_t i = 0; all && i < c->watches.n; i++)
    expression_unbind (all[i].binding);
  past_free (past);
  free (all);
  return r;
}
