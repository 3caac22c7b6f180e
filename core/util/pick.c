#include "pick.h"

#include "nearest.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdlib.h>

enum { MOST_NAMES = 512 };

/* Most globs are a name, or one and a '*': what stands before the first wildcard is compared as it is. */
bool
pick_matches (const char *glob, size_t length, const char *text)
{
  char whole[512];
  size_t same = 0;
  if (length >= sizeof whole)
    return false;
  while (same < length && !strchr ("*?[\\", glob[same])) {
    if (glob[same] != text[same])
      return false;
    same++;
  }
  if (same == length)
    return !text[same];
  if (same + 1 == length && glob[same] == '*')
    return true;
  glob += same;
  length -= same;
  text += same;
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

/* ---- What comes along ---- */

struct asked {
  const struct kk_schema *in;
  enum pick_what what;
  const char *option, *item;
  size_t length;           /* of the table's part */
  const char *rest;        /* what is behind the dot, or NULL */
  struct pattern *pattern; /* in the place of it, or NULL */
};

/* Of [a-z], []a], [![:alpha:]]: where it ends; NULL: it is none. */
static const char *
set_end (const char *set)
{
  const char *at = set + 1 + (set[1] == '!' || set[1] == '^');
  for (at += *at == ']'; *at && *at != ']'; at++) {
    const char *close = at[0] == '[' && at[1] == ':' ? strstr (at + 2, ":]") : NULL;
    at = close ? close + 1 : at;
  }
  return *at ? at : NULL;
}

static bool
set_takes_digit (const char *set, size_t length)
{
  for (char digit[2] = "0"; *digit <= '9'; ++*digit)
    if (pick_matches (set, length, digit))
      return true;
  return false;
}

bool
pick_takes_digits (const char *glob)
{
  for (const char *at = glob; *at; at++) {
    const char *end = *at == '[' ? set_end (at) : NULL;
    if (end && !set_takes_digit (at, (size_t) (end - at) + 1))
      return false;
    if (end)
      at = end;
    else if (*at == '\\' ? !isdigit ((unsigned char) *++at) : !strchr ("*?0123456789", *at))
      return false;
  }
  return true;
}

/* Where it cannot be told for want of memory, it is taken to be so. */
static bool
takes_rest (const struct asked *a, const char *text)
{
  return a->pattern ? pattern_takes (a->pattern, text) != 0 : pick_matches (a->rest, strlen (a->rest), text);
}

static bool
takes_digits (const struct asked *a)
{
  return a->pattern ? pattern_takes_digits (a->pattern) : pick_takes_digits (a->rest);
}

/* Whether it names something of this table. *ret_numbers is set where it would, if the rows were not known by numbers. */
static bool
names_in (const struct asked *a, uint32_t t, const struct kk_table *table, struct kk_table *ret_numbers)
{
  struct kk_field f;
  if (a->what == PICK_TABLE && a->pattern)
    return takes_rest (a, table->name);
  if (!pick_matches (a->item, a->length, table->name))
    return false;
  if (a->what == PICK_TABLE || !a->rest)
    return true;
  if (a->what == PICK_ROW && table->key_type == KK_U64_KEY && !takes_digits (a)) {
    *ret_numbers = *table;
    return false;
  }
  if (a->what == PICK_ROW)
    return table->key != NULL;
  for (uint32_t i = 0; !kk_schema_field (a->in, t, i, &f); i++)
    if (takes_rest (a, f.name))
      return true;
  return false;
}

static int
check_some (const struct asked *a, struct kk_shape *shape, struct kk_fault *fault)
{
  static const char *const things[] = {
    [PICK_TABLE] = "no table", [PICK_FIELD] = "no field", [PICK_ROW] = "no table with many rows"};
  struct kk_table table, numbers = {.name = NULL};
  for (uint32_t t = 0; !kk_schema_table (a->in, t, &table); t++)
    if (names_in (a, t, &table, &numbers))
      return 0;
  if (numbers.name)
    return kk_refuse (fault, a->option, "the rows of '%.60s' are known by numbers (%.60s), which '%.60s' never takes",
                      numbers.name, numbers.key, a->rest);
  if (shape)
    kk_shape_warn (shape, a->option, "'%.80s' names %s that comes along", a->item, things[a->what]);
  return 0;
}

/* A name without wildcards must be there. */
static int
check_exact (const struct asked *a, struct kk_fault *fault)
{
  char name[128], hint[160];
  struct kk_table table;
  if ((a->what == PICK_TABLE && a->pattern) || is_glob (a->item, a->length))
    return 0;
  snprintf (name, sizeof name, "%.*s", (int) (a->length < 127 ? a->length : 127), a->item);
  int64_t t = find_table (a->in, name, &table);
  if (t < 0)
    return kk_refuse (fault, a->option, "no table '%.60s' comes along%s", name,
                      suggest (nearest_table (a->in, name), hint, sizeof hint));
  if (a->what == PICK_ROW && !table.key)
    return kk_refuse (fault, a->option, "table '%.60s' has a single row, and no keys", name);
  if (a->what != PICK_FIELD || !a->rest || a->pattern || is_glob (a->rest, strlen (a->rest))
      || has_field (a->in, (uint32_t) t, a->rest))
    return 0;
  return kk_refuse (fault, a->option, "table '%.60s' has no field '%.60s'%s", name, a->rest,
                    suggest (nearest_field (a->in, (uint32_t) t, a->rest), hint, sizeof hint));
}

int
pick_check_pattern (const struct kk_schema *in, enum pick_what what, const char *option, const char *item,
                    struct pattern *pattern, struct kk_shape *shape, struct kk_fault *fault)
{
  const char *dot = what == PICK_TABLE ? NULL : strchr (item, '.');
  const struct asked a = {.in = in,
                          .what = what,
                          .option = option,
                          .item = item,
                          .length = dot ? (size_t) (dot - item) : strlen (item),
                          .rest = dot ? dot + 1 : NULL,
                          .pattern = pattern};
  int r = check_exact (&a, fault);
  return r ? r : check_some (&a, shape, fault);
}

int
pick_check (const struct kk_schema *in, enum pick_what what, const char *option, const char *item, struct kk_shape *shape,
            struct kk_fault *fault)
{
  return pick_check_pattern (in, what, option, item, NULL, shape, fault);
}
