#include "tool-show.h"

#include "cli/table.h"
#include "cli/wrap.h"
#include "text.h"

#include <errno.h>
#include <langinfo.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { GAP = 2, WIDEST_DRAWING = 60 };

void
show_add (struct show *s, enum show_color color, const char *format, ...)
{
  va_list args;
  if (s->failed)
    return;
  if (s->n == s->capacity) {
    const size_t capacity = s->capacity ? s->capacity * 2 : 64;
    struct show_cell *cells = reallocarray (s->cells, capacity, sizeof *cells);
    s->failed = !cells;
    if (!cells)
      return;
    s->cells = cells;
    s->capacity = capacity;
  }
  struct show_cell *cell = s->cells + s->n;
  va_start (args, format);
  s->failed = vasprintf (&cell->text, format, args) < 0;
  va_end (args);
  if (s->failed)
    return;
  table_clean (cell->text);
  cell->color = color;
  s->n++;
}

void
show_free (struct show *s)
{
  for (size_t i = 0; i < s->n; i++)
    free (s->cells[i].text);
  free (s->cells);
  s->cells = NULL;
  s->n = s->capacity = 0;
}

/* ---- Widths ---- */

static int
total (const struct show *s, const int *widths)
{
  int n = -GAP;
  for (size_t c = 0; c < s->n_columns; c++)
    n += widths[c] ? widths[c] + GAP : 0;
  return n;
}

static bool
narrow_widest (const struct show *s, int *widths)
{
  size_t widest = SIZE_MAX;
  for (size_t c = 0; c < s->n_columns; c++)
    if (s->columns[c].least && widths[c] > s->columns[c].least && (widest == SIZE_MAX || widths[c] > widths[widest]))
      widest = c;
  if (widest != SIZE_MAX)
    widths[widest]--;
  return widest != SIZE_MAX;
}

static bool
drop_one (const struct show *s, int *widths)
{
  size_t found = SIZE_MAX;
  for (size_t c = 0; c < s->n_columns; c++)
    if (widths[c] && s->columns[c].drop && (found == SIZE_MAX || s->columns[c].drop > s->columns[found].drop))
      found = c;
  if (found != SIZE_MAX)
    widths[found] = 0;
  return found != SIZE_MAX;
}

/* A column of which nothing is known in any line is left out at once. */
static void
natural_widths (const struct show *s, int *widths)
{
  for (size_t c = 0; c < s->n_columns; c++) {
    widths[c] = 0;
    for (size_t i = c; i < s->n; i += s->n_columns)
      if (table_width (s->cells[i].text) > widths[c])
        widths[c] = table_width (s->cells[i].text);
    const int title = table_width (s->columns[c].title);
    if (widths[c] && widths[c] < title)
      widths[c] = title;
  }
}

/* Returns how many columns were left out. */
static int
fit (const struct show *s, int *widths, int width)
{
  int wanted[SHOW_COLUMNS];
  natural_widths (s, wanted);
  for (int dropped = 0;; dropped++) {
    memcpy (widths, wanted, sizeof wanted);
    while (total (s, widths) > width && narrow_widest (s, widths))
      ;
    if (total (s, widths) <= width || !drop_one (s, wanted))
      return dropped;
  }
}

/* The drawing gets room if only narrower columns, not fewer, make it. Returns how much. */
static int
make_room (const struct show *s, int *widths, int width, int least)
{
  int narrow[SHOW_COLUMNS];
  const int dropped = fit (s, widths, width);
  if (least <= 0)
    return 0;
  if (fit (s, narrow, width - least - GAP) == dropped)
    memcpy (widths, narrow, sizeof narrow);
  const int room = width - total (s, widths) - GAP;
  return room < least ? 0 : room > WIDEST_DRAWING ? WIDEST_DRAWING : room;
}

/* ---- Printing ---- */

bool
show_colors (FILE *to)
{
  const char *none = getenv ("NO_COLOR"), *term = getenv ("TERM");
  return isatty (fileno (to)) && !(none && *none) && term && *term && strcmp (term, "dumb") != 0;
}

void
show_paint (FILE *to, enum show_color color, bool begin)
{
  static const char *const codes[] = {"", "\033[1;31m", "\033[33m", "\033[32m", "\033[2m"};
  if (color != SHOW_PLAIN && show_colors (to))
    fputs (begin ? codes[color] : "\033[0m", to);
}

/* At most `width` characters, the last one a '+' where it was cut. */
static void
put_cut (const char *text, int width, FILE *to)
{
  const bool cut = table_width (text) > width;
  const int n = cut ? width - 1 : table_width (text);
  for (int i = 0; i < n; i++)
    do
      fputc (*text++, to);
    while (((unsigned char) *text & 0xc0) == 0x80);
  if (cut)
    fputc ('+', to);
}

static void
put_cell (const struct show_column *c, const char *text, enum show_color color, int width, bool last, FILE *to)
{
  const int have = table_width (text) < width ? table_width (text) : width, pad = width - have;
  if (c->right)
    fprintf (to, "%*s", pad, "");
  show_paint (to, *text ? color : SHOW_PLAIN, true);
  put_cut (text, width, to);
  show_paint (to, *text ? color : SHOW_PLAIN, false);
  if (!last)
    fprintf (to, "%*s", (c->right ? 0 : pad) + GAP, "");
}

static void
put_line (const struct show *s, const struct show_cell *cells, const int *widths, bool more, FILE *to)
{
  size_t last = 0;
  for (size_t c = 0; c < s->n_columns; c++)
    last = widths[c] && (more || !cells || *cells[c].text) ? c : last;
  for (size_t c = 0; c <= last; c++)
    if (widths[c])
      put_cell (s->columns + c, cells ? cells[c].text : s->columns[c].title, cells ? cells[c].color : SHOW_PLAIN, widths[c],
                c == last && !more, to);
}

int
show_print (const struct show *s, FILE *to, const char *title, int least, show_draw draw, void *arg)
{
  int widths[SHOW_COLUMNS];
  if (s->failed)
    return -ENOMEM;
  const int room = make_room (s, widths, wrap_width (to), draw ? least : 0);
  put_line (s, NULL, widths, room > 0, to);
  fprintf (to, "%s\n", room ? title : "");
  for (size_t i = 0; i + s->n_columns <= s->n; i += s->n_columns) {
    put_line (s, s->cells + i, widths, room > 0, to);
    if (room)
      draw (arg, i / s->n_columns, room, to);
    fputc ('\n', to);
  }
  return 0;
}

/* ---- Drawings and texts ---- */

static bool
is_utf8 (void)
{
  return strcmp (nl_langinfo (CODESET), "UTF-8") == 0;
}

void
show_spark (FILE *to, const double *values, size_t n, int room)
{
  static const char *const blocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  static const char plain[] = "_.-:=+*#";
  double low = INFINITY, high = -INFINITY;
  size_t first = 0;
  while (first < n && isnan (values[first]))
    first++; /* what was before is not known */
  for (size_t i = first; i < n; i++)
    if (!isnan (values[i])) {
      low = fmin (low, values[i]);
      high = fmax (high, values[i]);
    }
  const size_t have = n - first, shown = have < (size_t) room ? have : (size_t) room;
  for (size_t i = 0; i < shown; i++) {
    double most = NAN;
    for (size_t j = first + i * have / shown; j < first + (i + 1) * have / shown; j++)
      most = fmax (most, values[j]);
    const int level = isnan (most) ? -1 : high > low ? (int) ((most - low) / (high - low) * 7.999) : 3;
    if (level < 0)
      fputc (' ', to);
    else if (is_utf8 ())
      fputs (blocks[level], to);
    else
      fputc (plain[level], to);
  }
}

int64_t
show_now (void)
{
  struct timespec t;
  clock_gettime (CLOCK_REALTIME, &t);
  return (int64_t) t.tv_sec * 1000000000 + t.tv_nsec;
}

void
show_time (int64_t wall_ns, int64_t now_ns, char ret[32])
{
  const time_t at = (time_t) (wall_ns / 1000000000), now = (time_t) (now_ns / 1000000000);
  struct tm t, today;
  if (!localtime_r (&at, &t) || !localtime_r (&now, &today)) {
    snprintf (ret, 32, "?");
    return;
  }
  const bool same = t.tm_year == today.tm_year && t.tm_yday == today.tm_yday;
  if (!strftime (ret, 32, same ? "%H:%M:%S" : "%Y-%m-%d %H:%M:%S", &t))
    snprintf (ret, 32, "?");
}

void
show_duration (struct buf *b, int64_t ns)
{
  const int64_t grain = ns < 1000000000 ? 1000000 : 1000000000;
  text_duration (b, (ns + grain / 2) / grain * grain);
}

void
show_value (bool known, double value, const char *unit, char ret[64])
{
  struct buf BUF_CLEANUP b = {0};
  snprintf (ret, 64, "-");
  if (!known)
    return;
  text_value (&b, value, unit);
  snprintf (ret, 64, "%s", b.data && !b.error ? b.data : "?");
}
