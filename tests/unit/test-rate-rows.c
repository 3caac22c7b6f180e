/* The filter rate, over rows that come and go. */
#include "rows-kit.h"
#include "rate/rate.c"

static const struct flow_table tables[] = {
  {"things",
   "key",
   KK_STRING_KEY,
   3,
   {KK_U64 ("count", "1", KK_COUNTER, .help = "Count"), KK_F64 ("bytes", "By", KK_COUNTER, .help = "Bytes"),
    KK_I64 ("sum", "1", KK_COUNTER, .help = "Both")}},
};

static struct config config;
static struct schema *schema;
static struct flow flow;

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  schema = flow_schema (tables, KK_COUNT (tables));
  config = (struct config){.suffix = "_per_s", .keep = true};
  flow = flow_begin (&kk_plugin, &config);
}

static void
tear_down (void)
{
  flow_clear ();
  flow_end (&flow);
  schema_unref (schema);
}

static struct rowmap *
memory (void)
{
  struct state *s = flow.filter->state;
  struct memory *m = s->memories;
  while (m && strcmp (m->table, "things"))
    m = m->next;
  ck_assert_ptr_nonnull (m);
  return &m->rows;
}

static const struct kk_sample *
pass_rows (const struct flow_row *rows, uint32_t n, uint32_t state)
{
  fake_pass (&flow_now, SECOND);
  return flow_run (&flow, schema, &(struct flow_rows){.n = n, .rows = rows, .state = state}, 0);
}

START_TEST (only_a_complete_table_says_that_a_row_is_gone)
{
  struct flow_row rows[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}};
  pass_rows (rows, 3, KK_COMPLETE);
  pass_rows (rows, 1, KK_PARTIAL);
  ck_assert_uint_eq (memory ()->n, 3);
  rows[1].cells[0].bits = 20;
  ck_assert_double_eq (flow_get (pass_rows (rows, 3, KK_PARTIAL), "things", 1, "count_per_s").f64, 10);
  pass_rows (rows, 0, KK_FAILED);
  ck_assert_uint_eq (memory ()->n, 3);
  pass_rows (rows + 1, 1, KK_COMPLETE);
  ck_assert_uint_eq (memory ()->n, 1);
  ck_assert_uint_eq (flow_get (pass_rows (rows, 2, KK_COMPLETE), "things", 0, "count_per_s").absent, KK_FIRST);
  ck_assert_uint_eq (flow_get (&flow_out[0]->face, "things", 1, "count_per_s").absent, KK_PRESENT);
}
END_TEST

START_TEST (what_is_remembered_is_bounded)
{
  enum { MANY = 1000 };
  static struct flow_row rows[MANY];
  static char names[MANY][16];
  int rounds = unit_rounds (200);
  for (int i = 0; i < rounds; i++) {
    for (int k = 0; k < MANY; k++) {
      snprintf (names[k], sizeof names[k], "%d", i * MANY + k);
      rows[k] = (struct flow_row){.name = names[k]};
    }
    pass_rows (rows, MANY, KK_PARTIAL);
    ck_assert_uint_le (memory ()->n, ROWMAP_MAX / 2 + MANY);
  }
  pass_rows (rows, 1, KK_COMPLETE);
  ck_assert_uint_eq (memory ()->n, 1);
  for (int i = 0; i < 5000; i++)
    pass_rows (rows + i % 2, 1, KK_PARTIAL);
  ck_assert_uint_eq (memory ()->n, 2);
  for (int i = 0; i < 5000; i++)
    pass_rows (rows, 1, KK_PARTIAL);
  ck_assert_uint_eq (memory ()->n, 1); /* not seen for long */
}
END_TEST

/* ---- Random counters, against a slow version ---- */

enum { KEYS = 5, ROUNDS = 3000 };

struct slow {
  bool known;
  uint64_t identity, count;
  int64_t at;
};

static unsigned
draw (unsigned n)
{
  static uint64_t x = 88172645463325252u;
  x ^= x << 13;
  x ^= x >> 7;
  x ^= x << 17;
  return (unsigned) (x % n);
}

/* Three counters, the third of which is the sum of the others (reset together); rows come, go and are others of the same name.
 */
START_TEST (a_rate_of_a_sum_is_the_sum_of_the_rates)
{
  static const char *const names[KEYS] = {"a", "b", "c", "d", "e"};
  struct flow_row now[KEYS] = {0};
  struct slow slow[KEYS] = {0};
  int rounds = unit_rounds (ROUNDS), compared = 0;
  for (int round = 0; round < rounds; round++) {
    struct flow_row rows[KEYS];
    uint32_t n = 0, of[KEYS];
    fake_pass (&flow_now, (int64_t) (1 + draw (4)) * SECOND / 4);
    for (uint32_t k = 0; k < KEYS; k++) {
      struct flow_cell *c = now[k].cells;
      now[k].name = names[k];
      if (!draw (20))
        now[k].identity++;
      if (!draw (15))
        c[0].bits = c[1].bits = 0;
      c[0].bits += draw (1000);
      c[1].bits += draw (1000000);
      c[1].f64 = (double) c[1].bits;
      c[2].bits = c[0].bits + c[1].bits;
      if (draw (10)) {
        of[n] = k;
        rows[n++] = now[k];
      } else {
        slow[k].known = false; /* the table is complete: it is gone */
      }
    }
    const struct kk_sample *s = flow_run (&flow, schema, &(struct flow_rows){.n = n, .rows = rows}, 0);
    for (uint32_t i = 0; i < n; i++) {
      struct slow *w = slow + of[i];
      bool same = w->known && w->identity == rows[i].identity;
      struct kk_value a = flow_get (s, "things", i, "count_per_s"), b = flow_get (s, "things", i, "bytes_per_s"),
                      sum = flow_get (s, "things", i, "sum_per_s");
      if (!same)
        ck_assert_uint_eq (a.absent, KK_FIRST);
      else if (rows[i].cells[0].bits < w->count)
        ck_assert_uint_eq (a.absent, KK_RESET);
      else
        ck_assert_double_eq_tol (
          a.f64, (double) (rows[i].cells[0].bits - w->count) / ((double) (flow_now.mono_ns - w->at) / 1e9), 1e-6);
      if (!a.absent && !b.absent && !sum.absent) {
        compared++;
        ck_assert_double_eq_tol (sum.f64, a.f64 + b.f64, 1e-6 * sum.f64 + 1e-6);
      }
      ck_assert (a.absent || a.f64 >= 0);
      *w = (struct slow){true, rows[i].identity, rows[i].cells[0].bits, flow_now.mono_ns};
    }
  }
  ck_assert_int_gt (compared, rounds);
}
END_TEST

/* What is known of the last reading of a counter. */
struct past {
  bool known, slept, away;
  uint64_t count;
  int64_t at;
};

static uint32_t
slow_rate (struct past *p, const struct flow_cell *c, double *ret)
{
  if (c->why)
    return c->why;
  uint32_t why = !p->known ? KK_FIRST : p->slept ? KK_SUSPEND : p->away ? KK_GAP : c->bits < p->count ? KK_RESET : KK_PRESENT;
  *ret = (double) (c->bits - p->count) / ((double) (flow_now.mono_ns - p->at) / 1e9);
  *p = (struct past){.known = true, .count = c->bits, .at = flow_now.mono_ns};
  return why;
}

/* A counter that begins again at 10,000, one that does not, and their sum; resets of all, sleeps, long gaps, and readings that
 * are not known. No counter rises by more than 1,000 a second, so no rate is larger. */
START_TEST (whatever_happens_there_is_never_a_spike)
{
  static const char *const names[] = {"count_per_s", "bytes_per_s", "sum_per_s"};
  struct flow_row r = {.name = "a"};
  struct flow_cell *c = r.cells;
  struct past past[3] = {{0}};
  int seen[KK_DENIED + 1] = {0}, rounds = unit_rounds (20000), unknown = 0, compared = 0;
  for (int round = 0; round < rounds; round++) {
    bool sleeps = round && !draw (40), gap = round && !sleeps && !draw (40), reset = !draw (60);
    int64_t step = sleeps || gap ? 30 : 1;
    fake_pass (&flow_now, step * SECOND);
    c[0].bits = (c[0].bits + draw (1000) * (uint64_t) step) % 10000;
    if (reset)
      c[0].bits = 0;
    c[1].bits = reset ? 0 : c[1].bits + draw (1000) * (uint64_t) step;
    c[1].f64 = (double) c[1].bits;
    c[2].bits = c[0].bits + c[1].bits;
    unknown = !draw (20) && unknown < 2 ? unknown + 1 : 0;
    for (int f = 0; f < 3; f++) {
      c[f].why = unknown ? KK_ERROR : 0;
      past[f].slept |= sleeps;
      past[f].away |= gap;
    }
    const struct kk_sample *s = flow_run (&flow, schema, &(struct flow_rows){.n = 1, .rows = &r},
                                          sleeps  ? KK_SUSPEND
                                          : gap   ? KK_GAP
                                          : round ? 0
                                                  : KK_FIRST);
    struct kk_value v[3];
    for (int f = 0; f < 3; f++) {
      double want = 0;
      uint32_t why = slow_rate (past + f, c + f, &want);
      v[f] = flow_get (s, "things", 0, names[f]);
      ck_assert_msg (v[f].absent == why, "round %d: %s is %u, and not %u", round, names[f], v[f].absent, why);
      if (!why) {
        ck_assert_double_eq_tol (v[f].f64, want, 1e-9 * (1 + want));
        ck_assert_double_le (v[f].f64, f == 2 ? 2000 : 1000);
      }
      seen[why]++;
    }
    if (!v[0].absent && !v[1].absent && !v[2].absent) {
      compared++;
      ck_assert_double_eq_tol (v[2].f64, v[0].f64 + v[1].f64, 1e-6 * (1 + v[2].f64));
    }
  }
  for (uint32_t why = KK_FIRST; why <= KK_ERROR; why++)
    ck_assert_msg (seen[why] > 0, "never %u", why);
  ck_assert_int_gt (compared, rounds / 2);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, whatever_happens_there_is_never_a_spike);
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, only_a_complete_table_says_that_a_row_is_gone);
  tcase_add_test (t, what_is_remembered_is_bounded);
  tcase_add_test (t, a_rate_of_a_sum_is_the_sum_of_the_rates);
}

UNIT_MAIN ("rate-rows", tests)
