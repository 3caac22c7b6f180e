#include "fake.h"
#include "worker.h"

#include <poll.h>

/* An output that does what it is told, and keeps the times of the samples it got. */
struct config {
  pthread_mutex_t lock;
  int pipe[2];         /* pipe[0] >= 0: hangs until there is something in it */
  int result;          /* what write answers */
  uint32_t at_once;    /* > 0: does so many of a batch, then KK_RETRY */
  uint32_t good_after; /* so many calls answer `result`, the later ones 0 */
  uint32_t calls, flushed, n;
  int64_t got[4096];
};

static int
create (struct kk_instance *self, const void *config, void **state)
{
  (void)self;
  *state = (void *)(uintptr_t)config;
  return 0;
}

static int
write_ (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  struct config *c = state;
  if (c->pipe[0] >= 0)
    poll (&(struct pollfd){.fd = c->pipe[0], .events = POLLIN}, 1, -1);
  pthread_mutex_lock (&c->lock);
  int r = c->calls++ < c->good_after ? c->result : 0;
  uint32_t take = r == 0 ? n : 0;
  if (c->at_once && r == 0) {
    take = c->at_once < n ? c->at_once : n;
    r = take < n ? KK_RETRY : 0;
  }
  for (uint32_t i = 0; i < take; i++) {
    struct kk_time time;
    kk_sample_time (samples[i], &time);
    c->got[c->n++ % KK_COUNT (c->got)] = time.wall_ns;
  }
  *done = take;
  pthread_mutex_unlock (&c->lock);
  return r;
}

static int
flush (void *state)
{
  struct config *c = state;
  pthread_mutex_lock (&c->lock);
  c->flushed++;
  pthread_mutex_unlock (&c->lock);
  return 0;
}

static const struct kk_plugin plugin = FAKE_PLUGIN (.kind = KK_OUTPUT, .name = "out", .create = create, .write = write_,
                                                    .flush = flush, .config_size = sizeof (struct config));

static struct env env;
static struct clock_reading now;
static struct config config;
static struct descriptor *d;
static struct instance_plan plan;
static struct instance *output;
static struct worker *worker;
static struct schema *schema;
static int64_t number;

static void
set_up (void)
{
  fake_env (&env, &now);
  memset (&config, 0, sizeof config);
  pthread_mutex_init (&config.lock, NULL);
  config.pipe[0] = config.pipe[1] = -1;
  config.good_after = UINT32_MAX;
  d = fake_descriptor (&plugin);
  plan = fake_plan ("out", d, &config);
  output = fake_instance (&env, &plan);
  schema = schema_new (&env.host, 0);
  number = 0;
}

static void
start (void)
{
  ck_assert_int_eq (worker_new (output, NULL, 0, &worker), 0);
}

static void
tear_down (void)
{
  worker_free (worker);
  worker = NULL;
  schema_unref (schema);
  descriptor_free (d);
}

/* A sample of `bytes`, numbered by its time. */
static struct sample *
sample (size_t bytes, int64_t mono_ns)
{
  struct sample *s = sample_new (&env.host, schema, NULL);
  sample_seal (s);
  s->bytes = bytes;
  s->time = (struct kk_time){.wall_ns = number++, .mono_ns = mono_ns};
  return s;
}

static void
put (size_t n)
{
  for (size_t i = 0; i < n; i++) {
    struct sample *s = sample (100, 0);
    worker_put (worker, s);
    sample_unref (s);
  }
}

static void
got_in_order (uint32_t n)
{
  ck_assert_uint_eq (config.n, n);
  for (uint32_t i = 0; i < n; i++)
    ck_assert_int_eq (config.got[i], i);
}

static uint32_t
calls (void)
{
  pthread_mutex_lock (&config.lock);
  uint32_t n = config.calls;
  pthread_mutex_unlock (&config.lock);
  return n;
}

/* ---- The queue by itself ---- */

static size_t
queue_one (struct queue *q, size_t bytes, int64_t mono_ns)
{
  struct sample *s = sample (bytes, mono_ns);
  size_t dropped = queue_put (q, s);
  ck_assert_uint_eq (s->refs, q->n && q->ring[(q->first + q->n - 1) % q->cap] == s ? 2 : 1);
  sample_unref (s);
  return dropped;
}

START_TEST (the_oldest_go_when_there_are_too_many_bytes)
{
  struct queue q;
  ck_assert_int_eq (queue_init (&q, 1000, SECOND), 0);
  for (int i = 0; i < 10; i++)
    ck_assert_uint_eq (queue_one (&q, 100, 0), 0);
  ck_assert_uint_eq (queue_one (&q, 250, 0), 3);
  ck_assert_uint_eq (q.n, 8);
  ck_assert_uint_eq (q.bytes, 950);
  ck_assert_int_eq (q.ring[q.first]->time.wall_ns, 3);
  ck_assert_uint_eq (queue_one (&q, 5000, 0), 8); /* larger than all: kept alone rather than never recorded */
  ck_assert_uint_eq (q.n, 1);
  ck_assert_uint_eq (queue_one (&q, 10, 0), 1);
  ck_assert_uint_eq (q.bytes, 10);
  ck_assert_uint_eq (q.dropped, 12);
  ck_assert_uint_eq (q.most, 10);
  queue_release (&q);
}
END_TEST

START_TEST (the_oldest_go_when_they_are_too_old)
{
  struct queue q;
  ck_assert_int_eq (queue_init (&q, 1 << 20, 10 * SECOND), 0);
  for (int i = 0; i < 10; i++)
    queue_one (&q, 1, i * SECOND);
  ck_assert_uint_eq (queue_one (&q, 1, 10 * SECOND), 0);
  ck_assert_uint_eq (queue_one (&q, 1, 12 * SECOND), 2);
  ck_assert_uint_eq (queue_one (&q, 1, 100 * SECOND), 10);
  ck_assert_uint_eq (q.n, 1);
  queue_release (&q);
}
END_TEST

START_TEST (taking_goes_round_in_order)
{
  struct queue q;
  struct sample *s[8];
  int64_t want = 0;
  ck_assert_int_eq (queue_init (&q, 1 << 20, SECOND), 0);
  for (int round = 0; round < 50; round++) {
    for (int i = 0; i < 7; i++)
      queue_one (&q, 10, 0);
    for (size_t left = round % 3 ? 7 : q.n; left;) {
      size_t n = queue_take (&q, s, left < 5 ? left : 5, 0);
      left -= n;
      for (size_t i = 0; i < n; i++) {
        ck_assert_int_eq (s[i]->time.wall_ns, want++);
        sample_unref (s[i]);
      }
    }
    ck_assert_uint_eq (q.bytes, q.n * 10);
  }
  ck_assert_uint_eq (queue_take (&q, s, 8, real_mono_ns () + MS), 0); /* times out */
  queue_release (&q);
}
END_TEST

START_TEST (what_is_at_work_counts_into_the_bytes)
{
  struct queue q;
  struct sample *s[64];
  ck_assert_int_eq (queue_init (&q, 1000, SECOND), 0);
  for (int i = 0; i < 10; i++)
    queue_one (&q, 100, 0);
  ck_assert_uint_eq (queue_take (&q, s, 64, 0), 2); /* a quarter of it */
  ck_assert_uint_eq (queue_one (&q, 100, 0), 1);
  ck_assert_uint_eq (q.bytes, 800);
  sample_unref (s[0]);
  sample_unref (s[1]);
  ck_assert_uint_eq (queue_take (&q, s, 1, 0), 1); /* and now the room of those two is free */
  sample_unref (s[0]);
  for (int i = 0; i < 2; i++)
    ck_assert_uint_eq (queue_one (&q, 100, 0), 0);
  ck_assert_uint_eq (q.bytes, 900);
  queue_release (&q);
}
END_TEST

START_TEST (a_closed_queue_takes_nothing_and_gives_all)
{
  struct queue q;
  struct sample *s[8];
  ck_assert_int_eq (queue_init (&q, 100, SECOND), 0);
  queue_one (&q, 60, 0);
  queue_one (&q, 40, 0);
  queue_close (&q);
  ck_assert_uint_eq (queue_one (&q, 100, 100 * SECOND), 1); /* itself, none of those that wait */
  for (int i = 0; i < 2; i++) {
    ck_assert_uint_eq (queue_take (&q, s, 8, 0), 1);
    sample_unref (s[0]);
  }
  ck_assert_uint_eq (queue_take (&q, s, 8, 0), 0);
  ck_assert (queue_wait_closed (&q, 0));
  queue_release (&q);
}
END_TEST

/* ---- The worker ---- */

START_TEST (all_is_written_in_order_and_flushed)
{
  start ();
  put (1000);
  ck_assert (worker_stop (worker, real_in (10)));
  got_in_order (1000);
  ck_assert_uint_eq (config.flushed, 1);
  ck_assert_uint_eq (worker_view (worker).dropped, 0);
  ck_assert_uint_eq (instance_stats (output).dropped, 0);
}
END_TEST

START_TEST (a_retry_gets_the_rest_again)
{
  config.result = KK_RETRY;
  config.good_after = 1;
  config.at_once = 3;
  env.interval_ns = 1; /* the shortest back-off there is */
  start ();
  put (8);
  WAIT_FOR (calls () >= 3);
  ck_assert (worker_stop (worker, real_in (10)));
  got_in_order (8);
  ck_assert_uint_ge (instance_stats (output).retries, 1);
  ck_assert_uint_eq (instance_stats (output).dropped, 0);
}
END_TEST

START_TEST (at_the_stop_an_output_that_gets_on_is_let_finish)
{
  config.good_after = 0;
  config.at_once = 1;
  start ();
  put (200);
  int64_t begun = real_mono_ns ();
  ck_assert (worker_stop (worker, real_in (10)));
  ck_assert_int_lt (real_mono_ns () - begun, real_in (5) - begun);
  got_in_order (200);
  ck_assert_uint_eq (config.flushed, 1);
  ck_assert_uint_eq (instance_stats (output).dropped, 0);
}
END_TEST

START_TEST (at_the_stop_one_that_cannot_write_gives_up_and_counts)
{
  config.result = KK_RETRY;
  start ();
  put (10);
  WAIT_FOR (calls () >= 1);
  WAIT_FOR (worker_view (worker).retry_at_ns > 0);
  ck_assert_int_le (worker_view (worker).retry_at_ns - real_mono_ns (), SECOND); /* back-off begins small */
  ck_assert (worker_stop (worker, real_in (10)));
  ck_assert_uint_eq (config.n, 0);
  ck_assert_uint_eq (instance_stats (output).dropped, 10);
  ck_assert_uint_eq (config.flushed, 1);
}
END_TEST

START_TEST (what_fails_is_given_up_and_counted_and_the_next_written)
{
  config.result = -EIO;
  config.good_after = 1;
  start ();
  put (1);
  WAIT_FOR (calls () >= 1);
  WAIT_FOR (instance_stats (output).dropped == 1);
  ck_assert (instance_stats (output).failing);
  put (5);
  ck_assert (worker_stop (worker, real_in (10)));
  ck_assert_uint_eq (config.n, 5);
  ck_assert_int_eq (config.got[0], 1);
  struct instance_stats s = instance_stats (output);
  ck_assert_uint_eq (s.failures, 1);
  ck_assert_int_eq (s.last_error, -EIO);
  ck_assert (!s.failing);
}
END_TEST

START_TEST (an_answer_that_is_none_is_a_failure)
{
  config.result = 7;
  start ();
  put (1);
  ck_assert (worker_stop (worker, real_in (10)));
  ck_assert_uint_eq (instance_stats (output).failures, 1);
  ck_assert_uint_eq (instance_stats (output).dropped, 1);
}
END_TEST

START_TEST (one_that_hangs_is_left_behind_in_time)
{
  ck_assert_int_eq (pipe (config.pipe), 0);
  plan.queue_bytes = 1000;
  start ();
  put (1);
  WAIT_FOR (worker_view (worker).busy_since_ns > 0);
  put (30); /* nobody waits for it */
  struct worker_view v = worker_view (worker);
  ck_assert_uint_eq (v.queued, 9); /* what it has in hand counts, too */
  ck_assert_uint_eq (v.queued_bytes, 900);
  ck_assert_uint_eq (v.dropped, 21);
  int64_t until = real_mono_ns () + 50 * MS;
  ck_assert (!worker_stop (worker, until));
  ck_assert_int_ge (real_mono_ns (), until);
  ck_assert_int_eq (write (config.pipe[1], "x", 1), 1);
  ck_assert (worker_stop (worker, real_in (10))); /* it came back: all that waited is written */
  ck_assert_uint_eq (config.n, 10);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, the_oldest_go_when_there_are_too_many_bytes);
  tcase_add_test (t, the_oldest_go_when_they_are_too_old);
  tcase_add_test (t, taking_goes_round_in_order);
  tcase_add_test (t, what_is_at_work_counts_into_the_bytes);
  tcase_add_test (t, a_closed_queue_takes_nothing_and_gives_all);
  tcase_add_test (t, all_is_written_in_order_and_flushed);
  tcase_add_test (t, a_retry_gets_the_rest_again);
  tcase_add_test (t, at_the_stop_an_output_that_gets_on_is_let_finish);
  tcase_add_test (t, at_the_stop_one_that_cannot_write_gives_up_and_counts);
  tcase_add_test (t, what_fails_is_given_up_and_counted_and_the_next_written);
  tcase_add_test (t, an_answer_that_is_none_is_a_failure);
  tcase_add_test (t, one_that_hangs_is_left_behind_in_time);
}

UNIT_MAIN ("worker", tests)
