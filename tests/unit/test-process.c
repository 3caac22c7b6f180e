/* The rows of the process input, as the host sees them. */
#include "probe.h"

static char *dir;

static void
put (uint32_t pid, const char *comm, const char *arguments, size_t length, uint64_t ticks, uint64_t start)
{
  char name[64], text[512];
  snprintf (name, sizeof name, "%u/stat", pid);
  snprintf (text, sizeof text, "%u (%s) S 1 1 1 0 -1 0 11 0 12 0 %llu 0 0 0 20 0 4 0 %llu 1 1\n", pid, comm,
            (unsigned long long) ticks, (unsigned long long) start);
  unit_write (dir, name, text);
  snprintf (name, sizeof name, "%u/comm", pid);
  snprintf (text, sizeof text, "%s\n", comm);
  unit_write (dir, name, text);
  snprintf (name, sizeof name, "%u/cmdline", pid);
  unit_write_n (dir, name, arguments, length);
  snprintf (name, sizeof name, "%u/statm", pid);
  snprintf (text, sizeof text, "%ld %ld 0 0 0 0 0\n", 212 * (1048576 / sysconf (_SC_PAGESIZE)),
            38 * (1048576 / sysconf (_SC_PAGESIZE)));
  unit_write (dir, name, text);
}

static struct probe *
begin (void)
{
  struct probe *p = probe_new ();
  dir = unit_temp_dir ();
  unit_write (dir, "stat", "cpu 1\nbtime 1767220000\n");
  probe_path (p, "proc_root", dir);
  return p;
}

static void
end (struct probe *p)
{
  probe_free (p);
  free (dir);
}

#define NUMBER(key_, field_) probe_number (p, "processes", key_, field_)
#define TEXT(key_, field_)   probe_text (p, "processes", key_, field_)
#define ABSENT(key_, field_) probe_absent (p, "processes", key_, field_)

START_TEST (fills_a_row)
{
  struct probe *p = begin ();
  uint64_t hz = (uint64_t) sysconf (_SC_CLK_TCK);
  put (4242, "python3", "python3\0train.py\0", 17, 50, 12 * hz);
  put (1, "init", "init\0", 5, 50, 0);
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read_after (p, 1, KK_FIRST), 0);
  ck_assert_uint_eq (probe_rows (p, "processes"), 1);
  ck_assert_uint_eq (probe_identity (p, "processes", "4242"), 12 * hz);
  ck_assert_double_eq (NUMBER ("4242", "pid"), 4242);
  ck_assert_str_eq (TEXT ("4242", "name"), "python3");
  ck_assert_uint_eq (ABSENT ("4242", "cpu_percent"), KK_FIRST);
  ck_assert_double_eq (NUMBER ("4242", "memory_rss_mb"), 38);
  ck_assert_double_eq (NUMBER ("4242", "memory_vms_mb"), 212);
  ck_assert_double_eq (NUMBER ("4242", "num_threads"), 4);
  ck_assert_str_eq (TEXT ("4242", "status"), "sleeping");
  ck_assert_double_eq (NUMBER ("4242", "create_time"), 1767220012);
  ck_assert_str_eq (TEXT ("4242", "cmdline"), "python3 train.py");
  ck_assert_uint_eq (ABSENT ("4242", "io_read_bytes"), KK_UNSET);
  ck_assert_uint_eq (ABSENT ("4242", "open_files"), KK_UNSET);
  ck_assert_uint_eq (ABSENT ("4242", "faults_minor"), KK_UNSET);
  ck_assert_uint_eq (probe_state (p, "processes"), KK_COMPLETE);
  put (4242, "python3", "python3\0train.py\0", 17, 50 + hz / 2, 12 * hz);
  ck_assert_int_eq (probe_read (p, 2), 0);
  ck_assert_double_eq_tol (NUMBER ("4242", "cpu_percent"), 25, 0.01);
  put (4242, "python3", "python3\0train.py\0", 17, 5000, 13 * hz);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (ABSENT ("4242", "cpu_percent"), KK_FIRST);
  ck_assert_uint_eq (probe_identity (p, "processes", "4242"), 13 * hz);
  ck_assert_uint_eq (probe_warnings (p), 0);
  end (p);
}
END_TEST

START_TEST (fills_what_is_asked_for)
{
  struct probe *p = begin ();
  probe_flag (p, "io", true);
  probe_flag (p, "faults", true);
  probe_flag (p, "open_files", true);
  put (10, "python3", "python3\0", 8, 50, 100);
  unit_write (dir, "10/io", "read_bytes: 4096\nwrite_bytes: 8192\n");
  unit_write (dir, "10/fd/0", "");
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq (NUMBER ("10", "io_read_bytes"), 4096);
  ck_assert_double_eq (NUMBER ("10", "io_write_bytes"), 8192);
  ck_assert_double_eq (NUMBER ("10", "open_files"), 1);
  ck_assert_double_eq (NUMBER ("10", "faults_minor"), 11);
  ck_assert_double_eq (NUMBER ("10", "faults_major"), 12);
  end (p);
}
END_TEST

START_TEST (may_have_no_rows)
{
  struct probe *p = begin ();
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (probe_rows (p, "processes"), 0);
  ck_assert_uint_eq (probe_state (p, "processes"), KK_COMPLETE);
  end (p);
}
END_TEST

START_TEST (says_once_what_it_may_not_read)
{
  if (!unit_has_nobody ())
    return; /* it takes another user to be denied */
  struct probe *p = begin ();
  probe_flag (p, "io", true);
  put (10, "python3", "python3\0", 8, 50, 100);
  put (11, "python3", "python3\0", 8, 50, 100);
  unit_write (dir, "10/io", "read_bytes: 4096\nwrite_bytes: 8192\n");
  char *path = unit_path (dir, "10/io"), *other = unit_path (dir, "11/comm"), *ten = unit_path (dir, "10"),
       *eleven = unit_path (dir, "11");
  chmod (ten, 0755);
  chmod (eleven, 0755);
  chmod (path, 0);
  chmod (other, 0);
  chmod (dir, 0755);
  ck_assert_int_eq (seteuid (65534), 0);
  ck_assert_int_eq (probe_create (p), 0);
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (probe_rows (p, "processes"), 1);
  ck_assert_uint_eq (ABSENT ("10", "io_read_bytes"), KK_DENIED);
  ck_assert_str_eq (TEXT ("10", "name"), "python3");
  ck_assert_uint_eq (probe_infos (p), 2); /* one of the process, one of the value */
  ck_assert_uint_eq (probe_warnings (p), 0);
  ck_assert_int_eq (seteuid (0), 0);
  free (path);
  free (other);
  free (ten);
  free (eleven);
  end (p);
}
END_TEST

START_TEST (goes_on_without_a_user)
{
  static const char *const users[] = {"no-such-user-here"};
  struct probe *p = begin ();
  probe_list (p, "users", users, 1);
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_uint_eq (probe_warnings (p), 1);
  ck_assert_ptr_nonnull (strstr (probe_message (p), "no-such-user-here"));
  end (p);
}
END_TEST

START_TEST (refuses_wrong_options)
{
  struct probe *p = begin ();
  probe_path (p, "proc_root", "/nonexistent/proc");
  ck_assert_int_eq (probe_create (p), -ENOENT);
  ck_assert_uint_eq (probe_warnings (p), 1);
  end (p);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, fills_a_row);
  tcase_add_test (t, fills_what_is_asked_for);
  tcase_add_test (t, may_have_no_rows);
  tcase_add_test (t, says_once_what_it_may_not_read);
  tcase_add_test (t, goes_on_without_a_user);
  tcase_add_test (t, refuses_wrong_options);
}

UNIT_MAIN ("process", tests)
