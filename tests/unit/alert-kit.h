/* What the tests of the alerts' engine share: an engine with a few rules, looks at rows, and what was told. */
#ifndef ALERT_KIT_H
#define ALERT_KIT_H

#include "alert/engine.h"
#include "unit.h"

#define S INT64_C (1000000000)
enum { SLOW, FAST, KIT_RULES, KIT_TOLD = 4096 };

static int64_t mono = 1000 * S, wall = 1767225600 * S, boot = 1500 * S;
static struct {
  char rule[ALERT_RULE_NAME], row[ALERT_ROW_NAME];
  unsigned change;
  uint32_t total;
  bool late, gone;
  uint64_t suppressed;
} told[KIT_TOLD];
static int n_told;

/* The kernel lives on: nothing needs to reach the disk. */
int __wrap_fsync (int fd);
int
__wrap_fsync (int fd)
{
  (void) fd;
  return 0;
}

static inline struct alert_engine *
new_engine (const struct alert_engine_config *config)
{
  const struct alert_rule_config rules[KIT_RULES] = {
    [SLOW] = {"slow", 7, {.for_ns = 30 * S, .clear_for_ns = 10 * S, .unknown_after_ns = 60 * S, .gap_ns = 5 * S}, 0},
    [FAST] = {"fast", 8, {.unknown_after_ns = 60 * S}, 0},
  };
  struct alert_engine *e;
  ck_assert_int_eq (alert_engine_new (config ? config : &(struct alert_engine_config){0}, rules, KIT_RULES, &e), 0);
  return e;
}

static inline struct alert_engine *
open_engine (const char *dir)
{
  struct alert_engine *e = new_engine (NULL);
  ck_assert_int_eq (alert_engine_open (e, dir, mono, wall), 0);
  return e;
}

/* As kill -9 leaves it: nothing is saved. */
static inline void
kill_engine (struct alert_engine *e)
{
  alert_store_close (&e->store);
  free (e->path);
  e->path = NULL;
  alert_engine_free (e);
}

static inline void
note_message (void *arg, const struct alert_message *m)
{
  const struct alert_engine *e = arg;
  ck_assert_int_lt (n_told, KIT_TOLD);
  snprintf (told[n_told].rule, sizeof told[0].rule, "%s", alert_engine_name (e, m->rule));
  snprintf (told[n_told].row, sizeof told[0].row, "%s", m->n_items ? m->items[0]->row : "");
  told[n_told].change = m->change;
  told[n_told].total = m->total;
  told[n_told].late = m->late;
  told[n_told].gone = m->n_items && m->items[0]->gone;
  told[n_told].suppressed = m->suppressed;
  n_told++;
}

/* Returns how many messages came. */
static inline int
flush_engine (struct alert_engine *e)
{
  int before = n_told;
  alert_engine_flush (e, mono, wall, boot, note_message, e);
  return n_told - before;
}

static inline void
tick (void)
{
  mono += S;
  wall += S;
  boot += S;
}

static inline void
look_at_row (struct alert_rule *r, const char *row, uint64_t identity, enum alert_truth when)
{
  const struct alert_key key = {.text = row, .length = strlen (row), .identity = identity};
  alert_rule_look (r, &key,
                   &(struct alert_look){.mono_ns = mono,
                                        .wall_ns = wall,
                                        .when = when,
                                        .clear = alert_not (when),
                                        .has_value = when != ALERT_UNKNOWN,
                                        .value = when == ALERT_TRUE ? 97.5 : 3});
}

/* One tick of one rule with one row; returns how many messages came. */
static inline int
step (struct alert_engine *e, uint32_t rule, const char *row, enum alert_truth when)
{
  tick ();
  struct alert_rule *r = alert_engine_begin (e, rule, mono, wall);
  look_at_row (r, row, 1, when);
  alert_rule_end (r, true);
  return flush_engine (e);
}

static inline int
steps (struct alert_engine *e, int n, uint32_t rule, const char *row, enum alert_truth when)
{
  int messages = 0;
  while (n-- > 0)
    messages += step (e, rule, row, when);
  return messages;
}

static inline enum alert_phase
phase_of (const struct alert_engine *e, uint32_t rule, const char *row)
{
  const struct alert_key key = {.text = row, .length = strlen (row)};
  const struct alert_row *found = alert_rule_find (&e->rules[rule].rule, &key);
  return found ? (enum alert_phase) found->state.phase : ALERT_OK;
}
#endif
