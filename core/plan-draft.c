#include <config.h>

#include "plan-inner.h"

#include "nearest.h"
#include "option.h"
#include "settings.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const plan_built_in[] = {"cpu", "memory", "net", "process", "daemon", "file-writer", NULL};
static const char *const sections[] = {"daemon",   "aws",    "monitoring",  "plugins",
                                       "pipeline", "export", "integration", "security"};
enum { FIRST_IDLE_SECTION = 5, N_SECTIONS = sizeof sections / sizeof *sections };

bool
plan_is_instance_name (const char *name)
{
  size_t n = strlen (name);
  if (!n || n > PLAN_MAX_NAME || !isalnum ((unsigned char) *name))
    return false;
  for (; *name; name++)
    if (!isalnum ((unsigned char) *name) && *name != '-' && *name != '_' && *name != '.')
      return false;
  return true;
}

static struct draft *
find_draft (struct making *m, const char *name)
{
  for (size_t i = 0; i < m->n_drafts; i++)
    if (strcmp (m->drafts[i].name, name) == 0)
      return &m->drafts[i];
  return NULL;
}

/* The draft of that name; a new one is off. NULL without memory. */
static struct draft *
draft_of (struct making *m, const char *name, struct place at)
{
  struct draft *draft = find_draft (m, name);
  if (draft)
    return draft;
  struct yaml_node *options = yaml_new_map (m->merged, at);
  struct draft *drafts = options ? reallocarray (m->drafts, m->n_drafts + 1, sizeof *drafts) : NULL;
  if (!drafts)
    return NULL;
  m->drafts = drafts;
  drafts[m->n_drafts] = (struct draft){.name = name, .at = at, .options = options};
  return &drafts[m->n_drafts++];
}

/* ---- Section `plugins` ---- */

static void
say_bad_entry (struct making *m, const struct yaml_pair *pair)
{
  if (!strcmp (pair->key, "pipeline")) {
    diag_add (
      m->d, DIAG_ERROR, pair->at,
      "'pipeline' is a section of its own: write it without indentation, beside 'plugins:', or as an option of one output");
    return;
  }
  diag_add (m->d, DIAG_ERROR, pair->value->at, "plugin '%s' cannot be %s: write its options as a map, or true, or false",
            pair->key, pair->value->kind == YAML_SCALAR ? pair->value->text : yaml_kind_word (pair->value));
}

static int
take_options (struct making *m, struct draft *draft, const struct yaml_node *map)
{
  for (size_t i = 0; i < map->n; i++) {
    int r = yaml_put (m->merged, draft->options, map->pairs[i].key, map->pairs[i].at, map->pairs[i].value);
    if (r < 0)
      return r;
  }
  const struct yaml_node *enabled = yaml_get (map, "enabled");
  int on;
  draft->has_options = map->n > (enabled != NULL);
  if (enabled && enabled->kind == YAML_SCALAR && !enabled->quoted && units_bool (enabled->text, &on) == 0) {
    draft->said = on ? SAID_ON : SAID_OFF;
    draft->on = on;
  }
  return 0;
}

static int
take_entry (struct making *m, const struct yaml_pair *pair)
{
  if (!plan_is_instance_name (pair->key)) {
    diag_add (
        m->d, DIAG_ERROR, pair->at,
        "'%.70s' cannot name an instance: use letters, digits, '-', '_' and '.', beginning with a letter or digit, at most %d",
        pair->key, PLAN_MAX_NAME);
    return 0;
  }
  struct draft *draft = draft_of (m, pair->key, pair->at);
  if (!draft)
    return -ENOMEM;
  draft->at = pair->at;
  draft->listed = true;
  draft->on = true;
  int on;
  if (pair->value->kind == YAML_MAP)
    return take_options (m, draft, pair->value);
  if (pair->value->kind == YAML_NULL)
    return 0;
  if (pair->value->kind == YAML_SCALAR && !pair->value->quoted && units_bool (pair->value->text, &on) == 0) {
    draft->said = on ? SAID_ON : SAID_OFF;
    draft->on = on;
    return 0;
  }
  say_bad_entry (m, pair);
  return 0;
}

static int
take_plugins (struct making *m)
{
  const struct yaml_node *plugins = yaml_get (m->root, "plugins");
  if (!plugins || plugins->kind == YAML_NULL)
    return 0;
  if (plugins->kind != YAML_MAP) {
    diag_add (m->d, DIAG_ERROR, plugins->at,
              "plugins cannot be %s: write one 'name:' a line with its options indented below it", yaml_kind_word (plugins));
    return 0;
  }
  if (plugins->n > PLAN_MAX_INSTANCES) {
    diag_add (m->d, DIAG_ERROR, plugins->at, "more than %d plugins", PLAN_MAX_INSTANCES);
    return 0;
  }
  for (size_t i = 0; i < plugins->n; i++) {
    int r = take_entry (m, &plugins->pairs[i]);
    if (r < 0)
      return r;
  }
  return 0;
}

/* ---- Flat keys ---- */

static void
say_plugins_win (struct making *m, const struct yaml_pair *flat, const char *instance, const char *option, struct place other)
{
  diag_add (m->d, DIAG_NOTE, flat->at, "'%s' has no effect: plugins.%s.%s in line %u%s%s says it too and wins", flat->key,
            instance, option, other.line, strcmp (other.file, flat->at.file) ? " of " : "",
            strcmp (other.file, flat->at.file) ? other.file : "");
}

static void
take_switch (struct making *m, struct draft *draft, const struct short_key *k, const struct yaml_pair *pair)
{
  int on;
  if (units_bool (pair->value->text, &on) < 0)
    return;
  if (draft->said) {
    const struct yaml_pair *enabled = yaml_pair (draft->options, "enabled");
    say_plugins_win (m, pair, draft->name, "enabled", enabled ? enabled->at : draft->at);
    return;
  }
  if (!on && draft->options->n)
    diag_add (m->d, DIAG_NOTE, pair->at, "this keeps plugins.%s (line %u) off: to run it, write 'enabled: true' there",
              draft->name, draft->at.line);
  draft->on = on;
  if (on && !draft->listed)
    draft->at = pair->at;
  draft->when_absent = k->when_absent;
}

/* "2d" where a number of hours may stand: the option that it is for takes it as it is. */
static bool
has_unit (const struct short_key *k, const struct yaml_node *value)
{
  double number;
  int64_t ns;
  return k->suffix && value->kind == YAML_SCALAR && units_f64 (value->text, &number) && !units_duration (value->text, &ns);
}

static int
take_value (struct making *m, struct draft *draft, const struct short_key *k, const struct yaml_pair *pair)
{
  const struct yaml_pair *same = yaml_pair (draft->options, k->target);
  if (same) {
    say_plugins_win (m, pair, draft->name, k->target, same->at);
    return 0;
  }
  const struct yaml_node *value = pair->value;
  if (k->suffix && !has_unit (k, value)) {
    char text[64];
    snprintf (text, sizeof text, "%.50s%s", value->text, k->suffix);
    value = yaml_new_scalar (m->merged, value->at, text);
    if (!value)
      return -ENOMEM;
  }
  if (k->turns_on && !draft->said) {
    draft->on = true;
    draft->when_absent = k->when_absent;
    if (!draft->listed)
      draft->at = pair->at;
  }
  return yaml_put (m->merged, draft->options, k->target, pair->at, value);
}

static int
take_flat_key (struct making *m, const struct short_key *k, const struct yaml_pair *pair)
{
  int r = has_unit (k, pair->value) ? 0 : option_check (&k->option, k->option.name, pair->value, m->d);
  if (r < 0 || pair->value->kind == YAML_NULL)
    return r == -ENOMEM ? r : 0;
  struct draft *draft = draft_of (m, k->instance, pair->at);
  if (!draft)
    return -ENOMEM;
  if (k->target)
    return take_value (m, draft, k, pair);
  take_switch (m, draft, k, pair);
  return 0;
}

static int
take_flat_section (struct making *m, const char *section)
{
  const struct yaml_node *map = yaml_get (m->root, section), *daemon = yaml_get (m->root, "daemon");
  if (!map || map->kind != YAML_MAP)
    return 0;
  for (size_t i = 0; i < map->n; i++) {
    const struct yaml_pair *pair = &map->pairs[i];
    const struct short_key *k = short_key_find (section, pair->key);
    const struct yaml_pair *first = k && map != daemon && k->synonym ? yaml_pair (daemon, pair->key) : NULL;
    if (first)
      diag_add (m->d, DIAG_NOTE, pair->at, "'%s' has no effect: section daemon says it too (line %u) and wins", pair->key,
                first->at.line);
    int r = k && !first ? take_flat_key (m, k, pair) : 0;
    if (r < 0)
      return r;
  }
  return 0;
}

/* ---- Sections ---- */

static bool
is_setting (const char *key)
{
  uint32_t i = 0;
  while (i < settings_n_options && strcmp (settings_options[i].name, key) != 0)
    i++;
  return i < settings_n_options;
}

/* All keys of a section, for "did you mean". */
static size_t
flat_names (const char *section, const char **names)
{
  size_t n = 0;
  for (uint32_t i = 0; i < settings_n_options && strcmp (section, "daemon") == 0; i++)
    names[n++] = settings_options[i].name;
  for (size_t i = 0; i < n_short_keys; i++)
    if (short_key_find (section, short_keys[i].option.name) == &short_keys[i])
      names[n++] = short_keys[i].option.name;
  return n;
}

/* The section a key belongs to that was found somewhere else, or NULL. */
static const char *
home_of (const char *key)
{
  if (is_setting (key))
    return "daemon";
  for (size_t i = 0; i < n_short_keys; i++)
    if (strcmp (short_keys[i].option.name, key) == 0)
      return short_keys[i].section;
  return NULL;
}

static void
say_unknown (struct making *m, const char *section, const struct yaml_pair *pair, const char *const *names, size_t n)
{
  struct buf BUF_CLEANUP keys = {0};
  if (!diag_is_full (m->d))
    nearest_all (&keys, names, n);
  diag_add (m->d, DIAG_ERROR, pair->at, "unknown key '%.60s' in section %s: remove it%s", pair->key, section,
            keys.len && !keys.error ? keys.data : "");
}

static void
check_flat_section (struct making *m, const char *section, const char *const *names, size_t n)
{
  const struct yaml_node *map = yaml_get (m->root, section);
  if (!map || map->kind == YAML_NULL)
    return;
  if (map->kind != YAML_MAP) {
    diag_add (m->d, DIAG_ERROR, map->at, "section %s cannot be %s: write indented 'key: value' lines below it", section,
              yaml_kind_word (map));
    return;
  }
  for (size_t i = 0; i < map->n; i++) {
    const struct yaml_pair *pair = &map->pairs[i];
    if (short_key_find (section, pair->key) || (strcmp (section, "daemon") == 0 && is_setting (pair->key)))
      continue;
    const char *home = home_of (pair->key), *near = diag_is_full (m->d) ? NULL : nearest_word (pair->key, names, n);
    if (home)
      diag_add (m->d, DIAG_ERROR, pair->at, "'%s' does not belong in section %s: move it to section %s", pair->key, section,
                home);
    else if (near)
      diag_add (m->d, DIAG_ERROR, pair->at, "unknown key '%.60s' in section %s: did you mean '%s'?", pair->key, section, near);
    else
      say_unknown (m, section, pair, names, n);
  }
}

static void
check_sections (struct making *m)
{
  for (size_t i = 0; i < m->root->n; i++) {
    const struct yaml_pair *pair = &m->root->pairs[i];
    size_t known = 0;
    while (known < N_SECTIONS && strcmp (sections[known], pair->key) != 0)
      known++;
    if (known < FIRST_IDLE_SECTION)
      continue;
    const char *home = home_of (pair->key), *near = diag_is_full (m->d) ? NULL : nearest_word (pair->key, sections, N_SECTIONS);
    if (known < N_SECTIONS)
      diag_add (m->d, DIAG_WARNING, pair->at, "section '%s' has no effect in this daemon: it can be removed", pair->key);
    else if (home)
      diag_add (m->d, DIAG_ERROR, pair->at, "'%s' belongs in section %s: indent it below '%s:'", pair->key, home, home);
    else if (find_draft (m, pair->key))
      diag_add (m->d, DIAG_ERROR, pair->at, "'%s' is a plugin: indent it below 'plugins:'", pair->key);
    else if (near)
      diag_add (m->d, DIAG_ERROR, pair->at, "unknown section '%.60s': did you mean '%s'?", pair->key, near);
    else
      diag_add (m->d, DIAG_ERROR, pair->at, "unknown section '%.60s': there are daemon, aws, monitoring, plugins and pipeline",
                pair->key);
  }
}

static int
take_settings (struct making *m)
{
  const struct yaml_node *section = yaml_get (m->root, "daemon");
  struct place at = section ? section->at : m->root->at;
  struct yaml_pair pairs[16];
  struct yaml_node ours = {.kind = YAML_MAP, .at = at, .pairs = pairs};
  for (uint32_t i = 0; i < settings_n_options; i++) {
    const struct yaml_pair *pair = yaml_pair (section, settings_options[i].name);
    if (pair)
      pairs[ours.n++] = *pair;
  }
  int r = settings_make (&ours, at, m->d, &m->plan->settings);
  if (r != -EINVAL)
    return r;
  /* What is wrong was said. The defaults serve to find what else is. */
  struct diag silent = {0};
  r = settings_make (NULL, at, &silent, &m->plan->settings);
  diag_free (&silent);
  return r == -ENOMEM ? r : 0;
}

static int
take_also (struct making *m)
{
  struct draft *draft = draft_of (m, m->also, m->root->at);
  if (!draft)
    return -ENOMEM;
  draft->parked = !draft->on;
  draft->on = true;
  return 0;
}

int
plan_draft (struct making *m)
{
  for (size_t i = 0; plan_built_in[i]; i++) {
    struct draft *draft = draft_of (m, plan_built_in[i], m->root->at);
    if (!draft)
      return -ENOMEM;
    draft->on = true;
  }
  const char *names[32];
  int r = take_plugins (m);
  check_sections (m);
  check_flat_section (m, "daemon", names, flat_names ("daemon", names));
  check_flat_section (m, "aws", names, flat_names ("aws", names));
  check_flat_section (m, "monitoring", names, flat_names ("monitoring", names));
  if (r == 0)
    r = take_settings (m);
  if (r == 0)
    r = take_flat_section (m, "daemon");
  if (r == 0)
    r = take_flat_section (m, "monitoring");
  if (r == 0)
    r = take_flat_section (m, "aws");
  return r == 0 && m->also ? take_also (m) : r;
}
