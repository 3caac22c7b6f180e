#include "cli/command.h"
#include "cli/stop.h"

#include <errno.h>
#include <json.h>
#include <string.h>

enum { RELOAD_MS = 60000 };

static int
ask (const struct places *places)
{
  struct json_object *answer, *error;
  int r = running_ask (places->data_dir, "{\"command\":\"reload\"}", RELOAD_MS, &answer);
  if (r < 0) {
    fprintf (stderr, PROGRAM ": the daemon does not answer: %s\n", strerror (-r));
    return EXIT_FAILED;
  }
  int status = EXIT_OK;
  if (json_object_object_get_ex (answer, "error", &error)) {
    fprintf (stderr, PROGRAM ": not reloaded, the daemon goes on as before: %s\n", json_object_get_string (error));
    status = EXIT_FAILED;
  } else {
    puts (PROGRAM ": reloaded");
  }
  json_object_put (answer);
  return status;
}

static int
run (const struct command_call *call)
{
  struct places places;
  struct running r;
  int status = EXIT_FAILED;
  if (stop_find (call->config_file, &places, &r) < 0)
    return EXIT_FAILED;
  if (r.state == RUNNING_OURS)
    status = ask (&places);
  else
    fputs (r.state == RUNNING_PYTHON ? PROGRAM ": the Python library's daemon cannot reload; restart switches to this one\n"
                                     : PROGRAM ": not running\n",
           stderr);
  running_clear (&r);
  places_clear (&places);
  return status;
}

const struct command command_reload = {
    .name = "reload",
    .summary = "Let the running daemon read its configuration again",
    .text = "Returns 0 once the new configuration is in force. When it has errors they are\n"
            "said and the daemon goes on as before. The log is opened anew as well.",
    .run = run,
};
