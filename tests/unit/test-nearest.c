/* What a misspelt word most likely means; and that nothing is suggested for what means nothing. */
#include "nearest.h"
#include "unit.h"

static const char *const words[] = {"sample_interval", "max_samples", "data_dir", "log_file",
                                    "pid_file",        "cpu",         "net",      "region"};
enum { N = sizeof words / sizeof *words };

START_TEST (finds)
{
  static const char *const pairs[][2] = {
      {"sample_intervall", "sample_interval"},
      {"smaple_interval", "sample_interval"},
      {"sample-interval", "sample_interval"},
      {"SAMPLE_INTERVAL", "sample_interval"},
      {"interval", "sample_interval"},
      {"max_sample", "max_samples"},
      {"datadir", "data_dir"},
      {"log_fiel", "log_file"},
      {"cup", "cpu"},
      {"nett", "net"},
      {"regoin", "region"},
      {"pidfile", "pid_file"},
  };
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    const char *found = nearest_word (pairs[i][0], words, N);
    ck_assert_msg (found && strcmp (found, pairs[i][1]) == 0, "%s: %s", pairs[i][0], found ? found : "nothing");
  }
}
END_TEST

START_TEST (says_all)
{
  struct buf BUF_CLEANUP b = {0};
  const char *many[100];
  nearest_all (&b, words, 0);
  ck_assert_uint_eq (b.len, 0);
  nearest_all (&b, words, 1);
  ck_assert_str_eq (b.data, "; there is sample_interval");
  buf_clear (&b);
  nearest_all (&b, words + 5, 3);
  ck_assert_str_eq (b.data, "; there are cpu, net, region");
  buf_clear (&b);
  for (size_t i = 0; i < 100; i++)
    many[i] = words[i % N];
  nearest_all (&b, many, 100);
  ck_assert (b.len > 100 && b.len < 180 && strstr (b.data, ", …"));
}
END_TEST

START_TEST (finds_nothing)
{
  static const char *const strange[] = {
      "", "x", "zzzzzzzz", "colour", "42", "the quick brown fox jumps over the lazy dog, and then some more words"};
  for (size_t i = 0; i < sizeof strange / sizeof *strange; i++)
    ck_assert_msg (!nearest_word (strange[i], words, N), "%s", strange[i]);
  ck_assert_ptr_null (nearest_word ("cpu", NULL, 0));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, finds);
  tcase_add_test (t, says_all);
  tcase_add_test (t, finds_nothing);
}
UNIT_MAIN ("nearest", tests)
