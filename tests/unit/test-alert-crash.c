/* The process ends before, in the middle of, and after each thing that the alerts' store asks of the system, and the disk
 * refuses at any of them. What the linker calls __wrap_… stands between the store and the system. */
#include "alert-kit.h"
#include "death-kit.h"

enum { STEPS = 60, ROWS = 3, MESSAGES = 512 };

ssize_t __real_write (int fd, const void *data, size_t n);
int __real_linkat (int from, const char *name, int to, const char *new_name, int flags);
ssize_t __wrap_write (int fd, const void *data, size_t n);
int __wrap_linkat (int from, const char *name, int to, const char *new_name, int flags);

ssize_t
__wrap_write (int fd, const void *data, size_t n)
{
  if (before ()) /* a disk that becomes full takes some of it */
    return n < 2 || plan.calls % 2 ? -1 : __real_write (fd, data, n / 2);
  if (now (DIE_WITHIN)) {
    ssize_t some = __real_write (fd, data, n * (size_t) (plan.at % 7) / 7);
    (void) some;
    die ();
  }
  ssize_t r = __real_write (fd, data, n);
  now (DIE_AFTER);
  return r;
}

int
__wrap_linkat (int from, const char *name, int to, const char *new_name, int flags)
{
  return before () ? -1 : after (__real_linkat (from, name, to, new_name, flags));
}

/* ---- What is done ---- */

/* Shared with the process that dies: what was told of which row, in order. */
struct log {
  int step; /* that has begun */
  int calls;
  bool finished;
  int n;
  struct {
    uint8_t row, fired, step;
    uint32_t id; /* 0: no action told it */
  } messages[MESSAGES];
};

static struct log *shared;
static bool renews = true, acts;

static void
note_one (char row, bool fired, uint32_t id)
{
  if (shared->n == MESSAGES)
    return;
  shared->messages[shared->n].row = (uint8_t) (row - 'a');
  shared->messages[shared->n].fired = fired;
  shared->messages[shared->n].step = (uint8_t) shared->step;
  shared->messages[shared->n].id = id;
  shared->n++;
}

/* A message is told at once, or left for an action. */
static void
note (void *arg, const struct alert_message *m)
{
  static uint32_t ids;
  char json[64] = "", rows[ROWS + 1] = "", id[ALERT_ID];
  for (uint32_t i = 0; i < m->n_items; i++) {
    rows[i] = m->items[i]->row[0];
    if (!acts)
      note_one (rows[i], m->change == ALERT_FIRED, 0);
  }
  if (!acts)
    return;
  snprintf (json, sizeof json, "{\"fired\":%d,\"rows\":\"%s\"}", m->change == ALERT_FIRED, rows);
  snprintf (id, sizeof id, "%08x%024x", getpid (), ++ids);
  ck_assert_int_eq (alert_engine_draft (arg, m, id, ALERT_BY_COMMAND | ALERT_BY_WEBHOOK, json), 0);
}

static uint32_t
hash (const char *text)
{
  uint32_t h = 5381;
  for (; *text; text++)
    h = h * 33 + (unsigned char) *text;
  return h | 1;
}

/* Both actions do what is left for them; what the first told is told. */
static void
act (struct alert_desk *d)
{
  for (struct alert_letter *l; (l = alert_post_next (&d->post, ALERT_BY_COMMAND, INT64_MAX));) {
    for (const char *row = strstr (l->json, "\"rows\":\"") + 8; *row != '"'; row++)
      note_one (*row, strstr (l->json, "\"fired\":1"), hash (l->id));
    alert_desk_told (d, l, ALERT_BY_COMMAND);
  }
  for (struct alert_letter *l; (l = alert_post_next (&d->post, ALERT_BY_WEBHOOK, INT64_MAX));)
    alert_desk_told (d, l, ALERT_BY_WEBHOOK);
}

/* Whether the row is true at that step: each at its own pace. */
static bool
is_true (int row, int at)
{
  return at / (row + 1) % 2 == 0 && at < STEPS + 20;
}

static void
do_step (struct alert_engine *e, int at)
{
  static const char *const rows[ROWS] = {"a", "b", "c"};
  shared->step = at;
  mono = (1000 + at) * S;
  wall = (1767225600 + at) * S;
  boot = mono;
  struct alert_rule *r = alert_engine_begin (e, FAST, mono, wall);
  for (int i = 0; i < ROWS; i++)
    look_at_row (r, rows[i], 1, is_true (i, at) ? ALERT_TRUE : ALERT_FALSE);
  alert_rule_end (r, true);
  desk_of (e)->store.behind |= renews && at % 13 == 5; /* begins a new file */
  flush_with (e, note, e);
  if (acts && kit_of (e))
    act (desk_of (e));
}

static struct alert_engine *
start (const char *dir, int at)
{
  struct alert_engine *e = new_engine (NULL);
  mono = (1000 + at) * S;
  wall = (1767225600 + at) * S;
  open_at (e, dir); /* where it fails it works without */
  return e;
}

static void
work (void *arg)
{
  const char *dir = arg;
  struct alert_engine *e = start (dir, 0);
  for (int at = 0; at < STEPS; at++) {
    do_step (e, at);
    if (at % 20 == 19) { /* a clean restart */
      end_engine (e);
      e = start (dir, at);
    }
  }
  end_engine (e);
  plan.wrong = NOTHING;
  shared->finished = true;
}

/* ---- What must be true then ---- */

/* Each row's messages alternate; only what was told in the step of the crash may come again, right after it, and where actions
 * tell it under the same id; and at the end nobody believes what is not so. `strict`: not even that. */
static void
check_messages (const struct log *log, int crash, int end, bool strict, const char *what, int at)
{
  for (int row = 0; row < ROWS; row++) {
    int fires = 0, last = -1;
    for (int i = 0; i < log->n; i++) {
      if (log->messages[i].row != row)
        continue;
      bool again = last >= 0 && log->messages[i].fired == fires;
      const bool same_id = last >= 0 && log->messages[i].id == log->messages[last].id;
      ck_assert_msg (!again || (!strict && log->messages[last].step == crash && same_id),
                     "%s call %d: row %d is told twice in step %d, after a crash in step %d", what, at, row,
                     log->messages[i].step, crash);
      ck_assert_msg (log->messages[i].fired || last >= 0, "%s call %d: row %d begins with cleared", what, at, row);
      fires = log->messages[i].fired;
      last = i;
    }
    ck_assert_msg (fires == is_true (row, end), "%s call %d: row %d is believed to be %d", what, at, row, fires);
  }
}

/* Returns false once the plan was for a call that is never made. */
static bool
one_death (enum wrong wrong, int at, const char *what)
{
  char *dir = unit_temp_dir (), *inner = unit_path (dir, "alerts");
  shared = death_share (sizeof *shared);
  death_of (wrong, at, work, inner);
  const int crash = shared->step;
  const bool finished = shared->finished;
  struct alert_engine *e = start (inner, crash);
  ck_assert_int_ge (desk_of (e)->store.directory, 0);
  ck_assert_msg (!desk_of (e)->store.damaged, "%s call %d: damaged", what, at);
  /* The step of the crash is not seen again. */
  for (int i = crash + 1; i < crash + 10; i++)
    do_step (e, i);
  check_messages (shared, crash, crash + 9, finished, what, at);
  end_engine (e);
  death_unshare (shared, sizeof *shared);
  unit_remove_tree (dir);
  free (inner);
  free (dir);
  return !finished;
}

static void
all_deaths (enum wrong wrong, const char *what)
{
  int at = 1;
  while (one_death (wrong, at, what))
    at += stride ();
  ck_assert_int_gt (at, 50);
}

START_TEST (death_before_each_call)
{
  acts = _i;
  all_deaths (DIE_BEFORE, "before");
}
END_TEST

START_TEST (death_after_each_call)
{
  acts = _i;
  all_deaths (DIE_AFTER, "after");
}
END_TEST

START_TEST (death_within_each_write)
{
  int died = 0;
  acts = _i;
  for (int at = 1; at <= 160; at += stride ())
    died += one_death (DIE_WITHIN, at, "within");
  ck_assert_int_gt (died, 50 / stride ());
}
END_TEST

/* A disk that refuses once, or from then on: everything is told all the same, once, and when there is room again the store is
 * what it would have been. */
static bool
one_refusal (enum wrong wrong, int at)
{
  char *dir = unit_temp_dir (), *inner = unit_path (dir, "alerts");
  shared = calloc (1, sizeof *shared);
  ck_assert_ptr_nonnull (shared);
  struct alert_engine *e = start (inner, 0);
  plan_begin (wrong, at, ENOSPC);
  for (int i = 0; i < STEPS; i++)
    do_step (e, i);
  const bool came = plan.calls >= at;
  plan.wrong = NOTHING;
  for (int i = STEPS; i < STEPS + 15; i++)
    do_step (e, i);
  check_messages (shared, -1, STEPS + 14, true, "refused", at);
  ck_assert_int_eq (desk_of (e)->store.error, 0);
  kill_engine (e);
  e = start (inner, STEPS + 15);
  ck_assert (!desk_of (e)->store.damaged);
  for (int i = STEPS + 15; i < STEPS + 25; i++)
    do_step (e, i);
  check_messages (shared, -1, STEPS + 24, true, "refused", at);
  end_engine (e);
  unit_remove_tree (dir);
  free (shared);
  free (inner);
  free (dir);
  return came;
}

START_TEST (each_call_refused)
{
  int at = 1;
  renews = _i & 1; /* or only what was refused is a reason for a new file */
  acts = _i & 2;
  while (one_refusal (FAIL, at))
    at += stride ();
  ck_assert_int_gt (at, 50);
}
END_TEST

START_TEST (all_calls_refused_from_each_on)
{
  int at = 1;
  acts = _i;
  while (one_refusal (FAIL_ON, at))
    at += stride ();
  ck_assert_int_gt (at, 5);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 120 * unit_slow ());
  tcase_add_loop_test (t, death_before_each_call, 0, 2);
  tcase_add_loop_test (t, death_after_each_call, 0, 2);
  tcase_add_loop_test (t, death_within_each_write, 0, 2);
  tcase_add_loop_test (t, each_call_refused, 0, 4);
  tcase_add_loop_test (t, all_calls_refused_from_each_on, 0, 2);
}

UNIT_MAIN ("alert-crash", tests)
