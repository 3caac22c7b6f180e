/* Options of type map: names that the user chooses, each with a text or with a struct of options of its own. */
#include <config.h>

#include "option.h"

#include "utf8.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHOWN = 60, MAX_LABEL = 200 };

const void *
option_map_item (const struct kk_option *option, const struct kk_map *map, uint32_t i)
{
  return (const char *) map->items + (size_t) i * option->member_size;
}

/* What is wrong with a name, or NULL. */
static const char *
name_fault (const char *name)
{
  size_t n = strlen (name);
  if (n == 0)
    return "is empty: give it one";
  if (n > OPTION_MAX_ENTRY)
    return "is longer than 127 bytes: give a shorter one";
  if (utf8_valid (name, n) != n)
    return "is no UTF-8: write it in an editor that saves UTF-8";
  for (size_t i = 0; i < n; i++) {
    unsigned char c = (unsigned char) name[i], next = (unsigned char) name[i + 1];
    if (c < ' ' || c == 0x7f || (c == 0xc2 && next < 0xa0)) /* C2 80 to C2 9F are control characters too */
      return "holds a control character: take it out";
  }
  return NULL;
}

/* How an entry is spoken of: "rules.high". Of what is secret not even the name is said: it may be a value in the wrong place.
 */
static void
label_entry (const struct kk_option *option, const char *name, char label[static MAX_LABEL])
{
  bool shown = !(option->flags & KK_SECRET) && !name_fault (name);
  snprintf (label, MAX_LABEL, "%s.%s", option->name, shown ? name : "…");
}

static int
check_names (const struct kk_option *option, const struct yaml_node *value, struct diag *d)
{
  int r = 0;
  if (value->n > OPTION_MAX_MAP) {
    diag_add (d, DIAG_ERROR, value->at, "%s has %zu entries: at most %d are taken", option->name, value->n, OPTION_MAX_MAP);
    return -EINVAL;
  }
  for (size_t i = 0; i < value->n; i++) {
    const char *fault = name_fault (value->pairs[i].key);
    if (!fault)
      continue;
    diag_add (d, DIAG_ERROR, value->pairs[i].at, "a name in %s %s", option->name, fault);
    r = -EINVAL;
  }
  return r;
}

static void
say_no_text (const char *label, const struct yaml_node *value, struct diag *d)
{
  if (value->kind == YAML_NULL)
    diag_add (d, DIAG_ERROR, value->at, "%s has no value: give a text, or remove the line", label);
  else
    diag_add (d, DIAG_ERROR, value->at, "%s cannot be %s: give a text", label, yaml_kind_word (value));
}

static int
parse_texts (const struct kk_option *option, const struct yaml_node *value, struct diag *d, struct kk_map *ret)
{
  const char *texts[OPTION_MAX_MAP];
  size_t lengths[OPTION_MAX_MAP];
  int r = 0;
  for (size_t i = 0; i < value->n; i++) {
    const struct yaml_pair *pair = &value->pairs[i];
    if (pair->value->kind != YAML_SCALAR) {
      char label[MAX_LABEL];
      label_entry (option, pair->key, label);
      say_no_text (label, pair->value, d);
      r = -EINVAL;
      continue;
    }
    texts[i] = pair->value->text;
    lengths[i] = strlen (texts[i]);
  }
  struct kk_list list = {0};
  if (r == 0)
    r = option_make_list (texts, lengths, value->n, &list);
  ret->items = list.items;
  return r;
}

bool
option_has_secret (const struct kk_option *option)
{
  bool secret = option->flags & KK_SECRET;
  for (uint32_t i = 0; i < option->n_members; i++)
    secret = secret || (option->members[i].flags & KK_SECRET);
  return secret;
}

static int
parse_struct (const struct kk_option *option, const struct yaml_pair *pair, struct diag *d, void *to)
{
  char label[MAX_LABEL];
  const struct yaml_node *value = pair->value;
  label_entry (option, pair->key, label);
  if (value->kind == YAML_MAP || value->kind == YAML_NULL)
    return option_fill_into (option->members, option->n_members, label, value, NULL, pair->at, d, to);
  bool shown = value->kind == YAML_SCALAR && !option_has_secret (option); /* it may be that value */
  diag_add (d, DIAG_ERROR, value->at, "%s cannot be %s%.*s%s: give its options, such as {%s: …}", label, shown ? "'" : "",
            MAX_SHOWN, shown ? value->text : yaml_kind_word (value), shown ? "'" : "", option->members->name);
  return -EINVAL;
}

static int
parse_structs (const struct kk_option *option, const struct yaml_node *value, struct diag *d, struct kk_map *ret)
{
  char *items = calloc (value->n + 1, option->member_size);
  int result = items ? 0 : -ENOMEM;
  for (size_t i = 0; i < value->n && result != -ENOMEM; i++) {
    int r = parse_struct (option, &value->pairs[i], d, items + i * option->member_size);
    result = r < 0 ? r : result;
  }
  ret->items = items;
  return result;
}

static int
copy_names (const struct yaml_node *value, struct kk_map *ret)
{
  const char *names[OPTION_MAX_MAP];
  size_t lengths[OPTION_MAX_MAP];
  for (size_t i = 0; i < value->n; i++) {
    names[i] = value->pairs[i].key;
    lengths[i] = strlen (names[i]);
  }
  struct kk_list list = {0};
  int r = option_make_list (names, lengths, value->n, &list);
  ret->names = list.items;
  return r;
}

int
option_map_parse (const struct kk_option *option, const struct yaml_node *value, struct diag *d, struct kk_map *ret)
{
  struct kk_map map = {0};
  int names = check_names (option, value, d);
  if (value->n > OPTION_MAX_MAP)
    return names;
  map.count = (uint32_t) value->n;
  int r = option->n_members ? parse_structs (option, value, d, &map) : parse_texts (option, value, d, &map);
  if (r == 0)
    r = names;
  if (r == 0)
    r = copy_names (value, &map);
  if (r < 0)
    option_map_free (option, &map);
  else
    *ret = map;
  return r;
}

void
option_map_free (const struct kk_option *option, const struct kk_map *map)
{
  for (uint32_t i = 0; map->items && option->n_members && i < map->count; i++)
    option_clear (option->members, option->n_members, (void *) (uintptr_t) option_map_item (option, map, i));
  free ((void *) (uintptr_t) map->items);
  free ((void *) (uintptr_t) map->names);
}

/* A plugin sees their order, so that counts. */
bool
option_map_equal (const struct kk_option *option, const struct kk_map *a, const struct kk_map *b)
{
  if (a->count != b->count)
    return false;
  const char *const *x = a->items, *const *y = b->items;
  for (uint32_t i = 0; i < a->count; i++) {
    if (strcmp (a->names[i], b->names[i]) != 0)
      return false;
    if (option->n_members
          ? !option_equal (option->members, option->n_members, option_map_item (option, a, i), option_map_item (option, b, i))
          : strcmp (x[i], y[i]) != 0)
      return false;
  }
  return true;
}

/* The entry whose name is the first `length` bytes. Names may hold dots. */
static const struct yaml_pair *
entry_pair (const struct yaml_node *map, const char *name, size_t length)
{
  for (size_t i = 0; map && map->kind == YAML_MAP && i < map->n; i++)
    if (strlen (map->pairs[i].key) == length && memcmp (map->pairs[i].key, name, length) == 0)
      return &map->pairs[i];
  return NULL;
}

static struct place
pair_place (const struct yaml_pair *pair)
{
  return pair->value->kind == YAML_MAP ? pair->at : pair->value->at;
}

struct place
option_place (const struct kk_option *options, uint32_t n, const struct yaml_node *given, const char *name,
              struct place otherwise)
{
  const struct yaml_pair *pair = yaml_pair (given, name);
  const char *entry = strchr (name, '.');
  if (pair)
    return pair_place (pair);
  size_t i = 0, length = entry ? (size_t) (entry - name) : 0;
  while (entry && i < n && (strncmp (options[i].name, name, length) != 0 || options[i].name[length]))
    i++;
  if (!entry || i == n || options[i].type != KK_OPTION_MAP || !(pair = yaml_pair (given, options[i].name)))
    return otherwise;
  otherwise = pair_place (pair);
  const struct yaml_node *map = pair->value;
  entry++;
  if ((pair = entry_pair (map, entry, strlen (entry))))
    return pair_place (pair);
  const char *member = strrchr (entry, '.');
  if (!member || !(pair = entry_pair (map, entry, (size_t) (member - entry))))
    return otherwise;
  const struct yaml_pair *found = yaml_pair (pair->value, member + 1);
  return found ? pair_place (found) : pair_place (pair);
}
