/* What a filter may ask of a shape in `bind` and `shape`. */
#include "shape.h"

#include "descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_TABLES = 64, MAX_FIELDS = 512, MAX_WARNINGS = 16 };

/* The incoming table, while the shape may still be changed. */
static struct shape_table *
wanted (struct kk_shape *face, uint32_t table)
{
  struct shape *s = (struct shape *) face;
  return table < s->in->n_tables && !s->out ? s->wanted + table : NULL;
}

static uint32_t
n_fields (struct kk_shape *face, uint32_t table)
{
  return ((struct shape *) face)->in->tables[table].n_fields;
}

static int
drop_table (struct kk_shape *face, uint32_t table)
{
  struct shape_table *w = wanted (face, table);
  if (!w)
    return -EINVAL;
  w->dropped = true;
  return 0;
}

static int
drop_field (struct kk_shape *face, uint32_t table, uint32_t field)
{
  struct shape_table *w = wanted (face, table);
  if (!w || field >= n_fields (face, table))
    return -EINVAL;
  w->dropped_fields[field] = true;
  return 0;
}

static int
rename_to (char **at, const char *name)
{
  if (!descriptor_is_name (name, false))
    return -EINVAL;
  char *copy = strdup (name);
  if (!copy)
    return -ENOMEM;
  free (*at);
  *at = copy;
  return 0;
}

static int
rename_table (struct kk_shape *face, uint32_t table, const char *name)
{
  struct shape_table *w = wanted (face, table);
  return w ? rename_to (&w->name, name) : -EINVAL;
}

static int
rename_key (struct kk_shape *face, uint32_t table, const char *name)
{
  struct shape_table *w = wanted (face, table);
  return w && ((struct shape *) face)->in->tables[table].key ? rename_to (&w->key, name) : -EINVAL;
}

static int
rename_field (struct kk_shape *face, uint32_t table, uint32_t field, const char *name)
{
  struct shape_table *w = wanted (face, table);
  if (!w || field >= n_fields (face, table))
    return -EINVAL;
  if (!w->field_names)
    w->field_names = calloc (n_fields (face, table), sizeof *w->field_names);
  return w->field_names ? rename_to (w->field_names + field, name) : -ENOMEM;
}

static bool
is_field (const struct kk_field *f)
{
  return descriptor_is_name (f->name, false) && f->unit && f->help && f->type >= KK_TYPE_F64 && f->type <= KK_TYPE_STRING
         && f->kind >= KK_GAUGE && f->kind <= KK_INFO && f->decimals <= 9;
}

/* A field with strings of its own, of which the caller's struct may be shorter or longer. */
static int
copy_field (struct kk_field *to, const struct kk_field *from, size_t size)
{
  struct kk_field f = {0};
  memcpy (&f, from, size < sizeof f ? size : sizeof f);
  if (!is_field (&f))
    return -EINVAL;
  f.only_if = NULL;
  f.name = strdup (f.name);
  f.unit = strdup (f.unit);
  f.help = strdup (f.help);
  *to = f;
  return f.name && f.unit && f.help ? 0 : -ENOMEM;
}

static int
add_field (struct kk_shape *face, uint32_t table, uint32_t like, const struct kk_field *field, size_t size, uint32_t *ret)
{
  struct shape_table *w = wanted (face, table);
  if (!w || !field || (like != KK_NONE && like >= n_fields (face, table)))
    return -EINVAL;
  if (n_fields (face, table) + w->n_added >= MAX_FIELDS)
    return -E2BIG;
  struct kk_field *added = realloc (w->added, (w->n_added + 1) * sizeof *added);
  if (added)
    w->added = added;
  uint32_t *likes = realloc (w->like, (w->n_added + 1) * sizeof *likes);
  if (likes)
    w->like = likes;
  if (!added || !likes)
    return -ENOMEM;
  added[w->n_added] = (struct kk_field){0};
  int r = copy_field (added + w->n_added, field, size);
  if (r == -EINVAL)
    return r;
  likes[w->n_added] = like;
  *ret = n_fields (face, table) + w->n_added++;
  return r;
}

static int
copy_fields (struct kk_table *to, const struct kk_field *from, uint32_t n, size_t size)
{
  struct kk_field *fields = calloc (n, sizeof *fields);
  int r = fields ? 0 : -ENOMEM;
  to->fields = fields;
  for (to->n_fields = 0; !r && to->n_fields < n; to->n_fields++) {
    r = copy_field (fields + to->n_fields, (const struct kk_field *) (const void *) ((const char *) from + to->n_fields * size),
                    size);
    for (uint32_t i = 0; !r && i < to->n_fields; i++)
      r = strcmp (fields[i].name, fields[to->n_fields].name) ? 0 : -EINVAL;
  }
  return r;
}

static int
add_table (struct kk_shape *face, uint32_t like, const struct kk_table *table, uint32_t table_size, uint32_t field_size,
           uint32_t *ret)
{
  struct shape *s = (struct shape *) face;
  if (s->out || !table || (like != KK_NONE && like >= s->in->n_tables))
    return -EINVAL;
  struct kk_table t = {0};
  memcpy (&t, table, table_size < sizeof t ? table_size : sizeof t);
  bool keyed = t.key_type == KK_STRING_KEY || t.key_type == KK_U64_KEY;
  if (!descriptor_is_name (t.name, false) || (!keyed && t.key_type != KK_NO_KEY) || keyed != (t.key != NULL)
      || (keyed && !descriptor_is_name (t.key, false)) || !t.fields || !t.n_fields)
    return -EINVAL;
  if (s->n_added == MAX_TABLES || t.n_fields > MAX_FIELDS)
    return -E2BIG;
  struct shape_added *added = realloc (s->added, (s->n_added + 1) * sizeof *added);
  if (!added)
    return -ENOMEM;
  s->added = added;
  struct shape_added *a = added + s->n_added++; /* from here on shape_free frees what was had */
  *a = (struct shape_added){.table = t, .like = like};
  a->table.only_if = NULL;
  a->table.fields = NULL;
  a->table.name = strdup (t.name);
  a->table.key = t.key ? strdup (t.key) : NULL;
  a->table.help = strdup (t.help ? t.help : "");
  int r = copy_fields (&a->table, t.fields, t.n_fields, field_size);
  if (!r && (!a->table.name || !a->table.help || (t.key && !a->table.key)))
    r = -ENOMEM;
  *ret = s->n_added - 1;
  return r;
}

static int
touch (struct kk_shape *face, uint32_t table)
{
  struct shape *s = (struct shape *) face;
  struct shape_table *w = wanted (face, table);
  if (!w && (table != KK_NONE || s->out))
    return -EINVAL;
  s->says_touched = true;
  if (w)
    w->touched = true;
  return 0;
}

static int
sparse (struct kk_shape *face, uint32_t table)
{
  struct shape *s = (struct shape *) face;
  struct shape_table *w = wanted (face, table);
  uint32_t added = table - s->in->n_tables;
  if (w && s->in->tables[table].key)
    w->sparse = true;
  else if (!w && !s->out && table >= s->in->n_tables && added < s->n_added && s->added[added].table.key)
    s->added[added].sparse = true;
  else
    return -EINVAL;
  return 0;
}

static int
warn (struct kk_shape *face, const char *option, const char *text)
{
  struct shape *s = (struct shape *) face;
  if (s->n_warnings == MAX_WARNINGS)
    return -E2BIG;
  struct shape_warning *more = realloc (s->warnings, (s->n_warnings + 1) * sizeof *more);
  if (!more)
    return -ENOMEM;
  s->warnings = more;
  struct shape_warning *w = more + s->n_warnings;
  w->option = option ? strdup (option) : NULL;
  if (option && !w->option)
    return -ENOMEM;
  snprintf (w->text, sizeof w->text, "%s", text);
  s->n_warnings++;
  return 0;
}

void
shape_host_functions (struct kk_host *host)
{
  host->shape_drop_table = drop_table;
  host->shape_drop_field = drop_field;
  host->shape_rename_table = rename_table;
  host->shape_rename_key = rename_key;
  host->shape_rename_field = rename_field;
  host->shape_add_field = add_field;
  host->shape_add_table = add_table;
  host->shape_warn = warn;
  host->shape_touch = touch;
  host->shape_sparse = sparse;
}
