/* The PIDs that are known to exist, and when each is looked at again. A new one is looked at at once, then 1, 2, 4 ... s later,
 * for a name or command line may change (exec); every one is looked at again within KNOWN_PERIOD. The work of a tick is
 * bounded. */
#ifndef PROCESS_KNOWN_H
#define PROCESS_KNOWN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KNOWN_PERIOD_MS 10000
enum {
  KNOWN_MOST_NEW = 4096, /* first looks at a tick; the others come at the next */
  KNOWN_LEAST_LOOKS = 64,
};

struct known_pid {
  uint32_t pid;
  uint32_t due;  /* in eighths of a second since the first tick */
  uint32_t step; /* 0: not looked at yet; n: looked at n times, up to the number from which on the pause no longer grows */
};

struct known {
  struct known_pid *pids; /* ascending */
  struct known_pid *spare;
  size_t n;
  size_t cap;
  size_t cursor; /* where the last tick stopped looking again */
  int64_t start_ns;
  int64_t interval_ns;
  bool started;
};

enum known_verdict {
  KNOWN_LOOKED,
  KNOWN_GONE,  /* is forgotten */
  KNOWN_LATER, /* could not be looked at now; tried again at the next tick */
};
/* `again`: it was looked at before and nothing is known to have happened to it since. */
typedef enum known_verdict (*known_look) (void *arg, uint32_t pid, bool again);

void known_init (struct known *k, int64_t interval_ns);
void known_free (struct known *k);
/* The PIDs there are (`all`), or some of them. Ascending. 0 or -ENOMEM. */
int known_see (struct known *k, const uint32_t *pids, size_t n, bool all);
bool known_has (const struct known *k, uint32_t pid);
/* `pid`, if it is known, is treated as a new one by the next known_run. */
void known_renew (struct known *k, uint32_t pid);
/* Looks at those whose time has come. Returns how many that were. */
size_t known_run (struct known *k, int64_t now_ns, known_look look, void *arg);
#endif
