#include "tool-trial.h"

#include "consider.h"
#include "past.h"
#include "tool-look.h"
#include "tool.h"
#include "tool/progress.h"
#include "tool/tool-fail.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct running {
  struct trial *trial;
  const struct watch *watch;
  struct alert_rule rule;
  struct past *past;
  struct expression_binding *binding;
  struct progress progress;
  int64_t last_ns, interval_ns;
  int error;
};

/* ---- What changes ---- */

static void
note (struct running *run, const struct alert_row *row, unsigned change, bool gone, int64_t wall_ns)
{
  struct trial *t = run->trial;
  t->fired += change == ALERT_FIRED;
  t->firing_ns += change == ALERT_CLEARED ? wall_ns - row->state.fired_ns : 0;
  if (t->n == TRIAL_CHANGES) {
    t->more++;
    return;
  }
  if (t->n == t->capacity) {
    const size_t capacity = t->capacity ? t->capacity * 2 : 64;
    struct trial_change *changes = reallocarray (t->changes, capacity, sizeof *changes);
    if (!changes) {
      run->error = -ENOMEM;
      return;
    }
    t->changes = changes;
    t->capacity = capacity;
  }
  const struct alert_key key = alert_row_key (row);
  struct trial_change *to = t->changes + t->n++;
  *to = (struct trial_change){.change = change,
                              .gone = gone,
                              .has_value = row->state.has_value,
                              .value = row->state.value,
                              .wall_ns = wall_ns,
                              .began_ns = row->state.began_ns,
                              .fired_ns = row->state.fired_ns};
  alert_key_name (&key, to->row);
}

static void
hear (void *arg, struct alert_rule *rule, const struct alert_row *row, unsigned changes, bool gone, int64_t wall_ns)
{
  static const unsigned order[] = {ALERT_KNOWN, ALERT_BECAME_UNKNOWN, ALERT_FIRED, ALERT_CLEARED};
  (void) rule;
  for (size_t i = 0; i < sizeof order / sizeof *order; i++)
    if (changes & order[i])
      note (arg, row, order[i], gone, wall_ns);
}

/* By row and firing, in order of time. */
static int
by_firing (const void *a, const void *b, void *changes)
{
  const size_t i = *(const size_t *) a, j = *(const size_t *) b;
  const struct trial_change *x = (const struct trial_change *) changes + i, *y = (const struct trial_change *) changes + j;
  const int order = strcmp (x->row, y->row);
  if (order)
    return order;
  return x->fired_ns != y->fired_ns ? (x->fired_ns > y->fired_ns) - (x->fired_ns < y->fired_ns) : (i > j) - (i < j);
}

/* Tells each firing which change ended it. */
static int
pair (struct trial *t)
{
  size_t *order = calloc (t->n + 1, sizeof *order), n = 0;
  if (!order)
    return -ENOMEM;
  for (size_t i = 0; i < t->n; i++)
    if (t->changes[i].change == ALERT_FIRED || t->changes[i].change == ALERT_CLEARED)
      order[n++] = i;
  qsort_r (order, n, sizeof *order, by_firing, t->changes);
  for (size_t i = 0; i + 1 < n; i++) {
    struct trial_change *fired = t->changes + order[i];
    const struct trial_change *next = t->changes + order[i + 1];
    if (fired->change == ALERT_FIRED && next->change == ALERT_CLEARED && fired->fired_ns == next->fired_ns
        && !strcmp (fired->row, next->row))
      fired->ended = order[i + 1];
  }
  free (order);
  return 0;
}

/* What fires still has done so until now. */
static void
add_open (void *arg, const struct alert_row *row)
{
  struct trial *t = arg;
  if (row->state.phase == ALERT_FIRING || row->state.phase == ALERT_CLEARING)
    t->firing_ns += t->last_ns - row->state.fired_ns;
}

/* ---- One entry ---- */

static void
add_run (struct running *run, int64_t wall_ns, enum trial_level level)
{
  struct trial *t = run->trial;
  if (t->n_runs == TRIAL_CHANGES || (t->n_runs && t->runs[t->n_runs - 1].level == level))
    return;
  if (t->n_runs == t->runs_capacity) {
    const size_t capacity = t->runs_capacity ? t->runs_capacity * 2 : 64;
    struct trial_run *runs = reallocarray (t->runs, capacity, sizeof *runs);
    if (!runs) {
      run->error = -ENOMEM;
      return;
    }
    t->runs = runs;
    t->runs_capacity = capacity;
  }
  t->runs[t->n_runs++] = (struct trial_run){wall_ns, level};
}

static void
mark (struct running *run, int64_t before_ns, int64_t wall_ns)
{
  const struct alert_rule *rule = &run->rule;
  if (before_ns && wall_ns - before_ns > 3 * run->interval_ns)
    add_run (run, before_ns + run->interval_ns, TRIAL_NOTHING);
  add_run (run, wall_ns, rule->n_firing ? TRIAL_FIRING : rule->n > rule->n_ok ? TRIAL_PENDING : TRIAL_OK);
}

/* Files that overlap are of a time that came twice, as the clock was set back: it is looked at once. */
static int
take (void *data, json_object *entry, int64_t wall_ns, bool begins)
{
  struct running *run = data;
  struct trial *t = run->trial;
  const struct kk_sample *sample;
  struct kk_time time;
  (void) begins;
  if (wall_ns < t->since_ns || wall_ns > t->until_ns || wall_ns <= run->last_ns)
    return 0;
  const int64_t before_ns = run->last_ns;
  run->last_ns = wall_ns;
  int r = past_take (run->past, entry, &sample);
  if (r)
    return r == -EBADMSG ? 0 : r;
  kk_sample_time (sample, &time);
  t->samples++;
  t->first_ns = t->first_ns ? t->first_ns : wall_ns;
  t->last_ns = wall_ns;
  if (consider_wants (run->watch, run->binding, sample)) {
    alert_rule_begin (&run->rule, time.mono_ns, time.wall_ns);
    consider_rule (&run->rule, run->watch, run->binding, sample, &time);
  }
  mark (run, before_ns, wall_ns);
  return run->error;
}

static bool
go_on (void *data, size_t done, size_t files)
{
  struct running *run = data;
  progress_show (&run->progress, done, files);
  return true;
}

enum trial_level
trial_worst (const struct trial *t, int64_t from_ns, int64_t to_ns)
{
  enum trial_level worst = TRIAL_NOTHING;
  for (size_t i = 0; i < t->n_runs && t->runs[i].wall_ns < to_ns; i++)
    if ((i + 1 == t->n_runs || t->runs[i + 1].wall_ns > from_ns) && t->runs[i].level > worst)
      worst = t->runs[i].level;
  return worst;
}

/* ---- All of them ---- */

static int
make_past (struct running *run, const struct tool_config *c, const char *directory)
{
  json_object *schema = NULL;
  int r = tool_recorded_schema (directory, &schema);
  if (r == -ENOENT)
    return tool_fail (r, "nothing was recorded in %s: there is no schema.json, which file-writer makes", directory);
  if (r && r != -EBADMSG)
    return tool_fail (r, "cannot read %s/schema.json: %s; without it nobody knows what was recorded there", directory,
                      strerror (-r));
  if (!r)
    r = past_new (schema, c->interval_ns, c->recorded_partial, &run->past);
  json_object_put (schema);
  return r ? tool_fail (r, "%s/schema.json is damaged, or of another version", directory) : 0;
}

static int
bind (struct running *run)
{
  struct expression_fault fault;
  int r = expression_bind (run->watch->expression, past_schema (run->past), &run->binding, &fault);
  if (r == -ENOENT || r == -EINVAL)
    return tool_fail (r, "rule %s, on what was recorded: %s: column %u: %s", run->watch->name,
                      fault.in_clear ? "clear" : "when", fault.column, fault.text);
  if (!r)
    snprintf (run->trial->unit, sizeof run->trial->unit, "%s", expression_unit (run->binding));
  return r;
}

static int
read_files (struct running *run, const char *directory)
{
  const struct read_back from = {.directory = directory,
                                 .since = run->trial->since_ns / 1000000000,
                                 .until = run->trial->until_ns / 1000000000,
                                 .go_on = go_on,
                                 .entry = take,
                                 .data = run};
  progress_begin (&run->progress, "reading");
  run->progress.patience_ns = 1000000000;
  run->progress.shown &= !run->trial->quiet;
  int r = read_back (&from, &run->trial->files);
  progress_end (&run->progress);
  return r ? tool_fail (r, "cannot read what was recorded in %s: %s", directory, strerror (-r)) : 0;
}

int
trial_run (const struct tool_config *c, const struct watch *w, const char *directory, struct trial *ret)
{
  struct running run = {.trial = ret, .watch = w, .interval_ns = c->interval_ns};
  const struct alert_params params = consider_params (w, c->interval_ns);
  alert_rule_init (&run.rule, &params, ALERT_ROWS, hear, &run);
  int r = make_past (&run, c, directory);
  if (!r)
    r = bind (&run);
  if (!r)
    r = read_files (&run, directory);
  if (!r)
    r = pair (ret);
  if (!r)
    alert_rule_each (&run.rule, add_open, ret);
  if (!r && !ret->samples && *ret->files.fault)
    r = tool_fail (-ENODATA, "nothing that can be read was recorded in %s in that time; the first of %llu files: %s", directory,
                   (unsigned long long) (ret->files.damaged + ret->files.files), ret->files.fault);
  else if (!r && !ret->samples)
    r = tool_fail (-ENODATA, "nothing was recorded in %s in that time", directory);
  alert_rule_free (&run.rule);
  expression_unbind (run.binding);
  past_free (run.past);
  return r;
}

void
trial_free (struct trial *t)
{
  free (t->changes);
  free (t->runs);
  t->changes = NULL;
  t->runs = NULL;
}
