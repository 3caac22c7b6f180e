#include "tool-config.h"

#include "json-limits.h"
#include "tool/tool-ask.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLUGIN    "dynamodb-writer"
#define SECOND_NS 1e9

__attribute__ ((format (printf, 3, 4))) static int
fail (struct tool_fault *fault, int r, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (fault->text, sizeof fault->text, format, args);
  va_end (args);
  return r;
}

/* -EBADMSG: it says nothing that can be read. */
static int
ask (const char *const *words, json_object **ret, const char **program)
{
  struct buf out BUF_CLEANUP = {0};
  int r = tool_ask (words, &out, program);
  if (r < 0)
    return r;
  *ret = out.data ? json_read (out.data, out.len) : NULL;
  return *ret ? 0 : -EBADMSG;
}

static int
show (const char *instance, json_object **ret, struct tool_fault *fault)
{
  const char *const words[] = {"config", "show", instance, "--json", NULL};
  const char *program = "";
  int r = ask (words, ret, &program);
  if (r == -ECHILD)
    return fail (fault, -EINVAL, "the daemon cannot use its configuration, or has no plugin " PLUGIN);
  if (r == -EBADMSG)
    return fail (fault, r, "%s says nothing that can be read: is it of another version?", program);
  return r < 0 ? fail (fault, r, "cannot ask %s: %s", program, strerror (-r)) : 0;
}

json_object *
tool_daemon_status (void)
{
  const char *const words[] = {"status", "--json", NULL};
  const char *program;
  json_object *status = NULL;
  return ask (words, &status, &program) < 0 ? NULL : status;
}

/* ---- Which instance ---- */

static const char *
get_text (json_object *o, const char *name)
{
  json_object *value = json_get (o, name, json_type_string);
  return value ? json_object_get_string (value) : "";
}

static bool
is_on (json_object *instance)
{
  json_object *value = json_get (instance, "enabled", json_type_boolean);
  return value && json_object_get_boolean (value);
}

/* The one that is meant when nobody named one; NULL: several. */
static const char *
choose (json_object *plugins)
{
  const char *found = PLUGIN;
  unsigned n = 0;
  if (is_on (json_get (plugins, PLUGIN, json_type_object)))
    return PLUGIN;
  json_object_object_foreach (plugins, name,
                              instance) if (is_on (instance) && strcmp (get_text (instance, "plugin"), PLUGIN) == 0)
  {
    found = name;
    n++;
  }
  return n > 1 ? NULL : found;
}

/* ---- Its options ---- */

static bool
get_number (json_object *o, const char *name, double *ret)
{
  json_object *value;
  if (!o || !json_object_object_get_ex (o, name, &value))
    return false;
  *ret = json_object_get_double (value);
  return json_object_is_type (value, json_type_double) || json_object_is_type (value, json_type_int);
}

static bool
take_option (const struct kk_option *option, json_object *from, struct options *to)
{
  void *member = (char *) to + option->offset;
  json_object *value;
  double number;
  if (!json_object_object_get_ex (from, option->name, &value))
    return false;
  switch (option->type) {
  case KK_OPTION_BOOL:
    *(bool *) member = json_object_get_boolean (value);
    return json_object_is_type (value, json_type_boolean);
  case KK_OPTION_DURATION:
    if (!get_number (from, option->name, &number))
      return false;
    *(int64_t *) member = (int64_t) (number * SECOND_NS);
    return true;
  case KK_OPTION_INT:
  case KK_OPTION_BYTES:
    *(int64_t *) member = json_object_get_int64 (value);
    return json_object_is_type (value, json_type_int);
  default:
    *(const char **) member = json_object_get_string (value);
    return json_object_is_type (value, json_type_string);
  }
}

static int
take_options (json_object *instance, struct tool_config *c, struct tool_fault *fault)
{
  json_object *from = json_get (instance, "options", json_type_object);
  if (strcmp (get_text (instance, "plugin"), PLUGIN) != 0)
    return fail (fault, -EINVAL, "'%s' is no instance of the plugin " PLUGIN, c->instance);
  for (int i = 0; i < OPTIONS; i++)
    if (!from || !take_option (&options_table[i], from, &c->options))
      return fail (fault, -EBADMSG, "the daemon knows no option '%s' of " PLUGIN ": the two are of different versions",
                   options_table[i].name);
  return 0;
}

/* ---- What else is of interest ---- */

/* An input's interval where that is longer than that of the samples. */
static int64_t
longer_interval (json_object *plugins, const char *plugin, double sample)
{
  double interval, longest = 0;
  json_object_object_foreach (plugins, name, instance)
  {
    (void) name;
    if (strcmp (get_text (instance, "plugin"), plugin) == 0 && get_number (instance, "interval", &interval) && interval > sample
        && interval > longest)
      longest = interval;
  }
  return (int64_t) (longest * SECOND_NS);
}

static const char *
recorded_dir (json_object *plugins, const char *data_dir)
{
  json_object_object_foreach (plugins, name, instance)
  {
    (void) name;
    const char *path = get_text (json_get (instance, "options", json_type_object), "path");
    if (strcmp (get_text (instance, "plugin"), "file-writer") == 0)
      return *path ? path : data_dir;
  }
  return data_dir;
}

int
tool_config_load (const char *instance, struct tool_config *ret, struct tool_fault *fault)
{
  struct tool_config c = {0};
  double sample = 0;
  int r = show (instance ? instance : PLUGIN, &c.whole, fault);
  if (r < 0)
    return r;
  json_object *plugins = json_get (c.whole, "plugins", json_type_object),
              *daemon = json_get (c.whole, "daemon", json_type_object);
  c.instance = instance ? instance : plugins ? choose (plugins) : PLUGIN;
  json_object *own = c.instance ? json_get (plugins, c.instance, json_type_object) : NULL;
  if (!c.instance)
    r = fail (fault, -EINVAL, "several instances of " PLUGIN " are on: say which one by --instance");
  else if (!own || !daemon || !get_number (daemon, "sample_interval", &sample))
    r = fail (fault, -EBADMSG, "the daemon does not say what '%s' is told", c.instance);
  else
    r = take_options (own, &c, fault);
  if (r < 0) {
    tool_config_free (&c);
    return r;
  }
  const char *file = get_text (c.whole, "config_file");
  c.enabled = is_on (own);
  c.config_file = *file ? file : NULL;
  c.data_dir = get_text (daemon, "data_dir");
  c.recorded_dir = recorded_dir (plugins, c.data_dir);
  c.cpu_ns = longer_interval (plugins, "cpu", sample);
  c.memory_ns = longer_interval (plugins, "memory", sample);
  *ret = c;
  return 0;
}

void
tool_config_free (struct tool_config *c)
{
  if (!c)
    return;
  json_object_put (c->whole);
  c->whole = NULL;
}
