/* config show --running: what the daemon that runs goes by, whatever its file says by now. */
#include <config.h>

#include "cli/config-command.h"

#include "cli/member.h"
#include "cli/running.h"
#include "control.h"
#include "text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ANSWER_MS = 10000 };

/* What there is to say when it does not tell. */
struct trouble {
  char text[600];
  bool runs, unknown; /* whether one runs; that cannot be told */
};

/* ---- Without an answer ---- */

static void
say_not_running (const struct places *places, struct trouble *t)
{
  struct running r;
  const int e = running_find (places, &r);
  t->runs = !e && (r.state == RUNNING_OURS || r.state == RUNNING_HIDDEN);
  if (!e && r.state == RUNNING_PYTHON)
    snprintf (t->text, sizeof t->text,
              "the Python library's daemon does not tell its configuration; restart switches to this one");
  else if (t->runs)
    snprintf (t->text, sizeof t->text, "the daemon does not answer: it is just starting or ending; try again");
  else
    snprintf (t->text, sizeof t->text, "not running; start it: " PROGRAM " start");
  if (!e)
    running_clear (&r);
}

static void
say_why_not (const struct places *places, int r, struct trouble *t)
{
  *t = (struct trouble){.runs = true};
  if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR)
    say_not_running (places, t);
  else if (r == -EACCES || r == -EPERM) {
    t->unknown = true;
    snprintf (t->text, sizeof t->text, "the daemon of %.400s is another user's: ask as that user, or as root",
              places->data_dir);
  } else
    snprintf (t->text, sizeof t->text, "the daemon does not answer: %s", strerror (-r));
}

/* An error of the daemon's own. */
static void
say_refused (const char *error, struct trouble *t)
{
  *t = (struct trouble){.runs = true};
  if (!strncmp (error, CONTROL_UNKNOWN, strlen (CONTROL_UNKNOWN)))
    snprintf (t->text, sizeof t->text,
              "the daemon that runs is of an older version and does not tell its configuration; restart it: " PROGRAM
              " restart");
  else
    snprintf (t->text, sizeof t->text, "the daemon that runs says: %.400s", error);
}

static int
fail (const struct places *places, const struct trouble *t, bool json)
{
  if (!json) {
    fprintf (stderr, PROGRAM ": %s\n", t->text);
    if (places->guessed && !t->runs)
      fprintf (stderr, PROGRAM ": the configuration cannot be read (see: config --check), so only %s was looked into\n",
               places->data_dir);
    return EXIT_FAILED;
  }
  struct buf BUF_CLEANUP b = {0};
  buf_adds (&b, "{\"error\":");
  text_json_string (&b, t->text, strlen (t->text));
  buf_printf (&b, ",\"running\":%s,\"data_dir\":", t->unknown ? "null" : t->runs ? "true" : "false");
  text_json_string (&b, places->data_dir, strlen (places->data_dir));
  buf_adds (&b, "}\n");
  if (!b.error)
    fwrite (b.data, 1, b.len, stdout);
  return EXIT_FAILED;
}

/* ---- The answer ---- */

static void
print (struct json_object *answer, bool json)
{
  if (json)
    puts (json_object_to_json_string_ext (answer, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  else
    fputs (member_text (answer, "yaml"), stdout);
}

static int
ask (const struct places *places, const char *instance, bool json)
{
  struct buf BUF_CLEANUP question = {0};
  struct json_object *answer = NULL;
  struct trouble t;
  buf_printf (&question, "{\"command\":\"config\",\"yaml\":%s", json ? "false" : "true");
  if (instance) {
    buf_adds (&question, ",\"instance\":");
    text_json_string (&question, instance, strlen (instance));
  }
  buf_adds (&question, "}");
  const int r = question.error ? question.error : running_ask (places->data_dir, question.data, ANSWER_MS, &answer);
  if (r)
    say_why_not (places, r, &t);
  else if (*member_text (answer, "error"))
    say_refused (member_text (answer, "error"), &t);
  else {
    print (answer, json);
    json_object_put (answer);
    return EXIT_OK;
  }
  json_object_put (answer);
  return fail (places, &t, json);
}

int
config_running (const struct command_call *call)
{
  struct places places;
  if (places_find (call->config_file, &places) < 0)
    return EXIT_FAILED;
  const int status = ask (&places, call->n_arguments > 1 ? call->arguments[1] : NULL, command_given (call, "json"));
  places_clear (&places);
  return status;
}
