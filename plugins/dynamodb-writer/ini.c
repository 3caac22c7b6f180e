#include "ini.h"

#include "secret.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct entry {
  const char *key, *value;
  unsigned line;
};

struct section {
  const char *name;
  size_t first, count; /* entries */
  unsigned line;
};

struct ini {
  struct buf text; /* every string is in it */
  struct section *sections;
  struct entry *entries;
  size_t n_sections, n_entries, defaults; /* defaults: the section [DEFAULT], or SIZE_MAX */
};

/* Where the parser is. Values only ever move towards the beginning of the text, so that they can grow in place. */
struct parser {
  struct ini *ini;
  struct ini_fault *fault;
  char *value_end; /* where the last value may go on; NULL: there is none */
  size_t newlines; /* that come before what goes on there */
  size_t indent;   /* of the last key */
  unsigned line;
};

static bool
is_space (char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
}

static char *
trim (char *p, char **end)
{
  while (p < *end && is_space (*p))
    p++;
  while (*end > p && is_space ((*end)[-1]))
    --*end;
  return p;
}

__attribute__ ((format (printf, 3, 4))) static int
refuse (struct ini_fault *fault, unsigned line, const char *format, ...)
{
  va_list args;
  va_start (args, format);
  vsnprintf (fault->text, sizeof fault->text, format, args);
  va_end (args);
  fault->line = line;
  return -EINVAL;
}

/* Room for one more in an array that doubles. */
static int
grow (void **array, size_t n, size_t size)
{
  if (n & (n - 1))
    return 0;
  void *more = reallocarray (*array, n ? n * 2 : 1, size);
  if (!more)
    return -ENOMEM;
  *array = more;
  return 0;
}

/* ---- Lines ---- */

static int
add_section (struct parser *p, char *name, char *end)
{
  struct ini *ini = p->ini;
  if (grow ((void **) &ini->sections, ini->n_sections, sizeof *ini->sections) < 0)
    return -ENOMEM;
  *end = 0;
  ini->sections[ini->n_sections++] = (struct section){.name = name, .first = ini->n_entries, .line = p->line};
  p->value_end = NULL;
  return 0;
}

static int
add_entry (struct parser *p, char *text, char *end)
{
  struct ini *ini = p->ini;
  char *delimiter = text;
  while (delimiter < end && *delimiter != '=' && *delimiter != ':')
    delimiter++;
  if (delimiter == end)
    return refuse (p->fault, p->line, "neither [section] nor key = value");
  char *key_end = delimiter, *value = delimiter + 1;
  char *key = trim (text, &key_end);
  if (key == key_end)
    return refuse (p->fault, p->line, "no key before '%c'", *delimiter);
  if (grow ((void **) &ini->entries, ini->n_entries, sizeof *ini->entries) < 0)
    return -ENOMEM;
  value = trim (value, &end);
  for (char *c = key; c < key_end; c++)
    if (*c >= 'A' && *c <= 'Z')
      *c = (char) (*c | 32);
  *key_end = 0;
  *end = 0;
  ini->entries[ini->n_entries++] = (struct entry){.key = key, .value = value, .line = p->line};
  ini->sections[ini->n_sections - 1].count++;
  p->value_end = end;
  p->newlines = 0;
  return 0;
}

static void
add_to_value (struct parser *p, const char *text, const char *end)
{
  for (p->newlines++; p->newlines; p->newlines--)
    *p->value_end++ = '\n';
  memmove (p->value_end, text, (size_t) (end - text));
  p->value_end += end - text;
  *p->value_end = 0;
}

static int
take_line (struct parser *p, char *start, char *end)
{
  char *text = trim (start, &end);
  if (text < end && (*text == '#' || *text == ';'))
    return 0;
  if (text == end) {
    p->newlines++; /* an empty line belongs to a value that goes on behind it */
    return 0;
  }
  size_t indent = (size_t) (text - start);
  if (p->value_end && indent > p->indent) {
    add_to_value (p, text, end);
    return 0;
  }
  p->indent = indent;
  char *close = *text == '[' ? memrchr (text, ']', (size_t) (end - text)) : NULL;
  if (close && close > text + 1)
    return add_section (p, text + 1, close);
  if (!p->ini->n_sections)
    return refuse (p->fault, p->line, "before the first [section]");
  return add_entry (p, text, end);
}

static int
take_lines (struct parser *p)
{
  char *at = p->ini->text.data, *end = at + p->ini->text.len;
  if (end - at >= 3 && memcmp (at, "\xef\xbb\xbf", 3) == 0)
    at += 3;
  while (at < end) {
    char *stop = at;
    while (stop < end && *stop != '\n' && *stop != '\r')
      stop++;
    char *next = stop + (end - stop >= 2 && stop[0] == '\r' && stop[1] == '\n' ? 2 : 1);
    p->line++;
    int r = take_line (p, at, stop);
    if (r < 0)
      return r;
    at = next;
  }
  return 0;
}

/* ---- Said twice ---- */

static int
by_name (const void *a, const void *b)
{
  const struct section *x = a, *y = b;
  int order = strcmp (x->name, y->name);
  return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int
by_key (const void *a, const void *b)
{
  const struct entry *x = a, *y = b;
  int order = strcmp (x->key, y->key);
  return order ? order : (x->line > y->line) - (x->line < y->line);
}

static int
refuse_doubles (struct ini *ini, struct ini_fault *fault)
{
  for (size_t s = 0; s < ini->n_sections; s++) {
    if (ini->sections[s].count < 2)
      continue;
    struct entry *first = ini->entries + ini->sections[s].first;
    qsort (first, ini->sections[s].count, sizeof *first, by_key);
    for (size_t i = 1; i < ini->sections[s].count; i++)
      if (strcmp (first[i - 1].key, first[i].key) == 0)
        return refuse (fault, first[i].line, "'%.40s' stands in line %u already", first[i].key, first[i - 1].line);
  }
  struct section *sorted = reallocarray (NULL, ini->n_sections + 1, sizeof *sorted);
  if (!sorted)
    return -ENOMEM;
  if (ini->n_sections)
    memcpy (sorted, ini->sections, ini->n_sections * sizeof *sorted);
  qsort (sorted, ini->n_sections, sizeof *sorted, by_name);
  int r = 0;
  for (size_t i = 1; i < ini->n_sections && r == 0; i++)
    if (strcmp (sorted[i - 1].name, sorted[i].name) == 0 && strcmp (sorted[i].name, "DEFAULT") != 0)
      r = refuse (fault, sorted[i].line, "[%.60s] begins in line %u already", sorted[i].name, sorted[i - 1].line);
  free (sorted);
  return r;
}

/* ---- The whole ---- */

int
ini_parse (struct buf *text, struct ini **ret, struct ini_fault *fault)
{
  struct ini *ini = calloc (1, sizeof *ini);
  if (!ini) {
    secret_buf_free (text);
    return -ENOMEM;
  }
  ini->text = *text;
  *text = (struct buf){.max = text->max};
  struct parser p = {.ini = ini, .fault = fault};
  int r = ini->text.len > INI_MOST_BYTES ? -EFBIG : 0;
  if (r == 0 && ini->text.len && memchr (ini->text.data, 0, ini->text.len))
    r = refuse (fault, 1, "no text file: it holds a NUL byte");
  if (r == 0)
    r = take_lines (&p);
  if (r == 0)
    r = refuse_doubles (ini, fault);
  if (r < 0) {
    ini_free (ini);
    return r;
  }
  ini->defaults = SIZE_MAX;
  for (size_t s = 0; s < ini->n_sections; s++)
    if (strcmp (ini->sections[s].name, "DEFAULT") == 0)
      ini->defaults = s;
  *ret = ini;
  return 0;
}

void
ini_free (struct ini *ini)
{
  if (!ini)
    return;
  secret_buf_free (&ini->text);
  free (ini->sections);
  free (ini->entries);
  free (ini);
}

size_t
ini_count (const struct ini *ini)
{
  return ini ? ini->n_sections : 0;
}

const char *
ini_name (const struct ini *ini, size_t section)
{
  return ini->sections[section].name;
}

static const char *
find (const struct ini *ini, size_t section, const char *key)
{
  if (!ini->sections[section].count)
    return NULL;
  const struct entry wanted = {.key = key}, *first = ini->entries + ini->sections[section].first;
  for (size_t low = 0, high = ini->sections[section].count; low < high;) {
    size_t middle = low + (high - low) / 2;
    int order = strcmp (first[middle].key, wanted.key);
    if (order == 0)
      return first[middle].value;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

const char *
ini_get (const struct ini *ini, size_t section, const char *key)
{
  const char *value = find (ini, section, key);
  return value || ini->defaults == SIZE_MAX ? value : find (ini, ini->defaults, key);
}

bool
ini_nested (const char *value, const char *key, struct buf *ret)
{
  bool found = false;
  if (*value != '\n')
    return false;
  for (const char *line = value; line;) {
    const char *next = strchr (++line, '\n'), *end = next ? next : line + strlen (line);
    const char *equals = memchr (line, '=', (size_t) (end - line));
    if (equals) {
      char *name_end = (char *) (uintptr_t) equals, *value_end = (char *) (uintptr_t) end;
      char *name = trim ((char *) (uintptr_t) line, &name_end), *text = trim ((char *) (uintptr_t) equals + 1, &value_end);
      if ((size_t) (name_end - name) == strlen (key) && strncmp (name, key, strlen (key)) == 0) {
        buf_clear (ret); /* the last one counts */
        buf_add (ret, text, (size_t) (value_end - text));
        found = !ret->error;
      }
    }
    line = next;
  }
  return found;
}
