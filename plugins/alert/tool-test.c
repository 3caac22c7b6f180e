/* alerts test: when a rule would have fired. */
#include "cli/wrap.h"
#include "text.h"
#include "tool-config.h"
#include "tool-show.h"
#include "tool-trial.h"
#include "tool.h"
#include "tool/moment.h"
#include "units.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_WIDTH = 160, MOST_SHOWN = 1000 };

/* A time in which it fires. */
struct firing {
  const struct trial_change *fired;
  int64_t until_ns;
  const char *how; /* it ended; "" */
};

/* ---- Firings ---- */

static struct firing
firing_of (const struct trial *t, size_t at)
{
  const struct trial_change *fired = t->changes + at, *end = t->changes + fired->ended;
  if (fired->ended)
    return (struct firing){fired, end->wall_ns, end->gone ? "gone" : ""};
  return (struct firing){fired, t->last_ns, t->more ? "" : "still fires"};
}

static int
print_firings (const struct trial *t)
{
  static const struct show_column columns[] = {{.title = "FIRED"},
                                               {.title = "LASTED", .right = true},
                                               {.title = "ROW", .least = 6, .drop = 1},
                                               {.title = "VALUE", .right = true, .drop = 3},
                                               {.title = "", .drop = 2}};
  struct show s = {.columns = columns, .n_columns = sizeof columns / sizeof *columns};
  size_t shown = 0;
  for (size_t i = 0; i < t->n && shown < MOST_SHOWN; i++) {
    if (t->changes[i].change != ALERT_FIRED)
      continue;
    const struct firing f = firing_of (t, i);
    char at[32], value[64];
    struct buf BUF_CLEANUP lasted = {0};
    show_time (f.fired->wall_ns, show_now (), at);
    show_value (f.fired->has_value, f.fired->value, t->unit, value);
    show_duration (&lasted, f.until_ns - f.fired->wall_ns);
    show_add (&s, SHOW_PLAIN, "%s", at);
    show_add (&s, SHOW_PLAIN, "%s", lasted.data && !lasted.error ? lasted.data : "");
    show_add (&s, SHOW_PLAIN, "%s", f.fired->row);
    show_add (&s, SHOW_PLAIN, "%s", value);
    show_add (&s, SHOW_PLAIN, "%s", f.how);
    shown++;
  }
  int r = show_print (&s, stdout, "", 0, NULL, NULL);
  show_free (&s);
  if (t->fired > shown)
    printf ("and %llu more\n", (unsigned long long) t->fired - shown);
  return r;
}

/* ---- The timeline ---- */

static void
put_level (enum trial_level level)
{
  static const char *const blocks[] = {" ", "▁", "▄", "█"};
  static const char plain[] = " _-#";
  show_paint (stdout, level == TRIAL_FIRING ? SHOW_BAD : level == TRIAL_PENDING ? SHOW_WARN : SHOW_PLAIN, true);
  if (strcmp (nl_langinfo (CODESET), "UTF-8") == 0)
    fputs (blocks[level], stdout);
  else
    fputc (plain[level], stdout);
  show_paint (stdout, level == TRIAL_OK || level == TRIAL_NOTHING ? SHOW_PLAIN : SHOW_BAD, false);
}

static void
print_timeline (const struct trial *t)
{
  const int width = wrap_width (stdout) < MOST_WIDTH ? wrap_width (stdout) : MOST_WIDTH;
  const double all = (double) (t->last_ns - t->first_ns + 1);
  char from[32], to[32];
  for (int i = 0; i < width; i++)
    put_level (trial_worst (t, t->first_ns + (int64_t) (all * i / width), t->first_ns + (int64_t) (all * (i + 1) / width) + 1));
  show_time (t->first_ns, show_now (), from);
  show_time (t->last_ns, show_now (), to);
  printf ("\n%s%*s\n", from, width - (int) strlen (from), to);
}

/* ---- For people ---- */

/* "; 2 files left out, the first: …" */
static void
add_left_out (struct buf *b, const struct read_back_report *files)
{
  if (!*files->fault)
    return;
  buf_adds (b, "; left out: ");
  if (files->damaged)
    buf_printf (b, "%llu file%s", (unsigned long long) files->damaged, files->damaged == 1 ? "" : "s");
  if (files->strange)
    buf_printf (b, "%s%llu entr%s", files->damaged ? ", " : "", (unsigned long long) files->strange,
                files->strange == 1 ? "y" : "ies");
  buf_printf (b, ", the first: %s", files->fault);
}

static int
print (const struct trial *t, const struct watch *w)
{
  const uint64_t n = t->fired;
  struct buf BUF_CLEANUP text = {0}, wrapped = {0};
  buf_printf (&text, "%s: %s", w->name, w->when);
  if (w->params.for_ns) {
    buf_adds (&text, " for ");
    text_duration (&text, w->params.for_ns);
  }
  buf_printf (&text, "\n%llu sample%s of %llu file%s", (unsigned long long) t->samples, t->samples == 1 ? "" : "s",
              (unsigned long long) t->files.files, t->files.files == 1 ? "" : "s");
  add_left_out (&text, &t->files);
  if (!n)
    buf_adds (&text, "\nIt would not have fired.\n");
  else {
    buf_printf (&text, "\nIt would have fired %llu time%s, for ", (unsigned long long) n, n == 1 ? "" : "s");
    show_duration (&text, t->firing_ns);
    buf_adds (&text, n == 1 ? ".\n" : " in all.\n");
  }
  if (t->more)
    buf_printf (&text, "%llu changes more are not listed.\n", (unsigned long long) t->more);
  if (!text.error)
    wrap_add (&wrapped, text.data, wrap_width (stdout), 0);
  if (text.error || wrapped.error)
    return text.error ? text.error : wrapped.error;
  fputs (wrapped.data, stdout);
  print_timeline (t);
  return n ? print_firings (t) : 0;
}

/* ---- For programs ---- */

static void
add_string (struct buf *b, const char *name, const char *text)
{
  buf_printf (b, ",\"%s\":", name);
  text_json_string (b, text, strlen (text));
}

static void
add_change (struct buf *b, const struct trial_change *c)
{
  buf_adds (b, "{\"time\":");
  text_wall_time (b, c->wall_ns);
  add_string (b, "row", c->row);
  add_string (b, "change", alert_change_name (c->change));
  buf_printf (b, ",\"gone\":%s,\"since\":", c->gone ? "true" : "false");
  if (c->began_ns)
    text_wall_time (b, c->began_ns);
  else
    buf_adds (b, "null");
  buf_adds (b, ",\"value\":");
  if (c->has_value)
    text_f64 (b, c->value, 0);
  else
    buf_adds (b, "null");
  buf_addc (b, '}');
}

static int
print_json (const struct trial *t, const struct watch *w)
{
  struct buf BUF_CLEANUP b = {0};
  buf_adds (&b, "{\"first\":");
  text_wall_time (&b, t->first_ns);
  buf_adds (&b, ",\"last\":");
  text_wall_time (&b, t->last_ns);
  add_string (&b, "rule", w->name);
  add_string (&b, "when", w->when);
  add_string (&b, "unit", t->unit);
  buf_printf (&b,
              ",\"samples\":%llu,\"files\":%llu,\"damaged\":%llu,\"strange\":%llu,\"fired\":%llu,\"more\":%llu,\"changes\":[",
              (unsigned long long) t->samples, (unsigned long long) t->files.files, (unsigned long long) t->files.damaged,
              (unsigned long long) t->files.strange, (unsigned long long) t->fired, (unsigned long long) t->more);
  for (size_t i = 0; i < t->n; i++) {
    buf_adds (&b, i ? ",\n" : "\n");
    add_change (&b, t->changes + i);
  }
  buf_adds (&b, "]}\n");
  if (!b.error)
    fwrite (b.data, 1, b.len, stdout);
  return b.error;
}

/* ---- The command ---- */

static int
find_times (const struct tool_options *o, struct trial *t)
{
  const int64_t now = show_now () / 1000000000;
  int64_t since = now - 86400, until = now + 86400; /* what was recorded just now, by a clock that was set back since */
  const char *bad = o->since && moment_parse (o->since, now, &since) ? o->since : NULL;
  if (!bad && o->until && moment_parse (o->until, now, &until))
    bad = o->until;
  t->since_ns = since * 1000000000;
  t->until_ns = until * 1000000000;
  t->quiet = o->json || !isatty (STDOUT_FILENO);
  if (bad)
    fprintf (stderr, TOOL_NAME ": '%s' is no time: write 2h, 3d, 17:05, 2026-01-31 or '2026-01-31 17:05'\n", bad);
  else if (since >= until)
    fputs (o->until ? TOOL_NAME ": --since comes before --until\n" : TOOL_NAME ": --since is a time to come\n", stderr);
  return bad || since >= until;
}

static int
run (const struct tool_options *o, struct tool_config *c, struct trial *t)
{
  const struct tool_rule rule = {o->words[0], o->when, o->lasts, o->clear};
  const struct watch *w = tool_config_try (c, &rule);
  if (!w)
    return TOOL_USAGE;
  int r = trial_run (c, w, o->directory ? o->directory : c->recorded_dir, t);
  if (!r)
    r = o->json ? print_json (t, w) : print (t, w);
  return r ? TOOL_FAILED : TOOL_OK;
}

int
tool_test (const struct tool_options *o)
{
  struct tool_config config = {0};
  struct trial *trial = calloc (1, sizeof *trial);
  if (o->n_words != 1) {
    fputs (TOOL_NAME ": it is 'test RULE --since TIME'\nTry: " TOOL_NAME " --help\n", stderr);
    free (trial);
    return TOOL_USAGE;
  }
  int status = trial && !find_times (o, trial) ? TOOL_OK : trial ? TOOL_USAGE : TOOL_FAILED;
  if (!status && tool_config_load (TOOL_OF_FILE, o->instance, &config))
    status = TOOL_FAILED;
  if (!status)
    status = run (o, &config, trial);
  if (trial)
    trial_free (trial);
  free (trial);
  tool_config_free (&config);
  return status;
}
