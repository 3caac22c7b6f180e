#include "buf.h"
#include "cli/command.h"
#include "cli/member.h"
#include "cli/stop.h"
#include "cli/table.h"
#include "control.h"
#include "text.h"
#include "units.h"

#include <errno.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { ANSWER_MS = 5000, HEADER_EVERY = 20, TOP_WIDTH = 15 };

static const struct command_option options[] = {
    {"lines", 'n', "N", "Show N samples and end: those that are in memory, then new ones"},
    {"json", 0, NULL, "One JSON object per line instead, with all that was collected"},
};

struct view {
  bool json;
  int64_t left; /* samples still to show; -1: no end */
  int64_t shown;
  double last_time;
  double bytes_sent, bytes_received; /* of the sample before; < 0: not known */
};

/* A number, or "-" where it is not known. */
static void
print_number (double value, int width, int decimals)
{
  if (value < 0)
    printf ("%*s ", width, "-");
  else
    printf ("%*.*f ", width, decimals, value);
}

static void
print_rate (double now, double before, double seconds)
{
  BUF_CLEANUP struct buf b = {.max = 64};
  if (now < 0 || before < 0 || now < before || seconds <= 0)
    buf_adds (&b, "-");
  else
    text_bytes (&b, (uint64_t)((now - before) / seconds));
  printf ("%10s ", b.error ? "?" : b.data);
}

static void
print_processes (struct json_object *processes)
{
  double most = -1;
  char name[64] = "-";
  if (!processes) {
    printf ("%5s %s\n", "-", "-");
    return;
  }
  json_object_object_foreach (processes, key, row)
  {
    double cpu = member_number (row, "cpu_percent", -1);
    if (cpu <= most)
      continue;
    most = cpu;
    struct json_object *named = member (row, "name");
    snprintf (name, sizeof name, "%.0f%% %.40s", cpu, named ? json_object_get_string (named) : key);
  }
  table_clean (name);
  printf ("%5d %.*s\n", json_object_object_length (processes), TOP_WIDTH, name);
}

static void
print_time (double timestamp)
{
  char text[16] = "-";
  struct tm local;
  time_t t = (time_t)timestamp;
  if (localtime_r (&t, &local))
    strftime (text, sizeof text, "%H:%M:%S", &local);
  printf ("%-8s ", text);
}

static void
print_sample (struct view *v, struct json_object *o, double timestamp)
{
  struct json_object *system = member (o, "system"), *network = member (o, "network");
  if (v->shown == 0 || (isatty (STDOUT_FILENO) && v->shown % HEADER_EVERY == 0))
    printf ("%-8s %5s %5s %7s %6s %10s %10s %5s %s\n", "TIME", "CPU %", "MEM %", "MEM GiB", "LOAD", "IN /s", "OUT /s", "PROCS",
            "TOP PROCESS");
  double used = member_number (system, "memory_used_mb", -1);
  double sent = member_number (network, "bytes_sent", -1), received = member_number (network, "bytes_recv", -1);
  print_time (timestamp);
  print_number (member_number (system, "cpu_percent", -1), 5, 1);
  print_number (member_number (system, "memory_percent", -1), 5, 1);
  print_number (used < 0 ? used : used / 1024, 7, 2);
  print_number (member_number (system, "load_avg_1m", -1), 6, 2);
  print_rate (received, v->bytes_received, timestamp - v->last_time);
  print_rate (sent, v->bytes_sent, timestamp - v->last_time);
  print_processes (member (o, "processes"));
  v->bytes_sent = sent;
  v->bytes_received = received;
}

/* 0: more is wanted; 1: that was the last. */
static int
show (struct view *v, const char *line, bool *ret_end)
{
  struct json_object *o = json_tokener_parse (line), *error = member (o, "error");
  double timestamp = member_number (o, "timestamp", -1);
  *ret_end = member (o, "end") != NULL;
  if (error)
    fprintf (stderr, PROGRAM ": %s\n", json_object_get_string (error));
  if (o && !error && !*ret_end && timestamp > v->last_time) {
    if (v->json)
      puts (line);
    else
      print_sample (v, o, timestamp);
    fflush (stdout);
    v->last_time = timestamp;
    v->shown++;
    v->left -= v->left > 0;
  }
  json_object_put (o);
  return error ? -EPROTO : v->left == 0;
}

static int
show_kept (const char *data_dir, struct view *v)
{
  char question[80];
  struct control_client *c;
  int r = control_connect (data_dir, ANSWER_MS, &c);
  if (r < 0)
    return r;
  snprintf (question, sizeof question, "{\"command\":\"samples\",\"last\":%lld}", (long long)v->left);
  r = control_send (c, question);
  for (bool end = false; r == 0 && !end;) {
    char *line;
    r = control_receive (c, ANSWER_MS, &line);
    if (r < 0)
      break;
    r = show (v, line, &end);
    free (line);
  }
  control_disconnect (c);
  return r;
}

/* New samples queue up on this connection while the kept ones are shown on another. */
static int
follow (const char *data_dir, struct view *v)
{
  struct control_client *c;
  bool end;
  int r = control_connect (data_dir, ANSWER_MS, &c);
  if (r < 0)
    return r;
  r = control_send (c, "{\"command\":\"tail\"}");
  if (!r && v->left > 0)
    r = show_kept (data_dir, v);
  while (r == 0 && !ferror (stdout)) {
    char *line;
    r = control_receive (c, -1, &line);
    if (r < 0)
      break;
    r = show (v, line, &end);
    free (line);
  }
  control_disconnect (c);
  return r;
}

static int
run (const struct command_call *call)
{
  struct view v = {.json = command_given (call, "json"), .left = -1, .last_time = -1, .bytes_sent = -1, .bytes_received = -1};
  const char *lines = command_value (call, "lines");
  if (lines && (units_i64 (lines, &v.left) < 0 || v.left < 1)) {
    fprintf (stderr, PROGRAM ": --lines takes a number from 1, not '%s'\n", lines);
    return EXIT_USAGE;
  }
  struct places places;
  if (places_find (call->config_file, &places) < 0)
    return EXIT_FAILED;
  int r = follow (places.data_dir, &v);
  if (r == -ENOENT || r == -ECONNREFUSED || r == -ENOTDIR)
    fputs (PROGRAM ": not running; start it: " PROGRAM " start\n", stderr);
  else if (r == -EPIPE)
    fputs (PROGRAM ": the daemon has ended\n", stderr);
  else if (r < 0 && r != -EPROTO)
    fprintf (stderr, PROGRAM ": the daemon does not answer: %s\n", strerror (-r));
  places_clear (&places);
  return r < 0 ? EXIT_FAILED : EXIT_OK;
}

const struct command command_tail = {
    .name = "tail",
    .summary = "Show each sample as it is taken",
    .text = "One line per sample, until Ctrl-C. IN and OUT are bytes a second over all\n"
            "network interfaces that are counted, PROCS is the number of tracked processes.",
    COMMAND_OPTIONS (options),
    .run = run,
};
