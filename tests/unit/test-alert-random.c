/* Random series under random parameters: everything is the same as by a slow and obvious reckoning. And a series that flaps for
 * a million samples: its messages are bounded, and the bound is known. */
#include "alert-slow.h"
#include "alert/outbox.h"

#define S INT64_C (1000000000)
enum { MOST_LOOKS = 80 };

static uint64_t seed;

static uint32_t
below (uint32_t n)
{
  seed = seed * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
  return (uint32_t) (seed >> 33) % n;
}

/* ---- Series ---- */

static struct alert_params
random_params (void)
{
  static const int64_t times[] = {0, 0, 1 * S, 2 * S, 3 * S, 5 * S, 10 * S};
  return (struct alert_params){.for_ns = times[below (7)],
                               .clear_for_ns = times[below (7)],
                               .unknown_after_ns = times[below (7)],
                               .remind_ns = times[below (7)],
                               .gap_ns = times[below (7)]};
}

static struct alert_look
random_look (int64_t *mono, uint32_t mood, bool own_clear)
{
  const uint32_t kind = below (12);
  *mono += kind == 0 ? (int64_t) below (30) * S : kind == 1 ? 0 : kind == 2 ? -S : kind == 3 ? S / 2 : S;
  struct alert_look l = {.mono_ns = *mono, .wall_ns = *mono, .held = below (10) == 0};
  l.wall_ns += (int64_t) below (1000) - 500; /* the wall clock is another */
  l.has_value = below (3) > 0;
  l.value = below (100);
  l.when = below (4) ? (enum alert_truth) (mood % 3) : (enum alert_truth) below (3);
  l.clear = own_clear ? (enum alert_truth) below (3) : alert_not (l.when);
  return l;
}

/* Now and then the row is gone, or the process ends and another goes on, maybe with a rule that is not what it was. */
static void
interrupt (struct past *past, struct alert_state *s)
{
  const uint32_t dice = below (60);
  if (dice == 0)
    INSIST (alert_gone (s) == slow_gone (past), "gone");
  else if (dice < 4) {
    alert_resume (s, dice == 1);
    slow_resume (past, dice == 1);
  }
}

static void
one_series (uint64_t number, unsigned met[ALERT_PHASES])
{
  struct past past = {0};
  struct alert_state s = {0};
  int64_t mono = 1000 * S;
  uint32_t mood = 0;
  char what[64];
  seed = number * 7919 + 17;
  const struct alert_params p = random_params ();
  const bool own_clear = below (3) == 0;
  for (int i = 0; i < MOST_LOOKS; i++) {
    if (below (6) == 0)
      mood = below (3);
    const int64_t before = mono;
    struct alert_look l = random_look (&mono, mood, own_clear);
    const struct alert_state held = s;
    const unsigned said = alert_look (&s, &p, &l), expected = slow_look (&past, &p, &l);
    snprintf (what, sizeof what, "series %llu, look %d", (unsigned long long) number, i);
    INSIST (said == expected, "%s: %x, expected %x", what, said, expected);
    slow_compare (&past, &p, &s, what);
    met[s.phase]++;
    if (l.held) {
      INSIST (!memcmp (&s, &held, sizeof s), "%s: held, and not as it was", what);
      mono = before;
    }
    interrupt (&past, &s);
    slow_compare (&past, &p, &s, what);
  }
}

START_TEST (random_series_are_as_reckoned)
{
  const int rounds = unit_rounds (10000);
  unsigned met[ALERT_PHASES] = {0};
  for (int i = 0; i < rounds; i++)
    one_series ((uint64_t) i, met);
  for (int i = 0; i < ALERT_PHASES; i++) /* else this would say little */
    ck_assert_int_gt ((int) met[i], rounds * 3);
}
END_TEST

/* ---- Flapping ---- */

struct told {
  unsigned fired, cleared, reminders, unknown, known;
};

static struct told
flap (const struct alert_params *p, int looks, enum alert_truth (*next) (int i))
{
  struct alert_state s = {0};
  struct told told = {0};
  for (int i = 0; i < looks; i++) {
    enum alert_truth when = next (i);
    unsigned said =
      alert_look (&s, p, &(struct alert_look){.mono_ns = i * S, .wall_ns = i * S, .when = when, .clear = alert_not (when)});
    told.fired += !!(said & ALERT_FIRED);
    told.cleared += !!(said & ALERT_CLEARED);
    told.reminders += !!(said & ALERT_REMINDER);
    told.unknown += !!(said & ALERT_BECAME_UNKNOWN);
    told.known += !!(said & ALERT_KNOWN);
  }
  return told;
}

static enum alert_truth
at_random (int i)
{
  (void) i;
  return (enum alert_truth) below (2);
}

/* As fast as messages can be had of 30 s and 10 s: true for 31 looks, false for 11. */
static enum alert_truth
at_worst (int i)
{
  return i % 42 < 31 ? ALERT_TRUE : ALERT_FALSE;
}

static enum alert_truth
each_time (int i)
{
  return i % 2 ? ALERT_FALSE : ALERT_TRUE;
}

static enum alert_truth
with_unknown (int i)
{
  return i % 500 < 320 ? ALERT_UNKNOWN : (enum alert_truth) below (2);
}

START_TEST (flapping_is_bounded)
{
  static enum alert_truth (*const series[]) (int) = {at_random, at_worst, each_time, with_unknown};
  const int looks = unit_rounds (1000000);
  const struct alert_params p = {
    .for_ns = 30 * S, .clear_for_ns = 10 * S, .unknown_after_ns = 300 * S, .remind_ns = 600 * S, .gap_ns = 5 * S};
  const int64_t time = looks * S, both = p.for_ns + p.clear_for_ns;
  seed = 1;
  for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
    struct told told = flap (&p, looks, series[i]);
    ck_assert_int_le (told.fired, (time + p.clear_for_ns) / both);
    ck_assert_int_le (told.cleared, time / both);
    ck_assert_int_le (told.unknown, time / p.unknown_after_ns);
    ck_assert_int_le (told.known, told.unknown);
    ck_assert_int_le (told.reminders, time / p.remind_ns);
    if (series[i] == each_time)
      ck_assert_uint_eq (told.fired, 0);
    /* The bound is not far from what can be. */
    if (series[i] == at_worst)
      ck_assert_int_gt (told.fired, time / (both + 2 * S) - 2);
    if (series[i] == with_unknown)
      ck_assert_int_gt (told.unknown, time / (500 * S) - 2);
  }
}
END_TEST

static bool
never_silenced (void *arg, uint32_t rule, const char *row)
{
  (void) arg, (void) rule, (void) row;
  return false;
}

struct sums {
  uint64_t messages, named, suppressed;
};

static void
count_message (void *arg, const struct alert_message *m)
{
  struct sums *sums = arg;
  sums->messages++;
  sums->named += m->total;
  sums->suppressed += m->suppressed;
}

/* Without any duration limits bound it, and each change is either told or counted. */
START_TEST (flapping_without_durations_is_limited)
{
  const int looks = unit_rounds (1000000);
  const struct alert_params p = {0};
  struct alert_outbox o;
  struct alert_state s = {0};
  struct sums sums = {0};
  uint64_t changes = 0;
  ck_assert_int_eq (
    alert_outbox_init (
      &o, &(struct alert_outbox_config){.rule_burst = 10, .rule_every_ns = 60 * S, .all_burst = 30, .all_every_ns = 20 * S}, 1),
    0);
  for (int i = 0; i < looks; i++) {
    enum alert_truth when = each_time (i);
    unsigned said = alert_look (&s, &p, &(struct alert_look){.mono_ns = i * S, .when = when, .clear = alert_not (when)});
    struct alert_item item = {.change = (uint8_t) (said & (ALERT_FIRED | ALERT_CLEARED))};
    ck_assert_uint_ne (item.change, 0);
    changes++;
    alert_outbox_add (&o, &item, i * S);
    alert_outbox_flush (&o, i * S, never_silenced, count_message, &sums);
    o.n_done = 0;
  }
  ck_assert_uint_le (sums.messages, 10 + (uint64_t) looks / 60);
  ck_assert_uint_ge (sums.messages, (uint64_t) looks / 60);
  ck_assert_uint_eq (sums.named + sums.suppressed + o.rules[0].suppressed + o.n, changes);
  ck_assert_uint_le (o.n, 1);
  ck_assert_uint_eq (o.lost, 0);
  alert_outbox_free (&o);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, random_series_are_as_reckoned);
  tcase_add_test (t, flapping_is_bounded);
  tcase_add_test (t, flapping_without_durations_is_limited);
}

UNIT_MAIN ("alert-random", tests)
