#include "cli/wrap.h"


#include <stdbool.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { NO_TERMINAL = 80, NARROWEST = 40 };

int
wrap_width (FILE *to)
{
  struct winsize size = {.ws_col = 0};
  int fd = fileno (to), width = NO_TERMINAL;
  if (fd >= 0 && isatty (fd) && ioctl (fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    width = size.ws_col;
  return width < NARROWEST ? NARROWEST : width;
}

static bool
is_blank (const char *p, const char *end)
{
  return p < end && *p == ' ';
}

static int
columns (const char *from, const char *to)
{
  int n = 0;
  for (; from < to; from++)
    n += ((unsigned char)*from & 0xc0) != 0x80;
  return n;
}

/* Where the last column begins that still leaves half of the width to its text. */
static const char *
last_column (const char *line, const char *end, int width)
{
  const char *found = line;
  while (is_blank (found, end))
    found++;
  for (const char *p = found; p < end && columns (line, p) <= width / 2; p++)
    if (is_blank (p, end) && is_blank (p + 1, end)) {
      while (is_blank (p, end))
        p++;
      if (columns (line, p) <= width / 2)
        found = p;
    }
  return found;
}

static void
add_line (struct buf *out, const char *line, const char *end, int width, int hang)
{
  const char *p = line;
  if (hang < 0) {
    p = last_column (line, end, width);
    hang = columns (line, p);
  } else
    for (int n = 0; n < hang && p < end; p++)
      n += ((unsigned char)p[1] & 0xc0) != 0x80;
  int at = hang;
  buf_add (out, line, (size_t)(p - line));
  while (p < end) {
    const char *word = p, *stop;
    while (is_blank (word, end))
      word++;
    for (stop = word; stop < end && *stop != ' ';)
      stop++;
    int needs = columns (p, stop);
    if (at > hang && at + needs > width) {
      buf_printf (out, "\n%*s", hang, "");
      at = hang;
      p = word;
      needs = columns (p, stop);
    }
    buf_add (out, p, (size_t)(stop - p));
    at += needs;
    p = stop;
  }
}

void
wrap_add (struct buf *out, const char *text, int width, int hang)
{
  while (*text) {
    const char *end = text + strcspn (text, "\n");
    add_line (out, text, end, width, hang);
    if (*end)
      buf_addc (out, *end++);
    text = end;
  }
}
