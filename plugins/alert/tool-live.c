#include "tool-live.h"

#include "control.h"
#include "tool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 10000 };

static int
receive (struct control_client *c, json_object **ret)
{
  char *line;
  int r = control_receive (c, ANSWER_MS, &line);
  if (r)
    return r;
  *ret = json_tokener_parse (line);
  free (line);
  return *ret ? 0 : -EPROTO;
}

static int
take_samples (struct control_client *c, size_t most, struct tool_live *l)
{
  json_object *one = NULL, *other;
  for (;;) {
    int r = receive (c, &one);
    if (r)
      return r;
    /* Tables can be called so, too. */
    const bool end = (json_object_object_get_ex (one, "end", &other) && json_object_is_type (other, json_type_boolean))
                     || (json_object_object_get_ex (one, "error", &other) && json_object_is_type (other, json_type_string));
    if (end || l->n == most)
      json_object_put (one);
    else
      l->samples[l->n++] = one;
    if (end)
      return 0;
  }
}

static int
ask (struct control_client *c, size_t most, struct tool_live *l)
{
  char question[80];
  json_object *error;
  snprintf (question, sizeof question, "{\"command\":\"samples\",\"last\":%zu}", most);
  int r = control_send (c, "{\"command\":\"schema\"}");
  if (!r)
    r = receive (c, &l->schema);
  if (!r && json_object_object_get_ex (l->schema, "error", &error)) { /* nothing was collected yet, or it is an older daemon */
    json_object_put (l->schema);
    l->schema = NULL;
  }
  if (!r)
    r = control_send (c, question);
  return r ? r : take_samples (c, most, l);
}

int
tool_live_ask (const char *data_dir, size_t most, struct tool_live *ret)
{
  struct tool_live l = {.samples = calloc (most + 1, sizeof *l.samples)};
  struct control_client *c;
  int r = l.samples ? control_connect (data_dir, ANSWER_MS, &c) : -ENOMEM;
  if (!r) {
    l.running = true;
    r = ask (c, most, &l);
    control_disconnect (c);
  } else if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR)
    r = 0;
  if (r) {
    fprintf (stderr, TOOL_NAME ": the daemon does not answer: %s\n", strerror (-r));
    tool_live_free (&l);
    return r;
  }
  *ret = l;
  return 0;
}

void
tool_live_free (struct tool_live *l)
{
  for (size_t i = 0; i < l->n; i++)
    json_object_put (l->samples[i]);
  free (l->samples);
  json_object_put (l->schema);
  *l = (struct tool_live){0};
}
