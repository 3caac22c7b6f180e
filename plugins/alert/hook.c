#include "hook.h"

#include "hook-request.h"
#include "jitter.h"
#include "launch.h"
#include "poster.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
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

void
hook_kill (const struct hook *h)
{
  if (h->pid)
    launch_kill (h->pid);
}

bool
hook_is_over (struct hook *h)
{
  int status;
  if (h->pid && launch_take_end (h->pid, &status))
    forget (h);
  return !h->pid;
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
    const int64_t due_ns = alert_post_due (post, ALERT_BY_WEBHOOK), own_ns = due_ns == INT64_MAX ? mono_ns : due_ns;
    const int64_t next_ns = own_ns > h->again_ns ? own_ns : h->again_ns;
    struct timespec now;
    struct tm local;
    clock_gettime (CLOCK_REALTIME, &now);
    time_t at = now.tv_sec + (time_t) ((next_ns > mono_ns ? next_ns - mono_ns : 0) / SECOND_NS);
    if (!localtime_r (&at, &local) || !strftime (when, sizeof when, "%H:%M:%S", &local))
      *when = 0;
    snprintf (text + n, sizeof text - (size_t) n, "; next try at %s, for: %.150s", when, h->error);
  }
  if (strcmp (text, h->shown) != 0)
    kk_status (h->self, "webhook", "%s", text);
  memcpy (h->shown, text, sizeof text);
}

/* The same words, with whatever numbers: how long something took differs each time. */
static bool
is_alike (const char *a, const char *b)
{
  static const char digits[] = "0123456789";
  for (;; a++, b++) {
    a += strspn (a, digits);
    b += strspn (b, digits);
    if (*a != *b || !*a)
      return *a == *b;
  }
}

/* Another reason is said too, but all of it at most once a minute. */
static void
say_trouble (struct hook *h, int64_t mono_ns)
{
  const bool other = h->status != h->said_status || !is_alike (h->error, h->said);
  if (h->in_trouble && (mono_ns - h->said_ns < SAY_NS || (!other && h->failures % 16 != 0)))
    return;
  kk_error (h->self, "webhook: %s; messages wait on disk, and it is tried again", h->error);
  h->in_trouble = true;
  h->said_ns = mono_ns;
  h->said_status = h->status;
  memcpy (h->said, h->error, sizeof h->said);
}

/* ---- What came of it ---- */

/* Later and later, each time a little different. */
static int64_t
back_off (uint32_t failures)
{
  return jitter_back_off (SECOND_NS, failures, MOST_WAIT_NS);
}

/* All wait; longer where the server says so. */
static void
try_later (struct hook *h, int64_t asked_ns, int64_t mono_ns)
{
  const int64_t wait_ns = back_off (h->failures);
  h->failures++;
  h->again_ns = mono_ns + (asked_ns > wait_ns ? asked_ns : wait_ns);
  say_trouble (h, mono_ns);
}

/* Others were taken since it last failed: this one alone waits. */
static void
step_back (struct hook *h, struct alert_letter *l, int64_t mono_ns)
{
  if (!l->webhook.again_ns)
    kk_warn (h->self, "webhook: a message is not taken: %s; others go before it, and it is tried again later", h->error);
  l->webhook.again_ns = mono_ns + back_off (l->webhook.failures);
}

static void
answered (struct hook *h)
{
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

static void
take (struct hook *h)
{
  h->posted++;
  if (h->in_trouble)
    kk_info (h->self, "webhook: messages are taken again");
  h->in_trouble = false;
  answered (h);
}

/* What the program said. */
struct outcome {
  int error;
  long status;
  int64_t asked_ns; /* to wait */
  int sent;         /* it may have the request */
  const char *why;
};

static void
say_why (struct hook *h, const struct outcome *o)
{
  h->status = o->status;
  if (o->status >= 300 && o->status < 400)
    snprintf (h->error, sizeof h->error, "status %ld: redirections are not followed, give the URL itself", o->status);
  else if (o->status)
    snprintf (h->error, sizeof h->error, "the server answers with status %ld", o->status);
  else
    snprintf (h->error, sizeof h->error, "%s", o->why);
}

/* True: it need not be tried again. */
static bool
judge (struct hook *h, struct alert_letter *l, const struct outcome *o, int64_t mono_ns)
{
  if (o->status >= 200 && o->status < 300) {
    take (h);
    return true;
  }
  if (is_refusal (o->status)) {
    h->refused++;
    kk_error (h->self,
              "webhook: a message is refused with status %ld, and not tried again: see webhook_body and webhook_headers",
              o->status);
    answered (h);
    return true;
  }
  say_why (h, o);
  /* Where the server was not reached, or asks all to wait, no message is to blame. */
  const bool blamed = (o->status || o->sent) && !o->asked_ns;
  const bool alone = blamed && !h->failures && l->webhook.failures >= HOOK_PATIENCE;
  l->webhook.failures += blamed;
  if (alone)
    step_back (h, l, mono_ns);
  else
    try_later (h, o->asked_ns, mono_ns);
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
  int at = 0;
  struct outcome o = {.error = 0};
  if (sscanf (answer, "%d %ld %" SCNd64 " %d\n%n", &o.error, &o.status, &o.asked_ns, &o.sent, &at) == 4)
    o.why = answer + at;
  else
    o = (struct outcome){.sent = h->killed, .why = h->killed ? "no answer in time" : "the program " POSTER " failed"};
  struct alert_letter *l = h->letter;
  bool told = judge (h, l, &o, mono_ns);
  forget (h);
  ended (arg, l, told);
}

/* ---- Trying ---- */

/* The oldest; where that failed so often that it may be its own fault, and nothing else was taken since, the one that failed
 * least. */
static struct alert_letter *
choose (const struct hook *h, const struct alert_post *post, int64_t mono_ns)
{
  struct alert_letter *first = alert_post_next (post, ALERT_BY_WEBHOOK, mono_ns), *best = first;
  if (!first || first->webhook.failures < HOOK_PATIENCE || !h->failures)
    return first;
  for (struct alert_letter *l = first->next; l; l = l->next)
    if (l->webhook.failures < best->webhook.failures && alert_letter_is_due (l, ALERT_BY_WEBHOOK, mono_ns))
      best = l;
  return best;
}

/* True: it was given up. */
static bool
start (struct hook *h, struct alert_letter *l, int64_t mono_ns)
{
  char why[200] = "";
  int r = hook_request_start (h->options, l, &h->pid, &h->answer_fd, why, sizeof why);
  if (r == -EBADMSG) {
    h->refused++;
    kk_error (h->self, "webhook: a message cannot be posted, and is not tried again: %s", why);
    return true;
  }
  if (r) {
    h->pid = 0;
    h->status = 0;
    snprintf (h->error, sizeof h->error, "%s", *why ? why : strerror (-r));
    try_later (h, 0, mono_ns);
    return false;
  }
  h->letter = l;
  l->under_way |= ALERT_BY_WEBHOOK;
  h->until_ns = mono_ns + h->options->webhook_timeout_ns + GRACE_NS;
  return false;
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
  struct alert_letter *l;
  if (h->pid && !h->killed && mono_ns >= h->until_ns) {
    launch_kill (h->pid);
    h->killed = true;
  }
  if (h->pid && launch_take_end (h->pid, &status))
    take_end (h, mono_ns, ended, arg);
  while (!h->pid && h->again_ns <= mono_ns && (l = choose (h, post, mono_ns)))
    if (start (h, l, mono_ns))
      ended (arg, l, true);
  show (h, post, mono_ns);
  if (h->pid)
    return mono_ns + LOOK_NS;
  const int64_t due_ns = alert_post_due (post, ALERT_BY_WEBHOOK);
  return due_ns == INT64_MAX || due_ns > h->again_ns ? due_ns : h->again_ns;
}
