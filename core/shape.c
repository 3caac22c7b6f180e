#include "shape.h"

#include "descriptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Making ---- */

int
shape_new (const struct kk_host *host, struct schema *in, struct shape **ret)
{
  struct shape *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->face.host = host;
  s->in = schema_ref (in);
  s->wanted = calloc (in->n_tables + 1, sizeof *s->wanted); /* never an empty allocation */
  bool ok = s->wanted;
  for (uint32_t t = 0; ok && t < in->n_tables; t++) {
    s->wanted[t].dropped_fields = calloc (in->tables[t].n_fields + 1, sizeof (bool));
    ok = s->wanted[t].dropped_fields;
  }
  if (!ok) {
    shape_free (s);
    return -ENOMEM;
  }
  *ret = s;
  return 0;
}

static void
free_fields (struct kk_field *fields, uint32_t n)
{
  for (uint32_t i = 0; fields && i < n; i++) {
    free ((char *) (uintptr_t) fields[i].name);
    free ((char *) (uintptr_t) fields[i].unit);
    free ((char *) (uintptr_t) fields[i].help);
  }
  free (fields);
}

static void
free_wanted (struct shape_table *w, uint32_t n_fields)
{
  for (uint32_t f = 0; w->field_names && f < n_fields; f++)
    free (w->field_names[f]);
  free (w->field_names);
  free (w->dropped_fields);
  free (w->name);
  free (w->key);
  free_fields (w->added, w->n_added);
  free (w->like);
}

static void
free_staged (struct descriptor *d, uint32_t n_added)
{
  if (!d)
    return;
  for (uint32_t i = n_added; i < d->plugin.n_tables; i++)
    free ((void *) (uintptr_t) d->plugin.tables[i].name);
  free ((void *) (uintptr_t) d->plugin.tables);
  free (d);
}

void
shape_free (struct shape *s)
{
  if (!s)
    return;
  rows_free (s->rows);
  free_staged (s->staged, s->n_added);
  for (uint32_t t = 0; s->wanted && t < s->in->n_tables; t++)
    free_wanted (s->wanted + t, s->in->tables[t].n_fields);
  for (uint32_t i = 0; i < s->n_added; i++) {
    struct kk_table *t = &s->added[i].table;
    free_fields ((struct kk_field *) (uintptr_t) t->fields, t->n_fields);
    free ((char *) (uintptr_t) t->name);
    free ((char *) (uintptr_t) t->key);
    free ((char *) (uintptr_t) t->help);
  }
  for (uint32_t t = 0; s->fields && s->out && t < s->out->n_tables; t++)
    free (s->fields[t]);
  for (uint32_t i = 0; i < s->n_warnings; i++)
    free (s->warnings[i].option);
  free (s->warnings);
  free (s->wanted);
  free (s->added);
  free (s->tables);
  free (s->fields);
  schema_unref (s->out);
  schema_unref (s->in);
  free (s);
}

/* ---- Finishing ---- */

static uint32_t
fields_kept (const struct shape *s, uint32_t table)
{
  uint32_t n = s->wanted[table].n_added;
  for (uint32_t f = 0; f < s->in->tables[table].n_fields; f++)
    n += !s->wanted[table].dropped_fields[f];
  return n;
}

static bool
is_changed (const struct shape *s, uint32_t table)
{
  const struct shape_table *w = s->wanted + table;
  return w->dropped || w->sparse || w->name || w->key || w->field_names || w->n_added
         || fields_kept (s, table) < s->in->tables[table].n_fields;
}

/* Marks tables without fields as dropped. Returns how many come out, *ret_same when all is as before. */
static uint32_t
count_tables (struct shape *s, bool *ret_same)
{
  uint32_t kept = s->n_added;
  *ret_same = !s->n_added;
  for (uint32_t t = 0; t < s->in->n_tables; t++) {
    if (!fields_kept (s, t))
      s->wanted[t].dropped = true;
    kept += !s->wanted[t].dropped;
    *ret_same &= !is_changed (s, t);
  }
  return kept;
}

static int
map_field (struct shape *s, uint32_t out, uint32_t from, const struct kk_field *field, const char *name)
{
  struct table_schema *to = s->out->tables + out;
  struct kk_field f = *field;
  f.name = name ? name : field->name;
  if (s->out == s->in) {
    s->fields[out][from] = from;
    return 0;
  }
  if (table_schema_find (to, f.name) >= 0) {
    snprintf (s->fault, sizeof s->fault, "there would be two fields %s.%s", to->name, f.name);
    return -EEXIST;
  }
  s->fields[out][to->n_fields] = from;
  return table_schema_add (to, &f);
}

static int
map_incoming (struct shape *s, uint32_t table, uint32_t out)
{
  const struct table_schema *from = s->in->tables + table;
  const struct shape_table *w = s->wanted + table;
  s->tables[out] = table;
  s->fields[out] = calloc (from->n_fields + w->n_added + 1, sizeof **s->fields);
  if (!s->fields[out]
      || (s->out != s->in
          && table_schema_name (s->out->tables + out, w->name ? w->name : from->name, w->key ? w->key : from->key, from->help,
                                from->key_type, from->max_rows)))
    return -ENOMEM;
  if (s->out != s->in)
    s->out->tables[out].sparse = from->sparse || w->sparse;
  int r = 0;
  for (uint32_t f = 0; !r && f < from->n_fields; f++)
    if (!w->dropped_fields[f])
      r = map_field (s, out, f, from->fields + f, w->field_names ? w->field_names[f] : NULL);
  for (uint32_t f = 0; !r && f < w->n_added; f++)
    r = map_field (s, out, from->n_fields + f, w->added + f, NULL);
  return r;
}

static int
map_added (struct shape *s, uint32_t added, uint32_t out)
{
  const struct kk_table *t = &s->added[added].table;
  s->tables[out] = s->in->n_tables + added;
  s->fields[out] = calloc (t->n_fields + 1, sizeof **s->fields);
  if (!s->fields[out] || table_schema_name (s->out->tables + out, t->name, t->key, t->help, t->key_type, t->max_rows))
    return -ENOMEM;
  uint32_t like = s->added[added].like;
  s->out->tables[out].sparse = s->added[added].sparse || (like != KK_NONE && s->in->tables[like].sparse);
  int r = 0;
  for (uint32_t f = 0; !r && f < t->n_fields; f++)
    r = map_field (s, out, f, t->fields + f, NULL);
  return r;
}

static int
check_names (struct shape *s)
{
  for (uint32_t t = 1; t < s->out->n_tables; t++)
    for (uint32_t u = 0; u < t; u++)
      if (!strcmp (s->out->tables[t].name, s->out->tables[u].name)) {
        snprintf (s->fault, sizeof s->fault, "there would be two tables %s", s->out->tables[t].name);
        return -EEXIST;
      }
  return 0;
}

/* What rows stage: the added tables, then for each table with added fields one that has these. */
static int
stage (struct shape *s)
{
  uint32_t n = s->n_added;
  for (uint32_t t = 0; t < s->in->n_tables; t++)
    n += !s->wanted[t].dropped && s->wanted[t].n_added;
  if (!n)
    return 0;
  s->staged = calloc (1, sizeof *s->staged);
  struct kk_table *tables = s->staged ? calloc (n, sizeof *tables) : NULL;
  if (!tables)
    return -ENOMEM;
  s->staged->plugin.tables = tables;
  s->staged->plugin.n_tables = s->n_added;
  for (uint32_t i = 0; i < s->n_added; i++)
    tables[i] = s->added[i].table;
  for (uint32_t t = 0; t < s->in->n_tables; t++) {
    struct shape_table *w = s->wanted + t;
    if (w->dropped || !w->n_added)
      continue;
    w->extension = s->staged->plugin.n_tables++;
    char *name = strdup (s->in->tables[t].name);
    tables[w->extension] = (struct kk_table){.name = name, .fields = w->added, .n_fields = w->n_added};
    if (!name)
      return -ENOMEM;
  }
  int r = rows_new (s->face.host, s->staged, NULL, &s->rows);
  for (uint32_t t = 0; !r && t < s->in->n_tables; t++)
    if (!s->wanted[t].dropped && s->wanted[t].n_added)
      rows_extend (s->rows, s->wanted[t].extension, s->in->tables[t].n_fields);
  return r;
}

int
shape_finish (struct shape *s)
{
  bool same;
  uint32_t kept = count_tables (s, &same), out = 0;
  s->out = same ? schema_ref (s->in) : schema_new (s->in->face.host, kept);
  if (!s->out)
    return -ENOMEM;
  s->tables = calloc (kept + 1, sizeof *s->tables);
  s->fields = calloc (kept + 1, sizeof *s->fields);
  int r = s->tables && s->fields ? 0 : -ENOMEM;
  for (uint32_t t = 0; !r && t < s->in->n_tables; t++)
    if (!s->wanted[t].dropped)
      r = map_incoming (s, t, out++);
  for (uint32_t i = 0; !r && i < s->n_added; i++)
    r = map_added (s, i, out++);
  if (!r)
    r = check_names (s);
  return r ? r : stage (s);
}

bool
shape_touches (const struct shape *s, uint32_t table)
{
  return !s->says_touched || s->wanted[table].touched || is_changed (s, table);
}

bool
shape_has_rest (const struct shape *s)
{
  for (uint32_t t = 0; t < s->in->n_tables; t++)
    if (!shape_touches (s, t))
      return true;
  return false;
}

static bool
same_fields (const struct table_schema *a, const struct table_schema *b)
{
  bool same = a->n_fields == b->n_fields;
  for (uint32_t f = 0; same && f < a->n_fields; f++)
    same = !strcmp (a->fields[f].name, b->fields[f].name);
  return same;
}

int
shape_rest (const struct shape *of, struct schema *in, struct shape **ret)
{
  int r = shape_new (in->face.host, in, ret);
  if (r)
    return r;
  for (uint32_t t = 0; t < in->n_tables; t++) {
    const int64_t known = schema_find_table (of->in, in->tables[t].name);
    (*ret)->wanted[t].dropped =
      known < 0 || shape_touches (of, (uint32_t) known) || !same_fields (in->tables + t, of->in->tables + known);
  }
  (*ret)->says_touched = true;
  r = shape_finish (*ret);
  if (r) {
    shape_free (*ret);
    *ret = NULL;
  }
  return r;
}

bool
shape_is_identity (const struct shape *s)
{
  return s->out == s->in;
}

int
shape_begin (struct shape *s, const struct kk_time *time)
{
  return s->rows ? rows_begin (s->rows, time) : 0;
}
