#include "tool-state.h"

#include "engine-inner.h"
#include "file.h"
#include "store.h"
#include "tool-look.h"
#include "tool.h"
#include "tool/tool-fail.h"
#include "tool/tool-json.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_STORE = 64 << 20 };

/* NULL: there is no room, which is counted, or no memory. */
static struct tool_line *
add (struct tool_lines *l, const char *rule, const char *row, const struct watch *w)
{
  if (l->n == TOOL_ROWS) {
    l->more++;
    return NULL;
  }
  if (l->n == l->capacity) {
    const size_t capacity = l->capacity ? l->capacity * 2 : 64;
    struct tool_line *items = reallocarray (l->items, capacity, sizeof *items);
    if (!items) {
      l->failed = true;
      return NULL;
    }
    l->items = items;
    l->capacity = capacity;
  }
  struct tool_line *line = l->items + l->n++;
  *line = (struct tool_line){.watch = w};
  snprintf (line->rule, sizeof line->rule, "%s", rule);
  snprintf (line->row, sizeof line->row, "%s", row);
  return line;
}

/* ---- What the table alerts says ---- */

static int
phase_of (const char *word)
{
  for (int i = 0; i < ALERT_PHASES; i++)
    if (!strcmp (word, alert_phase_name ((unsigned) i)))
      return i;
  return -1;
}

static void
take_row (struct tool_lines *l, const struct tool_config *c, json_object *row)
{
  const char *rule = tool_text (row, "rule");
  json_object *value;
  const int phase = phase_of (tool_text (row, "state"));
  struct tool_line *line = *rule && phase > 0 ? add (l, rule, tool_text (row, "row"), tool_config_rule (c, rule)) : NULL;
  if (!line)
    return;
  line->phase = (uint8_t) phase;
  snprintf (line->unit, sizeof line->unit, "%s", tool_text (row, "unit"));
  if (json_object_object_get_ex (row, "since", &value))
    line->since_ns = (int64_t) llround (json_object_get_double (value) * 1e3) * 1000000;
  line->told = json_object_object_get_ex (row, "unknown", &value);
  line->unknown = line->told && json_object_get_boolean (value);
  line->has_value = json_object_object_get_ex (row, "value", &value);
  line->value = line->has_value ? json_object_get_double (value) : 0;
}

/* Of the newest sample; false: it has no such table. */
static bool
take_table (struct tool_lines *l, const struct tool_config *c, const struct tool_live *live)
{
  json_object *sample = live->n ? json_tokener_parse (live->samples[live->n - 1]) : NULL;
  json_object *table = tool_member (sample, "alerts", json_type_object);
  if (table) {
    json_object_object_foreach (table, key, row)
    {
      (void) key;
      take_row (l, c, row);
    }
  }
  json_object_put (sample);
  return table;
}

/* ---- What the store says ---- */

struct storing {
  struct tool_lines *lines;
  const struct tool_config *config;
  const struct alert_engine *engine;
  uint32_t rule;
};

static void
take_stored (void *arg, const struct alert_row *row)
{
  const struct storing *s = arg;
  const char *rule = alert_engine_name (s->engine, s->rule);
  const struct alert_key key = alert_row_key (row);
  char name[ALERT_ROW_NAME];
  alert_key_name (&key, name);
  struct tool_line *line =
    row->state.phase || row->state.unsure ? add (s->lines, rule, name, tool_config_rule (s->config, rule)) : NULL;
  if (!line)
    return;
  line->phase = row->state.phase;
  line->since_ns = row->state.phase ? row->state.began_ns : 0;
  line->has_value = row->state.has_value;
  line->value = row->state.value;
  line->unknown = row->state.unsure;
  memcpy (line->unit, s->engine->rules[s->rule].unit, sizeof line->unit);
}

static int
read_store (const struct tool_config *c, struct alert_engine *e)
{
  struct alert_scan scan;
  char *data = NULL;
  size_t length;
  const int directory = open (c->store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int r = directory < 0 ? -errno : alert_file_read (directory, ALERT_STORE_FILE, MOST_STORE, &data, &length);
  if (directory >= 0)
    close (directory);
  if (!r)
    r = alert_record_scan (data, length, alert_restore, e, &scan);
  free (data);
  return r == -ENOENT ? 0 : r;
}

static int
take_store (struct tool_lines *l, const struct tool_config *c)
{
  struct alert_rule_config *rules = calloc (c->watches.n + 1, sizeof *rules);
  struct alert_engine *e = NULL;
  for (uint32_t i = 0; rules && i < c->watches.n; i++)
    rules[i] = (struct alert_rule_config){.name = c->watches.items[i].name, .made = c->watches.items[i].made};
  int r = rules ? alert_engine_new (&(struct alert_engine_config){0}, rules, c->watches.n, &e) : -ENOMEM;
  free (rules);
  if (!r)
    r = read_store (c, e);
  struct storing s = {.lines = l, .config = c, .engine = e};
  for (; !r && s.rule < e->n_rules; s.rule++)
    alert_rule_each (&e->rules[s.rule].rule, take_stored, &s);
  alert_engine_free (e);
  if (r)
    fprintf (stderr, TOOL_NAME ": cannot read %s/" ALERT_STORE_FILE ": %s\n", c->store, strerror (-r));
  return r;
}

/* ---- All together ---- */

static uint32_t
worth (const struct tool_line *line)
{
  static const uint8_t order[ALERT_PHASES] = {[ALERT_OK] = 3, [ALERT_PENDING] = 2, [ALERT_FIRING] = 0, [ALERT_CLEARING] = 1};
  const uint32_t severity =
    line->watch && line->watch->severity >= 0 && line->watch->severity < 3 ? (uint32_t) line->watch->severity : 0;
  return order[line->phase] * 4u + 3 - severity;
}

static int
by_worth (const void *a, const void *b)
{
  const struct tool_line *x = a, *y = b;
  const uint32_t wx = worth (x), wy = worth (y);
  int order = (wx > wy) - (wx < wy);
  if (!order)
    order = strcmp (x->rule, y->rule);
  return order                          ? order
         : (x->since_ns != y->since_ns) ? (x->since_ns > y->since_ns) - (x->since_ns < y->since_ns)
                                        : strcmp (x->row, y->row);
}

int
tool_line_place (const void *a, const void *b)
{
  const struct tool_line *x = a, *y = b;
  const int order = ((uintptr_t) x->watch > (uintptr_t) y->watch) - ((uintptr_t) x->watch < (uintptr_t) y->watch);
  return order ? order : strcmp (x->row, y->row);
}

/* A line for each rule none of whose rows has one. */
static int
add_rest (struct tool_lines *l, const struct tool_config *c)
{
  bool *has = calloc (c->watches.n + 1, sizeof *has);
  for (size_t i = 0; has && i < l->n; i++)
    if (l->items[i].watch)
      has[l->items[i].watch - c->watches.items] = true;
  for (uint32_t i = 0; has && i < c->watches.n; i++)
    if (!has[i])
      add (l, c->watches.items[i].name, "", c->watches.items + i);
  l->failed |= !has;
  free (has);
  return l->failed ? -ENOMEM : 0;
}

/* Those that matter most stay; each gets room for its past. */
static int
choose (struct tool_lines *l)
{
  qsort (l->items, l->n, sizeof *l->items, by_worth);
  if (l->n > TOOL_LINES) {
    l->more += l->n - TOOL_LINES;
    l->n = TOOL_LINES;
  }
  for (size_t i = 0; i < l->n; i++) {
    l->items[i].past = malloc (TOOL_PAST * sizeof *l->items[i].past);
    if (!l->items[i].past)
      return -ENOMEM;
    for (size_t j = 0; j < TOOL_PAST; j++)
      l->items[i].past[j] = NAN;
  }
  return 0;
}

static int
add_units (struct tool_lines *l, const struct tool_config *c, json_object *schema)
{
  char (*units)[TOOL_UNIT] = tool_units (c, schema);
  for (size_t i = 0; units && i < l->n; i++)
    if (l->items[i].watch && !*l->items[i].unit)
      memcpy (l->items[i].unit, units[l->items[i].watch - c->watches.items], TOOL_UNIT);
  const int r = units ? 0 : -ENOMEM;
  free (units);
  return r;
}

/* By what was recorded, where there is no daemon to ask. */
static int
add_any_units (struct tool_lines *l, const struct tool_config *c, const struct tool_live *live)
{
  json_object *recorded = NULL;
  if (!live->schema)
    tool_recorded_schema (c->recorded_dir, &recorded);
  const int r = add_units (l, c, live->schema ? live->schema : recorded);
  json_object_put (recorded);
  return r;
}

int
tool_lines_make (const struct tool_config *c, const struct tool_live *live, struct tool_lines *ret)
{
  struct tool_lines l = {0};
  int r = 0;
  if (!take_table (&l, c, live))
    r = take_store (&l, c);
  const bool said = r;
  if (!r)
    r = add_rest (&l, c);
  if (!r && l.n)
    r = choose (&l);
  if (!r && l.n)
    qsort (l.items, l.n, sizeof *l.items, tool_line_place);
  if (!r)
    r = add_any_units (&l, c, live);
  if (!r && live->schema)
    r = tool_look (&l, c, live);
  if (r) {
    tool_lines_free (&l);
    return said ? r : tool_fail (r, "cannot show them: %s", strerror (-r));
  }
  if (l.n)
    qsort (l.items, l.n, sizeof *l.items, by_worth);
  *ret = l;
  return 0;
}

void
tool_lines_free (struct tool_lines *l)
{
  for (size_t i = 0; i < l->n; i++)
    free (l->items[i].past);
  free (l->items);
  *l = (struct tool_lines){0};
}
