#include "notify.h"
#include "unit.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

static int
listen_on (const char *address)
{
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  size_t length = strlen (address);
  ck_assert_uint_lt (length, sizeof at.sun_path);
  memcpy (at.sun_path, address, length);
  if (*address == '@')
    at.sun_path[0] = 0;
  int fd = socket (AF_UNIX, SOCK_DGRAM, 0);
  ck_assert_int_eq (bind (fd, (struct sockaddr *) &at, (socklen_t) (offsetof (struct sockaddr_un, sun_path) + length)), 0);
  return fd;
}

static void
expect (int fd, const char *want)
{
  char text[2048];
  ssize_t n = recv (fd, text, sizeof text - 1, MSG_DONTWAIT);
  ck_assert_int_ge (n, 0);
  text[n] = 0;
  ck_assert_str_eq (text, want);
}

static void
exchange (const char *address)
{
  struct notify n;
  int fd = listen_on (address);
  setenv ("NOTIFY_SOCKET", address, 1);
  ck_assert_int_eq (notify_open (&n), 0);
  ck_assert_ptr_null (getenv ("NOTIFY_SOCKET"));
  ck_assert_int_eq (notify_send (&n, "READY=1\nSTATUS=%s", "Recording"), 0);
  expect (fd, "READY=1\nSTATUS=Recording");
  ck_assert_int_eq (notify_reloading (&n), 0);
  char text[256];
  ssize_t length = recv (fd, text, sizeof text - 1, MSG_DONTWAIT);
  ck_assert_int_gt (length, 0);
  text[length] = 0;
  long long us = 0;
  ck_assert_int_eq (sscanf (text, "RELOADING=1\nMONOTONIC_USEC=%lld", &us), 1);
  ck_assert_int_gt (us, 0);
  close (fd);
  ck_assert_int_lt (notify_send (&n, "WATCHDOG=1"), 0); /* nobody there any more: an error, no signal */
  notify_close (&n);
}

START_TEST (a_socket_in_the_file_system)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "notify");
  exchange (path);
  free (path);
  free (dir);
}
END_TEST

START_TEST (an_abstract_socket)
{
  char address[64];
  snprintf (address, sizeof address, "@kode-kronical-test-%ld", (long) getpid ());
  exchange (address);
}
END_TEST

START_TEST (without_a_listener_nothing_is_sent)
{
  struct notify n;
  unsetenv ("NOTIFY_SOCKET");
  ck_assert_int_eq (notify_open (&n), 0);
  ck_assert_ptr_null (n.address);
  ck_assert_int_eq (notify_send (&n, "READY=1"), 0);
  notify_close (&n);
  static const char *const bad[] = {"", "@", "/", "relative", "vsock:2:1234"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    setenv ("NOTIFY_SOCKET", bad[i], 1);
    ck_assert_int_eq (notify_open (&n), 0);
    ck_assert_ptr_null (n.address);
    notify_close (&n);
  }
  char longest[300];
  memset (longest, 'x', sizeof longest);
  longest[0] = '/';
  longest[sizeof longest - 1] = 0;
  setenv ("NOTIFY_SOCKET", longest, 1);
  ck_assert_int_eq (notify_open (&n), 0);
  ck_assert_int_eq (notify_send (&n, "READY=1"), -ENAMETOOLONG);
  notify_close (&n);
}
END_TEST

START_TEST (the_watchdog_is_ours_or_nobodys)
{
  struct notify n;
  char pid[32];
  setenv ("WATCHDOG_USEC", "30000000", 1);
  snprintf (pid, sizeof pid, "%ld", (long) getpid ());
  setenv ("WATCHDOG_PID", pid, 1);
  ck_assert_int_eq (notify_open (&n), 0);
  ck_assert_int_eq (n.watchdog_ns, INT64_C (30000000000));
  ck_assert_ptr_null (getenv ("WATCHDOG_USEC"));
  notify_close (&n);
  setenv ("WATCHDOG_USEC", "30000000", 1);
  setenv ("WATCHDOG_PID", "1", 1);
  ck_assert_int_eq (notify_open (&n), 0);
  ck_assert_int_eq (n.watchdog_ns, 0);
  notify_close (&n);
  unsetenv ("WATCHDOG_PID");
  setenv ("WATCHDOG_USEC", "-7", 1);
  ck_assert_int_eq (notify_open (&n), 0);
  ck_assert_int_eq (n.watchdog_ns, 0);
  notify_close (&n);
}
END_TEST

START_TEST (an_inherited_environment_makes_no_unit)
{
  struct notify n;
  unsetenv ("NOTIFY_SOCKET");
  setenv ("INVOCATION_ID", "0123456789abcdef0123456789abcdef", 1);
  setenv ("SYSTEMD_EXEC_PID", "1", 1);
  ck_assert_int_eq (notify_open (&n), 0);
  ck_assert_ptr_null (n.unit);
  notify_close (&n);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, a_socket_in_the_file_system);
  tcase_add_test (t, an_abstract_socket);
  tcase_add_test (t, without_a_listener_nothing_is_sent);
  tcase_add_test (t, the_watchdog_is_ours_or_nobodys);
  tcase_add_test (t, an_inherited_environment_makes_no_unit);
}
UNIT_MAIN ("notify", tests)
