/* Wild values, made from the plugin's own option table: all that its types and ranges let through. */
#include "check/stand.h"

#include "check/wild.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MIXES = 200, LONG_LIST = 500 };

static void
replace (const struct kk_option *o, void *config, const union option_value *value)
{
  union option_value old;
  option_load (o, config, &old);
  option_value_free (o, &old);
  option_store (o, config, value);
}

/* Puts a text into the config as the user's file would; false when the option does not take it. */
static bool
put (const struct kk_option *o, void *config, const char *text, bool long_list)
{
  struct yaml_node word = {.kind = YAML_SCALAR, .text = (char *) (uintptr_t) text, .quoted = o->type == KK_OPTION_STRING};
  const struct yaml_node *items[LONG_LIST];
  struct yaml_node list = {.kind = YAML_LIST, .items = items, .n = long_list ? LONG_LIST : *text ? 1 : 0};
  for (size_t i = 0; i < LONG_LIST; i++)
    items[i] = &word;
  union option_value value;
  if (option_parse (o, o->type == KK_OPTION_LIST ? &list : &word, &value))
    return false;
  replace (o, config, &value);
  return true;
}

static void *
defaults (struct check *k)
{
  const struct kk_plugin *p = &k->d->plugin;
  struct diag d = {0};
  void *config = NULL;
  if (option_fill (p->options, p->n_options, p->config_size, k->given->root, NULL, (struct place){0}, &d, &config))
    config = NULL;
  diag_free (&d);
  return config;
}

static void
try_config (struct check *k, struct stand *s, struct samples *samples, void *config, const char *what, uint32_t *made)
{
  struct specimen p;
  char *reason = NULL, name[200];
  snprintf (name, sizeof name, "tries %s", what);
  check_step (k, name);
  int r = specimen_new (s, k->d->plugin.name, config, &p, &reason);
  free (reason);
  if (r)
    return;
  ++*made;
  for (int i = 0; i < 3; i++)
    specimen_use (&p, samples);
  specimen_end (&p);
}

static void
describe (char *to, size_t size, const struct kk_option *o, const char *text, bool long_list)
{
  snprintf (to, size, "%s: %.80s%s%s", o->name, *text ? text : "\"\"", strlen (text) > 80 ? "…" : "",
            long_list ? " (a long list of it)" : "");
}

static void
try_maps (struct check *k, struct stand *s, struct samples *samples, const struct kk_option *o, uint32_t *tried, uint32_t *made)
{
  const struct kk_plugin *p = &k->d->plugin;
  for (size_t which = 0; which < WILD_MAPS; which++) {
    void *config = check_time_left (k) ? defaults (k) : NULL;
    union option_value value;
    char what[160];
    snprintf (what, sizeof what, "%s: wild map %zu", o->name, which);
    if (config && wild_map (o, k->dir, which, &value)) {
      replace (o, config, &value);
      ++*tried;
      try_config (k, s, samples, config, what, made);
    }
    option_free (p->options, p->n_options, config);
  }
}

static void
try_each (struct check *k, struct stand *s, struct samples *samples, uint32_t *tried, uint32_t *made)
{
  const struct kk_plugin *p = &k->d->plugin;
  for (uint32_t i = 0; i < p->n_options; i++) {
    struct values v = {0};
    char what[160];
    if (p->options[i].type == KK_OPTION_MAP) {
      try_maps (k, s, samples, p->options + i, tried, made);
      continue;
    }
    wild_values (&v, p->options + i, k->dir);
    for (size_t j = 0; j < v.n; j++) {
      bool long_list = p->options[i].type == KK_OPTION_LIST && j % 3 == 2;
      void *config = check_time_left (k) ? defaults (k) : NULL;
      describe (what, sizeof what, p->options + i, v.texts[j], long_list);
      if (config && put (p->options + i, config, v.texts[j], long_list)) {
        ++*tried;
        try_config (k, s, samples, config, what, made);
      }
      option_free (p->options, p->n_options, config);
    }
    wild_free (&v);
  }
}

/* Several options at once; the same every time. */
static void
try_mixes (struct check *k, struct stand *s, struct samples *samples, uint32_t *tried, uint32_t *made)
{
  const struct kk_plugin *p = &k->d->plugin;
  uint64_t seed = 88172645463325252u;
  for (int n = 0; p->n_options > 1 && n < MIXES && check_time_left (k); n++) {
    char what[160] = "";
    void *config = defaults (k);
    for (uint32_t i = 0; config && i < p->n_options; i++) {
      struct values v = {0};
      union option_value value;
      seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
      if (p->options[i].type == KK_OPTION_MAP) {
        if (seed % 3 && wild_map (p->options + i, k->dir, (seed >> 8) % WILD_MAPS, &value))
          replace (p->options + i, config, &value);
        continue;
      }
      wild_values (&v, p->options + i, k->dir);
      if (v.n && seed % 3 && put (p->options + i, config, v.texts[(seed >> 8) % v.n], (seed >> 32) % 8 == 0))
        snprintf (what + strlen (what), sizeof what - strlen (what), "%s%s: %.24s", *what ? ", " : "", p->options[i].name,
                  v.texts[(seed >> 8) % v.n]);
      wild_free (&v);
    }
    ++*tried;
    if (config)
      try_config (k, s, samples, config, what, made);
    option_free (p->options, p->n_options, config);
  }
}

void
stage_configs (struct check *k)
{
  struct stand s;
  struct samples *samples = NULL;
  uint32_t tried = 0, made = 0;
  k->wild = true;
  int file = open ("file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file >= 0)
    close (file);
  if (!stand_init (&s, k, "data") && (k->d->plugin.kind == KK_INPUT || !samples_new (&s, &samples))) {
    try_each (k, &s, samples, &tried, &made);
    try_mixes (k, &s, samples, &tried, &made);
  }
  samples_free (samples);
  stand_release (&s);
  check_figure (k, "configs", "%u", tried);
  check_figure (k, "accepted", "%u", made);
}
