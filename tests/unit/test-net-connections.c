/* Established TCP connections, counted on made-up trees; the live kernel's netlink is for tests/system/inputs.py. */
#include "probe.h"

static char *dir;

#define DEV_HEAD "Inter-|   Receive\n face |bytes\n"

/* The loopback, through which that many packets went. */
static void
write_dev (int packets)
{
  char text[256];
  snprintf (text, sizeof text, DEV_HEAD "    lo: 1 %d 0 0 0 0 0 0 1 1 0 0 0 0 0 0\n", packets);
  unit_write (dir, "net/dev", text);
}

static struct probe *
begin (void)
{
  struct probe *p = probe_new ();
  dir = unit_temp_dir ();
  probe_path (p, "proc_root", dir);
  probe_path (p, "sys_root", dir);
  write_dev (10);
  return p;
}

static void
end (struct probe *p)
{
  probe_free (p);
  free (dir);
}

static double
connections (struct probe *p)
{
  return probe_number (p, "network", NULL, "active_connections");
}

#define CREATE(p)        ck_assert_int_eq (probe_create (p), 0)
#define READ(p, seconds) ck_assert_int_eq (probe_read (p, seconds), 0)

#define TCP_HEAD "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
#define TCP_LINE(n_, state_)                                                                                                   \
  "   " #n_ ": 0100007F:1F90 0100007F:C350 " state_                                                                            \
  " 00000000:00000000 00:00000000 00000000     0        0 1 1 0 20 4 30 10 -1\n"

static void
write_snmp (int opened, int established, int segments)
{
  char text[512];
  snprintf (text, sizeof text,
            "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm RtoMin RtoMax MaxConn ActiveOpens PassiveOpens CurrEstab InSegs OutSegs\n"
            "Tcp: 1 200 120000 -1 %d 0 %d %d 7\n",
            opened, established, segments);
  unit_write (dir, "net/snmp", text);
}

START_TEST (connections_from_files)
{
  struct probe *p = begin ();
  unit_write (dir, "net/tcp",
              TCP_HEAD TCP_LINE (0, "0A") TCP_LINE (1, "01") TCP_LINE (2, "01") TCP_LINE (3, "06") TCP_LINE (4, "08"));
  unit_write (dir, "net/tcp6", TCP_HEAD TCP_LINE (0, "01") TCP_LINE (1, "0A"));
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (connections (p), 3);
  end (p);
}
END_TEST

START_TEST (connections_without_ipv6)
{
  struct probe *p = begin ();
  unit_write (dir, "net/tcp", TCP_HEAD TCP_LINE (1, "01"));
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (connections (p), 1);
  end (p);
}
END_TEST

START_TEST (connections_unknown)
{
  struct probe *p = begin ();
  CREATE (p);
  for (int i = 0; i < 3; i++)
    READ (p, 1);
  ck_assert_uint_eq (probe_absent (p, "network", NULL, "active_connections"), KK_ERROR);
  ck_assert_double_eq (probe_number (p, "network", NULL, "bytes_recv"), 1);
  ck_assert_uint_eq (probe_warnings (p), 1);
  end (p);
}
END_TEST

/* More of them than any buffer holds. */
START_TEST (many_connections)
{
  enum { N = 20000 };
  struct probe *p = begin ();
  char *text = malloc ((N + 1) * 160), *at = text + sprintf (text, TCP_HEAD);
  for (int i = 0; i < N; i++)
    at += sprintf (at, "%*d: 0100007F:1F90 0100007F:C350 %s 00000000:00000000 %*s\n", 4 + i % 3, i, i % 4 ? "01" : "06", i % 60,
                   "");
  unit_write (dir, "net/tcp", text);
  free (text);
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (connections (p), N - N / 4);
  end (p);
}
END_TEST

/* Counted again only when packets went somewhere and the kernel's statistics say that something may have changed; and now and
 * then in any case. */
START_TEST (connections_counted_when_needed)
{
  struct probe *p = begin ();
  write_dev (10);
  write_snmp (5, 1, 100);
  unit_write (dir, "net/tcp", TCP_HEAD TCP_LINE (1, "01"));
  CREATE (p);
  READ (p, 1);
  ck_assert_double_eq (connections (p), 1);
  unit_write (dir, "net/tcp", TCP_HEAD TCP_LINE (1, "01") TCP_LINE (2, "01"));
  write_snmp (6, 2, 103);
  READ (p, 1); /* no packet went anywhere: connections stand still, whatever the files say */
  ck_assert_double_eq (connections (p), 1);
  write_snmp (5, 1, 100);
  write_dev (20);
  READ (p, 1); /* none of them was one of TCP */
  ck_assert_double_eq (connections (p), 1);
  write_snmp (6, 2, 103);
  write_dev (30);
  READ (p, 1);
  ck_assert_double_eq (connections (p), 2);
  unit_write (dir, "net/tcp", TCP_HEAD TCP_LINE (1, "01") TCP_LINE (2, "08"));
  write_snmp (6, 2, 104); /* the other side hung up: only a segment more */
  write_dev (40);
  READ (p, 1);
  ck_assert_double_eq (connections (p), 2);
  READ (p, 4.5);
  ck_assert_double_eq (connections (p), 1);
  unit_write (dir, "net/tcp", TCP_HEAD);
  READ (p, 61);
  ck_assert_double_eq (connections (p), 0);
  end (p);
}
END_TEST

/* At 200 Hz the table is walked once a second; what changed in between is seen then, also when all is quiet again. */
START_TEST (connections_at_most_once_a_second)
{
  struct probe *p = begin ();
  write_dev (10);
  write_snmp (5, 1, 100);
  unit_write (dir, "net/tcp", TCP_HEAD TCP_LINE (1, "01"));
  CREATE (p);
  READ (p, 1);
  unit_write (dir, "net/tcp", TCP_HEAD);
  write_snmp (5, 0, 102);
  write_dev (20);
  for (int i = 0; i < 100; i++) {
    READ (p, 0.005);
    ck_assert_double_eq (connections (p), 1);
  }
  READ (p, 0.5);
  ck_assert_double_eq (connections (p), 0);
  end (p);
}
END_TEST

/* A system that fills in zeros. */
START_TEST (statistics_that_do_not_move)
{
  struct probe *p = begin ();
  write_snmp (0, 0, 0);
  unit_write (dir, "net/tcp", TCP_HEAD TCP_LINE (1, "01"));
  CREATE (p);
  READ (p, 1);
  unit_write (dir, "net/tcp", TCP_HEAD TCP_LINE (1, "01") TCP_LINE (2, "01"));
  READ (p, 1);
  ck_assert_double_eq (connections (p), 2);
  end (p);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, connections_from_files);
  tcase_add_test (t, connections_without_ipv6);
  tcase_add_test (t, connections_unknown);
  tcase_add_test (t, many_connections);
  tcase_add_test (t, connections_counted_when_needed);
  tcase_add_test (t, connections_at_most_once_a_second);
  tcase_add_test (t, statistics_that_do_not_move);
}
UNIT_MAIN ("net-connections", tests)
