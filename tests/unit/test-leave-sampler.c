/* The sampler leaves a thread behind in a filter: ticks, reloads and the end go on. */
#include "leave-kit.h"

#include "sampler.h"
#include "settings.h"

static const struct kk_field fields[] = {KK_U64 ("value", "1", KK_GAUGE, .help = "A value")};
static const struct kk_table tables[] = {KK_SINGLE ("one", fields, "One row"), KK_SINGLE ("two", fields, "One row")};
enum { ONE, TWO, PLANS = 3 };
static const char *const names[] = {"one", "two"};

static int
input_read_ (void *state, struct kk_rows *out)
{
  (void) state;
  kk_u64 (kk_row (out, ONE, NULL, 0), 0, 1);
  kk_u64 (kk_row (out, TWO, NULL, 0), 0, 2);
  return 0;
}

static const struct kk_plugin input_plugin =
  FAKE_PLUGIN (.kind = KK_INPUT, .name = "input", KK_TABLES (tables), .create = fake_create, .read = input_read_);

static struct env env;
static struct hanging told[2];
static struct descriptor *descriptors[2];
static struct instance_plan plans[PLANS]; /* two filters, an input */
static char *pipeline[] = {(char *) (uintptr_t) "first", (char *) (uintptr_t) "second"};
static struct settings settings = {.interval_ns = SECOND};
static struct plan plan;
static struct graph *graph;
static struct sampler *sampler;
static uint32_t came_one, came_two, came_all; /* samples with values in each, and all */

static void
count_sample (void *arg, const struct sample *s)
{
  uint32_t *const counts[] = {&came_one, &came_two};
  (void) arg;
  for (size_t i = 0; i < 2; i++) {
    struct kk_value v;
    const int64_t t = schema_find_table (s->schema, names[i]);
    if (t >= 0 && kk_get (&s->face, (uint32_t) t, 0, 0, &v) == KK_PRESENT)
      __atomic_add_fetch (counts[i], 1, __ATOMIC_RELEASE);
  }
  __atomic_add_fetch (&came_all, 1, __ATOMIC_RELEASE);
}

static void
make_graph (const struct plan *of, struct graph *before)
{
  char *reason = NULL;
  ck_assert_int_eq (graph_new (&env, of, before, count_sample, NULL, &graph, &reason), 0);
}

static void
set_up (void)
{
  use_fake_clock (&env);
  descriptors[0] = fake_descriptor (&hanging_plugin);
  descriptors[1] = fake_descriptor (&input_plugin);
  for (size_t i = 0; i < 2; i++) {
    make_hanging (told + i, names[i]);
    plans[i] = fake_plan (pipeline[i], descriptors[0], told + i);
  }
  plans[2] = fake_plan ("input", descriptors[1], NULL);
  plan = (struct plan){
    .refs = 1, .settings = &settings, .instances = plans, .n_instances = PLANS, .pipeline = pipeline, .n_pipeline = 2};
  came_one = came_two = came_all = 0;
}

static void
go (void)
{
  make_graph (&plan, NULL);
  ck_assert_ptr_null (sampler_swap (sampler, graph));
}

static void
go_manual (void)
{
  sampler = sampler_new_manual (&env);
  go ();
}

static void
go_real (void)
{
  env.clock = clock_system ();
  env.interval_ns = 10 * MS;
  for (size_t i = 0; i < PLANS; i++) {
    plans[i].interval_ns = 10 * MS;
    plans[i].deadline_ns = 50 * MS;
  }
  ck_assert_int_eq (sampler_new (&env, &sampler), 0);
  go ();
}

static void
end (void)
{
  struct graph *last = sampler_swap (sampler, NULL);
  ck_assert_ptr_eq (last, graph);
  ck_assert_uint_eq (graph_end (graph, NULL, real_in (5)), 0);
  ck_assert (sampler_end (sampler));
}

static void
tear_down (void)
{
  for (size_t i = 0; i < 2; i++) {
    ck_assert_uint_eq (told[i].unbinds, told[i].binds);
    close (told[i].pipe[0]);
    close (told[i].pipe[1]);
    descriptor_free (descriptors[i]);
  }
}

/* ---- Without the sampler's threads ---- */

static void
tick (void)
{
  pass_time (SECOND);
  sampler_wake (sampler);
}

static void *
wake (void *arg)
{
  (void) arg;
  tick ();
  return NULL;
}

/* A thread in a tick that hangs in filter `i`, and is left behind. */
static pthread_t
leave (size_t i, int where)
{
  pthread_t thread;
  const uint32_t entered = seen (&told[i].entered), all = seen (&came_all);
  __atomic_store_n (&told[i].hangs, where, __ATOMIC_RELEASE);
  ck_assert_int_eq (pthread_create (&thread, NULL, wake, NULL), 0);
  WAIT_FOR (seen (&told[i].entered) > entered);
  sampler_wake (sampler); /* too early */
  ck_assert_uint_eq (sampler_view (sampler).stuck, 0);
  ck_assert_uint_eq (seen (&came_all), all);
  pass_time (plans[i].deadline_ns);
  sampler_wake (sampler);
  ck_assert_uint_eq (sampler_view (sampler).stuck, 1);
  return thread;
}

static void
come_back (pthread_t thread, size_t i)
{
  let_go (told + i);
  pthread_join (thread, NULL);
  ck_assert_uint_eq (sampler_view (sampler).stuck, 0);
}

START_TEST (every_tick_while_one_hangs)
{
  go_manual ();
  tick ();
  pthread_t thread = leave (0, IN_PROCESS);
  ck_assert_uint_eq (came_all, 2);
  for (uint32_t i = 0; i < 5; i++) {
    tick ();
    ck_assert_uint_eq (came_all, 3 + i);
    ck_assert_uint_eq (came_two, 3 + i);
  }
  ck_assert_uint_eq (came_one, 1);
  come_back (thread, 0);
  tick ();
  ck_assert_uint_eq (came_all, 8);
  ck_assert_uint_eq (came_one, 2);
  end ();
  ck_assert_uint_eq (told[0].destroyed, 1);
}
END_TEST

START_TEST (a_reload_that_keeps_it)
{
  go_manual ();
  tick ();
  pthread_t thread = leave (0, IN_PROCESS);
  struct graph *before = graph;
  struct instance_plan changed[PLANS] = {plans[0], plans[1], plans[2]};
  changed[1].deadline_ns++;
  struct plan another = plan;
  another.instances = changed;
  make_graph (&another, before);
  ck_assert_ptr_eq (graph->filters[0], before->filters[0]);
  ck_assert_ptr_eq (sampler_swap (sampler, graph), before);
  ck_assert_uint_eq (graph_end (before, graph, real_in (5)), 0);
  ck_assert_uint_eq (told[1].destroyed, 1);
  const uint32_t all = came_all, two = came_two;
  for (uint32_t i = 0; i < 3; i++)
    tick ();
  ck_assert_uint_eq (told[0].calls, 2);
  ck_assert_uint_eq (told[0].unbinds, 0);
  ck_assert_uint_eq (came_all, all + 3);
  ck_assert_uint_eq (came_two, two + 3);
  ck_assert_uint_eq (came_one, 1);
  come_back (thread, 0);
  ck_assert_uint_eq (told[0].unbinds, 1); /* what the old chain had */
  tick ();
  ck_assert_uint_eq (came_one, 2);
  ck_assert_uint_eq (told[0].calls, 3);
  end ();
}
END_TEST

START_TEST (a_reload_that_takes_it_out)
{
  go_manual ();
  tick ();
  pthread_t thread = leave (0, IN_PROCESS);
  struct graph *before = graph;
  struct instance *hung = before->filters[0];
  struct plan less = plan;
  less.pipeline++;
  less.n_pipeline--;
  less.instances++;
  less.n_instances--;
  make_graph (&less, before);
  ck_assert_ptr_eq (sampler_swap (sampler, graph), before);
  ck_assert_uint_eq (told[0].flushes, 0);
  ck_assert_uint_eq (graph_end (before, graph, real_in (5)), 1);
  ck_assert_uint_eq (told[0].destroyed, 0);
  ck_assert_uint_eq (told[0].unbinds, 0);
  const uint32_t one = came_one, all = came_all;
  tick ();
  ck_assert_uint_eq (came_all, all + 1);
  ck_assert_uint_eq (came_one, one + 1); /* nobody hides it any more */
  come_back (thread, 0);
  ck_assert_uint_eq (told[0].unbinds, 1);
  ck_assert (!instance_away (hung));
  instance_free (hung); /* left as it is for ever, but for this test */
  end ();
}
END_TEST

START_TEST (the_end_while_it_hangs)
{
  go_manual ();
  tick ();
  pthread_t thread = leave (0, IN_PROCESS);
  struct instance *hung = graph->filters[0];
  ck_assert_ptr_eq (sampler_swap (sampler, NULL), graph);
  ck_assert_uint_eq (told[0].flushes, 0);
  ck_assert_uint_eq (told[1].flushes, 1);
  ck_assert_uint_eq (graph_end (graph, NULL, real_in (5)), 1);
  ck_assert (!sampler_end (sampler));
  ck_assert_uint_eq (told[0].destroyed, 0);
  come_back (thread, 0);
  instance_free (hung);
  ck_assert (sampler_end (sampler));
}
END_TEST

/* ---- With them ---- */

START_TEST (samples_go_on_by_themselves)
{
  go_real ();
  WAIT_FOR (seen (&came_one) >= 2);
  for (int i = 0; i < 5; i++) {
    __atomic_store_n (&told[i % 2].hangs, IN_PROCESS, __ATOMIC_RELEASE);
    WAIT_FOR (sampler_view (sampler).stuck == 1);
    const uint32_t all = seen (&came_all);
    WAIT_FOR (seen (&came_all) >= all + 5);
    let_go (told + i % 2);
    WAIT_FOR (sampler_view (sampler).stuck == 0);
    const uint32_t one = seen (&came_one), two = seen (&came_two);
    WAIT_FOR (seen (&came_one) > one && seen (&came_two) > two);
  }
  end ();
}
END_TEST

START_TEST (both_hang_at_once)
{
  go_real ();
  WAIT_FOR (seen (&came_one) >= 2);
  for (int i = 0; i < 2; i++)
    __atomic_store_n (&told[i].hangs, IN_PROCESS, __ATOMIC_RELEASE);
  WAIT_FOR (sampler_view (sampler).stuck == 2);
  const uint32_t all = seen (&came_all), one = seen (&came_one), two = seen (&came_two);
  WAIT_FOR (seen (&came_all) >= all + 3);
  ck_assert_uint_eq (seen (&came_one), one);
  ck_assert_uint_eq (seen (&came_two), two);
  let_go (told);
  let_go (told + 1);
  WAIT_FOR (sampler_view (sampler).stuck == 0 && seen (&came_one) > one && seen (&came_two) > two);
  end ();
}
END_TEST

START_TEST (hanging_in_the_last_flush)
{
  go_real ();
  WAIT_FOR (seen (&came_one) >= 2);
  __atomic_store_n (&told[0].hangs, IN_FLUSH, __ATOMIC_RELEASE);
  struct instance *hung = graph->filters[0];
  ck_assert_ptr_eq (sampler_swap (sampler, NULL), graph); /* comes to an end */
  ck_assert_uint_eq (told[0].flushes, 0);
  ck_assert_uint_eq (told[1].flushes, 1);
  ck_assert_uint_eq (graph_end (graph, NULL, real_in (5)), 1);
  ck_assert (!sampler_end (sampler));
  let_go (told);
  WAIT_FOR (sampler_view (sampler).stuck == 0 && !instance_away (hung));
  instance_free (hung);
  ck_assert (sampler_end (sampler));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, every_tick_while_one_hangs);
  tcase_add_test (t, a_reload_that_keeps_it);
  tcase_add_test (t, a_reload_that_takes_it_out);
  tcase_add_test (t, the_end_while_it_hangs);
  tcase_add_test (t, samples_go_on_by_themselves);
  tcase_add_test (t, both_hang_at_once);
  tcase_add_test (t, hanging_in_the_last_flush);
}

UNIT_MAIN ("leave-sampler", tests)
