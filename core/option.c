#include <config.h>

#include "option.h"

#include "buf.h"
#include "nearest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_SHOWN = 60, MAX_LABEL = 320 };

static void
say_not_fitting (const struct kk_option *option, const char *name, const struct yaml_node *value, int r, struct diag *d)
{
  char *expected = option_expected (option);
  const char *right = expected ? expected : "another value";
  bool one_value = value->kind == YAML_SCALAR;
  bool number = option->type == KK_OPTION_BOOL || option->type == KK_OPTION_INT || option->type == KK_OPTION_FLOAT;
  const char *more = one_value && strlen (value->text) > MAX_SHOWN ? "…" : "";
  if (one_value && option_has_secret (option)) {
    diag_add (d, DIAG_ERROR, value->at, "%s does not fit: give %s", name, right);
    free (expected);
    return;
  }
  if (r == -ENOENT)
    diag_add (d, DIAG_ERROR, value->at, "%s: '%s' names a home directory that is not known: give the full path", name,
              value->text);
  else if (value->kind == YAML_NULL)
    diag_add (d, DIAG_ERROR, value->at, "%s has no value: give %s, or remove the line", name, right);
  else if (!one_value)
    diag_add (d, DIAG_ERROR, value->at, "%s cannot be %s: give %s", name, yaml_kind_word (value), right);
  else if (r == -ERANGE)
    diag_add (d, DIAG_ERROR, value->at, "%s: %.*s%s is out of range: give %s", name, MAX_SHOWN, value->text, more, right);
  else if (value->quoted && number)
    diag_add (d, DIAG_ERROR, value->at, "%s: \"%.*s\"%s is a text because of its quotes: give %s without quotes", name,
              MAX_SHOWN, value->text, more, right);
  else
    diag_add (d, DIAG_ERROR, value->at, "%s cannot be '%.*s%s': give %s", name, MAX_SHOWN, value->text, more, right);
  free (expected);
}

static void
say_bad_list (const char *name, const struct yaml_node *value, struct diag *d)
{
  if (value->kind == YAML_SCALAR) {
    diag_add (d, DIAG_ERROR, value->at, "%s: '%.*s' is one word to YAML: write a list in brackets, [%.*s]", name, MAX_SHOWN,
              value->text, MAX_SHOWN, value->text);
    return;
  }
  for (size_t i = 0; i < value->n; i++) {
    const struct yaml_node *item = value->items[i];
    if (item->kind == YAML_SCALAR && *item->text)
      continue;
    diag_add (d, DIAG_ERROR, item->at, "%s: an item of the list is %s: give a word", name,
              item->kind == YAML_SCALAR ? "empty" : yaml_kind_word (item));
    return;
  }
}

/* 'null' and '~' written out mean the default; nothing at all after the colon is more likely an unfinished line, but for a map,
 * whose entries may all be comments. */
static bool
means_default (const struct kk_option *option, const struct yaml_node *value)
{
  return value->kind == YAML_NULL && (*value->text || option->type == KK_OPTION_MAP);
}

static int
parse_or_say (const struct kk_option *option, const char *name, const struct yaml_node *value, struct diag *d,
              union option_value *ret)
{
  if (option->type == KK_OPTION_MAP && value->kind == YAML_MAP)
    return option_map_parse (option, value, d, &ret->map);
  int r = option_parse (option, value, ret);
  if (r == 0 || r == -ENOMEM)
    return r;
  if (option->type == KK_OPTION_LIST && r == -ERANGE) {
    diag_add (d, DIAG_ERROR, value->at, "%s has %zu items: at most %d are taken", name, value->n, OPTION_MAX_LIST);
    return -EINVAL;
  }
  bool list = value->kind == YAML_LIST || (value->kind == YAML_SCALAR && *value->text && !(option->flags & KK_SECRET));
  if (option->type == KK_OPTION_LIST && r == -EINVAL && list)
    say_bad_list (name, value, d);
  else
    say_not_fitting (option, name, value, r, d);
  return -EINVAL;
}

int
option_check (const struct kk_option *option, const char *name, const struct yaml_node *value, struct diag *d)
{
  union option_value parsed;
  if (means_default (option, value))
    return 0;
  int r = parse_or_say (option, name, value, d, &parsed);
  if (r == 0)
    option_value_free (option, &parsed);
  return r;
}

int
option_check_text (const struct kk_option *option, const char *text, struct place at, struct diag *d)
{
  struct yaml_node value = {.kind = YAML_SCALAR, .at = at, .text = (char *) (uintptr_t) text};
  return option_check (option, option->name, &value, d);
}

static int
wrong_table (char **reason, const char *within, const struct kk_option *option, const char *what, const char *text)
{
  char *expected = option_expected (option);
  if (asprintf (reason, "option '%s%s%s' has .%s = \"%s\", which does not fit: it must be %s", within ? within : "",
                within ? "." : "", option->name, what, text, expected ? expected : "another value")
      < 0)
    *reason = NULL;
  free (expected);
  return *reason ? -EINVAL : -ENOMEM;
}

static int
check_table (const char *within, const struct kk_option *options, uint32_t n, char **reason)
{
  for (uint32_t i = 0; i < n; i++) {
    struct kk_option bare = options[i];
    bare.min = bare.max = NULL;
    const char *const limits[] = {options[i].min, options[i].max};
    union option_value value;
    for (int j = 0; j < 2; j++) {
      struct yaml_node node = {.kind = YAML_SCALAR, .text = (char *) (uintptr_t) limits[j]};
      if (!limits[j])
        continue;
      int r = option_parse (&bare, &node, &value);
      if (r < 0)
        return r == -ENOMEM ? r : wrong_table (reason, within, &bare, j ? "max" : "min", limits[j]);
      option_value_free (&bare, &value);
    }
    int r = option_default (&options[i], &value);
    if (r == -ENOMEM)
      return r;
    if (r < 0 && r != -ENOENT)
      return wrong_table (reason, within, &options[i], "def", options[i].def);
    if (r == 0)
      option_value_free (&options[i], &value);
    if (options[i].type == KK_OPTION_MAP
        && (r = check_table (options[i].name, options[i].members, options[i].n_members, reason)) < 0)
      return r;
  }
  return 0;
}

int
option_check_table (const struct kk_option *options, uint32_t n, char **reason)
{
  *reason = NULL;
  return check_table (NULL, options, n, reason);
}

static bool
is_in (const char *const *names, const char *name)
{
  for (; names && *names; names++)
    if (strcmp (*names, name) == 0)
      return true;
  return false;
}

static int
say_unknown (const struct kk_option *options, uint32_t n, const char *within, const char *const *known,
             const struct yaml_pair *pair, struct diag *d)
{
  size_t n_known = 0;
  if (diag_is_full (d)) {
    diag_add (d, DIAG_ERROR, pair->at, "unknown key");
    return -EINVAL;
  }
  while (known && known[n_known])
    n_known++;
  const char **names = calloc (n + n_known + 1, sizeof *names);
  if (!names)
    return -ENOMEM;
  for (uint32_t i = 0; i < n; i++)
    names[i] = options[i].name;
  for (size_t i = 0; i < n_known; i++)
    names[n + i] = known[i];
  const char *nearest = nearest_word (pair->key, names, n + n_known), *in = within ? " in " : "";
  struct buf BUF_CLEANUP keys = {0};
  if (!nearest)
    nearest_all (&keys, names, n);
  if (nearest)
    diag_add (d, DIAG_ERROR, pair->at, "unknown key '%.*s'%s%s: did you mean '%s'?", MAX_SHOWN, pair->key, in,
              within ? within : "", nearest);
  else
    diag_add (d, DIAG_ERROR, pair->at, "unknown key '%.*s'%s%s: remove it%s", MAX_SHOWN, pair->key, in, within ? within : "",
              keys.len && !keys.error ? keys.data : "");
  free (names);
  return -EINVAL;
}

static int
find_unknown (const struct kk_option *options, uint32_t n, const char *within, const struct yaml_node *given,
              const char *const *known, struct diag *d)
{
  int result = 0;
  for (size_t i = 0; given && given->kind == YAML_MAP && i < given->n; i++) {
    bool found = is_in (known, given->pairs[i].key);
    for (uint32_t j = 0; j < n && !found; j++)
      found = strcmp (options[j].name, given->pairs[i].key) == 0;
    int r = found ? 0 : say_unknown (options, n, within, known, &given->pairs[i], d);
    if (r == -ENOMEM)
      return r;
    result = r < 0 ? r : result;
  }
  return result;
}

/* "python, node" in quotes, or without brackets, is one word to YAML. A path or a regular expression may well have a comma. */
static void
warn_of_commas (const struct kk_option *option, const char *name, const struct yaml_node *value, struct diag *d)
{
  if (option->type != KK_OPTION_LIST || (option->flags & KK_SECRET))
    return;
  const struct yaml_node *item = value->kind == YAML_LIST && value->n == 1 ? value->items[0] : value;
  if (item->kind == YAML_SCALAR && strchr (item->text, ',') && *item->text != '/')
    diag_add (d, DIAG_WARNING, item->at, "%s: '%.*s' is one word with a comma in it; if several are meant, write [%.*s]", name,
              MAX_SHOWN, item->text, MAX_SHOWN, item->text);
}

static int
fill_one (const struct kk_option *option, const char *within, const struct yaml_pair *pair, struct place at, struct diag *d,
          void *config)
{
  char name[MAX_LABEL];
  union option_value value;
  int r;
  snprintf (name, sizeof name, "%s%s%s", within ? within : "", within ? "." : "", option->name);
  if (pair && !means_default (option, pair->value)) {
    r = parse_or_say (option, name, pair->value, d, &value);
    if (r == 0)
      warn_of_commas (option, name, pair->value, d);
  } else if (option->flags & KK_REQUIRED) {
    diag_add (d, DIAG_ERROR, pair ? pair->value->at : at, "'%s' is missing: it must be given (%s)", name, option->help);
    r = -EINVAL;
  } else {
    r = option_default (option, &value);
    if (r == -ENOENT)
      diag_add (d, DIAG_ERROR, at, "%s: the home directory of this user is not known: give a full path", name);
    else if (r < 0 && r != -ENOMEM)
      diag_add (d, DIAG_ERROR, at, "the default '%s' of option '%s' does not fit here: give a value", option->def, name);
  }
  if (r == 0)
    option_store (option, config, &value);
  return r;
}

int
option_fill_into (const struct kk_option *options, uint32_t n, const char *within, const struct yaml_node *given,
                  const char *const *known, struct place at, struct diag *d, void *config)
{
  int result = find_unknown (options, n, within, given, known, d);
  for (uint32_t i = 0; i < n && result != -ENOMEM; i++) {
    int r = fill_one (&options[i], within, yaml_pair (given, options[i].name), at, d, config);
    result = r < 0 ? r : result;
  }
  return result;
}

int
option_fill (const struct kk_option *options, uint32_t n, size_t size, const struct yaml_node *given, const char *const *known,
             struct place at, struct diag *d, void **ret)
{
  if (given && given->kind != YAML_MAP && given->kind != YAML_NULL) {
    diag_add (d, DIAG_ERROR, given->at, "%s stands where options are expected: write 'key: value' lines",
              yaml_kind_word (given));
    return -EINVAL;
  }
  void *config = calloc (1, size ? size : 1);
  if (!config)
    return -ENOMEM;
  int r = option_fill_into (options, n, NULL, given, known, at, d, config);
  if (r < 0) {
    option_free (options, n, config);
    return r;
  }
  *ret = config;
  return 0;
}

void
option_clear (const struct kk_option *options, uint32_t n, void *config)
{
  for (uint32_t i = 0; i < n; i++) {
    union option_value value;
    option_load (&options[i], config, &value);
    option_value_free (&options[i], &value);
  }
}

void
option_free (const struct kk_option *options, uint32_t n, void *config)
{
  if (config)
    option_clear (options, n, config);
  free (config);
}

bool
option_equal (const struct kk_option *options, uint32_t n, const void *a, const void *b)
{
  for (uint32_t i = 0; i < n; i++) {
    union option_value x, y;
    option_load (&options[i], a, &x);
    option_load (&options[i], b, &y);
    if (!option_value_equal (&options[i], &x, &y))
      return false;
  }
  return true;
}
