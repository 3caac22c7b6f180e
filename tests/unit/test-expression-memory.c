/* What expressions allocate, and that each allocation may fail. */
#include "expression-rule.h"

/* Allocations go through here: counted, and refused where a test says so. */
static uint64_t allocations, refuse_from = UINT64_MAX;

void *__real_malloc (size_t size);
void *__real_calloc (size_t n, size_t size);
void *__real_reallocarray (void *old, size_t n, size_t size);
void *__wrap_malloc (size_t size);
void *__wrap_calloc (size_t n, size_t size);
void *__wrap_reallocarray (void *old, size_t n, size_t size);

static bool
refused (void)
{
  return ++allocations > refuse_from;
}

void *
__wrap_malloc (size_t size)
{
  return refused () ? NULL : __real_malloc (size);
}

void *
__wrap_calloc (size_t n, size_t size)
{
  return refused () ? NULL : __real_calloc (n, size);
}

void *
__wrap_reallocarray (void *old, size_t n, size_t size)
{
  return refused () ? NULL : __real_reallocarray (old, n, size);
}

static void
add_processes (uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    kit_process (&kit, 100 + i, i, "x");
    kit_u64 (&kit, PROCESSES, i, P_READ, i);
  }
}

static void
nothing (void *arg, const struct expression_result *result)
{
  (void) arg, (void) result;
}

static uint64_t
allocated_by (struct rule *r)
{
  uint64_t before = allocations;
  int error = expression_evaluate (r->e, r->b, &kit.sample->face, nothing, NULL, NULL);
  uint64_t n = allocations - before;
  ck_assert_int_eq (error, 0);
  return n;
}

/* Also where other processes come at every tick. */
START_TEST (the_steady_state_allocates_nothing)
{
  struct rule r = rule ("change(processes[name=x*].read_bytes, 5m) > 1kB and rate(processes.read_bytes) > "
                        "sum(rate(interfaces[*].bytes_sent))");
  add_processes (300);
  kit_interface (&kit, "eth0", 1);
  for (uint64_t i = 0; i < 100; i++) {
    for (uint32_t p = 0; p < 300; p++)
      kit.tables[PROCESSES].rows[p].number = i * 100 + p;
    kit_tick (&kit, SECOND);
    uint64_t n = allocated_by (&r);
    ck_assert_msg (i ? i < 5 || n == 0 : n > 0, "%d: %d", (int) i, (int) n);
  }
  rule_free (&r);
}
END_TEST

/* Everything that a rule goes through, with no memory from the n-th allocation on. 0 or -ENOMEM. */
static int
live (void)
{
  struct rule r = {0};
  struct expression_fault fault;
  int error = expression_parse ("change(processes[name=x*].read_bytes, 5m) > 1kB and rate(processes.read_bytes) > "
                                "sum(rate(interfaces[*].bytes_sent)) or absent(system, 5s)",
                                NULL, &r.e, &fault);
  if (!error)
    error = expression_clear (r.e, "rate(processes.read_bytes) < 5 and max(interfaces[*].speed) > 1", &fault);
  if (!error)
    error = expression_bind (r.e, kit_schema (&kit), &r.b, &fault);
  for (int i = 0; !error && i < 2; i++)
    error = expression_evaluate (r.e, r.b, &kit.sample->face, nothing, NULL, NULL);
  rule_free (&r);
  return error;
}

START_TEST (any_allocation_may_fail)
{
  add_processes (40);
  kit_interface (&kit, "eth0", 1);
  kit_tick (&kit, SECOND);
  uint64_t before = allocations;
  ck_assert_int_eq (live (), 0);
  uint64_t n = allocations - before, failed = 0;
  for (uint64_t i = 0; i < n; i++) {
    refuse_from = allocations + i;
    int r = live ();
    refuse_from = UINT64_MAX;
    ck_assert (r == 0 || r == -ENOMEM);
    failed += r == -ENOMEM;
  }
  ck_assert_uint_gt (failed, 20); /* what has no memory while it is evaluated is unknown, and no error */
  ck_assert_uint_lt (failed, n);
}
END_TEST

/* 400 new ones at each tick of a table that is never whole: at most 4,096 are remembered. */
START_TEST (there_is_a_bound)
{
  struct rule r = rule ("change(processes[*].read_bytes, 1h) > 1kB");
  add_processes (400);
  kit.tables[PROCESSES].partial = true;
  for (uint64_t i = 0; i < 11; i++) {
    for (uint32_t p = 0; p < 400; p++)
      kit.tables[PROCESSES].rows[p].number = i * 400 + p;
    kit_tick (&kit, SECOND);
    say (&r);
  }
  ck_assert_ptr_nonnull (strstr (results.whys[0], "read only once"));
  ck_assert_ptr_nonnull (strstr (results.whys[399], "more rows than can be remembered"));
  rule_free (&r);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, the_steady_state_allocates_nothing);
  tcase_add_test (t, any_allocation_may_fail);
  tcase_add_test (t, there_is_a_bound);
}

UNIT_MAIN ("expression-memory", tests)
