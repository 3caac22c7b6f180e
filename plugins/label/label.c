/* label: fields with one constant text, added to tables. */
#include "pick.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct config {
  struct kk_map fields, environment;
  const char *host_name;
  struct kk_list tables;
};

static const struct kk_option options[] = {
  KK_OPT_MAP ("fields", struct config, fields, .help = "Names of fields, each with its text (site: berlin)"),
  KK_OPT_MAP ("environment", struct config, environment,
              .help = "Names of fields, each with the variable of the daemon's environment that holds its text (role: ROLE)"),
  KK_OPT_STRING ("host_name", struct config, host_name, .help = "Name of a field for the name of this machine; empty: none"),
  KK_OPT_LIST ("tables", struct config, tables,
               .help = "Add them to these tables, to each row (globs: net*); empty: to all that have a single row"),
};

enum { MAX_TEXT = 16384 };

struct label {
  const char *name;
  char *text; /* NULL: not known */
  size_t length;
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  uint32_t n;
  struct label labels[];
};

/* What was found out of a schema: the tables to fill, and the number of the first field in each; the others follow it. */
struct binding {
  uint32_t n;
  struct filled {
    uint32_t table, first;
  } tables[];
};

static const char *
item (const struct kk_map *map, uint32_t i)
{
  return ((const char *const *) map->items)[i];
}

/* ---- The labels in their order: fields, environment, host name ---- */

static uint32_t
n_labels (const struct config *c)
{
  return c->fields.count + c->environment.count + (*c->host_name != 0);
}

/* *ret_option is where it stands, *ret_entry the entry there or NULL. */
static const char *
label_name (const struct config *c, uint32_t i, const char **ret_option, const char **ret_entry)
{
  const struct kk_map *map = i < c->fields.count ? &c->fields : &c->environment;
  uint32_t at = i < c->fields.count ? i : i - c->fields.count;
  bool mapped = at < map->count;
  *ret_option = map == &c->fields ? "fields" : mapped ? "environment" : "host_name";
  *ret_entry = mapped ? map->names[at] : NULL;
  return mapped ? map->names[at] : c->host_name;
}

__attribute__ ((format (printf, 4, 5))) static int
refuse (struct kk_fault *fault, const char *option, const char *entry, const char *format, ...)
{
  char text[200];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  return entry ? kk_refuse_entry (fault, option, entry, NULL, "%s", text) : kk_refuse (fault, option, "%s", text);
}

static bool
is_name (const char *text)
{
  size_t n = strlen (text);
  return n && n <= 63 && *text >= 'a' && *text <= 'z' && strspn (text, "abcdefghijklmnopqrstuvwxyz0123456789_") == n;
}

static int
check_texts (const struct config *c, struct kk_fault *fault)
{
  for (uint32_t i = 0; i < c->fields.count; i++)
    if (strlen (item (&c->fields, i)) > MAX_TEXT)
      return kk_refuse_entry (fault, "fields", c->fields.names[i], NULL, "a text is at most %d bytes long", MAX_TEXT);
  for (uint32_t i = 0; i < c->environment.count; i++) {
    const char *variable = item (&c->environment, i);
    if (!*variable || strpbrk (variable, "$="))
      return kk_refuse_entry (fault, "environment", c->environment.names[i], NULL,
                              "'%.60s' is no name of a variable: write it as HOME, without '$' and '='", variable);
  }
  return 0;
}

static int
label_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  for (uint32_t i = 0; i < n_labels (c); i++) {
    const char *option, *entry, *other, *name = label_name (c, i, &option, &entry);
    if (!is_name (name))
      return refuse (fault, option, entry, "'%.64s' is no name: lower case letters, digits and '_', a letter first, at most 63",
                     name);
    for (uint32_t j = 0; j < i; j++) {
      const char *of;
      if (!strcmp (label_name (c, j, &of, &other), name))
        return refuse (fault, option, entry, "there is a field '%s' in %s already: choose another name", name, of);
    }
  }
  return check_texts (c, fault);
}

/* ---- What is added ---- */

static bool
is_chosen (const struct config *c, const struct kk_table *table)
{
  for (uint32_t i = 0; i < c->tables.count; i++)
    if (pick_matches (c->tables.items[i], strlen (c->tables.items[i]), table->name))
      return true;
  return !c->tables.count && table->key_type == KK_NO_KEY;
}

static const char *
help_of (const struct config *c, uint32_t i, char text[160])
{
  const char *option, *entry;
  label_name (c, i, &option, &entry);
  uint32_t at = i - c->fields.count;
  if (!entry)
    return "Name of the machine";
  if (i < c->fields.count)
    return "A constant text";
  snprintf (text, 160, "Environment variable %.100s", item (&c->environment, at));
  return text;
}

/* The fields are as old as the first one of the table, so that a table that repeats an earlier reading is still seen to. */
static int
add_fields (const struct config *c, uint32_t table, struct kk_shape *shape, uint32_t *ret_first)
{
  int r = 0;
  for (uint32_t i = 0; i < n_labels (c) && !r; i++) {
    const char *option, *entry;
    char help[160];
    uint32_t number;
    struct kk_field field = KK_STRING (label_name (c, i, &option, &entry), .help = help_of (c, i, help));
    r = kk_shape_add_field (shape, table, 0, &field, &number);
    if (!i)
      *ret_first = number;
  }
  return r;
}

static int
check_new (const struct config *c, const struct kk_schema *in, uint32_t t, const struct kk_table *table, struct kk_fault *fault)
{
  for (uint32_t i = 0; i < n_labels (c); i++) {
    const char *option, *entry, *name = label_name (c, i, &option, &entry);
    struct kk_field field;
    for (uint32_t f = 0; !kk_schema_field (in, t, f, &field); f++)
      if (!strcmp (field.name, name))
        return refuse (fault, option, entry, "table '%s' has a field '%s' already: choose another name", table->name, name);
  }
  return 0;
}

static int
label_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  const struct config *c = config;
  struct kk_table table;
  uint32_t first;
  int r = 0;
  for (uint32_t i = 0; i < c->tables.count && !r; i++)
    r = pick_check (in, PICK_TABLE, "tables", c->tables.items[i], shape, fault);
  for (uint32_t t = 0; !r && !kk_schema_table (in, t, &table); t++) {
    if (!is_chosen (c, &table))
      continue;
    r = check_new (c, in, t, &table, fault);
    if (!r)
      r = add_fields (c, t, shape, &first);
    if (r == -E2BIG)
      r = kk_refuse (fault, NULL, "table '%s' would have more than 512 fields: add fewer", table.name);
  }
  return r;
}

/* ---- At work ---- */

static void
label_destroy (void *state)
{
  struct state *s = state;
  for (uint32_t i = 0; i < s->n; i++)
    free (s->labels[i].text);
  free (s);
}

static int
set_text (struct label *l, const char *text)
{
  l->text = strdup (text);
  l->length = strlen (text);
  return l->text ? 0 : -ENOMEM;
}

static int
find_text (struct state *s, uint32_t i)
{
  const struct config *c = s->config;
  struct label *l = s->labels + i;
  const char *option, *entry;
  char host[256] = "";
  l->name = label_name (c, i, &option, &entry);
  if (i < c->fields.count)
    return set_text (l, item (&c->fields, i));
  if (entry) {
    const char *variable = item (&c->environment, i - c->fields.count), *text = getenv (variable);
    if (text)
      return set_text (l, text);
    kk_warn (s->self, "environment variable %.100s is not set: the field '%s' has no value", variable, l->name);
    return 0;
  }
  if (!gethostname (host, sizeof host - 1) && *host)
    return set_text (l, host);
  kk_warn (s->self, "this machine has no name: the field '%s' has no value", l->name);
  return 0;
}

static int
label_create (struct kk_instance *self, const void *config, void **state)
{
  uint32_t n = n_labels (config);
  struct state *s = calloc (1, sizeof *s + n * sizeof s->labels[0]);
  int r = 0;
  if (!s)
    return -ENOMEM;
  s->self = self;
  s->config = config;
  for (s->n = 0; s->n < n && !r; s->n++)
    r = find_text (s, s->n);
  if (r) {
    label_destroy (s);
    return r;
  }
  *state = s;
  return 0;
}

static void
label_unbind (void *state, void *binding)
{
  (void) state;
  free (binding);
}

static int
label_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  const struct state *s = state;
  uint32_t n = kk_schema_tables (in);
  struct binding *b = calloc (1, sizeof *b + n * sizeof b->tables[0]);
  int r = b ? kk_shape_touch (shape, KK_NONE) : -ENOMEM;
  for (uint32_t t = 0; t < n && !r; t++) {
    struct kk_table table;
    r = kk_schema_table (in, t, &table);
    if (r || !s->n || !is_chosen (s->config, &table))
      continue;
    b->tables[b->n].table = t;
    r = add_fields (s->config, t, shape, &b->tables[b->n].first);
    b->n++;
  }
  if (r)
    free (b);
  else
    *binding = b;
  return r;
}

static int
label_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  const struct state *s = state;
  const struct binding *b = binding;
  int r = 0;
  (void) in;
  for (uint32_t t = 0; t < b->n && !r; t++)
    for (uint32_t l = 0; l < s->n && !r; l++)
      if (s->labels[l].text)
        r = kk_emit_text (out, b->tables[t].table, b->tables[t].first + l, s->labels[l].text, s->labels[l].length);
  return r ? r : kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "label", .version = "1.0",
           .summary = "Adds constant fields, such as site, role and host name", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .create = label_create, .destroy = label_destroy, .check = label_check,
           .shape = label_shape, .bind = label_bind, .unbind = label_unbind, .process = label_process);
