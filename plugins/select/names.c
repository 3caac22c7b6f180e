#include "names.h"

#include "pick.h"

#include <errno.h>
#include <stdlib.h>

static int
make_name (const char *option, const char *item, bool dotted, struct name *ret, struct kk_fault *fault)
{
  const char *dot = dotted ? strchr (item, '.') : item;
  char why[128];
  if (!dot && pattern_is (item))
    return kk_refuse (fault, option, "'%.80s' names no table: write it as table./expression/", item);
  if (!dot)
    return kk_refuse (fault, option, "'%.80s' names no table: write it as table.%.80s", item, item);
  *ret = (struct name){.item = item, .rest = dotted ? dot + 1 : item};
  if (!pattern_is (ret->rest))
    return 0;
  int r = pattern_make (ret->rest, &ret->pattern, why, sizeof why);
  return r == -EINVAL ? kk_refuse (fault, option, "'%.80s' is no regular expression to be used here: %s", ret->rest, why) : r;
}

int
names_make (const char *option, const struct kk_list *list, bool dotted, struct names *ret, struct kk_fault *fault)
{
  *ret = (struct names){.items = calloc (list->count + 1, sizeof *ret->items)};
  int r = ret->items ? 0 : -ENOMEM;
  for (uint32_t i = 0; i < list->count && !r; i++) {
    r = make_name (option, list->items[i], dotted, ret->items + i, fault);
    ret->n += !r;
  }
  if (r)
    names_free (ret);
  return r;
}

void
names_free (struct names *n)
{
  for (uint32_t i = 0; i < n->n; i++)
    pattern_free (n->items[i].pattern);
  free (n->items);
  *n = (struct names){.n = 0};
}

static bool
takes (struct names *n, const struct name *name, const char *text)
{
  if (!name->pattern)
    return pick_matches (name->rest, strlen (name->rest), text);
  int r = pattern_takes (name->pattern, text);
  n->failed |= r < 0;
  return r > 0;
}

int
names_of (const struct names *n, const char *table, struct names *ret)
{
  *ret = (struct names){.items = calloc (n->n + 1, sizeof *ret->items)};
  for (uint32_t i = 0; i < n->n && ret->items; i++)
    if (pick_for_table (n->items[i].item, table))
      ret->items[ret->n++] = n->items[i];
  return ret->items ? 0 : -ENOMEM;
}

void
names_of_free (struct names *n)
{
  free (n->items);
  *n = (struct names){.n = 0};
}

bool
names_take (struct names *n, const char *text)
{
  for (uint32_t i = 0; i < n->n; i++)
    if (takes (n, n->items + i, text))
      return true;
  return false;
}
