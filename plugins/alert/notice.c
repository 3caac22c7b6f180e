/* What one message is for actions. */
#include "notice.h"

#include "record.h"
#include "wording.h"

#include <errno.h>
#include <stdlib.h>

/* What a program needs to find its way; other variables of the daemon are not its business. */
static const char *const passed[] = {
  "PATH", "HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TZ", "SHELL", "DISPLAY", "XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"};
enum {
  N_PASSED = sizeof passed / sizeof *passed,
  N_OWN = 10,
  MOST_VARIABLE = 100 << 10 /* a program gets none above 128 KiB */
};

struct env {
  char **items;
  uint32_t n;
  bool failed;
};

__attribute__ ((format (printf, 2, 3))) static void
add (struct env *e, const char *format, ...)
{
  struct buf b = {.max = 2 << 20};
  va_list args;
  char number[512];
  va_start (args, format);
  int n = vsnprintf (number, sizeof number, format, args);
  va_end (args);
  if (n >= 0 && (size_t) n < sizeof number)
    buf_adds (&b, number);
  else if (n >= 0 && buf_reserve (&b, (size_t) n + 1)) {
    va_start (args, format);
    vsnprintf (b.data, (size_t) n + 1, format, args);
    va_end (args);
    b.len = (size_t) n;
  }
  if (b.error || !b.data) {
    e->failed = true;
    buf_free (&b);
  } else
    e->items[e->n++] = b.data;
}

static char **
make_env (const struct watch *w, const char *name, const char *unit, const struct alert_message *m, const char *line,
          const char *json)
{
  struct env e = {.items = calloc (N_PASSED + N_OWN + 1, sizeof (char *))};
  const struct alert_item *first = m->n_items ? m->items[0] : NULL;
  if (!e.items)
    return NULL;
  for (size_t i = 0; i < N_PASSED; i++) {
    const char *value = getenv (passed[i]);
    if (value)
      add (&e, "%s=%s", passed[i], value);
  }
  add (&e, "KK_ALERT_RULE=%s", name);
  add (&e, "KK_ALERT_CHANGE=%s", m->change == ALERT_SUMMARY ? "summary" : alert_change_name (m->change));
  add (&e, "KK_ALERT_SEVERITY=%s", w ? watch_severity (w) : "info");
  add (&e, "KK_ALERT_TEXT=%.*s", MOST_VARIABLE, line);
  add (&e, "KK_ALERT_ROW=%s", first ? first->row : "");
  if (first && first->has_value)
    add (&e, "KK_ALERT_VALUE=%.10g", first->value);
  add (&e, "KK_ALERT_UNIT=%s", unit);
  add (&e, "KK_ALERT_TOTAL=%u", m->total);
  if (strlen (json) < MOST_VARIABLE)
    add (&e, "KK_ALERT_JSON=%s", json);
  if (!e.failed)
    return e.items;
  for (uint32_t i = 0; i < e.n; i++)
    free (e.items[i]);
  free (e.items);
  return NULL;
}

int
notice_new (const struct watch *w, const char *name, const char *unit, const struct alert_message *m, int64_t wall_ns,
            struct notice **ret)
{
  struct buf line = {.max = 256 << 10}, json = {.max = 1 << 20};
  struct notice *n = calloc (1, sizeof *n);
  wording_line (&line, w, name, unit, m);
  wording_json (&json, w, name, unit, m, wall_ns);
  if (n && !line.error && !json.error)
    n->env = make_env (w, name, unit, m, line.data, json.data);
  if (!n || !n->env) {
    free (n);
    buf_free (&line);
    buf_free (&json);
    return -ENOMEM;
  }
  n->line = line.data;
  n->json = json.data;
  *ret = n;
  return 0;
}

void
notice_free (struct notice *n)
{
  if (!n)
    return;
  for (char **e = n->env; e && *e; e++)
    free (*e);
  free (n->env);
  free (n->line);
  free (n->json);
  free (n);
}
