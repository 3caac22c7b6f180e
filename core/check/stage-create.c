/* Made and ended again and again: what is left behind; and what it changes of the process. */
#include "check/stand.h"

#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TIMES = 1000, WARM_UP = 20, SIGNALS = 65 };

/* What belongs to the whole process, and so to the host. */
struct process_state {
  void (*handlers[SIGNALS]) (int);
  sigset_t mask;
  mode_t umask;
  char directory[4096];
  char locale[256];
};

static void
note_process (struct process_state *s)
{
  memset (s, 0, sizeof *s);
  for (int i = 1; i < SIGNALS; i++) {
    struct sigaction a;
    if (sigaction (i, NULL, &a) == 0)
      s->handlers[i] = a.sa_handler;
  }
  sigprocmask (SIG_BLOCK, NULL, &s->mask);
  s->umask = umask (0);
  umask (s->umask);
  if (!getcwd (s->directory, sizeof s->directory))
    *s->directory = 0;
  const char *locale = setlocale (LC_ALL, NULL);
  snprintf (s->locale, sizeof s->locale, "%s", locale ? locale : "");
}

static void
compare_process (struct check *k, const struct process_state *a, const struct process_state *b)
{
  const char *what = NULL;
  for (int i = 1; i < SIGNALS; i++)
    if (a->handlers[i] != b->handlers[i])
      check_find (k, CHECK_FAULT, "signal-handler",
                  "Signals belong to the host; use a thread with a pipe or an eventfd instead.",
                  "it changes what happens at signal %d (%s)", i, strsignal (i));
  for (int i = 1; i < SIGNALS; i++)
    if (sigismember (&a->mask, i) != sigismember (&b->mask, i))
      what = "the signal mask";
  if (a->umask != b->umask)
    what = "the umask";
  if (strcmp (a->directory, b->directory))
    what = "the working directory";
  if (strcmp (a->locale, b->locale))
    what = "the locale";
  if (what)
    check_find (k, CHECK_FAULT, "process-state", "It belongs to the whole process, and all plugins share it.", "it changes %s",
                what);
}

static void
compare_holds (struct check *k, const struct holds *a, const struct holds *b, uint32_t times)
{
  const char *hint = "End in destroy what create has made.";
  uint64_t grown = b->heap > a->heap ? b->heap - a->heap : 0;
  if (b->descriptors > a->descriptors)
    check_find (k, CHECK_FAULT, "leak-descriptors", hint, "%u descriptors are left open after %u times create and destroy",
                b->descriptors - a->descriptors, times);
  if (b->threads > a->threads)
    check_find (k, CHECK_FAULT, "leak-threads", "Tell the threads to end in destroy, and join them.",
                "%u threads still run after %u times create and destroy", b->threads - a->threads, times);
  if (grown / times >= 8)
    check_find (k, CHECK_FAULT, "leak-memory", "Free in destroy what create has allocated; valgrind shows where it was.",
                "%" PRIu64 " bytes are lost each time it is made and ended", grown / times);
}

static bool
make_and_end (struct check *k, struct stand *s)
{
  struct specimen p;
  char *reason = NULL;
  int r = specimen_new (s, k->d->plugin.name, k->config, &p, &reason);
  if (r) {
    check_find (k, CHECK_FAULT, "create", "Give it what it needs: plugin check FILE.so OPTION=VALUE …",
                "it cannot be made with this configuration: %s", reason ? reason : strerror (-r));
    free (reason);
    return false;
  }
  specimen_end (&p);
  return true;
}

void
stage_create (struct check *k)
{
  struct stand s;
  struct process_state before, after;
  uint32_t times = 0;
  if (stand_init (&s, k, "data"))
    return;
  note_process (&before);
  bool ok = true;
  for (int i = 0; ok && i < WARM_UP; i++)
    ok = make_and_end (k, &s);
  struct holds a = holds_now ();
  int64_t begin = check_now_ns ();
  for (; ok && times < TIMES && check_time_left (k); times++)
    ok = make_and_end (k, &s);
  int64_t took = check_now_ns () - begin;
  if (!ok)
    check_stop (k);
  if (times) {
    check_step (k, "waits after destroy");
    struct holds b = holds_settled (&a);
    compare_holds (k, &a, &b, times);
    check_figure (k, "times", "%u", times + WARM_UP);
    check_figure (k, "us each", "%" PRId64, took / times / 1000);
  }
  note_process (&after);
  compare_process (k, &before, &after);
  stand_release (&s);
}
