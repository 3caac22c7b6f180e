/* Renaming against a slow, obvious way: what comes out is asked for by its new names, value by value. */
#include "chain-kit.h"
#include "rename/rename.c"

enum { MOST_FIELDS = 4, MOST_ENTRIES = 16 };

static uint64_t seed;

static uint32_t
random_below (uint32_t n)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t) ((seed >> 33) % n);
}

/* ---- A config ---- */

struct entries {
  const char *names[MOST_ENTRIES], *items[MOST_ENTRIES];
  char texts[MOST_ENTRIES][2][40];
  uint32_t n;
};

static struct entries tables, fields, keys, rows;
static struct config config;

static void
add (struct entries *e, const char *name, const char *to)
{
  for (uint32_t i = 0; i < e->n; i++)
    if (!strcmp (e->names[i], name))
      return; /* a map has a name once */
  snprintf (e->texts[e->n][0], 40, "%s", name);
  snprintf (e->texts[e->n][1], 40, "%s", to);
  e->names[e->n] = e->texts[e->n][0];
  e->items[e->n] = e->texts[e->n][1];
  e->n++;
}

static struct kk_map
map (const struct entries *e)
{
  return (struct kk_map){.names = e->names, .items = e->items, .count = e->n};
}

static void
make_config (void)
{
  config = (struct config){map (&tables), map (&fields), map (&keys), map (&rows)};
}

static const char *
refused (void)
{
  static struct kk_fault fault;
  fault = (struct kk_fault){.option = NULL};
  make_config ();
  if (!rename_check (&config, &fault)) {
    struct shape *shape;
    ck_assert_int_eq (shape_new (&env.host, schema, &shape), 0);
    if (!rename_shape (&config, &schema->face, &shape->face, &fault))
      ck_assert_int_eq (shape_finish (shape), 0); /* what is not refused is right */
    shape_free (shape);
  }
  return fault.text;
}

/* ---- The filter ---- */

static struct descriptor *d;
static struct instance_plan plan;
static struct instance *filter;

static void
begin (void)
{
  make_config ();
  d = fake_descriptor (&kk_plugin);
  plan = fake_plan ("rename", d, &config);
  filter = fake_instance (&env, &plan);
  ck_assert_int_eq (chain_new (&filter, 1, sink, NULL, &chain), 0);
}

static void
end (void)
{
  clear ();
  chain_free (chain);
  instance_free (filter);
  descriptor_free (d);
  tables.n = fields.n = keys.n = rows.n = 0;
}

static void
set_up (void)
{
  fake_env (&env, &now);
  schema = make_schema ();
  tables.n = fields.n = keys.n = rows.n = 0;
}

static void
tear_down (void)
{
  schema_unref (schema);
}

static void
run (const char *first, const char *second)
{
  struct sample *s = make_sample (schema, first, second);
  chain_run (chain, s);
  sample_unref (s);
}

/* ---- Random samples: single, by name, by number ---- */

static struct schema *
random_schema (void)
{
  static const char *const names[] = {"a", "b", "c"}, *const field_names[] = {"f", "g", "h", "i"};
  struct schema *s = schema_new (&env.host, 3);
  for (uint32_t t = 0; t < 3; t++) {
    table_schema_name (s->tables + t, names[t], t ? "key" : NULL, "Help", t, 50);
    for (uint32_t f = 0; f < 2 + random_below (MOST_FIELDS - 1); f++)
      table_schema_add (s->tables + t, &(struct kk_field){.name = field_names[f],
                                                          .type = KK_TYPE_F64 + random_below (5),
                                                          .kind = KK_GAUGE + random_below (3),
                                                          .unit = f ? "By" : "1",
                                                          .help = "A field",
                                                          .decimals = random_below (4)});
  }
  return s;
}

static uint64_t
random_bits (uint32_t type, struct dict *dict)
{
  double f = (double) random_below (1000) / 8;
  uint64_t bits;
  char text[24];
  switch (type) {
  case KK_TYPE_F64:
    memcpy (&bits, &f, sizeof bits);
    return bits;
  case KK_TYPE_STRING:
    return dict_intern (dict, text, (size_t) snprintf (text, sizeof text, "word %u", random_below (20)));
  case KK_TYPE_BOOL:
    return random_below (2);
  default:
    return random_below (1000000);
  }
}

static struct block *
random_block (const struct sample *s, const struct table_schema *t, uint32_t first, uint32_t n)
{
  struct dict *dict = dict_new ();
  struct block *b = block_new (n, t->n_fields, dict);
  b->tick = s->tick - !random_below (3);
  b->wall_ns = s->time.wall_ns - (int64_t) random_below (1000);
  b->mono_ns = s->time.mono_ns - (int64_t) random_below (1000);
  b->state = n && !random_below (3) ? KK_PARTIAL : KK_COMPLETE;
  for (uint32_t i = 0; i < n; i++) {
    char key = (char) ('p' + first + i);
    b->keys[i] = t->key_type == KK_STRING_KEY ? dict_intern (dict, &key, 1) : (first + i) * 7;
    b->identities[i] = random_below (100);
  }
  for (uint32_t i = 0; i < n * t->n_fields; i++) {
    b->absent[i] = random_below (4) ? KK_PRESENT : (uint8_t) (KK_UNSET + random_below (7));
    b->values[i] = random_bits (t->fields[i / n].type, dict);
  }
  dict_unref (dict);
  return b;
}

static struct sample *
random_sample (struct schema *schema_, uint64_t tick)
{
  struct sample *s = sample_new (&env.host, schema_, (uint32_t[]){1, 1 + random_below (3), 1 + random_below (3)});
  s->tick = tick;
  s->time = (struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns};
  for (uint32_t t = 0; t < 3; t++)
    for (uint32_t g = 0, first = 0; g < s->tables[t].n_segments; g++) {
      struct block *b = random_block (s, schema_->tables + t, first, t ? random_below (3) : 1);
      column (s, s->tables[t].segments + g, b);
      s->tables[t].segments[g].block = t ? b : NULL;
      first += b->n_rows;
      block_unref (b);
    }
  sample_seal (s);
  return s;
}

/* ---- The slow way ---- */

static const char *
slow_name (const struct entries *e, const char *old, const char *otherwise)
{
  for (uint32_t i = 0; i < e->n; i++)
    if (!strcmp (e->names[i], old))
      return e->items[i];
  return otherwise;
}

static const char *
slow_in (const struct entries *e, const char *table, const char *old)
{
  char name[128];
  snprintf (name, sizeof name, "%s.%s", table, old);
  return slow_name (e, name, old);
}

/* Whether two come to one name. */
static bool
slow_clash (const struct schema *s)
{
  for (uint32_t t = 0; t < s->n_tables; t++) {
    const struct table_schema *x = s->tables + t;
    for (uint32_t u = 0; u < t; u++)
      if (!strcmp (slow_name (&tables, x->name, x->name), slow_name (&tables, s->tables[u].name, s->tables[u].name)))
        return true;
    for (uint32_t f = 0; f < x->n_fields; f++)
      for (uint32_t g = 0; g < f; g++)
        if (!strcmp (slow_in (&fields, x->name, x->fields[f].name), slow_in (&fields, x->name, x->fields[g].name)))
          return true;
    for (uint32_t f = 0; x->key && f < x->n_fields; f++)
      if (strcmp (x->fields[f].name, x->key) != 0
          && !strcmp (slow_in (&fields, x->name, x->fields[f].name), slow_name (&keys, x->name, x->key)))
        return true;
  }
  for (uint32_t i = 0; i < rows.n; i++)
    for (uint32_t j = 0; j < i; j++)
      if (rows.names[i][0] == rows.names[j][0] && !strcmp (rows.items[i], rows.items[j]))
        return true;
  return false;
}

static void
same_value (const struct kk_value *a, const struct kk_value *b)
{
  ck_assert_uint_eq (a->absent, b->absent);
  ck_assert_uint_eq (a->held, b->held);
  if (a->absent)
    return;
  ck_assert_uint_eq (a->type, b->type);
  if (a->type == KK_TYPE_STRING)
    ck_assert_str_eq (a->string, b->string);
  else
    ck_assert_uint_eq (a->u64, b->u64);
}

/* Whole columns say what single values say. */
static void
same_columns (const struct sample *s)
{
  for (uint32_t t = 0; t < s->schema->n_tables; t++) {
    const struct table_schema *x = s->schema->tables + t;
    for (uint32_t f = 0; f <= x->n_fields; f++) {
      const bool key = f == x->n_fields;
      struct kk_column c;
      uint32_t row = 0;
      while (kk_column (&s->face, t, key ? KK_NONE : f, row, &c))
        for (uint32_t i = 0; i < c.n; i++, row++) {
          struct kk_value v;
          struct kk_time time;
          if (key)
            kk_get_key (&s->face, t, row, &v);
          else
            kk_get (&s->face, t, row, f, &v);
          ck_assert_uint_eq (c.absent ? c.absent[i] : KK_PRESENT, v.absent);
          ck_assert_uint_eq (c.held, v.held);
          ck_assert_uint_eq (c.type, v.type);
          ck_assert_uint_eq (c.identities ? c.identities[i] : 0, kk_get_identity (&s->face, t, row));
          if (!v.absent && v.type != KK_TYPE_STRING)
            ck_assert_uint_eq (c.cells[i].u64, v.u64);
          kk_value_time (&s->face, t, row, key ? 0 : f, &time);
          ck_assert (key || (c.mono_ns == time.mono_ns && c.wall_ns == time.wall_ns));
        }
      ck_assert_uint_eq (row, key && !x->key ? 0 : s->tables[t].n_rows);
      ck_assert (!kk_column (&s->face, t, x->n_fields, 0, &c));
    }
  }
}

static void
compare_row (const struct sample *in, uint32_t t, uint32_t row, const struct sample *out, uint32_t to, uint32_t at)
{
  const struct table_schema *x = in->schema->tables + t;
  ck_assert_uint_eq (kk_get_identity (&in->face, t, row), kk_get_identity (&out->face, to, at));
  for (uint32_t f = 0; f < x->n_fields; f++) {
    int64_t g = table_schema_find (out->schema->tables + to, slow_in (&fields, x->name, x->fields[f].name));
    struct kk_value a, b;
    struct kk_time before, after;
    ck_assert_int_ge (g, 0);
    kk_get (&in->face, t, row, f, &a);
    kk_get (&out->face, to, at, (uint32_t) g, &b);
    same_value (&a, &b);
    kk_value_time (&in->face, t, row, f, &before);
    kk_value_time (&out->face, to, at, (uint32_t) g, &after);
    ck_assert_int_eq (before.mono_ns, after.mono_ns);
    const struct kk_field *p = x->fields + f, *q = out->schema->tables[to].fields + g;
    ck_assert (p->kind == q->kind && p->decimals == q->decimals && !strcmp (p->unit, q->unit) && !strcmp (p->help, q->help));
  }
}

/* Returns how many rows are lost. */
static uint32_t
compare_table (const struct sample *in, uint32_t t, const struct sample *out)
{
  const struct table_schema *x = in->schema->tables + t;
  int64_t to = schema_find_table (out->schema, slow_name (&tables, x->name, x->name));
  ck_assert_int_ge (to, 0);
  const struct table_schema *y = out->schema->tables + to;
  ck_assert (x->n_fields == y->n_fields && x->key_type == y->key_type && x->max_rows == y->max_rows);
  if (x->key)
    ck_assert_str_eq (y->key, slow_name (&keys, x->name, x->key));
  struct kk_table_info before, after;
  kk_table_info (&in->face, t, &before);
  kk_table_info (&out->face, (uint32_t) to, &after);
  ck_assert (before.state == after.state && before.held == after.held && before.mono_ns == after.mono_ns
             && before.wall_ns == after.wall_ns);
  char seen[8][2];
  uint32_t at = 0;
  for (uint32_t i = 0; i < before.rows; i++) {
    struct kk_value key, is;
    kk_get_key (&in->face, t, i, &key);
    if (x->key_type == KK_STRING_KEY) {
      const char *wanted = slow_in (&rows, x->name, key.string);
      bool twice = false;
      for (uint32_t j = 0; j < at; j++)
        twice |= !strcmp (seen[j], wanted);
      if (twice)
        continue;
      snprintf (seen[at], sizeof seen[at], "%s", wanted);
      kk_get_key (&out->face, (uint32_t) to, at, &is);
      ck_assert_str_eq (is.string, wanted);
    } else if (x->key) {
      kk_get_key (&out->face, (uint32_t) to, at, &is);
      ck_assert_uint_eq (is.u64, key.u64);
    }
    compare_row (in, t, i, out, (uint32_t) to, at++);
  }
  ck_assert_uint_eq (at, after.rows);
  same_columns (in);
  same_columns (out);
  return before.rows - at;
}

static void
random_entries (struct entries *e, uint32_t n, const char *prefixes, const char *from, const char *to)
{
  for (e->n = 0; n; n--) {
    char name[8], other[2] = {to[random_below ((uint32_t) strlen (to))], 0};
    char old = from[random_below ((uint32_t) strlen (from))];
    if (*prefixes)
      snprintf (name, sizeof name, "%c.%c", prefixes[random_below ((uint32_t) strlen (prefixes))], old);
    else
      snprintf (name, sizeof name, "%c", old);
    add (e, name, other);
  }
}

START_TEST (any_map_on_any_sample)
{
  uint32_t clashes = 0, lost = 0, right = 0;
  schema_unref (schema);
  for (uint32_t turn = 0; turn < 3000; turn++) {
    seed = turn * 77 + 1;
    schema = random_schema ();
    random_entries (&tables, random_below (4), "", "abc", "abcxyz");
    random_entries (&fields, random_below (5), "abc", "fg", "fghixyz");
    random_entries (&keys, random_below (3), "", "bc", "kl");
    random_entries (&rows, random_below (6), "b", "pqrst", "pqrstuvw");
    bool clash = slow_clash (schema);
    const char *why = refused ();
    ck_assert_msg (clash == (*why != 0), "turn %u: %s", turn, why);
    clashes += clash;
    if (!clash) {
      begin ();
      uint64_t lost_here = 0;
      for (uint64_t tick = 5; tick < 8; tick++) {
        struct sample *s = random_sample (schema, tick);
        chain_run (chain, s);
        ck_assert_uint_eq (n_out, 1);
        for (uint32_t t = 0; t < 3; t++)
          lost_here += compare_table (s, t, came[0]);
        sample_unref (s);
        clear ();
        right++;
      }
      ck_assert_uint_eq (((struct state *) filter->state)->lost, lost_here);
      lost += (uint32_t) lost_here;
      end ();
    }
    schema_unref (schema);
  }
  schema = make_schema ();
  ck_assert_msg (clashes > 300 && right > 3000 && lost > 300, "%u clashes, %u right, %u lost", clashes, right, lost);
}
END_TEST

/* [name=...] would be about the key then. */
START_TEST (no_field_has_the_name_of_the_key)
{
  schema_unref (schema);
  schema = schema_new (&env.host, 1);
  const struct kk_field of_processes[] = {KK_U64 ("pid", "1", KK_INFO, .help = "Its number"),
                                          KK_STRING ("name", .help = "Its name")};
  table_schema_name (schema->tables, "processes", "pid", "", KK_U64_KEY, 50);
  for (size_t f = 0; f < KK_COUNT (of_processes); f++)
    table_schema_add (schema->tables, of_processes + f);
  add (&keys, "processes", "name");
  ck_assert_ptr_nonnull (strstr (refused (), "processes.name is a field"));
  keys.n = 0;
  add (&fields, "processes.name", "pid");
  ck_assert_ptr_nonnull (strstr (refused (), "two fields processes.pid"));
  add (&fields, "processes.pid", "number");
  ck_assert_ptr_nonnull (strstr (refused (), "known by their pid already"));
  add (&keys, "processes", "id");
  ck_assert_str_eq (refused (), "");
  fields.n = 0;
  ck_assert_str_eq (refused (), ""); /* pid is a field of its own then */
}
END_TEST

START_TEST (columns_are_shared)
{
  add (&tables, "things", "others");
  add (&fields, "things.a", "b");
  add (&fields, "things.b", "a");
  add (&keys, "things", "name");
  begin ();
  struct sample *s = make_sample (schema, "abc", "de");
  chain_run (chain, s);
  ck_assert_str_eq (came[0]->schema->tables[1].name, "others");
  ck_assert_str_eq (came[0]->schema->tables[1].key, "name");
  ck_assert_str_eq (came[0]->schema->tables[1].fields[0].name, "b");
  ck_assert_ptr_eq (came[0]->tables[1].segments[1].block, s->tables[1].segments[1].block);
  ck_assert_ptr_eq (came[0]->tables[1].segments[1].columns[0].values, s->tables[1].segments[1].columns[0].values);
  sample_unref (s);
  end ();
}
END_TEST

START_TEST (rows_crosswise_and_in_a_ring)
{
  add (&rows, "things.a", "b");
  add (&rows, "things.b", "c");
  add (&rows, "things.c", "a");
  add (&rows, "things.gone", "x");
  begin ();
  run ("abc", "de");
  static const char *const wanted[] = {"b", "c", "a", "d", "e"};
  int64_t t = schema_find_table (came[0]->schema, "things");
  ck_assert_uint_eq (came[0]->tables[t].n_rows, 5);
  for (uint32_t i = 0; i < 5; i++) {
    struct kk_value key;
    kk_get_key (&came[0]->face, (uint32_t) t, i, &key);
    ck_assert_str_eq (key.string, wanted[i]);
    ck_assert_uint_eq (kk_get_identity (&came[0]->face, (uint32_t) t, i), i + 1);
  }
  ck_assert_uint_eq (((struct state *) filter->state)->lost, 0);
  end ();
}
END_TEST

START_TEST (of_two_rows_the_first_counts)
{
  add (&rows, "things.a", "c");
  add (&rows, "things.e", "c");
  begin ();
  run ("abc", "de");
  int64_t t = schema_find_table (came[0]->schema, "things");
  ck_assert_uint_eq (came[0]->tables[t].n_rows, 3); /* c (was a), b, d */
  ck_assert_uint_eq (((struct state *) filter->state)->lost, 2);
  ck_assert_ptr_nonnull (strstr (filter->last_message, "same new key"));
  end ();
}
END_TEST

/* What is said of one wrong entry, with its place. */
static void
wrong (struct entries *e, const char *name, const char *to, const char *said)
{
  e->n = 0;
  add (e, name, to);
  const char *text = refused ();
  ck_assert_msg (strstr (text, said), "%s: %s: said is '%s', and not '%s'", name, to, text, said);
  e->n = 0;
}

START_TEST (what_makes_no_sense_is_refused)
{
  char longest[40];
  wrong (&tables, "thigs", "x", "no table 'thigs' comes along: did you mean 'things'?");
  wrong (&tables, "things", "numbers", "two tables numbers");
  wrong (&tables, "things", "Things", "'Things' is no name");
  wrong (&tables, "things", "", "is no name");
  wrong (&tables, "things", "9", "is no name");
  wrong (&tables, "thing*", "x", "wildcard");
  wrong (&fields, "a", "x", "names no table");
  wrong (&fields, ".a", "x", "names no table");
  wrong (&fields, "system.", "x", "names no table");
  wrong (&fields, "system.c", "x", "table 'system' has no field 'c'");
  wrong (&fields, "system.a", "b", "two fields system.b");
  wrong (&fields, "system.a", "b c", "is no name");
  wrong (&fields, "system.*", "x", "wildcard");
  wrong (&keys, "system", "x", "single row, and no keys");
  wrong (&keys, "things", "x-y", "is no name");
  wrong (&keys, "none", "x", "no table 'none'");
  wrong (&rows, "numbers.1", "x", "known by a number");
  wrong (&rows, "system.a", "x", "single row");
  wrong (&rows, "t*.a", "x", "wildcard");
  wrong (&rows, "things.a", "", "1 to 255 bytes");
  add (&rows, "things.e", "x");
  add (&rows, "numbers.1", "x");
  ck_assert_ptr_null (strstr (refused (), "too"));
  rows.n = 1;
  add (&rows, "things.b", "x");
  ck_assert_ptr_nonnull (strstr (refused (), "things.e is to be 'x' too"));
  wrong (&rows, "things.[a]*", "x", ""); /* of a key it is a letter like any other */
  memset (longest, 'x', sizeof longest);
  longest[39] = 0;
  wrong (&tables, longest, "x", "no table 'xxx");
  struct kk_fault fault;
  const char *name = "things.b", *to = "b";
  config = (struct config){.fields = {.names = &name, .items = &to, .count = 1}};
  ck_assert_int_eq (rename_check (&config, &fault), 0);
  to = "B";
  ck_assert_int_eq (rename_check (&config, &fault), -EINVAL);
  ck_assert_str_eq (fault.option, "fields.things.b"); /* its place */
}
END_TEST

START_TEST (what_comes_along_no_more_is_no_trouble)
{
  add (&tables, "gone", "x");
  add (&fields, "things.gone", "x");
  add (&rows, "gone.a", "x");
  begin ();
  run ("abc", "de");
  ck_assert_uint_eq (n_out, 1);
  end ();
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, any_map_on_any_sample);
  tcase_add_test (t, no_field_has_the_name_of_the_key);
  tcase_add_test (t, columns_are_shared);
  tcase_add_test (t, rows_crosswise_and_in_a_ring);
  tcase_add_test (t, of_two_rows_the_first_counts);
  tcase_add_test (t, what_makes_no_sense_is_refused);
  tcase_add_test (t, what_comes_along_no_more_is_no_trouble);
}

UNIT_MAIN ("rename", tests)
