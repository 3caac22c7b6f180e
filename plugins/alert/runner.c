#include "runner.h"

#include "launch.h"

#include <errno.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define LOOK_NS INT64_C (20000000)

void
runner_init (struct runner *r, struct kk_instance *self, const struct options *options)
{
  const uint32_t most = (uint32_t) options->commands_at_once;
  *r =
    (struct runner){.self = self, .timeout_ns = options->command_timeout_ns, .most = most < RUNNER_MOST ? most : RUNNER_MOST};
  if (options->command.count)
    r->argv = (char *const *) (uintptr_t) options->command.items;
}

static void
forget (struct runner *r, struct run *run)
{
  *run = (struct run){.pid = 0};
  r->n--;
}

void
runner_kill (const struct runner *r)
{
  for (uint32_t i = 0; i < RUNNER_MOST; i++)
    if (r->runs[i].pid)
      launch_kill (r->runs[i].pid);
}

bool
runner_is_over (struct runner *r)
{
  int status;
  for (uint32_t i = 0; i < RUNNER_MOST; i++)
    if (r->runs[i].pid && launch_take_end (r->runs[i].pid, &status))
      forget (r, r->runs + i);
  return !r->n;
}

bool
runner_is_full (const struct runner *r)
{
  return r->argv && r->n >= r->most;
}

int
runner_start (struct runner *r, struct alert_letter *l, char *const *env, int64_t now_ns)
{
  struct run *free_one = r->runs;
  if (runner_is_full (r))
    return -EBUSY;
  while (free_one->pid)
    free_one++;
  pid_t pid;
  int e = launch_group (r->argv[0], r->argv, env, (int[]){-1, -1}, 2, &pid);
  if (e && e != r->start_error)
    kk_error (r->self, "command %s cannot be run: %s", r->argv[0], strerror (-e));
  r->start_error = e;
  if (e) {
    r->failed++;
    return e;
  }
  *free_one = (struct run){.pid = pid, .letter = l, .until_ns = now_ns + r->timeout_ns};
  r->n++;
  r->started++;
  return 0;
}

static void
say_end (struct runner *r, const struct run *run, int status)
{
  bool failed = run->killed || !WIFEXITED (status) || WEXITSTATUS (status);
  r->failed += failed;
  if (run->killed)
    kk_error (r->self, "command %s took longer than command_timeout, and was ended", r->argv[0]);
  else if (WIFSIGNALED (status))
    kk_error (r->self, "command %s was ended by signal %d (%s)", r->argv[0], WTERMSIG (status), strsignal (WTERMSIG (status)));
  else if (failed && WEXITSTATUS (status) == EX_TEMPFAIL)
    kk_warn (r->self, "command %s ended with status %d, and is run again later", r->argv[0], EX_TEMPFAIL);
  else if (failed)
    kk_error (r->self, "command %s ended with status %d", r->argv[0], WEXITSTATUS (status));
}

int64_t
runner_look (struct runner *r, int64_t now_ns, runner_ended ended, void *arg)
{
  for (uint32_t i = 0; i < RUNNER_MOST && r->n; i++) {
    struct run *run = r->runs + i;
    int status;
    if (!run->pid)
      continue;
    if (!run->killed && now_ns >= run->until_ns) {
      launch_kill (run->pid);
      run->killed = true;
      r->ended++;
    }
    if (!launch_take_end (run->pid, &status))
      continue;
    say_end (r, run, status);
    struct alert_letter *l = run->letter;
    const bool again = !run->killed && WIFEXITED (status) && WEXITSTATUS (status) == EX_TEMPFAIL;
    forget (r, run);
    ended (arg, l, again);
  }
  return r->n ? now_ns + LOOK_NS : INT64_MAX;
}
