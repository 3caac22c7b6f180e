/* From samples to the table by way of everything but the network: a day with an outage, restarts, crashes, a table that loses
 * requests and answers. The sender here does what the headers say; time is made up. At the end each minute is in the table,
 * with all its samples. */
#include "dynamodb-writer/item.h"
#include "dynamodb-writer/minute-state.h"
#include "dynamodb-writer/minutes.h"
#include "spool-kit.h"

#include <fcntl.h>

enum { MINUTES = 24 * 60, EVERY_MS = 10000, ROOM = 16 << 20 };

struct cell {
  uint32_t samples;
  int64_t cpu;
  int64_t writes;
};

struct world {
  char *dir;
  struct minutes minutes;
  struct minute_state state;
  struct spool *spool;
  uint32_t random;
  int64_t ms;                 /* since T0 */
  bool dark;                  /* no network */
  bool steps;                 /* now and then a sample is dated by a clock that is wrong */
  struct cell table[MINUTES]; /* what is in DynamoDB */
  uint32_t taken[MINUTES];
  int64_t sums[MINUTES];
  uint64_t batches, puts, refused;
  uint64_t again; /* points that said so, each counted once for each time it was added */
};

static void
over (void *arg, const struct minute *m)
{
  struct world *w = arg;
  struct minute_lack lack;
  struct point p;
  ck_assert_int_eq (minute_point (m, "web-1", T0 * SECOND_NS_ + w->ms * 1000000, &p, &lack), 0);
  ck_assert_int_eq (spool_add (w->spool, &p), 0);
  w->again += p.flags & POINT_AGAIN;
}

static void
begin (struct world *w)
{
  struct minute m;
  int64_t written;
  w->spool = open_spool (w->dir, ROOM);
  minutes_init (&w->minutes, over, w);
  int directory = spool_directory (w->spool);
  ck_assert_int_eq (minute_state_open (&w->state, directory), 0);
  close (directory);
  if (minute_state_load (&w->state, &m, &written) == 0)
    minutes_restore (&w->minutes, &m, written);
}

static void
end (struct world *w, bool cleanly)
{
  if (cleanly) {
    minutes_flush (&w->minutes);
    ck_assert_int_eq (minute_state_save (&w->state, minutes_running (&w->minutes), w->minutes.written, w->ms * 1000000, true),
                      0);
  }
  minute_state_close (&w->state);
  spool_free (w->spool);
}

/* ---- The table ---- */

static struct cell *
cell_of (struct world *w, const struct point *p)
{
  int64_t at = (p->minute - T0) / 60;
  ck_assert (at >= 0 && at < MINUTES);
  return &w->table[at];
}

static void
store (struct world *w, const struct point *p)
{
  struct cell *c = cell_of (w, p);
  /* What a batch overwrites must not have been fuller. */
  ck_assert_uint_ge (p->samples, c->samples);
  *c = (struct cell){.samples = p->samples, .cpu = p->values[POINT_CPU_PERCENT], .writes = c->writes + 1};
}

/* Whether the caller hears that it was done. */
static bool
put (struct world *w, const struct point *p)
{
  const struct cell *c = cell_of (w, p);
  uint32_t luck = random_below (&w->random, 10);
  w->puts++;
  if (w->dark || luck == 0)
    return false;
  if (!c->writes || c->samples < p->samples)
    store (w, p);
  else
    w->refused++;
  return luck != 1; /* the answer may be lost on its way */
}

static void
done (struct world *w, const struct spool_ref *ref)
{
  minutes_confirm (&w->minutes, ref->minute);
  spool_done (w->spool, ref);
}

static void
batch (struct world *w, const struct point *points, const struct spool_ref *refs, size_t n)
{
  uint32_t luck = random_below (&w->random, 10);
  w->batches++;
  if (w->dark || luck == 0)
    return;
  for (size_t i = 0; i < n; i++) {
    if (random_below (&w->random, 4) == 0)
      continue; /* unprocessed */
    store (w, &points[i]);
    if (luck != 1)
      done (w, &refs[i]);
  }
}

static void
send (struct world *w)
{
  struct spool_ref refs[ITEM_BATCH], fresh[ITEM_BATCH];
  static struct point points[ITEM_BATCH];
  size_t n = spool_pick (w->spool, T0 + w->ms / 1000, ITEM_BATCH, refs), m = 0;
  for (size_t i = 0; i < n; i++) {
    ck_assert_int_eq (spool_get (w->spool, &refs[i], &points[m]), 0);
    if (!refs[i].again && n > 1)
      fresh[m++] = refs[i];
    else if (put (w, &points[m]))
      done (w, &refs[i]);
  }
  if (m)
    batch (w, points, fresh, m);
}

/* ---- The day ---- */

static int64_t
clock_ms (struct world *w)
{
  static const int64_t steps[] = {INT64_C (315360000000), 3600000, 400000, -200000, -1800000};
  if (!w->steps || random_below (&w->random, 150) || w->ms > 22 * INT64_C (3600000))
    return w->ms;
  int64_t ms = w->ms + steps[random_below (&w->random, 5)];
  return ms < 0 ? w->ms : ms;
}

static void
sample (struct world *w)
{
  int64_t ms = clock_ms (w), at = ms / 60000;
  int cpu = (int) random_below (&w->random, 1001);
  struct minute_reading r = make_reading (ms, cpu / 10.0);
  minutes_take (&w->minutes, &r);
  minute_state_save (&w->state, minutes_running (&w->minutes), w->minutes.written, w->ms * 1000000, false);
  if (at >= MINUTES)
    return;
  w->taken[at]++;
  w->sums[at] += cpu;
}

static struct world *
live (uint32_t seed, bool crashes, bool steps)
{
  struct world *w = calloc (1, sizeof *w);
  ck_assert_ptr_nonnull (w);
  w->random = seed;
  w->steps = steps;
  w->dir = unit_temp_dir ();
  begin (w);
  for (; w->ms < MINUTES * INT64_C (60000); w->ms += EVERY_MS) {
    w->dark = w->ms > 3600000 && w->ms < 20 * INT64_C (3600000);
    sample (w);
    if (random_below (&w->random, 3) == 0)
      send (w);
    if (random_below (&w->random, 100) == 0) {
      end (w, !crashes || random_below (&w->random, 2));
      begin (w);
    }
  }
  end (w, true);
  begin (w);
  spool_drop_future (w->spool, T0 + w->ms / 1000);
  for (int i = 0; i < 5000 && look (w->spool).points; i++)
    send (w);
  ck_assert_uint_eq (look (w->spool).points, 0);
  end (w, true);
  ck_assert (w->batches > 20 && w->puts > 100 && w->refused > 0);
  return w;
}

static void
bury (struct world *w)
{
  unit_remove_tree (w->dir);
  free (w->dir);
  free (w);
}

START_TEST (every_minute_arrives_with_all_its_samples)
{
  for (uint32_t seed = 1; seed <= 3; seed++) {
    struct world *w = live (seed * 7919, false, false);
    for (int i = 0; i < MINUTES; i++) {
      ck_assert_uint_eq (w->table[i].samples, w->taken[i]);
      ck_assert_int_eq (w->table[i].cpu, (2 * w->sums[i] + w->taken[i]) / (2 * w->taken[i]));
    }
    bury (w);
  }
}
END_TEST

START_TEST (a_crash_costs_the_minute_that_runs_a_few_samples)
{
  for (uint32_t seed = 1; seed <= 3; seed++) {
    struct world *w = live (seed * 104729, true, false);
    uint32_t lost = 0;
    for (int i = 0; i < MINUTES; i++) {
      /* Saved at most MINUTE_STATE_EVERY ago: one sample of these, and a second crash in the minute another one. A minute that
       * had only just begun may have none. */
      ck_assert_uint_le (w->table[i].samples, w->taken[i]);
      ck_assert_uint_ge (w->table[i].samples + 4, w->taken[i]);
      lost += w->taken[i] - w->table[i].samples;
    }
    ck_assert_uint_gt (lost, 0);
    ck_assert_uint_lt (lost, MINUTES * 6 / 100);
    bury (w);
  }
}
END_TEST

/* What a wrong clock dates goes to minutes that were, or are to come; nothing that is in the table becomes less (see store),
 * and what is sent after an outage goes in batches as ever. */
START_TEST (a_clock_that_steps_costs_a_sample_at_most)
{
  for (uint32_t seed = 1; seed <= 3; seed++) {
    struct world *w = live (seed * 15485863, false, true);
    uint32_t lost = 0;
    for (int i = 0; i < MINUTES; i++) {
      ck_assert_uint_le (w->table[i].samples, w->taken[i]);
      lost += w->taken[i] - w->table[i].samples;
    }
    ck_assert_uint_gt (lost, 0);
    ck_assert_uint_le (lost, MINUTES * 6 / 100);
    ck_assert_uint_lt (w->again, 400);
    bury (w);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_test (t, every_minute_arrives_with_all_its_samples);
  tcase_add_test (t, a_clock_that_steps_costs_a_sample_at_most);
  tcase_add_test (t, a_crash_costs_the_minute_that_runs_a_few_samples);
}

UNIT_MAIN ("minutes-sent", tests)
