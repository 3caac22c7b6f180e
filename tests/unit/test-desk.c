#include "fake.h"
#include "isolate/desk.h"

#include <pthread.h>

static struct desk_host host;
static struct desk_guest guest;
static struct buf got;

static void
set_up (void)
{
  int fd;
  ck_assert_int_eq (desk_new (&host, &fd), 0);
  ck_assert_int_eq (desk_open (&guest, fd), 0);
  close (fd);
}

static void
tear_down (void)
{
  struct desk_host theirs = {.desk = guest.desk};
  desk_free (&host);
  desk_free (&theirs);
  buf_free (&got);
}

static bool
answer (uint32_t number, const char *text)
{
  const struct iovec part = {(void *) (uintptr_t) text, strlen (text)};
  bool knock;
  return desk_answer (&guest, number, &part, 1, &knock);
}

START_TEST (a_request_and_its_answer)
{
  ck_assert (desk_ask (&host, 7, 1, "ask", 3));
  ck_assert (desk_next (&guest));
  ck_assert_uint_eq (guest.desk->type, 7);
  ck_assert_uint_eq (guest.desk->n_request, 3);
  ck_assert_int_eq (memcmp (guest.desk->room, "ask", 3), 0);
  ck_assert (!desk_answered (&host, 1, real_in (0)));
  ck_assert (answer (1, "told"));
  ck_assert (desk_answered (&host, 1, real_in (0)));
  ck_assert_int_eq (desk_take (&host, &got), 0);
  ck_assert_str_eq (got.data, "told");
}
END_TEST

START_TEST (what_is_too_big_is_not_laid_there)
{
  static char big[DESK_ROOM + 1];
  const struct iovec halves[] = {{big, DESK_ROOM}, {big, 1}};
  bool knock;
  ck_assert (!desk_ask (&host, 7, 1, big, sizeof big));
  ck_assert (desk_ask (&host, 7, 1, big, DESK_ROOM));
  ck_assert (!desk_answer (&guest, 1, halves, 2, &knock));
  ck_assert (desk_answer (&guest, 1, halves, 1, &knock));
  ck_assert (desk_answer (&guest, 1, NULL, 0, &knock));
  ck_assert_int_eq (desk_take (&host, &got), -EAGAIN);
}
END_TEST

START_TEST (lengths_that_cannot_be)
{
  const uint32_t lengths[] = {DESK_ROOM + 1, 1u << 31, UINT32_MAX - 1};
  for (size_t i = 0; i < KK_COUNT (lengths); i++) {
    guest.desk->n_reply = lengths[i];
    ck_assert_int_eq (desk_take (&host, &got), -EBADMSG);
    ck_assert_uint_eq (got.len, 0);
  }
}
END_TEST

static void *
flicker (void *arg)
{
  for (uint32_t i = 0; !__atomic_load_n ((bool *) arg, __ATOMIC_RELAXED); i++)
    __atomic_store_n (&guest.desk->answered, UINT32_MAX - (i & 0xffffff), __ATOMIC_RELAXED);
  return NULL;
}

START_TEST (a_word_that_never_rests_is_not_waited_for_longer)
{
  pthread_t thread;
  bool end = false;
  ck_assert_int_eq (pthread_create (&thread, NULL, flicker, &end), 0);
  for (uint32_t i = 1; i < 20; i++) {
    int64_t began = real_mono_ns ();
    ck_assert (desk_ask (&host, 7, i, "", 0));
    ck_assert (!desk_answered (&host, i, began + 5 * MS));
    ck_assert_int_lt (real_mono_ns () - began, 2 * SECOND);
  }
  __atomic_store_n (&end, true, __ATOMIC_RELAXED);
  pthread_join (thread, NULL);
}
END_TEST

START_TEST (messages_at_the_socket_come_first)
{
  desk_announce (&host);
  desk_announce (&host);
  ck_assert (desk_ask (&host, 7, 1, "", 0));
  ck_assert (!desk_next (&guest));
  ck_assert (!desk_next (&guest));
  ck_assert (desk_next (&guest));
}
END_TEST

START_TEST (lines_are_told_once)
{
  ck_assert (!desk_logged (&host));
  desk_count_line (&guest);
  desk_count_line (&guest);
  ck_assert (desk_logged (&host));
  ck_assert (!desk_logged (&host));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, a_request_and_its_answer);
  tcase_add_test (t, what_is_too_big_is_not_laid_there);
  tcase_add_test (t, lengths_that_cannot_be);
  tcase_add_test (t, a_word_that_never_rests_is_not_waited_for_longer);
  tcase_add_test (t, messages_at_the_socket_come_first);
  tcase_add_test (t, lines_are_told_once);
}
UNIT_MAIN ("desk", tests)
