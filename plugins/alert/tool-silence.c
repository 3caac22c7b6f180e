/* alerts silence: adds, lists and ends silences. */
#include "tool-silences.h"

#include "file.h"
#include "text.h"
#include "tool-config.h"
#include "tool-show.h"
#include "tool.h"
#include "tool/tool-fail.h"
#include "units.h"
#include "utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int
tool_silences_read (const char *store, struct alert_silences *ret)
{
  char *text = NULL;
  size_t length;
  const int directory = open (store, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  int r = directory < 0 ? -errno : alert_file_read (directory, ALERT_SILENCE_FILE, ALERT_SILENCE_BYTES, &text, &length);
  if (directory >= 0)
    close (directory);
  if (!r)
    r = alert_silences_parse (ret, text, length);
  free (text);
  if (r == -ENOENT)
    return 0;
  if (r)
    tool_fail (r, "cannot read %s/" ALERT_SILENCE_FILE ": %s", store, alert_file_error (r));
  else if (ret->damaged_lines)
    tool_fail (0, "%s/" ALERT_SILENCE_FILE " is damaged: %" PRIu64 " line%s left out", store, ret->damaged_lines,
               ret->damaged_lines == 1 ? "" : "s");
  return r;
}

/* ---- What there is ---- */

static json_object *
one_json (const struct alert_silence *s)
{
  char id[20];
  json_object *o = json_object_new_object ();
  snprintf (id, sizeof id, "%llx", (unsigned long long) s->id);
  json_object_object_add (o, "id", json_object_new_string (id));
  json_object_object_add (o, "rule", json_object_new_string (s->rule));
  json_object_object_add (o, "row", json_object_new_string (s->row));
  json_object_object_add (o, "from", json_object_new_int64 (s->from_ns / 1000000000));
  json_object_object_add (o, "until", json_object_new_int64 (s->until_ns / 1000000000));
  json_object_object_add (o, "by", json_object_new_string (s->by));
  json_object_object_add (o, "reason", json_object_new_string (s->why));
  return o;
}

static int
print_json (const struct alert_silences *s, int64_t now_ns)
{
  json_object *o = json_object_new_object (), *list = json_object_new_array ();
  for (size_t i = 0; i < s->n; i++)
    if (s->list[i].until_ns > now_ns)
      json_object_array_add (list, one_json (s->list + i));
  json_object_object_add (o, "silences", list);
  puts (json_object_to_json_string_ext (o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
  json_object_put (o);
  return 0;
}

static int
print (const struct alert_silences *s, int64_t now_ns)
{
  static const struct show_column columns[] = {
    {.title = "ID"},    {.title = "RULE", .least = 6},          {.title = "ROW", .least = 4, .drop = 2},
    {.title = "UNTIL"}, {.title = "BY", .least = 4, .drop = 3}, {.title = "REASON", .least = 6, .drop = 1}};
  struct show show = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
  for (size_t i = 0; i < s->n; i++) {
    const struct alert_silence *one = s->list + i;
    char until[32];
    if (one->until_ns <= now_ns)
      continue;
    show_time (one->until_ns, now_ns, until);
    show_add (&show, SHOW_PLAIN, "%llx", (unsigned long long) one->id);
    show_add (&show, SHOW_PLAIN, "%s", one->rule);
    show_add (&show, SHOW_PLAIN, "%s", one->row);
    show_add (&show, SHOW_PLAIN, "%s", until);
    show_add (&show, SHOW_PLAIN, "%s", one->by);
    show_add (&show, SHOW_PLAIN, "%s", one->why);
  }
  int r = 0;
  if (!show.n && !show.failed)
    puts ("Nothing is silenced.");
  else
    r = show_print (&show, stdout, "", 0, NULL, NULL);
  show_free (&show);
  return r;
}

static int
list (const struct tool_config *c, bool json)
{
  struct alert_silences s = {0};
  int r = tool_silences_read (c->store, &s);
  if (!r)
    r = json ? print_json (&s, show_now ()) : print (&s, show_now ());
  alert_silences_free (&s);
  return r ? TOOL_FAILED : TOOL_OK;
}

/* ---- One more ---- */

/* As much of it as fits, whole characters. */
static void
copy (char *to, size_t size, const char *from)
{
  const size_t length = strlen (from), most = length < size ? length : size - 1;
  const size_t whole = utf8_valid (from, most);
  memcpy (to, from, whole);
  to[whole] = 0;
}

static void
copy_user (char *to, size_t size)
{
  const char *sudo = getenv ("SUDO_USER");
  const struct passwd *user = sudo && *sudo ? NULL : getpwuid (getuid ());
  if (sudo && *sudo)
    copy (to, size, sudo);
  else if (user)
    copy (to, size, user->pw_name);
  else
    snprintf (to, size, "%u", (unsigned) getuid ());
}

static bool
is_of_a_rule (const struct tool_config *c, const char *pattern)
{
  for (uint32_t i = 0; i < c->watches.n; i++)
    if (alert_silence_fits (pattern, c->watches.items[i].name))
      return true;
  return false;
}

static int
say_failed (const struct tool_config *c, int r)
{
  if (r == -ENOENT)
    fprintf (stderr, TOOL_NAME ": there is no %s: no daemon has watched anything there yet\n", c->store);
  else if (r == -E2BIG)
    fprintf (stderr, TOOL_NAME ": there are %d silences, those that ended today with them, and no room for one more\n",
             ALERT_SILENCES);
  else
    fprintf (stderr, TOOL_NAME ": cannot write %s/" ALERT_SILENCE_FILE ": %s\n", c->store, alert_file_error (r));
  return TOOL_FAILED;
}

static int
say_added (const struct tool_options *o, const struct alert_silence *s)
{
  char until[32];
  if (o->json) {
    json_object *json = one_json (s);
    puts (json_object_to_json_string_ext (json, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
    json_object_put (json);
    return TOOL_OK;
  }
  show_time (s->until_ns, s->from_ns, until);
  printf ("%s%s%s is silenced until %s; '" TOOL_NAME " silence --end %llx' ends that.\n", s->rule, *s->row ? "/" : "", s->row,
          until, (unsigned long long) s->id);
  return TOOL_OK;
}

static int
add (const struct tool_options *o, const struct tool_config *c)
{
  const char *rule = o->words[0];
  struct alert_silence s = {.from_ns = show_now ()};
  int64_t lasts_ns;
  if (units_duration (o->words[1], &lasts_ns) || !strpbrk (o->words[1], "smhd") || lasts_ns < 1000000000
      || lasts_ns > ALERT_SILENCE_MOST_NS) {
    fprintf (stderr, TOOL_NAME ": '%s' is no time to be silent for: it is from 1s to 366d, as 30m, 2h or 3d\n", o->words[1]);
    return TOOL_USAGE;
  }
  if (!is_of_a_rule (c, rule)) {
    tool_config_no_rule (c, rule);
    return TOOL_USAGE;
  }
  if (strlen (rule) >= sizeof s.rule || (o->row && strlen (o->row) >= sizeof s.row))
    return tool_misused ("the rule or the row is too long a text");
  s.until_ns = s.from_ns + lasts_ns;
  copy (s.rule, sizeof s.rule, rule);
  s.exact = tool_config_rule (c, rule) != NULL;
  copy (s.row, sizeof s.row, o->row ? o->row : "");
  copy (s.why, sizeof s.why, o->reason ? o->reason : "");
  copy_user (s.by, sizeof s.by);
  int r = alert_silence_add (c->store, &s, s.from_ns);
  return r ? say_failed (c, r) : say_added (o, &s);
}

/* ---- Its end ---- */

static int
end (const struct tool_options *o, const struct tool_config *c)
{
  char *rest;
  const bool is_id = strspn (o->end, "0123456789abcdef") == strlen (o->end) && *o->end && strlen (o->end) <= 16;
  const uint64_t id = is_id ? strtoull (o->end, &rest, 16) : 0;
  int n = alert_silence_end (c->store, 0, o->end, show_now ());
  if (n == 0 && id)
    n = alert_silence_end (c->store, id, NULL, show_now ());
  if (n < 0 && n != -ENOENT)
    return say_failed (c, n);
  if (n <= 0) {
    fprintf (stderr, TOOL_NAME ": '%s' is not silenced, and no silence has this ID\n", o->end);
    return TOOL_FAILED;
  }
  if (o->json)
    printf ("{\"ended\":%d}\n", n);
  else
    printf ("%d silence%s ended.\n", n, n == 1 ? "" : "s");
  return TOOL_OK;
}

int
tool_silence (const struct tool_options *o)
{
  struct tool_config config = {0};
  if (o->end && (o->n_words || o->row || o->reason))
    return tool_misused ("--end stands alone: silence --end RULE, or the ID of a silence");
  if (o->n_words != 0 && o->n_words != 2)
    return tool_misused ("it is 'silence RULE TIME', as in silence cpu 2h");
  if (!o->n_words && (o->row || o->reason))
    return tool_misused ("--row and --reason go with silence RULE TIME");
  if (tool_config_load (TOOL_OF_DAEMON, o->instance, &config))
    return TOOL_FAILED;
  int status = o->end ? end (o, &config) : o->n_words ? add (o, &config) : list (&config, o->json);
  tool_config_free (&config);
  return status;
}
