/* A thread is left behind in a filter of a chain: what goes on, in which order, and what becomes of it when it comes back. */
#include "leave-chain.h"

START_TEST (the_rest_flows_until_it_is_back)
{
  struct runner r;
  run ();
  leave (&r, 0, IN_PROCESS);
  ck_assert_uint_eq (n_out, 2);
  has_failed (came[0], false, false);
  has_failed (came[1], true, false);
  for (size_t i = 0; i < 3; i++) {
    run ();
    ck_assert_uint_eq (n_out, 3 + i);
    has_failed (came[2 + i], true, false);
  }
  ck_assert_uint_eq (told[0].calls, 2);
  ck_assert_uint_eq (told[1].calls, 5); /* the one behind it misses nothing */
  counts (0, 1, 3, 4, 0);
  come_back (&r, 0);
  ck_assert_uint_eq (n_out, 5); /* what it emitted is too late */
  run ();
  has_failed (came[5], false, false);
  counts (0, 1, 3, 4, 0);
  counts (1, 0, 0, 0, 0);
  ck_assert_uint_eq (told[0].binds, 1);
}
END_TEST

START_TEST (again_and_again)
{
  for (int i = 0; i < 20; i++) {
    struct runner r;
    leave (&r, 0, IN_PROCESS);
    run ();
    come_back (&r, 0);
    run ();
    ck_assert_uint_eq (n_out, 3);
    has_failed (came[2], false, false);
    clear ();
  }
}
END_TEST

START_TEST (one_that_says_nothing_drops_all)
{
  struct runner r;
  told[0].touches = NULL;
  run ();
  leave (&r, 0, IN_PROCESS);
  run ();
  ck_assert_uint_eq (n_out, 1);
  counts (0, 1, 1, 0, 2);
  come_back (&r, 0);
  run ();
  ck_assert_uint_eq (n_out, 2);
}
END_TEST

START_TEST (on_error_pass_passes_all)
{
  struct runner r;
  plans[0].pass_on_error = true;
  leave (&r, 0, IN_BIND);
  run ();
  ck_assert_uint_eq (n_out, 2);
  has_failed (came[0], false, false);
  has_failed (came[1], false, false);
  come_back (&r, 0);
}
END_TEST

START_TEST (what_is_in_flight_keeps_its_order)
{
  struct runner r;
  told[0].emits = 3;
  run ();
  clear ();
  leave (&r, 1, IN_PROCESS);
  ck_assert_uint_eq (n_out, 3); /* the two that had not been there yet come too */
  run ();
  ck_assert_uint_eq (n_out, 6);
  for (size_t i = 0; i < 6; i++) {
    ck_assert_int_eq (came[i]->time.wall_ns, came[0]->time.wall_ns + (int64_t) i % 3);
    has_failed (came[i], false, true);
  }
  counts (1, 1, 5, 6, 0);
  come_back (&r, 1);
}
END_TEST

START_TEST (hanging_in_bind)
{
  struct runner r;
  leave (&r, 0, IN_BIND);
  run ();
  ck_assert_uint_eq (n_out, 0); /* it is not known what it hides */
  counts (0, 1, 1, 0, 2);
  come_back (&r, 0);
  ck_assert_uint_eq (told[0].unbinds, 1); /* what came too late */
  run ();
  ck_assert_uint_eq (told[0].binds, 2);
  ck_assert_uint_eq (n_out, 1);
}
END_TEST

START_TEST (hanging_in_bind_of_one_more_schema)
{
  struct runner r;
  struct schema *first = schema;
  for (int i = 0; i < 8; i++) {
    run ();
    if (i)
      schema_unref (schema);
    schema = make_schema ();
  }
  clear ();
  leave (&r, 0, IN_BIND);
  ck_assert_uint_eq (n_out, 1); /* by what it did with the last one */
  ck_assert_int_eq (schema_find_table (came[0]->schema, "things"), -1);
  ck_assert_int_eq (schema_find_table (came[0]->schema, "numbers"), 1);
  clear ();
  come_back (&r, 0);
  ck_assert_uint_eq (told[0].binds, 9);
  ck_assert_uint_eq (told[0].unbinds, 2); /* the oldest, and this one */
  run ();
  ck_assert_uint_eq (n_out, 1);
  schema_unref (schema);
  schema = first;
  run ();
  ck_assert_uint_eq (n_out, 2);
}
END_TEST

START_TEST (hanging_in_flush)
{
  struct runner r;
  told[0].flushes = told[1].flushes = 1;
  run ();
  clear ();
  leave (&r, 0, IN_FLUSH);
  ck_assert_uint_eq (told[0].flushes, 1);
  ck_assert_uint_eq (told[1].flushes, 2);
  ck_assert_uint_eq (n_out, 1);             /* what the other one had */
  ck_assert_ptr_null (chain_flush (chain)); /* it is not called again */
  ck_assert_uint_eq (told[0].flushes, 1);
  ck_assert_uint_eq (n_out, 2);
  counts (0, 1, 0, 0, 1);
  come_back (&r, 0);
  ck_assert_uint_eq (n_out, 2);
  ck_assert_ptr_null (chain_flush (chain));
  ck_assert_uint_eq (n_out, 4);
}
END_TEST

START_TEST (two_at_once)
{
  for (size_t first = 0; first < 2; first++) {
    struct runner r[2];
    run ();
    clear ();
    leave (r, 0, IN_PROCESS);
    leave (r + 1, 1, IN_PROCESS);
    run ();
    ck_assert_uint_eq (n_out, 3);
    has_failed (came[0], true, false);
    has_failed (came[1], true, true);
    has_failed (came[2], true, true);
    come_back (r + first, first);
    run ();
    has_failed (came[3], !!first, !first);
    come_back (r + !first, !first);
    run ();
    has_failed (came[4], false, false);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, the_rest_flows_until_it_is_back);
  tcase_add_test (t, again_and_again);
  tcase_add_test (t, one_that_says_nothing_drops_all);
  tcase_add_test (t, on_error_pass_passes_all);
  tcase_add_test (t, what_is_in_flight_keeps_its_order);
  tcase_add_test (t, hanging_in_bind);
  tcase_add_test (t, hanging_in_bind_of_one_more_schema);
  tcase_add_test (t, hanging_in_flush);
  tcase_add_test (t, two_at_once);
}

UNIT_MAIN ("leave", tests)
