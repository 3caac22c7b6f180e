/* The net input on made-up trees: one test per fault that other collectors had. */
#include "probe.h"

#include "net/source.h"

static char *dir;

#define HEAD                                                                                                                   \
  "Inter-|   Receive                                                |  Transmit\n"                                             \
  " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier "           \
  "compressed\n"

/* An interface: its number, its counters, and what it is. */
struct line {
  const char *name;
  uint64_t index;
  uint64_t recv, sent; /* bytes; a packet for every 100 */
  const char *device;  /* what /sys/class/net/NAME has, besides the number: "device", "master/device" or both, or NULL */
};

static void
write_tree (const struct line *lines, size_t n)
{
  char *text = malloc (n * 256 + sizeof HEAD), name[128];
  size_t length = (size_t) sprintf (text, "%s", HEAD);
  for (size_t i = 0; i < n; i++) {
    const struct line *l = &lines[i];
    length += (size_t) sprintf (text + length, "%6s: %llu %llu 1 2 0 0 0 0 %llu %llu 3 4 0 0 0 0\n", l->name,
                                (unsigned long long) l->recv, (unsigned long long) l->recv / 100, (unsigned long long) l->sent,
                                (unsigned long long) l->sent / 100);
    snprintf (name, sizeof name, "class/net/%s/ifindex", l->name);
    char number[32];
    snprintf (number, sizeof number, "%llu\n", (unsigned long long) l->index);
    unit_write (dir, name, number);
    if (l->device) {
      snprintf (name, sizeof name, "class/net/%s/device/vendor", l->name);
      unit_write (dir, name, "0x1af4\n");
      if (strcmp (l->device, "device") != 0) {
        snprintf (name, sizeof name, "class/net/%s/%s/vendor", l->name, l->device);
        unit_write (dir, name, "0x1af4\n");
      }
    }
  }
  unit_write (dir, "net/dev", text);
  free (text);
}
#define TREE(...)                                                                                                              \
  write_tree ((const struct line[]){__VA_ARGS__}, sizeof ((const struct line[]){__VA_ARGS__}) / sizeof (struct line))

static struct probe *
begin (void)
{
  struct probe *p = probe_new ();
  dir = unit_temp_dir ();
  probe_path (p, "proc_root", dir);
  probe_path (p, "sys_root", dir);
  probe_flag (p, "per_interface", true);
  probe_flag (p, "connections", false);
  return p;
}

static void
end (struct probe *p)
{
  probe_free (p);
  free (dir);
}

static double
total (struct probe *p, const char *field)
{
  return probe_number (p, "network", NULL, field);
}

static uint32_t
absent (struct probe *p, const char *field)
{
  return probe_absent (p, "network", NULL, field);
}

#define CREATE(p)        ck_assert_int_eq (probe_create (p), 0)
#define READ(p, seconds) ck_assert_int_eq (probe_read (p, seconds), 0)

/* Over all interfaces, lo included, as psutil does. */
START_TEST (totals_and_rates)
{
  struct probe *p = begin ();
  TREE ({"lo", 1, 1000, 1000}, {"eth0", 2, 50000, 20000, "device"});
  CREATE (p);
  TREE ({"lo", 1, 1400, 1400}, {"eth0", 2, 60000, 20600, "device"});
  READ (p, 2);
  ck_assert_double_eq (total (p, "bytes_recv"), 61400);
  ck_assert_double_eq (total (p, "bytes_sent"), 22000);
  ck_assert_double_eq (total (p, "packets_recv"), 614);
  ck_assert_double_eq (total (p, "packets_sent"), 220);
  ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), 5200, 1e-6);
  ck_assert_double_eq_tol (total (p, "bytes_sent_per_s"), 500, 1e-6);
  ck_assert_double_eq (total (p, "physical_bytes_recv"), 60000);
  ck_assert_double_eq (total (p, "physical_bytes_sent"), 20600);
  ck_assert_double_eq_tol (probe_number (p, "interfaces", "eth0", "bytes_recv_per_s"), 5000, 1e-6);
  ck_assert_double_eq (probe_number (p, "interfaces", "eth0", "errors_recv"), 1);
  ck_assert_double_eq (probe_number (p, "interfaces", "eth0", "drops_recv"), 2);
  ck_assert_double_eq (probe_number (p, "interfaces", "eth0", "errors_sent"), 3);
  ck_assert_double_eq (probe_number (p, "interfaces", "eth0", "drops_sent"), 4);
  ck_assert_double_eq (probe_number (p, "interfaces", "eth0", "physical"), 1);
  ck_assert_double_eq (probe_number (p, "interfaces", "lo", "physical"), 0);
  ck_assert_uint_eq (probe_identity (p, "interfaces", "eth0"), 2);
  end (p);
}
END_TEST

/* netdata#6077: a counter that falls was reset. No petabytes, and the next reading counts from the new baseline. */
START_TEST (counter_falls)
{
  struct probe *p = begin ();
  TREE ({"eth0", 2, 4000000000, 4000000000, "device"}, {"eth1", 3, 100, 100, "device"});
  CREATE (p);
  TREE ({"eth0", 2, 1000, 4000001000, "device"}, {"eth1", 3, 300, 300, "device"});
  READ (p, 1);
  ck_assert_double_eq (total (p, "bytes_recv"), 1300);
  ck_assert_uint_eq (absent (p, "bytes_recv_per_s"), KK_RESET);
  ck_assert_uint_eq (probe_absent (p, "interfaces", "eth0", "bytes_recv_per_s"), KK_RESET);
  ck_assert_double_eq_tol (probe_number (p, "interfaces", "eth1", "bytes_recv_per_s"), 200, 1e-6);
  TREE ({"eth0", 2, 1500, 4000001000, "device"}, {"eth1", 3, 300, 300, "device"});
  READ (p, 1);
  ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), 500, 1e-6);
  end (p);
}
END_TEST

/* htop#1469, netdata#18185: the same bytes go through a bond, its members, a bridge over it and a guest's end of a veth. */
START_TEST (stacked_devices_count_once)
{
  struct probe *p = begin ();
  TREE ({"lo", 1, 7, 7}, {"eth0", 2, 600, 60, "device"}, {"eth1", 3, 400, 40, "device"}, {"bond0", 4, 1000, 100},
        {"br0", 5, 1000, 100}, {"veth1a2b", 6, 1000, 100}, {"tun0", 7, 900, 90}, {"eth0.5", 8, 500, 50});
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (total (p, "physical_bytes_recv"), 1000);
  ck_assert_double_eq (total (p, "physical_bytes_sent"), 100);
  ck_assert_double_eq (total (p, "bytes_recv"), 5407);
  end (p);
}
END_TEST

/* Hyper-V: a virtual line whose counters hold those of the real device below it. */
START_TEST (device_under_a_device)
{
  struct probe *p = begin ();
  TREE ({"eth0", 2, 1000, 100, "device"}, {"enP1s1", 3, 990, 99, "master/device"});
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (total (p, "physical_bytes_recv"), 1000);
  end (p);
}
END_TEST

START_TEST (nothing_physical)
{
  struct probe *p = begin ();
  TREE ({"lo", 1, 5, 5}, {"eth0", 12, 1000, 100});
  CREATE (p);
  READ (p, 1);
  ck_assert_uint_eq (absent (p, "physical_bytes_recv"), KK_UNSET);
  ck_assert_double_eq (total (p, "bytes_recv"), 1005);
  end (p);
}
END_TEST

START_TEST (renamed)
{
  struct probe *p = begin ();
  TREE ({"lo", 1, 5, 5}, {"eth0", 2, 1000, 100, "device"});
  CREATE (p);
  TREE ({"lo", 1, 5, 5}, {"lan0", 2, 1700, 100, "device"});
  READ (p, 1);
  ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), 700, 1e-6);
  ck_assert_double_eq_tol (probe_number (p, "interfaces", "lan0", "bytes_recv_per_s"), 700, 1e-6);
  ck_assert (!probe_has_row (p, "interfaces", "eth0"));
  end (p);
}
END_TEST

/* The same name again, another interface: no rate between the two. */
START_TEST (removed_and_made_again)
{
  struct probe *p = begin ();
  TREE ({"lo", 1, 5, 5}, {"veth0", 2, 5000, 5000});
  CREATE (p);
  TREE ({"lo", 1, 5, 5}, {"veth0", 9, 40, 40});
  READ (p, 1);
  ck_assert_uint_eq (probe_absent (p, "interfaces", "veth0", "bytes_recv_per_s"), KK_FIRST);
  ck_assert_uint_eq (probe_identity (p, "interfaces", "veth0"), 9);
  ck_assert_double_eq (total (p, "bytes_recv_per_s"), 0);
  TREE ({"lo", 1, 5, 5}, {"veth0", 9, 140, 40});
  READ (p, 1);
  ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), 100, 1e-6);
  end (p);
}
END_TEST

/* The totals fall with it, as psutil's do; the rate does not. */
START_TEST (vanishes_and_another_comes)
{
  struct probe *p = begin ();
  TREE ({"lo", 1, 5, 5}, {"wg0", 2, 5000, 5000}, {"eth0", 3, 100, 100, "device"});
  CREATE (p);
  TREE ({"lo", 1, 5, 5}, {"eth0", 3, 200, 100, "device"}, {"usb0", 4, 999999, 9, "device"});
  READ (p, 1);
  ck_assert_double_eq (total (p, "bytes_recv"), 1000204);
  ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), 100, 1e-6);
  ck_assert_uint_eq (probe_absent (p, "interfaces", "usb0", "bytes_recv_per_s"), KK_FIRST);
  ck_assert_uint_eq (probe_rows (p, "interfaces"), 3);
  end (p);
}
END_TEST

START_TEST (chosen)
{
  static const char *const some[] = {"eth*", "wl?n0", "!eth9"}, *const but[] = {"!lo", "!veth*"};
  struct probe *p = begin ();
  TREE ({"lo", 1, 1, 1}, {"eth0", 2, 20, 1}, {"eth9", 3, 300, 1}, {"wlan0", 4, 4000, 1}, {"veth1", 5, 50000, 1});
  probe_list (p, "interfaces", some, 3);
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (total (p, "bytes_recv"), 4020);
  ck_assert_uint_eq (probe_rows (p, "interfaces"), 2);
  end (p);
  p = begin ();
  TREE ({"lo", 1, 1, 1}, {"eth0", 2, 20, 1}, {"eth9", 3, 300, 1}, {"wlan0", 4, 4000, 1}, {"veth1", 5, 50000, 1});
  probe_list (p, "interfaces", but, 2);
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (total (p, "bytes_recv"), 4320);
  ck_assert_uint_eq (probe_warnings (p), 0);
  end (p);
}
END_TEST

START_TEST (none_chosen)
{
  static const char *const none[] = {"ethernet0"};
  struct probe *p = begin ();
  TREE ({"lo", 1, 1, 1}, {"eth0", 2, 20, 1});
  probe_list (p, "interfaces", none, 1);
  CREATE (p);
  ck_assert_uint_eq (probe_warnings (p), 1);
  READ (p, 1);
  ck_assert_double_eq (total (p, "bytes_recv"), 0);
  end (p);
}
END_TEST

START_TEST (no_rate_over_a_gap)
{
  struct probe *p = begin ();
  TREE ({"eth0", 2, 1000, 100, "device"});
  CREATE (p);
  TREE ({"eth0", 2, 900000, 100, "device"});
  ck_assert_int_eq (probe_read_after (p, 900, KK_SUSPEND), 0);
  ck_assert_uint_eq (absent (p, "bytes_recv_per_s"), KK_SUSPEND);
  ck_assert_uint_eq (probe_absent (p, "interfaces", "eth0", "bytes_sent_per_s"), KK_SUSPEND);
  TREE ({"eth0", 2, 900010, 100, "device"});
  READ (p, 1);
  ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), 10, 1e-6);
  end (p);
}
END_TEST

/* Interfaces by the thousand, without /sys: known by name. */
START_TEST (thousands)
{
  enum { N = 3000 };
  struct probe *p = begin ();
  probe_flag (p, "per_interface", false);
  for (int round = 0; round < 3; round++) {
    char *text = malloc (N * 128 + sizeof HEAD);
    size_t n = (size_t) sprintf (text, "%s", HEAD);
    for (int i = 0; i < N; i++)
      if (i != 1500 || round == 0)
        n += (size_t) sprintf (text + n, "veth%04d:%d 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0\n", i, 10 + round);
    unit_write (dir, "net/dev", text);
    free (text);
    if (round == 0)
      CREATE (p);
    else {
      READ (p, 1);
      ck_assert_double_eq (total (p, "bytes_recv"), (N - 1) * (10 + round));
      ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), N - 1, 1e-6);
    }
  }
  end (p);
}
END_TEST

START_TEST (odd_lines)
{
  struct net_list l = {0};
  static const char text[] = HEAD "lo:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"             /* no blank after the colon */
                                  "  a:b: 10 0 0 0 0 0 0 0 20 0 0 0 0 0 0 0\n"              /* a colon in the name */
                                  "short: 1 2 3\n"                                          /* cut off */
                                  "huge: 99999999999999999999999 0 0 0 0 0 0 0 0 0 0 0 0\n" /* no number */
                                  ": 1 2 3 4 5 6 7 8 9 10 11 12\n"                          /* no name */
                                  "\n"
                                  "eth0: 18446744073709551615 2 3 4 5 6 7 8 9 10 11 12"; /* no newline, fewer columns */
  ck_assert_int_eq (net_parse_dev (text, sizeof text - 1, &l), 0);
  ck_assert_uint_eq (l.n, 3);
  ck_assert_str_eq (l.at[0].name, "lo");
  ck_assert_uint_eq (l.at[0].count[NET_BYTES_SENT], 9);
  ck_assert_uint_eq (l.at[0].count[NET_DROPS_SENT], 12);
  ck_assert_str_eq (l.at[1].name, "a:b");
  ck_assert_uint_eq (l.at[1].count[NET_BYTES_SENT], 20);
  ck_assert_uint_eq (l.at[2].count[NET_BYTES_RECV], UINT64_MAX);
  ck_assert_int_eq (net_parse_dev ("nonsense", 8, &l), -EBADMSG);
  net_list_free (&l);
}
END_TEST

START_TEST (no_file)
{
  struct probe *p = begin ();
  ck_assert_int_eq (probe_create (p), -ENOENT);
  ck_assert_uint_eq (probe_warnings (p), 1);
  ck_assert_ptr_nonnull (strstr (probe_message (p), "net/dev"));
  end (p);
}
END_TEST

/* ---- Against the obvious way ---- */

START_TEST (random_series)
{
  enum { N = 12 };
  int rounds = unit_rounds (400);
  struct line now[N], before[N];
  struct probe *p = begin ();
  char names[N][16];
  uint64_t next_index = 1;
  srand (4711);
  for (int i = 0; i < N; i++) {
    snprintf (names[i], sizeof names[i], "if%d", i);
    now[i] = (struct line){names[i], next_index++, 1000, 1000, NULL};
  }
  for (int round = 0; round < rounds; round++) {
    write_tree (now, N);
    if (round == 0) {
      CREATE (p);
    } else {
      READ (p, 1);
      uint64_t recv = 0, delta = 0;
      bool reset = false;
      for (int i = 0; i < N; i++) {
        bool known = now[i].index == before[i].index;
        recv += now[i].recv;
        if (known && (now[i].recv < before[i].recv || now[i].sent < before[i].sent))
          reset = true;
        else if (known)
          delta += now[i].recv - before[i].recv;
      }
      ck_assert_double_eq (total (p, "bytes_recv"), (double) recv);
      if (reset)
        ck_assert_uint_eq (absent (p, "bytes_recv_per_s"), KK_RESET);
      else
        ck_assert_double_eq_tol (total (p, "bytes_recv_per_s"), (double) delta, 1e-3);
    }
    memcpy (before, now, sizeof now);
    for (int i = 0; i < N; i++) {
      int dice = rand () % 100;
      if (dice == 0) /* reset */
        now[i].recv = now[i].sent = 0;
      else if (dice == 1) /* made again */
        now[i] = (struct line){names[i], next_index++, 0, 0, NULL};
      else {
        now[i].recv += (uint64_t) rand () % 10000;
        now[i].sent += (uint64_t) rand () % 10000;
      }
    }
  }
  end (p);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, totals_and_rates);
  tcase_add_test (t, counter_falls);
  tcase_add_test (t, stacked_devices_count_once);
  tcase_add_test (t, device_under_a_device);
  tcase_add_test (t, nothing_physical);
  tcase_add_test (t, renamed);
  tcase_add_test (t, removed_and_made_again);
  tcase_add_test (t, vanishes_and_another_comes);
  tcase_add_test (t, chosen);
  tcase_add_test (t, none_chosen);
  tcase_add_test (t, no_rate_over_a_gap);
  tcase_add_test (t, thousands);
  tcase_add_test (t, odd_lines);
  tcase_add_test (t, no_file);
  tcase_add_test (t, random_series);
}
UNIT_MAIN ("net", tests)
