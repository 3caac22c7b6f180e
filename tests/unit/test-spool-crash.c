/* The process ends before, in the middle of, and after each thing that the spool asks of the system; and a disk that is full at
 * any of them. What the linker calls __wrap_… stands between the spool and the system. */
#include "death-kit.h"
#include "dynamodb-writer/minute-state.h"
#include "spool-kit.h"

enum { LAST_BYTES = SPOOL_LEAST_BYTES, STEPS = 40 };

static bool marks; /* what is written over what is there goes well, as on a disk that is full */

ssize_t __real_pwrite (int fd, const void *data, size_t n, off_t offset);
ssize_t __wrap_pwrite (int fd, const void *data, size_t n, off_t offset);
ssize_t __wrap_pwrite64 (int fd, const void *data, size_t n, off_t offset);
int __wrap_fdatasync (int fd);
int __wrap_fsync (int fd);

ssize_t
__wrap_pwrite (int fd, const void *data, size_t n, off_t offset)
{
  if (n == 1 && marks)
    return __real_pwrite (fd, data, n, offset);
  if (before ()) {
    /* A disk that becomes full takes some of it. */
    if (n < 2 || plan.calls % 2)
      return -1;
    return __real_pwrite (fd, data, n / 2, offset);
  }
  if (now (DIE_WITHIN)) {
    __real_pwrite (fd, data, n * (size_t) (plan.at % 7) / 7, offset);
    die ();
  }
  ssize_t r = __real_pwrite (fd, data, n, offset);
  now (DIE_AFTER);
  return r;
}

ssize_t
__wrap_pwrite64 (int fd, const void *data, size_t n, off_t offset)
{
  return __wrap_pwrite (fd, data, n, offset);
}

/* The kernel lives on: nothing needs to reach the disk. */
int
__wrap_fdatasync (int fd)
{
  (void) fd;
  return before () ? -1 : after (0);
}

int
__wrap_fsync (int fd)
{
  (void) fd;
  return before () ? -1 : after (0);
}

/* ---- What is done, and what must be there then ---- */

enum state { NEVER, BEING_ADDED, ADDED, BEING_DONE, DONE };
struct log {
  bool finished;
  enum state states[STEPS];
  uint32_t samples[STEPS], samples_before[STEPS];
};

struct working {
  const char *dir;
  struct log *log; /* shared with the process that dies */
};

/* Some minutes go up at once, some wait, some come again fuller, all come back after reopening. */
static void
work (void *arg)
{
  const struct working *working = arg;
  const char *dir = working->dir;
  struct log *log = working->log;
  struct spool *s;
  struct point p;
  struct spool_ref refs[STEPS];
  if (spool_new (&(struct spool_config){.path = dir, .max_bytes = LAST_BYTES, .max_age = MONTH, .sync = true}, &s))
    _exit (1);
  for (int i = 0; i < STEPS; i++) {
    uint32_t samples = i % 3 ? 60 : 20;
    p = make_point ("host", T0 + i * 60, samples);
    log->samples[i] = samples;
    log->states[i] = BEING_ADDED;
    if (spool_add (s, &p) == 0)
      log->states[i] = ADDED;
    if (i % 6 == 3) { /* the same once more, fuller */
      p = make_point ("host", T0 + (i - 3) * 60, 60);
      if (log->states[i - 3] == ADDED) {
        log->samples_before[i - 3] = log->samples[i - 3];
        log->samples[i - 3] = 60;
        if (spool_add (s, &p) == 0)
          log->samples_before[i - 3] = 0;
      }
    }
    if (i % 5 == 4 || i == 20) {
      size_t n = spool_pick (s, INT64_MAX / 2, i == 20 ? STEPS : 2, refs);
      for (size_t k = 0; k < n; k++) {
        enum state *state = &log->states[(refs[k].minute - T0) / 60];
        *state = BEING_DONE;
        spool_done (s, &refs[k]);
        *state = DONE;
      }
    }
    if (i == 12 || i == 30) {
      spool_free (s);
      if (spool_new (&(struct spool_config){.path = dir, .max_bytes = LAST_BYTES, .max_age = MONTH, .sync = true}, &s))
        _exit (1);
      spool_open (s);
    }
  }
  spool_free (s);
  log->finished = true;
}

static void
check (const char *dir, const struct log *log, const char *what, int at)
{
  struct spool *s = open_spool (dir, LAST_BYTES);
  struct spool_ref refs[STEPS + 1];
  uint32_t found[STEPS] = {0};
  size_t n = spool_pick (s, INT64_MAX / 2, STEPS + 1, refs);
  for (size_t i = 0; i < n; i++) {
    struct point p, wanted;
    ck_assert_int_eq (spool_get (s, &refs[i], &p), 0);
    wanted = make_point ("host", refs[i].minute, p.samples);
    ck_assert (same_point (&p, &wanted));
    found[(refs[i].minute - T0) / 60] = p.samples;
  }
  for (int i = 0; i < STEPS; i++) {
    bool right = log->samples_before[i] && found[i] == log->samples_before[i] && log->states[i] == ADDED;
    switch (log->states[i]) {
    case NEVER:
    case DONE:
      right = !found[i];
      break;
    case ADDED:
      right |= found[i] == log->samples[i];
      break;
    default:
      right = !found[i] || found[i] == log->samples[i] || found[i] == log->samples_before[i];
    }
    ck_assert_msg (right, "%s call %d: minute %d, state %d: found %u, expected %u", what, at, i, (int) log->states[i], found[i],
                   log->samples[i]);
  }
  ck_assert_uint_eq (look (s).set_aside, 0);
  /* And it works on. */
  ck_assert_int_eq (add_minute (s, "host", T0 + 36000, 60), 0);
  expect_newest (s, "host", T0 + 36000, 60);
  spool_free (s);
}

/* Returns false once the plan was for a call that is never made. */
static bool
one_death (enum wrong wrong, int at, const char *what)
{
  char *dir = unit_temp_dir (), *inner = unit_path (dir, "spool");
  struct working working = {.dir = inner, .log = death_share (sizeof *working.log)};
  death_of (wrong, at, work, &working);
  check (inner, working.log, what, at);
  const bool finished = working.log->finished;
  death_unshare (working.log, sizeof *working.log);
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
  ck_assert_int_gt (at, 80);
}

START_TEST (death_before_each_call)
{
  all_deaths (DIE_BEFORE, "before");
}
END_TEST

START_TEST (death_after_each_call)
{
  all_deaths (DIE_AFTER, "after");
}
END_TEST

START_TEST (death_within_each_write)
{
  int died = 0;
  for (int at = 1; at <= 200; at += stride ())
    died += one_death (DIE_WITHIN, at, "within");
  ck_assert_int_gt (died, 30 / stride ());
}
END_TEST

/* ---- A disk that refuses ---- */

static void
one_refusal (enum wrong wrong, int at, int error)
{
  char *dir = unit_temp_dir (), *inner = unit_path (dir, "spool");
  struct spool *s;
  struct spool_ref refs[STEPS];
  struct log log = {0};
  ck_assert_int_eq (
    spool_new (&(struct spool_config){.path = inner, .max_bytes = LAST_BYTES, .max_age = MONTH, .sync = true}, &s), 0);
  plan_begin (wrong, at, error);
  for (int i = 0; i < STEPS; i++) {
    struct point p = make_point ("host", T0 + i * 60, 60);
    spool_add (s, &p); /* on disk or in memory, it is there */
    log.states[i] = ADDED;
    log.samples[i] = 60;
    ck_assert_uint_eq (look (s).points, (uint64_t) i + 1 - (uint64_t) (i / 4));
    if (i % 4 == 3) {
      ck_assert_uint_eq (spool_pick (s, INT64_MAX / 2, 1, refs), 1);
      ck_assert_int_eq (refs[0].minute, T0 + i * 60);
      ck_assert_int_eq (spool_get (s, &refs[0], &p), 0);
      spool_done (s, &refs[0]);
      /* Where the disk does not even take that it is done, it may come again. */
      log.states[i] = BEING_DONE;
    }
  }
  ck_assert_uint_eq (look (s).dropped_full + look (s).dropped_memory + look (s).lost + look (s).damaged, 0);
  plan.wrong = NOTHING;
  ck_assert_int_eq (spool_open (s), 0);
  ck_assert_uint_eq (look (s).in_memory, 0);
  spool_free (s);
  check (inner, &log, "refused", at);
  unit_remove_tree (dir);
  free (inner);
  free (dir);
}

START_TEST (a_disk_that_is_full_for_a_moment)
{
  for (int at = 1; at < 120; at += stride ())
    one_refusal (FAIL, at, at % 2 ? ENOSPC : EIO);
}
END_TEST

START_TEST (a_disk_that_is_full_from_then_on)
{
  for (int at = 1; at < 120; at += stride ())
    one_refusal (FAIL_ON, at, ENOSPC);
}
END_TEST

/* ---- What is stored gives way only to what is stored ---- */

static struct spool *
open_synced (const char *dir)
{
  struct spool *s;
  ck_assert_int_eq (
    spool_new (&(struct spool_config){.path = dir, .max_bytes = LAST_BYTES, .max_age = MONTH, .sync = true}, &s), 0);
  ck_assert_int_eq (spool_open (s), 0);
  return s;
}

static void
refuse_from_now_on (int error)
{
  plan_begin (FAIL_ON, 1, error);
  marks = true;
}

/* What another process would find now, if this one was killed. */
static uint32_t
samples_after_death (const char *dir, int64_t minute)
{
  char *copy = unit_temp_dir (), name[32], *data;
  uint32_t samples = 0;
  size_t length;
  for (int i = 1; i < 100; i++) {
    snprintf (name, sizeof name, "%08x.points", (unsigned) i);
    if ((data = unit_read (dir, name, &length)))
      unit_write_n (copy, name, data, length);
    free (data);
  }
  plan.wrong = NOTHING;
  struct spool *s = open_spool (copy, LAST_BYTES);
  static struct spool_ref refs[2000];
  size_t n = spool_pick (s, INT64_MAX / 2, 2000, refs);
  for (size_t i = 0; i < n; i++)
    if (refs[i].minute == minute)
      samples = refs[i].samples;
  spool_free (s);
  unit_remove_tree (copy);
  free (copy);
  return samples;
}

START_TEST (a_stored_minute_stays_until_the_fuller_one_is_stored)
{
  for (int way = 0; way < 4; way++) {
    char *dir = unit_temp_dir ();
    struct spool *s = open_synced (dir);
    struct spool_ref ref;
    ck_assert_int_eq (add_minute (s, "h", T0, 20), 0);
    refuse_from_now_on (ENOSPC);
    ck_assert_int_eq (add_minute (s, "h", T0, 40), -ENOSPC);
    ck_assert_int_eq (add_minute (s, "h", T0, 60), -ENOSPC);
    expect_newest (s, "h", T0, 60);
    ck_assert_uint_eq (look (s).points, 1);
    ck_assert_uint_eq (look (s).in_memory, 1);
    ck_assert_uint_eq (samples_after_death (dir, T0), 20);
    switch (way) {
    case 0: /* there is room again */
      ck_assert_int_eq (spool_open (s), 0);
      ck_assert_uint_eq (samples_after_death (dir, T0), 60);
      break;
    case 1: /* it went up from memory */
      ck_assert_uint_eq (spool_pick (s, INT64_MAX / 2, 1, &ref), 1);
      spool_done (s, &ref);
      ck_assert_uint_eq (samples_after_death (dir, T0), 0);
      break;
    case 2: /* a fuller one that can be stored */
      ck_assert_int_eq (add_minute (s, "h", T0, 61), 0);
      ck_assert_uint_eq (samples_after_death (dir, T0), 61);
      break;
    default: /* it is forced out of memory by a day of others */
      refuse_from_now_on (ENOSPC);
      for (int i = 1; i <= SPOOL_MEMORY; i++)
        ck_assert_int_eq (add_minute (s, "h", T0 + i * 60, 60), -ENOSPC);
      struct spool_view v = look (s);
      ck_assert_uint_eq (v.points, SPOOL_MEMORY + 1);
      ck_assert_uint_eq (v.in_memory, SPOOL_MEMORY);
      ck_assert_uint_eq (v.dropped_memory, 1);
      struct point p;
      static struct spool_ref all[SPOOL_MEMORY + 1];
      ck_assert_uint_eq (spool_pick (s, INT64_MAX / 2, SPOOL_MEMORY + 1, all), SPOOL_MEMORY + 1);
      ck_assert_uint_eq (all[SPOOL_MEMORY].samples, 20);
      ck_assert_int_eq (spool_get (s, &all[SPOOL_MEMORY], &p), 0);
      ck_assert_uint_eq (p.samples, 20);
    }
    plan.wrong = NOTHING;
    ck_assert_int_eq (spool_open (s), 0);
    ck_assert_uint_eq (look (s).in_memory, 0);
    while (spool_pick (s, INT64_MAX / 2, 1, &ref))
      spool_done (s, &ref);
    ck_assert_uint_eq (look (s).bytes, 0);
    spool_free (s);
    s = open_spool (dir, LAST_BYTES);
    ck_assert_uint_eq (look (s).points, 0);
    spool_free (s);
    unit_remove_tree (dir);
    free (dir);
  }
}
END_TEST

START_TEST (a_directory_that_is_found_again_keeps_its_minutes_beside_fuller_ones_in_memory)
{
  char *dir = unit_temp_dir (), *inner = unit_path (dir, "spool"), *away = unit_path (dir, "away");
  struct spool *s = open_synced (inner);
  ck_assert_int_eq (add_minute (s, "h", T0, 20), 0);
  ck_assert_int_eq (add_minute (s, "h", T0 + 60, 60), 0);
  ck_assert_int_eq (rename (inner, away), 0);
  unit_write (dir, "spool", "no directory");
  ck_assert_int_ne (add_minute (s, "h", T0, 40), 0);
  ck_assert_int_ne (add_minute (s, "h", T0 + 60, 50), 0);
  ck_assert_uint_eq (look (s).points, 2);
  ck_assert_int_eq (unlink (inner), 0);
  ck_assert_int_eq (rename (away, inner), 0);
  refuse_from_now_on (ENOSPC);
  ck_assert_int_eq (spool_open (s), -ENOSPC);
  ck_assert_uint_eq (samples_after_death (inner, T0), 20);
  ck_assert_uint_eq (look (s).in_memory, 1);
  ck_assert_int_eq (spool_open (s), 0);
  ck_assert_uint_eq (samples_after_death (inner, T0), 40);
  ck_assert_uint_eq (samples_after_death (inner, T0 + 60), 60);
  spool_free (s);
  unit_remove_tree (dir);
  free (inner);
  free (away);
  free (dir);
}
END_TEST

START_TEST (the_oldest_minutes_do_not_give_way_to_one_that_cannot_be_stored)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_synced (dir);
  int i = 0;
  while (look (s).dropped_full == 0)
    ck_assert_int_eq (add_minute (s, "h", T0 + i++ * 60, 60), 0);
  while (look (s).bytes < LAST_BYTES - 200) {
    ck_assert_int_eq (add_minute (s, "h", T0 + i++ * 60, 60), 0);
    ck_assert_uint_le (look (s).bytes, LAST_BYTES);
  }
  struct spool_view before = look (s), after;
  refuse_from_now_on (EIO);
  for (int k = 0; k < 5; k++)
    ck_assert_int_eq (add_minute (s, "h", T0 + i++ * 60, 60), -EIO);
  after = look (s);
  ck_assert_uint_eq (after.dropped_full, before.dropped_full);
  ck_assert_int_eq (after.oldest, before.oldest);
  ck_assert_uint_eq (after.points, before.points + 5);
  plan.wrong = NOTHING;
  ck_assert_int_eq (spool_open (s), 0);
  after = look (s);
  ck_assert_uint_eq (after.in_memory, 0);
  ck_assert_uint_gt (after.dropped_full, before.dropped_full);
  ck_assert_uint_le (after.bytes, LAST_BYTES);
  spool_free (s);
  unit_remove_tree (dir);
  free (dir);
}
END_TEST

START_TEST (what_may_not_outlive_a_power_cut_is_said)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_synced (dir);
  ck_assert_int_eq (add_minute (s, "h", T0, 20), 0);
  refuse_from_now_on (EIO);
  plan.at = 2; /* the write goes well, fdatasync does not */
  ck_assert_int_eq (add_minute (s, "h", T0 + 60, 20), -EIO);
  ck_assert_int_eq (look (s).error, -EIO);
  ck_assert_uint_eq (look (s).in_memory, 1);
  plan.wrong = NOTHING;
  ck_assert_int_eq (spool_open (s), 0);
  ck_assert_uint_eq (look (s).in_memory, 0);
  ck_assert_int_eq (look (s).error, 0);
  ck_assert_uint_eq (samples_after_death (dir, T0 + 60), 20);
  /* A file system that knows no such thing. */
  refuse_from_now_on (EINVAL);
  plan.at = 2;
  plan.wrong = FAIL;
  ck_assert_int_eq (add_minute (s, "h", T0 + 120, 20), 0);
  plan.wrong = NOTHING;
  spool_free (s);
  unit_remove_tree (dir);
  free (dir);
}
END_TEST

/* In the directory whose descriptor `arg` points to. */
static void
save_a_minute (void *arg)
{
  struct minute m;
  struct minute_state state;
  minute_begin (&m, T0);
  if (minute_state_open (&state, *(int *) arg))
    _exit (1);
  plan.calls = 0;
  for (int i = 0; i < 60; i++) {
    struct minute_reading r = make_reading (i * 1000, i);
    minute_add (&m, &r);
    minute_state_save (&state, &m, T0, 0, true);
  }
  _exit (0);
}

/* The state of the minute that runs: a write that is cut short leaves the state before. */
START_TEST (death_while_the_minute_is_saved)
{
  for (int at = 1; at < 60; at += stride ()) {
    char *dir = unit_temp_dir ();
    int directory = open (dir, O_RDONLY | O_DIRECTORY);
    death_of (DIE_WITHIN, at, save_a_minute, &directory);
    struct minute m;
    struct minute_state state;
    int64_t newest;
    ck_assert_int_eq (minute_state_open (&state, directory), 0);
    int r = minute_state_load (&state, &m, &newest);
    ck_assert_int_eq (r, at == 1 ? -ENOENT : 0);
    if (!r)
      ck_assert_uint_eq (m.tallies[MINUTE_CPU_PERCENT].count, (uint32_t) at - 1);
    minute_state_close (&state);
    close (directory);
    free (dir);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_test (t, death_before_each_call);
  tcase_add_test (t, death_after_each_call);
  tcase_add_test (t, death_within_each_write);
  tcase_add_test (t, a_disk_that_is_full_for_a_moment);
  tcase_add_test (t, a_disk_that_is_full_from_then_on);
  tcase_add_test (t, a_stored_minute_stays_until_the_fuller_one_is_stored);
  tcase_add_test (t, a_directory_that_is_found_again_keeps_its_minutes_beside_fuller_ones_in_memory);
  tcase_add_test (t, the_oldest_minutes_do_not_give_way_to_one_that_cannot_be_stored);
  tcase_add_test (t, what_may_not_outlive_a_power_cut_is_said);
  tcase_add_test (t, death_while_the_minute_is_saved);
}

UNIT_MAIN ("spool-crash", tests)
