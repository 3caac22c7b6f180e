/* What the process input makes of the files of /proc/PID. */
#include <process/parse.h>

#include "unit.h"

static const char *const rest =
  " 1 42 42 0 -1 4194560 1234 99 7 3 150 50 0 0 20 0 4 0 987654 222298112 9753 18446744073709551615 1 2";

static int
stat_of (const char *name, char state, struct pid_stat *ret)
{
  static char text[4096];
  snprintf (text, sizeof text, "42 (%s) %c%s\n", name, state, rest);
  return parse_stat (text, strlen (text), ret);
}

START_TEST (reads_stat)
{
  struct pid_stat s;
  ck_assert_int_eq (stat_of ("python3", 'S', &s), 0);
  ck_assert_uint_eq (s.comm_length, 7);
  ck_assert_int_eq (memcmp (s.comm, "python3", 7), 0);
  ck_assert_int_eq (s.state, 'S');
  ck_assert_uint_eq (s.minor_faults, 1234);
  ck_assert_uint_eq (s.major_faults, 7);
  ck_assert_uint_eq (s.cpu_ticks, 200);
  ck_assert_uint_eq (s.threads, 4);
  ck_assert_uint_eq (s.start_ticks, 987654);
  ck_assert_uint_eq (s.vsize, 222298112);
  ck_assert_uint_eq (s.rss_pages, 9753);
}
END_TEST

START_TEST (reads_names_that_look_like_fields)
{
  static const char *const names[] = {"a b", "a) R 1 (b", "((",           "))",       ")",       "",
                                      " ",   "x\ny",      "tmux: server", "\xff\xfe", "(sd-pam)"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct pid_stat s;
    ck_assert_int_eq (stat_of (names[i], 'D', &s), 0);
    ck_assert_uint_eq (s.comm_length, strlen (names[i]));
    ck_assert_int_eq (memcmp (s.comm, names[i], s.comm_length), 0);
    ck_assert_int_eq (s.state, 'D');
    ck_assert_uint_eq (s.start_ticks, 987654);
  }
}
END_TEST

START_TEST (refuses_torn_stat)
{
  struct pid_stat s = {.cpu_ticks = 77}, whole;
  char text[512];
  int n = snprintf (text, sizeof text, "42 (python3) S%s", rest);
  size_t least = (size_t) (strstr (text, "222298112") - text) + 1;
  for (size_t length = 0; length < least; length++) {
    char *exact = strndup (text, length);
    ck_assert_int_eq (parse_stat (exact, length, &s), -EINVAL);
    free (exact);
  }
  ck_assert_uint_eq (s.cpu_ticks, 77);
  ck_assert_int_eq (parse_stat (text, (size_t) n, &whole), 0);
  ck_assert_int_eq (parse_stat ("1 (a) S 1 1 1 0 -1 0 0 0 0 0 99999999999999999999 0 0 0 20 0 1 0 5 0 0", 70, &s), -EINVAL);
  /* Negative resident sizes were seen. */
  const char *odd = "1 (a) S 1 1 1 0 -1 0 0 0 0 0 1 2 0 0 20 0 1 0 5 4096 -3 0";
  ck_assert_int_eq (parse_stat (odd, strlen (odd), &s), 0);
  ck_assert_uint_eq (s.rss_pages, 0);
}
END_TEST

static size_t
joined (const char *text, size_t length, char *to)
{
  memcpy (to, text, length);
  length = join_arguments (to, length);
  to[length] = '\0';
  return length;
}

START_TEST (joins_arguments)
{
  char to[64];
  joined ("python3\0train.py\0", 17, to);
  ck_assert_str_eq (to, "python3 train.py");
  joined ("a\0\0b\0", 5, to); /* an empty argument is one */
  ck_assert_str_eq (to, "a  b");
  joined ("postgres: writer\0\0\0\0\0\0", 22, to); /* a title written over the arguments */
  ck_assert_str_eq (to, "postgres: writer");
  joined ("no end", 6, to);
  ck_assert_str_eq (to, "no end");
  joined ("python3\0-c\0a\nb\tc\xff\0", 18, to);
  ck_assert_str_eq (to, "python3 -c a\nb\tc\xff");
  ck_assert_uint_eq (joined ("", 0, to), 0);
  ck_assert_uint_eq (joined ("\0\0\0", 3, to), 0);
}
END_TEST

static void
check_full (const char *name, const char *arguments, size_t n, const char *want)
{
  size_t length;
  const char *full = full_name (name, strlen (name), arguments, n, &length);
  ck_assert_uint_eq (length, strlen (want));
  ck_assert_int_eq (memcmp (full, want, length), 0);
}

START_TEST (finds_the_whole_name)
{
  check_full ("gnome-keyring-d", "/usr/bin/gnome-keyring-daemon\0--x\0", 34, "gnome-keyring-daemon");
  check_full ("gnome-keyring-d", "gnome-keyring-daemon", 20, "gnome-keyring-daemon");
  check_full ("gnome-keyring-d", "/usr/bin/other-daemon\0", 22, "gnome-keyring-d");
  check_full ("gnome-keyring-d", "", 0, "gnome-keyring-d");
  check_full ("short", "/bin/shorter\0", 13, "short"); /* was not cut */
  check_full ("exactly-15-byte", "exactly-15-byte\0", 16, "exactly-15-byte");
}
END_TEST

START_TEST (reads_the_small_ones)
{
  uint64_t a, b;
  uint32_t uid;
  struct pid_io io;
  ck_assert_int_eq (parse_statm ("54273 9753 1 2 0 3 0\n", 21, &a, &b), 0);
  ck_assert_uint_eq (a, 54273);
  ck_assert_uint_eq (b, 9753);
  ck_assert_int_eq (parse_statm ("54273", 5, &a, &b), -EINVAL);
  static const char text[] =
    "rchar: 5\nwchar: 6\nsyscr: 7\nsyscw: 8\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 1\n";
  ck_assert_int_eq (parse_io (text, sizeof text - 1, &io), 0);
  ck_assert_uint_eq (io.read_bytes, 4096);
  ck_assert_uint_eq (io.write_bytes, 8192);
  ck_assert_int_eq (parse_io (text, 50, &io), -EINVAL);
  static const char status[] = "Name:\tUid:\nUmask:\t0022\nUid:\t1000\t1001\t1000\t1000\nGid:\t5\n";
  ck_assert_int_eq (parse_uid (status, sizeof status - 1, &uid), 0);
  ck_assert_uint_eq (uid, 1001);
  ck_assert_int_eq (parse_btime ("cpu 1 2\nbtime 1767220000\nprocesses 5\n", 37, &a), 0);
  ck_assert_uint_eq (a, 1767220000);
  ck_assert_int_eq (parse_btime ("cpu 1 2\n", 8, &a), -EINVAL);
}
END_TEST

START_TEST (reads_pids)
{
  ck_assert_uint_eq (parse_pid ("42"), 42);
  ck_assert_uint_eq (parse_pid ("4194304"), 4194304);
  static const char *const none[] = {"", "0", "01", "self", "4x", "-1", "+1", "99999999999", "2147483648", " 1", "1 "};
  for (size_t i = 0; i < sizeof none / sizeof none[0]; i++)
    ck_assert_msg (parse_pid (none[i]) == 0, "%s", none[i]);
  ck_assert_uint_eq (parse_pid_file ("42\n", 3), 42);
  ck_assert_uint_eq (parse_pid_file (" 42 nginx", 9), 42);
  ck_assert_uint_eq (parse_pid_file ("42", 2), 42);
  ck_assert_uint_eq (parse_pid_file ("42x", 3), 0);
  ck_assert_uint_eq (parse_pid_file ("", 0), 0);
  ck_assert_uint_eq (parse_pid_file ("99999999999999999999999", 23), 0);
}
END_TEST

START_TEST (has_a_word_for_every_state)
{
  static const char states[] = "RSDTtZXxI";
  static const char *const words[] = {"running", "sleeping", "disk-sleep", "stopped", "tracing-stop",
                                      "zombie",  "dead",     "dead",       "idle"};
  for (size_t i = 0; states[i]; i++)
    ck_assert_str_eq (status_word (states[i]), words[i]);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, reads_stat);
  tcase_add_test (t, reads_names_that_look_like_fields);
  tcase_add_test (t, refuses_torn_stat);
  tcase_add_test (t, joins_arguments);
  tcase_add_test (t, finds_the_whole_name);
  tcase_add_test (t, reads_the_small_ones);
  tcase_add_test (t, reads_pids);
  tcase_add_test (t, has_a_word_for_every_state);
}

UNIT_MAIN ("process-parse", tests)
