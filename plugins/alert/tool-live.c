#include "tool-live.h"

#include "control.h"
#include "past.h"
#include "text.h"
#include "tool.h"
#include "tool/tool-fail.h"
#include "tool/tool-json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 10000, MOST_BYTES = 32 << 20, MOST_QUESTION = 4000, MOST_TABLES = 64 };

/* ---- Which tables ---- */

static void
add_table (struct buf *b, const char *name, size_t *n)
{
  buf_adds (b, (*n)++ ? "," : "");
  text_json_string (b, name, strlen (name));
}

/* What rules look at. Without any of it (an older daemon's schema, too long a list) the question is for all tables. */
static void
add_tables (struct buf *b, const struct tool_config *c, json_object *schema)
{
  struct buf BUF_CLEANUP list = {0};
  bool wanted[MOST_TABLES] = {false};
  struct past *past = NULL;
  struct kk_table table;
  size_t n = 0;
  if (past_new (schema, c->interval_ns, true, &past))
    return;
  for (uint32_t i = 0; i < c->watches.n; i++) {
    struct expression_binding *binding = NULL;
    struct expression_fault fault;
    const int r = expression_bind (c->watches.items[i].expression, past_schema (past), &binding, &fault);
    for (uint32_t j = 0, t; (!r || r == -ENOENT) && expression_table (binding, j, &t); j++)
      if (t < MOST_TABLES)
        wanted[t] = true;
    expression_unbind (binding);
  }
  add_table (&list, "alerts", &n);
  for (uint32_t t = 0; t < MOST_TABLES; t++)
    if (wanted[t] && !kk_schema_table (past_schema (past), t, &table))
      add_table (&list, table.name, &n);
  past_free (past);
  if (!list.error && list.len < MOST_QUESTION && n <= MOST_TABLES)
    buf_printf (b, ",\"tables\":[%s]", list.data);
}

/* ---- Asking ---- */

static void
drop (struct tool_live *l)
{
  for (size_t i = 0; i < l->n; i++)
    free (l->samples[i]);
  l->n = 0;
}

/* {"end":true,…} or {"error":"…"}: short lines. Tables can be called so, too. */
static bool
is_end (const char *line, bool *ret_error)
{
  json_object *o = strlen (line) < MOST_QUESTION ? json_tokener_parse (line) : NULL;
  const bool end = tool_member (o, "end", json_type_boolean);
  *ret_error = tool_member (o, "error", json_type_string);
  json_object_put (o);
  return end || *ret_error;
}

/* -EFBIG: that was refused, as too much for one answer. */
static int
take (struct control_client *c, const char *tables, size_t most, struct tool_live *l)
{
  struct buf BUF_CLEANUP question = {0};
  buf_printf (&question, "{\"command\":\"samples\",\"last\":%zu%s}", most, tables);
  int r = question.error ? question.error : control_send (c, question.data);
  drop (l);
  for (bool error = false; !r;) {
    char *line;
    r = control_receive (c, ANSWER_MS, &line);
    if (!r && is_end (line, &error)) {
      free (line);
      return error ? -EFBIG : 0;
    }
    if (!r && l->n < most)
      l->samples[l->n++] = line;
    else if (!r)
      free (line);
  }
  return r;
}

/* *ret stays where it answers that it cannot: nothing was collected yet, or it is an older daemon. */
static int
take_object (struct control_client *c, const char *question, json_object **ret)
{
  char *line;
  int r = control_send (c, question);
  if (!r)
    r = control_receive (c, ANSWER_MS, &line);
  if (r)
    return r;
  json_object *o = json_tokener_parse (line);
  free (line);
  if (!o)
    return -EPROTO;
  if (tool_member (o, "error", json_type_string))
    json_object_put (o);
  else
    *ret = o;
  return 0;
}

/* The last one says how big they are, and so how many of them may be asked for. */
static int
ask (struct control_client *c, const struct tool_config *config, size_t most, struct tool_live *l)
{
  struct buf BUF_CLEANUP tables = {0};
  int r = take_object (c, "{\"command\":\"status\"}", &l->status);
  if (!r)
    r = take_object (c, "{\"command\":\"schema\"}", &l->schema);
  if (!r && l->schema)
    add_tables (&tables, config, l->schema);
  const char *which = tables.data && !tables.error ? tables.data : "";
  if (!r)
    r = take (c, which, 1, l);
  if (r || !l->n)
    return r;
  size_t fit = MOST_BYTES / (strlen (l->samples[0]) + 1);
  for (fit = fit < most ? fit : most; fit > 1; fit /= 2) {
    r = take (c, which, fit, l);
    if (r != -EFBIG)
      return r;
  }
  return r ? take (c, which, 1, l) : 0;
}

int
tool_live_ask (const struct tool_config *config, size_t most, struct tool_live *ret)
{
  struct tool_live l = {.samples = calloc (most + 1, sizeof *l.samples)};
  struct control_client *c;
  int r = l.samples ? control_connect (config->data_dir, ANSWER_MS, &c) : -ENOMEM;
  if (!r) {
    l.running = true;
    r = ask (c, config, most, &l);
    control_disconnect (c);
  } else if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR)
    r = 0;
  if (r) {
    tool_live_free (&l);
    if (r == -EACCES || r == -EPERM)
      return tool_fail (r, "the daemon of %s is another user's: ask as that user, or as root", config->data_dir);
    return r == -EFBIG ? tool_fail (r, "the daemon's last sample is too much for one answer")
                       : tool_fail (r, "the daemon does not answer: %s", strerror (-r));
  }
  *ret = l;
  return 0;
}

void
tool_live_free (struct tool_live *l)
{
  drop (l);
  free (l->samples);
  json_object_put (l->status);
  json_object_put (l->schema);
  *l = (struct tool_live){0};
}
