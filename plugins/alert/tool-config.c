#include "tool-config.h"

#include "buf.h"
#include "nearest.h"
#include "tool.h"
#include "tool/tool-fail.h"
#include "tool/tool-json.h"
#include "units.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_INSTANCES = 64 };

static double
number_of (json_object *o, const char *name)
{
  json_object *value;
  return o && json_object_object_get_ex (o, name, &value) ? json_object_get_double (value) : 0;
}

static bool
is_on (json_object *instance)
{
  json_object *value = tool_member (instance, "enabled", json_type_boolean);
  return value && json_object_get_boolean (value);
}

/* ---- Which instance ---- */

/* The one that is meant when nobody named one; NULL: several. */
static const char *
choose (json_object *plugins)
{
  const char *found = TOOL_PLUGIN;
  unsigned n = 0;
  if (!plugins || is_on (tool_member (plugins, TOOL_PLUGIN, json_type_object)))
    return TOOL_PLUGIN;
  json_object_object_foreach (plugins, name, instance)
  {
    if (!is_on (instance) || strcmp (tool_text (instance, "plugin"), TOOL_PLUGIN) != 0)
      continue;
    found = name;
    n++;
  }
  return n > 1 ? NULL : found;
}

static int
no_instance (json_object *plugins, const char *name)
{
  const char *names[MOST_INSTANCES];
  size_t n = 0;
  json_object_object_foreach (plugins, other, instance)
  {
    if (n < MOST_INSTANCES && !strcmp (tool_text (instance, "plugin"), TOOL_PLUGIN))
      names[n++] = other;
  }
  const char *near = nearest_word (name, names, n);
  return near ? tool_fail (-EINVAL, "no instance '%s' of the plugin " TOOL_PLUGIN " is on; did you mean '%s'?", name, near)
              : tool_fail (-EINVAL, "no instance '%s' of the plugin " TOOL_PLUGIN " is on", name);
}

/* ---- Rules ---- */

static int32_t
severity_of (const char *word)
{
  return !strcmp (word, "info") ? 0 : !strcmp (word, "critical") ? 2 : 1;
}

static int64_t
duration_of (json_object *o, const char *name)
{
  const double seconds = number_of (o, name);
  return seconds > 0 && seconds < 1e9 ? (int64_t) llround (seconds * 1e9) : 0;
}

static struct rule_options
rule_of (json_object *rule)
{
  return (struct rule_options){.when = tool_text (rule, "when"),
                               .clear = tool_text (rule, "clear"),
                               .text = tool_text (rule, "text"),
                               .for_ns = duration_of (rule, "for"),
                               .unknown_after_ns = duration_of (rule, "unknown_after"),
                               .remind_ns = duration_of (rule, "remind"),
                               .severity = severity_of (tool_text (rule, "severity"))};
}

static int
make_watches (struct tool_config *c, json_object *from)
{
  json_object *rules = c->rules = tool_member (from, "rules", json_type_object);
  const size_t n = rules ? (size_t) json_object_object_length (rules) : 0;
  struct rule_options *items = calloc (n + 1, sizeof *items);
  const char **names = calloc (n + 1, sizeof *names);
  struct options o = {.cpu_threshold = number_of (from, "cpu"), .memory_threshold = number_of (from, "memory")};
  struct kk_fault fault = {.text = ""};
  int r = items && names ? 0 : -ENOMEM;
  if (!r && rules) {
    json_object_object_foreach (rules, name, rule)
    {
      names[o.rules.count] = name;
      items[o.rules.count++] = rule_of (rule);
    }
  }
  o.rules.names = names;
  o.rules.items = items;
  if (!r)
    r = watches_make (&o, &c->watches, &fault);
  free (items);
  free (names);
  return r ? tool_fail (r, "the rules cannot be used: %s", *fault.text ? fault.text : strerror (-r)) : 0;
}

/* ---- What else is of interest ---- */

/* What renames, labels or adds takes no row away. */
static bool
may_drop_rows (json_object *pipeline, json_object *plugins, const char *own)
{
  static const char *const harmless[] = {"rename", "label", "rate"};
  for (size_t i = 0; pipeline && i < json_object_array_length (pipeline); i++) {
    const char *name = json_object_get_string (json_object_array_get_idx (pipeline, i));
    const char *plugin = tool_text (tool_member (plugins, name, json_type_object), "plugin");
    bool is_harmless = !strcmp (name, own);
    for (size_t j = 0; j < sizeof harmless / sizeof *harmless; j++)
      is_harmless |= !strcmp (plugin, harmless[j]);
    if (!is_harmless)
      return true;
  }
  return false;
}

/* What is recorded has gone through filters of file-writer's own, too. */
static void
find_recorded (struct tool_config *c, json_object *plugins)
{
  c->recorded_dir = c->data_dir;
  c->recorded_partial = c->partial;
  json_object_object_foreach (plugins, name, instance)
  {
    (void) name;
    if (strcmp (tool_text (instance, "plugin"), "file-writer") != 0)
      continue;
    const char *path = tool_text (tool_member (instance, "options", json_type_object), "path");
    if (*path)
      c->recorded_dir = path;
    c->recorded_partial |= may_drop_rows (tool_member (instance, "pipeline", json_type_array), plugins, "");
    return;
  }
}

/* What is to be known of an instance that is not on, where the file cannot be used either. */
static json_object *
off_without_options (void)
{
  return json_tokener_parse ("{\"enabled\":false,\"plugin\":\"" TOOL_PLUGIN "\",\"options\":{}}");
}

/* It may be about an instance that is not on: what it would be, and what it remembers, is of interest then. Where there is
 * none, the daemon's program has said so. */
static int
ask_of_off (struct tool_config *c, const char *instance)
{
  json_object *plugins = tool_member (c->whole, "plugins", json_type_object), *more = NULL, *own = NULL;
  const char *name = instance ? instance : plugins ? choose (plugins) : NULL;
  if (!name || !plugins || tool_member (plugins, name, json_type_object))
    return 0;
  const int r = tool_source_file (name, &more);
  if (r && r != -ECHILD)
    return r;
  if (!r)
    own = json_object_get (tool_member (tool_member (more, "plugins", json_type_object), name, json_type_object));
  else if (c->source == TOOL_OF_DAEMON && !strcmp (name, TOOL_PLUGIN))
    own = off_without_options ();
  json_object_put (more);
  if (!own)
    return 0;
  c->waits = is_on (own);
  json_object_object_add (own, "enabled", json_object_new_boolean (false));
  json_object_object_add (plugins, name, own);
  return 0;
}

static int
fill (struct tool_config *c, const char *instance)
{
  json_object *plugins = tool_member (c->whole, "plugins", json_type_object),
              *daemon = tool_member (c->whole, "daemon", json_type_object);
  c->instance = instance ? instance : choose (plugins);
  if (!c->instance)
    return tool_fail (-EINVAL, "several instances of " TOOL_PLUGIN " are on: say which one by --instance");
  json_object *own = tool_member (plugins, c->instance, json_type_object);
  if (plugins && !own && strcmp (c->instance, TOOL_PLUGIN) != 0)
    return no_instance (plugins, c->instance);
  json_object *options = tool_member (own, "options", json_type_object);
  if (!options || !daemon)
    return tool_fail (-EBADMSG, "the daemon does not say what '%s' is told", c->instance);
  if (strcmp (tool_text (own, "plugin"), TOOL_PLUGIN) != 0)
    return tool_fail (-EINVAL, "'%s' is no instance of the plugin " TOOL_PLUGIN, c->instance);
  c->enabled = is_on (own);
  c->data_dir = tool_text (daemon, "data_dir");
  c->interval_ns = duration_of (daemon, "sample_interval");
  c->partial = may_drop_rows (tool_member (c->whole, "pipeline", json_type_array), plugins, c->instance);
  find_recorded (c, plugins);
  if (asprintf (&c->store, "%s/%s", c->data_dir, c->instance) < 0) {
    c->store = NULL;
    return tool_fail (-ENOMEM, "%s", strerror (ENOMEM));
  }
  return make_watches (c, options);
}

/* Of the daemon or the file, as `source` says. */
static int
ask (enum tool_source source, const char *instance, struct tool_config *c)
{
  c->source = source;
  if (source == TOOL_OF_DAEMON)
    return tool_source_find (instance, &c->source, &c->whole);
  const int r = tool_source_file (NULL, &c->whole);
  return r == -ECHILD ? tool_fail (r, "the daemon cannot use its configuration") : r;
}

int
tool_config_load (enum tool_source source, const char *instance, struct tool_config *ret)
{
  struct tool_config c = {0};
  int r = ask (source, instance, &c);
  if (!r)
    r = ask_of_off (&c, instance);
  if (!r)
    r = fill (&c, instance);
  if (r)
    tool_config_free (&c);
  else
    *ret = c;
  return r;
}

void
tool_config_free (struct tool_config *c)
{
  watches_free (&c->watches);
  watches_free (&c->tried);
  free (c->store);
  json_object_put (c->whole);
  *c = (struct tool_config){0};
}

const struct watch *
tool_config_rule (const struct tool_config *c, const char *name)
{
  for (uint32_t i = 0; i < c->watches.n; i++)
    if (!strcmp (c->watches.items[i].name, name))
      return c->watches.items + i;
  return NULL;
}

void
tool_config_others (const struct tool_config *c, const char *rule, struct buf *b)
{
  json_object *plugins = tool_member (c->whole, "plugins", json_type_object);
  if (!plugins)
    return;
  json_object_object_foreach (plugins, name, instance)
  {
    json_object *options = tool_member (instance, "options", json_type_object);
    json_object *rules = tool_member (options, "rules", json_type_object);
    if (!strcmp (name, c->instance) || !is_on (instance) || strcmp (tool_text (instance, "plugin"), TOOL_PLUGIN) != 0
        || (rule && !tool_member (rules, rule, json_type_object)))
      continue;
    buf_printf (b, "%s'%s'", b->len ? ", " : "", name);
  }
}

void
tool_config_no_rule (const struct tool_config *c, const char *name)
{
  struct buf BUF_CLEANUP others = {0};
  if (c->source == TOOL_OF_NOBODY) {
    tool_fail (0, "which rules there are is not known while the configuration cannot be used");
    return;
  }
  tool_config_others (c, name, &others);
  if (others.len && !others.error) {
    tool_fail (0, "there is no rule '%s' in '%s', but in %s: say which one by --instance", name, c->instance, others.data);
    return;
  }
  const char **names = calloc (c->watches.n + 1, sizeof *names);
  for (uint32_t i = 0; names && i < c->watches.n; i++)
    names[i] = c->watches.items[i].name;
  const char *near = names ? nearest_word (name, names, c->watches.n) : NULL;
  if (near)
    tool_fail (0, "there is no rule '%s'; did you mean '%s'?", name, near);
  else
    tool_fail (0, "there is no rule '%s'; '" TOOL_NAME "' lists them", name);
  free (names);
}

/* ---- Another one ---- */

static int
change (struct rule_options *o, const struct tool_rule *rule)
{
  if (rule->when) { /* what ended the other condition is not what ends this one */
    o->when = rule->when;
    o->clear = "";
  }
  if (rule->clear)
    o->clear = rule->clear;
  int64_t most_ns;
  if (rule->lasts && (units_duration (rule->lasts, &o->for_ns) || o->for_ns < 0))
    return tool_fail (-EINVAL, "--for takes a time as 30s or 5m, not '%s'", rule->lasts);
  if (rule->lasts && !units_duration (ALERT_FOR_MOST, &most_ns) && o->for_ns > most_ns)
    return tool_fail (-EINVAL, "--for takes at most " ALERT_FOR_MOST ", as 'for' of a rule does, not '%s'", rule->lasts);
  return 0;
}

const struct watch *
tool_config_try (struct tool_config *c, const struct tool_rule *rule)
{
  const struct watch *known = tool_config_rule (c, rule->name);
  json_object *configured = tool_member (c->rules, rule->name, json_type_object);
  if (!known && !rule->when) {
    tool_config_no_rule (c, rule->name);
    return NULL;
  }
  if (!rule->when && !rule->lasts && !rule->clear)
    return known;
  struct rule_options o = {.when = "", .clear = "", .text = "", .severity = 1};
  if (configured)
    o = rule_of (configured);
  else if (known)
    o = (struct rule_options){.when = known->when, .clear = "", .text = known->text, .for_ns = known->params.for_ns};
  if (change (&o, rule))
    return NULL;
  const char *const names[] = {rule->name};
  const struct options options = {.rules = {.names = names, .items = &o, .count = 1}};
  struct kk_fault fault = {.text = ""};
  int r = watches_make (&options, &c->tried, &fault);
  if (r)
    tool_fail (r, "this rule cannot be tried: %s", *fault.text ? fault.text : strerror (-r));
  return r ? NULL : c->tried.items;
}
