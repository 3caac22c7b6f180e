#include "fake.h"
#include "sampler.h"

#include <poll.h>

/* An input whose read hangs while its pipe is empty, and counts. */
struct config {
  int pipe[2]; /* -1: never hangs */
  uint32_t entered, reads;
  uint32_t after;
  int64_t elapsed_ns;
  int result;
};

static int
create (struct kk_instance *self, const void *config, void **state)
{
  (void)self;
  *state = (void *)(uintptr_t)config;
  return 0;
}

static int
read_ (void *state, struct kk_rows *out)
{
  struct config *c = state;
  struct kk_time time;
  kk_read_time (out, &time);
  __atomic_add_fetch (&c->entered, 1, __ATOMIC_RELEASE);
  if (c->pipe[0] >= 0)
    poll (&(struct pollfd){.fd = c->pipe[0], .events = POLLIN}, 1, -1);
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  kk_u64 (row, 0, 42);
  c->elapsed_ns = time.elapsed_ns;
  __atomic_store_n (&c->after, time.after, __ATOMIC_RELAXED);
  __atomic_add_fetch (&c->reads, 1, __ATOMIC_RELEASE);
  return c->result;
}

static const struct kk_field fields[] = {KK_U64 ("value", "1", KK_GAUGE, .help = "A value")};
static const struct kk_table tables[] = {KK_SINGLE ("one", fields, "One row")};
static const struct kk_plugin plugin = FAKE_PLUGIN (.kind = KK_INPUT, .name = "hang", KK_TABLES (tables), .create = create,
                                                    .read = read_, .config_size = sizeof (struct config));

enum { MOST = 4 };

struct bench {
  struct env env;
  struct clock_reading now;
  struct descriptor *d;
  struct config configs[MOST];
  struct rename_pair renames[MOST];
  struct instance_plan plans[MOST];
  struct plan plan;
  struct graph *graph;
  struct sampler *sampler;
  uint32_t samples;
  uint32_t absent[MOST], after;
  struct kk_sample *last;
};

static void
sink (void *arg, const struct sample *sample)
{
  struct bench *b = arg;
  for (uint32_t t = 0; t < sample->schema->n_tables; t++) {
    struct kk_value v;
    __atomic_store_n (b->absent + t, kk_get (&sample->face, t, 0, 0, &v), __ATOMIC_RELAXED);
  }
  __atomic_store_n (&b->after, sample->time.after, __ATOMIC_RELAXED);
  __atomic_add_fetch (&b->samples, 1, __ATOMIC_RELEASE);
  kk_sample_unref (b->last);
  b->last = kk_sample_ref (&sample->face);
}

static uint32_t
samples (struct bench *b)
{
  return __atomic_load_n (&b->samples, __ATOMIC_ACQUIRE);
}

static uint32_t
absent (struct bench *b, size_t i)
{
  return __atomic_load_n (b->absent + i, __ATOMIC_RELAXED);
}

static uint32_t
reads (struct bench *b, size_t i)
{
  return __atomic_load_n (&b->configs[i].reads, __ATOMIC_ACQUIRE);
}

static void
set_up (struct bench *b, size_t n)
{
  static char *const names[MOST] = {(char *)"a", (char *)"b", (char *)"c", (char *)"d"};
  memset (b, 0, sizeof *b);
  fake_env (&b->env, &b->now);
  b->d = fake_descriptor (&plugin);
  for (size_t i = 0; i < n; i++) {
    b->configs[i].pipe[0] = b->configs[i].pipe[1] = -1;
    b->renames[i] = (struct rename_pair){.from = (char *)(uintptr_t) "one", .to = names[i]};
    b->plans[i] = fake_plan (names[i], b->d, b->configs + i);
    b->plans[i].tables = b->renames + i;
    b->plans[i].n_tables = 1;
  }
  b->plan = (struct plan){.refs = 1, .instances = b->plans, .n_instances = n};
}

static void
go (struct bench *b)
{
  char *reason = NULL;
  ck_assert_int_eq (graph_new (&b->env, &b->plan, NULL, sink, b, &b->graph, &reason), 0);
  ck_assert_ptr_null (sampler_swap (b->sampler, b->graph));
}

static void
go_real (struct bench *b, int64_t interval_ns)
{
  b->env.clock = clock_system ();
  b->env.interval_ns = interval_ns;
  for (size_t i = 0; i < b->plan.n_instances; i++)
    b->plans[i].interval_ns = interval_ns;
  ck_assert_int_eq (sampler_new (&b->env, &b->sampler), 0);
  go (b);
}

static void
tear_down (struct bench *b)
{
  struct graph *graph = sampler_swap (b->sampler, NULL);
  ck_assert_ptr_eq (graph, b->graph);
  ck_assert_uint_eq (graph_end (graph, NULL, real_in (5)), 0);
  ck_assert (sampler_end (b->sampler));
  kk_sample_unref (b->last);
  descriptor_free (b->d);
}

static void
make_pipe (struct bench *b, size_t i)
{
  ck_assert_int_eq (pipe (b->configs[i].pipe), 0);
}

static void
let_go (struct bench *b, size_t i)
{
  ck_assert_int_eq (write (b->configs[i].pipe[1], "x", 1), 1);
}

/* ---- Without threads ---- */

START_TEST (ticks_come_when_due)
{
  struct bench b;
  set_up (&b, 1);
  b.sampler = sampler_new_manual (&b.env);
  go (&b);
  sampler_wake (b.sampler); /* the first is at once */
  ck_assert_uint_eq (b.samples, 1);
  ck_assert_uint_eq (b.after, KK_FIRST);
  ck_assert_uint_eq (b.configs[0].after, KK_FIRST);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.samples, 1);
  fake_pass (&b.now, SECOND);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.samples, 2);
  ck_assert_uint_eq (b.configs[0].after, KK_PRESENT);
  ck_assert_int_eq (b.configs[0].elapsed_ns, SECOND);
  fake_pass (&b.now, 10 * SECOND);
  sampler_wake (b.sampler);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.samples, 3); /* nothing is made up for */
  ck_assert_uint_eq (sampler_view (b.sampler).missed, 9);
  ck_assert_uint_eq (b.after, KK_GAP);
  ck_assert_uint_eq (b.configs[0].after, KK_GAP);
  tear_down (&b);
}
END_TEST

START_TEST (nothing_newer)
{
  struct bench b;
  struct kk_value v;
  set_up (&b, 1);
  b.configs[0].result = KK_HELD;
  b.sampler = sampler_new_manual (&b.env);
  go (&b);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (absent (&b, 0), KK_FIRST); /* what a held read fills is not kept */
  for (int i = 0; i < 20; i++) {
    b.configs[0].result = i % 10 ? KK_HELD : 0;
    fake_pass (&b.now, SECOND);
    sampler_wake (b.sampler);
    ck_assert_uint_eq (kk_get (b.last, 0, 0, 0, &v), KK_PRESENT);
    ck_assert_uint_eq (v.held, i % 10 != 0);
    ck_assert_int_eq (b.configs[0].elapsed_ns, i == 0 ? SECOND : (1 + (i + 9) % 10) * SECOND);
    ck_assert_uint_eq (b.configs[0].after, i == 0 ? KK_FIRST : KK_PRESENT); /* a long wait for news is no gap */
  }
  ck_assert_uint_eq (instance_stats (b.graph->inputs[0]->instance).failures, 0);
  fake_pass (&b.now, 30 * SECOND);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.configs[0].after, KK_GAP);
  b.configs[0].result = -EIO; /* what it gave is lost, whatever the plugin takes for told */
  fake_pass (&b.now, SECOND);
  sampler_wake (b.sampler);
  b.configs[0].result = KK_HELD;
  fake_pass (&b.now, SECOND);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.configs[0].after, KK_GAP);
  ck_assert_uint_eq (instance_stats (b.graph->inputs[0]->instance).failures, 2);
  b.configs[0].result = 0;
  fake_pass (&b.now, SECOND);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (absent (&b, 0), KK_PRESENT);
  b.configs[0].result = KK_HELD + 1;
  fake_pass (&b.now, SECOND);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (instance_stats (b.graph->inputs[0]->instance).failures, 3);
  tear_down (&b);
}
END_TEST

START_TEST (an_input_has_an_interval_of_its_own)
{
  struct bench b;
  set_up (&b, 2);
  b.plans[1].interval_ns = 5 * SECOND;
  b.sampler = sampler_new_manual (&b.env);
  go (&b);
  for (int i = 0; i < 10; i++) {
    sampler_wake (b.sampler);
    struct kk_value v;
    struct kk_table_info info;
    kk_get (b.last, 0, 0, 0, &v);
    ck_assert_uint_eq (v.held, 0);
    kk_get (b.last, 1, 0, 0, &v);
    kk_table_info (b.last, 1, &info);
    ck_assert_uint_eq (v.held, i % 5 != 0);
    ck_assert_uint_eq (info.held, i % 5 != 0);
    ck_assert_int_eq (info.mono_ns, b.now.mono_ns - i % 5 * SECOND);
    fake_pass (&b.now, SECOND);
  }
  ck_assert_uint_eq (b.configs[0].reads, 10);
  ck_assert_uint_eq (b.configs[1].reads, 2);
  tear_down (&b);
}
END_TEST

START_TEST (a_failed_read_leaves_nothing_and_does_not_count_as_good)
{
  struct bench b;
  set_up (&b, 2);
  b.sampler = sampler_new_manual (&b.env);
  go (&b);
  sampler_wake (b.sampler);
  for (int result = -5; result <= 5; result += 10) { /* a positive answer is none either */
    b.configs[0].result = result;
    fake_pass (&b.now, SECOND);
    sampler_wake (b.sampler);
    ck_assert_uint_eq (b.absent[0], KK_ERROR);
    ck_assert_uint_eq (b.absent[1], KK_PRESENT);
  }
  ck_assert_uint_eq (b.graph->inputs[0]->instance->stats.failures, 2);
  b.configs[0].result = 0;
  fake_pass (&b.now, SECOND);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.absent[0], KK_PRESENT);
  ck_assert_int_eq (b.configs[0].elapsed_ns, 3 * SECOND);
  ck_assert_int_eq (b.configs[1].elapsed_ns, SECOND);
  tear_down (&b);
}
END_TEST

START_TEST (sleep_of_the_machine_is_told)
{
  struct bench b;
  set_up (&b, 1);
  b.sampler = sampler_new_manual (&b.env);
  go (&b);
  sampler_wake (b.sampler);
  fake_pass (&b.now, SECOND);
  b.now.boot_ns += 3600 * SECOND;
  b.now.wall_ns += 3600 * SECOND;
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.after, KK_SUSPEND);
  ck_assert_uint_eq (b.configs[0].after, KK_SUSPEND);
  ck_assert_uint_eq (sampler_view (b.sampler).suspends, 1);
  ck_assert_uint_eq (sampler_view (b.sampler).missed, 0);
  ck_assert_uint_eq (sampler_view (b.sampler).steps, 0);
  fake_pass (&b.now, SECOND);
  sampler_wake (b.sampler);
  ck_assert_uint_eq (b.after, KK_PRESENT);
  tear_down (&b);
}
END_TEST

/* ---- With threads ---- */

START_TEST (an_input_that_hangs_holds_up_nobody)
{
  struct bench b;
  set_up (&b, 3);
  b.plans[1].deadline_ns = 30 * MS;
  make_pipe (&b, 1);
  go_real (&b, 10 * MS);
  ck_assert_int_eq (sampler_wait_first (b.sampler, real_in (5)), 0);
  ck_assert_uint_eq (sampler_view (b.sampler).stuck, 1);
  bool held_up = true; /* a busy machine misses ticks now and then, a hang in every window */
  for (int window = 0; held_up && window < 10; window++) {
    uint64_t missed = sampler_view (b.sampler).missed;
    uint32_t seen = samples (&b), before = reads (&b, 0), other = reads (&b, 2);
    WAIT_FOR (samples (&b) >= seen + 20);
    ck_assert_uint_ge (reads (&b, 0), before + 20);
    held_up = sampler_view (b.sampler).missed > missed + 2 || reads (&b, 2) < other + 18;
  }
  ck_assert (!held_up);
  ck_assert_uint_eq (reads (&b, 1), 0);
  ck_assert_uint_eq (absent (&b, 1), KK_ERROR);
  ck_assert_uint_eq (absent (&b, 0), KK_PRESENT);
  ck_assert_uint_eq (sampler_view (b.sampler).stuck, 1);
  ck_assert_uint_eq (instance_stats (b.graph->inputs[1]->instance).overruns, 1);
  let_go (&b, 1);
  WAIT_FOR (reads (&b, 1) >= 3);
  WAIT_FOR (absent (&b, 1) == KK_PRESENT);
  ck_assert_uint_eq (sampler_view (b.sampler).stuck, 0);
  tear_down (&b);
}
END_TEST

START_TEST (two_inputs_that_hang_at_once)
{
  struct bench b;
  set_up (&b, 4);
  for (size_t i = 0; i < 3; i++) {
    b.plans[i].deadline_ns = 30 * MS;
    make_pipe (&b, i);
  }
  go_real (&b, 10 * MS);
  ck_assert_int_eq (sampler_wait_first (b.sampler, real_in (5)), 0);
  ck_assert_uint_eq (sampler_view (b.sampler).stuck, 3);
  uint32_t seen = samples (&b);
  WAIT_FOR (samples (&b) >= seen + 5);
  for (size_t i = 0; i < 3; i++)
    ck_assert_uint_eq (absent (&b, i), KK_ERROR);
  for (size_t i = 0; i < 3; i++)
    let_go (&b, i);
  WAIT_FOR (sampler_view (b.sampler).stuck == 0);
  WAIT_FOR (absent (&b, 0) == KK_PRESENT && absent (&b, 2) == KK_PRESENT);
  tear_down (&b);
}
END_TEST

START_TEST (hanging_again_and_again)
{
  struct bench b;
  set_up (&b, 2);
  b.plans[0].deadline_ns = 10 * MS;
  make_pipe (&b, 0);
  go_real (&b, 5 * MS);
  for (int i = 0; i < 10; i++) {
    char byte;
    WAIT_FOR (sampler_view (b.sampler).stuck == 1);
    uint32_t before = reads (&b, 0);
    let_go (&b, 0);
    WAIT_FOR (reads (&b, 0) > before);
    ck_assert_int_eq (read (b.configs[0].pipe[0], &byte, 1), 1);
  }
  let_go (&b, 0);
  WAIT_FOR (sampler_view (b.sampler).stuck == 0);
  tear_down (&b);
}
END_TEST

START_TEST (the_end_while_a_read_hangs)
{
  struct bench b;
  set_up (&b, 2);
  b.plans[0].deadline_ns = 50 * MS;
  make_pipe (&b, 0);
  go_real (&b, SECOND);
  WAIT_FOR (__atomic_load_n (&b.configs[0].entered, __ATOMIC_ACQUIRE));
  ck_assert (!sampler_end (b.sampler));
  let_go (&b, 0);
  WAIT_FOR (!input_stuck (b.graph->inputs[0])); /* then what was left is nobody's any more */
  ck_assert (sampler_end (b.sampler));
  ck_assert_uint_eq (graph_end (b.graph, NULL, real_in (1)), 0);
  kk_sample_unref (b.last);
  descriptor_free (b.d);
}
END_TEST

/* What this machine can do now: how many of the same deadlines a bare thread misses that does nothing else. */
struct bare {
  pthread_t thread;
  bool stop;
  uint64_t missed;
};

static void *
bare_ticks (void *arg)
{
  struct bare *bare = arg;
  int64_t next = real_mono_ns ();
  while (!__atomic_load_n (&bare->stop, __ATOMIC_ACQUIRE)) {
    next = (next / (5 * MS) + 1) * 5 * MS;
    struct timespec t = {.tv_sec = next / SECOND, .tv_nsec = next % SECOND};
    clock_nanosleep (CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
    int64_t now = real_mono_ns ();
    bare->missed += (uint64_t) ((now - next) / (5 * MS));
    next = now;
  }
  return NULL;
}

START_TEST (two_hundred_samples_a_second)
{
  struct bench b;
  struct bare bare = {.stop = false};
  set_up (&b, 3);
  go_real (&b, 5 * MS);
  ck_assert_int_eq (pthread_create (&bare.thread, NULL, bare_ticks, &bare), 0);
  WAIT_FOR (samples (&b) >= 200);
  __atomic_store_n (&bare.stop, true, __ATOMIC_RELEASE);
  pthread_join (bare.thread, NULL);
  struct sampler_view v = sampler_view (b.sampler);
  ck_assert_uint_le (v.missed, bare.missed * 4 + v.ticks / 4); /* one that cannot keep up misses every second tick */
  ck_assert_uint_eq (v.stuck, 0);
  tear_down (&b);
}
END_TEST

START_TEST (graphs_are_swapped_between_ticks)
{
  struct bench a, b;
  set_up (&a, 2);
  set_up (&b, 2);
  go_real (&a, MS);
  for (int i = 0; i < 50; i++) {
    struct bench *to = i % 2 ? &a : &b, *from = i % 2 ? &b : &a;
    char *reason = NULL;
    ck_assert_int_eq (graph_new (&a.env, &to->plan, NULL, sink, to, &to->graph, &reason), 0);
    ck_assert_ptr_eq (sampler_swap (a.sampler, to->graph), from->graph);
    uint32_t seen = samples (from), now = samples (to);
    WAIT_FOR (samples (to) > now + 2);
    ck_assert_uint_eq (samples (from), seen); /* nothing happens in a graph that was taken out */
    ck_assert_uint_eq (graph_end (from->graph, to->graph, real_in (5)), 0);
  }
  tear_down (&a);
  kk_sample_unref (b.last);
  descriptor_free (b.d);
}
END_TEST

START_TEST (a_reload_goes_on_with_what_did_not_change)
{
  struct bench b;
  set_up (&b, 3);
  go_real (&b, 2 * MS);
  struct instance_plan changed[2] = {b.plans[0], b.plans[1]};
  changed[1].interval_ns *= 3;
  struct plan plan = {.refs = 1, .instances = changed, .n_instances = 2};
  WAIT_FOR (samples (&b) >= 5);
  struct graph *before = b.graph;
  struct input *kept = before->inputs[0];
  char *reason = NULL;
  ck_assert_int_eq (graph_new (&b.env, &plan, before, sink, &b, &b.graph, &reason), 0);
  ck_assert_ptr_eq (b.graph->inputs[0], kept);
  ck_assert_ptr_ne (b.graph->inputs[1], before->inputs[1]);
  ck_assert_uint_eq (b.graph->n_inputs, 2);
  uint32_t ticks = (uint32_t)sampler_view (b.sampler).ticks, now = samples (&b);
  ck_assert_ptr_eq (sampler_swap (b.sampler, b.graph), before);
  ck_assert_uint_eq (graph_end (before, b.graph, real_in (5)), 0);
  WAIT_FOR (samples (&b) > now + 5);
  ck_assert_uint_gt (sampler_view (b.sampler).ticks, ticks);
  ck_assert_uint_eq (absent (&b, 0), KK_PRESENT);
  ck_assert_uint_gt (instance_stats (kept->instance).calls, 5);
  tear_down (&b);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, ticks_come_when_due);
  tcase_add_test (t, nothing_newer);
  tcase_add_test (t, an_input_has_an_interval_of_its_own);
  tcase_add_test (t, a_failed_read_leaves_nothing_and_does_not_count_as_good);
  tcase_add_test (t, sleep_of_the_machine_is_told);
  tcase_add_test (t, an_input_that_hangs_holds_up_nobody);
  tcase_add_test (t, two_inputs_that_hang_at_once);
  tcase_add_test (t, hanging_again_and_again);
  tcase_add_test (t, the_end_while_a_read_hangs);
  tcase_add_test (t, two_hundred_samples_a_second);
  tcase_add_test (t, graphs_are_swapped_between_ticks);
  tcase_add_test (t, a_reload_goes_on_with_what_did_not_change);
}

UNIT_MAIN ("sampler", tests)
