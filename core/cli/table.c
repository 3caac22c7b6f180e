#include "cli/table.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Of a whole character of n bytes. */
static uint32_t
code_point (const char *text, size_t n)
{
  static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
  uint32_t c = (unsigned char) text[0] & masks[n];
  for (size_t i = 1; i < n; i++)
    c = c << 6 | ((unsigned char) text[i] & 0x3f);
  return c;
}

/* Control characters, and those that are not seen but change how others are: which way they run, where lines break. What joins
 * letters (U+200C, U+200D) belongs to scripts and stays. */
static bool
is_control (uint32_t c)
{
  static const struct {
    uint32_t first, last;
  } all[] = {{0, 0x1f},        {0x7f, 0x9f},     {0x61c, 0x61c},   {0x180e, 0x180e}, {0x200b, 0x200b},  {0x200e, 0x200f},
             {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f}};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (c >= all[i].first && c <= all[i].last)
      return true;
  return false;
}

void
table_clean (char *text)
{
  char *to = text;
  const char *end = text + strlen (text);
  for (size_t bad; text < end;) {
    const size_t n = utf8_character (text, (size_t) (end - text), &bad);
    if (n && !is_control (code_point (text, n))) {
      memmove (to, text, n);
      to += n;
    } else
      *to++ = '?';
    text += n ? n : 1;
  }
  *to = 0;
}

int
table_width (const char *text)
{
  int n = 0;
  for (; *text; text++)
    n += ((unsigned char)*text & 0xc0) != 0x80;
  return n;
}

/* Cuts a text behind `width` characters. */
static void
cut (char *text, int width)
{
  if (!width || table_width (text) <= width)
    return;
  for (int n = 0; n < width - 1; n++)
    do
      text++;
    while (((unsigned char)*text & 0xc0) == 0x80);
  strcpy (text, "+");
}

void
table_add (struct table *t, const char *format, ...)
{
  char *text;
  va_list args;
  if (t->failed)
    return;
  if (t->n == t->cap) {
    size_t cap = t->cap ? t->cap * 2 : 64;
    char **cells = realloc (t->cells, cap * sizeof *cells);
    if (!cells) {
      t->failed = true;
      return;
    }
    t->cells = cells;
    t->cap = cap;
  }
  va_start (args, format);
  int n = vasprintf (&text, format, args);
  va_end (args);
  t->failed = n < 0;
  if (t->failed)
    return;
  table_clean (text);
  cut (text, t->columns[t->n % t->n_columns].at_most);
  t->cells[t->n++] = text;
}

static void
print_cell (FILE *to, const struct table_column *c, const char *text, int width, bool last)
{
  int pad = width - table_width (text);
  if (c->right)
    fprintf (to, "%*s%s", pad, "", text);
  else
    fprintf (to, "%s%*s", text, last ? 0 : pad, "");
  fputs (last ? "\n" : "  ", to);
}

void
table_print (const struct table *t, FILE *to)
{
  int widths[16] = {0};
  size_t columns = t->n_columns < 16 ? t->n_columns : 16;
  for (size_t c = 0; c < columns; c++)
    widths[c] = table_width (t->columns[c].title);
  for (size_t i = 0; i < t->n; i++)
    if (table_width (t->cells[i]) > widths[i % columns])
      widths[i % columns] = table_width (t->cells[i]);
  for (size_t c = 0; c < columns; c++)
    print_cell (to, &t->columns[c], t->columns[c].title, widths[c], c + 1 == columns);
  for (size_t i = 0; i < t->n; i++)
    print_cell (to, &t->columns[i % columns], t->cells[i], widths[i % columns], i % columns + 1 == columns);
}

void
table_free (struct table *t)
{
  for (size_t i = 0; i < t->n; i++)
    free (t->cells[i]);
  free (t->cells);
  t->cells = NULL;
  t->n = t->cap = 0;
}
