/* The memory input on made-up trees: one test per fault that other collectors had. */
#include "probe.h"

#include "memory/source.h"

static char *dir;

static const char plain[] = "MemTotal:       16384000 kB\n"
                            "MemFree:         4096000 kB\n"
                            "MemAvailable:    9216000 kB\n"
                            "Buffers:          102400 kB\n"
                            "Cached:          5120000 kB\n"
                            "SwapCached:         2048 kB\n"
                            "Active:          3072000 kB\n"
                            "Inactive:        4096000 kB\n"
                            "Active(anon):    1024000 kB\n"
                            "Inactive(anon):   512000 kB\n"
                            "Active(file):    2048000 kB\n"
                            "Inactive(file):  3584000 kB\n"
                            "SwapTotal:       2097152 kB\n"
                            "SwapFree:        1572864 kB\n"
                            "Dirty:              1024 kB\n"
                            "Shmem:             20480 kB\n"
                            "Slab:             614400 kB\n"
                            "SReclaimable:     409600 kB\n"
                            "SUnreclaim:       204800 kB\n"
                            "Hugetlb:               0 kB\n";

static struct probe *
begin (const char *meminfo)
{
  struct probe *p = probe_new ();
  dir = unit_temp_dir ();
  unit_write (dir, "meminfo", meminfo);
  probe_path (p, "proc_root", dir);
  probe_path (p, "sys_root", dir);
  return p;
}

static struct probe *
reading (const char *meminfo)
{
  struct probe *p = begin (meminfo);
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  return p;
}

static void
end (struct probe *p)
{
  probe_free (p);
  free (dir);
}

static double
number (struct probe *p, const char *field)
{
  return probe_number (p, "system", NULL, field);
}

static uint32_t
absent (struct probe *p, const char *field)
{
  return probe_absent (p, "system", NULL, field);
}

START_TEST (as_contracted)
{
  struct probe *p = reading (plain);
  ck_assert_double_eq_tol (number (p, "memory_percent"), 100.0 * (16384000 - 9216000) / 16384000, 1e-9);
  ck_assert_double_eq_tol (number (p, "memory_available_mb"), 9000, 1e-9);
  ck_assert_double_eq_tol (number (p, "memory_used_mb"), (16384000 - 4096000 - 102400 - 5120000 - 409600) / 1024.0, 1e-9);
  ck_assert_uint_eq (probe_warnings (p), 0);
  end (p);
}
END_TEST

/* node_exporter#608: before Linux 3.14 there is no MemAvailable, and what stands in for it is called an estimate. */
START_TEST (no_available)
{
  struct probe *p =
    begin ("MemTotal: 1024000 kB\nMemFree: 204800 kB\nBuffers: 10240 kB\nCached: 409600 kB\nActive(file): 204800 kB\n"
           "Inactive(file): 102400 kB\nSReclaimable: 51200 kB\n");
  unit_write (dir, "zoneinfo",
              "Node 0, zone DMA\n  pages free 3951\n        min      20\n        low      2560\n        high 30\n"
              "Node 0, zone Normal\n        low      7680\n      nr_slow 9999\n");
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  double low = 10240 * (double) sysconf (_SC_PAGESIZE) / 1024;
  double cache = 307200 - (low < 153600 ? low : 153600), slab = 51200 - (low < 25600 ? low : 25600);
  ck_assert_double_eq_tol (number (p, "memory_available_mb"), (204800 - low + cache + slab) / 1024, 0.01);
  ck_assert_uint_eq (probe_warnings (p), 1);
  ck_assert_str_eq (probe_status (p, "available memory"), "an estimate");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (probe_warnings (p), 1);
  unit_write (dir, "meminfo", plain);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (number (p, "memory_available_mb"), 9000, 1e-9);
  ck_assert_str_eq (probe_status (p, "available memory"), "");
  end (p);
}
END_TEST

START_TEST (no_available_and_no_zones)
{
  struct probe *p = reading ("MemTotal: 1024000 kB\nMemFree: 204800 kB\nBuffers: 10240 kB\nCached: 409600 kB\n");
  ck_assert_double_eq_tol (number (p, "memory_available_mb"), 600, 1e-9);
  end (p);
}
END_TEST

/* A container whose total is its own and whose available memory is the machine's: lxcfs#44, #187. */
START_TEST (more_available_than_there_is)
{
  struct probe *p =
    reading ("MemTotal: 1024000 kB\nMemFree: 204800 kB\nMemAvailable: 9999999 kB\nBuffers: 0 kB\nCached: 0 kB\n");
  ck_assert_double_eq_tol (number (p, "memory_available_mb"), 200, 1e-9);
  ck_assert_double_eq_tol (number (p, "memory_percent"), 80, 1e-9);
  end (p);
}
END_TEST

START_TEST (more_cached_than_used)
{
  struct probe *p =
    reading ("MemTotal: 1024000 kB\nMemFree: 204800 kB\nMemAvailable: 512000 kB\nBuffers: 0 kB\nCached: 9000000 kB\n");
  ck_assert_double_eq_tol (number (p, "memory_used_mb"), 800, 1e-9);
  end (p);
}
END_TEST

/* Lines in another order, unknown ones between, numbers that cannot be. */
START_TEST (order_and_strangers)
{
  struct probe *p = reading (
    "New: 5 kB\nSReclaimable: 1024 kB\nCached: 2048 kB\nCachedToo: 7 kB\nMemAvailable: 512000 kB\n:\n\nMemFree: 204800 kB\n"
    "Buffers: 99999999999999999999999 kB\nMemTotal: 1024000 kB");
  ck_assert_double_eq_tol (number (p, "memory_percent"), 50, 1e-9);
  ck_assert_double_eq_tol (number (p, "memory_used_mb"), (1024000 - 204800 - 2048 - 1024) / 1024.0, 1e-9);
  end (p);
}
END_TEST

START_TEST (broken_files)
{
  static const char *const broken[] = {"",
                                       "MemTotal:",
                                       "MemTotal: 0 kB\nMemFree: 0 kB\n",
                                       "MemTotal: 5 kB\n",
                                       "MemFree: 5 kB\n",
                                       "MemTotal: 5 kB\nMemFree: 6 kB\n"};
  for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
    struct probe *p = begin (broken[i]);
    ck_assert_int_eq (probe_create (p), -EBADMSG);
    ck_assert_uint_eq (probe_warnings (p), 1);
    ck_assert_ptr_nonnull (strstr (probe_message (p), "meminfo"));
    end (p);
  }
  struct probe *p = reading (plain);
  unit_write (dir, "meminfo", "x");
  ck_assert_int_eq (probe_read (p, 1), -EBADMSG);
  ck_assert_int_eq (probe_read (p, 1), -EBADMSG);
  ck_assert_uint_eq (probe_warnings (p), 1);
  unit_write (dir, "meminfo", plain);
  ck_assert_int_eq (probe_read (p, 1), 0);
  end (p);
}
END_TEST

START_TEST (swap_space)
{
  struct probe *p = begin (plain);
  probe_flag (p, "swap", true);
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (number (p, "swap_total_mb"), 2048, 1e-9);
  ck_assert_double_eq_tol (number (p, "swap_used_mb"), 512, 1e-9);
  ck_assert_double_eq_tol (number (p, "swap_percent"), 25, 1e-9);
  unit_write (dir, "meminfo", "MemTotal: 9 kB\nMemFree: 1 kB\nMemAvailable: 5 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n");
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq (number (p, "swap_total_mb"), 0);
  ck_assert_uint_eq (absent (p, "swap_percent"), KK_UNSET);
  end (p);
}
END_TEST

START_TEST (parts)
{
  struct probe *p = begin (plain);
  probe_flag (p, "parts", true);
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (number (p, "memory_total_mb"), 16000, 1e-9);
  ck_assert_double_eq_tol (number (p, "memory_cached_mb"), 5000, 1e-9);
  ck_assert_double_eq_tol (number (p, "memory_active_mb"), 3000, 1e-9);
  ck_assert_double_eq_tol (number (p, "memory_reclaimable_mb"), 400, 1e-9);
  ck_assert_double_eq (number (p, "memory_huge_mb"), 0);
  ck_assert_uint_eq (absent (p, "memory_mapped_mb"), KK_UNSET);
  end (p);
}
END_TEST

/* ---- Control groups ---- */

static void
check_group (struct probe *p, double limit, double used)
{
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  if (limit > 0) {
    ck_assert_double_eq_tol (number (p, "cgroup_memory_limit_mb"), limit, 1e-9);
    ck_assert_double_eq_tol (number (p, "cgroup_memory_used_mb"), used, 1e-9);
    ck_assert_double_eq_tol (number (p, "cgroup_memory_percent"), 100 * used / limit, 1e-9);
  } else
    ck_assert_uint_eq (absent (p, "cgroup_memory_limit_mb"), KK_UNSET);
  ck_assert_double_eq_tol (number (p, "memory_available_mb"), 9000, 1e-9); /* the machine's own figures stay */
  end (p);
}

START_TEST (group_of_version_2)
{
  struct probe *p = begin (plain);
  unit_write (dir, "self/cgroup", "0::/system.slice/kk.service\n");
  unit_write (dir, "fs/cgroup/system.slice/kk.service/memory.current", "10485760\n");
  unit_write (dir, "fs/cgroup/system.slice/kk.service/memory.max", "max\n");
  unit_write (dir, "fs/cgroup/system.slice/memory.current", "524288000\n");
  unit_write (dir, "fs/cgroup/system.slice/memory.max", "1048576000\n");
  check_group (p, 1000, 500);
}
END_TEST

START_TEST (group_of_version_1)
{
  struct probe *p = begin (plain);
  unit_write (dir, "self/cgroup", "9:name=systemd:/x\n4:cpu,memory:/box\n0::/\n");
  unit_write (dir, "fs/cgroup/memory/box/memory.usage_in_bytes", "104857600\n");
  unit_write (dir, "fs/cgroup/memory/box/memory.limit_in_bytes", "209715200\n");
  unit_write (dir, "fs/cgroup/memory/memory.usage_in_bytes", "999999999\n");
  unit_write (dir, "fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
  check_group (p, 200, 100);
}
END_TEST

/* A container without a namespace of its own for groups sees the path as the machine does, but not the directories. */
START_TEST (group_path_of_the_machine)
{
  struct probe *p = begin (plain);
  unit_write (dir, "self/cgroup", "0::/docker/0123456789\n");
  unit_write (dir, "fs/cgroup/memory.current", "104857600\n");
  unit_write (dir, "fs/cgroup/memory.max", "209715200\n");
  check_group (p, 200, 100);
}
END_TEST

START_TEST (group_without_limit)
{
  struct probe *p = begin (plain);
  unit_write (dir, "self/cgroup", "0::/a\n");
  unit_write (dir, "fs/cgroup/a/memory.current", "104857600\n");
  unit_write (dir, "fs/cgroup/a/memory.max", "99999999999999\n"); /* more than the machine has */
  check_group (p, 0, 0);
}
END_TEST

START_TEST (no_group)
{
  struct probe *p = begin (plain);
  unit_write (dir, "self/cgroup", "1:cpu:/a\nnonsense\n0::/../escape\n");
  check_group (p, 0, 0);
}
END_TEST

START_TEST (limit_changes)
{
  struct probe *p = begin (plain);
  unit_write (dir, "self/cgroup", "0::/a\n");
  unit_write (dir, "fs/cgroup/a/memory.current", "104857600\n");
  unit_write (dir, "fs/cgroup/a/memory.max", "max\n");
  ck_assert_int_eq (probe_create (p), 0);
  ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_uint_eq (absent (p, "cgroup_memory_limit_mb"), KK_UNSET);
  unit_write (dir, "fs/cgroup/a/memory.max", "209715200\n");
  for (int i = 0; i < 60; i++)
    ck_assert_int_eq (probe_read (p, 1), 0);
  ck_assert_double_eq_tol (number (p, "cgroup_memory_limit_mb"), 200, 1e-9);
  end (p);
}
END_TEST

/* ---- Against the obvious way ---- */

static int64_t
slow_find (const char *text, const char *name)
{
  char want[64];
  snprintf (want, sizeof want, "\n%s:", name);
  const char *at = strstr (text, want);
  return at ? strtoll (at + strlen (want), NULL, 10) : 0;
}

START_TEST (random_figures)
{
  static const char *const names[] = {"MemTotal", "MemFree", "MemAvailable", "Junk",
                                      "Buffers",  "Cached",  "Cached2",      "SReclaimable"};
  srand (4711);
  for (int round = 0; round < 5000; round++) {
    char text[1024] = "\n";
    size_t n = 1;
    unsigned first = (unsigned) rand () % 8;
    for (unsigned i = 0; i < 8; i++)
      n += (size_t) sprintf (text + n, "%s: %12d kB\n", names[(first + i) % 8],
                             rand () % 1000000 + (names[(first + i) % 8][3] == 'T' ? 1000000 : 1));
    struct memory_reading r;
    struct memory_use use;
    memory_parse_meminfo (text, n, MEMORY_WANT_USE, &r);
    ck_assert_int_eq (memory_use (&r, 0, &use), 0);
    int64_t total = slow_find (text, "MemTotal"), free = slow_find (text, "MemFree");
    int64_t used = total - free - slow_find (text, "Buffers") - slow_find (text, "Cached") - slow_find (text, "SReclaimable");
    ck_assert_int_eq ((int64_t) use.used_kib, used < 0 ? total - free : used);
    ck_assert_int_eq ((int64_t) use.available_kib, slow_find (text, "MemAvailable"));
    ck_assert (use.percent >= 0 && use.percent <= 100 && !use.estimated);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, as_contracted);
  tcase_add_test (t, no_available);
  tcase_add_test (t, no_available_and_no_zones);
  tcase_add_test (t, more_available_than_there_is);
  tcase_add_test (t, more_cached_than_used);
  tcase_add_test (t, order_and_strangers);
  tcase_add_test (t, broken_files);
  tcase_add_test (t, swap_space);
  tcase_add_test (t, parts);
  tcase_add_test (t, group_of_version_2);
  tcase_add_test (t, group_of_version_1);
  tcase_add_test (t, group_path_of_the_machine);
  tcase_add_test (t, group_without_limit);
  tcase_add_test (t, no_group);
  tcase_add_test (t, limit_changes);
  tcase_add_test (t, random_figures);
}
UNIT_MAIN ("memory", tests)
