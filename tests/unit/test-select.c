/* select: against a slow version that asks of each row by itself. */
#include "rows-kit.h"
#include "select/select.c"

enum { MOST = 40 };

static const struct flow_table tables[] = {
  {"things",
   "key",
   KK_STRING_KEY,
   3,
   {KK_F64 ("load", "%", KK_GAUGE, .help = "Load"), KK_U64 ("size", "By", KK_GAUGE, .help = "Size"),
    KK_STRING ("word", .help = "Word")}},
  {"one", NULL, KK_NO_KEY, 1, {KK_F64 ("load", "%", KK_GAUGE, .help = "Load")}},
  {"pids",
   "pid",
   KK_U64_KEY,
   2,
   {KK_U64 ("size", "By", KK_GAUGE, .help = "Size"), KK_F64 ("cpu", "%", KK_GAUGE, .help = "CPU")}},
};
static const char *const words[] = {"", "ok", "old", "odd"};

static struct config config;
static struct schema *schema;
static const char *items[N_LISTS][4], *names[4], *texts[4];

static void
set_up (void)
{
  fake_env (&flow_env, &flow_now);
  schema = flow_schema (tables, KK_COUNT (tables));
  config = (struct config){.where = {.names = names, .items = texts}};
  for (int i = 0; i < N_LISTS; i++)
    config.lists[i].items = items[i];
}

static void
tear_down (void)
{
  flow_clear ();
  schema_unref (schema);
}

static void
set (enum list list, const char *item)
{
  items[list][config.lists[list].count++] = item;
}

static void
where (const char *table, const char *text)
{
  names[config.where.count] = table;
  texts[config.where.count++] = text;
}

/* ---- The slow version ---- */

/* One sample, as it was made up. */
struct made {
  struct flow_row things[MOST], pids[MOST], one;
  char keys[MOST][8];
  uint32_t n_things, n_pids;
};

static bool
has (const struct flow_row *r, int cell)
{
  return !r->cells[cell].why;
}

static bool
big (const struct made *m, const struct flow_row *r)
{
  (void) m;
  return has (r, 1) && r->cells[1].bits > 2048;
}

static bool
busy_or_odd (const struct made *m, const struct flow_row *r)
{
  (void) m;
  bool odd = has (r, 2) && !strcmp (r->cells[2].text, "odd");
  return (has (r, 0) && r->cells[0].f64 > 50) || odd;
}

static bool
not_busy (const struct made *m, const struct flow_row *r)
{
  (void) m;
  return has (r, 0) && !(r->cells[0].f64 > 50);
}

static bool
above_mean (const struct made *m, const struct flow_row *r)
{
  double sum = 0;
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->n_things; i++)
    if (has (m->things + i, 0)) {
      sum += m->things[i].cells[0].f64;
      n++;
    }
  return has (r, 0) && n && r->cells[0].f64 > sum / n;
}

static bool
when_loaded (const struct made *m, const struct flow_row *r)
{
  (void) r;
  return has (&m->one, 0) && m->one.cells[0].f64 > 25;
}

static bool
busy_odd_keys (const struct made *m, const struct flow_row *r)
{
  (void) m;
  return r->name[0] == 'b' && has (r, 0) && r->cells[0].f64 >= 10;
}

static const struct {
  const char *text;
  bool (*is) (const struct made *m, const struct flow_row *r);
} wheres[] = {{"size > 2KiB", big},           {"load > 50 or word == \"odd\"", busy_or_odd},
              {"not load > 50", not_busy},    {"load > avg(things.load)", above_mean},
              {"one.load > 25", when_loaded}, {"things[b*].load >= 10", busy_odd_keys}};

/* Keys are a letter a to d and a number below 30. */
static bool
glob_b (const char *key)
{
  return key[0] == 'b';
}

static bool
regex_ends_3 (const char *key)
{
  return key[strlen (key) - 1] == '3' && key[0] <= 'b';
}

static bool
regex_two (const char *key)
{
  return strlen (key) == 3;
}

static const struct {
  const char *item;
  bool (*is) (const char *key);
} keys[] = {{"things.b*", glob_b}, {"*./^[ab].*3$/", regex_ends_3}, {"th*./^[a-z][0-9]{2}$/", regex_two}};

/* ---- */

static void
draw_sample (unsigned *random, struct made *m)
{
  *m = (struct made){.n_things = unit_draw (random, MOST)};
  for (uint32_t i = 0; i < m->n_things; i++) {
    snprintf (m->keys[i], sizeof m->keys[i], "%c%u", "abcd"[i & 3], i % 30 + unit_draw (random, 2) * 40);
    m->things[i] =
      (struct flow_row){.name = m->keys[i],
                        .identity = i,
                        .cells = {{.f64 = unit_draw (random, 100), .why = unit_draw (random, 5) ? 0 : KK_FIRST},
                                  {.bits = unit_draw (random, 4096), .why = unit_draw (random, 9) ? 0 : KK_DENIED},
                                  {.text = words[unit_draw (random, 4)], .why = unit_draw (random, 9) ? 0 : KK_UNSET}}};
  }
  m->one = (struct flow_row){.cells = {{.f64 = unit_draw (random, 50), .why = unit_draw (random, 5) ? 0 : KK_ERROR}}};
}

static struct sample *
make (const struct made *m)
{
  return flow_sample (schema, (struct flow_rows[]){{.n = m->n_things, .rows = m->things}, {.n = 1, .rows = &m->one}, {0}}, 0);
}

struct drawn {
  int keep, drop, where; /* -1: none */
};

static bool
slow (const struct drawn *d, const struct made *m, const struct flow_row *r)
{
  return (d->keep < 0 || keys[d->keep].is (r->name)) && (d->drop < 0 || !keys[d->drop].is (r->name))
         && (d->where < 0 || wheres[d->where].is (m, r));
}

static void
compare (const struct drawn *d, const struct made *m, const struct kk_sample *s)
{
  uint32_t n = 0;
  struct kk_value key;
  for (uint32_t i = 0; i < m->n_things; i++) {
    if (!slow (d, m, m->things + i))
      continue;
    ck_assert_uint_lt (n, sample_of (s)->tables[0].n_rows);
    kk_get_key (s, 0, n++, &key);
    ck_assert_str_eq (key.string, m->things[i].name);
  }
  ck_assert_uint_eq (sample_of (s)->tables[0].n_rows, n);
  ck_assert_uint_eq (sample_of (s)->tables[0].state, n < m->n_things ? KK_PARTIAL : KK_COMPLETE);
}

START_TEST (keeps_the_rows_that_the_slow_version_keeps)
{
  unsigned random = 3;
  int rounds = unit_rounds (400), some = 0;
  for (int round = 0; round < rounds; round++) {
    struct drawn d = {(int) unit_draw (&random, 4) - 1, (int) unit_draw (&random, 4) - 1, (int) unit_draw (&random, 7) - 1};
    for (int i = 0; i < N_LISTS; i++)
      config.lists[i].count = 0;
    config.where.count = 0;
    if (d.keep >= 0)
      set (KEEP_ROWS, keys[d.keep].item);
    if (d.drop >= 0)
      set (DROP_ROWS, keys[d.drop].item);
    if (d.where >= 0)
      where ("things", wheres[d.where].text);
    ck_assert_ptr_null (flow_fault (&kk_plugin, &config, schema));
    struct flow f = flow_begin (&kk_plugin, &config);
    for (int k = 0; k < 8; k++) {
      struct made m;
      fake_pass (&flow_now, SECOND);
      draw_sample (&random, &m);
      struct sample *s = make (&m);
      flow_clear ();
      chain_run (f.chain, s);
      sample_unref (s);
      ck_assert_uint_eq (flow_n_out, 1);
      compare (&d, &m, &flow_out[0]->face);
      some += sample_of (&flow_out[0]->face)->tables[0].n_rows > 0;
    }
    flow_clear ();
    flow_end (&f);
  }
  ck_assert_int_gt (some, rounds);
}
END_TEST

START_TEST (tables_and_fields_by_regular_expressions)
{
  set (KEEP_TABLES, "/^(things|one)$/");
  set (DROP_FIELDS, "*./^(lo|wo)/");
  ck_assert_ptr_null (flow_fault (&kk_plugin, &config, schema));
  struct flow f = flow_begin (&kk_plugin, &config);
  const struct flow_row row = {.name = "a", .cells = {[2].text = "x"}}, one = {.identity = 0};
  const struct kk_sample *s =
    flow_run (&f, schema, (struct flow_rows[]){{.n = 1, .rows = &row}, {.n = 1, .rows = &one}, {0}}, 0);
  const struct schema *out = sample_of (s)->schema;
  ck_assert_uint_eq (out->n_tables, 1); /* of `one` no field stays */
  ck_assert_str_eq (out->tables[0].name, "things");
  ck_assert_uint_eq (out->tables[0].n_fields, 1);
  ck_assert_str_eq (out->tables[0].fields[0].name, "size");
  flow_clear ();
  flow_end (&f);
}
END_TEST

START_TEST (numbers_as_keys_and_a_rate)
{
  set (DROP_ROWS, "pids./^4/");
  where ("pids", "rate(size) > 5");
  struct flow f = flow_begin (&kk_plugin, &config);
  const struct flow_row one = {.identity = 0};
  struct flow_row rows[] = {{.key = 41}, {.key = 7}, {.key = 8}};
  for (int turn = 0; turn < 3; turn++) {
    fake_pass (&flow_now, SECOND);
    rows[0].cells[0].bits += 10;
    rows[1].cells[0].bits += 10;
    rows[2].cells[0].bits += 2;
    const struct kk_sample *s =
      flow_run (&f, schema, (struct flow_rows[]){{0}, {.n = 1, .rows = &one}, {.n = 3, .rows = rows}}, 0);
    struct kk_value key;
    ck_assert_uint_eq (sample_of (s)->tables[2].n_rows, turn ? 1 : 0); /* at first nothing is known of any */
    if (turn) {
      kk_get_key (s, 2, 0, &key);
      ck_assert_uint_eq (key.u64, 7);
    }
  }
  flow_clear ();
  flow_end (&f);
}
END_TEST

/* ---- What is said against it ---- */

static void
is_refused (const char *option, const char *sentence)
{
  struct kk_fault fault = {.option = NULL};
  if (!kk_plugin.check (&config, &fault)) {
    struct shape *shape;
    ck_assert_int_eq (shape_new (&flow_env.host, schema, &shape), 0);
    ck_assert_int_eq (kk_plugin.shape (&config, &schema->face, &shape->face, &fault), -EINVAL);
    shape_free (shape);
  }
  ck_assert_str_eq (fault.option, option);
  ck_assert_msg (strstr (fault.text, sentence) != NULL, "%s", fault.text);
  for (int i = 0; i < N_LISTS; i++)
    config.lists[i].count = 0;
  config.where.count = 0;
}

START_TEST (says_what_is_wrong)
{
  set (KEEP_ROWS, "/^eth/");
  is_refused ("keep_rows", "write it as table./expression/");
  set (DROP_FIELDS, "things./(a/");
  is_refused ("drop_fields", "'/(a/' is no regular expression to be used here: a '(' is not closed");
  set (KEEP_TABLES, "/(a*)*/");
  is_refused ("keep_tables", "repeats what may be nothing");
  set (KEEP_ROWS, "thngs./a/");
  is_refused ("keep_rows", "no table 'thngs' comes along: did you mean 'things'?");
  set (KEEP_ROWS, "one./a/");
  is_refused ("keep_rows", "single row");
  where ("things", "load >");
  is_refused ("where.things", "column 7");
  where ("things", "lod > 5");
  is_refused ("where.things", "column 1: the table 'things' has no field 'lod': did you mean load?");
  where ("things", "load");
  is_refused ("where.things", "column 1");
  where ("things", "word > 5");
  is_refused ("where.things", "column");
  where ("thing", "load > 5");
  is_refused ("where.thing", "no table 'thing' comes along: did you mean 'things'?");
  where ("one", "load > 5");
  is_refused ("where.one", "single row");
  where ("t*", "load > 5");
  is_refused ("where.t*", "the name of no table");
  where ("things", "pids.cpu > 5");
  is_refused ("where.things", "it looks at rows of 'pids'");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, keeps_the_rows_that_the_slow_version_keeps);
  tcase_add_test (t, tables_and_fields_by_regular_expressions);
  tcase_add_test (t, numbers_as_keys_and_a_rate);
  tcase_add_test (t, says_what_is_wrong);
}

UNIT_MAIN ("select", tests)
