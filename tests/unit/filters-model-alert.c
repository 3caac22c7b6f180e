/* Two rules: busy is things.load > 25 for half a second, and clear when it is below 10 as long; many is one.count > 1000. */
#include "filters-model.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HALF_NS INT64_C (500000000)

static struct judged *
judged_row (struct model *m, const char *rule, const char *key, uint64_t identity)
{
  struct judged *j = NULL;
  for (uint32_t i = 0; i < m->n_judged && !j; i++)
    if (!strcmp (m->judged[i].rule, rule) && !strcmp (m->judged[i].key, key))
      j = m->judged + i;
  if (j && j->identity == identity)
    return j;
  if (!j) {
    m->judged = realloc (m->judged, (m->n_judged + 1) * sizeof *j);
    ck_assert_ptr_nonnull (m->judged);
    j = m->judged + m->n_judged++;
  }
  *j = (struct judged){.rule = rule, .identity = identity, .state = "ok"};
  snprintf (j->key, sizeof j->key, "%s", key);
  return j;
}

/* `v` NULL: the row is not there, and whether it is gone nobody knows. */
static void
look (struct judged *j, const struct plain *p, const struct plain_value *v, double above, double below, int64_t for_ns)
{
  const bool known = v && !v->absent, fires = !strcmp (j->state, "firing") || !strcmp (j->state, "clearing");
  const int64_t passed_ns = j->looked_ns && p->mono_ns > j->looked_ns && !j->unsure ? p->mono_ns - j->looked_ns : 0;
  j->looked_ns = p->mono_ns;
  j->unsure = !known;
  if (!known)
    return;
  j->value = plain_number (v);
  j->has_value = true;
  if (!fires && !(j->value > above))
    j->state = "ok";
  else if (fires && !(j->value < below))
    j->state = "firing";
  else {
    const bool begins = !strcmp (j->state, fires ? "firing" : "ok");
    j->lasted_ns = begins ? 0 : j->lasted_ns + passed_ns;
    j->since_ns = begins && !fires ? p->wall_ns : j->since_ns;
    j->state = j->lasted_ns >= for_ns ? (fires ? "ok" : "firing") : fires ? "clearing" : "pending";
  }
}

static void
judge_things (struct model *m, const struct plain *p, const struct plain_table *t)
{
  const int f = plain_field (t, "load");
  uint32_t n = 0;
  if (f < 0 || t->held)
    return;
  for (uint32_t i = 0; i < t->n_rows; i++) {
    struct judged *j = judged_row (m, "busy", t->rows[i].key, t->rows[i].identity);
    j->seen = true;
    if (!t->rows[i].values[f].held)
      look (j, p, t->rows[i].values + f, 25, 10, HALF_NS);
  }
  for (uint32_t i = 0; i < m->n_judged; i++) {
    struct judged *j = m->judged + i;
    const bool missing = !strcmp (j->rule, "busy") && !j->seen;
    if (missing && t->state == KK_COMPLETE)
      continue;
    if (missing)
      look (j, p, NULL, 25, 10, HALF_NS);
    j->seen = false;
    m->judged[n++] = *j;
  }
  m->n_judged = n;
}

static void
give (struct plain_table *t, const struct judged *j)
{
  char name[2 * PLAIN_TEXT];
  snprintf (name, sizeof name, "%s%s%s", j->rule, *j->key ? "/" : "", j->key);
  struct plain_value *v = plain_add_row (t, name, j->identity, false, t->mono_ns)->values;
  for (int i = 0; i < 9; i++)
    v[i].absent = KK_PRESENT;
  strcpy (v[0].text, j->rule);
  strcpy (v[1].text, j->key);
  strcpy (v[2].text, j->state);
  strcpy (v[3].text, "warning");
  v[4].f64 = (double) j->since_ns / 1e9;
  v[5].f64 = j->value;
  v[8].boolean = j->unsure;
}

void
model_alert (struct model *m, struct plain *p)
{
  struct plain_table *things = plain_table (p, "things"), *one = plain_table (p, "one");
  const int count = one ? plain_field (one, "count") : -1;
  if (things)
    judge_things (m, p, things);
  if (count >= 0 && !one->rows->values[count].held) /* it is clear as soon as it is not true */
    look (judged_row (m, "many", "", 0), p, one->rows->values + count, 1000, 1000.5, 0);
  ck_assert_uint_lt (p->n, PLAIN_TABLES);
  struct plain_table *t = p->tables + p->n++;
  memset (t, 0, offsetof (struct plain_table, rows));
  strcpy (t->name, "alerts");
  t->key_type = KK_STRING_KEY;
  t->mono_ns = p->mono_ns;
  static const char *const texts[] = {"rule", "row", "state", "severity"}, *const more[] = {"unit", "text"};
  for (int i = 0; i < 4; i++)
    plain_add_field (t, texts[i], KK_TYPE_STRING, KK_INFO, "1");
  plain_add_field (t, "since", KK_TYPE_F64, KK_GAUGE, "s");
  plain_add_field (t, "value", KK_TYPE_F64, KK_GAUGE, "1");
  for (int i = 0; i < 2; i++)
    plain_add_field (t, more[i], KK_TYPE_STRING, KK_INFO, "1");
  plain_add_field (t, "unknown", KK_TYPE_BOOL, KK_INFO, "1");
  for (uint32_t i = 0; i < m->n_judged; i++)
    if (strcmp (m->judged[i].state, "ok") != 0)
      give (t, m->judged + i);
}
