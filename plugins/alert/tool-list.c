/* alerts: how each rule is. */
#include "silence.h"
#include "text.h"
#include "tool-live.h"
#include "tool-show.h"
#include "tool-silences.h"
#include "tool-state.h"
#include "tool.h"
#include "wording.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { LEAST_SPARK = 8 };

struct listing {
  const struct tool_config *config;
  const struct tool_lines *lines;
  const struct alert_silences *silences;
  int64_t now_ns;
  bool running;
};

static bool
is_silenced (const struct listing *l, const struct tool_line *line)
{
  return alert_silenced (l->silences, line->rule, line->row, l->now_ns, 0);
}

/* "> 90 for 30 s" */
static void
add_bound (struct buf *b, const struct tool_line *line)
{
  uint32_t length;
  if (!line->watch)
    return;
  const char *bound = expression_bound (line->watch->expression, &length);
  buf_add (b, bound, length);
  if (line->watch->params.for_ns) {
    buf_adds (b, " for ");
    text_duration (b, line->watch->params.for_ns);
  }
}

/* ---- For people ---- */

static const struct show_column columns[] = {
  {.title = "RULE", .least = 8},
  {.title = "ROW", .least = 6, .drop = 1},
  {.title = "STATE"},
  {.title = "VALUE", .right = true, .drop = 2},
  {.title = "THRESHOLD", .least = 9, .drop = 3},
  {.title = "SINCE", .drop = 5},
  {.title = "", .drop = 4},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

static enum show_color
color_of (const struct tool_line *line)
{
  if (line->phase == ALERT_OK)
    return line->unknown ? SHOW_WARN : SHOW_GOOD;
  if (line->phase == ALERT_PENDING)
    return SHOW_WARN;
  return line->watch && line->watch->severity == 0 ? SHOW_WARN : SHOW_BAD;
}

static void
add_line (struct show *s, const struct listing *l, const struct tool_line *line)
{
  char value[64], since[32] = "";
  struct buf BUF_CLEANUP bound = {0};
  show_value (line->has_value, line->value, line->unit, value);
  if (!line->phase && line->by_rows)
    snprintf (value, sizeof value, "%u row%s", line->rows, line->rows == 1 ? "" : "s");
  if (line->since_ns)
    show_time (line->since_ns, l->now_ns, since);
  add_bound (&bound, line);
  show_add (s, SHOW_PLAIN, "%s", line->rule);
  show_add (s, SHOW_PLAIN, "%s", line->row);
  show_add (s, color_of (line), "%s", alert_phase_name (line->phase));
  show_add (s, SHOW_PLAIN, "%s", value);
  show_add (s, SHOW_PLAIN, "%s", bound.data && !bound.error ? bound.data : "");
  show_add (s, SHOW_PLAIN, "%s", since);
  show_add (s, SHOW_DIM, "%s%s%s", is_silenced (l, line) ? "silenced" : "", is_silenced (l, line) && line->unknown ? ", " : "",
            line->unknown ? "unknown" : "");
}

static void
draw (void *arg, size_t line, int room, FILE *to)
{
  const struct listing *l = arg;
  show_spark (to, l->lines->items[line].past, TOOL_PAST, room);
}

static int
print_lines (const struct listing *l)
{
  struct show s = {.columns = columns, .n_columns = COLUMNS};
  bool any = false;
  for (size_t i = 0; i < l->lines->n; i++) {
    add_line (&s, l, l->lines->items + i);
    for (size_t j = 0; j < TOOL_PAST; j++)
      any |= !isnan (l->lines->items[i].past[j]);
  }
  int r = show_print (&s, stdout, "PAST", LEAST_SPARK, any ? draw : NULL, (void *) (uintptr_t) l);
  show_free (&s);
  return r;
}

static void
say_where (const struct listing *l)
{
  const struct tool_config *c = l->config;
  if (!c->enabled && c->source != TOOL_OF_NOBODY)
    fputs ("The plugin alert is off, or has no rules: nothing is watched.\n", stdout);
  else if (!l->running)
    fputs (c->source == TOOL_OF_FILE ? "The daemon does not run: these are the rules of the file, as it left them.\n"
                                     : "The daemon does not run: this is how it left them.\n",
           stdout);
  if (c->waits)
    fputs ("In the file it is on: 'kode-kronical-daemon reload' puts that to work.\n", stdout);
}

/* ---- For programs ---- */

static void
add_text (json_object *o, const char *name, const char *text)
{
  json_object_object_add (o, name, json_object_new_string (text));
}

/* With as many digits as tell it from others, in any locale. */
static json_object *
number (double value)
{
  struct buf BUF_CLEANUP b = {0};
  text_f64 (&b, value, 0);
  return b.data && !b.error ? json_object_new_double_s (value, b.data) : NULL;
}

static json_object *
seconds (int64_t ns)
{
  struct buf BUF_CLEANUP b = {0};
  text_wall_time (&b, ns);
  return b.data && !b.error ? json_object_new_double_s ((double) ns / 1e9, b.data) : NULL;
}

static void
add_rule (json_object *o, const struct tool_line *line)
{
  const struct watch *w = line->watch;
  struct buf BUF_CLEANUP bound = {0}, text = {0};
  add_text (o, "severity", watch_severity (w));
  add_text (o, "when", w->when);
  add_bound (&bound, line);
  add_text (o, "threshold", bound.data ? bound.data : "");
  json_object_object_add (o, "for", number ((double) w->params.for_ns / 1e9));
  if (line->phase) {
    wording_text (&text, w, line->row, line->has_value, line->value, line->unit);
    add_text (o, "text", text.data && !text.error ? text.data : "");
  }
}

static json_object *
line_json (const struct listing *l, const struct tool_line *line)
{
  json_object *o = json_object_new_object (), *past = json_object_new_array ();
  add_text (o, "rule", line->rule);
  add_text (o, "row", line->row);
  add_text (o, "state", alert_phase_name (line->phase));
  json_object_object_add (o, "since", line->since_ns ? seconds (line->since_ns) : NULL);
  json_object_object_add (o, "value", line->has_value && isfinite (line->value) ? number (line->value) : NULL);
  add_text (o, "unit", line->unit);
  if (line->watch)
    add_rule (o, line);
  json_object_object_add (o, "silenced", json_object_new_boolean (is_silenced (l, line)));
  json_object_object_add (o, "unknown", json_object_new_boolean (line->unknown));
  if (*line->why)
    add_text (o, "why", line->why);
  bool begun = false;
  for (size_t i = 0; i < TOOL_PAST; i++) {
    begun |= !isnan (line->past[i]);
    if (begun)
      json_object_array_add (past, isfinite (line->past[i]) ? number (line->past[i]) : NULL);
  }
  json_object_object_add (o, "past", past);
  return o;
}

static void
print_json (const struct listing *l)
{
  static const char *const of[] = {[TOOL_OF_DAEMON] = "daemon", [TOOL_OF_FILE] = "file", [TOOL_OF_NOBODY] = NULL};
  const enum tool_source source = l->config->source;
  json_object *o = json_object_new_object (), *list = json_object_new_array ();
  json_object_object_add (o, "time", seconds (l->now_ns));
  json_object_object_add (o, "running", json_object_new_boolean (l->running));
  json_object_object_add (o, "enabled", source == TOOL_OF_NOBODY ? NULL : json_object_new_boolean (l->config->enabled));
  json_object_object_add (o, "rules_of", of[source] ? json_object_new_string (of[source]) : NULL);
  for (size_t i = 0; i < l->lines->n; i++)
    json_object_array_add (list, line_json (l, l->lines->items + i));
  json_object_object_add (o, "alerts", list);
  json_object_object_add (o, "more", json_object_new_int64 ((int64_t) l->lines->more));
  puts (json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put (o);
}

/* ---- The command ---- */

static void
say_newer (const struct tool_config *c, const struct tool_live *live)
{
  if (c->source == TOOL_OF_DAEMON && !c->waits && tool_source_is_newer (live->status))
    fputs ("The file was changed since: 'kode-kronical-daemon reload' puts that to work.\n", stdout);
}

static void
say_others (const struct tool_config *c)
{
  struct buf BUF_CLEANUP others = {0};
  tool_config_others (c, NULL, &others);
  if (others.len && !others.error)
    printf ("This is '%s'; for rules of %s say --instance NAME\n", c->instance, others.data);
}

int
tool_list (const struct tool_options *o)
{
  struct tool_config config = {0};
  struct tool_live live = {0};
  struct tool_lines lines = {0};
  struct alert_silences silences = {0};
  int r = tool_config_load (TOOL_OF_DAEMON, o->instance, &config);
  if (!r)
    r = tool_live_ask (&config, TOOL_PAST, &live);
  if (!r)
    tool_silences_read (config.store, &silences); /* it says so itself, and the list is worth more */
  if (!r)
    r = tool_lines_make (&config, &live, &lines);
  const struct listing l = {&config, &lines, &silences, show_now (), live.running};
  if (!r && o->json)
    print_json (&l);
  else if (!r) {
    say_where (&l);
    r = lines.n ? print_lines (&l) : 0;
    if (!r && lines.more)
      printf ("and %zu row%s more\n", lines.more, lines.more == 1 ? "" : "s");
    say_others (&config);
    say_newer (&config, &live);
  }
  tool_lines_free (&lines);
  alert_silences_free (&silences);
  tool_live_free (&live);
  tool_config_free (&config);
  return r ? TOOL_FAILED : TOOL_OK;
}
