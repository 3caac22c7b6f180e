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
  tcase_add_test (t, finds_nothing);
}
UNIT_MAIN ("nearest", tests)
