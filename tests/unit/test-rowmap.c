#include "rowmap.h"
#include "unit.h"

static struct rowmap map;
static char text[16];

static void
set_up (void)
{
  map = (struct rowmap){.size = sizeof (uint64_t)};
}

static void
tear_down (void)
{
  rowmap_clear (&map);
}

static struct kk_value
key_of (unsigned n, bool string)
{
  snprintf (text, sizeof text, "row %u", n);
  if (string)
    return (struct kk_value){.type = KK_TYPE_STRING, .string = text, .length = (uint32_t) strlen (text)};
  return (struct kk_value){.type = KK_TYPE_U64, .u64 = n};
}

/* Rows in any order, that come, go and change their identity, against an array. */
static void
compare (bool string)
{
  enum { KEYS = 300 };
  static struct {
    bool known;
    uint64_t identity, value;
  } slow[KEYS];
  unsigned random = 5;
  int rounds = unit_rounds (300);
  memset (slow, 0, sizeof slow);
  for (int round = 0; round < rounds; round++) {
    unsigned from = round % 7 ? 0 : 3, step = round % 3 ? 1 : 7; /* 7 and KEYS have no common factor */
    bool seen[KEYS] = {0}, complete = round % 2;
    rowmap_begin (&map);
    for (unsigned i = from; i < KEYS; i++) {
      unsigned n = i * step % KEYS;
      random = random * 1103515245 + 12345;
      if (random >> 16 & 1)
        continue;
      uint64_t identity = (random >> 17) % 8 ? slow[n].identity : random;
      struct kk_value key = key_of (n, string);
      bool new;
      uint64_t *value = rowmap_find (&map, &key, identity, &new);
      ck_assert_ptr_nonnull (value);
      ck_assert_int_eq (new, !slow[n].known || slow[n].identity != identity);
      ck_assert_uint_eq (*value, new ? 0 : slow[n].value);
      *value = slow[n].value = random | 1;
      slow[n].identity = identity;
      slow[n].known = seen[n] = true;
    }
    rowmap_end (&map, complete);
    uint32_t left = 0;
    for (unsigned n = 0; n < KEYS; n++) {
      slow[n].known &= !complete || seen[n];
      left += slow[n].known;
    }
    ck_assert_uint_eq (map.n, left);
  }
}

START_TEST (rows_are_found_by_number)
{
  compare (false);
}
END_TEST

START_TEST (rows_are_found_by_name)
{
  compare (true);
}
END_TEST

START_TEST (what_is_remembered_stays_when_there_is_more_of_it)
{
  bool new;
  for (int wide = 1; wide < 4; wide++) {
    rowmap_begin (&map);
    for (unsigned n = 0; n < 100; n++) {
      struct kk_value key = key_of (n, true);
      uint64_t *value = rowmap_find (&map, &key, 0, &new);
      ck_assert_int_eq (new, wide == 1);
      for (int i = 0; i < wide - 1; i++)
        ck_assert_uint_eq (value[i], n + 1);
      ck_assert_uint_eq (value[wide - 1], 0);
      value[wide - 1] = n + 1;
    }
    ck_assert_int_eq (rowmap_widen (&map, (size_t) (wide + 1) * sizeof (uint64_t)), 0);
  }
}
END_TEST

START_TEST (there_is_a_bound)
{
  bool new;
  for (unsigned round = 0; round < 6; round++) {
    rowmap_begin (&map);
    for (unsigned n = 0; n < 65536; n++) {
      struct kk_value key = key_of (round * 65536 + n, false);
      ck_assert_ptr_nonnull (rowmap_find (&map, &key, 0, &new));
      ck_assert (new);
    }
    rowmap_end (&map, false);
    ck_assert_uint_le (map.n, ROWMAP_MAX / 2);
  }
  rowmap_begin (&map);
  uint32_t lost = 0;
  for (unsigned n = 0; n < 2 * ROWMAP_MAX; n++) {
    struct kk_value key = key_of (n + 7000000, false);
    lost += !rowmap_find (&map, &key, 0, &new);
  }
  ck_assert_uint_eq (map.n, ROWMAP_MAX);
  ck_assert_uint_ge (lost, ROWMAP_MAX);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, rows_are_found_by_number);
  tcase_add_test (t, rows_are_found_by_name);
  tcase_add_test (t, what_is_remembered_stays_when_there_is_more_of_it);
  tcase_add_test (t, there_is_a_bound);
}

UNIT_MAIN ("rowmap", tests)
