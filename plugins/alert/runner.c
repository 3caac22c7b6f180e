#include "runner.h"

#include "launch.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#define LOOK_NS INT64_C (20000000)
enum { MOST_WORDS = 65536, LAST_WORDS = 160 };

void
runner_init (struct runner *r, struct kk_instance *self, const struct options *options)
{
  const uint32_t most = (uint32_t) options->commands_at_once;
  *r =
    (struct runner){.self = self, .timeout_ns = options->command_timeout_ns, .most = most < RUNNER_MOST ? most : RUNNER_MOST};
  if (options->command.count)
    r->argv = (char *const *) (uintptr_t) options->command.items;
}

/* A file in memory that cannot grow: unlike a pipe it neither holds up what writes much, nor ends what the program left running
 * when nobody listens any more. */
static int
open_words (void)
{
  int fd = memfd_create ("kk-alert", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0)
    return -1;
  if (!ftruncate (fd, MOST_WORDS) && !fcntl (fd, F_ADD_SEALS, F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL))
    return fd;
  close (fd);
  return -1;
}

/* The last line of what it printed, with ": " before it; "" where there is none. */
static void
last_words (int fd, char ret[LAST_WORDS])
{
  const off_t end = fd < 0 ? 0 : lseek (fd, 0, SEEK_CUR); /* the program has written up to here */
  char text[LAST_WORDS - 2];
  *ret = 0;
  const ssize_t n =
    end > 0 ? pread (fd, text, sizeof text - 1, end < (off_t) sizeof text ? 0 : end - (off_t) sizeof text + 1) : 0;
  if (n <= 0)
    return;
  for (ssize_t i = 0; i < n; i++)
    if (!text[i])
      text[i] = ' ';
  text[n] = 0;
  for (char *last = text + n; last > text && strchr (" \n\r\t", last[-1]);)
    *--last = 0;
  const char *line = strrchr (text, '\n');
  line = line ? line + 1 : text;
  if (*line)
    snprintf (ret, LAST_WORDS, ": %s", line);
}

static void
forget (struct runner *r, struct run *run)
{
  if (run->words >= 0)
    close (run->words);
  *run = (struct run){.words = -1};
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
  const int words = open_words ();
  int e = launch_group (r->argv[0], r->argv, env, (int[]){-1, words}, 2, &pid);
  if (e && e != r->start_error)
    kk_error (r->self, "command %s cannot be run: %s", r->argv[0], strerror (-e));
  r->start_error = e;
  if (e) {
    if (words >= 0)
      close (words);
    r->failed++;
    return e;
  }
  *free_one = (struct run){.pid = pid, .letter = l, .until_ns = now_ns + r->timeout_ns, .words = words};
  r->n++;
  r->started++;
  return 0;
}

static void
say_end (struct runner *r, const struct run *run, int status)
{
  bool failed = run->killed || !WIFEXITED (status) || WEXITSTATUS (status);
  char words[LAST_WORDS];
  r->failed += failed;
  if (!failed)
    return;
  last_words (run->words, words);
  if (run->killed)
    kk_error (r->self, "command %s took longer than command_timeout, and was ended%s", r->argv[0], words);
  else if (WIFSIGNALED (status))
    kk_error (r->self, "command %s was ended by signal %d (%s)%s", r->argv[0], WTERMSIG (status), strsignal (WTERMSIG (status)),
              words);
  else if (WEXITSTATUS (status) == EX_TEMPFAIL)
    kk_warn (r->self, "command %s ended with status %d, and is run again later%s", r->argv[0], EX_TEMPFAIL, words);
  else
    kk_error (r->self, "command %s ended with status %d%s", r->argv[0], WEXITSTATUS (status), words);
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
