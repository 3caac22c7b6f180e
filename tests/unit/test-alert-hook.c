/* The webhook in a time of its own, against a server that is a function: how often it is asked, and in which order. */
#include "alert/hook-request.h"
#include "alert/hook.h"
#include "launch.h"
#include "unit.h"

#define S INT64_C (1000000000)
enum { ASKED = 4096, LOGGED = 64 };

static struct options options = {.webhook_timeout_ns = 30 * S};
static struct hook hook;
static struct alert_post post;
static int64_t mono;
static struct {
  char id[ALERT_ID];
  int64_t at_ns;
} asked[ASKED];
static int n_asked, n_told, n_logged;
static char told[ASKED][ALERT_ID], logged[LOGGED][300];
static bool killed;

/* The server: what the program writes for that message; NULL: it hangs. */
static const char *(*serve) (const char *id);
static int refusal; /* what starting the program comes to */

/* ---- In the place of the program ---- */

int __wrap_hook_request_start (const struct options *o, const struct alert_letter *l, pid_t *ret_pid, int *ret_fd, char *why,
                               size_t size);
bool __wrap_launch_take_end (pid_t pid, int *ret_status);
void __wrap_launch_kill (pid_t pid);
static bool hangs;

int
__wrap_hook_request_start (const struct options *o, const struct alert_letter *l, pid_t *ret_pid, int *ret_fd, char *why,
                           size_t size)
{
  int fds[2];
  ck_assert_ptr_eq (o, &options);
  ck_assert_int_lt (n_asked, ASKED);
  memcpy (asked[n_asked].id, l->id, ALERT_ID);
  asked[n_asked++].at_ns = mono;
  if (refusal) {
    snprintf (why, size, "no");
    return refusal;
  }
  const char *answer = serve (l->id);
  hangs = !answer;
  killed = false;
  ck_assert_int_eq (pipe (fds), 0);
  if (answer)
    ck_assert_int_gt (write (fds[1], answer, strlen (answer)), 0);
  close (fds[1]);
  *ret_pid = 1;
  *ret_fd = fds[0];
  return 0;
}

bool
__wrap_launch_take_end (pid_t pid, int *ret_status)
{
  ck_assert_int_eq (pid, 1);
  *ret_status = 0;
  return !hangs || killed;
}

void
__wrap_launch_kill (pid_t pid)
{
  ck_assert_int_eq (pid, 1);
  killed = true;
}

/* ---- The host ---- */

static void
host_log (struct kk_instance *self, uint32_t level, const char *text)
{
  (void) self, (void) level;
  if (n_logged < LOGGED)
    snprintf (logged[n_logged++], sizeof logged[0], "%s", text);
}

static uint32_t
host_log_level (const struct kk_instance *self)
{
  (void) self;
  return KK_LOG_INFO;
}

static void
host_status (struct kk_instance *self, const char *key, const char *text)
{
  (void) self, (void) key, (void) text;
}

static const struct kk_host host = {
  .size = sizeof host, .api = KK_API, .log = host_log, .log_level = host_log_level, .status = host_status};
static struct kk_instance self = {&host};

static int
said (const char *part)
{
  int n = 0;
  for (int i = 0; i < n_logged; i++)
    n += strstr (logged[i], part) != NULL;
  return n;
}

/* ---- Time goes by ---- */

static void
setup (void)
{
  mono = 1000 * S;
  n_asked = n_told = n_logged = refusal = 0;
  alert_post_init (&post, 1 << 20, 30 * 86400 * S);
  hook_init (&hook, &self, &options);
}

static void
teardown (void)
{
  alert_post_free (&post);
}

static void
add (const char *id)
{
  struct alert_record r = {.type = ALERT_RECORD_SEND, .left = ALERT_BY_WEBHOOK, .json = "{}", .json_length = 2};
  snprintf (r.id, sizeof r.id, "%s", id);
  alert_post_add (&post, &r, 0, mono);
}

static void
ended (void *arg, struct alert_letter *l, bool was_told)
{
  (void) arg;
  l->under_way = 0;
  if (!was_told)
    return;
  ck_assert_int_lt (n_told, ASKED);
  memcpy (told[n_told++], l->id, ALERT_ID);
  alert_post_told (&post, l, ALERT_BY_WEBHOOK);
}

static void
pass (int64_t ns)
{
  for (const int64_t end_ns = mono + ns; mono < end_ns;) {
    const int64_t next_ns = hook_look (&hook, &post, mono, ended, NULL);
    ck_assert_int_gt (next_ns, mono);
    mono = next_ns < end_ns ? next_ns : end_ns;
  }
}

static const char *
takes (const char *id)
{
  (void) id;
  return "0 200 0 1\n";
}

static const char *
fails (const char *id)
{
  (void) id;
  return "0 500 0 1\n";
}

static const char *
resets (const char *id)
{
  (void) id;
  return "-104 0 0 1\nthe connection broke";
}

static const char *
is_away (const char *id)
{
  static char answer[80];
  (void) id;
  snprintf (answer, sizeof answer, "-111 0 0 0\nnobody is there, found after %d ms", n_asked);
  return answer;
}

static const char *
does_not_answer (const char *id)
{
  (void) id;
  return NULL;
}

static const char *
fails_b (const char *id)
{
  return *id == 'b' ? fails (id) : takes (id);
}

static const char *
is_unable (const char *id)
{
  (void) id;
  return "0 502 0 1\n";
}

static const char *
refuses (const char *id)
{
  (void) id;
  return "0 400 0 1\n";
}

/* ---- How often ---- */

START_TEST (tries_grow_seldom)
{
  static const char *(*const servers[]) (const char *) = {fails, resets, is_away, does_not_answer};
  const int64_t own_ns = _i == 3 ? 35 * S : 0; /* a try lasts so long */
  serve = servers[_i];
  add ("a");
  pass (86400 * S);
  for (int i = 1; i < n_asked; i++) {
    const int64_t most_ns = i < 10 ? S << (i - 1) : 300 * S, gap_ns = asked[i].at_ns - asked[i - 1].at_ns - own_ns;
    ck_assert_int_ge (gap_ns, (most_ns < 300 * S ? most_ns : 300 * S) / 2);
    ck_assert_int_le (gap_ns, (most_ns < 300 * S ? most_ns : 300 * S) + S / 10);
  }
  ck_assert_int_ge (n_asked, 86400 / 340);
  ck_assert_int_le (n_asked, 86400 / 150 + 10);
  ck_assert_uint_eq (post.n, 1);
  serve = takes;
  pass (340 * S);
  ck_assert_uint_eq (post.n, 0);
  ck_assert_int_eq (said ("taken again"), 1);
}
END_TEST

/* ---- In which order ---- */

START_TEST (one_that_is_never_taken)
{
  char id[8];
  serve = fails_b;
  add ("b");
  for (int i = 0; i < 50; i++) {
    snprintf (id, sizeof id, "a%d", i);
    add (id);
  }
  pass (20 * S);
  ck_assert_int_eq (n_told, 50);
  for (int i = 0; i < 50; i++) {
    snprintf (id, sizeof id, "a%d", i);
    ck_assert_str_eq (told[i], id);
  }
  ck_assert_uint_eq (post.n, 1);
  /* Those that come later wait for nothing. */
  pass (3600 * S);
  add ("c");
  pass (S);
  ck_assert_str_eq (told[50], "c");
  ck_assert_int_eq (said ("a message is not taken: the server answers with status 500"), 1);
  const int tried = n_asked - 51;
  ck_assert_int_ge (tried, 12);
  ck_assert_int_le (tried, 3600 / 150 + 10);
  serve = takes;
  pass (301 * S);
  ck_assert_str_eq (told[51], "b");
}
END_TEST

START_TEST (one_that_comes_when_all_seems_lost)
{
  serve = fails_b;
  add ("b");
  pass (86400 * S);
  ck_assert_int_eq (n_told, 0);
  add ("c");
  pass (301 * S);
  ck_assert_int_eq (n_told, 1);
}
END_TEST

START_TEST (several_that_are_never_taken)
{
  serve = fails_b;
  add ("b1");
  add ("b2");
  add ("b3");
  add ("c");
  add ("b4");
  add ("d");
  pass (900 * S);
  ck_assert_int_eq (n_told, 2);
  ck_assert_str_eq (told[0], "c");
  ck_assert_str_eq (told[1], "d");
}
END_TEST

/* After an outage one message at most is told before an older one; none where the server was not there at all. */
START_TEST (after_an_outage)
{
  char id[8];
  serve = _i == 0 ? is_away : _i == 1 ? fails : does_not_answer;
  for (int i = 0; i < 100; i++) {
    snprintf (id, sizeof id, "a%d", i);
    add (id);
  }
  pass (7200 * S);
  serve = takes;
  pass (400 * S);
  ck_assert_int_eq (n_told, 100);
  int overtook = 0;
  for (int i = 1; i < 100; i++)
    overtook += atoi (told[i] + 1) < atoi (told[i - 1] + 1);
  ck_assert_int_le (overtook, _i > 0);
}
END_TEST

/* ---- Words ---- */

START_TEST (a_refusal_is_no_success)
{
  serve = fails;
  add ("a");
  pass (2 * S);
  ck_assert_int_eq (said ("messages wait on disk"), 1);
  serve = refuses;
  pass (30 * S);
  ck_assert_int_eq (said ("is refused with status 400"), 1);
  ck_assert_int_eq (said ("taken again"), 0);
  ck_assert_uint_eq (hook.posted, 0);
  ck_assert_uint_eq (hook.refused, 1);
  serve = takes;
  add ("b");
  pass (S);
  ck_assert_int_eq (said ("taken again"), 1);
}
END_TEST

START_TEST (another_reason_is_said)
{
  serve = fails;
  add ("a");
  pass (100 * S);
  ck_assert_int_eq (n_logged, 1);
  serve = is_away;
  pass (400 * S);
  ck_assert_int_eq (said ("webhook: nobody is there"), 1); /* however long that took each time */
  /* However often it changes, once a minute is the most. */
  const int before = n_logged;
  for (int i = 0; i < 60; i++) {
    hook.again_ns = mono;
    serve = i % 2 ? fails : is_away;
    pass (10 * S);
  }
  ck_assert_int_le (n_logged - before, 11);
  ck_assert_int_ge (n_logged - before, 5);
  serve = fails;
  pass (400 * S);
  const int failed = n_logged;
  serve = is_unable;
  pass (700 * S);
  ck_assert_int_gt (n_logged, failed); /* another status is another reason */
  ck_assert_int_eq (said ("status 502"), 1);
}
END_TEST

START_TEST (what_cannot_be_posted)
{
  serve = takes;
  refusal = -EBADMSG;
  add ("a");
  add ("b");
  pass (S);
  ck_assert_int_eq (n_told, 2); /* given up */
  ck_assert_uint_eq (hook.refused, 2);
  ck_assert_int_eq (said ("cannot be posted, and is not tried again: no"), 2);
  refusal = -ENOMEM;
  add ("c");
  pass (60 * S);
  ck_assert_uint_eq (post.n, 1);
  refusal = 0;
  pass (60 * S);
  ck_assert_uint_eq (post.n, 0);
  ck_assert_uint_eq (hook.posted, 1);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_loop_test (t, tries_grow_seldom, 0, 4);
  tcase_add_test (t, one_that_is_never_taken);
  tcase_add_test (t, one_that_comes_when_all_seems_lost);
  tcase_add_test (t, several_that_are_never_taken);
  tcase_add_loop_test (t, after_an_outage, 0, 3);
  tcase_add_test (t, a_refusal_is_no_success);
  tcase_add_test (t, another_reason_is_said);
  tcase_add_test (t, what_cannot_be_posted);
}
UNIT_MAIN ("alert-hook", tests)
