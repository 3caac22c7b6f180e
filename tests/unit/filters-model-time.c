/* Those that know of time: rate, aggregate and alert. */
#include "filters-model.h"

#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS     INT64_C (1000000)
#define SECOND (1000 * MS)

/* ---- rate ---- */

static uint32_t
why_no_rate (const struct reckoned *r, const struct plain_value *v, int64_t usual_ns, unsigned sleeps)
{
  const int64_t longest = 4 * (r->usual_ns > usual_ns ? r->usual_ns : usual_ns);
  if (!r->read)
    return KK_FIRST;
  if (r->sleeps != sleeps)
    return KK_SUSPEND;
  if (v->mono_ns < r->last_read_ns || r->longest_without_ns > (longest > 2 * SECOND ? longest : 2 * SECOND))
    return KK_GAP;
  return v->u64 < r->last ? KK_RESET : KK_PRESENT;
}

/* The rate that goes along with a counter's value. */
static void
take_counter (struct reckoned *r, const struct plain_value *v, int64_t now_ns, int64_t usual_ns, unsigned sleeps)
{
  const int64_t without_ns = now_ns - r->with_value_ns;
  if (r->read && without_ns > r->longest_without_ns)
    r->longest_without_ns = without_ns;
  if (v->absent)
    return;
  r->with_value_ns = now_ns;
  if (r->read && (v->held || v->mono_ns == r->last_read_ns))
    return;
  r->why = why_no_rate (r, v, usual_ns, sleeps);
  const int64_t elapsed_ns = v->mono_ns - r->last_read_ns;
  if (!r->why)
    r->rate = (double) (v->u64 - r->last) / ((double) elapsed_ns / 1e9);
  if ((!r->why || r->why == KK_RESET) && r->longest_without_ns <= 2 * usual_ns)
    r->usual_ns = elapsed_ns;
  r->read = true;
  r->last = v->u64;
  r->last_read_ns = v->mono_ns;
  r->longest_without_ns = 0;
  r->sleeps = sleeps;
}

static void
rate_field (struct model *m, struct plain_table *t, uint32_t f, int64_t now_ns, int64_t usual_ns, struct known **known)
{
  char name[PLAIN_TEXT + 8], unit[24];
  snprintf (name, sizeof name, "%s%s", t->fields[f].name, m->config->second ? "_rate" : "_per_s");
  snprintf (unit, sizeof unit, "%s/s", strcmp (t->fields[f].unit, "1") ? t->fields[f].unit : "");
  if (plain_field (t, name) >= 0)
    return;
  plain_add_field (t, name, KK_TYPE_F64, KK_GAUGE, unit);
  for (uint32_t i = 0; i < t->n_rows; i++) {
    const struct plain_value *v = t->rows[i].values + f;
    struct reckoned *r = known[i]->rates + f;
    take_counter (r, v, now_ns, usual_ns, m->sleeps);
    t->rows[i].values[t->n_fields - 1] = (struct plain_value){
      .type = KK_TYPE_F64, .absent = v->absent ? v->absent : r->why, .held = v->held, .mono_ns = v->mono_ns, .f64 = r->rate};
  }
}

void
model_rate (struct model *m, struct plain *p)
{
  const bool usual = m->samples && p->after == KK_PRESENT && p->mono_ns > m->last_ns;
  const int64_t step_ns = p->mono_ns - m->last_ns, usual_ns = m->usual_ns ? m->usual_ns : usual ? step_ns : SECOND;
  m->usual_ns = usual ? step_ns : m->usual_ns;
  m->last_ns = p->mono_ns;
  m->samples++;
  m->sleeps += p->after == KK_SUSPEND;
  for (uint32_t i = 0; i < p->n; i++) {
    struct plain_table *t = p->tables + i;
    struct known *known[PLAIN_ROWS];
    const uint32_t n = t->n_fields;
    bool new;
    if (m->config->second && strcmp (t->name, "things") != 0)
      continue;
    for (uint32_t row = 0; row < t->n_rows; row++) /* they move when there are more */
      model_known (m, t, t->rows + row, &new);
    for (uint32_t row = 0; row < t->n_rows; row++)
      known[row] = model_known (m, t, t->rows + row, &new);
    for (uint32_t f = n; f-- > 0;) {
      const struct plain_field *field = t->fields + f;
      const bool named = m->config->second || !strcmp (field->name, "count") || !strcmp (field->name, "io");
      if (named && field->kind == KK_COUNTER && field->type <= KK_TYPE_I64)
        rate_field (m, t, f, p->mono_ns, usual_ns, known);
    }
    for (uint32_t f = n; m->config->second && f-- > 0;)
      if (t->fields[f].kind == KK_COUNTER && t->fields[f].type <= KK_TYPE_I64)
        plain_drop_field (t, f);
    model_forget (m, t);
  }
}

/* ---- aggregate ---- */

static const char *const last_only[] = {"last", NULL};

/* What is asked for of a field; NULL: the last, without being asked. */
static const char *const *
functions_of (bool second, const struct plain_table *t, const struct plain_field *f)
{
  static const char *const mean[] = {"mean", NULL}, *const of_load[] = {"min", "max", "mean", NULL},
                           *const of_cpu[] = {"p50", "stddev", NULL}, *const of_one[] = {"sum", "count", "last", NULL};
  const bool since = !strcmp (f->name, "since") && !strcmp (f->unit, "s");
  if (f->type > KK_TYPE_I64)
    return NULL;
  if (second && !strcmp (t->name, "things") && !strcmp (f->name, "load"))
    return of_load;
  if (f->kind == KK_COUNTER || since)
    return NULL;
  if (second)
    return !strcmp (f->name, "cpu") ? of_cpu : !strcmp (t->name, "one") ? of_one : NULL;
  return mean;
}

static bool
is_chosen (bool second, const struct plain_table *t)
{
  bool chosen = false;
  for (uint32_t f = 0; f < t->n_fields; f++)
    chosen = chosen || functions_of (second, t, t->fields + f);
  return chosen;
}

static int
by_value (const void *a, const void *b)
{
  const double x = *(const double *) a, y = *(const double *) b;
  return (x > y) - (x < y);
}

/* What a function makes of numbers. */
static double
reckon (const char *function, double *numbers, uint32_t n)
{
  long double sum = 0, squares = 0;
  for (uint32_t i = 0; i < n; i++)
    sum += numbers[i];
  for (uint32_t i = 0; i < n; i++)
    squares += (numbers[i] - sum / n) * (numbers[i] - sum / n);
  if (!strcmp (function, "sum"))
    return (double) sum;
  if (!strcmp (function, "mean"))
    return (double) (sum / n);
  if (!strcmp (function, "stddev"))
    return (double) sqrtl (squares / n);
  qsort (numbers, n, sizeof *numbers, by_value);
  return numbers[!strcmp (function, "min") ? 0 : !strcmp (function, "max") ? n - 1 : (n + 1) / 2 - 1];
}

/* One field of one row over the window, since its key was last given to another thing. */
static struct plain_value
over_window (const struct model *m, const char *table, const char *key, uint32_t from, uint32_t f, const char *function)
{
  struct plain_value ret = {.absent = KK_UNSET};
  double numbers[200];
  uint32_t n = 0, why = KK_UNSET;
  for (uint32_t i = from; i < m->n_taken; i++) {
    struct plain_table *t = plain_table (m->taken + i, table);
    const struct plain_row *row = plain_row (t, key);
    const struct plain_value *v = row ? row->values + f : NULL;
    const bool number = t->fields[f].type <= KK_TYPE_I64;
    if (!v || (number && (v->held || (t->held && t->key_type != KK_NO_KEY))))
      continue;
    if (!number || !v->absent)
      ret = *v;
    if (number && !v->absent)
      numbers[n++] = plain_number (v);
    why = v->absent ? v->absent : why;
    ck_assert_uint_lt (n, 200);
  }
  if (!function)
    return ret;
  const uint32_t type = ret.type;
  if (!strcmp (function, "count"))
    return (struct plain_value){.u64 = n};
  ret.absent = n ? KK_PRESENT : why;
  if (!n || !strcmp (function, "last"))
    return ret;
  ret.f64 = reckon (function, numbers, n);
  if (type != KK_TYPE_F64 && (!strcmp (function, "min") || !strcmp (function, "max")))
    ret.u64 = (uint64_t) ret.f64;
  return ret;
}

/* Whether there is such a row; from which sample on it is the same thing, and which. */
static bool
find_row (const struct model *m, const char *table, const char *key, bool read, uint32_t *ret_from, uint64_t *ret_identity)
{
  bool seen = false, met = false;
  for (uint32_t i = 0; i < m->n_taken; i++) {
    struct plain_table *t = plain_table (m->taken + i, table);
    const struct plain_row *row = plain_row (t, key);
    if (!row)
      continue;
    if (!met || row->identity != *ret_identity)
      *ret_from = i;
    met = true;
    *ret_identity = row->identity;
    seen = seen || !read || !t->held || t->key_type == KK_NO_KEY;
  }
  return seen;
}

static void
make_fields (bool second, const struct plain_table *like, struct plain_table *to)
{
  to->n_fields = to->n_rows = 0;
  for (uint32_t f = 0; f < like->n_fields; f++) {
    const struct plain_field *of = like->fields + f;
    const char *const *functions = functions_of (second, like, of);
    const bool alone = !functions || !functions[1];
    for (functions = functions ? functions : last_only; *functions; functions++) {
      char name[2 * PLAIN_TEXT];
      const bool keeps = !strcmp (*functions, "last"), counts = !strcmp (*functions, "count");
      const bool type = keeps || !strcmp (*functions, "min") || !strcmp (*functions, "max");
      snprintf (name, sizeof name, "%s%s%s", of->name, alone ? "" : "_", alone ? "" : *functions);
      plain_add_field (to, name,
                       counts ? KK_TYPE_U64
                       : type ? of->type
                              : KK_TYPE_F64,
                       keeps ? of->kind : KK_GAUGE, counts ? "1" : of->unit);
    }
  }
}

static void
make_row (const struct model *m, const struct plain_table *like, struct plain_table *to, const char *key, bool read)
{
  uint32_t from = 0, at = 0;
  uint64_t identity = 0;
  if (plain_row (to, key) || !find_row (m, like->name, key, read, &from, &identity))
    return;
  struct plain_row *row = plain_add_row (to, key, identity, false, to->mono_ns);
  for (uint32_t f = 0; f < like->n_fields; f++) {
    const char *const *functions = functions_of (m->config->second, like, like->fields + f);
    const char *const last = like->fields[f].type <= KK_TYPE_I64 ? "last" : NULL, *const *next = functions;
    do {
      row->values[at] = over_window (m, like->name, key, from, f, functions ? *next : last);
      row->values[at].type = to->fields[at].type;
      row->values[at].held = false;
      row->values[at].mono_ns = to->mono_ns;
      at++;
    } while (functions && *++next);
  }
}

static void
make_table (const struct model *m, const struct plain_table *like, struct plain_table *to)
{
  bool read = false;
  uint32_t of_read = KK_COMPLETE, of_held = KK_COMPLETE;
  const bool keyed = like->key_type != KK_NO_KEY;
  strcpy (to->name, like->name);
  to->key_type = like->key_type;
  to->held = false;
  make_fields (m->config->second, like, to);
  for (uint32_t i = 0; i < m->n_taken; i++) {
    const struct plain_table *t = plain_table (m->taken + i, like->name);
    read = read || !t->held;
    of_held = t->held ? t->state : of_held;
    if (!t->held && m->panes[i] == m->pane && t->state > of_read)
      of_read = t->state;
  }
  for (uint32_t i = 0; i < m->n_taken; i++) {
    const struct plain_table *t = plain_table (m->taken + i, like->name);
    for (uint32_t row = 0; row < t->n_rows; row++)
      make_row (m, like, to, t->rows[row].key, read);
  }
  to->state = read || !keyed ? of_read : of_held > KK_PARTIAL ? of_held : KK_PARTIAL;
  to->state = to->state == KK_FAILED && to->n_rows ? KK_PARTIAL : to->state;
}

static void
give (const struct model *m, const struct plain *base, struct plain *ret, int64_t wall_ns, int64_t mono_ns)
{
  plain_copy (ret, base);
  ret->wall_ns = wall_ns;
  ret->mono_ns = mono_ns;
  for (uint32_t i = 0; i < base->n; i++)
    if (is_chosen (m->config->second, base->tables + i)) {
      ret->tables[i].mono_ns = mono_ns;
      make_table (m, base->tables + i, ret->tables + i);
    }
}

static void
remember (struct model *m, const struct plain *in, int64_t pane)
{
  const int64_t panes = m->config->second ? 3 : 1;
  uint32_t n = 0;
  for (uint32_t i = 0; i < m->n_taken; i++)
    if (m->pane <= pane && m->panes[i] > pane - panes) { /* where the clock was set back all of it begins anew */
      if (n < i)
        plain_copy (m->taken + n, m->taken + i);
      m->panes[n++] = m->panes[i];
    }
  if (n == m->room) {
    m->room += 16;
    m->taken = realloc (m->taken, m->room * sizeof *m->taken);
    m->panes = realloc (m->panes, m->room * sizeof *m->panes);
  }
  ck_assert (m->taken && m->panes);
  plain_copy (m->taken + n, in);
  m->panes[n] = m->pane = pane;
  m->n_taken = n + 1;
  m->begun = true;
}

bool
model_aggregate (struct model *m, struct plain *in, struct plain *ret)
{
  const struct plain *newest = m->begun ? m->taken + m->n_taken - 1 : NULL;
  int64_t pane = in->wall_ns / SECOND;
  bool gives = false, chosen = false;
  for (uint32_t i = 0; i < in->n; i++)
    chosen = chosen || is_chosen (m->config->second, in->tables + i);
  if (!chosen)
    return true;
  if (newest && pane == m->pane - 1 && newest->wall_ns - in->wall_ns < SECOND) /* the clock was set back a little */
    pane = m->pane;
  if (newest && pane != m->pane) {
    const int64_t end = (m->pane + 1) * SECOND, mono_ns = newest->mono_ns + (end - newest->wall_ns);
    give (m, in, ret, end, mono_ns < in->mono_ns ? mono_ns : in->mono_ns);
    gives = true;
  }
  remember (m, in, pane);
  return gives;
}

bool
model_flush (struct model *m, struct plain *ret)
{
  const struct plain *newest = m->begun ? m->taken + m->n_taken - 1 : NULL;
  if (!newest)
    return false;
  give (m, newest, ret, newest->wall_ns, newest->mono_ns);
  for (uint32_t i = 0; i < ret->n; i++) {
    struct plain_table *t = ret->tables + i;
    if (is_chosen (m->config->second, newest->tables + i))
      continue;
    t->held = true; /* it was passed on before, and comes along once more */
    for (uint32_t row = 0; row < t->n_rows; row++) {
      t->rows[row].held = t->key_type != KK_NO_KEY;
      for (uint32_t f = 0; f < t->n_fields; f++)
        t->rows[row].values[f].held = true;
    }
  }
  return true;
}
