#include "hook.h"

#include "hook-request.h"
#include "jitter.h"
#include "poster.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static const int64_t SECOND_NS = 1000000000, LOOK_NS = 20000000, GRACE_NS = INT64_C (5000000000),
                     SAY_NS = INT64_C (60000000000), MOST_WAIT_NS = INT64_C (300000000000);

void
hook_init (struct hook *h, struct kk_instance *self, const struct options *options)
{
  *h = (struct hook){.self = self, .options = options, .answer_fd = -1};
}

static void
forget (struct hook *h)
{
  if (h->answer_fd >= 0)
    close (h->answer_fd);
  h->answer_fd = -1;
  h->pid = 0;
  h->killed = false;
  h->letter = NULL;
}

static void
end_group (const struct hook *h)
{
  kill (-h->pid, SIGKILL);
  kill (h->pid, SIGKILL); /* before it made the group its own */
}

void
hook_free (struct hook *h)
{
  if (h->pid) {
    end_group (h);
    while (waitpid (h->pid, NULL, 0) < 0 && errno == EINTR)
      ;
  }
  forget (h);
}

/* ---- Words ---- */

static void
show (struct hook *h, const struct alert_post *post, int64_t mono_ns)
{
  char text[sizeof h->shown], when[32] = "";
  const uint32_t waits = alert_post_count (post, ALERT_BY_WEBHOOK);
  int n = snprintf (text, sizeof text, "%" PRIu64 " posted, %" PRIu64 " refused, %u wait%s", h->posted, h->refused, waits,
                    waits == 1 ? "s" : "");
  if (*h->error && waits) {
    struct timespec now;
    struct tm local;
    clock_gettime (CLOCK_REALTIME, &now);
    time_t at = now.tv_sec + (time_t) ((h->again_ns - mono_ns) / SECOND_NS);
    if (!localtime_r (&at, &local) || !strftime (when, sizeof when, "%H:%M:%S", &local))
      *when = 0;
    snprintf (text + n, sizeof text - (size_t) n, "; next try at %s, for: %.150s", when, h->error);
  }
  if (strcmp (text, h->shown) != 0)
    kk_status (h->self, "webhook", "%s", text);
  memcpy (h->shown, text, sizeof text);
}

static void
say_trouble (struct hook *h, int64_t mono_ns)
{
  if (h->in_trouble && mono_ns - h->said_ns < SAY_NS)
    return;
  if (!h->in_trouble || h->failures % 16 == 0)
    kk_error (h->self, "webhook: %s; messages wait on disk, and it is tried again", h->error);
  h->in_trouble = true;
  h->said_ns = mono_ns;
}

/* ---- What came of it ---- */

/* Later and later, each time a little different; longer where the server says so. */
static void
try_later (struct hook *h, int64_t asked_ns, int64_t mono_ns)
{
  int64_t wait_ns = h->failures < 9 ? SECOND_NS << h->failures : MOST_WAIT_NS;
  wait_ns = jitter (wait_ns < MOST_WAIT_NS ? wait_ns : MOST_WAIT_NS);
  h->failures++;
  h->again_ns = mono_ns + (asked_ns > wait_ns ? asked_ns : wait_ns);
  say_trouble (h, mono_ns);
}

static void
succeed (struct hook *h)
{
  if (h->in_trouble)
    kk_info (h->self, "webhook: messages are taken again");
  h->in_trouble = false;
  h->failures = 0;
  h->again_ns = INT64_MIN;
  *h->error = 0;
}

/* The request as such is what the server does not want: another time it would not, either. */
static bool
is_refusal (long status)
{
  return status == 400 || status == 413 || status == 415 || status == 422;
}

/* True: it need not be tried again. */
static bool
judge (struct hook *h, const char *answer, int64_t mono_ns)
{
  int r, sent, at = 0;
  long status;
  int64_t asked_ns;
  const bool read = sscanf (answer, "%d %ld %" SCNd64 " %d\n%n", &r, &status, &asked_ns, &sent, &at) == 4;
  if (read && status >= 200 && status < 300) {
    h->posted++;
    succeed (h);
    return true;
  }
  if (read && is_refusal (status)) {
    h->refused++;
    kk_error (h->self,
              "webhook: a message is refused with status %ld, and not tried again: see webhook_body and webhook_headers",
              status);
    succeed (h);
    return true;
  }
  if (read && status >= 300 && status < 400)
    snprintf (h->error, sizeof h->error, "status %ld: redirections are not followed, give the URL itself", status);
  else if (read && status)
    snprintf (h->error, sizeof h->error, "the server answers with status %ld", status);
  else if (read)
    snprintf (h->error, sizeof h->error, "%s", answer + at);
  else
    snprintf (h->error, sizeof h->error, "%s", h->killed ? "no answer in time" : "the program " POSTER " failed");
  try_later (h, read ? asked_ns : 0, mono_ns);
  return false;
}

static void
take_end (struct hook *h, int64_t mono_ns, hook_ended ended, void *arg)
{
  char answer[POSTER_ANSWER + 1];
  struct pollfd fd = {.fd = h->answer_fd, .events = POLLIN};
  size_t n = 0;
  /* It is over: what it wrote is there. */
  while (n < POSTER_ANSWER && poll (&fd, 1, 0) > 0) {
    ssize_t some = read (h->answer_fd, answer + n, POSTER_ANSWER - n);
    if (some <= 0)
      break;
    n += (size_t) some;
  }
  answer[n] = 0;
  struct alert_letter *l = h->letter;
  bool told = judge (h, answer, mono_ns);
  forget (h);
  ended (arg, l, told);
}

/* ---- Trying ---- */

static void
start (struct hook *h, struct alert_letter *l, int64_t mono_ns)
{
  char why[200] = "";
  int r = hook_request_start (h->options, l, &h->pid, &h->answer_fd, why, sizeof why);
  if (r) {
    h->pid = 0;
    snprintf (h->error, sizeof h->error, "%s", *why ? why : strerror (-r));
    try_later (h, 0, mono_ns);
    return;
  }
  h->letter = l;
  l->under_way |= ALERT_BY_WEBHOOK;
  h->until_ns = mono_ns + h->options->webhook_timeout_ns + GRACE_NS;
}

bool
hook_is_busy (const struct hook *h, const struct alert_post *post, int64_t mono_ns)
{
  return h->pid || (h->again_ns <= mono_ns && alert_post_next (post, ALERT_BY_WEBHOOK, mono_ns));
}

int64_t
hook_look (struct hook *h, const struct alert_post *post, int64_t mono_ns, hook_ended ended, void *arg)
{
  int status;
  if (h->pid && !h->killed && mono_ns >= h->until_ns) {
    end_group (h);
    h->killed = true;
  }
  if (h->pid && waitpid (h->pid, &status, WNOHANG) == h->pid)
    take_end (h, mono_ns, ended, arg);
  struct alert_letter *l = h->pid ? NULL : alert_post_next (post, ALERT_BY_WEBHOOK, mono_ns);
  if (l && h->again_ns <= mono_ns)
    start (h, l, mono_ns);
  show (h, post, mono_ns);
  return h->pid ? mono_ns + LOOK_NS : l ? h->again_ns : INT64_MAX;
}
