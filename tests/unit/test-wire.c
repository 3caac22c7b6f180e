#include "fake.h"
#include "isolate/wire.h"

#include <fcntl.h>
#include <sys/socket.h>

static int ends[2];
static struct buf body;

static void
set_up (void)
{
  ck_assert_int_eq (socketpair (AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
  body = (struct buf){.max = WIRE_MAX};
}

static void
tear_down (void)
{
  close (ends[0]);
  close (ends[1]);
  buf_free (&body);
}

static int
receive (struct wire_head *head)
{
  return wire_receive (ends[1], head, &body, real_in (0));
}

START_TEST (what_is_put_is_taken)
{
  size_t n = 77;
  wire_u8 (&body, 200);
  wire_u32 (&body, UINT32_MAX);
  wire_text (&body, "text");
  wire_text (&body, NULL);
  wire_text (&body, "");
  wire_text_n (&body, "with\0zero", 9);
  wire_u64 (&body, UINT64_MAX - 1);
  struct wire w = {.p = body.data, .end = body.data + body.len};
  ck_assert_uint_eq (wire_take_u8 (&w), 200);
  ck_assert_uint_eq (wire_take_u32 (&w), UINT32_MAX);
  ck_assert_str_eq (wire_take_text (&w, &n), "text");
  ck_assert_uint_eq (n, 4);
  ck_assert_ptr_null (wire_take_text (&w, NULL));
  ck_assert_str_eq (wire_take_text (&w, NULL), "");
  ck_assert_int_eq (memcmp (wire_take_text (&w, &n), "with\0zero", 10), 0);
  ck_assert_uint_eq (n, 9);
  ck_assert_uint_eq (wire_take_u64 (&w), UINT64_MAX - 1);
  ck_assert (!w.bad && w.p == w.end);
}
END_TEST

START_TEST (past_the_end_is_bad_for_good)
{
  struct wire w = {.p = "abc", .end = w.p + 3};
  ck_assert_uint_eq (wire_take_u32 (&w), 0);
  ck_assert (w.bad);
  ck_assert_uint_eq (wire_take_u8 (&w), 0); /* though one byte is there */
  ck_assert_ptr_null (wire_take_bytes (&w, 0));
}
END_TEST

START_TEST (a_text_stays_within_its_message)
{
  const uint32_t lengths[] = {3, 4, 100, INT32_MAX, UINT32_MAX - 1};
  for (size_t i = 0; i < KK_COUNT (lengths); i++) {
    buf_clear (&body);
    wire_u32 (&body, lengths[i]);
    buf_add (&body, "abcd", 4); /* 3: no 0 behind it; else: too short */
    struct wire w = {.p = body.data, .end = body.data + body.len};
    ck_assert_ptr_null (wire_take_text (&w, NULL));
    ck_assert (w.bad);
  }
}
END_TEST

START_TEST (a_message_of_several_packets)
{
  enum { SIZE = 2 * WIRE_PACKET + 5 };
  static char data[SIZE];
  struct wire_head head;
  for (size_t i = 0; i < SIZE; i++)
    data[i] = (char) (i * 31 >> 3);
  ck_assert_int_eq (wire_send (ends[0], WIRE_READ, 9, data, SIZE, real_in (5)), 0);
  for (int i = 0; i < 3; i++) {
    ck_assert_int_eq (receive (&head), 0);
    ck_assert_uint_eq (head.type, WIRE_READ);
    ck_assert_uint_eq (head.number, 9);
    ck_assert_uint_eq (head.more, i < 2);
  }
  ck_assert_uint_eq (body.len, SIZE);
  ck_assert_int_eq (memcmp (body.data, data, SIZE), 0);
  ck_assert_int_eq (wire_send (ends[0], WIRE_FLUSH, 10, NULL, 0, real_in (5)), 0); /* and an empty one is one */
  ck_assert_int_eq (receive (&head), 0);
  ck_assert_uint_eq (head.number, 10);
  ck_assert_uint_eq (body.len, SIZE);
}
END_TEST

START_TEST (nothing_comes)
{
  struct wire_head head;
  int64_t began = real_mono_ns ();
  ck_assert_int_eq (wire_receive (ends[1], &head, &body, began + 20 * MS), -ETIMEDOUT);
  ck_assert_int_ge (real_mono_ns () - began, 20 * MS);
  shutdown (ends[0], SHUT_RDWR);
  ck_assert_int_eq (receive (&head), -ECONNRESET);
}
END_TEST

START_TEST (packets_that_are_none)
{
  static char big[WIRE_PACKET + sizeof (struct wire_head) + 1];
  struct wire_head head;
  ck_assert_int_eq (send (ends[0], big, sizeof head - 1, 0), sizeof head - 1);
  ck_assert_int_eq (receive (&head), -EBADMSG);
  ck_assert_int_eq (send (ends[0], big, sizeof big, 0), sizeof big);
  ck_assert_int_eq (receive (&head), -EBADMSG);
  ck_assert_uint_eq (body.len, 0);
  body.max = 10;
  ck_assert_int_eq (wire_send (ends[0], WIRE_REPLY, 1, "", 1, real_in (5)), 0);
  ck_assert_int_eq (receive (&head), -EFBIG);
}
END_TEST

START_TEST (descriptors_are_not_taken)
{
  struct wire_head head = {.type = WIRE_REPLY};
  struct iovec part = {&head, sizeof head};
  union {
    struct cmsghdr head;
    char room[CMSG_SPACE (sizeof (int))];
  } control = {.room = {0}};
  struct msghdr m = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  *CMSG_FIRSTHDR (&m) =
    (struct cmsghdr){.cmsg_len = CMSG_LEN (sizeof (int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
  memcpy (CMSG_DATA (CMSG_FIRSTHDR (&m)), ends, sizeof (int));
  int before = dup (0);
  close (before);
  ck_assert_int_eq (sendmsg (ends[0], &m, 0), sizeof head);
  ck_assert_int_eq (receive (&head), -EBADMSG);
  int after = dup (0);
  close (after);
  ck_assert_int_eq (after, before);
}
END_TEST

START_TEST (who_does_not_read_is_not_waited_for)
{
  static const char data[WIRE_PACKET];
  int r = 0;
  for (int i = 0; i < 100000 && !r; i++)
    r = wire_send (ends[0], WIRE_READ, 1, data, sizeof data, real_mono_ns () + 10 * MS);
  ck_assert_int_eq (r, -ETIMEDOUT);
  close (ends[1]);
  ends[1] = -1;
  ck_assert_int_eq (wire_send (ends[0], WIRE_READ, 1, data, 1, real_in (5)), -ECONNRESET);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, what_is_put_is_taken);
  tcase_add_test (t, past_the_end_is_bad_for_good);
  tcase_add_test (t, a_text_stays_within_its_message);
  tcase_add_test (t, a_message_of_several_packets);
  tcase_add_test (t, nothing_comes);
  tcase_add_test (t, packets_that_are_none);
  tcase_add_test (t, descriptors_are_not_taken);
  tcase_add_test (t, who_does_not_read_is_not_waited_for);
}
UNIT_MAIN ("wire", tests)
