#include <config.h>

#include "leave-out.h"

#include "option.h"

#include <stdlib.h>
#include <string.h>

static size_t
item_size (const struct kk_option *option)
{
  return option->n_members ? option->member_size : sizeof (const char *);
}

static struct kk_map *
map_of (const struct kk_option *option, const void *config)
{
  return (struct kk_map *) (void *) ((char *) (uintptr_t) config + option->offset);
}

static bool
is_map (const struct kk_option *option)
{
  return option->type == KK_OPTION_MAP;
}

/* The number of the entry of that name, which may be followed by a member's; or that of none. Names may hold dots. */
static uint32_t
find (const struct kk_map *map, const char *name)
{
  const char *member = strrchr (name, '.');
  const size_t length = member ? (size_t) (member - name) : 0;
  for (uint32_t i = 0; i < map->count; i++)
    if (!strcmp (map->names[i], name))
      return i;
  for (uint32_t i = 0; i < map->count && length; i++)
    if (strlen (map->names[i]) == length && !memcmp (map->names[i], name, length))
      return i;
  return map->count;
}

/* A list of its own, of the very same entries. */
static int
copy_map (const struct kk_option *option, struct kk_map *map)
{
  const size_t size = item_size (option);
  char **names = calloc (map->count + 1, sizeof *names);
  char *items = calloc (map->count + 1, size);
  if (!names || !items) {
    free (names);
    free (items);
    *map = (struct kk_map){.count = 0};
    return -ENOMEM;
  }
  if (map->count) {
    memcpy (names, map->names, map->count * sizeof *names);
    memcpy (items, map->items, map->count * size);
  }
  map->names = (const char *const *) names;
  map->items = items;
  return 0;
}

static int
begin (struct leave_out *l)
{
  const struct kk_plugin *p = &l->d->plugin;
  int r = 0;
  if (l->config)
    return 0;
  l->config = malloc (p->config_size);
  if (!l->config)
    return -ENOMEM;
  memcpy (l->config, l->whole, p->config_size);
  for (uint32_t i = 0; i < p->n_options; i++)
    if (is_map (p->options + i) && copy_map (p->options + i, map_of (p->options + i, l->config)))
      r = -ENOMEM;
  return r;
}

bool
leave_out_next (struct leave_out *l, const struct kk_fault *fault)
{
  const struct kk_plugin *p = &l->d->plugin;
  const char *entry = fault->option ? strchr (fault->option, '.') : NULL;
  if (!entry || l->n >= LEAVE_OUT_MOST || begin (l))
    return false;
  for (uint32_t i = 0; i < p->n_options; i++) {
    const struct kk_option *option = p->options + i;
    const size_t length = (size_t) (entry - fault->option);
    if (!is_map (option) || strlen (option->name) != length || memcmp (option->name, fault->option, length) != 0)
      continue;
    struct kk_map *map = map_of (option, l->config);
    const uint32_t at = find (map, entry + 1), behind = map->count - at;
    const size_t size = item_size (option);
    const char **names = (const char **) (uintptr_t) map->names;
    char *items = (char *) (uintptr_t) map->items;
    if (!behind)
      return false;
    memmove (names + at, names + at + 1, (behind - 1) * sizeof *names);
    memmove (items + at * size, items + (at + 1) * size, (behind - 1) * size);
    map->count--;
    l->n++;
    return true;
  }
  return false;
}

void
leave_out_end (struct leave_out *l)
{
  const struct kk_plugin *p = &l->d->plugin;
  for (uint32_t i = 0; l->config && i < p->n_options; i++)
    if (is_map (p->options + i)) {
      free ((void *) (uintptr_t) map_of (p->options + i, l->config)->names);
      free ((void *) (uintptr_t) map_of (p->options + i, l->config)->items);
    }
  free (l->config);
  l->config = NULL;
}
