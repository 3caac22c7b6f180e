#include "tool-state.h"

#include "engine-inner.h"
#include "file.h"
#include "past.h"
#include "store.h"
#include "tool.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_STORE = 64 << 20 };

static struct tool_line *
add (struct tool_lines *l, const char *rule, const char *row, const struct watch *w)
{
  if (l->n == TOOL_LINES)
    return NULL;
  struct tool_line *line = l->items + l->n;
  *line = (struct tool_line){.watch = w, .past = malloc (TOOL_PAST * sizeof *line->past)};
  if (!line->past)
    return NULL;
  for (int i = 0; i < TOOL_PAST; i++)
    line->past[i] = NAN;
  snprintf (line->rule, sizeof line->rule, "%s", rule);
  snprintf (line->row, sizeof line->row, "%s", row);
  l->n++;
  return line;
}

/* ---- What the table alerts says ---- */

static const char *
text_of (json_object *o, const char *name)
{
  json_object *value;
  return json_object_object_get_ex (o, name, &value) && json_object_is_type (value, json_type_string)
           ? json_object_get_string (value)
           : "";
}

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
  const char *rule = text_of (row, "rule");
  json_object *value;
  const int phase = phase_of (text_of (row, "state"));
  struct tool_line *line = *rule && phase > 0 ? add (l, rule, text_of (row, "row"), tool_config_rule (c, rule)) : NULL;
  if (!line)
    return;
  line->phase = (uint8_t) phase;
  snprintf (line->unit, sizeof line->unit, "%s", text_of (row, "unit"));
  if (json_object_object_get_ex (row, "since", &value))
    line->since_ns = (int64_t) llround (json_object_get_double (value) * 1e3) * 1000000;
  line->has_value = json_object_object_get_ex (row, "value", &value);
  line->value = line->has_value ? json_object_get_double (value) : 0;
}

/* Of the newest sample; false: it has no such table. */
static bool
take_table (struct tool_lines *l, const struct tool_config *c, const struct tool_live *live)
{
  json_object *table;
  if (!live->n || !json_object_object_get_ex (live->samples[live->n - 1], "alerts", &table)
      || !json_object_is_type (table, json_type_object))
    return false;
  json_object_object_foreach (table, key, row)
  {
    (void) key;
    take_row (l, c, row);
  }
  return true;
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

/* ---- What samples say ---- */

struct looking {
  struct tool_lines *lines;
  const struct watch *watch;
  struct expression_binding *binding;
  size_t at, newest; /* which value it is, of TOOL_PAST */
  uint32_t rows;
};

static void
look (void *arg, const struct expression_result *result)
{
  struct looking *k = arg;
  struct alert_key key = {.text = "", .number = result->key.u64};
  char name[ALERT_ROW_NAME];
  if (!result->key.absent && result->key.type == KK_TYPE_STRING) {
    key.text = result->key.string;
    key.length = result->key.length < ALERT_KEY_MOST ? result->key.length : ALERT_KEY_MOST;
  } else if (!result->key.absent)
    key.text = NULL;
  alert_key_name (&key, name);
  k->rows++;
  for (size_t i = 0; i < k->lines->n; i++) {
    struct tool_line *line = k->lines->items + i;
    if (line->watch != k->watch || strcmp (line->row, name) != 0)
      continue;
    const bool known = result->value_type == EXPRESSION_NUMBER;
    if (known)
      line->past[k->at] = result->number;
    if (k->at != k->newest)
      return;
    snprintf (line->unit, sizeof line->unit, "%s", expression_unit (k->binding));
    line->has_value |= known;
    line->value = known ? result->number : line->value;
    line->unknown = result->verdict == EXPRESSION_UNKNOWN && !expression_is_early (result);
    if (line->unknown)
      expression_why (k->watch->expression, result, line->why, sizeof line->why);
    return;
  }
}

/* One rule over all samples. */
static int
look_back (struct tool_lines *l, const struct watch *w, const struct tool_config *c, const struct tool_live *live)
{
  struct looking k = {.lines = l, .watch = w, .newest = TOOL_PAST - 1};
  struct expression_fault fault;
  struct past *past = NULL;
  const struct kk_sample *sample;
  int r = past_new (live->schema, c->interval_ns, true, &past);
  if (!r)
    r = expression_bind (w->expression, past_schema (past), &k.binding, &fault);
  const bool bound = !r;
  for (size_t i = 0; bound && i < live->n && r != -ENOMEM; i++) {
    k.at = TOOL_PAST - live->n + i;
    k.rows = 0;
    r = past_take (past, live->samples[i], &sample);
    if (!r)
      r = expression_evaluate (w->expression, k.binding, sample, look, &k, NULL);
  }
  for (size_t i = 0; bound && i < l->n; i++)
    if (l->items[i].watch == w && !l->items[i].phase) {
      l->items[i].by_rows = expression_rows_of (k.binding) >= 0;
      l->items[i].rows = k.rows;
    }
  for (size_t i = 0; !bound && r != -ENOMEM && i < l->n; i++)
    if (l->items[i].watch == w) {
      l->items[i].unknown = true;
      snprintf (l->items[i].why, sizeof l->items[i].why, "%.190s",
                r == -EBADMSG ? "the daemon is of another version" : fault.text);
    }
  expression_unbind (k.binding);
  past_free (past);
  return r == -ENOMEM ? r : 0;
}

/* ---- All together ---- */

static bool
has_line (const struct tool_lines *l, const struct watch *w)
{
  for (size_t i = 0; i < l->n; i++)
    if (l->items[i].watch == w)
      return true;
  return false;
}

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
tool_lines_make (const struct tool_config *c, const struct tool_live *live, struct tool_lines *ret)
{
  struct tool_lines l = {.items = calloc (TOOL_LINES, sizeof *l.items)};
  int r = l.items ? 0 : -ENOMEM;
  if (!r && !take_table (&l, c, live))
    r = take_store (&l, c);
  for (uint32_t i = 0; i < c->watches.n && !r; i++)
    if (!has_line (&l, c->watches.items + i) && !add (&l, c->watches.items[i].name, "", c->watches.items + i))
      r = -ENOMEM;
  for (uint32_t i = 0; i < c->watches.n && !r && live->schema; i++)
    r = look_back (&l, c->watches.items + i, c, live);
  if (r) {
    tool_lines_free (&l);
    return r;
  }
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
