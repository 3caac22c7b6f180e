/* What plugins of all kinds can do wrong; for the tests of isolation. */
#ifndef MISDEEDS_H
#define MISDEEDS_H

#include <kode-kronical/plugin.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MISDEEDS_REPLY = 64, MISDEEDS_MESSAGES = 3 };

static void
send_raw (uint32_t type, uint32_t number, uint32_t more, size_t n)
{
  static uint32_t message[8192];
  message[0] = type;
  message[1] = number;
  message[2] = more;
  for (size_t i = 4; i < sizeof message / 4; i++)
    message[i] = (uint32_t) i * 2654435761u;
  send (MISDEEDS_MESSAGES, message, n, MSG_NOSIGNAL);
}

static void
grow (void)
{
  for (;;) {
    char *p = malloc (1 << 20);
    if (!p)
      abort ();
    memset (p, 1, 1 << 20);
  }
}

/* The memory that it shares with the daemon, in words, from `from` on. */
struct shared {
  volatile uint32_t *at;
  size_t from, n;
};

static struct shared
find_shared (size_t from)
{
  struct shared s = {.from = from};
  char line[512];
  FILE *f = fopen ("/proc/self/maps", "re");
  while (f && fgets (line, sizeof line, f)) {
    unsigned long begin, end;
    if (strstr (line, "kode-kronical-desk") && sscanf (line, "%lx-%lx", &begin, &end) == 2)
      s = (struct shared){.at = (volatile uint32_t *) begin, .from = from, .n = (end - begin) / sizeof (uint32_t)};
  }
  if (f)
    fclose (f);
  return s;
}

static void *
scribble (void *arg)
{
  const struct shared *s = arg;
  for (uint32_t i = 0; s->at; i++)
    s->at[s->from + i % (s->n - s->from)] = i * 2654435761u;
  return NULL;
}

/* Never lets the word rest in which the daemon looks for the number of the answer. */
static void *
flicker (void *arg)
{
  enum { ANSWERED = 6 };
  const struct shared *s = arg;
  for (uint32_t i = 0; s->at; i++)
    s->at[ANSWERED] = UINT32_MAX - (i & 0xffffff);
  return NULL;
}

/* Goes on for ever, also after it has answered. */
static void
begin_scribbling (size_t from, void *(*how) (void *) )
{
  static struct shared shared;
  pthread_t thread;
  if (shared.at)
    return;
  shared = find_shared (from);
  if (pthread_create (&thread, NULL, how, &shared) == 0)
    pthread_detach (thread);
}

/* As without a sanitizer, which would catch it first. */
static void
segv (void)
{
  signal (SIGSEGV, SIG_DFL);
  raise (SIGSEGV);
}

/* What ends the process, or hangs it. */
static void
fail (const char *mode)
{
  pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
  if (!strcmp (mode, "segv"))
    segv ();
  if (!strcmp (mode, "abort"))
    abort ();
  if (!strcmp (mode, "exit"))
    exit (7);
  if (!strcmp (mode, "stop"))
    raise (SIGSTOP);
  for (volatile bool on = !strcmp (mode, "loop"); on;)
    continue;
  for (int i = 0; !strcmp (mode, "deadlock") && i < 2; i++)
    pthread_mutex_lock (&lock);
  if (!strcmp (mode, "grow"))
    grow ();
}

/* What it tells the daemon past the plugin's own functions; then it is silent. `number`: of the request under way. */
static void
lie (const char *mode, uint32_t number)
{
  static const char *const silent[] = {"garbage", "torn", "nonsense", "closed", "flicker", "forge"};
  if (!strcmp (mode, "garbage"))
    send_raw (0xdeadbeef, 1, 0, 999);
  if (!strcmp (mode, "torn"))
    send_raw (MISDEEDS_REPLY, number, 0, 7);
  if (!strcmp (mode, "nonsense"))
    send_raw (MISDEEDS_REPLY, number, 0, 4096);
  while (!strcmp (mode, "endless"))
    send_raw (MISDEEDS_REPLY, number, 1, 32768);
  if (!strcmp (mode, "closed"))
    close (MISDEEDS_MESSAGES);
  if (!strcmp (mode, "scribble"))
    begin_scribbling (0, scribble);
  if (!strcmp (mode, "rewrite"))
    begin_scribbling (16, scribble); /* what it answers, but not that it does */
  if (!strcmp (mode, "flicker"))
    begin_scribbling (0, flicker);
  for (size_t i = 0; i < KK_COUNT (silent); i++)
    while (!strcmp (mode, silent[i]))
      pause ();
}

static void
misbehave (struct kk_instance *self, const char *mode, uint32_t number)
{
  fprintf (stderr, "about to do: %s\n", mode);
  fail (mode);
  for (uint64_t i = 0; i < 200000 && !strcmp (mode, "log"); i++)
    kk_error (self, "line %llu", (unsigned long long) i);
  if (!strcmp (mode, "fork") && fork () == 0)
    for (;;)
      pause ();
  lie (mode, number);
}
#endif
