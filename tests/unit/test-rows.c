#include "fake.h"
#include "rows.h"

#include <math.h>

struct config {
  bool extra;
};
static const struct kk_option options[] = {KK_OPT_BOOL ("extra", struct config, extra, .help = "More")};

enum { F, U, I, B, S, X };
static const struct kk_field fields[] = {
    [F] = KK_F64 ("f", "1", KK_GAUGE, .help = "f"),
    [U] = KK_U64 ("u", "1", KK_GAUGE, .help = "u"),
    [I] = KK_I64 ("i", "1", KK_GAUGE, .help = "i"),
    [B] = KK_BOOL ("b", .help = "b"),
    [S] = KK_STRING ("s", .help = "s"),
    [X] = KK_U64 ("x", "1", KK_GAUGE, .only_if = "extra", .help = "x"),
};
static const struct kk_field only_extra[] = {KK_U64 ("x", "1", KK_GAUGE, .only_if = "extra", .help = "x")};
enum { SINGLE, BY_NAME, BY_NUMBER, EXTRA, HOLLOW };
static const struct kk_table tables[] = {
    [SINGLE] = KK_SINGLE ("single", fields, "One"),
    [BY_NAME] = KK_KEYED ("by_name", "name", KK_STRING_KEY, fields, "Many"),
    [BY_NUMBER] = KK_KEYED ("by_number", "number", KK_U64_KEY, fields, "Many", .max_rows = 100),
    [EXTRA] = KK_KEYED ("extra", "number", KK_U64_KEY, fields, "Many", .only_if = "extra"),
    [HOLLOW] = KK_KEYED ("hollow", "number", KK_U64_KEY, only_extra, "Many"),
};

static int
read_ (void *state, struct kk_rows *out)
{
  (void)state, (void)out;
  return 0;
}

static const struct kk_plugin plugin =
    FAKE_PLUGIN (.kind = KK_INPUT, .name = "rows", KK_OPTIONS (options), KK_TABLES (tables), .create = fake_create,
                 .read = read_, .config_size = sizeof (struct config));

static struct env env;
static struct clock_reading now;
static struct descriptor *d;
static struct rows *rows;
static struct kk_rows *out;

static void
begin (void)
{
  ck_assert_int_eq (rows_begin (rows, &(struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns}), 0);
}

static void
set_up_with (bool extra)
{
  struct config config = {.extra = extra};
  fake_env (&env, &now);
  d = fake_descriptor (&plugin);
  ck_assert_int_eq (rows_new (&env.host, d, &config, &rows), 0);
  out = rows_face (rows);
  begin ();
}

static void
set_up (void)
{
  set_up_with (false);
}

static void
tear_down (void)
{
  rows_free (rows);
  descriptor_free (d);
}

static uint8_t
absent (const struct block *b, uint32_t column, uint32_t row)
{
  return b->absent[column * b->n_rows + row];
}

static uint64_t
value (const struct block *b, uint32_t column, uint32_t row)
{
  ck_assert_uint_eq (absent (b, column, row), KK_PRESENT);
  return b->values[column * b->n_rows + row];
}

static const char *
text (const struct block *b, uint32_t column, uint32_t row, uint32_t *ret_length)
{
  return dict_get (b->dict, (uint32_t)value (b, column, row), ret_length);
}

START_TEST (a_wrong_type_is_counted_and_touches_nothing)
{
  struct kk_row *row = kk_row (out, SINGLE, NULL, 0);
  kk_u64 (row, U, 7);
  kk_f64 (row, U, 1);
  kk_f64 (row, U, NAN);
  kk_i64 (row, U, 1);
  kk_bool (row, U, true);
  kk_string (row, U, "no");
  kk_u64 (row, F, 1);
  kk_u64 (row, 99, 1);
  kk_f64 (row, 99, INFINITY);
  kk_absent (row, 99, KK_ERROR);
  kk_table_state (out, 99, KK_PARTIAL);
  kk_table_state (out, SINGLE, (enum kk_table_state)7);
  ck_assert_uint_eq (rows_counts (rows).bad_sets, 11);
  struct block *b = rows_seal (rows, SINGLE, 1, false);
  ck_assert_uint_eq (value (b, U, 0), 7);
  ck_assert_uint_eq (absent (b, F, 0), KK_UNSET);
  ck_assert_uint_eq (b->state, KK_COMPLETE);
  block_unref (b);
}
END_TEST

START_TEST (why_a_value_is_not_there)
{
  struct kk_row *row = kk_row (out, SINGLE, NULL, 0);
  kk_u64 (row, U, 7);
  kk_absent (row, U, KK_RESET);
  kk_absent (row, S, (enum kk_absent)99);
  kk_f64 (row, F, 1);
  kk_f64 (row, F, -INFINITY);     /* not finite: an error */
  kk_absent (row, I, KK_PRESENT); /* nothing was given: it cannot be there */
  struct block *b = rows_seal (rows, SINGLE, 1, false);
  ck_assert_uint_eq (absent (b, U, 0), KK_RESET);
  ck_assert_uint_eq (absent (b, S, 0), KK_UNSET);
  ck_assert_uint_eq (absent (b, F, 0), KK_ERROR);
  ck_assert_uint_eq (absent (b, I, 0), KK_UNSET);
  block_unref (b);
}
END_TEST

START_TEST (a_single_table_has_one_row)
{
  struct kk_row *row = kk_row (out, SINGLE, NULL, 0);
  kk_u64 (row, U, 7);
  ck_assert_ptr_eq (kk_row (out, SINGLE, NULL, 0), row);
  kk_f64 (row, F, 2);
  struct block *b = rows_seal (rows, SINGLE, 1, false);
  ck_assert_uint_eq (b->n_rows, 1);
  ck_assert_uint_eq (value (b, U, 0), 7);
  ck_assert_uint_eq (absent (b, F, 0), KK_PRESENT);
  ck_assert_uint_eq (rows_counts (rows).lost_rows, 0);
  block_unref (b);
  begin (); /* nothing of the read before is left */
  b = rows_seal (rows, SINGLE, 2, false);
  ck_assert_uint_eq (absent (b, U, 0), KK_UNSET);
  ck_assert_uint_eq (b->state, KK_FAILED); /* no row was begun */
  block_unref (b);
}
END_TEST

START_TEST (a_key_given_twice_is_counted_and_the_first_kept)
{
  static const uint64_t orders[][6] = {{1, 2, 3, 3, 4, 2}, {9, 5, 7, 5, 9, 1}, {3, 3, 2, 2, 1, 1}};
  static const uint32_t kept[] = {4, 4, 3};
  for (size_t o = 0; o < KK_COUNT (orders); o++) {
    begin ();
    uint64_t before = rows_counts (rows).lost_rows;
    for (uint32_t i = 0; i < 6; i++) {
      char key[8];
      snprintf (key, sizeof key, "k%d", (int)orders[o][i]);
      kk_u64 (kk_row_u64 (out, BY_NUMBER, orders[o][i], i), U, i);
      kk_u64 (kk_row (out, BY_NAME, key, i), U, i);
    }
    ck_assert_uint_eq (rows_counts (rows).lost_rows - before, 2 * (6 - kept[o]));
    for (uint32_t t = BY_NAME; t <= BY_NUMBER; t++) {
      struct block *b = rows_seal (rows, t, 1, false);
      ck_assert_uint_eq (b->n_rows, kept[o]);
      ck_assert_uint_eq (b->state, KK_COMPLETE);
      ck_assert_uint_eq (value (b, U, 0), 0);
      for (uint32_t i = 0; i < b->n_rows; i++)
        ck_assert_uint_eq (b->identities[i], value (b, U, i));
      block_unref (b);
    }
  }
}
END_TEST

START_TEST (many_rows_in_any_order)
{
  for (int round = 0; round < 3; round++) {
    begin ();
    for (uint64_t i = 0; i < 5000; i++) {
      char key[24];
      snprintf (key, sizeof key, "%llu", (unsigned long long)(i * 7919 % 5003));
      kk_row (out, BY_NAME, key, i);
      if (i % 10 == 0)
        kk_row (out, BY_NAME, key, i);
    }
    struct block *b = rows_seal (rows, BY_NAME, 1, false);
    ck_assert_uint_eq (b->n_rows, 5000);
    block_unref (b);
  }
  ck_assert_uint_eq (rows_counts (rows).lost_rows, 1500);
}
END_TEST

START_TEST (too_many_rows_are_partial)
{
  for (uint64_t i = 0; i < 100; i++)
    kk_row_u64 (out, BY_NUMBER, i, 0);
  struct block *b = rows_seal (rows, BY_NUMBER, 1, false);
  ck_assert_uint_eq (b->state, KK_COMPLETE);
  block_unref (b);
  kk_u64 (kk_row_u64 (out, BY_NUMBER, 100, 0), U, 5); /* goes nowhere */
  b = rows_seal (rows, BY_NUMBER, 1, false);
  ck_assert_uint_eq (b->n_rows, 100);
  ck_assert_uint_eq (b->state, KK_PARTIAL);
  ck_assert_uint_eq (absent (b, U, 99), KK_UNSET);
  ck_assert_uint_eq (rows_counts (rows).lost_rows, 1);
  block_unref (b);
}
END_TEST

START_TEST (rows_of_no_table)
{
  kk_u64 (kk_row (out, 99, "x", 0), U, 1);
  kk_u64 (kk_row_u64 (out, 99, 1, 0), U, 1);
  kk_u64 (kk_row (out, BY_NAME, NULL, 0), U, 1);
  kk_u64 (kk_row (out, SINGLE, "key", 0), U, 1);
  kk_u64 (kk_row_u64 (out, BY_NAME, 1, 0), U, 1);
  ck_assert_uint_eq (rows_counts (rows).lost_rows, 5);
  ck_assert_uint_eq (rows_counts (rows).bad_sets, 0);
}
END_TEST

static void
string_becomes (const char *given, size_t length, const char *want, size_t want_length)
{
  begin ();
  kk_string_n (kk_row (out, SINGLE, NULL, 0), S, given, length);
  struct block *b = rows_seal (rows, SINGLE, 1, false);
  uint32_t n;
  const char *got = text (b, S, 0, &n);
  ck_assert_uint_eq (n, want_length);
  ck_assert (!memcmp (got, want, n) && got[n] == 0);
  block_unref (b);
}

START_TEST (strings_are_cleaned)
{
  string_becomes ("", 0, "", 0);
  string_becomes ("plain", 5, "plain", 5);
  string_becomes ("g\xc3\xbcte", 5, "g\xc3\xbcte", 5);
  string_becomes ("a\xff"
                  "b",
                  3,
                  "a\xef\xbf\xbd"
                  "b",
                  5);
  string_becomes ("a\xe2\x82", 3, "a\xef\xbf\xbd", 4); /* a character cut off: one mark */
  string_becomes ("\xf0\x9f\x98z", 4, "\xef\xbf\xbdz", 4);
  string_becomes ("\xed\xa0\x80", 3, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd", 9); /* a surrogate: no character begins so */
  string_becomes ("\xc0\xaf", 2, "\xef\xbf\xbd\xef\xbf\xbd", 6);                 /* overlong */
  string_becomes ("ab\0cd", 5, "ab", 2);
  string_becomes ("\0x", 2, "", 0);
  ck_assert_uint_eq (rows_counts (rows).cut_strings, 0);
}
END_TEST

START_TEST (long_strings_end_on_a_border)
{
  size_t max = 16384;
  char *given = malloc (max + 8);
  memset (given, 'x', max + 8);
  string_becomes (given, max, given, max);
  ck_assert_uint_eq (rows_counts (rows).cut_strings, 0);
  string_becomes (given, max + 1, given, max);
  ck_assert_uint_eq (rows_counts (rows).cut_strings, 1);
  for (size_t lead = 1; lead <= 3; lead++) {
    memset (given, 'x', max + 8);
    memcpy (given + max - lead, "\xf0\x9f\x98\x80", 4);
    string_becomes (given, max + 8, given, max - lead);
  }
  free (given);
}
END_TEST

/* Where it is cut it must still be seen that it is one. */
START_TEST (no_password_is_cut_from_its_url)
{
  static const char *const urls[][2] = {{"db://admin:Secret1", "db://"},
                                        {"db://admin:Secret1@", "db://admin:Secret1@"},
                                        {"db://admin:Secret1@host", "db://admin:Secret1@"},
                                        {"db://admin:Sec/ret1", "db://"},
                                        {"db://host/some/where", "db://host/some/where"}};
  size_t max = 16384;
  char *given = malloc (max + 8);
  for (size_t i = 0; i < KK_COUNT (urls); i++) {
    size_t n = strlen (urls[i][0]), kept = strlen (urls[i][1]);
    memset (given, 'x', max + 8);
    memcpy (given + max - n - 1, " ", 1);
    memcpy (given + max - n, urls[i][0], n);
    string_becomes (given, max + 8, given, max - n + kept);
  }
  free (given);
}
END_TEST

START_TEST (keys_are_cleaned_and_cut)
{
  char key[300];
  memset (key, 'k', sizeof key);
  key[299] = 0;
  kk_row (out, BY_NAME, key, 0);
  kk_row (out, BY_NAME, "\xff", 0);
  struct block *b = rows_seal (rows, BY_NAME, 1, false);
  uint32_t n;
  dict_get (b->dict, (uint32_t)b->keys[0], &n);
  ck_assert_uint_eq (n, 255);
  ck_assert_str_eq (dict_get (b->dict, (uint32_t)b->keys[1], &n), "\xef\xbf\xbd");
  ck_assert_uint_eq (rows_counts (rows).cut_strings, 1);
  block_unref (b);
}
END_TEST

START_TEST (a_handle_kept_too_long_does_no_harm)
{
  struct kk_row *single = kk_row (out, SINGLE, NULL, 0), *keyed = kk_row_u64 (out, BY_NUMBER, 1, 0);
  struct block *b = rows_seal (rows, BY_NUMBER, 1, false);
  kk_u64 (keyed, U, 5);
  ck_assert_uint_eq (absent (b, U, 0), KK_UNSET); /* what was sealed stays */
  block_unref (b);
  begin ();
  kk_u64 (single, U, 5);
  kk_string (keyed, S, "x");
  kk_absent (keyed, U, KK_ERROR);
  b = rows_seal (rows, SINGLE, 1, false);
  ck_assert_uint_eq (absent (b, U, 0), KK_UNSET);
  block_unref (b);
  b = rows_seal (rows, BY_NUMBER, 1, false);
  ck_assert_uint_eq (b->n_rows, 0);
  block_unref (b);
}
END_TEST

START_TEST (only_if_leaves_out)
{
  ck_assert_int_eq (rows_column (rows, SINGLE, X), -1);
  ck_assert (!rows_has_table (rows, EXTRA));
  ck_assert (!rows_has_table (rows, HOLLOW)); /* none of its fields is there */
  struct kk_row *row = kk_row (out, SINGLE, NULL, 0);
  kk_u64 (row, X, 1);
  kk_u64 (kk_row_u64 (out, EXTRA, 1, 0), U, 1);
  kk_u64 (kk_row_u64 (out, HOLLOW, 1, 0), 0, 1);
  struct rows_counts c = rows_counts (rows);
  ck_assert_uint_eq (c.bad_sets + c.lost_rows, 0);
  kk_f64 (row, X, 1); /* wrong all the same */
  ck_assert_uint_eq (rows_counts (rows).bad_sets, 1);
  struct block *b = rows_seal (rows, SINGLE, 1, false);
  ck_assert_uint_eq (b->n_columns, X);
  block_unref (b);
  tear_down ();
  set_up_with (true);
  ck_assert_int_eq (rows_column (rows, SINGLE, X), X);
  ck_assert (rows_has_table (rows, EXTRA) && rows_has_table (rows, HOLLOW));
}
END_TEST

START_TEST (of_a_failed_read_nothing_is_kept)
{
  kk_u64 (kk_row (out, SINGLE, NULL, 0), U, 1);
  kk_u64 (kk_row_u64 (out, BY_NUMBER, 1, 0), U, 1);
  struct block *b = rows_seal (rows, SINGLE, 5, true);
  ck_assert_uint_eq (b->n_rows, 1);
  for (uint32_t c = 0; c < b->n_columns; c++)
    ck_assert_uint_eq (absent (b, c, 0), KK_ERROR);
  ck_assert_uint_eq (b->state, KK_FAILED);
  ck_assert_uint_eq (b->tick, 5);
  block_unref (b);
  b = rows_seal (rows, BY_NUMBER, 5, true);
  ck_assert_uint_eq (b->n_rows, 0);
  ck_assert_uint_eq (b->state, KK_FAILED);
  block_unref (b);
}
END_TEST

START_TEST (new_strings_for_ever_leave_the_dictionary_flat)
{
  size_t most = 0, strings = 0;
  struct dict *last = NULL;
  for (int read = 0; read < 3000; read++) {
    begin ();
    for (int i = 0; i < 500; i++) {
      char key[64];
      snprintf (key, sizeof key, "process %d of read %d", i, read);
      kk_string (kk_row (out, BY_NAME, key, 0), S, "always the same");
    }
    struct block *b = rows_seal (rows, BY_NAME, 1, false);
    ck_assert_uint_eq (b->n_rows, 500);
    most = dict_bytes (b->dict) > most ? dict_bytes (b->dict) : most;
    strings += b->dict != last;
    last = b->dict;
    block_unref (b);
  }
  ck_assert_uint_lt (most, 400000);
  ck_assert_uint_lt (strings, 1600); /* a new one now and then, not at every read */
  ck_assert_uint_eq (rows_counts (rows).cut_strings, 0);
}
END_TEST

/* 500 strings; those of another `round` are others. */
static void
give_strings (int round)
{
  for (int i = 0; i < 500; i++) {
    char key[64];
    snprintf (key, sizeof key, "string %d of round %d", i, round);
    kk_row (out, BY_NAME, key, 0);
  }
}

static struct block *
seal_strings (bool failed)
{
  struct block *b = rows_seal (rows, BY_NAME, 1, failed);
  ck_assert_ptr_nonnull (b);
  return b;
}

START_TEST (held_and_failed_reads_leave_the_dictionary)
{
  begin ();
  give_strings (0);
  struct block *first = seal_strings (false), *b;
  for (int i = 0; i < 20; i++) {
    begin (); /* held: never sealed */
    begin ();
    block_unref (seal_strings (true));
    begin ();
    give_strings (0);
    b = seal_strings (false);
    ck_assert_ptr_eq (b->dict, first->dict);
    block_unref (b);
  }
  block_unref (first);
}
END_TEST

START_TEST (failed_reads_leave_the_dictionary_flat)
{
  begin ();
  give_strings (0);
  block_unref (seal_strings (false));
  for (int i = 1; i < 100; i++) {
    begin ();
    give_strings (i);
    block_unref (seal_strings (true));
  }
  begin ();
  give_strings (0);
  struct block *b = seal_strings (false);
  ck_assert_uint_lt (dict_bytes (b->dict), 400000);
  block_unref (b);
}
END_TEST

START_TEST (few_but_long_strings_leave_the_dictionary_small)
{
  static char text[16000];
  size_t most = 0;
  for (int read = 0; read < 1000; read++) {
    begin ();
    memset (text, 'a' + read % 26, sizeof text - 1);
    snprintf (text, 20, "%019d", read);
    kk_string (kk_row (out, BY_NAME, "the only one", 0), S, text);
    struct block *b = rows_seal (rows, BY_NAME, 1, false);
    most = dict_bytes (b->dict) > most ? dict_bytes (b->dict) : most;
    block_unref (b);
  }
  ck_assert_uint_lt (most, 4 * sizeof text);
  ck_assert_uint_eq (rows_counts (rows).cut_strings, 0);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, a_wrong_type_is_counted_and_touches_nothing);
  tcase_add_test (t, why_a_value_is_not_there);
  tcase_add_test (t, a_single_table_has_one_row);
  tcase_add_test (t, a_key_given_twice_is_counted_and_the_first_kept);
  tcase_add_test (t, many_rows_in_any_order);
  tcase_add_test (t, too_many_rows_are_partial);
  tcase_add_test (t, rows_of_no_table);
  tcase_add_test (t, strings_are_cleaned);
  tcase_add_test (t, long_strings_end_on_a_border);
  tcase_add_test (t, no_password_is_cut_from_its_url);
  tcase_add_test (t, keys_are_cleaned_and_cut);
  tcase_add_test (t, a_handle_kept_too_long_does_no_harm);
  tcase_add_test (t, only_if_leaves_out);
  tcase_add_test (t, of_a_failed_read_nothing_is_kept);
  tcase_add_test (t, new_strings_for_ever_leave_the_dictionary_flat);
  tcase_add_test (t, few_but_long_strings_leave_the_dictionary_small);
  tcase_add_test (t, held_and_failed_reads_leave_the_dictionary);
  tcase_add_test (t, failed_reads_leave_the_dictionary_flat);
}

UNIT_MAIN ("rows", tests)
