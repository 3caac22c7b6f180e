#include "fake.h"
#include "ring.h"

static struct env env;
static struct clock_reading now;
static struct ring *ring;
static uint64_t pushed;
static bool constant; /* the text does not change with the number */

static struct schema *
make_schema (const char *field)
{
  struct schema *s = schema_new (&env.host, 1);
  table_schema_name (s->tables, "t", NULL, "Help", KK_NO_KEY, 0);
  table_schema_add (s->tables, &(struct kk_field){.name = field, .type = KK_TYPE_U64, .kind = KK_GAUGE});
  table_schema_add (s->tables, &(struct kk_field){.name = "text", .type = KK_TYPE_STRING, .kind = KK_INFO});
  return s;
}

/* A sample that holds its number, and a text of `length`. */
static void
push (struct schema *schema, size_t length)
{
  struct dict *d = dict_new ();
  struct sample *s = sample_new (&env.host, schema, (uint32_t[]){1});
  struct block *b = block_new (1, 2, d);
  char *text = malloc (length + 24);
  fake_pass (&now, SECOND);
  s->tick = b->tick = pushed + 1;
  s->time = (struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns};
  b->wall_ns = now.wall_ns;
  b->values[0] = pushed;
  memset (text, 'x', length);
  int n = snprintf (text + length, 24, "%llu", constant ? 0 : (unsigned long long)pushed);
  b->values[1] = dict_intern (d, text, length + (size_t)n);
  b->absent[0] = b->absent[1] = KK_PRESENT;
  ck_assert_int_eq (sample_own (s, b), 0);
  s->tables[0].segments[0].n_rows = 1;
  for (uint32_t f = 0; f < 2; f++)
    s->tables[0].segments[0].columns[f] = (struct column){b, b->values + f, b->absent + f};
  sample_seal (s);
  ring_push (ring, s);
  pushed++;
  sample_unref (s);
  block_unref (b);
  dict_unref (d);
  free (text);
}

struct seen {
  uint64_t n, first, next;
};

static void
see (void *arg, const struct sample *s)
{
  struct seen *seen = arg;
  struct kk_value v;
  kk_get (&s->face, 0, 0, 0, &v);
  if (seen->n++ == 0)
    seen->first = v.u64;
  else
    ck_assert_uint_eq (v.u64, seen->next);
  seen->next = v.u64 + 1;
  char want[24];
  snprintf (want, sizeof want, "%llu", (unsigned long long)v.u64);
  kk_get (&s->face, 0, 0, 1, &v);
  ck_assert_uint_ge (v.length, strlen (want));
  if (!constant)
    ck_assert_str_eq (v.string + v.length - strlen (want), want);
}

static struct seen
look (uint64_t last)
{
  struct seen seen = {0};
  ck_assert_int_eq (ring_read (ring, last, see, &seen), 0);
  if (seen.n)
    ck_assert_uint_eq (seen.next, pushed); /* to the newest */
  return seen;
}

static void
set_up (void)
{
  fake_env (&env, &now);
  pushed = 0;
  constant = false;
}

static void
tear_down (void)
{
  ring_free (ring);
}

START_TEST (the_last_ones_exactly)
{
  static const uint64_t asked[] = {0, 1, 2, 119, 120, 121, 240, 999};
  struct schema *schema = make_schema ("n");
  ck_assert_int_eq (ring_new (1000, 1 << 20, &ring), 0);
  ck_assert_uint_eq (look (5).n, 0);
  ck_assert_int_eq (ring_view (ring).last_wall_ns, 0);
  for (int i = 0; i < 500; i++) {
    push (schema, 0);
    for (size_t a = 0; a < KK_COUNT (asked) && i % 37 == 0; a++)
      ck_assert_uint_eq (look (asked[a]).n, asked[a] < pushed ? asked[a] : pushed);
  }
  ck_assert_uint_eq (look (UINT64_MAX).n, 500);
  ck_assert_uint_eq (ring_view (ring).samples, 500);
  ck_assert_int_eq (ring_view (ring).last_wall_ns - ring_view (ring).first_wall_ns, 499 * SECOND);
  schema_unref (schema);
}
END_TEST

START_TEST (at_most_so_many_samples)
{
  static const uint64_t most[] = {1, 2, 119, 120, 121, 300};
  struct schema *schema = make_schema ("n");
  for (size_t m = 0; m < KK_COUNT (most); m++) {
    ring = NULL;
    pushed = 0;
    ck_assert_int_eq (ring_new (most[m], 1 << 20, &ring), 0);
    for (int i = 0; i < 1000; i++) {
      push (schema, 0);
      ck_assert_uint_eq (ring_view (ring).samples, pushed < most[m] ? pushed : most[m]);
    }
    ck_assert_uint_eq (look (UINT64_MAX).n, most[m]);
    ck_assert_uint_lt (ring_view (ring).bytes, 20000);
    if (m + 1 < KK_COUNT (most))
      ring_free (ring);
  }
  schema_unref (schema);
}
END_TEST

START_TEST (at_most_so_many_bytes)
{
  struct schema *schema = make_schema ("n");
  ck_assert_int_eq (ring_new (100000, 50000, &ring), 0);
  for (int i = 0; i < 3000; i++) {
    push (schema, 100);
    ck_assert_uint_le (ring_view (ring).bytes, 50000);
  }
  struct ring_view v = ring_view (ring);
  ck_assert_uint_gt (v.samples, 200); /* most of the room is used */
  ck_assert_uint_eq (look (UINT64_MAX).n, v.samples);
  push (schema, 60000); /* larger than the whole ring */
  ck_assert_uint_le (ring_view (ring).bytes, 50000);
  look (UINT64_MAX);
  push (schema, 10);
  ck_assert_uint_eq (look (1).n, 1);
  schema_unref (schema);
}
END_TEST

/* As with the command lines of many processes: a chunk begins with them, and the samples that follow take little. */
START_TEST (a_long_text_that_stays_is_kept_once_for_many)
{
  struct schema *schema = make_schema ("n");
  ck_assert_int_eq (ring_new (100000, 1 << 20, &ring), 0);
  constant = true;
  for (int i = 0; i < 3000; i++) {
    push (schema, 80000);
    ck_assert_uint_le (ring_view (ring).bytes, 1 << 20);
  }
  ck_assert_uint_gt (ring_view (ring).samples, 1000);
  ck_assert_uint_eq (look (500).n, 500);
  schema_unref (schema);
}
END_TEST

START_TEST (a_schema_may_change)
{
  struct schema *one = make_schema ("n"), *two = make_schema ("m");
  ck_assert_int_eq (ring_new (10000, 1 << 20, &ring), 0);
  for (int i = 0; i < 300; i++)
    push (i < 150 || i % 7 == 0 ? one : two, 3);
  schema_unref (one);
  schema_unref (two);
  ck_assert_uint_eq (look (UINT64_MAX).n, 300);
  ck_assert_uint_eq (look (200).first, 100);
}
END_TEST

/* A thread reads while another pushes. */
static void *
keep_looking (void *arg)
{
  (void)arg;
  for (int i = 0; i < 50; i++) {
    struct seen seen = {0};
    ck_assert_int_eq (ring_read (ring, 30, see, &seen), 0);
    ck_assert_uint_le (seen.n, 30);
  }
  return NULL;
}

START_TEST (reading_goes_on_beside_pushing)
{
  struct schema *schema = make_schema ("n");
  pthread_t thread;
  ck_assert_int_eq (ring_new (200, 1 << 20, &ring), 0);
  ck_assert_int_eq (pthread_create (&thread, NULL, keep_looking, NULL), 0);
  for (int i = 0; i < 2000; i++)
    push (schema, 5);
  pthread_join (thread, NULL);
  schema_unref (schema);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, the_last_ones_exactly);
  tcase_add_test (t, at_most_so_many_samples);
  tcase_add_test (t, at_most_so_many_bytes);
  tcase_add_test (t, a_long_text_that_stays_is_kept_once_for_many);
  tcase_add_test (t, a_schema_may_change);
  tcase_add_test (t, reading_goes_on_beside_pushing);
}

UNIT_MAIN ("ring", tests)
