#include "filters-model.h"

#include <check.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const struct model_config model_configs[MODEL_CONFIGS] = {
  {MODEL_LABEL, false, true, "label", "{fields: {site: here}, tables: ['*']}"},
  {MODEL_LABEL, true, true, "label", "{fields: {role: web}}"},
  {MODEL_RENAME, false, true, "rename", "{tables: {pids: programs}, fields: {things.load: share}, rows: {things.k1: first, things.k2: k3}}"},
  {MODEL_RENAME, true, true, "rename", "{tables: {things: pids, pids: things}, fields: {things.count: io, pids.io: count}}"},
  {MODEL_RATE, false, false, "rate", "{fields: ['*.count', '*.io']}"},
  {MODEL_RATE, true, false, "rate", "{fields: ['things.*'], keep: false, suffix: _rate}"},
  {MODEL_AGGREGATE, false, false, "aggregate", "{every: 1s}"},
  {MODEL_AGGREGATE, true, true, "aggregate", "{every: 1s, window: 3s, fields: ['things.load=min max mean', '*.cpu=p50 stddev', 'one.*=sum count last']}"},
  {MODEL_TOP, false, false, "top", "{by: [things.load, pids.cpu], n: 3, other: true}"},
  {MODEL_TOP, true, false, "top", "{by: [things.count, things.load], n: 2}"},
  {MODEL_DEDUP, false, false, "dedup", "{every: 3}"},
  {MODEL_DEDUP, true, false, "dedup", "{every: 4, tables: [things], deadband: ['things.load=20%', 'things.count=100']}"},
  {MODEL_SELECT, false, false, "select", "{drop_fields: [one.load], drop_rows: ['*.?2'], where: {pids: 'cpu > 5'}}"},
  {MODEL_SELECT, true, false, "select", "{keep_tables: ['t*', 'p*', one], keep_fields: ['things.[cl]*'], keep_rows: ['things.k[0-4]', 'pids./^[135]$/'], where: {things: 'count < 1500'}}"},
  {MODEL_ALERT, false, true, "alert", "{log: false, rules: {busy: {when: 'things.load > 25', for: 500ms, clear: '< 10 for 500ms'}, many: {when: 'one.count > 1000'}}}"},
};
/* clang-format on */

void
model_begin (struct model *m, const struct model_config *c)
{
  *m = (struct model){.config = c};
}

void
model_end (struct model *m)
{
  free (m->known);
  free (m->taken);
  free (m->panes);
  free (m->judged);
}

/* ---- What is known of rows ---- */

struct known *
model_known (struct model *m, const struct plain_table *t, const struct plain_row *row, bool *ret_new)
{
  struct known *k = NULL;
  for (uint32_t i = 0; i < m->n_known && !k; i++)
    if (!strcmp (m->known[i].table, t->name) && !strcmp (m->known[i].key, row->key))
      k = m->known + i;
  *ret_new = !k || k->identity != row->identity;
  if (!k) {
    m->known = realloc (m->known, (m->n_known + 1) * sizeof *k);
    ck_assert_ptr_nonnull (m->known);
    k = m->known + m->n_known++;
  }
  if (*ret_new) {
    memset (k, 0, sizeof *k);
    snprintf (k->table, sizeof k->table, "%s", t->name);
    snprintf (k->key, sizeof k->key, "%s", row->key);
    k->identity = row->identity;
  }
  k->seen = true;
  return k;
}

void
model_forget (struct model *m, const struct plain_table *t)
{
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->n_known; i++) {
    struct known *k = m->known + i;
    bool here = !strcmp (k->table, t->name), gone = here && !k->seen && t->state == KK_COMPLETE;
    k->seen = here ? false : k->seen;
    if (!gone)
      m->known[n++] = *k;
  }
  m->n_known = n;
}

/* ---- label ---- */

static void
label (bool second, struct plain *p)
{
  for (uint32_t i = 0; i < p->n; i++) {
    struct plain_table *t = p->tables + i;
    if (second && t->key_type != KK_NO_KEY)
      continue;
    plain_add_field (t, second ? "role" : "site", KK_TYPE_STRING, KK_INFO, "1");
    for (uint32_t row = 0; row < t->n_rows; row++) {
      struct plain_value *v = t->rows[row].values;
      v[t->n_fields - 1] = (struct plain_value){.type = KK_TYPE_STRING, .held = v->held, .mono_ns = v->mono_ns};
      strcpy (v[t->n_fields - 1].text, second ? "web" : "here");
    }
  }
}

/* ---- rename ---- */

static void
rename_field (struct plain_table *t, const char *from, const char *to)
{
  const int f = plain_field (t, from);
  if (f >= 0)
    strcpy (t->fields[f].name, to);
}

/* k1 becomes first, and k2 k3; of two of one name the first one goes on. */
static void
rename_rows (struct plain_table *t)
{
  const uint32_t n = t->n_rows;
  t->n_rows = 0;
  for (uint32_t i = 0; i < n; i++) {
    struct plain_row row = t->rows[i];
    strcpy (row.key, !strcmp (row.key, "k1") ? "first" : !strcmp (row.key, "k2") ? "k3" : t->rows[i].key);
    if (!plain_row (t, row.key))
      t->rows[t->n_rows++] = row;
  }
}

static void
rename_all (bool second, struct plain *p)
{
  struct plain_table *things = plain_table (p, "things"), *pids = plain_table (p, "pids");
  if (things) {
    rename_field (things, second ? "count" : "load", second ? "io" : "share");
    if (!second && things->key_type == KK_STRING_KEY)
      rename_rows (things);
    strcpy (things->name, second ? "pids" : "things");
  }
  if (pids && second)
    rename_field (pids, "io", "count");
  if (pids)
    strcpy (pids->name, second ? "things" : "programs");
}

/* ---- top ---- */

/* Whether x stands before y: more, and then the smaller key; what has no value is last. */
static bool
is_before (const struct plain_table *t, const struct plain_row *x, const struct plain_row *y, int f)
{
  const struct plain_value *a = x->values + f, *b = y->values + f;
  if (!a->absent != !b->absent)
    return !a->absent;
  if (!a->absent && plain_number (a) != plain_number (b))
    return plain_number (a) > plain_number (b);
  if (t->key_type == KK_STRING_KEY)
    return strcmp (x->key, y->key) < 0;
  return strtoull (x->key, NULL, 10) < strtoull (y->key, NULL, 10);
}

static bool
is_other (const struct plain_table *t, const struct plain_row *row)
{
  return !strcmp (row->key, t->key_type == KK_STRING_KEY ? "other" : "0");
}

static bool
has_sum (const struct plain_field *f)
{
  return f->kind == KK_GAUGE && f->type <= KK_TYPE_I64 && strcmp (f->unit, "s") != 0;
}

/* Of the rows that do not stay. */
static void
sum_field (const struct plain_table *t, uint32_t f, const bool *keep, struct plain_value *to)
{
  long double sum = 0;
  bool any = false;
  for (uint32_t i = 0; i < t->n_rows; i++) {
    const struct plain_value *v = t->rows[i].values + f;
    if (keep[i])
      continue;
    if (v->absent) {
      to->absent = any ? to->absent : v->absent;
      continue;
    }
    sum += plain_number (v);
    any = true;
    to->absent = KK_PRESENT;
  }
  if (t->fields[f].type == KK_TYPE_F64)
    to->f64 = (double) sum;
  else
    to->u64 = (uint64_t) (int64_t) sum;
}

static void
put_other (struct plain_table *t, const bool *keep)
{
  static struct plain_table all;
  plain_copy_table (&all, t);
  plain_keep_rows (t, keep);
  if (t->n_rows == all.n_rows)
    return;
  struct plain_row *row = plain_add_row (t, t->key_type == KK_STRING_KEY ? "other" : "0", 0, t->held, t->mono_ns);
  for (uint32_t f = 0; f < t->n_fields; f++) {
    if (t->fields[f].type == KK_TYPE_STRING) {
      row->values[f].absent = KK_PRESENT;
      strcpy (row->values[f].text, "other");
    } else if (has_sum (t->fields + f))
      sum_field (&all, f, keep, row->values + f);
  }
}

static void
top_table (struct plain_table *t, const char *const *by, uint32_t most, bool other)
{
  bool keep[PLAIN_ROWS] = {false}, ranked = false;
  for (; *by; by++) {
    const int f = plain_field (t, *by);
    ranked = ranked || f >= 0;
    for (uint32_t i = 0; i < t->n_rows && f >= 0; i++) {
      uint32_t before = 0;
      for (uint32_t k = 0; k < t->n_rows; k++)
        before += k != i && !(other && is_other (t, t->rows + k)) && is_before (t, t->rows + k, t->rows + i, f);
      keep[i] = keep[i] || (before < most && !(other && is_other (t, t->rows + i)));
    }
  }
  if (ranked && other)
    put_other (t, keep);
  else if (ranked)
    plain_keep_rows (t, keep);
}

static void
top (bool second, struct plain *p)
{
  static const char *const load[] = {"load", NULL}, *const cpu[] = {"cpu", NULL}, *const both[] = {"count", "load", NULL};
  struct plain_table *things = plain_table (p, "things"), *pids = plain_table (p, "pids");
  if (things && second)
    top_table (things, both, 2, false);
  if (things && !second)
    top_table (things, load, 3, true);
  if (pids && !second)
    top_table (pids, cpu, 3, true);
}

/* ---- dedup ---- */

static bool
is_changed (const struct plain_field *f, const struct plain_value *now, const struct plain_value *was, bool deadbands)
{
  const bool share = deadbands && !strcmp (f->name, "load"), amount = deadbands && !strcmp (f->name, "count");
  if (now->absent || was->absent)
    return now->absent != was->absent;
  if (f->type == KK_TYPE_STRING)
    return strcmp (now->text, was->text) != 0;
  if (f->type == KK_TYPE_BOOL)
    return now->boolean != was->boolean;
  const double change = fabs (plain_number (now) - plain_number (was));
  return change > (share ? 0.2 * fabs (plain_number (was)) : amount ? 100 : 0);
}

static void
dedup (struct model *m, struct plain *p)
{
  const bool second = m->config->second;
  for (uint32_t i = 0; i < p->n; i++) {
    struct plain_table *t = p->tables + i;
    bool keep[PLAIN_ROWS];
    if (t->key_type == KK_NO_KEY || (second && strcmp (t->name, "things") != 0))
      continue;
    for (uint32_t row = 0; row < t->n_rows; row++) {
      bool new;
      struct known *k = model_known (m, t, t->rows + row, &new);
      bool changed = new;
      for (uint32_t f = 0; f < t->n_fields && !changed; f++)
        changed = is_changed (t->fields + f, t->rows[row].values + f, k->sent.values + f, second);
      if (!new && t->rows[row].held) { /* no reading */
        keep[row] = false;
        continue;
      }
      keep[row] = changed || ++k->readings == (second ? 4 : 3);
      if (keep[row]) {
        k->sent = t->rows[row];
        k->readings = 0;
      }
    }
    model_forget (m, t);
    plain_keep_rows (t, keep);
  }
}

/* ---- select ---- */

static bool
is_one_of (const char *text, const char *a, const char *b, const char *c)
{
  return !strcmp (text, a) || !strcmp (text, b) || !strcmp (text, c);
}

static bool
row_stays (bool second, const struct plain_table *t, const struct plain_row *row)
{
  const bool things = !strcmp (t->name, "things"), pids = !strcmp (t->name, "pids");
  const char *about = second && things ? "count" : !second && pids ? "cpu" : NULL;
  const int f = about ? plain_field (t, about) : -1;
  if (about && (f < 0 || row->values[f].absent))
    return false;
  if (about && !(second ? plain_number (row->values + f) < 1500 : plain_number (row->values + f) > 5))
    return false;
  if (!second)
    return fnmatch ("?2", row->key, 0) != 0;
  return things ? !fnmatch ("k[0-4]", row->key, 0) : !pids || is_one_of (row->key, "1", "3", "5");
}

static bool
field_stays (bool second, const char *table, const char *field)
{
  if (!second)
    return strcmp (table, "one") != 0 || strcmp (field, "load") != 0;
  return strcmp (table, "things") != 0 || *field == 'c' || *field == 'l';
}

static void
select_from (bool second, const struct plain *in, struct plain *p)
{
  p->n = 0;
  for (uint32_t i = 0; i < in->n; i++) {
    struct plain_table *t = p->tables + p->n;
    bool keep[PLAIN_ROWS];
    plain_copy_table (t, in->tables + i);
    if (second && *t->name != 't' && *t->name != 'p' && strcmp (t->name, "one") != 0)
      continue;
    for (uint32_t row = 0; row < t->n_rows; row++)
      keep[row] = t->key_type == KK_NO_KEY || row_stays (second, t, t->rows + row);
    plain_keep_rows (t, keep);
    for (uint32_t f = t->n_fields; f-- > 0;)
      if (!field_stays (second, t->name, t->fields[f].name))
        plain_drop_field (t, f);
    p->n += t->n_fields > 0;
  }
}

bool
model_take (struct model *m, struct plain *in, struct plain *ret)
{
  const bool second = m->config->second;
  plain_copy (ret, in);
  switch (m->config->kind) {
  case MODEL_LABEL:
    label (second, ret);
    break;
  case MODEL_RENAME:
    rename_all (second, ret);
    break;
  case MODEL_RATE:
    model_rate (m, ret);
    break;
  case MODEL_AGGREGATE:
    return model_aggregate (m, in, ret);
  case MODEL_TOP:
    top (second, ret);
    break;
  case MODEL_DEDUP:
    dedup (m, ret);
    break;
  case MODEL_SELECT:
    select_from (second, in, ret);
    break;
  default:
    model_alert (m, ret);
    break;
  }
  return true;
}
