#include "engine-inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct alert_item
alert_item_of (const struct alert_record *r, uint32_t rule)
{
  struct alert_item item = {.serial = r->serial,
                            .rule = rule,
                            .change = r->change,
                            .gone = r->gone,
                            .held_back = r->held_back,
                            .has_value = r->state.has_value,
                            .value = r->state.value,
                            .key_hash = alert_key_hash (&r->key),
                            .identity = r->key.identity,
                            .wall_ns = r->wall_ns,
                            .began_ns = r->state.began_ns,
                            .fired_ns = r->state.fired_ns};
  alert_key_name (&r->key, item.row);
  return item;
}

void
alert_record_of_item (struct alert_record *r, const struct alert_item *item, const struct alert_engine_rule *rule)
{
  memset (r, 0, offsetof (struct alert_record, text));
  r->type = ALERT_RECORD_WAIT;
  memcpy (r->rule, rule->name, sizeof r->rule);
  r->made = rule->made;
  r->serial = item->serial;
  r->change = item->change;
  r->gone = item->gone;
  r->held_back = item->held_back;
  r->wall_ns = item->wall_ns;
  r->key = (struct alert_key){.text = item->row, .length = strlen (item->row), .identity = item->identity};
  r->hash = item->key_hash;
  r->state = (struct alert_state){
    .value = item->value, .has_value = item->has_value, .began_ns = item->began_ns, .fired_ns = item->fired_ns};
}

/* The rule of that name. One that is no more gets a place of its own, until what it had firing is cleared. NULL: there is no
 * room. */
static struct alert_engine_rule *
rule_of (struct alert_engine *e, const char *name)
{
  for (uint32_t i = 0; i < e->n_rules; i++)
    if (!strcmp (e->rules[i].name, name))
      return &e->rules[i];
  if (e->n_rules == e->n + ALERT_ORPHANS)
    return NULL;
  struct alert_engine_rule *rule = &e->rules[e->n_rules++];
  memcpy (rule->name, name, strlen (name) + 1);
  rule->unit[0] = 0;
  alert_rule_init (&rule->rule, &(struct alert_params){0}, ALERT_ROWS, NULL, NULL);
  return rule;
}

static void
restore_row (struct alert_engine *e, struct alert_engine_rule *rule, const struct alert_record *r)
{
  struct alert_state s = r->state;
  alert_resume (&s, rule->made != r->made);
  if (rule >= e->rules + e->n && r->unit[0]) /* nobody else knows it by now */
    memcpy (rule->unit, r->unit, sizeof rule->unit);
  if (alert_rule_put (&rule->rule, &r->key, &s))
    e->forgotten++;
}

static void
restore_waiting (struct alert_engine *e, const struct alert_engine_rule *rule, const struct alert_record *r)
{
  struct alert_item item = alert_item_of (r, (uint32_t) (rule - e->rules));
  if (r->type == ALERT_RECORD_WAIT)
    item.key_hash = r->hash;
  if (r->serial)
    alert_outbox_add (&e->outbox, &item, e->mono_ns);
}

static void
forget_all (struct alert_engine *e, uint64_t next_serial)
{
  for (uint32_t i = 0; i < e->n_rules; i++) {
    alert_rule_free (&e->rules[i].rule);
    e->outbox.rules[i].suppressed = e->outbox.rules[i].suppressed_ever = e->rules[i].count_saved = 0;
  }
  while (e->outbox.n)
    alert_outbox_forget (&e->outbox, e->outbox.items[e->outbox.n - 1]->serial);
  for (uint32_t i = 0; i < e->n; i++)
    e->rules[i].owed = (struct alert_owed){0};
  e->owed = (struct alert_owed){0};
  e->n_rules = e->n;
  e->outbox.lost = e->forgotten = 0;
  if (next_serial > e->outbox.next_serial && next_serial < UINT64_MAX / 2)
    e->outbox.next_serial = next_serial;
}

/* Of a rule that is no more it is of no interest. */
static void
restore_limit (struct alert_engine *e, const struct alert_record *r)
{
  const struct alert_owed owed = {r->count < INT64_MAX ? (int64_t) r->count : INT64_MAX, r->wall_ns};
  if (!r->rule[0])
    e->owed = owed;
  for (uint32_t i = 0; i < e->n; i++)
    if (!strcmp (e->rules[i].name, r->rule))
      e->rules[i].owed = owed;
}

int
alert_restore (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  struct alert_engine *e = arg;
  (void) line, (void) length;
  if (r->type == ALERT_RECORD_LIMIT) {
    restore_limit (e, r);
    return 0;
  }
  struct alert_engine_rule *rule = r->rule[0] ? rule_of (e, r->rule) : NULL;
  if (r->type == ALERT_RECORD_BASE)
    forget_all (e, r->serial);
  else if (r->type == ALERT_RECORD_TOLD || r->type == ALERT_RECORD_SEND)
    for (uint32_t i = 0; i < r->n_serials; i++)
      alert_outbox_forget (&e->outbox, r->serials[i]);
  else if (rule && r->type == ALERT_RECORD_COUNT)
    e->outbox.rules[rule - e->rules].suppressed = rule->count_saved = r->count;
  else if (r->rule[0] && !rule)
    e->forgotten++;
  else if (rule) {
    if (r->type != ALERT_RECORD_WAIT)
      restore_row (e, rule, r);
    if (r->type != ALERT_RECORD_ROW)
      restore_waiting (e, rule, r);
  }
  return 0;
}
