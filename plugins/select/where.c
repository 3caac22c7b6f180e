#include "where.h"

#include "pick.h"

#include <stdlib.h>

static int
refuse (const struct where *w, const struct expression_fault *f, struct kk_fault *fault)
{
  return kk_refuse_entry (fault, "where", w->table, NULL, "column %u: %s", f->column, f->text);
}

static int
make_one (const char *table, const char *text, struct where *ret, struct kk_fault *fault)
{
  struct expression_fault f;
  *ret = (struct where){.table = table};
  if (strpbrk (table, ".*?[\\/"))
    return kk_refuse_entry (fault, "where", table, NULL, "'%.60s' is the name of no table: write each table by itself", table);
  int r = expression_parse (text, table, &ret->expression, &f);
  return r == -EINVAL ? refuse (ret, &f, fault) : r;
}

int
wheres_make (const struct kk_map *map, struct wheres *ret, struct kk_fault *fault)
{
  const char *const *texts = map->items;
  *ret = (struct wheres){.items = calloc (map->count + 1, sizeof *ret->items)};
  int r = ret->items ? 0 : -ENOMEM;
  for (uint32_t i = 0; i < map->count && !r; i++) {
    r = make_one (map->names[i], texts[i], ret->items + i, fault);
    ret->n += !r;
  }
  if (r)
    wheres_free (ret);
  return r;
}

void
wheres_free (struct wheres *w)
{
  for (uint32_t i = 0; i < w->n; i++)
    expression_free (w->items[i].expression);
  free (w->items);
  *w = (struct wheres){.n = 0};
}

struct where *
wheres_find (const struct wheres *w, const char *table)
{
  for (uint32_t i = 0; i < w->n; i++)
    if (!strcmp (w->items[i].table, table))
      return w->items + i;
  return NULL;
}

int
where_bind (const struct where *w, const struct kk_schema *in, uint32_t table, struct expression_binding **ret,
            struct kk_fault *fault)
{
  struct expression_fault f;
  struct kk_table other;
  int r = expression_bind (w->expression, in, ret, &f);
  if (r == -EINVAL || r == -ENOENT)
    refuse (w, &f, fault);
  if (r && r != -ENOENT)
    return r;
  int rows = expression_rows_of (*ret);
  if (rows < 0 || (uint32_t) rows == table || kk_schema_table (in, (uint32_t) rows, &other))
    return 0;
  expression_unbind (*ret);
  *ret = NULL;
  return kk_refuse_entry (fault, "where", w->table, NULL,
                          "it looks at rows of '%.60s': those of other tables can only stand in sum, count, max, min or avg",
                          other.name);
}

static int
check_one (const struct where *w, const struct kk_schema *in, struct kk_fault *fault)
{
  struct kk_fault of = {.option = NULL};
  struct kk_table table;
  if (pick_check (in, PICK_ROW, "where", w->table, NULL, &of))
    return kk_refuse_entry (fault, "where", w->table, NULL, "%s", of.text);
  for (uint32_t t = 0; !kk_schema_table (in, t, &table); t++) {
    if (strcmp (table.name, w->table) != 0)
      continue;
    struct expression_binding *b = NULL;
    int r = where_bind (w, in, t, &b, fault);
    expression_unbind (b);
    return r ? r : *fault->text ? -EINVAL : 0;
  }
  return 0;
}

int
wheres_check (const struct wheres *w, const struct kk_schema *in, struct kk_fault *fault)
{
  int r = 0;
  for (uint32_t i = 0; i < w->n && !r; i++)
    r = check_one (w->items + i, in, fault);
  return r;
}

struct judging {
  bool *kept;
  uint32_t n;
};

static void
look (void *arg, const struct expression_result *result)
{
  const struct judging *j = arg;
  bool yes = result->verdict == EXPRESSION_YES;
  if (result->row == UINT32_MAX) /* it is about none of them: about all */
    memset (j->kept, yes, j->n * sizeof *j->kept);
  else if (result->row < j->n)
    j->kept[result->row] = yes;
}

int
where_judge (const struct where *w, struct expression_binding *b, const struct kk_sample *in, bool *kept, uint32_t n)
{
  struct judging j = {kept, n};
  if (expression_filter (w->expression, b, in, kept, n))
    return 0;
  memset (kept, 0, n * sizeof *kept);
  return expression_evaluate (w->expression, b, in, look, &j, NULL);
}
