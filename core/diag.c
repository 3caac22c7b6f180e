#include <config.h>

#include "diag.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_ITEMS = 200 };

static int
make_room (struct diag *d)
{
  if (d->n < d->cap)
    return 0;
  size_t cap = d->cap ? d->cap * 2 : 16;
  struct diag_item *items = reallocarray (d->items, cap, sizeof *items);
  if (!items)
    return -1;
  d->items = items;
  d->cap = cap;
  return 0;
}

void
diag_add (struct diag *d, enum diag_severity severity, struct place at, const char *format, ...)
{
  if (severity == DIAG_ERROR)
    d->errors++;
  else if (severity == DIAG_WARNING)
    d->warnings++;
  if (d->n >= MAX_ITEMS || make_room (d) < 0) {
    d->left_out++;
    return;
  }
  struct diag_item item = {.severity = severity, .line = at.line, .column = at.column};
  va_list args;
  va_start (args, format);
  int r = vasprintf (&item.text, format, args);
  va_end (args);
  if (r < 0)
    item.text = NULL;
  item.file = at.file ? strdup (at.file) : NULL;
  if (!item.text || (at.file && !item.file)) {
    free (item.text);
    free (item.file);
    d->left_out++;
    return;
  }
  d->items[d->n++] = item;
}

/* Files in the order in which they first came up, then by place; what has no place keeps its order. */
static size_t
file_rank (const struct diag *d, const char *file)
{
  size_t i = 0;
  while (i < d->n && strcmp (d->items[i].file ? d->items[i].file : "", file ? file : "") != 0)
    i++;
  return i;
}

struct ranked {
  const struct diag_item *item;
  size_t file, order;
};

static int
by_place (const void *a, const void *b)
{
  const struct ranked *x = a, *y = b;
  if (x->file != y->file)
    return x->file < y->file ? -1 : 1;
  if (x->item->line != y->item->line)
    return x->item->line < y->item->line ? -1 : 1;
  if (x->item->column != y->item->column)
    return x->item->column < y->item->column ? -1 : 1;
  return x->order < y->order ? -1 : x->order > y->order;
}

void
diag_sort (struct diag *d)
{
  struct ranked *ranked = calloc (d->n + 1, sizeof *ranked);
  struct diag_item *items = calloc (d->n + 1, sizeof *items);
  if (ranked && items && d->n) {
    for (size_t i = 0; i < d->n; i++)
      ranked[i] = (struct ranked){.item = &d->items[i], .file = file_rank (d, d->items[i].file), .order = i};
    qsort (ranked, d->n, sizeof *ranked, by_place);
    for (size_t i = 0; i < d->n; i++)
      items[i] = *ranked[i].item;
    memcpy (d->items, items, d->n * sizeof *items);
  }
  free (ranked);
  free (items);
}

bool
diag_is_full (const struct diag *d)
{
  return d->n >= MAX_ITEMS;
}

const char *
diag_word (enum diag_severity severity)
{
  static const char *const words[] = {"error", "warning", "note"};
  return words[severity];
}

/* A file may hold escape sequences; a terminal shall not get them. */
static void
print_text (FILE *to, const char *text)
{
  for (; *text; text++) {
    bool c1 = (text[0] & 0xff) == 0xc2 && (text[1] & 0xe0) == 0x80; /* U+0080 to U+009F */
    bool control = (text[0] & 0xff) < ' ' || *text == 0x7f;
    putc (control || c1 ? '?' : *text, to);
    text += c1;
  }
}

bool
diag_may_colour (FILE *to)
{
  const char *term = getenv ("TERM");
  return isatty (fileno (to)) && !getenv ("NO_COLOR") && term && strcmp (term, "dumb") != 0;
}

void
diag_print (const struct diag *d, FILE *to)
{
  bool colour = diag_may_colour (to);
  static const char *const colours[] = {"\033[1;31m", "\033[1;33m", "\033[1;36m"};
  struct diag sorted = *d;
  sorted.items = calloc (d->n + 1, sizeof *sorted.items);
  if (sorted.items) {
    if (d->n)
      memcpy (sorted.items, d->items, d->n * sizeof *d->items);
    diag_sort (&sorted);
  }
  const struct diag_item *items = sorted.items ? sorted.items : d->items;
  for (size_t i = 0; i < d->n; i++) {
    if (items[i].file)
      fprintf (to, "%s:", items[i].file);
    if (items[i].line)
      fprintf (to, "%u:%u:", items[i].line, items[i].column);
    const char *space = items[i].file || items[i].line ? " " : "";
    fprintf (to, "%s%s%s:%s ", space, colour ? colours[items[i].severity] : "", diag_word (items[i].severity),
             colour ? "\033[0m" : "");
    print_text (to, items[i].text);
    putc ('\n', to);
  }
  if (d->left_out)
    fprintf (to, "… and %zu more\n", d->left_out);
  free (sorted.items);
}

void
diag_free (struct diag *d)
{
  if (!d)
    return;
  for (size_t i = 0; i < d->n; i++) {
    free (d->items[i].file);
    free (d->items[i].text);
  }
  free (d->items);
  *d = (struct diag){0};
}
