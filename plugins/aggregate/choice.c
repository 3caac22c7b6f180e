#include "choice.h"

#include "pick.h"

#include <errno.h>
#include <stdlib.h>

static int
parse_choice (const char *item, struct choice *ret, char why[160])
{
  const char *sign = strchr (item, '=');
  size_t length = sign ? (size_t) (sign - item) : strlen (item);
  while (length && item[length - 1] == ' ')
    length--;
  ret->names = strndup (item, length);
  if (!ret->names)
    return -ENOMEM;
  if (!sign && function_parse (ret->names, ret->functions, why) > 0) {
    snprintf (why, 160,
              "'%.40s' is no field: several functions are written with a blank between, as in \"table.field=mean max\"",
              ret->names);
    return -EINVAL;
  }
  if (!strchr (ret->names, '.')) {
    snprintf (why, 160, "'%.30s' has no dot: write a field as table.%.30s, all of a table as %.30s.*", ret->names, ret->names,
              ret->names);
    return -EINVAL;
  }
  ret->n = function_parse (sign ? sign + 1 : "mean max", ret->functions, why);
  return ret->n < 0 ? ret->n : 0;
}

void
choices_free (struct choice *choices, uint32_t n)
{
  for (uint32_t i = 0; choices && i < n; i++)
    free (choices[i].names);
  free (choices);
}

int
choices_make (const struct kk_list *items, struct choice **ret, char why[160])
{
  struct choice *choices = calloc (items->count + 1, sizeof *choices);
  int r = choices ? 0 : -ENOMEM;
  for (uint32_t i = 0; i < items->count && !r; i++)
    r = parse_choice (items->items[i], choices + i, why);
  if (r)
    choices_free (choices, items->count);
  else
    *ret = choices;
  return r;
}

/* Counters, identifiers and points in time: a mean of them says nothing, and nobody means them by a glob. */
static bool
is_no_amount (const struct kk_table *table, const struct kk_field *field)
{
  size_t length = strlen (field->name);
  if (field->kind == KK_COUNTER)
    return true;
  if (field->type == KK_TYPE_U64 && table->key && !strcmp (field->name, table->key))
    return true;
  return field->unit && !strcmp (field->unit, "s")
         && (!strcmp (field->name, "since") || (length > 5 && !strcmp (field->name + length - 5, "_time")));
}

static const struct choice *
choice_for (const struct choice *choices, uint32_t n, const struct kk_table *table, const struct kk_field *field)
{
  bool number = field->type == KK_TYPE_F64 || field->type == KK_TYPE_U64 || field->type == KK_TYPE_I64;
  for (uint32_t i = 0; number && i < n; i++) {
    const char *rest = pick_for_table (choices[i].names, table->name);
    if (rest && pick_matches (rest, strlen (rest), field->name))
      return strpbrk (choices[i].names, "*?[") && is_no_amount (table, field) ? NULL : choices + i;
  }
  return NULL;
}

static int
add_out (struct window *w, struct window_out out, const char *name)
{
  struct window_out *more = realloc (w->outs, (w->n_outs + 1) * sizeof *more);
  if (!more)
    return -ENOMEM;
  w->outs = more;
  snprintf (out.name, sizeof out.name, "%s", name);
  more[w->n_outs++] = out;
  return 0;
}

static int
add_slot (struct window *w, uint32_t field, const struct kk_field *f, const struct choice *c)
{
  static const struct function last = {.kind = FUNCTION_LAST};
  struct window_slot *more = realloc (w->slots, (w->n_slots + 1) * sizeof *more);
  if (!more)
    return -ENOMEM;
  w->slots = more;
  struct kk_column *columns = realloc (w->columns, (w->n_slots + 1) * sizeof *columns);
  if (!columns)
    return -ENOMEM;
  w->columns = columns;
  struct window_slot *slot = more + w->n_slots;
  *slot = (struct window_slot){.field = field, .type = f->type};
  snprintf (slot->name, sizeof slot->name, "%s", f->name);
  int r = 0;
  for (int i = 0; i < (c ? c->n : 1) && !r; i++) {
    const struct function *function = c ? c->functions + i : &last;
    slot->sketch |= function->kind == FUNCTION_PERCENTILE;
    r = add_out (w, (struct window_out){.slot = w->n_slots, .field = field, .type = f->type, .function = *function}, f->name);
  }
  w->sketches |= slot->sketch;
  w->n_slots++;
  return r;
}

/* Numbers that are not chosen, and what is no number: the last of them. */
int
choices_window (const struct choice *choices, uint32_t n, uint32_t n_panes, struct window_budget *budget,
                const struct kk_schema *in, uint32_t table, struct window **ret)
{
  struct kk_table t;
  struct kk_field f;
  uint32_t chosen = 0;
  int r = kk_schema_table (in, table, &t);
  struct window *w = r ? NULL : calloc (1, sizeof *w);
  if (!w)
    return r ? r : -ENOMEM;
  w->key_type = t.key_type;
  w->pane_read = w->pane_lost = WINDOW_NEVER;
  w->budget = budget;
  w->n_panes = n_panes;
  w->name = strdup (t.name);
  r = w->name ? 0 : -ENOMEM;
  for (uint32_t i = 0; i < t.n_fields && !r && !(r = kk_schema_field (in, table, i, &f)); i++) {
    const struct choice *c = choice_for (choices, n, &t, &f);
    chosen += c != NULL;
    const bool text = f.type == KK_TYPE_STRING || f.type == KK_TYPE_BOOL;
    w->texts |= text;
    if (text)
      r = add_out (w, (struct window_out){.slot = KK_NONE, .field = i, .type = f.type}, f.name);
    else
      r = add_slot (w, i, &f, c);
  }
  if (r || !chosen) {
    window_free (w);
    w = NULL;
  }
  *ret = w;
  return r;
}

static bool
is_alone (const struct window *w, uint32_t out)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < w->n_outs; i++)
    n += w->outs[i].field == w->outs[out].field;
  return n == 1;
}

int
window_shape (const struct window *w, const struct kk_schema *in, uint32_t table, struct kk_shape *shape, uint32_t *ret)
{
  struct kk_table t;
  struct kk_field *fields = calloc (w->n_outs, sizeof *fields);
  char (*names)[64] = calloc (w->n_outs, sizeof *names);
  int r = fields && names ? kk_schema_table (in, table, &t) : -ENOMEM;
  for (uint32_t i = 0; i < w->n_outs && !r; i++) {
    r = kk_schema_field (in, table, w->outs[i].field, fields + i);
    if (!r && w->outs[i].slot != KK_NONE)
      fields[i] = function_field (&w->outs[i].function, &fields[i], is_alone (w, i), names[i]);
  }
  if (!r) {
    t.fields = fields;
    t.n_fields = w->n_outs;
    r = kk_shape_drop_table (shape, table);
  }
  if (!r)
    r = kk_shape_add_table (shape, KK_NONE, &t, ret);
  if (!r && kk_schema_sparse (in, table)) /* a window has the rows that came in it */
    r = kk_shape_sparse (shape, kk_schema_tables (in) + *ret);
  free (fields);
  free (names);
  return r;
}
