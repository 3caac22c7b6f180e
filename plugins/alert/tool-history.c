/* alerts history: what changed. */
#include "record.h"
#include "store.h"
#include "text.h"
#include "tool-look.h"
#include "tool-show.h"
#include "tool.h"
#include "tool/moment.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct change {
  char rule[ALERT_RULE_NAME], row[ALERT_ROW_NAME];
  unsigned change;
  bool gone, has_value;
  double value;
  int64_t wall_ns, began_ns, lasted_ns;
  char unit[ALERT_UNIT];
  uint64_t made; /* which rule it was */
};

struct changes {
  struct change *list; /* a ring of the last `most` */
  size_t most, n, next;
  int64_t since_ns;
  const char *rule; /* NULL: all */
  bool known;       /* something of it is remembered */
  const struct tool_config *config;
  char (*units)[TOOL_UNIT]; /* by rule */
};

static int
take (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  struct changes *c = arg;
  (void) line, (void) length;
  if (c->rule && strcmp (c->rule, r->rule) != 0)
    return 0;
  c->known = true;
  if (r->wall_ns < c->since_ns)
    return 0;
  struct change *to = c->list + c->next;
  *to = (struct change){.change = r->change,
                        .gone = r->gone,
                        .has_value = r->state.has_value,
                        .value = r->state.value,
                        .made = r->made,
                        .wall_ns = r->wall_ns,
                        .began_ns = r->state.began_ns,
                        .lasted_ns = r->state.lasted_ns};
  memcpy (to->rule, r->rule, sizeof to->rule);
  memcpy (to->unit, r->unit, sizeof to->unit);
  alert_key_name (&r->key, to->row);
  c->next = (c->next + 1) % c->most;
  c->n += c->n < c->most;
  return 0;
}

static const struct change *
nth (const struct changes *c, size_t i)
{
  return c->list + (c->next + c->most - c->n + i) % c->most;
}

/* What older versions remembered has none: then that of the rule as it is now, unless it was another one. */
static const char *
unit_of (const struct changes *c, const struct change *one)
{
  const struct watch *w = *one->unit ? NULL : tool_config_rule (c->config, one->rule);
  if (*one->unit)
    return one->unit;
  return w && w->made == one->made ? c->units[w - c->config->watches.items] : "";
}

static const char *
word (const struct change *c)
{
  return c->gone && c->change == ALERT_CLEARED ? "gone" : alert_change_name (c->change);
}

static int
print (const struct changes *c)
{
  static const struct show_column columns[] = {{.title = "TIME"},
                                               {.title = "RULE", .least = 6},
                                               {.title = "ROW", .least = 4, .drop = 2},
                                               {.title = "CHANGE"},
                                               {.title = "VALUE", .right = true, .least = 5, .drop = 3},
                                               {.title = "AFTER", .right = true, .drop = 4}};
  struct show s = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
  for (size_t i = 0; i < c->n; i++) {
    const struct change *one = nth (c, i);
    char at[32], value[64];
    struct buf BUF_CLEANUP after = {0};
    show_time (one->wall_ns, show_now (), at);
    show_value (one->has_value, one->value, unit_of (c, one), value);
    /* Until it fired its time was counted, whatever the clock did. */
    const int64_t lasted_ns = one->change == ALERT_FIRED ? one->lasted_ns : one->began_ns ? one->wall_ns - one->began_ns : 0;
    if (lasted_ns > 0)
      show_duration (&after, lasted_ns);
    show_add (&s, SHOW_PLAIN, "%s", at);
    show_add (&s, SHOW_PLAIN, "%s", one->rule);
    show_add (&s, SHOW_PLAIN, "%s", one->row);
    show_add (&s,
              one->change == ALERT_FIRED     ? SHOW_BAD
              : one->change == ALERT_CLEARED ? SHOW_GOOD
                                             : SHOW_PLAIN,
              "%s", word (one));
    show_add (&s, SHOW_PLAIN, "%s", value);
    show_add (&s, SHOW_PLAIN, "%s", after.data && !after.error ? after.data : "");
  }
  int r = 0;
  if (c->n)
    r = show_print (&s, stdout, "", 0, NULL, NULL);
  else
    r = s.failed ? -ENOMEM : puts ("Nothing has changed.") < 0 ? -EIO : 0;
  show_free (&s);
  return r;
}

static void
add_string (struct buf *b, const char *name, const char *text)
{
  buf_printf (b, ",\"%s\":", name);
  text_json_string (b, text, strlen (text));
}

static int
print_json (const struct changes *c)
{
  struct buf BUF_CLEANUP b = {0};
  buf_adds (&b, "{\"changes\":[");
  for (size_t i = 0; i < c->n; i++) {
    const struct change *one = nth (c, i);
    buf_adds (&b, i ? ",\n{\"time\":" : "\n{\"time\":");
    text_wall_time (&b, one->wall_ns);
    add_string (&b, "rule", one->rule);
    add_string (&b, "row", one->row);
    add_string (&b, "change", alert_change_name (one->change));
    buf_printf (&b, ",\"gone\":%s,\"since\":", one->gone ? "true" : "false");
    if (one->began_ns)
      text_wall_time (&b, one->began_ns);
    else
      buf_adds (&b, "null");
    buf_adds (&b, ",\"value\":");
    if (one->has_value)
      text_f64 (&b, one->value, 0);
    else
      buf_adds (&b, "null");
    add_string (&b, "unit", unit_of (c, one));
    buf_addc (&b, '}');
  }
  buf_adds (&b, "]}\n");
  if (!b.error)
    fwrite (b.data, 1, b.len, stdout);
  return b.error;
}

static int
read_and_print (const struct tool_options *o, const struct tool_config *config, struct changes *c)
{
  json_object *schema = NULL;
  tool_recorded_schema (config->recorded_dir, &schema);
  c->config = config;
  c->units = tool_units (config, schema);
  c->list = calloc (c->most, sizeof *c->list);
  json_object_put (schema);
  int r = c->list && c->units ? alert_history_read (config->store, take, c) : -ENOMEM;
  r = r == -ENOENT ? 0 : r;
  if (r)
    fprintf (stderr, TOOL_NAME ": cannot read %s/" ALERT_STORE_FILE ": %s\n", config->store, strerror (-r));
  else if (c->rule && !c->known && !tool_config_rule (config, c->rule)) {
    tool_config_no_rule (config, c->rule);
    r = -EINVAL;
  } else
    r = o->json ? print_json (c) : print (c);
  free (c->units);
  free (c->list);
  return r;
}

int
tool_history (const struct tool_options *o)
{
  struct tool_config config = {0};
  int64_t most = ALERT_HISTORY, since = 0;
  struct changes c = {.rule = o->n_words ? o->words[0] : NULL};
  if (o->lines && (units_i64 (o->lines, &most) || most < 1 || most > 100000)) {
    fprintf (stderr, TOOL_NAME ": --lines takes a number from 1 to 100000, not '%s'\n", o->lines);
    return TOOL_USAGE;
  }
  if (o->since && moment_parse (o->since, show_now () / 1000000000, &since)) {
    fprintf (stderr, TOOL_NAME ": '%s' is no time: write 2h, 3d, 17:05, 2026-01-31 or '2026-01-31 17:05'\n", o->since);
    return TOOL_USAGE;
  }
  c.most = (size_t) most;
  c.since_ns = since * 1000000000;
  int r = tool_config_load (TOOL_OF_DAEMON, o->instance, &config);
  if (!r)
    r = read_and_print (o, &config, &c);
  tool_config_free (&config);
  return r == -EINVAL ? TOOL_USAGE : r ? TOOL_FAILED : TOOL_OK;
}
