/* What the tests of the alerts' engine share: an engine with a few rules and its desk, looks at rows, and what was told. */
#ifndef ALERT_KIT_H
#define ALERT_KIT_H

#include "alert/desk.h"
#include "unit.h"

#define S INT64_C (1000000000)
enum { SLOW, FAST, KIT_RULES, KIT_TOLD = 4096, KIT_ENGINES = 8 };

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

/* The desk of each engine, in the same thread here. */
static struct kit {
  struct alert_engine *e;
  struct alert_desk desk;
  bool stepped; /* without a store */
} kits[KIT_ENGINES];
static uint32_t kit_history;
static int64_t kit_keep_ns = 3600 * S;

static inline struct kit *
kit_of (const struct alert_engine *e)
{
  for (int i = 0; i < KIT_ENGINES; i++)
    if (kits[i].e == e)
      return &kits[i];
  return NULL;
}

static inline struct alert_desk *
desk_of (const struct alert_engine *e)
{
  struct kit *kit = kit_of (e);
  ck_assert_ptr_nonnull (kit);
  return &kit->desk;
}

static inline int
open_at (struct alert_engine *e, const char *path)
{
  struct kit *kit = kit_of (e);
  if (!kit) {
    kit = kit_of (NULL);
    ck_assert_ptr_nonnull (kit);
    *kit = (struct kit){.e = e};
    ck_assert_int_eq (alert_desk_init (&kit->desk, path, e->most_bytes, kit_history, kit_keep_ns), 0);
  }
  return alert_desk_open (&kit->desk, kit->stepped ? NULL : e, mono, wall);
}

static inline struct alert_engine *
open_engine (const char *dir)
{
  struct alert_engine *e = new_engine (NULL);
  ck_assert_int_eq (open_at (e, dir), 0);
  return e;
}

/* As kill -9 leaves it: nothing is saved. */
static inline void
kill_engine (struct alert_engine *e)
{
  struct kit *kit = kit_of (e);
  if (kit) {
    alert_desk_free (&kit->desk);
    *kit = (struct kit){.e = NULL};
  }
  alert_engine_free (e);
}

/* As it ends by itself. */
static inline void
end_engine (struct alert_engine *e)
{
  struct alert_batch last;
  alert_engine_last (e, &last);
  if (kit_of (e))
    alert_desk_take (desk_of (e), &last, mono, wall);
  alert_batch_free (&last);
  kill_engine (e);
}

static inline void
flush_with (struct alert_engine *e, alert_send send, void *arg)
{
  struct kit *kit = kit_of (e);
  struct alert_batch batch;
  if (kit && kit->desk.store.directory >= 0)
    alert_silences_refresh (&e->silences, kit->desk.store.directory);
  else if (kit)
    kit->stepped = true;
  alert_engine_flush (e, mono, wall, boot, kit && (kit->desk.wants_all || kit->desk.store.behind), send, arg, &batch);
  if (kit)
    alert_desk_take (&kit->desk, &batch, mono, wall);
  alert_batch_free (&batch);
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
  flush_with (e, note_message, e);
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
