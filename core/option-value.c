#include <config.h>

#include "option.h"

#include "buf.h"
#include "path.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int
option_make_list (const char *const *texts, const size_t *lengths, size_t n, struct kk_list *ret)
{
  size_t bytes = n * sizeof (char *) + 1;
  for (size_t i = 0; i < n; i++)
    bytes += lengths[i] + 1;
  const char **items = malloc (bytes);
  if (!items)
    return -ENOMEM;
  char *to = (char *) (items + n);
  for (size_t i = 0; i < n; i++) {
    items[i] = to;
    memcpy (to, texts[i], lengths[i]);
    to[lengths[i]] = 0;
    to += lengths[i] + 1;
  }
  *ret = (struct kk_list){.items = items, .count = (uint32_t) n};
  return 0;
}

static int
parse_list (const struct yaml_node *value, struct kk_list *ret)
{
  const char *texts[OPTION_MAX_LIST];
  size_t lengths[OPTION_MAX_LIST], n = value->kind == YAML_LIST ? value->n : 1;
  if (n > OPTION_MAX_LIST)
    return -ERANGE;
  for (size_t i = 0; i < n; i++) {
    const struct yaml_node *item = value->kind == YAML_LIST ? value->items[i] : value;
    if (item->kind != YAML_SCALAR || !*item->text)
      return -EINVAL;
    texts[i] = item->text;
    lengths[i] = strlen (item->text);
  }
  /* "python, node" without brackets is one word to YAML and never what was meant. */
  if (value->kind == YAML_SCALAR && !value->quoted && strchr (value->text, ','))
    return -EINVAL;
  return option_make_list (texts, lengths, n, ret);
}

/* A default as it stands in an option table: "[a, b]", "[]" or one word. */
static int
parse_list_text (const char *text, struct kk_list *ret)
{
  const char *texts[OPTION_MAX_LIST], *p = text, *end = text + strlen (text);
  size_t lengths[OPTION_MAX_LIST], n = 0;
  if (*p == '[' && end > p + 1 && end[-1] == ']') {
    p++;
    end--;
  }
  while (p < end) {
    const char *comma = memchr (p, ',', (size_t) (end - p)), *stop = comma ? comma : end;
    while (p < stop && *p == ' ')
      p++;
    const char *last = stop;
    while (last > p && last[-1] == ' ')
      last--;
    if (last > p && n < OPTION_MAX_LIST) {
      texts[n] = p;
      lengths[n++] = (size_t) (last - p);
    }
    p = stop + 1;
  }
  return option_make_list (texts, lengths, n, ret);
}

static int
parse_choice (const char *choices, const char *text, int32_t *ret)
{
  size_t length = strlen (text);
  int32_t index = 0;
  for (const char *p = choices; length; index++) {
    size_t n = strcspn (p, "|");
    if (n == length && strncmp (p, text, n) == 0) {
      *ret = index;
      return 0;
    }
    if (!p[n])
      break;
    p += n + 1;
  }
  return -EINVAL;
}

static int
parse_path (const char *text, char **ret)
{
  for (const char *p = text; *p; p++)
    if (iscntrl ((unsigned char) *p))
      return -EINVAL;
  char *path;
  int r = path_expand (text, &path);
  if (r < 0)
    return r;
  if (*path && *path != '/') {
    free (path);
    return -EINVAL;
  }
  *ret = path;
  return 0;
}

static int
parse_number (const struct kk_option *option, const char *text, union option_value *ret)
{
  int word, r;
  switch (option->type) {
  case KK_OPTION_BOOL:
    r = units_bool (text, &word);
    if (r == 0)
      ret->boolean = word;
    return r;
  case KK_OPTION_INT: return units_i64 (text, &ret->i64);
  case KK_OPTION_DURATION: return units_duration (text, &ret->i64);
  case KK_OPTION_BYTES: return units_bytes (text, &ret->i64);
  case KK_OPTION_FLOAT: return units_f64 (text, &ret->f64);
  default: return units_percent (text, &ret->f64);
  }
}

static int
check_range (const struct kk_option *option, const union option_value *value)
{
  bool is_float = option->type == KK_OPTION_FLOAT || option->type == KK_OPTION_PERCENT;
  union option_value min, max;
  bool has_min = option->min && parse_number (option, option->min, &min) == 0;
  bool has_max = option->max && parse_number (option, option->max, &max) == 0;
  if (!has_min && option->type != KK_OPTION_INT && option->type != KK_OPTION_FLOAT) {
    if (is_float)
      min.f64 = 0;
    else
      min.i64 = 0;
    has_min = true;
  }
  if (is_float)
    return (has_min && value->f64 < min.f64) || (has_max && value->f64 > max.f64) ? -ERANGE : 0;
  return (has_min && value->i64 < min.i64) || (has_max && value->i64 > max.i64) ? -ERANGE : 0;
}

int
option_parse (const struct kk_option *option, const struct yaml_node *value, union option_value *ret)
{
  union option_value parsed = {.map = {0}};
  int r;
  if (option->type == KK_OPTION_MAP) {
    struct diag silent = {0};
    r = value->kind == YAML_MAP ? option_map_parse (option, value, &silent, &parsed.map) : -EINVAL;
    diag_free (&silent);
  } else if (option->type == KK_OPTION_LIST) {
    if (value->kind != YAML_LIST && value->kind != YAML_SCALAR)
      return -EINVAL;
    r = parse_list (value, &parsed.list);
  } else if (value->kind != YAML_SCALAR) {
    return -EINVAL;
  } else if (option->type == KK_OPTION_STRING) {
    parsed.string = strdup (value->text);
    r = parsed.string ? 0 : -ENOMEM;
  } else if (option->type == KK_OPTION_PATH) {
    r = parse_path (value->text, &parsed.string);
  } else if (option->type == KK_OPTION_CHOICE) {
    r = parse_choice (option->choices, value->text, &parsed.choice);
  } else {
    /* What is in quotes is text, and a text is no number; a value with a unit is a text anyhow. */
    if (value->quoted && (option->type == KK_OPTION_BOOL || option->type == KK_OPTION_INT || option->type == KK_OPTION_FLOAT))
      return -EINVAL;
    r = parse_number (option, value->text, &parsed);
    if (r == 0 && option->type != KK_OPTION_BOOL)
      r = check_range (option, &parsed);
  }
  if (r == 0)
    *ret = parsed;
  return r;
}

int
option_default (const struct kk_option *option, union option_value *ret)
{
  if (option->type == KK_OPTION_LIST)
    return parse_list_text (option->def ? option->def : "", &ret->list);
  if (!option->def && option->type != KK_OPTION_STRING && option->type != KK_OPTION_PATH) {
    memset (ret, 0, sizeof *ret); /* {0} would clear its first member alone */
    return 0;
  }
  char empty[] = "";
  struct yaml_node value = {.kind = YAML_SCALAR, .text = option->def ? (char *) (uintptr_t) option->def : empty};
  return option_parse (option, &value, ret);
}

void
option_value_free (const struct kk_option *option, union option_value *value)
{
  if (option->type == KK_OPTION_STRING || option->type == KK_OPTION_PATH)
    free (value->string);
  else if (option->type == KK_OPTION_LIST)
    free ((void *) (uintptr_t) value->list.items);
  else if (option->type == KK_OPTION_MAP)
    option_map_free (option, &value->map);
}

static bool
same_lists (const struct kk_list *a, const struct kk_list *b)
{
  if (a->count != b->count)
    return false;
  for (uint32_t i = 0; i < a->count; i++)
    if (strcmp (a->items[i], b->items[i]) != 0)
      return false;
  return true;
}

bool
option_value_equal (const struct kk_option *option, const union option_value *a, const union option_value *b)
{
  switch (option->type) {
  case KK_OPTION_BOOL:
    return a->boolean == b->boolean;
  case KK_OPTION_CHOICE:
    return a->choice == b->choice;
  case KK_OPTION_FLOAT:
  case KK_OPTION_PERCENT:
    return !islessgreater (a->f64, b->f64);
  case KK_OPTION_STRING:
  case KK_OPTION_PATH:
    return strcmp (a->string, b->string) == 0;
  case KK_OPTION_LIST:
    return same_lists (&a->list, &b->list);
  case KK_OPTION_MAP:
    return option_map_equal (option, &a->map, &b->map);
  default:
    return a->i64 == b->i64;
  }
}

static size_t
member_size (const struct kk_option *option)
{
  switch (option->type) {
  case KK_OPTION_BOOL: return sizeof (bool);
  case KK_OPTION_CHOICE: return sizeof (int32_t);
  case KK_OPTION_FLOAT:
  case KK_OPTION_PERCENT: return sizeof (double);
  case KK_OPTION_STRING:
  case KK_OPTION_PATH: return sizeof (char *);
  case KK_OPTION_LIST: return sizeof (struct kk_list);
  case KK_OPTION_MAP:
    return sizeof (struct kk_map);
  default: return sizeof (int64_t);
  }
}

void
option_load (const struct kk_option *option, const void *config, union option_value *ret)
{
  memset (ret, 0, sizeof *ret);
  memcpy (ret, (const char *) config + option->offset, member_size (option));
}

void
option_store (const struct kk_option *option, void *config, const union option_value *value)
{
  memcpy ((char *) config + option->offset, value, member_size (option));
}

static void
add_range (struct buf *b, const struct kk_option *option)
{
  if (option->min && option->max)
    buf_printf (b, " from %s to %s", option->min, option->max);
  else if (option->min)
    buf_printf (b, ", at least %s", option->min);
  else if (option->max)
    buf_printf (b, ", at most %s", option->max);
}

/* A member that must be given says more of an entry than one that need not. */
static const char *
first_member (const struct kk_option *option)
{
  for (uint32_t i = 0; i < option->n_members; i++)
    if (option->members[i].flags & KK_REQUIRED)
      return option->members[i].name;
  return option->members->name;
}

char *
option_expected (const struct kk_option *option)
{
  struct buf b = {0};
  switch (option->type) {
  case KK_OPTION_BOOL: buf_adds (&b, "true or false"); break;
  case KK_OPTION_INT: buf_adds (&b, "a whole number"); break;
  case KK_OPTION_FLOAT: buf_adds (&b, "a number"); break;
  case KK_OPTION_STRING: buf_adds (&b, "a text"); break;
  case KK_OPTION_PATH: buf_adds (&b, "a path that begins with / or ~"); break;
  case KK_OPTION_DURATION: buf_adds (&b, "a duration such as 500ms, 5s or 2h"); break;
  case KK_OPTION_BYTES: buf_adds (&b, "a size such as 4096, 64KiB or 10MB"); break;
  case KK_OPTION_PERCENT: buf_adds (&b, "a percentage such as 80"); break;
  case KK_OPTION_LIST: buf_adds (&b, "a list such as [python, node]"); break;
  case KK_OPTION_MAP:
    if (option->n_members)
      buf_printf (&b, "a map such as {some_name: {%s: …}}", first_member (option));
    else
      buf_adds (&b, "a map such as {some_name: text}");
    break;
  default:
    buf_adds (&b, "one of ");
    for (const char *p = option->choices; *p; p++)
      if (*p == '|')
        buf_adds (&b, ", ");
      else
        buf_addc (&b, *p);
  }
  if (option->type == KK_OPTION_DURATION || option->type == KK_OPTION_BYTES)
    buf_adds (&b, option->min && option->max ? "," : "");
  add_range (&b, option);
  if (!b.error)
    return b.data;
  buf_free (&b);
  return NULL;
}
