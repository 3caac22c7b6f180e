/* Of tests in which a process ends before, in the middle of, or after something that it asks of the system, or is refused it.
 * What the linker calls __wrap_… (-Wl,--wrap=…) stands between the code and the system; the calls that write are the test's
 * own. */
#ifndef DEATH_KIT_H
#define DEATH_KIT_H

#include "unit.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

/* What is to go wrong at which call. */
enum wrong { NOTHING, DIE_BEFORE, DIE_WITHIN, DIE_AFTER, FAIL, FAIL_ON };
static struct {
  enum wrong wrong;
  int at, calls, error;
} plan;

int __real_ftruncate (int fd, off_t length);
int __real_unlinkat (int at, const char *name, int flags);
int __real_renameat (int from, const char *name, int to, const char *new_name);
int __wrap_ftruncate (int fd, off_t length);
int __wrap_ftruncate64 (int fd, off_t length);
int __wrap_unlinkat (int at, const char *name, int flags);
int __wrap_renameat (int from, const char *name, int to, const char *new_name);

static inline void
plan_begin (enum wrong wrong, int at, int error)
{
  plan.calls = 0;
  plan.at = at;
  plan.error = error;
  plan.wrong = wrong;
}

static inline void
die (void)
{
  kill (getpid (), SIGKILL);
}

/* Whether it is now: dies, or says that the call is to fail. */
static inline bool
now (enum wrong wrong)
{
  if (plan.wrong == NOTHING || plan.wrong != wrong || (wrong == FAIL_ON ? plan.calls < plan.at : plan.calls != plan.at))
    return false;
  if (wrong == FAIL || wrong == FAIL_ON) {
    errno = plan.error;
    return true;
  }
  if (wrong != DIE_WITHIN)
    die ();
  return true;
}

static inline bool
before (void)
{
  plan.calls++;
  now (DIE_BEFORE);
  return now (FAIL) || now (FAIL_ON);
}

static inline int
after (int r)
{
  now (DIE_AFTER);
  return r;
}

int
__wrap_ftruncate (int fd, off_t length)
{
  return before () ? -1 : after (__real_ftruncate (fd, length));
}

int
__wrap_ftruncate64 (int fd, off_t length)
{
  return __wrap_ftruncate (fd, length);
}

int
__wrap_unlinkat (int at, const char *name, int flags)
{
  return before () ? -1 : after (__real_unlinkat (at, name, flags));
}

int
__wrap_renameat (int from, const char *name, int to, const char *new_name)
{
  return before () ? -1 : after (__real_renameat (from, name, to, new_name));
}

/* Memory that a process that dies leaves behind; death_unshare frees it. */
static inline void *
death_share (size_t size)
{
  void *shared = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  ck_assert (shared != MAP_FAILED);
  return shared;
}

static inline void
death_unshare (void *shared, size_t size)
{
  munmap (shared, size);
}

/* Works in a process of its own until that dies as planned, or right after the end of it. */
static inline void
death_of (enum wrong wrong, int at, void (*work) (void *arg), void *arg)
{
  int status;
  fflush (NULL);
  pid_t pid = fork ();
  ck_assert_int_ge (pid, 0);
  if (pid == 0) {
    plan_begin (wrong, at, 0);
    work (arg);
    die (); /* nothing that checks for leaks at an exit need know of this process */
  }
  ck_assert_int_eq (waitpid (pid, &status, 0), pid);
  ck_assert (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL);
}

/* Each of the calls, or where everything takes longer, each seventh. */
static inline int
stride (void)
{
  return unit_slow () > 1 ? 7 : 1;
}
#endif
