#include "facts.h"

#include "json-line.h"
#include "record.h"
#include "text.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct facts {
  const char *json;
  size_t length;
  json_object *object, *first; /* of the rows */
};

/* What a program needs to find its way; other variables of the daemon are not its business. */
static const char *const passed[] = {
  "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "SHELL", "DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"};
static const struct name {
  const char *name;
  bool of_row;
} names[] = {{"id", false},     {"time", false}, {"host", false}, {"rule", false}, {"severity", false},
             {"change", false}, {"text", false}, {"when", false}, {"unit", false}, {"total", false},
             {"row", true},     {"value", true}, {"since", true}};
enum {
  N_PASSED = sizeof passed / sizeof *passed,
  N_NAMES = sizeof names / sizeof *names,
  MOST_VARIABLE = 100 << 10 /* a program gets none above 128 KiB */
};

int
facts_read (const char *json, size_t length, struct facts **ret)
{
  struct facts *f = calloc (1, sizeof *f);
  json_object *rows;
  if (!f)
    return -ENOMEM;
  *f = (struct facts){.json = json, .length = length};
  int r = alert_json_read (json, length, &f->object);
  if (r) {
    free (f);
    return r;
  }
  if (json_object_object_get_ex (f->object, "rows", &rows) && json_object_get_type (rows) == json_type_array)
    f->first = json_object_array_get_idx (rows, 0);
  *ret = f;
  return 0;
}

void
facts_free (struct facts *f)
{
  if (!f)
    return;
  alert_json_drop (&f->object);
  free (f);
}

static const struct name *
find (const char *name, size_t length)
{
  for (size_t i = 0; i < N_NAMES; i++)
    if (strlen (names[i].name) == length && !memcmp (names[i].name, name, length))
      return &names[i];
  return NULL;
}

bool
facts_is_name (const char *name, size_t length)
{
  return find (name, length);
}

const char *
facts_names (void)
{
  return "id, time, host, rule, severity, change, text, when, unit, total, row, value, since";
}

static void
add_value (struct buf *b, json_object *value)
{
  if (json_object_get_type (value) == json_type_string)
    buf_add (b, json_object_get_string (value), (size_t) json_object_get_string_len (value));
  else if (json_object_get_type (value) == json_type_int)
    buf_printf (b, "%lld", (long long) json_object_get_int64 (value));
  else if (json_object_get_type (value) == json_type_double)
    buf_printf (b, "%.10g", json_object_get_double (value));
}

/* As it was written: a time has more digits than are worth the same elsewhere. */
static void
add_time (struct buf *b, json_object *value)
{
  if (json_object_get_type (value) == json_type_double)
    buf_printf (b, "%.3f", json_object_get_double (value));
  else
    add_value (b, value);
}

bool
facts_add (const struct facts *f, const char *text, size_t length, struct buf *b)
{
  const struct name *name = find (text, length);
  json_object *from = !name ? NULL : name->of_row ? f->first : f->object, *value;
  if (!from || !json_object_object_get_ex (from, name->name, &value))
    return name;
  if (!strcmp (name->name, "time") || !strcmp (name->name, "since"))
    add_time (b, value);
  else
    add_value (b, value);
  return true;
}

/* ---- A program's environment ---- */

struct env {
  char **items;
  uint32_t n;
  bool failed;
};

static void
add_variable (struct env *e, const char *name, const char *text, size_t length)
{
  struct buf b = {0};
  buf_printf (&b, "%s=", name);
  buf_add (&b, text, length);
  if (b.error) {
    e->failed = true;
    buf_free (&b);
    return;
  }
  e->items[e->n++] = b.data;
}

static void
add_fact (struct env *e, const struct facts *f, const struct name *name)
{
  BUF_CLEANUP struct buf text = {0};
  char variable[32] = "KK_ALERT_";
  size_t n = strlen (variable);
  for (const char *p = name->name; *p && n < sizeof variable - 1; p++)
    variable[n++] = (char) toupper ((unsigned char) *p);
  variable[n] = 0;
  facts_add (f, name->name, strlen (name->name), &text);
  const bool is_value = !strcmp (name->name, "value") || !strcmp (name->name, "since");
  e->failed |= text.error != 0;
  if (text.len || !is_value) /* what is not known is not there */
    add_variable (e, variable, text.data ? text.data : "", text.len < MOST_VARIABLE ? text.len : MOST_VARIABLE);
}

char **
facts_environment (const struct facts *f)
{
  struct env e = {.items = calloc (N_PASSED + N_NAMES + 2, sizeof (char *))};
  if (!e.items)
    return NULL;
  for (size_t i = 0; i < N_PASSED; i++) {
    const char *value = getenv (passed[i]);
    if (value)
      add_variable (&e, passed[i], value, strlen (value));
  }
  for (size_t i = 0; i < N_NAMES; i++)
    add_fact (&e, f, &names[i]);
  if (f->length < MOST_VARIABLE)
    add_variable (&e, "KK_ALERT_JSON", f->json, f->length);
  if (!e.failed)
    return e.items;
  facts_environment_free (e.items);
  return NULL;
}

void
facts_environment_free (char **env)
{
  for (char **one = env; one && *one; one++)
    free (*one);
  free (env);
}
