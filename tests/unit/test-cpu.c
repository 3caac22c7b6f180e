/* The cpu input on made-up /proc trees: one test per fault that other collectors had. */
#include "probe.h"

static char *dir;

/* A cpu of a machine with one processor: user nice system idle iowait irq softirq steal guest guest_nice. */
static void
write_stat (const char *all)
{
  char text[1024];
  snprintf (text, sizeof text,
            "cpu  %s\ncpu0 %s\nintr 1000 0 0\nctxt 2000\nbtime 1767225600\nprocesses 3000\nprocs_running 4\nprocs_blocked 5\n",
            all, all);
  unit_write (dir, "stat", text);
}

static struct probe *
begin (const char *all)
{
  struct probe *p = probe_new ();
  dir = unit_temp_dir ();
  write_stat (all);
  unit_write (dir, "loadavg", "0.31 0.28 12.22 1/234 5678\n");
  probe_path (p, "proc_root", dir);
  return p;
}

static struct probe *
created (const char *all)
{
  struct probe *p = begin (all);
  ck_assert_int_eq (probe_create (p), 0);
  return p;
}

static void
end (struct probe *p)
{
  probe_free (p);
  free (dir);
}

static double
percent (struct probe *p)
{
  return probe_number (p, "system", NULL, "cpu_percent");
}

static uint32_t
absent (struct probe *p)
{
  return probe_absent (p, "system", NULL, "cpu_percent");
}

START_TEST (busy_since_the_last_reading)
{
  struct probe *p = created ("1000 0 500 8000 200 0 0 0 0 0");
  write_stat ("1030 2 515 8040 203 4 6 0 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 57, 1e-9); /* 57 of 100: all but 40 idle and 3 waiting */
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "load_avg_1m"), 0.31, 1e-12);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "load_avg_5m"), 0.28, 1e-12);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "load_avg_15m"), 12.22, 1e-12);
  write_stat ("1030 2 515 8140 203 4 6 0 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq (percent (p), 0);
  write_stat ("1130 2 515 8140 203 4 6 0 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq (percent (p), 100);
  end (p);
}
END_TEST

/* Not 0, and not what it was since boot. */
START_TEST (first_reading_has_no_value)
{
  struct probe *p = created ("1000 0 500 8000 200 0 0 0 0 0");
  ck_assert_int_eq (probe_read_after (p, 0.01, KK_FIRST), 0);
  ck_assert_uint_eq (absent (p), KK_FIRST);
  write_stat ("1050 0 500 8050 200 0 0 0 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 50, 1e-9);
  end (p);
}
END_TEST

/* The baseline is of create: a first reading one interval later is a value. */
START_TEST (first_reading_an_interval_later)
{
  struct probe *p = created ("1000 0 500 8000 200 0 0 0 0 0");
  write_stat ("1050 0 500 8050 200 0 0 0 0 0");
  ck_assert_int_eq (probe_read_after (p, 1, KK_FIRST), 0);
  ck_assert_double_eq_tol (percent (p), 50, 1e-9);
  end (p);
}
END_TEST

/* node_exporter#1372, #1903 */
START_TEST (idle_steps_back)
{
  struct probe *p = created ("1000 0 500 8000 200 0 0 0 0 0");
  write_stat ("1060 0 500 8040 197 0 0 0 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 60, 1e-9);
  write_stat ("1110 0 500 8039 247 0 0 0 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 50, 1e-9);
  end (p);
}
END_TEST

/* pcp#1507 */
START_TEST (all_step_back)
{
  struct probe *p = created ("1000 10 500 8000 200 10 10 10 0 0");
  write_stat ("500 5 250 4000 100 5 5 5 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (absent (p), KK_RESET);
  write_stat ("525 5 250 4075 100 5 5 5 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 25, 1e-9);
  end (p);
}
END_TEST

/* A processor went away with its part of all counters, while the others went on: what rose says nothing about the whole. */
START_TEST (most_step_back)
{
  struct probe *p = created ("1000 0 500 8000 200 0 0 0 0 0");
  write_stat ("600 0 300 5000 100 0 3 0 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (absent (p), KK_RESET);
  end (p);
}
END_TEST

/* node_exporter#742, collectd#3766 */
START_TEST (steal_is_garbage)
{
  struct probe *p = begin ("1000 0 500 8000 200 0 0 0 0 0");
  probe_flag (p, "states", true);
  ck_assert_int_eq (probe_create (p), 0);
  write_stat ("1025 0 500 8075 200 0 0 18446744073709 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 25, 1e-9);
  ck_assert_uint_eq (probe_absent (p, "system", NULL, "cpu_steal_percent"), KK_ERROR);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "cpu_user_percent"), 25, 1e-9);
  ck_assert_uint_eq (probe_warnings (p), 1);
  write_stat ("1050 0 500 8150 200 0 0 28446744073709 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 25, 1e-9);
  ck_assert_uint_eq (probe_warnings (p), 1);
  end (p);
}
END_TEST

START_TEST (steal_is_busy)
{
  struct probe *p = begin ("1000 0 500 8000 200 0 0 0 0 0");
  probe_flag (p, "states", true);
  ck_assert_int_eq (probe_create (p), 0);
  write_stat ("1010 0 500 8060 200 0 0 30 0 0");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 40, 1e-9);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "cpu_steal_percent"), 30, 1e-9);
  end (p);
}
END_TEST

/* netdata#729, collectd#2439 */
START_TEST (guest_is_inside_user)
{
  struct probe *p = begin ("1000 100 0 8000 0 0 0 0 500 50");
  probe_flag (p, "states", true);
  ck_assert_int_eq (probe_create (p), 0);
  write_stat ("1040 110 0 8050 0 0 0 0 540 60");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 50, 1e-9);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "cpu_user_percent"), 40, 1e-9);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "cpu_guest_percent"), 40, 1e-9);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "cpu_nice_percent"), 10, 1e-9);
  ck_assert_double_eq_tol (probe_number (p, "system", NULL, "cpu_guest_nice_percent"), 10, 1e-9);
  end (p);
}
END_TEST

/* A kernel of before 2.6 has four columns, one of the future may have more. */
START_TEST (fewer_and_more_columns)
{
  struct probe *p = created ("1000 0 500 8000");
  write_stat ("1020 0 500 8080");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 20, 1e-9);
  write_stat ("1060 0 500 8140 0 0 0 0 0 0 77 88");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 40, 1e-9);
  end (p);
}
END_TEST

/* The kernel counts in steps of 10 ms: at 200 Hz each value stands until there is a new one worth having. */
START_TEST (faster_than_the_kernel_counts)
{
  struct probe *p = created ("1000 0 500 8000 0 0 0 0 0 0");
  for (int i = 1; i <= 60; i++) {
    char text[128];
    snprintf (text, sizeof text, "%d 0 500 %d 0 0 0 0 0 0", 1000 + (i + 1) / 4, 8000 + i / 4);
    write_stat (text);
    ck_assert_int_eq (probe_read (p, 0.005), 0);
    if (i < 19)
      ck_assert_uint_eq (absent (p), KK_FIRST);
    else {
      ck_assert_double_ge (percent (p), 40);
      ck_assert_double_le (percent (p), 60);
    }
  }
  end (p);
}
END_TEST

/* What counts events is read each time all the same. */
START_TEST (counts_at_any_speed)
{
  struct probe *p = begin ("1 0 0 1");
  probe_flag (p, "context_switches", true);
  probe_flag (p, "per_core", true);
  ck_assert_int_eq (probe_create (p), 0);
  for (int i = 1; i < 50; i++) {
    char text[128];
    snprintf (text, sizeof text, "cpu  %d 0 0 %d\ncpu0 %d 0 0 %d\nctxt %d\n", i, i, i, i, 100 + i);
    unit_write (dir, "stat", text);
    ck_assert_int_eq (probe_read (p, 0.005), 0);
    ck_assert_double_eq (probe_number (p, "system", NULL, "context_switches"), 100 + i);
    ck_assert_uint_eq (probe_rows (p, "cores"), 1);
    if (i > 20)
      ck_assert_double_eq_tol (probe_number (p, "cores", "0", "cpu_percent"), 50, 1e-9);
  }
  end (p);
}
END_TEST

START_TEST (no_mean_over_a_gap)
{
  static const enum kk_absent gaps[] = {KK_GAP, KK_SUSPEND};
  for (int i = 0; i < 2; i++) {
    struct probe *p = created ("1000 0 500 8000 0 0 0 0 0 0");
    write_stat ("1050 0 500 8050 0 0 0 0 0 0");
    ck_assert_int_eq (probe_read (p, 1), 0);
    write_stat ("9050 0 500 8060 0 0 0 0 0 0");
    ck_assert_int_eq (probe_read_after (p, 500, gaps[i]), 0);
    ck_assert_uint_eq (absent (p), gaps[i]);
    write_stat ("9060 0 500 8150 0 0 0 0 0 0");
    ck_assert_int_eq (probe_read (p, 1), 0);
    ck_assert_double_eq_tol (percent (p), 10, 1e-9);
    end (p);
  }
}
END_TEST

/* fluent-bit#9940: more than 64 processors, with lines that come and go. */
START_TEST (cores_come_and_go)
{
  enum { CORES = 300 };
  struct probe *p = begin ("1 0 0 1");
  for (int round = 0; round < 4; round++) {
    char *text = malloc (CORES * 64 + 256);
    size_t n = (size_t) sprintf (text, "cpu  %d 0 0 %d\n", 1000000 + 3000 * round, 1000000 + 3000 * round);
    for (int i = 0; i < CORES; i++)
      if (i != 200 || round != 2) /* goes in round 2, comes back in round 3 with all counters at 0 */
        n += (size_t) sprintf (text + n, "cpu%d %d 0 0 %d 0 0 0\n", i, i == 200 && round == 3 ? 0 : 5000 + i * round,
                               5000 + (CORES - i) * round);
    unit_write (dir, "stat", text);
    free (text);
    if (round == 0) {
      probe_flag (p, "per_core", true);
      ck_assert_int_eq (probe_create (p), 0);
      continue;
    }
    ck_assert_int_eq (probe_read (p, 1), 0);
    ck_assert_uint_eq (probe_rows (p, "cores"), round == 2 ? CORES - 1 : CORES);
    ck_assert_double_eq_tol (probe_number (p, "cores", "30", "cpu_percent"), 10, 1e-9);
    ck_assert_double_eq_tol (probe_number (p, "cores", "299", "cpu_percent"), 100.0 * 299 / 300, 1e-9);
    ck_assert (probe_has_row (p, "cores", "200") == (round != 2));
    if (round == 3)
      ck_assert_uint_eq (probe_absent (p, "cores", "200", "cpu_percent"), KK_FIRST);
  }
  end (p);
}
END_TEST

START_TEST (counts)
{
  struct probe *p = begin ("1 0 0 1");
  probe_flag (p, "context_switches", true);
  probe_flag (p, "processes", true);
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq (probe_number (p, "system", NULL, "interrupts"), 1000);
  ck_assert_double_eq (probe_number (p, "system", NULL, "context_switches"), 2000);
  ck_assert_double_eq (probe_number (p, "system", NULL, "processes_started"), 3000);
  ck_assert_double_eq (probe_number (p, "system", NULL, "processes_running"), 4);
  ck_assert_double_eq (probe_number (p, "system", NULL, "processes_blocked"), 5);
  unit_write (dir, "stat", "cpu  1 0 0 1\ncpu0 1 0 0 1\nctxt 2001\n");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq (probe_number (p, "system", NULL, "context_switches"), 2001);
  ck_assert_uint_eq (probe_absent (p, "system", NULL, "processes_running"), KK_ERROR);
  end (p);
}
END_TEST

START_TEST (pressure)
{
  struct probe *p = begin ("1 0 0 1");
  unit_write (dir, "pressure/cpu", "some avg10=1.25 avg60=0.00 avg300=0.00 total=1\n");
  unit_write (dir, "pressure/memory",
              "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.50 avg60=0.00 avg300=0.00 total=0\n");
  unit_write (dir, "pressure/io/is-no-file", ""); /* like the file that is there and answers EOPNOTSUPP: netdata#7531 */
  probe_flag (p, "pressure", true);
  ck_assert_int_eq (probe_create (p), 0);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq (probe_read (p, 1), 0);
    ck_assert_double_eq_tol (probe_number (p, "system", NULL, "pressure_cpu_some_percent"), 1.25, 1e-12);
    ck_assert_uint_eq (probe_absent (p, "system", NULL, "pressure_cpu_full_percent"), KK_ERROR); /* before Linux 5.13 */
    ck_assert_double_eq (probe_number (p, "system", NULL, "pressure_memory_some_percent"), 0);
    ck_assert_double_eq_tol (probe_number (p, "system", NULL, "pressure_memory_full_percent"), 0.5, 1e-12);
    ck_assert_uint_eq (probe_absent (p, "system", NULL, "pressure_io_some_percent"), KK_ERROR);
    ck_assert_uint_eq (probe_warnings (p), 1);
  }
  end (p);
}
END_TEST

START_TEST (no_pressure_at_all)
{
  struct probe *p = begin ("1 0 0 1");
  probe_flag (p, "pressure", true);
  ck_assert_int_eq (probe_create (p), 0);
  for (int i = 0; i < 3; i++)
    ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (probe_absent (p, "system", NULL, "pressure_cpu_some_percent"), KK_ERROR);
  ck_assert_uint_eq (probe_warnings (p), 1);
  end (p);
}
END_TEST

/* Every pread of this program comes here (--wrap). */
static bool refuse_pressure;
static unsigned refused;
ssize_t __real_pread (int fd, void *to, size_t size, off_t at);
ssize_t __real_pread64 (int fd, void *to, size_t size, off_t at);
ssize_t __wrap_pread (int fd, void *to, size_t size, off_t at);
ssize_t __wrap_pread64 (int fd, void *to, size_t size, off_t at);

static bool
refuses (int fd)
{
  char link[32], path[4096];
  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t n = readlink (link, path, sizeof path - 1);
  path[n > 0 ? n : 0] = 0;
  if (!refuse_pressure || !strstr (path, "/pressure/"))
    return false;
  refused++;
  errno = EOPNOTSUPP;
  return true;
}

ssize_t
__wrap_pread (int fd, void *to, size_t size, off_t at)
{
  return refuses (fd) ? -1 : __real_pread (fd, to, size, at);
}

ssize_t
__wrap_pread64 (int fd, void *to, size_t size, off_t at)
{
  return refuses (fd) ? -1 : __real_pread64 (fd, to, size, at);
}

/* A kernel booted with psi=0 may have the files, and answers EOPNOTSUPP to who reads them. */
START_TEST (pressure_that_is_switched_off)
{
  struct probe *p = begin ("1 0 0 1");
  static const char *const files[] = {"pressure/cpu", "pressure/memory", "pressure/io"};
  for (size_t i = 0; i < KK_COUNT (files); i++)
    unit_write (dir, files[i], "some avg10=1.25 avg60=0.00 avg300=0.00 total=1\n");
  probe_flag (p, "pressure", true);
  refuse_pressure = true;
  ck_assert_int_eq (probe_create (p), 0);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq (probe_read (p, 1), 0);
    ck_assert_uint_eq (probe_absent (p, "system", NULL, "pressure_cpu_some_percent"), KK_ERROR);
    ck_assert_uint_eq (probe_absent (p, "system", NULL, "pressure_io_full_percent"), KK_ERROR);
    ck_assert_double_eq_tol (probe_number (p, "system", NULL, "load_avg_1m"), 0.31, 1e-12);
  }
  ck_assert_uint_eq (refused, KK_COUNT (files)); /* asked once, and never again */
  ck_assert_uint_eq (probe_warnings (p), 1);
  ck_assert_ptr_nonnull (strstr (probe_message (p), "cpu, memory, io"));
  ck_assert_ptr_nonnull (strstr (probe_message (p), strerror (EOPNOTSUPP)));
  ck_assert_str_eq (probe_status (p, "pressure"), "not told by this kernel: cpu, memory, io");
  end (p);
}
END_TEST

START_TEST (broken_files)
{
  static const char *const broken[] = {"", "cpu", "cpu  ", "cpu  1 2 3", "cpu0 1 2 3 4\n", "intr 1\n", "cpu  x 0 0 1\n"};
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    struct probe *p = begin ("1 0 0 1");
    unit_write (dir, "stat", broken[i]);
    ck_assert_int_eq (probe_create (p), -EBADMSG);
    ck_assert_uint_eq (probe_warnings (p), 1);
    ck_assert_ptr_nonnull (strstr (probe_message (p), "/stat"));
    end (p);
  }
  struct probe *p = created ("1 0 0 1");
  unit_write (dir, "stat", "garbage");
  unit_write (dir, "loadavg", "garbage");
  ck_assert_int_eq (probe_read (p, 1), -EBADMSG);
  ck_assert_int_eq (probe_read (p, 1), -EBADMSG);
  ck_assert_uint_eq (probe_warnings (p), 1); /* said once */
  write_stat ("51 0 0 51");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (percent (p), 50, 1e-9);
  ck_assert_uint_eq (probe_absent (p, "system", NULL, "load_avg_5m"), KK_ERROR);
  ck_assert_uint_eq (probe_warnings (p), 2);
  end (p);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, busy_since_the_last_reading);
  tcase_add_test (t, first_reading_has_no_value);
  tcase_add_test (t, first_reading_an_interval_later);
  tcase_add_test (t, idle_steps_back);
  tcase_add_test (t, all_step_back);
  tcase_add_test (t, most_step_back);
  tcase_add_test (t, steal_is_garbage);
  tcase_add_test (t, steal_is_busy);
  tcase_add_test (t, guest_is_inside_user);
  tcase_add_test (t, fewer_and_more_columns);
  tcase_add_test (t, faster_than_the_kernel_counts);
  tcase_add_test (t, counts_at_any_speed);
  tcase_add_test (t, no_mean_over_a_gap);
  tcase_add_test (t, cores_come_and_go);
  tcase_add_test (t, counts);
  tcase_add_test (t, pressure);
  tcase_add_test (t, no_pressure_at_all);
  tcase_add_test (t, pressure_that_is_switched_off);
  tcase_add_test (t, broken_files);
}
UNIT_MAIN ("cpu", tests)
