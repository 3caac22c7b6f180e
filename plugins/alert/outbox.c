#include "outbox.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Tokens ---- */

static void
bucket_init (struct alert_bucket *b, int64_t every_ns, uint32_t burst)
{
  int64_t most;
  *b = (struct alert_bucket){.every_ns = every_ns > 0 ? every_ns : 0, .at_ns = INT64_MIN};
  if (__builtin_mul_overflow (b->every_ns, burst ? burst : 1, &most))
    most = INT64_MAX;
  b->most_ns = b->credit_ns = most;
}

static bool
bucket_has (struct alert_bucket *b, int64_t mono_ns)
{
  int64_t passed;
  if (b->at_ns == INT64_MIN || mono_ns < b->at_ns)
    passed = 0;
  else if (__builtin_sub_overflow (mono_ns, b->at_ns, &passed))
    passed = INT64_MAX;
  b->credit_ns = passed > b->most_ns - b->credit_ns ? b->most_ns : b->credit_ns + passed;
  b->at_ns = mono_ns;
  return b->credit_ns >= b->every_ns;
}

static bool
take_tokens (struct alert_outbox *o, uint32_t rule, int64_t mono_ns)
{
  struct alert_bucket *own = &o->rules[rule].bucket;
  if (!bucket_has (own, mono_ns) || !bucket_has (&o->bucket, mono_ns))
    return false;
  own->credit_ns -= own->every_ns;
  o->bucket.credit_ns -= o->bucket.every_ns;
  return true;
}

static struct alert_bucket *
bucket_of (struct alert_outbox *o, uint32_t rule)
{
  return rule == ALERT_ALL_RULES ? &o->bucket : &o->rules[rule].bucket;
}

int64_t
alert_outbox_owed (struct alert_outbox *o, uint32_t rule, int64_t mono_ns)
{
  struct alert_bucket *b = bucket_of (o, rule);
  bucket_has (b, mono_ns);
  return b->most_ns - b->credit_ns;
}

void
alert_outbox_owe (struct alert_outbox *o, uint32_t rule, int64_t owed_ns, int64_t mono_ns)
{
  struct alert_bucket *b = bucket_of (o, rule);
  b->credit_ns = owed_ns < 0 ? b->most_ns : owed_ns < b->most_ns ? b->most_ns - owed_ns : 0;
  b->at_ns = mono_ns;
}

/* ---- What waits ---- */

int
alert_outbox_init (struct alert_outbox *o, const struct alert_outbox_config *config, uint32_t n_rules)
{
  *o = (struct alert_outbox){.config = *config, .n_rules = n_rules, .next_serial = 1};
  o->config.named = config->named ? config->named : ALERT_NAMED;
  o->config.most = config->most ? config->most : ALERT_WAITING;
  bucket_init (&o->bucket, config->all_every_ns, config->all_burst);
  o->rules = calloc (n_rules ? n_rules : 1, sizeof *o->rules);
  if (!o->rules)
    return -ENOMEM;
  for (uint32_t i = 0; i < n_rules; i++)
    bucket_init (&o->rules[i].bucket, config->rule_every_ns, config->rule_burst);
  return 0;
}

void
alert_outbox_free (struct alert_outbox *o)
{
  for (size_t i = 0; i < o->n; i++)
    free (o->items[i]);
  free (o->items);
  free (o->rules);
  free (o->done);
  *o = (struct alert_outbox){0};
}

/* Room for one more item, and to say of all that they are done: then that cannot fail. */
static bool
make_room (struct alert_outbox *o)
{
  if (o->n >= o->config.most)
    return false;
  if (o->n == o->capacity) {
    size_t capacity = o->capacity ? o->capacity * 2 : 16;
    struct alert_item **items = realloc (o->items, capacity * sizeof *items);
    if (!items)
      return false;
    o->items = items;
    o->capacity = capacity;
  }
  if (o->n_done + o->n + 1 > o->done_capacity) {
    size_t capacity = (o->n_done + o->n + 1) * 2;
    uint64_t *done = realloc (o->done, capacity * sizeof *done);
    if (!done)
      return false;
    o->done = done;
    o->done_capacity = capacity;
  }
  return true;
}

uint64_t
alert_outbox_add (struct alert_outbox *o, const struct alert_item *item, int64_t mono_ns)
{
  struct alert_item *copy = item->rule < o->n_rules && make_room (o) ? malloc (sizeof *copy) : NULL;
  if (!copy) {
    if (item->rule < o->n_rules) {
      o->rules[item->rule].suppressed++;
      o->rules[item->rule].suppressed_ever++;
    }
    o->lost++;
    return 0;
  }
  *copy = *item;
  if (!copy->serial)
    copy->serial = o->next_serial;
  if (copy->serial >= o->next_serial)
    o->next_serial = copy->serial + 1;
  if (__builtin_add_overflow (mono_ns, o->config.group_wait_ns, &copy->ready_ns))
    copy->ready_ns = INT64_MAX;
  o->items[o->n++] = copy;
  o->rules[copy->rule].waiting++;
  return copy->serial;
}

/* Takes one out, and leaves a hole that `close_holes` closes. */
static void
take_out (struct alert_outbox *o, size_t at)
{
  o->done[o->n_done++] = o->items[at]->serial;
  o->rules[o->items[at]->rule].waiting--;
  free (o->items[at]);
  o->items[at] = NULL;
}

static void
close_holes (struct alert_outbox *o)
{
  size_t kept = 0;
  for (size_t i = 0; i < o->n; i++)
    if (o->items[i])
      o->items[kept++] = o->items[i];
  o->n = kept;
}

void
alert_outbox_forget (struct alert_outbox *o, uint64_t serial)
{
  for (size_t i = 0; i < o->n; i++)
    if (o->items[i]->serial == serial) {
      take_out (o, i);
      o->n_done--;
      close_holes (o);
      return;
    }
}

/* ---- Holding back ---- */

static bool
is_same_row (const struct alert_item *a, const struct alert_item *b)
{
  return a->rule == b->rule && a->key_hash == b->key_hash && a->identity == b->identity && !strcmp (a->row, b->row);
}

/* What both together leave as it was. */
static bool
is_undone_by (const struct alert_item *a, const struct alert_item *b)
{
  switch (b->change) {
  case ALERT_FIRED:
    return a->change == ALERT_CLEARED;
  case ALERT_CLEARED:
    return a->change == ALERT_FIRED;
  case ALERT_BECAME_UNKNOWN:
    return a->change == ALERT_KNOWN;
  case ALERT_KNOWN:
    return a->change == ALERT_BECAME_UNKNOWN;
  default:
    return false;
  }
}

static void
hold_back (struct alert_outbox *o, size_t at, bool by_silence)
{
  struct alert_item *item = o->items[at];
  struct alert_outbox_rule *rule = &o->rules[item->rule];
  uint32_t dropped = item->change == ALERT_REMINDER;
  item->held_back = true;
  for (size_t i = at; i-- > 0 && !dropped;) {
    const struct alert_item *other = o->items[i];
    if (!other || !other->held_back || !is_same_row (other, item) || !is_undone_by (other, item))
      continue;
    take_out (o, i);
    dropped = 2;
  }
  /* A row that is gone is not unknown any more. */
  for (size_t i = at; item->gone && i-- > 0;) {
    const struct alert_item *other = o->items[i];
    if (!other || !other->held_back || !is_same_row (other, item) || other->change != ALERT_BECAME_UNKNOWN)
      continue;
    take_out (o, i);
    rule->suppressed += !by_silence;
    rule->suppressed_ever += !by_silence;
    rule->silenced_ever += by_silence;
  }
  if (!dropped)
    return;
  take_out (o, at);
  if (by_silence) {
    rule->silenced_ever += dropped;
    return;
  }
  rule->suppressed += dropped;
  rule->suppressed_ever += dropped;
}

/* ---- Sending ---- */

/* Samples are all that an outbox knows of time: what would be ready before the next one comes need not wait for it. That comes
 * as late as this one did, or by an eighth sooner. */
static void
look_ahead (struct alert_outbox *o, int64_t mono_ns)
{
  if (o->last_ns && mono_ns > o->last_ns)
    o->config.interval_ns = mono_ns - o->last_ns;
  o->last_ns = mono_ns;
  if (__builtin_add_overflow (mono_ns, o->config.interval_ns - o->config.interval_ns / 8, &o->ripe_ns))
    o->ripe_ns = INT64_MAX;
}

struct flush {
  struct alert_outbox *o;
  uint32_t rule;
  int64_t mono_ns;
  alert_ask_silenced silenced;
  alert_send send;
  void *arg;
  size_t *chosen; /* where the items of one message are */
  const struct alert_item **named;
  uint64_t *serials;
};

/* Whether an earlier item of the same row is left, of another kind: this one must not overtake it. */
static bool
would_overtake (const struct alert_outbox *o, size_t at, const size_t *chosen, size_t n)
{
  size_t next = 0;
  for (size_t i = chosen[0]; i < at; i++) {
    while (next < n && chosen[next] < i)
      next++;
    if ((next < n && chosen[next] == i) || !o->items[i])
      continue;
    if (is_same_row (o->items[i], o->items[at]))
      return true;
  }
  return false;
}

/* Chooses the items of the rule's next message; the first that waits says of what kind it is. */
static size_t
choose (const struct flush *f, bool *ret_late)
{
  const struct alert_outbox *o = f->o;
  size_t n = 0;
  bool others = false;
  for (size_t i = 0; i < o->n; i++) {
    const struct alert_item *item = o->items[i];
    if (!item || item->rule != f->rule || f->silenced (f->arg, f->rule, item->row))
      continue;
    if (n && item->change != o->items[f->chosen[0]]->change)
      others = true;
    else if (!others || !would_overtake (o, i, f->chosen, n)) {
      f->chosen[n++] = i;
      *ret_late |= item->held_back;
    }
  }
  return n;
}

static void
send_chosen (struct flush *f, size_t n, bool late)
{
  struct alert_outbox *o = f->o;
  struct alert_outbox_rule *rule = &o->rules[f->rule];
  struct alert_message m = {.rule = f->rule,
                            .change = n ? o->items[f->chosen[0]]->change : ALERT_SUMMARY,
                            .items = f->named,
                            .total = (uint32_t) n,
                            .serials = f->serials,
                            .late = late,
                            .suppressed = rule->suppressed};
  for (size_t i = 0; i < n && m.n_items < o->config.named; i++)
    f->named[m.n_items++] = o->items[f->chosen[i]];
  for (size_t i = 0; i < n; i++)
    f->serials[i] = o->items[f->chosen[i]]->serial;
  rule->suppressed = 0;
  rule->messages++;
  f->send (f->arg, &m);
  for (size_t i = 0; i < n; i++)
    take_out (o, f->chosen[i]);
}

/* Whether something of the rule is to be sent now; *ret_soon: or later. What is silenced is held back. */
static bool
is_due (struct flush *f, bool *ret_soon)
{
  struct alert_outbox *o = f->o;
  bool due = false;
  for (size_t i = 0; i < o->n; i++) {
    const struct alert_item *item = o->items[i];
    if (!item || item->rule != f->rule)
      continue;
    if (!f->silenced (f->arg, f->rule, item->row)) {
      due |= item->held_back || item->ready_ns <= o->ripe_ns;
      *ret_soon = true;
    } else if (!item->held_back)
      hold_back (o, i, true);
  }
  return due;
}

static void
flush_rule (struct flush *f)
{
  struct alert_outbox *o = f->o;
  size_t n;
  bool late = false, soon = false;
  if (!is_due (f, &soon)) {
    /* Where a message will be sent soon, that says it. */
    if (!soon && o->rules[f->rule].suppressed && !f->silenced (f->arg, f->rule, "") && take_tokens (o, f->rule, f->mono_ns))
      send_chosen (f, 0, true);
    return;
  }
  for (; (n = choose (f, &late)) > 0; late = false) {
    if (take_tokens (o, f->rule, f->mono_ns)) {
      send_chosen (f, n, late);
      continue;
    }
    for (size_t i = 0; i < o->n; i++)
      if (o->items[i] && o->items[i]->rule == f->rule && !o->items[i]->held_back
          && !f->silenced (f->arg, f->rule, o->items[i]->row))
        hold_back (o, i, false);
    return;
  }
}

void
alert_outbox_flush (struct alert_outbox *o, int64_t mono_ns, alert_ask_silenced silenced, alert_send send, void *arg)
{
  struct flush f = {.o = o, .mono_ns = mono_ns, .silenced = silenced, .send = send, .arg = arg};
  bool any = o->n > 0;
  look_ahead (o, mono_ns);
  for (uint32_t i = 0; i < o->n_rules && !any; i++)
    any = o->rules[i].suppressed > 0;
  if (!any)
    return;
  f.chosen = malloc ((o->n + 1) * sizeof *f.chosen);
  f.named = malloc (o->config.named * sizeof *f.named);
  f.serials = malloc ((o->n + 1) * sizeof *f.serials);
  /* Without memory all waits for the next time. */
  for (uint32_t i = 0; i < o->n_rules && f.chosen && f.named && f.serials; i++) {
    f.rule = (o->turn + i) % o->n_rules;
    if (o->rules[f.rule].waiting || o->rules[f.rule].suppressed)
      flush_rule (&f);
  }
  o->turn = o->n_rules ? (o->turn + 1) % o->n_rules : 0;
  free (f.chosen);
  free (f.named);
  free (f.serials);
  close_holes (o);
}
