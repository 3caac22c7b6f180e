#include "rule.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_BUCKETS = 8, MOST_BUCKETS = 1 << 16 };

void
alert_rule_init (struct alert_rule *r, const struct alert_params *params, uint32_t most, alert_hear hear, void *arg)
{
  *r = (struct alert_rule){
    .params = *params, .hear = hear, .arg = arg, .most = most ? most : ALERT_ROWS, .gap_ns = params->gap_ns};
}

void
alert_rule_free (struct alert_rule *r)
{
  struct alert_row *next;
  for (uint32_t i = 0; i < r->n_buckets; i++)
    for (struct alert_row *row = r->buckets[i]; row; row = next) {
      next = row->next;
      free (row);
    }
  free (r->buckets);
  r->buckets = NULL;
  r->n_buckets = r->n = r->n_ok = r->n_lost = r->n_firing = 0;
}

/* ---- The rows ---- */

uint64_t
alert_key_hash (const struct alert_key *key)
{
  uint64_t h = UINT64_C (0xcbf29ce484222325);
  for (size_t i = 0; key->text && i < key->length; i++)
    h = (h ^ (unsigned char) key->text[i]) * UINT64_C (0x100000001b3);
  if (!key->text)
    h ^= key->number + 1;
  h *= UINT64_C (0x9e3779b97f4a7c15);
  return h ^ h >> 32;
}

struct alert_key
alert_row_key (const struct alert_row *row)
{
  return (struct alert_key){
    .text = row->is_number ? NULL : row->text, .length = row->length, .number = row->number, .identity = row->identity};
}

static bool
has_key (const struct alert_row *row, const struct alert_key *key, uint64_t hash)
{
  if (row->hash != hash || row->is_number != !key->text)
    return false;
  if (!key->text)
    return row->number == key->number;
  return row->length == key->length && !memcmp (row->text, key->text, key->length);
}

/* Where the pointer to it stands; NULL when there is none. */
static struct alert_row **
find (const struct alert_rule *r, const struct alert_key *key, uint64_t hash)
{
  if (!r->n)
    return NULL;
  for (struct alert_row **at = &r->buckets[hash & (r->n_buckets - 1)]; *at; at = &(*at)->next)
    if (has_key (*at, key, hash))
      return at;
  return NULL;
}

const struct alert_row *
alert_rule_find (const struct alert_rule *r, const struct alert_key *key)
{
  struct alert_row **at = find (r, key, alert_key_hash (key));
  return at ? *at : NULL;
}

/* Whether it is not ok, and nothing has been known of it for so long that it may give way. */
static bool
is_lost (const struct alert_state *s)
{
  return s->phase != ALERT_OK && s->unsure && (s->said_unknown || s->unknown_ns >= ALERT_UNKNOWN_AFTER);
}

/* Keeps the counts of its rows by state. */
static void
tally (struct alert_rule *r, const struct alert_state *s, bool there)
{
  const uint32_t by = there ? 1 : UINT32_MAX;
  r->n_ok += s->phase == ALERT_OK ? by : 0;
  r->n_lost += is_lost (s) ? by : 0;
  r->n_firing += alert_fires (s) ? by : 0;
}

static void
remove_at (struct alert_rule *r, struct alert_row **at)
{
  struct alert_row *row = *at;
  *at = row->next;
  tally (r, &row->state, false);
  r->n--;
  free (row);
}

static int
grow (struct alert_rule *r)
{
  if (r->n_buckets > r->n || r->n_buckets >= MOST_BUCKETS)
    return 0;
  uint32_t n = r->n_buckets ? r->n_buckets * 2 : FIRST_BUCKETS;
  struct alert_row **buckets = calloc (n, sizeof *buckets), *next;
  if (!buckets)
    return r->n_buckets ? 0 : -ENOMEM;
  for (uint32_t i = 0; i < r->n_buckets; i++)
    for (struct alert_row *row = r->buckets[i]; row; row = next) {
      next = row->next;
      row->next = buckets[row->hash & (n - 1)];
      buckets[row->hash & (n - 1)] = row;
    }
  free (r->buckets);
  r->buckets = buckets;
  r->n_buckets = n;
  return 0;
}

static void
leave_out (struct alert_rule *r)
{
  r->left_out++;
  r->left_out_ns = r->mono_ns;
}

static void
gone_at (struct alert_rule *r, struct alert_row **at)
{
  struct alert_row *row = *at;
  tally (r, &row->state, false);
  unsigned changes = alert_gone (&row->state);
  tally (r, &row->state, true);
  r->hear (r->arg, r, row, changes, true, r->wall_ns);
  remove_at (r, at);
}

/* A row that was said to be unknown counts as left out: nobody is told when it is known again. */
static void
forget (struct alert_rule *r, struct alert_row **at)
{
  struct alert_row *row = *at;
  if (row->state.said_unknown) {
    leave_out (r);
    row->state.unsure = row->state.said_unknown = false;
    r->hear (r->arg, r, row, ALERT_MOVED, false, r->wall_ns);
  }
  remove_at (r, at);
}

/* The row of which nothing has been known for the longest time is told of as gone. */
static bool
give_up_lost (struct alert_rule *r)
{
  struct alert_row **oldest = NULL;
  for (uint32_t i = 0; i < r->n_buckets && r->n_lost; i++)
    for (struct alert_row **at = &r->buckets[i]; *at; at = &(*at)->next)
      if (is_lost (&(*at)->state) && (!oldest || (*at)->state.unknown_ns > (*oldest)->state.unknown_ns))
        oldest = at;
  if (oldest)
    gone_at (r, oldest);
  return oldest;
}

/* Forgets a row that is only unknown, best one of which that was not said; else one that is lost. */
static bool
make_room (struct alert_rule *r)
{
  struct alert_row **said = NULL;
  for (uint32_t tried = 0; r->n_ok && tried <= r->n_buckets; tried++) {
    r->turn = (r->turn + 1) & (r->n_buckets - 1);
    for (struct alert_row **at = &r->buckets[r->turn]; *at; at = &(*at)->next) {
      if ((*at)->state.phase != ALERT_OK)
        continue;
      if (!(*at)->state.said_unknown) {
        forget (r, at);
        return true;
      }
      said = said ? said : at;
    }
  }
  if (!said)
    return give_up_lost (r);
  forget (r, said);
  return true;
}

static struct alert_row *
insert (struct alert_rule *r, const struct alert_key *key, uint64_t hash)
{
  const size_t length = key->text ? key->length : 0;
  if (length > ALERT_KEY_MOST || grow (r))
    return NULL;
  struct alert_row *row = calloc (1, sizeof *row + length + 1);
  if (!row)
    return NULL;
  row->hash = hash;
  row->number = key->number;
  row->identity = key->identity;
  row->is_number = !key->text;
  row->length = (uint16_t) length;
  if (length)
    memcpy (row->text, key->text, length);
  row->next = r->buckets[hash & (r->n_buckets - 1)];
  r->buckets[hash & (r->n_buckets - 1)] = row;
  r->n++;
  tally (r, &row->state, true);
  return row;
}

int
alert_rule_put (struct alert_rule *r, const struct alert_key *key, const struct alert_state *state)
{
  uint64_t hash = alert_key_hash (key);
  struct alert_row **at = find (r, key, hash);
  if (at)
    remove_at (r, at);
  if (alert_is_plain (state))
    return 0;
  if (r->n >= r->most)
    return -ENOSPC;
  struct alert_row *row = insert (r, key, hash);
  if (!row)
    return -ENOMEM;
  tally (r, &row->state, false);
  row->state = *state;
  row->seen = r->step;
  tally (r, &row->state, true);
  return 0;
}

void
alert_rule_each (const struct alert_rule *r, void (*visit) (void *arg, const struct alert_row *row), void *arg)
{
  for (uint32_t i = 0; i < r->n_buckets; i++)
    for (const struct alert_row *row = r->buckets[i]; row; row = row->next)
      visit (arg, row);
}

size_t
alert_rule_bytes (const struct alert_rule *r)
{
  size_t bytes = r->n_buckets * sizeof *r->buckets;
  for (uint32_t i = 0; i < r->n_buckets; i++)
    for (const struct alert_row *row = r->buckets[i]; row; row = row->next)
      bytes += sizeof *row + row->length + 1;
  return bytes;
}

/* ---- A step ---- */

/* The shortest of the last few intervals is how often it is looked: now and then one is long. */
void
alert_rule_learn (struct alert_rule *r, int64_t mono_ns)
{
  const int64_t passed = mono_ns > r->fresh_ns && r->n_intervals ? mono_ns - r->fresh_ns : 0;
  r->fresh_ns = mono_ns;
  if (passed)
    r->intervals[r->n_intervals % ALERT_INTERVALS] = passed;
  r->n_intervals++;
  if (r->gap_ns <= 0 || !passed)
    return;
  int64_t shortest = passed;
  for (uint32_t i = 0; i < ALERT_INTERVALS; i++)
    if (r->intervals[i] && r->intervals[i] < shortest)
      shortest = r->intervals[i];
  r->params.gap_ns = shortest > r->gap_ns / 3 ? (shortest < INT64_MAX / 3 ? 3 * shortest : INT64_MAX) : r->gap_ns;
}

void
alert_rule_begin (struct alert_rule *r, int64_t mono_ns, int64_t wall_ns)
{
  r->step++;
  r->mono_ns = mono_ns;
  r->wall_ns = wall_ns;
}

/* Returns whether the row is still there. */
static bool
look_at (struct alert_rule *r, struct alert_row **at, const struct alert_look *look)
{
  struct alert_row *row = *at;
  tally (r, &row->state, false);
  unsigned changes = alert_look (&row->state, &r->params, look);
  tally (r, &row->state, true);
  if (changes)
    r->hear (r->arg, r, row, changes, false, look->wall_ns);
  if (!alert_is_plain (&row->state))
    return true;
  remove_at (r, at);
  return false;
}

void
alert_rule_look_slow (struct alert_rule *r, const struct alert_key *key, const struct alert_look *look)
{
  uint64_t hash = alert_key_hash (key);
  struct alert_row **at = find (r, key, hash);
  if (at && (*at)->identity != key->identity) {
    gone_at (r, at);
    at = NULL;
  }
  if (at) {
    (*at)->seen = r->step;
    look_at (r, at, look);
    return;
  }
  if (look->when == ALERT_FALSE || look->held)
    return;
  if (r->n >= r->most && (look->when != ALERT_TRUE || !make_room (r))) {
    if (look->when == ALERT_TRUE)
      leave_out (r);
    return;
  }
  struct alert_row *row = insert (r, key, hash);
  if (!row) {
    leave_out (r);
    return;
  }
  row->seen = r->step;
  look_at (r, find (r, key, hash), look);
}

void
alert_rule_row_gone (struct alert_rule *r, const struct alert_key *key)
{
  struct alert_row **at = find (r, key, alert_key_hash (key));
  if (at && (*at)->identity == key->identity)
    gone_at (r, at);
}

void
alert_rule_end (struct alert_rule *r, bool complete)
{
  const struct alert_look nothing = {
    .mono_ns = r->mono_ns, .wall_ns = r->wall_ns, .when = ALERT_UNKNOWN, .clear = ALERT_UNKNOWN};
  for (uint32_t i = 0; i < r->n_buckets && r->n; i++)
    for (struct alert_row **at = &r->buckets[i]; *at;) {
      if ((*at)->seen == r->step)
        at = &(*at)->next;
      else if (complete)
        gone_at (r, at);
      else if (look_at (r, at, &nothing))
        at = &(*at)->next;
    }
}

bool
alert_rule_says_full (struct alert_rule *r)
{
  const bool news = r->left_out > r->left_out_said && (!r->left_out_said || r->left_out_ns - r->full_ns >= ALERT_FULL_NS);
  if (r->left_out > r->left_out_said)
    r->full_ns = r->left_out_ns; /* it goes on */
  r->left_out_said = r->left_out;
  return news;
}

void
alert_rule_drop (struct alert_rule *r, int64_t wall_ns)
{
  r->step++;
  r->wall_ns = wall_ns;
  alert_rule_end (r, true);
}
