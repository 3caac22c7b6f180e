#include "cli/command.h"
#include "cli/member.h"
#include "cli/stop.h"

#include "plan.h"

#include <errno.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { RELOAD_MS = 60000, STATUS_MS = 10000 };

static void
print_faults (struct json_object *answer)
{
  struct json_object *faults;
  if (!json_object_object_get_ex (answer, "faults", &faults))
    return;
  for (size_t i = 0; i < json_object_array_length (faults); i++) {
    struct json_object *f = json_object_array_get_idx (faults, i);
    fprintf (stderr, "%s:%s:%s: %s: %s\n", member_text (f, "file"), member_text (f, "line"), member_text (f, "column"), member_text (f, "severity"),
             member_text (f, "text"));
  }
}

/* Says of each instance what happens to it; without `all` only of those to which something does. */
static void
print_changes (struct json_object *answer, bool all)
{
  struct json_object *changes;
  if (!json_object_object_get_ex (answer, "changes", &changes))
    return;
  for (size_t i = 0; i < json_object_array_length (changes); i++) {
    struct json_object *c = json_object_array_get_idx (changes, i);
    const char *why = member_text (c, "why");
    if (all || *why)
      printf ("  %-8s %s%s%s\n", member_text (c, "change"), member_text (c, "instance"), *why ? ": " : "", why);
  }
}

static int
say (struct json_object *answer, bool dry, bool json)
{
  struct json_object *error;
  bool failed = json_object_object_get_ex (answer, "error", &error);
  if (json) {
    puts (json_object_to_json_string_ext (answer, JSON_C_TO_STRING_PRETTY));
    return failed ? EXIT_FAILED : EXIT_OK;
  }
  print_faults (answer);
  if (failed) {
    fprintf (stderr, PROGRAM ": %s: %s\n", dry ? "a reload would fail" : "not reloaded, the daemon goes on as before",
             json_object_get_string (error));
    return EXIT_FAILED;
  }
  puts (dry ? "A reload would do this:" : PROGRAM ": reloaded");
  print_changes (answer, dry);
  return EXIT_OK;
}

static int
ask (const struct places *places, bool dry, bool json)
{
  struct json_object *answer;
  const char *request = dry ? "{\"command\":\"reload\",\"dry_run\":true}" : "{\"command\":\"reload\"}";
  int r = running_ask (places->data_dir, request, RELOAD_MS, &answer);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": the daemon does not answer: %s\n", strerror (-r));
    return EXIT_FAILED;
  }
  int status = say (answer, dry, json);
  json_object_put (answer);
  return status;
}

static bool
is_same_file (const char *a, const char *b)
{
  struct stat x, y;
  return strcmp (a, b) == 0 || (stat (a, &x) == 0 && stat (b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino);
}

/* It goes on with the file that it was started with, whatever file led to it here. */
static bool
reads_another (const struct places *places, const struct running *r, const char *given)
{
  struct json_object *status = NULL;
  char *found = NULL;
  if (running_ask (places->data_dir, "{\"command\":\"status\"}", STATUS_MS, &status) < 0)
    return false; /* what is wrong is said where the reload is asked for */
  if (!r->holder.config_file)
    plan_find_config (NULL, &found);
  const char *now = member_text (status, "config_file"), *next = r->holder.config_file ? r->holder.config_file : found;
  bool another = !is_same_file (given, now) && !(next && is_same_file (given, next));
  if (another)
    fprintf (stderr, PROGRAM ": the running daemon reads %s, not %s; restart with it: " PROGRAM " -c %s restart\n",
             *now ? now : "no file", given, given);
  free (found);
  json_object_put (status);
  return another;
}

static int
run (const struct command_call *call)
{
  struct places places;
  struct running r;
  int status = EXIT_FAILED;
  if (stop_find (call->config_file, &places, &r) < 0)
    return EXIT_FAILED;
  if (r.state == RUNNING_OURS && call->config_file && reads_another (&places, &r, call->config_file))
    status = EXIT_FAILED;
  else if (r.state == RUNNING_OURS)
    status = ask (&places, command_given (call, "dry-run"), command_given (call, "json"));
  else
    fputs (r.state == RUNNING_PYTHON ? PROGRAM ": the Python library's daemon cannot reload; restart switches to this one\n"
                                     : PROGRAM ": not running; start it: " PROGRAM " start\n",
           stderr);
  running_clear (&r);
  places_clear (&places);
  return status;
}

static const struct command_option options[] = {
    {.name = "dry-run", .letter = 'n', .help = "Say what would start, stop and start anew, and why; change nothing"},
    {.name = "json", .help = "The answer for programs"},
};

const struct command command_reload = {
    .name = "reload",
    .summary = "Let the running daemon read its configuration again",
    .text = "Returns 0 once the new configuration is in force. When it has errors they are\n"
            "said and the daemon goes on as before. What the change does not concern goes on\n"
            "with all it has, no sample is lost. The log is opened anew as well. data_dir,\n"
            "log_file and pid_file change with a restart only.",
    COMMAND_OPTIONS (options),
    .run = run,
};
