#include "ask.h"

#include "child.h"

#include <sys/wait.h>

static const int64_t NS_PER_MS = 1000000, INTERVAL_NS = 1000000000;
enum { MOST_LINE = 4096, MOST_OUTPUT = 1 << 20, MOST_WORDS = 80 };

struct answer {
  struct exec_said said;
  char last_words[MOST_WORDS]; /* its last line on stderr */
  bool left;                   /* it ended by itself, not because enough had been heard */
};

static void
take_line (void *data, const char *line, size_t n)
{
  struct answer *a = data;
  exec_said_line (&a->said, line, n);
}

static void
take_complaint (void *data, const char *line, size_t n)
{
  struct answer *a = data;
  if (n)
    snprintf (a->last_words, sizeof a->last_words, "%.*s", (int) (n < MOST_WORDS ? n : MOST_WORDS - 1), line);
}

/* Until the program has said them, or has ended. 0 or -ETIMEDOUT. */
static int
listen_to (struct exec_child *c, int64_t until, struct answer *a)
{
  for (;;) {
    bool ended = exec_child_ended (c); /* asked first: what it printed before is read after */
    while (!a->said.ended && !a->said.error && c->out.bytes < MOST_OUTPUT && exec_pipe_read (&c->out, 65536, take_line, a))
      ;
    exec_pipe_read (&c->err, 65536, take_complaint, a);
    a->left = ended;
    if (a->said.ended || a->said.error || ended || c->out.bytes >= MOST_OUTPUT)
      return 0;
    if (!exec_child_wait (c, until))
      return -ETIMEDOUT;
  }
}

static int
judge (const struct answer *a, const char *name, const struct exec_limits *limits, const struct exec_failure *f,
       struct kk_fault *fault, struct exec_schema **ret)
{
  const char *between = *a->last_words ? "; it said: " : "";
  char advice[96];
  if (a->said.error == -ENOMEM)
    return -ENOMEM;
  if (a->said.error)
    return kk_refuse (fault, "command", "'%.60s' says of too many fields", name);
  if (a->said.n)
    return exec_said_schema (&a->said, fault, ret);
  exec_limits_advice (limits, f, advice, sizeof advice);
  if (a->left && !a->said.ended && WIFEXITED (f->status) && WEXITSTATUS (f->status))
    return kk_refuse (fault, "command", "'%.60s' was asked for its fields and ended with exit status %d%s%s%s", name,
                      WEXITSTATUS (f->status), advice, between, a->last_words);
  return kk_refuse (fault, "command",
                    "'%.60s' does not begin with lines '" EXEC_FIELD_LINE " ...': give fields, or let it print them", name);
}

int
exec_ask (const struct kk_list *command, const struct exec_limits *limits, int64_t within_ns, struct kk_fault *fault,
          struct exec_schema **ret)
{
  const char *name = command->items[0];
  struct answer a = {.said = {.n = 0}};
  struct exec_child c;
  exec_child_init (&c, MOST_LINE);
  int64_t until = exec_mono_ns () + within_ns;
  const struct exec_start start = {.command = command, .limits = limits, .interval_ns = INTERVAL_NS, .more = "KK_FIELDS=1"};
  int r = exec_child_start (&c, &start);
  if (r == -ENOENT)
    kk_refuse (fault, "command", "there is no program '%.80s' to ask for its fields; give its whole path, or fields", name);
  else if (r)
    kk_refuse (fault, "command", "'%.60s' cannot be started and asked for its fields: %s", name, strerror (-r));
  int status = 0;
  if (!r) {
    r = listen_to (&c, until, &a);
    status = exec_child_end (&c);
    if (r)
      kk_refuse (fault, "command", "'%.60s' does not end its fields within %lld ms: an empty line ends them; see timeout", name,
                 (long long) (within_ns / NS_PER_MS));
    else {
      const struct exec_failure failure = {.status = status, .peak = c.peak, .words = a.last_words};
      r = judge (&a, name, limits, &failure, fault, ret);
    }
  }
  exec_child_free (&c);
  exec_said_free (&a.said);
  return r == -ENOMEM || !r ? r : -EINVAL;
}
