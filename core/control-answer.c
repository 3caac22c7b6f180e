#include "control-answer.h"

#include "control.h"
#include "text.h"

#include <errno.h>
#include <json-c/json.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TABLES = 64 };

void
control_answer_error (struct buf *out, const char *text)
{
  struct json_object *o = json_object_new_object ();
  json_object_object_add (o, "error", json_object_new_string (text));
  buf_adds (out, json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN));
  buf_addc (out, '\n');
  json_object_put (o);
}

/* False: that is no list of tables. */
static bool
take_tables (struct json_object *request, const char *names[MAX_TABLES], struct control_question *q)
{
  struct json_object *list;
  if (!json_object_object_get_ex (request, "tables", &list))
    return true;
  if (!json_object_is_type (list, json_type_array) || json_object_array_length (list) > MAX_TABLES)
    return false;
  q->tables = names;
  for (; q->n_tables < json_object_array_length (list); q->n_tables++) {
    struct json_object *name = json_object_array_get_idx (list, q->n_tables);
    if (!json_object_is_type (name, json_type_string))
      return false;
    names[q->n_tables] = json_object_get_string (name);
  }
  return true;
}

static void
answer_samples (const struct control_commands *commands, struct buf *out, struct json_object *request)
{
  const char *names[MAX_TABLES];
  struct control_question q = {.last = 10};
  struct json_object *last;
  uint64_t written = 0;
  if (json_object_object_get_ex (request, "last", &last)) {
    int64_t wanted = json_object_get_int64 (last);
    q.last = wanted > 0 ? (uint64_t) wanted : 0;
  }
  if (!take_tables (request, names, &q)) {
    control_answer_error (out, "tables is a list of names, at most 64");
    return;
  }
  size_t before = out->len;
  int r = commands->samples (commands->arg, &q, out, &written);
  if (r || out->error) {
    out->error = 0;
    out->len = before;
    control_answer_error (out, r == -EFBIG || !r ? "too much for one answer: ask for fewer samples" : strerror (-r));
    return;
  }
  buf_printf (out, "{\"end\":true,\"samples\":%llu}\n", (unsigned long long) written);
}

static void
answer_schema (const struct control_commands *commands, struct buf *out)
{
  if (commands->schema (commands->arg, out))
    control_answer_error (out, "nothing was collected yet");
}

static void
answer_config (const struct control_commands *commands, struct buf *out, struct json_object *request)
{
  struct json_object *name = NULL, *yaml;
  const bool is_yaml = json_object_object_get_ex (request, "yaml", &yaml) && json_object_get_boolean (yaml);
  json_object_object_get_ex (request, "instance", &name);
  if (name && !json_object_is_type (name, json_type_string)) {
    control_answer_error (out, "instance is a name");
    return;
  }
  struct buf BUF_CLEANUP text = {0};
  const char *instance = name ? json_object_get_string (name) : NULL;
  const int r = commands->config (commands->arg, instance, !is_yaml, &text);
  if (r || text.error) {
    char why[160];
    snprintf (why, sizeof why, "no instance '%.100s' is on", instance ? instance : "");
    control_answer_error (out, r == -ENOENT ? why : strerror (r ? -r : -text.error));
    return;
  }
  if (is_yaml) {
    buf_adds (out, "{\"yaml\":");
    text_json_string (out, text.data, text.len);
    buf_adds (out, "}\n");
  } else
    buf_add (out, text.data, text.len);
}

static void
answer_reload (const struct control_commands *commands, struct buf *out, struct json_object *request)
{
  struct json_object *o = json_object_new_object (), *dry;
  char *reason = NULL;
  bool is_dry = json_object_object_get_ex (request, "dry_run", &dry) && json_object_get_boolean (dry);
  int r = commands->reload (commands->arg, is_dry, o, &reason);
  if (r)
    json_object_object_add (o, "error", json_object_new_string (reason ? reason : strerror (-r)));
  else
    json_object_object_add (o, "ok", json_object_new_boolean (true));
  buf_adds (out, json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN));
  buf_addc (out, '\n');
  json_object_put (o);
  free (reason);
}

/* False: there is no such command. */
static bool
answer (const struct control_commands *commands, const char *command, struct json_object *request, struct buf *out)
{
  if (!strcmp (command, "status")) {
    commands->status (commands->arg, out);
    buf_addc (out, '\n');
  } else if (!strcmp (command, "samples"))
    answer_samples (commands, out, request);
  else if (!strcmp (command, "schema"))
    answer_schema (commands, out);
  else if (!strcmp (command, "config"))
    answer_config (commands, out, request);
  else if (!strcmp (command, "reload"))
    answer_reload (commands, out, request);
  else if (!strcmp (command, "stop")) {
    commands->stop (commands->arg);
    buf_adds (out, "{\"ok\":true}\n");
  } else
    return false;
  return true;
}

enum control_answer
control_answer (const struct control_commands *commands, const char *line, struct buf *out)
{
  enum control_answer ret = CONTROL_ANSWERED;
  struct json_object *request = json_tokener_parse (line), *command = NULL;
  if (!request || !json_object_is_type (request, json_type_object) || !json_object_object_get_ex (request, "command", &command)
      || !json_object_is_type (command, json_type_string))
    control_answer_error (out, "not understood: send one line of JSON such as {\"command\":\"status\"}");
  else if (!strcmp (json_object_get_string (command), "tail"))
    ret = CONTROL_FOLLOWS;
  else if (!answer (commands, json_object_get_string (command), request, out))
    control_answer_error (out, CONTROL_UNKNOWN ": status, samples, schema, config, tail, reload and stop are known");
  json_object_put (request);
  return ret;
}
