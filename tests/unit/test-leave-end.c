/* A chain ends, or a call does, just when a thread is left behind in it. */
#include "leave-chain.h"

START_TEST (the_chain_ends_while_it_hangs)
{
  struct runner r;
  leave (&r, 0, IN_PROCESS);
  chain_free (chain);
  ck_assert_uint_eq (told[0].unbinds, 0); /* a thread still uses it */
  ck_assert_uint_eq (told[1].unbinds, 1);
  ck_assert_int_eq (chain_new (filters, FILTERS, sink, NULL, &chain), 0);
  clear ();
  run ();
  ck_assert_uint_eq (told[0].calls, 1);
  ck_assert_uint_eq (told[0].binds, 1);
  come_back (&r, 0);
  ck_assert_uint_eq (told[0].unbinds, 1);
  clear ();
  run ();
  has_failed (came[0], false, false);
}
END_TEST

static struct chain *
next_chain (struct schema *of)
{
  struct chain *old = chain;
  ck_assert_int_eq (chain_new (filters, FILTERS, sink, NULL, &chain), 0);
  chain_inherit (chain, old);
  schema_unref (schema);
  schema = of;
  return old;
}

START_TEST (another_chain_knows_what_it_touches)
{
  struct runner r;
  leave (&r, 0, IN_PROCESS);
  for (int i = 0; i < 2; i++) {
    chain_free (next_chain (make_schema ()));
    clear ();
    run ();
    ck_assert_uint_eq (n_out, 1);
    ck_assert_uint_eq (came[0]->schema->n_tables, 2);
    ck_assert_int_eq (schema_find_table (came[0]->schema, "things"), -1);
    run ();
    ck_assert_ptr_eq (came[1]->schema, came[0]->schema); /* those behind it are not bound each time */
  }
  counts (0, 1, 4, 5, 0);
  struct schema *more = make_schema ();
  table_schema_add (more->tables + NUMBERS, &(struct kk_field){.name = "c", .type = KK_TYPE_U64, .kind = KK_GAUGE});
  chain_free (next_chain (more));
  clear ();
  struct sample *s = sample_new (&env.host, more, (uint32_t[]){0, 0, 0});
  sample_seal (s);
  ck_assert_ptr_null (chain_run (chain, s));
  sample_unref (s);
  ck_assert_uint_eq (came[0]->schema->n_tables, 1); /* the new field may be what it is there to hide */
  come_back (&r, 0);
  chain_free (next_chain (make_schema ()));
  clear ();
  run ();
  has_failed (came[0], false, false);
  ck_assert_uint_eq (told[0].calls, 2);
}
END_TEST

START_TEST (two_hang_when_the_chain_ends)
{
  struct runner r[2];
  run ();
  leave (r, 0, IN_PROCESS);
  leave (r + 1, 1, IN_PROCESS);
  chain_free (chain);
  chain = NULL;
  come_back (r + 1, 1);
  ck_assert_uint_eq (told[0].unbinds, 0);
  come_back (r, 0);
}
END_TEST

START_TEST (coming_back_just_then)
{
  enum { ROUNDS = 3000 };
  int taken = 0;
  run ();
  clear ();
  for (int i = 0; i < ROUNDS; i++) {
    struct runner r;
    struct instance *left = NULL;
    start (&r, false);
    while (!left && !__atomic_load_n (&r.done, __ATOMIC_ACQUIRE))
      left = chain_leave (chain, INT64_MAX - 1);
    if (left) {
      taken++;
      ck_assert_ptr_null (chain_go_on (chain));
    }
    pthread_join (r.thread, NULL);
    ck_assert_ptr_eq (r.left, left);
    ck_assert_uint_eq (n_out, 1);
    has_failed (came[0], left == filters[0], left == filters[1]);
    if (left)
      instance_return (left);
    clear ();
  }
  printf ("# %d of %d were left behind\n", taken, ROUNDS);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, the_chain_ends_while_it_hangs);
  tcase_add_test (t, another_chain_knows_what_it_touches);
  tcase_add_test (t, two_hang_when_the_chain_ends);
  tcase_add_test (t, coming_back_just_then);
}

UNIT_MAIN ("leave-end", tests)
