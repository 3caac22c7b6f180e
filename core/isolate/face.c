#include "face.h"

#include "../option.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_OPTIONS = 256, MAX_TABLES = 64, MAX_FIELDS = 512, SLOT = sizeof (union option_value) };
enum { HAS_FLUSH = 1 << 0, HAS_FLUSH_FILTER = 1 << 1, HAS_CHECK = 1 << 2, HAS_DECLARE = 1 << 3, HAS_SHAPE = 1 << 4 };

static void
put_table (struct buf *b, const struct kk_table *t)
{
  wire_text (b, t->name);
  wire_text (b, t->key);
  wire_text (b, t->help);
  wire_text (b, t->only_if);
  wire_u32 (b, t->key_type);
  wire_u32 (b, t->max_rows);
  wire_u32 (b, t->n_fields);
  for (uint32_t i = 0; i < t->n_fields; i++) {
    const struct kk_field *f = t->fields + i;
    wire_text (b, f->name);
    wire_text (b, f->unit);
    wire_text (b, f->help);
    wire_text (b, f->only_if);
    wire_u32 (b, f->type);
    wire_u32 (b, f->kind);
    wire_u32 (b, f->decimals);
  }
}

void
face_put_tables (struct buf *b, const struct kk_table *tables, uint32_t n)
{
  wire_u32 (b, n);
  for (uint32_t i = 0; i < n; i++)
    put_table (b, tables + i);
}

static void
put_options (struct buf *b, const struct kk_option *options, uint32_t n)
{
  wire_u32 (b, n);
  for (uint32_t i = 0; i < n; i++) {
    const struct kk_option *o = options + i;
    wire_text (b, o->name);
    wire_text (b, o->help);
    wire_text (b, o->def);
    wire_text (b, o->min);
    wire_text (b, o->max);
    wire_text (b, o->choices);
    wire_text (b, o->unit);
    wire_u32 (b, o->type);
    wire_u32 (b, o->flags);
    if (o->type == KK_OPTION_MAP)
      put_options (b, o->members, o->n_members);
  }
}

void
face_put (struct buf *b, const struct kk_plugin *p)
{
  wire_u32 (b, p->kind);
  wire_text (b, p->name);
  wire_text (b, p->version);
  wire_text (b, p->summary);
  wire_text (b, p->interval);
  wire_u32 (b, p->flags);
  wire_u32 (b, (p->flush ? HAS_FLUSH : 0u) | (p->flush_filter ? HAS_FLUSH_FILTER : 0u) | (p->check ? HAS_CHECK : 0u)
                 | (p->declare ? HAS_DECLARE : 0u) | (p->shape ? HAS_SHAPE : 0u));
  put_options (b, p->options, p->n_options);
  face_put_tables (b, p->tables, p->n_tables);
}

/* ---- The host's side ---- What it reads may be anything. */

static void
free_options (struct kk_option *options, uint32_t n)
{
  for (uint32_t i = 0; options && i < n; i++)
    free ((void *) (uintptr_t) options[i].members);
  free (options);
}

static struct kk_option *take_options (struct wire *w, bool nested, uint32_t *ret_n);

/* No count is taken before it was seen to be one that there may be. */
static void
take_members (struct wire *w, bool nested, struct kk_option *o)
{
  if (o->type != KK_OPTION_MAP || w->bad)
    return;
  if (nested)
    w->bad = true;
  else
    o->members = take_options (w, true, &o->n_members);
  o->member_size = o->n_members * SLOT;
}

/* NULL: none, or bad. */
static struct kk_option *
take_options (struct wire *w, bool nested, uint32_t *ret_n)
{
  uint32_t n = wire_take_u32 (w);
  if (w->bad || n > MAX_OPTIONS)
    w->bad = true;
  if (w->bad || !n)
    return NULL;
  struct kk_option *options = calloc (n, sizeof *options);
  if (!options)
    w->bad = true;
  *ret_n = options ? n : 0;
  for (uint32_t i = 0; options && i < n && !w->bad; i++) {
    struct kk_option *o = options + i;
    o->name = wire_take_text (w, NULL);
    o->help = wire_take_text (w, NULL);
    o->def = wire_take_text (w, NULL);
    o->min = wire_take_text (w, NULL);
    o->max = wire_take_text (w, NULL);
    o->choices = wire_take_text (w, NULL);
    o->unit = wire_take_text (w, NULL);
    o->type = wire_take_u32 (w);
    o->flags = wire_take_u32 (w);
    o->offset = i * SLOT;
    take_members (w, nested, o);
  }
  return options;
}

static void
take_fields (struct wire *w, struct kk_table *t, struct kk_field *fields)
{
  t->fields = fields;
  for (uint32_t i = 0; i < t->n_fields; i++) {
    struct kk_field *f = fields + i;
    f->name = wire_take_text (w, NULL);
    f->unit = wire_take_text (w, NULL);
    f->help = wire_take_text (w, NULL);
    f->only_if = wire_take_text (w, NULL);
    f->type = wire_take_u32 (w);
    f->kind = wire_take_u32 (w);
    f->decimals = wire_take_u32 (w);
  }
}

static struct kk_table *
take_tables (struct wire *w, uint32_t n)
{
  struct kk_table *tables = calloc (n + 1, sizeof *tables);
  for (uint32_t i = 0; tables && i < n && !w->bad; i++) {
    struct kk_table *t = tables + i;
    t->name = wire_take_text (w, NULL);
    t->key = wire_take_text (w, NULL);
    t->help = wire_take_text (w, NULL);
    t->only_if = wire_take_text (w, NULL);
    t->key_type = wire_take_u32 (w);
    t->max_rows = wire_take_u32 (w);
    t->n_fields = wire_take_u32 (w);
    struct kk_field *fields = t->n_fields <= MAX_FIELDS && !w->bad ? calloc (t->n_fields + 1, sizeof *fields) : NULL;
    if (fields)
      take_fields (w, t, fields);
    else
      w->bad = true;
  }
  return tables;
}

static void
free_tables (const struct kk_table *tables, uint32_t n)
{
  for (uint32_t i = 0; tables && i < n; i++)
    free ((void *) (uintptr_t) tables[i].fields);
  free ((void *) (uintptr_t) tables);
}

int
face_take_tables (struct wire *w, struct kk_declare *out)
{
  uint32_t n = wire_take_u32 (w);
  if (w->bad || n > MAX_TABLES)
    return -EBADMSG;
  struct kk_table *tables = take_tables (w, n);
  if (!tables)
    return -ENOMEM;
  int r = w->bad || w->p != w->end ? -EBADMSG : 0;
  for (uint32_t i = 0; out && !r && i < n; i++)
    r = kk_declare_table (out, tables + i);
  free_tables (tables, n);
  return r && r != -ENOMEM ? -EBADMSG : r;
}

static int
take_all (struct wire *w, const char *path, struct kk_plugin *p, struct descriptor **ret, char **reason)
{
  p->kind = wire_take_u32 (w);
  p->name = wire_take_text (w, NULL);
  p->version = wire_take_text (w, NULL);
  p->summary = wire_take_text (w, NULL);
  p->interval = wire_take_text (w, NULL);
  p->flags = wire_take_u32 (w);
  uint32_t has = wire_take_u32 (w);
  if (!(has & HAS_FLUSH))
    p->flush = NULL;
  if (!(has & HAS_FLUSH_FILTER))
    p->flush_filter = NULL;
  if (!(has & HAS_CHECK))
    p->check = NULL;
  if (!(has & HAS_DECLARE))
    p->declare = NULL;
  if (!(has & HAS_SHAPE))
    p->shape = NULL;
  p->n_options = 0;
  struct kk_option *options = take_options (w, false, &p->n_options);
  p->n_tables = wire_take_u32 (w);
  struct kk_table *tables = w->bad || p->n_tables > MAX_TABLES ? NULL : take_tables (w, p->n_tables);
  int r = !tables || w->bad || w->p != w->end ? -EBADMSG : 0;
  p->options = options;
  p->tables = p->n_tables ? tables : NULL;
  p->config_size = p->n_options * SLOT;
  if (!r)
    r = descriptor_copy (p, path, ret, reason);
  free_tables (tables, p->n_tables);
  free_options (options, p->n_options);
  return r;
}

int
face_take (const char *data, size_t n, const struct kk_plugin *calls, const char *path, struct descriptor **ret, char **reason)
{
  struct kk_plugin p = *calls;
  p.size = sizeof p;
  p.api = KK_API_NEWEST;
  p.option_size = sizeof (struct kk_option);
  p.field_size = sizeof (struct kk_field);
  p.table_size = sizeof (struct kk_table);
  *reason = NULL;
  struct wire w = {.p = data, .end = data + n};
  struct descriptor *d;
  int r = take_all (&w, path, &p, &d, reason);
  if (r)
    return r;
  d->said = malloc (n + 1);
  if (!d->said) {
    descriptor_free (d);
    return -ENOMEM;
  }
  memcpy (d->said, data, n);
  d->n_said = n;
  d->good = calloc (1, sizeof *d->good);
  *ret = d;
  return 0;
}

/* ---- Config ---- */

static void
put_texts (struct buf *b, const char *const *texts, uint32_t n)
{
  wire_u32 (b, n);
  for (uint32_t i = 0; i < n; i++)
    wire_text (b, texts[i]);
}

static void
put_values (struct buf *b, const struct kk_option *options, uint32_t n, const void *config)
{
  for (uint32_t i = 0; i < n; i++) {
    const struct kk_option *o = options + i;
    union option_value v;
    option_load (o, config, &v);
    switch (o->type) {
    case KK_OPTION_BOOL: wire_u64 (b, v.boolean); break;
    case KK_OPTION_CHOICE: wire_u64 (b, (uint32_t) v.choice); break;
    case KK_OPTION_STRING:
    case KK_OPTION_PATH: wire_text (b, v.string); break;
    case KK_OPTION_LIST:
      put_texts (b, v.list.items, v.list.count);
      break;
    case KK_OPTION_MAP:
      put_texts (b, v.map.names, v.map.count);
      if (!o->n_members)
        put_texts (b, v.map.items, v.map.count);
      for (uint32_t k = 0; o->n_members && k < v.map.count; k++)
        put_values (b, o->members, o->n_members, option_map_item (o, &v.map, k));
      break;
    default: wire_u64 (b, (uint64_t) v.i64); /* the bits of a double too */
    }
  }
}

void
face_put_config (struct buf *b, const struct descriptor *d, const void *config)
{
  put_values (b, d->plugin.options, d->plugin.n_options, config);
}

/* Items and array in one piece, as option_free expects. */
static bool
take_list (struct wire *w, struct kk_list *ret)
{
  uint32_t n = wire_take_u32 (w);
  struct wire ahead = *w;
  size_t bytes = 0, length = 0;
  for (uint32_t i = 0; i < n && !ahead.bad; i++)
    if (wire_take_text (&ahead, &length))
      bytes += length + 1;
    else
      ahead.bad = true;
  char **items = ahead.bad ? NULL : malloc ((n + 1) * sizeof *items + bytes);
  if (!items)
    return false;
  char *to = (char *) (items + n + 1);
  for (uint32_t i = 0; i < n; i++) {
    const char *text = wire_take_text (w, &length);
    items[i] = memcpy (to, text, length + 1);
    to += length + 1;
  }
  items[n] = NULL;
  *ret = (struct kk_list){.items = (const char *const *) items, .count = n};
  return true;
}

static bool take_values (struct wire *w, const struct kk_option *options, uint32_t n, void *config);

static bool
take_map (struct wire *w, const struct kk_option *o, struct kk_map *ret)
{
  struct kk_list names = {0}, texts = {0};
  bool good = take_list (w, &names) && names.count <= OPTION_MAX_MAP;
  *ret = (struct kk_map){.names = names.items, .count = names.count};
  if (good && !o->n_members) {
    good = take_list (w, &texts) && texts.count == names.count;
    ret->items = texts.items;
  } else if (good) {
    char *items = calloc (names.count + 1, o->member_size);
    ret->items = items;
    good = items != NULL;
    for (uint32_t i = 0; good && i < names.count; i++)
      good = take_values (w, o->members, o->n_members, items + (size_t) i * o->member_size);
  }
  return good;
}

static bool
take_value (struct wire *w, const struct kk_option *o, union option_value *v)
{
  const char *text;
  switch (o->type) {
  case KK_OPTION_BOOL: v->boolean = wire_take_u64 (w) != 0; break;
  case KK_OPTION_CHOICE: v->choice = (int32_t) wire_take_u64 (w); break;
  case KK_OPTION_STRING:
  case KK_OPTION_PATH:
    text = wire_take_text (w, NULL);
    v->string = strdup (text ? text : "");
    return v->string && !w->bad;
  case KK_OPTION_LIST: return take_list (w, &v->list);
  case KK_OPTION_MAP:
    return take_map (w, o, &v->map);
  default: v->i64 = (int64_t) wire_take_u64 (w);
  }
  return !w->bad;
}

static bool
take_values (struct wire *w, const struct kk_option *options, uint32_t n, void *config)
{
  bool good = true;
  for (uint32_t i = 0; good && i < n; i++) {
    union option_value v = {.map = {0}};
    good = take_value (w, options + i, &v);
    option_store (options + i, config, &v);
  }
  return good;
}

void *
face_take_config (struct wire *w, const struct descriptor *d)
{
  const struct kk_plugin *p = &d->plugin;
  void *config = calloc (1, p->config_size + 1);
  if (config && !take_values (w, p->options, p->n_options, config)) {
    option_free (p->options, p->n_options, config);
    return NULL;
  }
  return config;
}
