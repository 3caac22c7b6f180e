#include "descriptor-inner.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 256, MAX_TABLES = 64, MAX_FIELDS = 512, MAX_CONFIG = 1 << 16, MAX_NAME = 63 };
enum { MAX_MEMBERS = 64, MAX_ENTRY = 4096 };

int
descriptor_refuse (struct copying *c, const char *format, ...)
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
keep_options (struct copying *c, const struct kk_option *options, uint32_t n)
{
  for (uint32_t i = 0; i < n; i++) {
    struct kk_option *o = (struct kk_option *) (uintptr_t) options + i;
    o->name = keep (c, o->name);
    o->help = keep (c, o->help);
    o->def = keep (c, o->def);
    o->min = keep (c, o->min);
    o->max = keep (c, o->max);
    o->choices = keep (c, o->choices);
    o->unit = keep (c, o->unit);
    keep_options (c, o->members, o->n_members); /* which have none: checked */
  }
}

static void
keep_strings (struct copying *c)
{
  struct kk_plugin *p = &c->d->plugin;
  p->name = keep (c, p->name);
  p->version = keep (c, p->version);
  p->summary = keep (c, p->summary);
  p->interval = keep (c, p->interval);
  keep_options (c, p->options, p->n_options);
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

/* What must hold before anything behind the fixed head may be followed. */
static int
check_head (struct copying *c, const struct kk_plugin *from)
{
  if (from->api > KK_API_NEWEST)
    return descriptor_refuse (
      c, "it needs plugin API %u and this daemon knows up to %u: update kode-kronical, or build the plugin with KK_API %u",
      from->api, KK_API_NEWEST, KK_API_NEWEST);
  if (from->api == 0 || from->size < offsetof (struct kk_plugin, flush) || from->size > 1 << 16)
    return descriptor_refuse (c, "its descriptor is not one that KK_PLUGIN made");
  if (from->option_size < offsetof (struct kk_option, reserved) || from->option_size > 4096
      || from->field_size < offsetof (struct kk_field, reserved) || from->field_size > 4096
      || from->table_size < offsetof (struct kk_table, reserved) || from->table_size > 4096)
    return descriptor_refuse (c, "its descriptor is not one that KK_PLUGIN made (sizes of its tables)");
  if (from->options && !from->n_options)
    return descriptor_refuse (c, "its options have no count: write KK_OPTIONS (options), not .options = options");
  if (from->tables && !from->n_tables)
    return descriptor_refuse (c, "its tables have no count: write KK_TABLES (tables), not .tables = tables");
  if ((!from->options && from->n_options) || (!from->tables && from->n_tables) || from->n_options > MAX_OPTIONS
      || from->n_tables > MAX_TABLES || from->config_size > MAX_CONFIG)
    return descriptor_refuse (c, "it declares more than %d options, %d tables or %d bytes of config", MAX_OPTIONS, MAX_TABLES,
                              MAX_CONFIG);
  return 0;
}

/* One level deep: members that are maps themselves are refused before anything of theirs is followed. */
static int
copy_members (struct copying *c, struct kk_option *options, const struct kk_plugin *from)
{
  int r = 0;
  for (uint32_t i = 0; i < from->n_options; i++) {
    struct kk_option *o = options + i;
    const struct kk_option *members = o->members;
    o->members = NULL;
    if (!r && (!members != !o->n_members || !members != !o->member_size || (members && o->type != KK_OPTION_MAP)))
      r = descriptor_refuse (c, "option number %u has members in a way that KK_OPT_MAP with KK_MEMBERS (…) does not", i);
    else if (!r && (o->n_members > MAX_MEMBERS || o->member_size > MAX_ENTRY))
      r = descriptor_refuse (c, "option number %u has more than %d members or %d bytes for them", i, MAX_MEMBERS, MAX_ENTRY);
    else if (!r && members && !(o->members = copy_array (members, o->n_members, from->option_size, sizeof *o)))
      r = -ENOMEM;
    if (!o->members)
      o->n_members = 0;
    for (uint32_t j = 0; j < o->n_members; j++) {
      struct kk_option *member = (struct kk_option *) (uintptr_t) o->members + j;
      member->members = NULL;
      member->n_members = 0;
      member->flags |= o->flags & KK_SECRET; /* what is in a secret is one */
    }
  }
  return r;
}

static int
copy_shallow (struct copying *c, const struct kk_plugin *from)
{
  struct kk_plugin *p = &c->d->plugin;
  memcpy (p, from, from->size < sizeof *p ? from->size : sizeof *p);
  struct kk_option *options = copy_array (from->options, from->n_options, from->option_size, sizeof (struct kk_option));
  struct kk_table *tables = copy_array (from->tables, from->n_tables, from->table_size, sizeof (struct kk_table));
  p->options = options;
  p->tables = tables;
  if (!options || !tables) {
    p->n_options = p->n_tables = 0;
    return -ENOMEM;
  }
  int r = copy_members (c, options, from);
  for (uint32_t i = 0; i < p->n_tables; i++) {
    const struct kk_field *fields = tables[i].fields;
    tables[i].fields = NULL;
    if (!r && ((fields && !tables[i].n_fields) || (!fields && tables[i].n_fields) || tables[i].n_fields > MAX_FIELDS))
      r = descriptor_refuse (c, "table number %u needs its fields and their count (at most %d): use KK_SINGLE or KK_KEYED", i,
                             MAX_FIELDS);
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
  if ((r = copy_shallow (c, from)) || (r = descriptor_check (c)))
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
  for (uint32_t i = 0; i < d->plugin.n_options; i++)
    free ((void *) (uintptr_t) d->plugin.options[i].members);
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
