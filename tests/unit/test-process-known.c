/* The schedule of looks against a slow and obvious one, over random sequences of listings, and its bounds. */
#include <process/known.h>

#include "unit.h"

#define SECOND INT64_C (1000000000)

enum { MOST = 6000, PIDS = 40 };

static uint32_t seed;

static uint32_t
random_below (uint32_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 17;
  seed ^= seed << 5;
  return seed % n;
}

/* What the looks of a tick were, by PID. */
struct looks {
  unsigned count[MOST];
  bool again[MOST];
  bool gone[MOST]; /* what to answer */
  bool later[MOST];
};

static enum known_verdict
look (void *arg, uint32_t pid, bool again)
{
  struct looks *l = arg;
  ck_assert_uint_lt (pid, MOST);
  l->count[pid]++;
  l->again[pid] = again;
  return l->gone[pid] ? KNOWN_GONE : l->later[pid] ? KNOWN_LATER : KNOWN_LOOKED;
}

/* The obvious way: one slot per possible PID, times in eighths of a second. */
struct slow {
  bool there[PIDS];
  unsigned looks[PIDS];
  int64_t due[PIDS];
};

static int64_t
slow_pause (unsigned looks, int64_t longest)
{
  static const int64_t pauses[] = {0, 8, 8, 16, 32, 64}; /* looks when 0, 1, 2, 4, 8, 16 s old */
  int64_t pause = looks < 6 ? pauses[looks] : longest;
  return pause < longest ? pause : longest;
}

static void
slow_run (struct slow *s, int64_t now, int64_t longest, const struct looks *answers, bool *ret_looked)
{
  for (unsigned pid = 1; pid < PIDS; pid++) {
    ret_looked[pid] = s->there[pid] && (s->looks[pid] == 0 || s->due[pid] <= now);
    if (!ret_looked[pid] || answers->later[pid])
      continue;
    if (answers->gone[pid])
      s->there[pid] = false;
    s->looks[pid]++;
    s->due[pid] = now + slow_pause (s->looks[pid], longest);
  }
}

/* One random tick: what is seen, in both. */
static void
see (struct known *k, struct slow *s)
{
  uint32_t pids[PIDS];
  size_t n = 0;
  bool all = random_below (2);
  for (uint32_t pid = 1; pid < PIDS; pid++)
    if (random_below (8) < (all ? 7 : 1))
      pids[n++] = pid;
  ck_assert_int_eq (known_see (k, pids, n, all), 0);
  bool in[PIDS] = {false};
  for (size_t i = 0; i < n; i++)
    in[pids[i]] = true;
  for (unsigned pid = 1; pid < PIDS; pid++) {
    if (in[pid] && !s->there[pid])
      s->looks[pid] = 0;
    s->there[pid] = in[pid] || (s->there[pid] && !all);
  }
}

START_TEST (does_what_the_slow_one_does)
{
  seed = 0x9e3779b9u + (uint32_t) _i * 7919;
  struct known k;
  struct slow s = {0};
  int64_t now = 5 * SECOND, interval = SECOND * (1 + _i % 3) / 2;
  int64_t longest = (10000 - interval / 1000000 * 3 / 2) * 8 / 1000;
  known_init (&k, interval);
  ck_assert_uint_eq (known_run (&k, now, look, &(struct looks){0}), 0); /* nothing there: no spreading later on */
  for (int tick = 0; tick < 400; tick++) {
    struct looks l = {0};
    bool looked[PIDS];
    now += interval;
    for (unsigned pid = 1; pid < PIDS; pid++) {
      l.gone[pid] = random_below (20) == 0;
      l.later[pid] = !l.gone[pid] && random_below (20) == 0;
    }
    see (&k, &s);
    for (unsigned i = random_below (4); i > 0; i--) {
      uint32_t renewed = random_below (PIDS * 2);
      known_renew (&k, renewed);
      if (renewed > 0 && renewed < PIDS)
        s.looks[renewed] = 0;
    }
    bool before[PIDS];
    for (unsigned pid = 1; pid < PIDS; pid++)
      before[pid] = s.looks[pid] > 0;
    size_t n = known_run (&k, now, look, &l), want = 0;
    slow_run (&s, (now - 5 * SECOND) * 8 / SECOND, longest, &l, looked);
    for (unsigned pid = 1; pid < PIDS; pid++) {
      ck_assert_msg (l.count[pid] == looked[pid], "tick %d, PID %u: %u looks, want %d", tick, pid, l.count[pid], looked[pid]);
      ck_assert (!looked[pid] || l.again[pid] == before[pid]);
      ck_assert_msg (known_has (&k, pid) == s.there[pid], "tick %d, PID %u", tick, pid);
      want += looked[pid];
    }
    ck_assert_uint_eq (n, want);
  }
  known_free (&k);
}
END_TEST

/* Thousands of processes that come and go: new ones are seen at once, every one in time, and no tick does too much. */
START_TEST (looks_at_all_in_time_and_never_too_often)
{
  static int64_t seen[MOST];
  static bool there[MOST];
  static uint32_t pids[MOST];
  struct known k;
  seed = 12345;
  known_init (&k, SECOND);
  for (int tick = 0, n_ticks = 20 + unit_rounds (100); tick < n_ticks; tick++) {
    int64_t now = 77 * SECOND + tick * SECOND;
    struct looks *l = calloc (1, sizeof *l);
    ck_assert_ptr_nonnull (l);
    size_t n = 0, fresh = 0;
    for (uint32_t pid = 1; pid < MOST; pid++) {
      bool was = there[pid];
      if (tick == 0)
        there[pid] = random_below (2);
      else if (random_below (60) == 0)
        there[pid] = !was;
      if (there[pid] && !was) {
        seen[pid] = -1;
        fresh++;
      }
      if (there[pid])
        pids[n++] = pid;
    }
    ck_assert_int_eq (known_see (&k, pids, n, true), 0);
    size_t looks = known_run (&k, now, look, l);
    if (tick > 0)
      ck_assert_uint_le (looks, fresh + n / 4 + 2 * KNOWN_LEAST_LOOKS);
    for (uint32_t pid = 1; pid < MOST; pid++) {
      if (l->count[pid])
        seen[pid] = now;
      ck_assert (!there[pid] || seen[pid] >= 0);
      ck_assert_msg (!there[pid] || now - seen[pid] < 10 * SECOND, "PID %u was not looked at for %d s", pid,
                     (int) ((now - seen[pid]) / SECOND));
    }
    free (l);
  }
  known_free (&k);
}
END_TEST

START_TEST (looks_at_what_was_there_at_the_start_a_few_at_a_time)
{
  struct known k;
  uint32_t pids[2000];
  for (uint32_t i = 0; i < 2000; i++)
    pids[i] = i + 1;
  known_init (&k, SECOND);
  ck_assert_int_eq (known_see (&k, pids, 2000, true), 0);
  struct looks *l = calloc (1, sizeof *l);
  ck_assert_uint_eq (known_run (&k, SECOND, look, l), 2000);
  size_t most = 0, all = 0;
  for (int tick = 1; tick < 10; tick++) {
    size_t n = known_run (&k, SECOND + tick * SECOND, look, l);
    most = n > most ? n : most;
    all += n;
  }
  ck_assert_uint_ge (all, 2000);
  ck_assert_uint_le (most, 350);
  free (l);
  known_free (&k);
}
END_TEST

START_TEST (bounds_a_storm_of_new_ones)
{
  struct known k;
  static uint32_t pids[MOST - 1];
  known_init (&k, SECOND);
  ck_assert_uint_eq (known_run (&k, 0, look, NULL), 0);
  for (uint32_t i = 0; i < MOST - 1; i++)
    pids[i] = i + 1;
  ck_assert_int_eq (known_see (&k, pids, MOST - 1, true), 0);
  struct looks *l = calloc (1, sizeof *l);
  ck_assert_uint_eq (known_run (&k, SECOND, look, l), KNOWN_MOST_NEW);
  known_run (&k, 2 * SECOND, look, l);
  for (uint32_t i = 0; i < MOST - 1; i++)
    ck_assert_uint_ge (l->count[pids[i]], 1);
  ck_assert_int_eq (known_see (&k, NULL, 0, true), 0);
  ck_assert_uint_eq (k.n, 0);
  ck_assert_uint_eq (known_run (&k, 3 * SECOND, look, l), 0);
  free (l);
  known_free (&k);
  known_free (&k);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_loop_test (t, does_what_the_slow_one_does, 0, 12);
  tcase_add_test (t, looks_at_all_in_time_and_never_too_often);
  tcase_add_test (t, looks_at_what_was_there_at_the_start_a_few_at_a_time);
  tcase_add_test (t, bounds_a_storm_of_new_ones);
}

UNIT_MAIN ("process-known", tests)
