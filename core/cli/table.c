#include "cli/table.h"

#include "utf8.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static bool
is_control (const char *p)
{
  unsigned char c = (unsigned char)p[0];
  return c < 0x20 || c == 0x7f || (c == 0xc2 && (unsigned char)p[1] < 0xa0);
}

void
table_clean (char *text)
{
  while (*text) {
    size_t good = utf8_valid (text, strlen (text));
    for (char *end = text + good; text < end;) {
      bool control = is_control (text);
      do
        *text = control ? '?' : *text;
      while (++text < end && ((unsigned char) *text & 0xc0) == 0x80);
    }
    if (*text)
      *text++ = '?';
  }
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
