#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 30 };
static const int64_t SECOND_NS = 1000000000, EVERY_NS = 100000000;

static int64_t
mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return (int64_t) t.tv_sec * SECOND_NS + t.tv_nsec;
}

void
progress_begin (struct progress *p, const char *what)
{
  *p = (struct progress){.shown = isatty (STDERR_FILENO), .what = what, .begun_ns = mono_ns ()};
}

static void
add_left (char *to, size_t size, int64_t seconds)
{
  if (seconds >= 3600)
    snprintf (to, size, "%d h %02d min left", (int) (seconds / 3600), (int) (seconds % 3600 / 60));
  else if (seconds >= 60)
    snprintf (to, size, "%d min %02d s left", (int) (seconds / 60), (int) (seconds % 60));
  else
    snprintf (to, size, "%d s left", (int) seconds);
}

void
progress_show (struct progress *p, size_t done, size_t all)
{
  static const char full[BAR + 1] = "##############################";
  char left[40] = "";
  int64_t now = mono_ns ();
  if (!p->shown || !all || now - p->begun_ns < p->patience_ns || (now - p->drawn_ns < EVERY_NS && done < all))
    return;
  p->drawn_ns = now;
  double share = (double) done / (double) all, took = (double) (now - p->begun_ns) / 1e9;
  if (done && took > 1)
    add_left (left, sizeof left, (int64_t) (took / share - took + 0.5));
  fprintf (stderr, "\r%s [%-*.*s] %3d %% %zu of %zu  %-18s", p->what, BAR, (int) (share * BAR), full, (int) (share * 100), done,
           all, left);
}

void
progress_end (struct progress *p)
{
  if (p->shown && p->drawn_ns)
    fprintf (stderr, "\r%*s\r", 78, "");
  p->shown = false;
}
