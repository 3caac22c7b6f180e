/* The process is killed in every state, and another one goes on after a time away: what is told is what is told where nobody is
 * killed, nothing twice and nothing not at all. */
#include "alert-kit.h"
#include "death-kit.h"

enum { ROWS = 3, MESSAGES = 200, SHIFT = 37, SAVED_S = 16, UNKNOWN_S = 62, AWAY_S = 3600 };

ssize_t __real_write (int fd, const void *data, size_t n);
ssize_t __wrap_write (int fd, const void *data, size_t n);

ssize_t
__wrap_write (int fd, const void *data, size_t n)
{
  if (before ())
    return -1;
  if (now (DIE_WITHIN)) {
    ssize_t some = __real_write (fd, data, n / 2);
    (void) some;
    die ();
  }
  ssize_t r = __real_write (fd, data, n);
  now (DIE_AFTER);
  return r;
}

/* ---- The series ---- */

/* Of the rule that fires after 30 s, clears after 10 and says after 60 that nothing is known. Each part lasts longer than it
 * takes to come to what it comes to, also where a crash costs what was not saved. */
static const struct {
  char says;
  int seconds;
} parts[] = {{'n', 3},  {'y', 13},  {'n', 5},  {'y', 70},  {'n', 4}, {'y', 12},  {'n', 40}, {'?', 140}, {'n', 5},
             {'y', 13}, {'?', 140}, {'y', 70}, {'?', 140}, {'n', 3}, {'?', 140}, {'n', 40}, {'y', 70},  {'n', 40}};

static int
length (void)
{
  int sum = 0;
  for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
    sum += parts[i].seconds;
  return sum + ROWS * SHIFT;
}

/* Each row is later than the one before it. */
static enum alert_truth
says (int row, int at)
{
  at -= row * SHIFT;
  for (size_t i = 0; i < sizeof parts / sizeof *parts && at >= 0; i++) {
    if (at < parts[i].seconds)
      return parts[i].says == 'y' ? ALERT_TRUE : parts[i].says == 'n' ? ALERT_FALSE : ALERT_UNKNOWN;
    at -= parts[i].seconds;
  }
  return ALERT_FALSE;
}

/* The last row is silent while it fires and clears for the first time, and while it fires for the second time. */
static const int silences[][2] = {{70, 250}, {500, 640}};

/* ---- What is done ---- */

struct log {
  int step; /* that has begun */
  int calls;
  int n;
  struct {
    int step, row;
    unsigned change;
    bool late;
  } messages[MESSAGES];
  struct alert_state states[ROWS]; /* after it */
  bool waits;
};

static struct log *shared;
static const char *const rows[ROWS] = {"a", "b", "c"};

static void
note (void *arg, const struct alert_message *m)
{
  (void) arg;
  for (uint32_t i = 0; i < m->n_items && shared->n < MESSAGES; i++) {
    shared->messages[shared->n].step = shared->step;
    shared->messages[shared->n].row = m->items[i]->row[0] - 'a';
    shared->messages[shared->n].change = m->change;
    shared->messages[shared->n].late = m->late;
    shared->n++;
  }
}

static struct alert_state
state_of (const struct alert_engine *e, int row)
{
  const struct alert_key key = {.text = rows[row], .length = 1};
  const struct alert_row *found = alert_rule_find (&e->rules[SLOW].rule, &key);
  return found ? found->state : (struct alert_state){0};
}

static void
silence (const char *dir, int at)
{
  const enum wrong wrong = plan.wrong;
  plan.wrong = NOTHING; /* that is another process */
  for (size_t i = 0; i < sizeof silences / sizeof *silences; i++)
    if (at == silences[i][0]) {
      struct alert_silence s = {.rule = "slow", .row = "c", .from_ns = wall, .until_ns = wall + 10 * AWAY_S * S};
      ck_assert_int_eq (alert_silence_add (dir, &s, wall), 0);
    } else if (at == silences[i][1])
      ck_assert_int_ge (alert_silence_end (dir, 0, "slow", wall), 1);
  plan.wrong = wrong;
}

static void
play (struct alert_engine *e, const char *dir, int from, int to)
{
  for (int at = from; at < to; at++) {
    tick ();
    shared->step = at;
    silence (dir, at);
    struct alert_rule *r = alert_engine_begin (e, SLOW, mono, wall);
    for (int row = 0; row < ROWS; row++)
      look_at_row (r, rows[row], 1, says (row, at));
    alert_rule_end (r, true);
    flush_with (e, note, e);
    for (int row = 0; row < ROWS; row++)
      shared->states[row] = state_of (e, row);
    shared->waits = e->outbox.n > 0;
    shared->calls = plan.calls;
  }
}

struct working {
  const char *dir;
  int until; /* the step after which it is killed */
};

static void
work (void *arg)
{
  const struct working *w = arg;
  play (open_engine (w->dir), w->dir, 0, w->until);
}

/* ---- What must be true then ---- */

static struct log whole; /* where nobody is killed */

/* What was told in the very step of the crash may be told again, where it was killed before it could store that. */
static bool
is_again (int i, int crash)
{
  for (int k = 0; k < i && shared->messages[i].step <= crash + UNKNOWN_S + 1; k++)
    if (shared->messages[k].step == crash && shared->messages[k].row == shared->messages[i].row
        && shared->messages[k].change == shared->messages[i].change)
      return true;
  return false;
}

/* The next message of that row from *at on; -1: none. */
static int
next (const struct log *log, int row, int *at, int again_after)
{
  while (*at < log->n && (log->messages[*at].row != row || (again_after >= 0 && is_again (*at, again_after))))
    ++*at;
  return *at < log->n ? (*at)++ : -1;
}

/* Times that were not saved are collected anew. */
static void
compare (int crash, bool within)
{
  for (int row = 0; row < ROWS; row++) {
    int a = 0, b = 0;
    for (;;) {
      const int expected = next (&whole, row, &a, -1), is = next (shared, row, &b, within ? crash : -1);
      ck_assert_msg ((expected < 0) == (is < 0), "killed in step %d: row %s has %s message", crash, rows[row],
                     is < 0 ? "no" : "another");
      if (is < 0)
        break;
      const int step = whole.messages[expected].step, late = shared->messages[is].step - step;
      const unsigned change = whole.messages[expected].change;
      ck_assert_msg (shared->messages[is].change == change,
                     "killed in step %d: row %s is told %x in step %d, and not %x in step %d", crash, rows[row],
                     shared->messages[is].change, shared->messages[is].step, change, step);
      ck_assert (whole.messages[expected].late || !shared->messages[is].late);
      const int most = step < crash || change == ALERT_KNOWN ? within : change == ALERT_BECAME_UNKNOWN ? UNKNOWN_S : SAVED_S;
      ck_assert_msg (late >= 0 && late <= most, "killed in step %d: row %s is told %x in step %d, which is %d s late", crash,
                     rows[row], change, step, late);
    }
  }
}

/* How the states are found. */
static void
compare_states (const struct alert_engine *e, int crash)
{
  for (int row = 0; row < ROWS; row++) {
    const struct alert_state was = shared->states[row], is = state_of (e, row);
    ck_assert_msg (is.phase == was.phase, "killed in step %d: row %s is %d, and was %d", crash, rows[row], is.phase, was.phase);
    ck_assert_int_eq (is.said_unknown, was.said_unknown);
    if (was.phase == ALERT_PENDING || was.phase == ALERT_CLEARING) {
      ck_assert_int_le (is.lasted_ns, was.lasted_ns);
      ck_assert_int_ge (is.lasted_ns, was.lasted_ns - SAVED_S * S);
    }
    if (was.phase != ALERT_OK)
      ck_assert_int_eq (is.began_ns, was.began_ns);
    if (alert_fires (&was))
      ck_assert_int_eq (is.fired_ns, was.fired_ns);
  }
}

/* The machine may have started anew meanwhile. */
static struct alert_engine *
start_again (const char *dir, int crash)
{
  for (int i = 0; i <= crash; i++)
    tick ();
  wall += AWAY_S * S;
  mono = crash % 2 ? 5 * S : mono + AWAY_S * S;
  boot = mono;
  return open_engine (dir);
}

static void
set_clocks (void)
{
  mono = boot = 1000 * S;
  wall = 1767225600 * S;
}

static void
set_up (void)
{
  char *dir = unit_temp_dir ();
  set_clocks ();
  shared = death_share (sizeof *shared);
  struct alert_engine *e = open_engine (dir);
  play (e, dir, 0, length ());
  end_engine (e);
  whole = *shared;
  free (dir);
}

static void
tear_down (void)
{
  death_unshare (shared, sizeof *shared);
}

/* What people are told, by eye. Row b is as row a, 37 s later; c, 74 s later, is silent for a while. */
START_TEST (without_a_crash)
{
  static const struct {
    unsigned change;
    int a, c;
  } wanted[] = {
    {ALERT_FIRED, 51, -1},
    {ALERT_CLEARED, 117, -1},
    {ALERT_BECAME_UNKNOWN, 207, 281},
    {ALERT_KNOWN, 287, 361},
    {ALERT_BECAME_UNKNOWN, 365, 439},
    {ALERT_KNOWN, 445, 640},
    {ALERT_FIRED, 463, 640},
    {ALERT_BECAME_UNKNOWN, 575, 649},
    {ALERT_KNOWN, 655, 729},
    {ALERT_BECAME_UNKNOWN, 718, 792},
    {ALERT_KNOWN, 798, 872},
    {ALERT_CLEARED, 806, 880},
    {ALERT_FIRED, 868, 942},
    {ALERT_CLEARED, 918, 992},
  };
  int at[ROWS] = {0};
  for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
    const int told_in[ROWS] = {wanted[i].a, wanted[i].a + SHIFT, wanted[i].c};
    for (int row = 0; row < ROWS; row++) {
      if (told_in[row] < 0)
        continue;
      const int n = next (&whole, row, at + row, -1);
      ck_assert_int_ge (n, 0);
      ck_assert_uint_eq (whole.messages[n].change, wanted[i].change);
      ck_assert_int_eq (whole.messages[n].step, told_in[row]);
      ck_assert_int_eq (whole.messages[n].late, told_in[row] == silences[1][1]);
    }
  }
  ck_assert_int_eq (whole.n, 3 * 14 - 2);
}
END_TEST

START_TEST (killed_in_every_state)
{
  unsigned met = 0;
  for (int crash = 0; crash < length (); crash += stride ()) {
    char *dir = unit_temp_dir (), *inner = unit_path (dir, "alerts");
    memset (shared, 0, sizeof *shared);
    set_clocks ();
    death_of (NOTHING, 0, work, &(struct working){inner, crash + 1});
    ck_assert_int_eq (shared->step, crash);
    for (int row = 0; row < ROWS; row++)
      met |= 1u << (shared->states[row].phase + (shared->states[row].unsure ? 4 : 0));
    met |= shared->waits ? 256 : 0;
    struct alert_engine *e = start_again (inner, crash);
    compare_states (e, crash);
    play (e, inner, crash + 1, length ());
    compare (crash, false);
    end_engine (e);
    unit_remove_tree (dir);
    free (inner);
    free (dir);
  }
  ck_assert_uint_eq (met, 511); /* ok, pending, firing, clearing; unknown in each of them; silenced */
}
END_TEST

START_TEST (killed_at_every_call)
{
  static const enum wrong wrongs[] = {DIE_BEFORE, DIE_WITHIN, DIE_AFTER};
  int deaths = 0;
  for (int at = 1;; at += stride ()) {
    char *dir = unit_temp_dir (), *inner = unit_path (dir, "alerts");
    memset (shared, 0, sizeof *shared);
    set_clocks ();
    death_of (wrongs[_i], at, work, &(struct working){inner, length ()});
    const int crash = shared->step;
    const int calls = shared->calls;
    const bool finished = crash == length () - 1 && calls < at; /* or that call does not write */
    struct alert_engine *e = start_again (inner, crash);
    ck_assert (!desk_of (e)->store.damaged);
    play (e, inner, crash + 1, length ());
    compare (crash, true);
    deaths += crash < length () - 1;
    end_engine (e);
    unit_remove_tree (dir);
    free (inner);
    free (dir);
    if (finished)
      break;
  }
  ck_assert_int_gt (deaths, 60 / stride ());
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 120 * unit_slow ());
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, without_a_crash);
  tcase_add_test (t, killed_in_every_state);
  tcase_add_loop_test (t, killed_at_every_call, 0, 3);
}

UNIT_MAIN ("alert-crash-states", tests)
