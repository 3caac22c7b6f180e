#include "pick.h"

#include "nearest.h"

#include <fnmatch.h>
#include <stdlib.h>

enum { MOST_NAMES = 512 };

bool
pick_matches (const char *glob, size_t length, const char *text)
{
  char whole[512];
  if (length >= sizeof whole)
    return false;
  memcpy (whole, glob, length);
  whole[length] = 0;
  return fnmatch (whole, text, 0) == 0;
}

const char *
pick_for_table (const char *item, const char *table)
{
  const char *dot = strchr (item, '.');
  return dot && pick_matches (item, (size_t) (dot - item), table) ? dot + 1 : NULL;
}

static bool
is_glob (const char *text, size_t length)
{
  for (size_t i = 0; i < length; i++)
    if (strchr ("*?[\\", text[i]))
      return true;
  return false;
}

/* The names of tables, or of a table's fields, nearest to one that does not exist. */
static const char *
nearest_table (const struct kk_schema *in, const char *word)
{
  const char *names[MOST_NAMES];
  struct kk_table t;
  uint32_t n = 0;
  while (n < MOST_NAMES && !kk_schema_table (in, n, &t))
    names[n++] = t.name;
  return nearest_word (word, names, n);
}

static const char *
nearest_field (const struct kk_schema *in, uint32_t table, const char *word)
{
  const char *names[MOST_NAMES];
  struct kk_field f;
  uint32_t n = 0;
  while (n < MOST_NAMES && !kk_schema_field (in, table, n, &f))
    names[n++] = f.name;
  return nearest_word (word, names, n);
}

static int64_t
find_table (const struct kk_schema *in, const char *name, struct kk_table *ret)
{
  for (uint32_t t = 0; !kk_schema_table (in, t, ret); t++)
    if (!strcmp (ret->name, name))
      return t;
  return -1;
}

static bool
has_field (const struct kk_schema *in, uint32_t table, const char *name)
{
  struct kk_field f;
  for (uint32_t i = 0; !kk_schema_field (in, table, i, &f); i++)
    if (!strcmp (f.name, name))
      return true;
  return false;
}

/* "; did you mean 'x'?" or nothing. */
static const char *
suggest (const char *near, char *text, size_t size)
{
  snprintf (text, size, near ? ": did you mean '%s'?" : "%s", near ? near : "");
  return text;
}

int
pick_check (const struct kk_schema *in, enum pick_what what, const char *option, const char *item, struct kk_fault *fault)
{
  const char *dot = what == PICK_TABLE ? NULL : strchr (item, '.');
  size_t length = dot ? (size_t) (dot - item) : strlen (item);
  char name[128], hint[160];
  struct kk_table table;
  if (is_glob (item, length))
    return 0;
  snprintf (name, sizeof name, "%.*s", (int) (length < 127 ? length : 127), item);
  int64_t t = find_table (in, name, &table);
  if (t < 0)
    return kk_refuse (fault, option, "no table '%.60s' comes along%s", name,
                      suggest (nearest_table (in, name), hint, sizeof hint));
  if (what == PICK_ROW && !table.key)
    return kk_refuse (fault, option, "table '%.60s' has a single row, and no keys", name);
  if (what != PICK_FIELD || !dot || is_glob (dot + 1, strlen (dot + 1)) || has_field (in, (uint32_t) t, dot + 1))
    return 0;
  return kk_refuse (fault, option, "table '%.60s' has no field '%.60s'%s", name, dot + 1,
                    suggest (nearest_field (in, (uint32_t) t, dot + 1), hint, sizeof hint));
}
