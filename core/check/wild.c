#include "check/wild.h"

#include "buf.h"

#include <stdlib.h>
#include <string.h>

enum { LONG_TEXT = 5000, LONG_NAME = 127, MANY = 300, MAX_MEMBERS = 64 };

static void
add (struct values *v, const char *text)
{
  if (text && v->n < WILD_VALUES && (v->texts[v->n] = strdup (text)))
    v->n++;
}

static void
add_choices (struct values *v, const char *choices)
{
  while (choices && *choices) {
    size_t n = strcspn (choices, "|");
    char *one = strndup (choices, n);
    add (v, one);
    free (one);
    choices += n + (choices[n] == '|');
  }
}

static void
add_paths (struct values *v, const char *dir)
{
  static const char *const names[] = {"",     "/missing", "/missing/deep/er", "/file", "/file/below", "/with blank and \"",
                                      "/data"};
  for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
    struct buf BUF_CLEANUP b = {0};
    buf_printf (&b, "%s%s", dir, names[i]);
    add (v, b.data);
  }
}

static void
add_long (struct values *v)
{
  char text[LONG_TEXT + 1];
  memset (text, 'x', LONG_TEXT);
  text[LONG_TEXT] = 0;
  add (v, text);
}

void
wild_values (struct values *v, const struct kk_option *o, const char *dir)
{
  static const char *const words[] = {
    "true", "false", "0",  "1",       "-1",   "2",    "0.5", "1e300", "-1e300", "9223372036854775807", "-9223372036854775808",
    "1ns",  "1ms",   "1h", "100000h", "1TiB", "100%", "0%"};
  static const char *const texts[] = {"", "word", "a/../../b", "%s%n%s", "*", "[", "\303\244\342\202\254", "\\", "a b", "-"};
  add (v, o->min);
  add (v, o->max);
  if (o->type == KK_OPTION_CHOICE) {
    add_choices (v, o->choices);
  } else if (o->type == KK_OPTION_PATH) {
    add_paths (v, dir);
  } else if (o->type == KK_OPTION_STRING || o->type == KK_OPTION_LIST || o->type == KK_OPTION_MAP) {
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
      add (v, texts[i]);
    add_long (v);
  } else {
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
      add (v, words[i]);
  }
}

void
wild_free (struct values *v)
{
  for (size_t i = 0; i < v->n; i++)
    free (v->texts[i]);
  v->n = 0;
}

/* ---- Maps ---- Nodes as the parser would make them. */

struct wild_map {
  const struct kk_option *option;
  struct values values[MAX_MEMBERS]; /* of its members; of a map of texts the first */
  char names[MANY][LONG_NAME + 1];
  struct yaml_pair entries[MANY];
  struct yaml_node nodes[MANY];
  struct yaml_pair *members; /* MANY times as many as it has */
  struct yaml_node *texts;
};

static void
name_entry (char to[static LONG_NAME + 1], size_t i, size_t which)
{
  static const char *const names[] = {"a", "%s%n%s", "a.b", "../..", "*", "\303\244\342\202\254", "with \"blank\"",
                                      "-", "true"};
  enum { N = sizeof names / sizeof names[0] };
  size_t n = (which + i) % (N + 1);
  if (i > N)
    snprintf (to, LONG_NAME + 1, "n%zu", i);
  else if (n < N)
    snprintf (to, LONG_NAME + 1, "%s", names[n]);
  else
    memset (to, 'x', LONG_NAME);
}

static struct yaml_node
text_node (char *text, const struct kk_option *o)
{
  return (struct yaml_node){.kind = YAML_SCALAR, .text = text, .quoted = o->type == KK_OPTION_STRING};
}

/* The members of an entry, each with a value that it takes, if there is one. */
static void
fill_entry (struct wild_map *w, size_t i, size_t which)
{
  const struct kk_option *o = w->option;
  struct yaml_node *node = w->nodes + i;
  *node = (struct yaml_node){.kind = YAML_MAP, .pairs = w->members + i * o->n_members};
  for (uint32_t m = 0; m < o->n_members; m++) {
    const struct kk_option *member = o->members + m;
    struct yaml_node *text = w->texts + i * o->n_members + m;
    bool fits = false;
    for (size_t j = 0; j < w->values[m].n && !fits; j++) {
      union option_value value;
      *text = text_node (w->values[m].texts[(which * 5 + i + m + j) % w->values[m].n], member);
      fits = option_parse (member, text, &value) == 0;
      if (fits)
        option_value_free (member, &value);
    }
    if (fits)
      node->pairs[node->n++] = (struct yaml_pair){.key = (char *) (uintptr_t) member->name, .value = text};
  }
}

static bool
parse (struct wild_map *w, size_t which, union option_value *ret)
{
  const struct kk_option *o = w->option;
  size_t n = which % WILD_MAPS == 0 ? 0 : which % 8 == 7 ? MANY : 1 + which % 4;
  for (size_t i = 0; i < n; i++) {
    name_entry (w->names[i], i, which);
    w->entries[i] = (struct yaml_pair){.key = w->names[i], .value = w->nodes + i};
    if (o->n_members)
      fill_entry (w, i, which);
    else
      w->nodes[i] = text_node (w->values[0].texts[(which * 5 + i) % w->values[0].n], o);
  }
  struct yaml_node map = {.kind = YAML_MAP, .pairs = w->entries, .n = n};
  return option_parse (o, &map, ret) == 0;
}

bool
wild_map (const struct kk_option *o, const char *dir, size_t which, union option_value *ret)
{
  struct wild_map *w = calloc (1, sizeof *w);
  if (!w || o->n_members > MAX_MEMBERS) {
    free (w);
    return false;
  }
  w->option = o;
  w->members = calloc ((size_t) MANY * o->n_members + 1, sizeof *w->members);
  w->texts = calloc ((size_t) MANY * o->n_members + 1, sizeof *w->texts);
  for (uint32_t m = 0; m < o->n_members; m++)
    wild_values (w->values + m, o->members + m, dir);
  if (!o->n_members)
    wild_values (w->values, o, dir);
  bool made = w->members && w->texts && (o->n_members || w->values[0].n) && parse (w, which, ret);
  for (uint32_t m = 0; m < MAX_MEMBERS; m++)
    wild_free (w->values + m);
  free (w->members);
  free (w->texts);
  free (w);
  return made;
}
