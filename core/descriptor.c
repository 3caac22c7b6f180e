#include "descriptor.h"

#include "buf.h"
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 256, MAX_TABLES = 64, MAX_FIELDS = 512, MAX_CONFIG = 1 << 16, MAX_NAME = 63 };

/* What is being copied: where it goes, what is wrong with it. Pass 1 counts string bytes, pass 2 copies. */
struct copying {
  struct descriptor *d;
  size_t used;
  struct buf reason;
};

__attribute__ ((format (printf, 2, 3))) static int
refuse (struct copying *c, const char *format, ...)
{
  char text[512];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  buf_adds (&c->reason, text);
  return -EINVAL;
}

bool
descriptor_is_name (const char *s, bool dash)
{
  size_t n = s ? strlen (s) : 0;
  if (n == 0 || n > MAX_NAME || !islower ((unsigned char) s[0]))
    return false;
  for (size_t i = 0; i < n; i++)
    if (!islower ((unsigned char) s[i]) && !isdigit ((unsigned char) s[i]) && s[i] != (dash ? '-' : '_'))
      return false;
  return true;
}

/* Copies n elements of `from_size` bytes each into an array of elements of `to_size`, the rest zeroed: the other side's struct may be
 * older (shorter) or newer (longer). */
static void *
copy_array (const void *from, size_t n, size_t from_size, size_t to_size)
{
  char *to = calloc (n ? n : 1, to_size);
  if (!to)
    return NULL;
  for (size_t i = 0; i < n; i++)
    memcpy (to + i * to_size, (const char *) from + i * from_size, from_size < to_size ? from_size : to_size);
  return to;
}

static const char *
keep (struct copying *c, const char *s)
{
  if (!s)
    return NULL;
  size_t n = strlen (s) + 1;
  char *to = c->d->store ? c->d->store + c->used : NULL;
  c->used += n;
  return to ? memcpy (to, s, n) : s;
}

static void
keep_strings (struct copying *c)
{
  struct kk_plugin *p = &c->d->plugin;
  p->name = keep (c, p->name);
  p->version = keep (c, p->version);
  p->summary = keep (c, p->summary);
  p->interval = keep (c, p->interval);
  for (uint32_t i = 0; i < p->n_options; i++) {
    struct kk_option *o = (struct kk_option *) p->options + i;
    o->name = keep (c, o->name);
    o->help = keep (c, o->help);
    o->def = keep (c, o->def);
    o->min = keep (c, o->min);
    o->max = keep (c, o->max);
    o->choices = keep (c, o->choices);
    o->unit = keep (c, o->unit);
  }
  for (uint32_t i = 0; i < p->n_tables; i++) {
    struct kk_table *t = (struct kk_table *) p->tables + i;
    t->name = keep (c, t->name);
    t->key = keep (c, t->key);
    t->help = keep (c, t->help);
    t->only_if = keep (c, t->only_if);
    for (uint32_t j = 0; j < t->n_fields; j++) {
      struct kk_field *f = (struct kk_field *) t->fields + j;
      f->name = keep (c, f->name);
      f->unit = keep (c, f->unit);
      f->help = keep (c, f->help);
      f->only_if = keep (c, f->only_if);
    }
  }
}

static size_t
option_size (uint32_t type)
{
  switch (type) {
  case KK_OPTION_BOOL: return sizeof (bool);
  case KK_OPTION_INT:
  case KK_OPTION_DURATION:
  case KK_OPTION_BYTES: return sizeof (int64_t);
  case KK_OPTION_FLOAT:
  case KK_OPTION_PERCENT: return sizeof (double);
  case KK_OPTION_STRING:
  case KK_OPTION_PATH: return sizeof (char *);
  case KK_OPTION_CHOICE: return sizeof (int32_t);
  case KK_OPTION_LIST: return sizeof (struct kk_list);
  default: return 0;
  }
}

static int
check_options (struct copying *c)
{
  const struct kk_plugin *p = &c->d->plugin;
  for (uint32_t i = 0; i < p->n_options; i++) {
    const struct kk_option *o = p->options + i;
    if (!o->name)
      return refuse (c, "option number %u has no name: a hole in the option table", i);
    if (!descriptor_is_name (o->name, false))
      return refuse (c, "option name '%s' is not lower case letters, digits and '_' (at most 63)", o->name);
    if (!o->help || !*o->help)
      return refuse (c, "option '%s' has no .help", o->name);
    size_t size = option_size (o->type);
    if (!size)
      return refuse (c, "option '%s' has type %u, which this host does not know", o->name, o->type);
    if (o->offset > p->config_size || p->config_size - o->offset < size)
      return refuse (c, "option '%s' lies outside the config struct: set .config_size to the size of that struct", o->name);
    if (o->type == KK_OPTION_CHOICE && (!o->choices || !*o->choices))
      return refuse (c, "option '%s' is a choice without .choices", o->name);
    if ((o->flags & KK_REQUIRED) && o->def)
      return refuse (c, "option '%s' is KK_REQUIRED and has a .def: one of them is wrong", o->name);
    for (uint32_t j = 0; j < i; j++)
      if (!strcmp (p->options[j].name, o->name))
        return refuse (c, "option '%s' is declared twice", o->name);
  }
  return 0;
}

static int
check_only_if (struct copying *c, const char *where, const char *only_if)
{
  const struct kk_option *o = only_if ? descriptor_option (c->d, only_if) : NULL;
  if (only_if && (!o || o->type != KK_OPTION_BOOL))
    return refuse (c, "'%s' has .only_if = \"%s\", which is no KK_OPT_BOOL option of this plugin", where, only_if);
  return 0;
}

static int
check_table (struct copying *c, const struct kk_table *t)
{
  if (t->key_type > KK_U64_KEY || (t->key_type == KK_NO_KEY) != !t->key || (t->key && !descriptor_is_name (t->key, false)))
    return refuse (c, "table '%s': key and key type do not fit together: use KK_SINGLE or KK_KEYED", t->name);
  if (t->n_fields == 0)
    return refuse (c, "table '%s' has no fields", t->name);
  for (uint32_t i = 0; i < t->n_fields; i++) {
    const struct kk_field *f = t->fields + i;
    if (!f->name)
      return refuse (c, "table '%s': field number %u has no name: a hole in the field table", t->name, i);
    if (!descriptor_is_name (f->name, false))
      return refuse (c, "table '%s': field name '%s' is not lower case letters, digits and '_' (at most 63)", t->name, f->name);
    if (f->type < KK_TYPE_F64 || f->type > KK_TYPE_STRING || f->kind < KK_GAUGE || f->kind > KK_INFO)
      return refuse (c, "field '%s.%s' has a type or kind that this host does not know", t->name, f->name);
    if (f->decimals > 9)
      return refuse (c, "field '%s.%s': .decimals is at most 9", t->name, f->name);
    if (!f->unit || !f->help)
      return refuse (c, "field '%s.%s' needs .unit and .help", t->name, f->name);
    if (check_only_if (c, f->name, f->only_if))
      return -EINVAL;
    for (uint32_t j = 0; j < i; j++)
      if (!strcmp (t->fields[j].name, f->name))
        return refuse (c, "field '%s.%s' is declared twice", t->name, f->name);
  }
  return 0;
}

static int
check_tables (struct copying *c)
{
  const struct kk_plugin *p = &c->d->plugin;
  for (uint32_t i = 0; i < p->n_tables; i++) {
    const struct kk_table *t = p->tables + i;
    if (!t->name)
      return refuse (c, "table number %u has no name: a hole in the table list", i);
    if (!descriptor_is_name (t->name, false))
      return refuse (c, "table name '%s' is not lower case letters, digits and '_' (at most 63)", t->name);
    if (check_only_if (c, t->name, t->only_if) || check_table (c, t))
      return -EINVAL;
    for (uint32_t j = 0; j < i; j++)
      if (!strcmp (p->tables[j].name, t->name))
        return refuse (c, "table '%s' is declared twice", t->name);
  }
  return 0;
}

static int
check_callbacks (struct copying *c)
{
  const struct kk_plugin *p = &c->d->plugin;
  if (p->kind < KK_INPUT || p->kind > KK_OUTPUT)
    return refuse (c, "its .kind is %u: it must be KK_INPUT, KK_FILTER or KK_OUTPUT", p->kind);
  if (!descriptor_is_name (p->name, true))
    return refuse (c, "its .name is not lower case letters, digits and '-' (at most 63)");
  if (!p->version || !p->summary)
    return refuse (c, "it needs .version and .summary");
  int64_t interval;
  if (p->interval && (p->kind != KK_INPUT || units_duration (p->interval, &interval) || interval <= 0))
    return refuse (c, "its .interval must be a time such as \"60s\", and only an input has one");
  if (!p->create)
    return refuse (c, "it has no .create callback");
  if (p->kind == KK_INPUT && (!p->read || (p->n_tables == 0 && !p->declare)))
    return refuse (c, "an input needs .read, and KK_TABLES (…) or .declare");
  if (p->kind != KK_INPUT && p->n_tables)
    return refuse (c, "only inputs have tables");
  if (p->kind == KK_FILTER && (!p->bind || !p->process))
    return refuse (c, "a filter needs .bind and .process");
  if (p->kind == KK_OUTPUT && !p->write)
    return refuse (c, "an output needs .write");
  return 0;
}

/* What must hold before anything behind the fixed head may be followed. */
static int
check_head (struct copying *c, const struct kk_plugin *from)
{
  if (from->api > KK_API_NEWEST)
    return refuse (c, "it needs plugin API %u and this daemon knows up to %u: update kode-kronical, or build the plugin with KK_API %u",
                   from->api, KK_API_NEWEST, KK_API_NEWEST);
  if (from->api == 0 || from->size < offsetof (struct kk_plugin, flush) || from->size > 1 << 16)
    return refuse (c, "its descriptor is not one that KK_PLUGIN made");
  if (from->option_size < offsetof (struct kk_option, reserved) || from->option_size > 4096
      || from->field_size < offsetof (struct kk_field, reserved) || from->field_size > 4096
      || from->table_size < offsetof (struct kk_table, reserved) || from->table_size > 4096)
    return refuse (c, "its descriptor is not one that KK_PLUGIN made (sizes of its tables)");
  if (from->options && !from->n_options)
    return refuse (c, "its options have no count: write KK_OPTIONS (options), not .options = options");
  if (from->tables && !from->n_tables)
    return refuse (c, "its tables have no count: write KK_TABLES (tables), not .tables = tables");
  if ((!from->options && from->n_options) || (!from->tables && from->n_tables) || from->n_options > MAX_OPTIONS
      || from->n_tables > MAX_TABLES || from->config_size > MAX_CONFIG)
    return refuse (c, "it declares more than %d options, %d tables or %d bytes of config", MAX_OPTIONS, MAX_TABLES, MAX_CONFIG);
  return 0;
}

static int
copy_shallow (struct copying *c, const struct kk_plugin *from)
{
  struct kk_plugin *p = &c->d->plugin;
  memcpy (p, from, from->size < sizeof *p ? from->size : sizeof *p);
  p->options = copy_array (from->options, from->n_options, from->option_size, sizeof (struct kk_option));
  struct kk_table *tables = copy_array (from->tables, from->n_tables, from->table_size, sizeof (struct kk_table));
  p->tables = tables;
  if (!p->options || !tables) {
    p->n_options = p->n_tables = 0;
    return -ENOMEM;
  }
  int r = 0;
  for (uint32_t i = 0; i < p->n_tables; i++) {
    const struct kk_field *fields = tables[i].fields;
    tables[i].fields = NULL;
    if (!r && ((fields && !tables[i].n_fields) || (!fields && tables[i].n_fields) || tables[i].n_fields > MAX_FIELDS))
      r = refuse (c, "table number %u needs its fields and their count (at most %d): use KK_SINGLE or KK_KEYED", i, MAX_FIELDS);
    if (!r && fields && !(tables[i].fields = copy_array (fields, tables[i].n_fields, from->field_size, sizeof (struct kk_field))))
      r = -ENOMEM;
    if (r)
      tables[i].n_fields = 0;
  }
  return r;
}

static int
copy (struct copying *c, const struct kk_plugin *from, const char *path)
{
  int r = check_head (c, from);
  if (r)
    return r;
  if (path && !(c->d->path = strdup (path)))
    return -ENOMEM;
  if ((r = copy_shallow (c, from)) || (r = check_callbacks (c)) || (r = check_options (c)) || (r = check_tables (c)))
    return r;
  keep_strings (c);
  char *store = malloc (c->used);
  if (!store)
    return -ENOMEM;
  c->d->store = store;
  c->used = 0;
  keep_strings (c);
  return 0;
}

int
descriptor_copy (const struct kk_plugin *from, const char *path, struct descriptor **ret, char **reason)
{
  struct copying c = {.d = calloc (1, sizeof (struct descriptor))};
  *reason = NULL;
  if (!c.d)
    return -ENOMEM;
  int r = copy (&c, from, path);
  if (r) {
    *reason = r == -ENOMEM ? NULL : c.reason.data;
    if (!*reason)
      buf_free (&c.reason);
    descriptor_free (c.d);
    return r;
  }
  buf_free (&c.reason);
  *ret = c.d;
  return 0;
}

void
descriptor_free (struct descriptor *d)
{
  if (!d)
    return;
  for (uint32_t i = 0; i < d->plugin.n_tables; i++)
    free ((void *) (uintptr_t) d->plugin.tables[i].fields);
  free ((void *) (uintptr_t) d->plugin.tables);
  free ((void *) (uintptr_t) d->plugin.options);
  free (d->store);
  free (d->path);
  free (d->said);
  if (d->good)
    buf_free (d->good);
  free (d->good);
  free (d);
}

const struct kk_option *
descriptor_option (const struct descriptor *d, const char *name)
{
  for (uint32_t i = 0; i < d->plugin.n_options; i++)
    if (!strcmp (d->plugin.options[i].name, name))
      return d->plugin.options + i;
  return NULL;
}

bool
descriptor_has (const struct descriptor *d, const void *config, const char *only_if)
{
  const struct kk_option *o = only_if ? descriptor_option (d, only_if) : NULL;
  return !o || *(const bool *) ((const char *) config + o->offset);
}

const char *
descriptor_kind (const struct descriptor *d)
{
  static const char *const names[] = {"?", "input", "filter", "output"};
  return names[d->plugin.kind <= KK_OUTPUT ? d->plugin.kind : 0];
}
