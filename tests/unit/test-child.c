#include "fake.h"
#include "isolate/child.h"

#include <sys/socket.h>

/* The process of the plugin is played by this one, at the other end of the socket. */
static struct child child;
static struct desk_guest guest;
static int far_end;
static uint32_t heard;

static void
log_line (const char *text)
{
  struct buf BUF_CLEANUP b = {0};
  wire_u32 (&b, KK_LOG_INFO);
  wire_text (&b, text);
  ck_assert_int_eq (wire_send (far_end, WIRE_LOG, 0, b.data, b.len, 0), 0);
  desk_count_line (&guest);
}

static void
answer (uint32_t number, uint32_t result)
{
  const struct iovec part = {&result, sizeof result};
  bool knock;
  ck_assert (desk_answer (&guest, number, &part, 1, &knock));
  if (knock)
    ck_assert_int_eq (wire_send (far_end, WIRE_KNOCK, number, NULL, 0, 0), 0);
}

/* What the process does at the moment in which the daemon takes a line of it. */
static void (*meanwhile) (void);

static void
on_line (void *arg, uint32_t level, const char *text)
{
  (void) arg;
  (void) level;
  (void) text;
  heard++;
  if (meanwhile)
    meanwhile ();
  meanwhile = NULL;
}

/* Each look at the socket finds one line more counted. */
static bool counts_on;
ssize_t __real_recvmsg (int fd, struct msghdr *message, int flags);
ssize_t __wrap_recvmsg (int fd, struct msghdr *message, int flags);

ssize_t
__wrap_recvmsg (int fd, struct msghdr *message, int flags)
{
  if (counts_on)
    desk_count_line (&guest);
  return __real_recvmsg (fd, message, flags);
}

static void
set_up (void)
{
  int ends[2], fd;
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  child = (struct child){.fd = ends[0], .life = -1, .out = -1, .line = on_line};
  far_end = ends[1];
  ck_assert_int_eq (desk_new (&child.desk, &fd), 0);
  ck_assert_int_eq (desk_open (&guest, fd), 0);
  close (fd);
  heard = 0;
  counts_on = false;
  meanwhile = NULL;
}

static void
tear_down (void)
{
  struct desk_host theirs = {.desk = guest.desk};
  desk_free (&child.desk);
  desk_free (&theirs);
  buf_free (&child.in);
  close (child.fd);
  close (far_end);
}

static void
request (void)
{
  const struct buf nothing = {0};
  ck_assert_int_eq (child_request (&child, WIRE_READ, &nothing, real_in (1)), 0);
}

static int
reply (double seconds, int32_t *ret_result)
{
  struct wire w;
  return child_reply (&child, real_in (seconds), &w, ret_result);
}

static void
answer_first (void)
{
  answer (1, 42);
}

static void
log_and_answer_first (void)
{
  log_line ("one more");
  answer (1, 42);
}

START_TEST (an_answer_while_lines_are_taken_is_not_slept_over)
{
  static void (*const ways[]) (void) = {answer_first, log_and_answer_first};
  int32_t result = 0;
  log_line ("working");
  request ();
  meanwhile = ways[_i];
  ck_assert_int_eq (reply (2, &result), 0);
  ck_assert_int_eq (result, 42);
  ck_assert_uint_eq (heard, 1u + (uint32_t) _i);
}
END_TEST

START_TEST (an_answer_before_anybody_looks)
{
  int32_t result = 0;
  log_line ("working");
  request ();
  answer (1, 7);
  ck_assert_int_eq (reply (2, &result), 0);
  ck_assert_int_eq (result, 7);
  ck_assert_uint_eq (heard, 1);
}
END_TEST

START_TEST (lines_without_an_answer_do_not_prolong_the_wait)
{
  int32_t result = 0;
  for (int i = 0; i < 50; i++)
    log_line ("working");
  request ();
  ck_assert_int_eq (reply (0.03, &result), -ETIMEDOUT);
  ck_assert_uint_eq (heard, 50);
  answer (1, 9);
  ck_assert_int_eq (reply (2, &result), 0);
  ck_assert_int_eq (result, 9);
}
END_TEST

START_TEST (lines_that_are_counted_and_never_come)
{
  int32_t result = 0;
  request ();
  desk_count_line (&guest);
  counts_on = true;
  ck_assert_int_eq (reply (0.2, &result), -ETIMEDOUT);
}
END_TEST

START_TEST (a_process_that_is_gone)
{
  int32_t result = 0;
  request ();
  shutdown (far_end, SHUT_RDWR);
  ck_assert_int_eq (reply (2, &result), -ECONNRESET);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_loop_test (t, an_answer_while_lines_are_taken_is_not_slept_over, 0, 2);
  tcase_add_test (t, an_answer_before_anybody_looks);
  tcase_add_test (t, lines_without_an_answer_do_not_prolong_the_wait);
  tcase_add_test (t, lines_that_are_counted_and_never_come);
  tcase_add_test (t, a_process_that_is_gone);
}
UNIT_MAIN ("child", tests)
