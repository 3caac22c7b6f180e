/* Programs that are run for messages: at most so many at once, each for a bounded time. One thread. */
#ifndef ALERT_RUNNER_H
#define ALERT_RUNNER_H

#include "options.h"
#include "post.h"

#include <sys/types.h>

enum { RUNNER_MOST = 64 };

struct run {
  pid_t pid; /* 0: free */
  struct alert_letter *letter;
  int64_t until_ns;
  bool killed;
  int words; /* what it prints on standard error; -1: nobody listens */
};

struct runner {
  struct kk_instance *self;
  char *const *argv; /* NULL: there is no command */
  int64_t timeout_ns;
  uint32_t most, n;
  struct run runs[RUNNER_MOST];
  uint64_t started, failed, ended; /* ended: because they took too long */
  int start_error;                 /* as it was said */
};

/* The program that was run for a letter ended; `again`: it asks to be run once more (EX_TEMPFAIL of sysexits.h). */
typedef void (*runner_ended) (void *arg, struct alert_letter *l, bool again);

/* Borrows the options, whose command is 0-ended (options_keep). */
void runner_init (struct runner *r, struct kk_instance *self, const struct options *options);
void runner_kill (const struct runner *r); /* all that runs */
/* Takes note of ends at the end of all: whether none is left. */
bool runner_is_over (struct runner *r);
bool runner_is_full (const struct runner *r);
/* 0; -EBUSY: it is full; other -errno: it cannot be started, which was said once. */
int runner_start (struct runner *r, struct alert_letter *l, char *const *env, int64_t now_ns);
/* Takes note of programs that ended, and ends those that take too long. Returns when to look again, or INT64_MAX: nothing runs.
 */
int64_t runner_look (struct runner *r, int64_t now_ns, runner_ended ended, void *arg);
#endif
