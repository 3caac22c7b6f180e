#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { BAR = 30, LEAST_BAR = 8, WIDTH = 79, LINE = 256 };
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

/* One column stays free: some terminals begin a new line behind the last one. */
static int
width (void)
{
  struct winsize size;
  const bool known = ioctl (STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
  return known && size.ws_col - 1 < WIDTH ? size.ws_col - 1 : WIDTH;
}

/* "reading [####    ]  42 % 3 of 7  5 s left": what fits. */
static void
compose (char line[LINE], const char *what, double share, const char *counts, const char *left)
{
  static const char full[BAR + 1] = "##############################";
  const int most = width (), percent = (int) (share * 100),
            around = (int) strlen ("reading [] 100 % ") - 7 + (int) strlen (what);
  int room = most - around - (int) strlen (counts) - 2 - (int) strlen (left);
  if (room < LEAST_BAR) {
    room += (int) strlen (left) + 2;
    left = "";
  }
  if (room < LEAST_BAR) {
    room += (int) strlen (counts);
    counts = "";
  }
  room = room > BAR ? BAR : room;
  if (room > 0)
    snprintf (line, LINE, "%s [%-*.*s] %3d %% %s%s%s", what, room, (int) (share * room), full, percent, counts,
              *left ? "  " : "", left);
  else
    snprintf (line, LINE, "%3d %%", percent);
  line[most < LINE ? most : LINE - 1] = 0;
}

void
progress_show (struct progress *p, size_t done, size_t all)
{
  char left[40] = "", counts[64], line[LINE];
  const int64_t now = mono_ns ();
  if (!p->shown || !all || now - p->begun_ns < p->patience_ns || (now - p->drawn_ns < EVERY_NS && done < all))
    return;
  p->drawn_ns = now;
  const double share = (double) done / (double) all, took = (double) (now - p->begun_ns) / 1e9;
  if (done && took > 1)
    add_left (left, sizeof left, (int64_t) (took / share - took + 0.5));
  snprintf (counts, sizeof counts, "%zu of %zu", done, all);
  compose (line, p->what, share, counts, left);
  fprintf (stderr, "\r%-*s", p->drawn, line);
  const int length = (int) strlen (line);
  p->drawn = length > p->drawn ? length : p->drawn;
}

void
progress_end (struct progress *p)
{
  const int most = width ();
  if (p->shown && p->drawn)
    fprintf (stderr, "\r%*s\r", p->drawn < most ? p->drawn : most, "");
  p->shown = false;
}
