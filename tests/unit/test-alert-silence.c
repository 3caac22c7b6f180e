/* Silences: what they match, when they are over, and their file, which others write. */
#include "alert-kit.h"

#include <sys/wait.h>

#define DAY (86400 * S)

static char *dir;

static void
setup (void)
{
  dir = unit_temp_dir ();
  n_told = 0;
}

static void
teardown (void)
{
  free (dir);
}

static const char two[] = "{\"id\":\"a1\",\"from\":1000000000000,\"until\":8200000000000,\"rule\":\"cpu*\"}\n"
                          "{\"id\":\"a2\",\"from\":1000000000000,\"until\":8200000000000,\"rule\":\"mem\",\"row\":\"eth*\"}\n";

static bool
is_quiet (struct alert_silences *s, const char *rule, const char *row, int64_t wall_ns, int64_t boot_ns)
{
  alert_silences_at (s, wall_ns, boot_ns);
  return alert_silenced (s, rule, row, wall_ns, boot_ns);
}

START_TEST (silences_match)
{
  struct alert_silences s = {0};
  ck_assert_int_eq (alert_silences_parse (&s, two, strlen (two)), 0);
  ck_assert_uint_eq (s.n, 2);
  ck_assert (is_quiet (&s, "cpu_high", "", 1000 * S, 0));
  ck_assert (is_quiet (&s, "cpu", "x", 1000 * S, 0));
  ck_assert (!is_quiet (&s, "disk", "", 1000 * S, 0));
  ck_assert (is_quiet (&s, "mem", "eth0", 1000 * S, 0));
  ck_assert (!is_quiet (&s, "mem", "lo", 1000 * S, 0));
  ck_assert (!is_quiet (&s, "mem", "", 1000 * S, 0));
  alert_silences_free (&s);
}
END_TEST

static void
read_two (struct alert_silences *s)
{
  alert_silences_free (s);
  ck_assert_int_eq (alert_silences_parse (s, two, strlen (two)), 0);
}

/* "[c]pu" is a rule's name here, and a pattern there. */
START_TEST (silences_of_a_name)
{
  static const char exact[] = "{\"id\":\"a1\",\"from\":0,\"until\":8200000000000,\"rule\":\"[c]pu\",\"exact\":true}\n"
                              "{\"id\":\"a2\",\"from\":0,\"until\":8200000000000,\"rule\":\"[m]em\"}\n";
  struct alert_silences s = {0};
  ck_assert_int_eq (alert_silences_parse (&s, exact, strlen (exact)), 0);
  ck_assert (is_quiet (&s, "[c]pu", "", S, 0) && !is_quiet (&s, "cpu", "", S, 0));
  ck_assert (is_quiet (&s, "[m]em", "", S, 0) && is_quiet (&s, "mem", "", S, 0));
  alert_silences_free (&s);
}
END_TEST

START_TEST (silences_end)
{
  struct alert_silences s = {0};
  const int64_t from = 1000 * S, until = 8200 * S;
  /* In its time. */
  read_two (&s);
  for (int64_t t = 0; t < 7200; t += 10)
    ck_assert (is_quiet (&s, "cpu", "", from + t * S, boot + t * S));
  ck_assert (!is_quiet (&s, "cpu", "", until, boot + 7200 * S));
  ck_assert (!is_quiet (&s, "cpu", "", until + DAY, boot + 7200 * S + DAY));
  /* A clock that is set back does not make it longer. */
  read_two (&s);
  ck_assert (is_quiet (&s, "cpu", "", from, boot));
  ck_assert (is_quiet (&s, "cpu", "", from - DAY, boot + 7199 * S));
  ck_assert (!is_quiet (&s, "cpu", "", from - DAY, boot + 7200 * S));
  ck_assert (!is_quiet (&s, "cpu", "", from, boot + 7201 * S));
  /* Nor one that is in 1970 when it is first seen; once the clock is right, so is the end. */
  read_two (&s);
  ck_assert (is_quiet (&s, "cpu", "", 5 * S, boot));
  ck_assert (!is_quiet (&s, "cpu", "", 7205 * S, boot + 7200 * S));
  read_two (&s);
  ck_assert (is_quiet (&s, "cpu", "", 5 * S, boot));
  ck_assert (is_quiet (&s, "cpu", "", until - 10 * S, boot + 30 * S));
  ck_assert (is_quiet (&s, "cpu", "", until + S, boot + 41 * S));
  ck_assert (!is_quiet (&s, "cpu", "", until + 61 * S, boot + 101 * S));
  /* A jump ahead that is taken back ends nothing, one that stays does. */
  read_two (&s);
  ck_assert (is_quiet (&s, "cpu", "", from, boot));
  ck_assert (is_quiet (&s, "cpu", "", until + DAY, boot + S));
  ck_assert (is_quiet (&s, "cpu", "", from + 2 * S, boot + 2 * S));
  ck_assert (is_quiet (&s, "cpu", "", until + DAY, boot + 100 * S));
  ck_assert (is_quiet (&s, "cpu", "", until + DAY, boot + 159 * S));
  ck_assert (!is_quiet (&s, "cpu", "", until + DAY, boot + 160 * S));
  /* One that was over when it was read never begins. */
  read_two (&s);
  ck_assert (!is_quiet (&s, "cpu", "", until + S, boot));
  alert_silences_free (&s);
}
END_TEST

START_TEST (silences_that_are_none)
{
  static const char *const bad[] = {
    "x",
    "{}",
    "{\"id\":\"a\",\"from\":0,\"until\":1}",
    "{\"id\":\"a\",\"from\":0,\"until\":1,\"rule\":\"\"}",
    "{\"id\":\"a\",\"from\":5,\"until\":1,\"rule\":\"x\"}",
    "{\"id\":\"a\",\"from\":-5,\"until\":1,\"rule\":\"x\"}",
    "{\"id\":\"a\",\"from\":0,\"until\":9000000000000000000,\"rule\":\"x\"}",
    "{\"id\":\"g\",\"from\":0,\"until\":1,\"rule\":\"x\"}",
    "{\"id\":\"a\",\"from\":0,\"until\":1,\"rule\":\"x\",\"row\":7}",
    "{\"id\":\"a\",\"from\":0,\"until\":1,\"rule\":\"x\"} x",
    "{\"id\":\"a\",\"from\":0,\"until\":1,\"rule\":\"x\\u0000y\"}",
  };
  struct alert_silences s = {0};
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    ck_assert_int_eq (alert_silences_parse (&s, bad[i], strlen (bad[i])), 0);
    ck_assert_msg (s.n == 0 && s.damaged_lines == 1, "%s", bad[i]);
  }
  alert_silences_free (&s);
}
END_TEST

/* ---- Their file ---- */

START_TEST (no_directory_is_made)
{
  struct alert_silence s = {.rule = "x", .from_ns = wall, .until_ns = wall + S};
  char *path = unit_path (dir, "none");
  ck_assert_int_eq (alert_silence_add (path, &s, wall), -ENOENT);
  ck_assert_int_lt (access (path, F_OK), 0);
  s.until_ns = wall;
  ck_assert_int_eq (alert_silence_add (dir, &s, wall), -EINVAL);
  s.until_ns = wall + 400 * DAY;
  ck_assert_int_eq (alert_silence_add (dir, &s, wall), -EINVAL);
  free (path);
}
END_TEST

START_TEST (silence_that_is_ended)
{
  struct alert_silence silence = {.rule = "fast", .row = "a"};
  silence.from_ns = wall;
  silence.until_ns = wall + 1000 * S;
  struct alert_engine *e = open_engine (dir);
  ck_assert_int_eq (alert_silence_add (dir, &silence, wall), 0);
  ck_assert_int_eq (steps (e, 50, FAST, "a", ALERT_TRUE), 0);
  ck_assert_int_eq (alert_silence_end (dir, silence.id + 1, NULL, wall), 0);
  ck_assert_int_eq (alert_silence_end (dir, 0, "fas", wall), 0);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  ck_assert_int_eq (_i ? alert_silence_end (dir, silence.id, NULL, wall) : alert_silence_end (dir, 0, "fast", wall), 1);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 1);
  end_engine (e);
}
END_TEST

START_TEST (silences_are_added_by_many_at_once)
{
  enum { WRITERS = 4, EACH = 8 };
  struct alert_engine *e = open_engine (dir);
  pid_t pids[WRITERS];
  int status;
  for (int i = 0; i < WRITERS; i++) {
    pids[i] = fork ();
    ck_assert_int_ge (pids[i], 0);
    if (pids[i] == 0) {
      for (int k = 0; k < EACH; k++) {
        struct alert_silence s = {.from_ns = wall, .until_ns = wall + 1000 * S};
        snprintf (s.rule, sizeof s.rule, "rule-%d-%d", i, k);
        if (alert_silence_add (dir, &s, wall))
          _exit (1);
      }
      _exit (0);
    }
  }
  for (int i = 0; i < WRITERS; i++) {
    flush_engine (e); /* reads meanwhile */
    ck_assert_int_eq (waitpid (pids[i], &status, 0), pids[i]);
    ck_assert_int_eq (status, 0);
  }
  flush_engine (e);
  ck_assert_uint_eq (e->silences.n, WRITERS * EACH);
  ck_assert_uint_eq (e->silences.damaged_lines, 0);
  end_engine (e);
}
END_TEST

START_TEST (a_damaged_file_of_silences)
{
  struct alert_silence s = {.rule = "fast", .from_ns = wall, .until_ns = wall + 1000 * S};
  ck_assert_int_eq (alert_silence_add (dir, &s, wall), 0);
  char *text = unit_read (dir, ALERT_SILENCE_FILE, NULL), both[2000];
  snprintf (both, sizeof both, "garbage\n%s{\"id\":", text);
  unit_write (dir, ALERT_SILENCE_FILE, both);
  struct alert_engine *e = open_engine (dir);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  ck_assert_uint_eq (e->silences.n, 1);
  ck_assert_uint_eq (e->silences.damaged_lines, 2);
  /* A command that writes it keeps what it was. */
  ck_assert_int_eq (alert_silence_add (dir, &s, wall), 0);
  step (e, FAST, "a", ALERT_TRUE);
  ck_assert_uint_eq (e->silences.n, 2);
  ck_assert_uint_eq (e->silences.damaged_lines, 0);
  char *kept = unit_read (dir, ALERT_SILENCE_FILE ".damaged", NULL);
  ck_assert_str_eq (kept, both);
  free (kept);
  free (text);
  /* One that cannot be read changes nothing that is in force. */
  char *path = unit_path (dir, ALERT_SILENCE_FILE);
  remove (path);
  ck_assert_int_eq (mkdir (path, 0700), 0);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 0);
  ck_assert_int_lt (e->silences.error, 0);
  ck_assert_uint_eq (e->silences.n, 2);
  rmdir (path);
  ck_assert_int_eq (step (e, FAST, "a", ALERT_TRUE), 1);
  free (path);
  end_engine (e);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, silences_match);
  tcase_add_test (t, silences_of_a_name);
  tcase_add_test (t, silences_end);
  tcase_add_test (t, silences_that_are_none);
  tcase_add_test (t, no_directory_is_made);
  tcase_add_loop_test (t, silence_that_is_ended, 0, 2);
  tcase_add_test (t, silences_are_added_by_many_at_once);
  tcase_add_test (t, a_damaged_file_of_silences);
}

UNIT_MAIN ("alert-silence", tests)
