/* Every filter that is installed, as daemon.yaml configures it, in any order; and orders that make no difference. */
#include "filters-kit.h"

#include <math.h>

enum { FILTERS = 8, SAMPLES = 40 };

/* Where one has made another name, or less, of what the next looks at, that does without. */
static const struct {
  const char *name, *options;
} kinds[FILTERS] = {
  {"label", "{fields: {site: here}, tables: ['*']}"},
  {"rename", "{tables: {pids: programs}, fields: {things.load: share}, rows: {things.k1: first}}"},
  {"rate", "{fields: ['*.count', '*.io']}"},
  {"aggregate", "{every: 1s, fields: ['*.*=last']}"},
  {"top", "{by: [things.load, pids.cpu], n: 3, other: true}"},
  {"dedup", "{every: 3}"},
  {"select", "{drop_fields: [one.load], drop_rows: ['*.?2'], where: {pids: 'cpu > 5'}}"},
  {"alert", "{log: false, rules: {busy: {when: 'things.load > 25', for: 1s}, gone: {when: 'one.count > 1000'}}}"},
};

static struct descriptor *descriptors[FILTERS];
static char *dir;
static struct schema *schema;

static void
set_up (void)
{
  dir = unit_temp_dir ();
  fake_env (&flow_env, &flow_now);
  flow_env.data_dir = dir;
  schema = flow_schema (line_tables, KK_COUNT (line_tables));
  for (int i = 0; i < FILTERS; i++)
    descriptors[i] = line_plugin (kinds[i].name);
}

static void
tear_down (void)
{
  for (int i = 0; i < FILTERS; i++)
    descriptor_free (descriptors[i]);
  schema_unref (schema);
  unit_remove_tree (dir);
  free (dir);
}

/* ---- A chain and what came of it ---- */

struct taken {
  struct line line;
  struct sample *out[SAMPLES * FILTERS + FILTERS];
  int n_out;
};

static void
take (void *arg, const struct sample *s)
{
  struct taken *l = arg;
  ck_assert_int_lt (l->n_out, (int) KK_COUNT (l->out));
  l->out[l->n_out++] = sample_ref (s);
}

static void
add (struct taken *l, int kind, const char *options)
{
  line_add (&l->line, descriptors[kind], options);
}

static void
begin (struct taken *l)
{
  line_begin (&l->line, take, l);
}

static void
end (struct taken *l)
{
  line_end (&l->line);
  for (int i = 0; i < l->n_out; i++)
    sample_unref (l->out[i]);
}

/* ---- Any order ---- */

/* No table has more rows than there are things, `other` and a rule without rows; each value can be read. */
static uint64_t
look_at (const struct sample *s)
{
  uint64_t cells = 0;
  for (uint32_t t = 0; t < s->schema->n_tables; t++) {
    ck_assert_uint_le (s->tables[t].n_rows, LINE_KEYS + 2);
    for (uint32_t i = 0; i < s->tables[t].n_rows; i++)
      for (uint32_t f = 0; f < s->schema->tables[t].n_fields; f++) {
        struct kk_value v;
        if (kk_get (&s->face, t, i, f, &v))
          continue;
        cells++;
        if (v.type == KK_TYPE_STRING)
          ck_assert_uint_eq (strlen (v.string), v.length);
      }
  }
  return cells;
}

START_TEST (all_stand_in_any_order)
{
  const int rounds = unit_rounds (40);
  for (int round = 0; round < rounds; round++) {
    struct line_series series = {.random = (unsigned) round * 91 + 5, .steady = true};
    struct taken l = {.n_out = 0};
    int order[FILTERS];
    uint64_t cells = 0;
    line_shuffle (order, FILTERS, &series.random);
    for (int i = 0; i < FILTERS; i++)
      add (&l, order[i], kinds[order[i]].options);
    begin (&l);
    for (int i = 0; i < SAMPLES; i++) {
      struct sample *s = line_sample (schema, &series);
      chain_run (l.line.chain, s);
      sample_unref (s);
    }
    chain_flush (l.line.chain);
    ck_assert_int_ge (l.n_out, SAMPLES / 4); /* one for each second */
    ck_assert_int_le (l.n_out, SAMPLES / 4 + 2);
    for (int i = 0; i < l.n_out; i++)
      cells += look_at (l.out[i]);
    ck_assert_uint_gt (cells, (uint64_t) l.n_out);
    end (&l);
  }
}
END_TEST

/* ---- Orders that make no difference ---- Each of these is about another table, or about names that the others leave alone. */

static const struct {
  int kind;
  const char *options;
} apart[] = {
  {0, "{fields: {site: here}, tables: [one]}"}, {1, "{tables: {pids: programs}}"}, {6, "{drop_fields: [things.word]}"},
  {6, "{where: {things: 'load > 20'}}"},        {2, "{fields: [one.count]}"},
};

static void
same_cell (const struct sample *a, uint32_t t, uint32_t row, uint32_t f, const struct sample *b)
{
  const struct table_schema *table = a->schema->tables + t;
  const int64_t u = schema_find_table (b->schema, table->name);
  ck_assert_int_ge (u, 0);
  const int64_t g = table_schema_find (b->schema->tables + u, table->fields[f].name);
  struct kk_value v, w;
  ck_assert_int_ge (g, 0);
  ck_assert_uint_eq (a->tables[t].n_rows, b->tables[u].n_rows);
  ck_assert_uint_eq (kk_get (&a->face, t, row, f, &v), kk_get (&b->face, (uint32_t) u, row, (uint32_t) g, &w));
  ck_assert_uint_eq (v.held, w.held);
  ck_assert_uint_eq (kk_get_identity (&a->face, t, row), kk_get_identity (&b->face, (uint32_t) u, row));
  if (v.absent)
    return;
  if (v.type == KK_TYPE_STRING)
    ck_assert_str_eq (v.string, w.string);
  else
    ck_assert_uint_eq (v.u64, w.u64);
}

static void
same_sample (const struct sample *a, const struct sample *b)
{
  ck_assert_uint_eq (a->schema->n_tables, b->schema->n_tables);
  for (uint32_t t = 0; t < a->schema->n_tables; t++)
    for (uint32_t row = 0; row < a->tables[t].n_rows; row++)
      for (uint32_t f = 0; f < a->schema->tables[t].n_fields; f++)
        same_cell (a, t, row, f, b);
}

START_TEST (those_that_are_apart_commute)
{
  for (unsigned first = 0; first < KK_COUNT (apart); first++)
    for (unsigned second = 0; second < first; second++) {
      struct line_series series = {.random = first * 7 + second};
      struct taken lines[2] = {{.n_out = 0}, {.n_out = 0}};
      for (int i = 0; i < 2; i++) {
        const unsigned one = i ? second : first, other = i ? first : second;
        add (lines + i, apart[one].kind, apart[one].options);
        add (lines + i, apart[other].kind, apart[other].options);
        begin (lines + i);
      }
      for (int k = 0; k < SAMPLES; k++) {
        struct sample *s = line_sample (schema, &series);
        for (int i = 0; i < 2; i++)
          chain_run (lines[i].line.chain, s);
        sample_unref (s);
        same_sample (lines[0].out[k], lines[1].out[k]);
        same_sample (lines[1].out[k], lines[0].out[k]);
      }
      end (lines);
      end (lines + 1);
    }
}
END_TEST

/* ---- A number that comes again ---- */

/* The state of the only row of which a rule says anything; "" where there is none. */
static const char *
state_in (const struct sample *s)
{
  uint32_t t, f = flow_field (&s->face, "alerts", "state", &t);
  const char *state = "";
  for (uint32_t row = 0; row < s->tables[t].n_rows; row++) {
    struct kk_value v;
    ck_assert_int_eq (kk_get (&s->face, t, row, f, &v), 0);
    if (!strcmp (v.string, "ok"))
      continue;
    ck_assert_str_eq (state, "");
    state = v.string;
  }
  return state;
}

/* A second later: a sample with this process in it, or with none. */
static void
pass_one (struct taken *l, const struct flow_row *process)
{
  const struct flow_row one = {.cells = {{0}, {.f64 = 1}}};
  fake_pass (&flow_now, SECOND);
  struct sample *s = flow_sample (
    schema, (struct flow_rows[]){{.n = 0}, {.n = 1, .rows = &one}, {.n = process != NULL, .rows = process}}, KK_PRESENT);
  while (l->n_out)
    sample_unref (l->out[--l->n_out]);
  chain_run (l->line.chain, s);
  sample_unref (s);
  ck_assert_int_eq (l->n_out, 1);
}

/* Alert reads what it kept on a thread of its own; until then it says nothing of its rules. */
static bool
judges (struct taken *l)
{
  pass_one (l, NULL);
  return l->out[0]->tables[schema_find_table (l->out[0]->schema, "alerts")].state != KK_FAILED;
}

/* A process reads 1000 bytes a second, ends, and its number is another's, which counts from far above. */
START_TEST (a_number_that_comes_again_is_another)
{
  static const struct {
    uint64_t identity, io;
    const char *state;
    double rate; /* < 0: not known */
  } steps[] = {
    {1, 0, "", -1},
    {1, 1000, "pending", 1000},
    {1, 2000, "pending", 1000},
    {2, UINT64_C (1000000000000), "", -1},
    {2, UINT64_C (1000000001000), "pending", 1000},
    {2, UINT64_C (1000000002000), "pending", 1000},
    {2, UINT64_C (1000000003000), "firing", 1000},
  };
  struct taken l = {.n_out = 0};
  add (&l, 2, "{fields: [pids.io]}");
  add (&l, 4, "{by: [pids.cpu], n: 2}");
  add (&l, 7, "{log: false, rules: {reads: {when: 'pids[*].io_per_s > 100', for: 2s}}}");
  begin (&l);
  while (!judges (&l))
    nanosleep (&(struct timespec){.tv_nsec = 1000000}, NULL);
  for (unsigned i = 0; i < KK_COUNT (steps); i++) {
    pass_one (&l, &(struct flow_row){.key = 7, .identity = steps[i].identity, .cells = {{steps[i].io}, {.f64 = 50}}});
    const struct sample *out = l.out[0];
    const struct kk_value rate = flow_get (&out->face, "pids", 0, "io_per_s");
    ck_assert_msg (steps[i].rate < 0 ? rate.absent != KK_PRESENT : !rate.absent && fabs (rate.f64 - steps[i].rate) < 1,
                   "step %u: %g bytes a second", i, rate.f64);
    ck_assert_msg (!strcmp (state_in (out), steps[i].state), "step %u: '%s'", i, state_in (out));
  }
  end (&l);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, all_stand_in_any_order);
  tcase_add_test (t, those_that_are_apart_commute);
  tcase_add_test (t, a_number_that_comes_again_is_another);
}

UNIT_MAIN ("filters-all", tests)
