#include "engine.h"

#include "engine-inner.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 8 << 20, MOST_STORE = 4 << 20, SAVE_ROWS = 64 };
static const int64_t SAVE_EVERY_NS = INT64_C (15000000000);

/* ---- What changes ---- */

static void
fill (struct alert_record *r, const struct alert_engine_rule *rule, const struct alert_row *row)
{
  memcpy (r->rule, rule->name, sizeof r->rule);
  memcpy (r->unit, rule->unit, sizeof r->unit);
  r->made = rule->made;
  r->key = alert_row_key (row);
  r->state = row->state;
}

static void
add_row_line (struct alert_engine *e, const struct alert_engine_rule *rule, const struct alert_row *row)
{
  struct alert_record r;
  memset (&r, 0, offsetof (struct alert_record, text));
  r.type = ALERT_RECORD_ROW;
  fill (&r, rule, row);
  alert_record_add (&e->batch.lines, &r);
}

static void
note_change (struct alert_engine *e, const struct alert_engine_rule *rule, const struct alert_row *row, unsigned change,
             bool gone, int64_t wall_ns)
{
  struct alert_record r;
  memset (&r, 0, offsetof (struct alert_record, text));
  r.type = ALERT_RECORD_EVENT;
  fill (&r, rule, row);
  r.change = (uint8_t) change;
  r.gone = gone;
  r.wall_ns = wall_ns;
  struct alert_item item = alert_item_of (&r, (uint32_t) (rule - e->rules));
  r.serial = alert_outbox_add (&e->outbox, &item, e->mono_ns);
  if (change == ALERT_REMINDER)
    add_row_line (e, rule, row); /* for its period */
  else
    alert_record_add (&e->batch.lines, &r);
}

static void
hear (void *arg, struct alert_rule *r, const struct alert_row *row, unsigned changes, bool gone, int64_t wall_ns)
{
  static const unsigned order[] = {ALERT_KNOWN, ALERT_BECAME_UNKNOWN, ALERT_FIRED, ALERT_CLEARED, ALERT_REMINDER};
  struct alert_engine *e = arg;
  const struct alert_engine_rule *rule = (const struct alert_engine_rule *) r;
  for (size_t i = 0; i < sizeof order / sizeof *order; i++)
    if (changes & order[i])
      note_change (e, rule, row, order[i], gone, wall_ns);
  if (changes == ALERT_MOVED)
    add_row_line (e, rule, row);
}

/* ---- Its life ---- */

static bool
is_name (const char *name)
{
  return name && *name && strlen (name) < ALERT_RULE_NAME;
}

int
alert_engine_new (const struct alert_engine_config *config, const struct alert_rule_config *rules, uint32_t n,
                  struct alert_engine **ret)
{
  if (n > ALERT_RULES)
    return -EINVAL;
  for (uint32_t i = 0; i < n; i++)
    if (!is_name (rules[i].name))
      return -EINVAL;
  struct alert_engine *e = calloc (1, sizeof *e);
  if (!e)
    return -ENOMEM;
  e->most_bytes = config->store_bytes ? config->store_bytes : MOST_STORE;
  e->batch.lines.max = MOST_LINES;
  e->n = e->n_rules = n;
  e->rules = calloc (n + ALERT_ORPHANS, sizeof *e->rules);
  if (!e->rules || alert_outbox_init (&e->outbox, &config->outbox, n + ALERT_ORPHANS)) {
    free (e->rules);
    free (e);
    return -ENOMEM;
  }
  for (uint32_t i = 0; i < n; i++) {
    alert_rule_init (&e->rules[i].rule, &rules[i].params, rules[i].most_rows, hear, e);
    memcpy (e->rules[i].name, rules[i].name, strlen (rules[i].name) + 1);
    e->rules[i].made = rules[i].made;
  }
  *ret = e;
  return 0;
}

/* By the clock, for no other goes on over a restart: one that was set back forgets nothing. */
static void
owe (struct alert_engine *e, uint32_t rule, const struct alert_owed *owed)
{
  int64_t passed_ns;
  if (owed->ns <= 0 || __builtin_sub_overflow (e->wall_ns, owed->wall_ns, &passed_ns))
    return;
  passed_ns = passed_ns < 0 ? 0 : passed_ns;
  if (passed_ns < owed->ns)
    alert_outbox_owe (&e->outbox, rule, owed->ns - passed_ns, e->mono_ns);
}

void
alert_engine_opened (struct alert_engine *e, int64_t wall_ns)
{
  for (uint32_t i = e->n; i < e->n_rules; i++) {
    e->rules[i].rule.hear = hear;
    e->rules[i].rule.arg = e;
    alert_rule_drop (&e->rules[i].rule, wall_ns);
  }
  e->outbox.n_done = 0; /* the store said it */
  e->wall_ns = wall_ns;
  for (uint32_t i = 0; i < e->n; i++)
    owe (e, i, &e->rules[i].owed);
  owe (e, ALERT_ALL_RULES, &e->owed);
}

static void
free_rules (struct alert_engine *e)
{
  for (uint32_t i = 0; i < e->n_rules; i++)
    alert_rule_free (&e->rules[i].rule);
  free (e->rules);
}

/* ---- What is to be stored ---- */

static void
add_told (struct alert_engine *e)
{
  struct alert_outbox *o = &e->outbox;
  struct alert_record r;
  for (size_t at = 0; at < o->n_done; at += r.n_serials) {
    memset (&r, 0, offsetof (struct alert_record, text));
    r.type = ALERT_RECORD_TOLD;
    while (r.n_serials < ALERT_SERIALS && at + r.n_serials < o->n_done) {
      r.serials[r.n_serials] = o->done[at + r.n_serials];
      r.n_serials++;
    }
    alert_record_add (&e->batch.lines, &r);
  }
  o->n_done = 0;
}

static void
add_count (struct alert_engine *e, uint32_t i)
{
  struct alert_record r;
  memset (&r, 0, offsetof (struct alert_record, text));
  r.type = ALERT_RECORD_COUNT;
  memcpy (r.rule, e->rules[i].name, sizeof r.rule);
  r.count = e->rules[i].count_saved = e->outbox.rules[i].suppressed;
  alert_record_add (&e->batch.lines, &r);
}

static void
add_limit (struct alert_engine *e, uint32_t i)
{
  struct alert_record r;
  const int64_t owed_ns = alert_outbox_owed (&e->outbox, i, e->mono_ns);
  if (owed_ns <= 0)
    return;
  memset (&r, 0, offsetof (struct alert_record, text));
  r.type = ALERT_RECORD_LIMIT;
  if (i != ALERT_ALL_RULES)
    memcpy (r.rule, e->rules[i].name, sizeof r.rule);
  r.count = (uint64_t) owed_ns;
  r.wall_ns = e->wall_ns;
  alert_record_add (&e->batch.lines, &r);
}

/* Of those that sent something. */
static void
add_limits (struct alert_engine *e)
{
  bool any = false;
  for (uint32_t i = 0; i < e->n; i++) {
    const uint64_t messages = e->outbox.rules[i].messages;
    if (e->rules[i].messages_saved == messages)
      continue;
    e->rules[i].messages_saved = messages;
    add_limit (e, i);
    any = true;
  }
  if (any)
    add_limit (e, ALERT_ALL_RULES);
}

struct saving {
  struct alert_engine *e;
  const struct alert_engine_rule *rule;
  int firing; /* whether those that fire, or the others */
  uint64_t rows;
};

static void
save_lasting (void *arg, const struct alert_row *row)
{
  struct saving *s = arg;
  if (row->state.phase == ALERT_OK || (row->state.phase == ALERT_FIRING && !s->rule->rule.params.remind_ns))
    return;
  s->rows++;
  add_row_line (s->e, s->rule, row);
}

/* The time that states collected: less often where there are many. */
static void
save_time (struct alert_engine *e)
{
  struct saving s = {.e = e};
  for (uint32_t i = 0; i < e->n; i++) {
    s.rule = &e->rules[i];
    alert_rule_each (&e->rules[i].rule, save_lasting, &s);
  }
  e->save_ns = e->mono_ns + SAVE_EVERY_NS * (1 + (int64_t) (s.rows / SAVE_ROWS));
}

/* ---- How everything is ---- */

static void
save_row (void *arg, const struct alert_row *row)
{
  struct saving *s = arg;
  if (alert_fires (&row->state) != s->firing || (row->state.phase == ALERT_OK && !row->state.said_unknown))
    return;
  size_t before = s->e->batch.lines.len;
  add_row_line (s->e, s->rule, row);
  if (s->e->batch.lines.len <= s->e->most_bytes / 2)
    return;
  s->e->batch.lines.len = before;
  s->e->forgotten++;
}

static void
save_rows (struct alert_engine *e, int firing)
{
  struct saving s = {.e = e, .firing = firing};
  for (uint32_t i = 0; i < e->n; i++) {
    s.rule = &e->rules[i];
    alert_rule_each (&e->rules[i].rule, save_row, &s);
  }
}

/* What waits is told even if there is little room. */
static void
save_waiting (struct alert_engine *e)
{
  struct alert_record r;
  for (size_t i = 0; i < e->outbox.n; i++) {
    const struct alert_item *item = e->outbox.items[i];
    if (item->change == ALERT_REMINDER)
      continue;
    size_t before = e->batch.lines.len;
    alert_record_of_item (&r, item, &e->rules[item->rule]);
    alert_record_add (&e->batch.lines, &r);
    if (e->batch.lines.len <= e->most_bytes / 4)
      continue;
    e->batch.lines.len = before;
    e->forgotten++;
  }
}

static void
save_all (struct alert_engine *e, struct buf *ret)
{
  struct buf lines = e->batch.lines;
  e->batch.lines = (struct buf){.max = MOST_LINES};
  save_waiting (e);
  save_rows (e, true);
  save_rows (e, false);
  for (uint32_t i = 0; i < e->n_rules; i++)
    if (e->outbox.rules[i].suppressed)
      add_count (e, i);
  for (uint32_t i = 0; i < e->n; i++)
    add_limit (e, i);
  add_limit (e, ALERT_ALL_RULES);
  *ret = e->batch.lines;
  e->batch.lines = lines;
}

/* ---- Telling ---- */

struct telling {
  struct alert_engine *e;
  alert_send send;
  void *arg;
};

static bool
is_silenced (void *arg, uint32_t rule, const char *row)
{
  const struct telling *t = arg;
  const struct alert_engine *e = t->e;
  return e->silences.n && alert_silenced (&e->silences, e->rules[rule].name, row, e->wall_ns, e->boot_ns);
}

static void
tell (void *arg, const struct alert_message *message)
{
  const struct telling *t = arg;
  t->send (t->arg, message);
}

static bool
make_room (struct alert_batch *b)
{
  if (b->n_letters < b->capacity)
    return true;
  uint32_t capacity = b->capacity ? 2 * b->capacity : 4;
  struct alert_draft *letters = realloc (b->letters, capacity * sizeof *letters);
  if (!letters)
    return false;
  b->letters = letters;
  b->capacity = capacity;
  return true;
}

int
alert_engine_draft (struct alert_engine *e, const struct alert_message *m, const char *id, unsigned by, const char *json)
{
  struct alert_batch *b = &e->batch;
  struct alert_record r;
  memset (&r, 0, offsetof (struct alert_record, text));
  r.type = ALERT_RECORD_SEND;
  snprintf (r.id, sizeof r.id, "%s", id);
  r.left = by;
  r.wall_ns = e->wall_ns;
  r.json = json;
  r.json_length = strlen (json);
  if (r.json_length > ALERT_MESSAGE)
    return -EFBIG;
  char *copy = make_room (b) ? strdup (json) : NULL;
  if (!copy)
    return -ENOMEM;
  /* With it in one line, what waited is either that or this. Of more than there is room for the lines behind it say so. */
  for (; r.n_serials < m->total && r.n_serials < ALERT_SERIALS; r.n_serials++)
    r.serials[r.n_serials] = m->serials[r.n_serials];
  alert_record_add (&b->lines, &r);
  struct alert_draft *draft = &b->letters[b->n_letters++];
  *draft = (struct alert_draft){.by = by, .wall_ns = e->wall_ns, .json = copy};
  memcpy (draft->id, r.id, sizeof draft->id);
  return 0;
}

void
alert_batch_free (struct alert_batch *b)
{
  buf_free (&b->lines);
  buf_free (&b->all);
  for (uint32_t i = 0; i < b->n_letters; i++)
    free (b->letters[i].json);
  free (b->letters);
  *b = (struct alert_batch){.lines = {.max = MOST_LINES}};
}

static void
give (struct alert_engine *e, bool all, struct alert_batch *ret)
{
  e->batch.has_all = all;
  e->batch.next_serial = e->outbox.next_serial;
  if (all)
    save_all (e, &e->batch.all);
  *ret = e->batch;
  e->batch = (struct alert_batch){.lines = {.max = MOST_LINES}};
}

void
alert_engine_flush (struct alert_engine *e, int64_t mono_ns, int64_t wall_ns, int64_t boot_ns, bool all, alert_send send,
                    void *arg, struct alert_batch *ret)
{
  struct telling telling = {e, send, arg};
  e->mono_ns = mono_ns;
  e->wall_ns = wall_ns;
  e->boot_ns = boot_ns;
  alert_silences_at (&e->silences, wall_ns, boot_ns);
  alert_outbox_flush (&e->outbox, mono_ns, is_silenced, tell, &telling);
  add_told (e);
  for (uint32_t i = 0; i < e->n_rules; i++)
    if (e->rules[i].count_saved != e->outbox.rules[i].suppressed)
      add_count (e, i);
  add_limits (e);
  if (mono_ns >= e->save_ns)
    save_time (e);
  give (e, all, ret);
}

void
alert_engine_last (struct alert_engine *e, struct alert_batch *ret)
{
  save_time (e);
  give (e, true, ret);
}

void
alert_engine_free (struct alert_engine *e)
{
  if (!e)
    return;
  alert_silences_free (&e->silences);
  alert_outbox_free (&e->outbox);
  free_rules (e);
  alert_batch_free (&e->batch);
  free (e);
}
