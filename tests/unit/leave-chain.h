/* A chain of two filters that hang where they are told to, and threads that run it and are left behind. */
#ifndef LEAVE_CHAIN_H
#define LEAVE_CHAIN_H

#include "chain-kit.h"
#include "leave-kit.h"

enum { SYSTEM, THINGS, NUMBERS };
enum { FILTERS = 2 };

static struct hanging told[FILTERS];
static struct descriptor *d;
static struct instance_plan plans[FILTERS];
static struct instance *filters[FILTERS];

static inline void
set_up (void)
{
  use_fake_clock (&env);
  schema = make_schema ();
  d = fake_descriptor (&hanging_plugin);
  for (size_t i = 0; i < FILTERS; i++) {
    make_hanging (told + i, i ? "numbers" : "things");
    plans[i] = fake_plan ("hanging", d, told + i);
    filters[i] = fake_instance (&env, plans + i);
  }
  ck_assert_int_eq (chain_new (filters, FILTERS, sink, NULL, &chain), 0);
}

static inline void
tear_down (void)
{
  clear ();
  chain_free (chain);
  for (size_t i = 0; i < FILTERS; i++) {
    ck_assert (!instance_away (filters[i]));
    instance_free (filters[i]);
    ck_assert_uint_eq (told[i].unbinds, told[i].binds);
    close (told[i].pipe[0]);
    close (told[i].pipe[1]);
  }
  descriptor_free (d);
  schema_unref (schema);
}

/* ---- A thread that has the chain ---- */

struct runner {
  pthread_t thread;
  struct chain *chain;
  struct sample *sample; /* NULL: flush */
  struct instance *left;
  bool done;
};

static inline void *
run_chain (void *arg)
{
  struct runner *r = arg;
  r->left = r->sample ? chain_run (r->chain, r->sample) : chain_flush (r->chain);
  sample_unref (r->sample);
  __atomic_store_n (&r->done, true, __ATOMIC_RELEASE);
  return NULL;
}

static inline void
start (struct runner *r, bool flushes)
{
  *r = (struct runner){.chain = chain, .sample = flushes ? NULL : make_sample (schema, "abc", "de")};
  ck_assert_int_eq (pthread_create (&r->thread, NULL, run_chain, r), 0);
}

/* It comes back from filter `i`, and has the rest of what is told of that. */
static inline void
come_back (struct runner *r, size_t i)
{
  let_go (told + i);
  pthread_join (r->thread, NULL);
  ck_assert_ptr_eq (r->left, filters[i]);
  ck_assert (instance_away (filters[i]));
  instance_return (filters[i]);
}

/* Leaves one behind that hangs in filter `i`, and does the rest. */
static inline void
leave (struct runner *r, size_t i, int where)
{
  told[i].hangs = where;
  const uint32_t entered = seen (&told[i].entered);
  start (r, where == IN_FLUSH);
  WAIT_FOR (seen (&told[i].entered) > entered);
  pass_time (plans[i].deadline_ns - 1);
  ck_assert_ptr_null (chain_leave (chain, mono_ns ()));
  ck_assert_int_eq (chain_late_at (chain), mono_ns () + 1);
  ck_assert (!chain_is_late (chain, filters[i], mono_ns ()));
  pass_time (1);
  ck_assert (chain_is_late (chain, filters[i], mono_ns ()));
  ck_assert_ptr_eq (chain_leave (chain, mono_ns ()), filters[i]);
  ck_assert_ptr_null (chain_leave (chain, mono_ns ()));
  ck_assert_int_eq (chain_late_at (chain), INT64_MAX);
  ck_assert (instance_away (filters[i]));
  ck_assert_ptr_null (chain_go_on (chain));
}

static inline void
run (void)
{
  struct sample *s = make_sample (schema, "abc", "de");
  ck_assert_ptr_null (chain_run (chain, s));
  sample_unref (s);
}

static inline uint32_t
state_of (const struct sample *s, uint32_t table)
{
  struct kk_table_info info;
  ck_assert_int_eq (kk_table_info (&s->face, table, &info), 0);
  return info.state;
}

static inline void
has_failed (const struct sample *s, bool things, bool numbers)
{
  ck_assert_uint_ne (state_of (s, SYSTEM), KK_FAILED);
  ck_assert_int_eq (state_of (s, THINGS) == KK_FAILED, things);
  ck_assert_int_eq (state_of (s, NUMBERS) == KK_FAILED, numbers);
}

static inline void
counts (size_t i, uint64_t overruns, uint64_t skipped, uint64_t incomplete, uint64_t dropped)
{
  const struct instance_stats s = instance_stats (filters[i]);
  ck_assert_uint_eq (s.overruns, overruns);
  ck_assert_uint_eq (s.skipped, skipped);
  ck_assert_uint_eq (s.incomplete, incomplete);
  ck_assert_uint_eq (s.dropped, dropped);
  ck_assert_uint_eq (s.failures, 0);
}
#endif
