/* Takes ticks as fast as they come, with a clock of its own, for callgrind: ticks CONFIG N. The work of a tick is the same in every
 * run, so the instructions of 2N ticks less those of N ticks, over N, are what one costs. */
#include "graph.h"
#include "ring.h"
#include "sampler.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

struct bench {
  struct clock_reading now;
  struct ring *ring;
  uint64_t samples;
};

static void
read_clock (void *arg, struct clock_reading *ret)
{
  *ret = ((struct bench *) arg)->now;
}

static void
push (void *arg, const struct sample *sample)
{
  struct bench *b = arg;
  ring_push (b->ring, sample);
  b->samples++;
}

/* Lets the outputs finish, so that each writes one sample at a time. */
static void
wait_idle (struct graph *g)
{
  for (size_t i = 0; i < g->n_workers; i++) {
    struct worker_view view;
    while (view = worker_view (g->workers[i]), view.queued > 0 || view.busy_since_ns != 0)
      nanosleep (&(struct timespec){.tv_nsec = 200000}, NULL);
  }
}

static int64_t
now_mono (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

static int
run (const struct plan *plan, uint64_t n)
{
  struct bench b = {.now = {.wall_ns = INT64_C (1767225600000000000), .mono_ns = 1000000000, .boot_ns = 1000000000}};
  struct env env;
  struct graph *g;
  char *reason = NULL;

  env_init (&env);
  env.data_dir = plan->settings->data_dir;
  env.clock = (struct clock){.read = read_clock, .arg = &b};
  env.interval_ns = plan->settings->interval_ns;
  if (ring_new ((uint64_t) plan->settings->max_samples, (size_t) plan->settings->ring_bytes, &b.ring) < 0)
    return 1;
  if (graph_new (&env, plan, NULL, push, &b, &g, &reason) < 0) {
    fprintf (stderr, "ticks: %s\n", reason ? reason : "no memory");
    free (reason);
    ring_free (b.ring);
    return 1;
  }
  struct sampler *s = sampler_new_manual (&env);
  if (!s)
    return 1;
  sampler_swap (s, g);
  for (uint64_t i = 0; i < n; i++) {
    b.now.wall_ns += env.interval_ns;
    b.now.mono_ns += env.interval_ns;
    b.now.boot_ns += env.interval_ns;
    sampler_wake (s);
    wait_idle (g);
  }
  printf ("%" PRIu64 " ticks, %" PRIu64 " samples\n", sampler_view (s).ticks, b.samples);
  sampler_swap (s, NULL);
  sampler_end (s);
  graph_end (g, NULL, now_mono () + INT64_C (10000000000));
  ring_free (b.ring);
  return 0;
}

int
main (int argc, char **argv)
{
  struct modules *modules;
  struct plan *plan;
  struct diag d = {0};
  int r = 1;

  if (argc != 3 || modules_open (NULL, &modules) < 0) {
    fputs ("usage: ticks CONFIG N\n", stderr);
    return 2;
  }
  if (plan_make (argv[1], modules, &d, &plan) == 0) {
    r = run (plan, strtoull (argv[2], NULL, 10));
    plan_free (plan);
  } else {
    diag_print (&d, stderr);
  }
  diag_free (&d);
  modules_close (modules);
  return r;
}
