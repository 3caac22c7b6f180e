/* Rules, outbox, silences and store together: what the plugin calls. One thread.
 *
 *   alert_engine_new, then alert_engine_open until it does not answer -EWOULDBLOCK: the instance that a reload is about to end
 *   still has the store. Until then no step: rules without their states would fire anew.
 *   For each sample: for each rule whose table is not wholly held: begin, look at each row, end; then flush.
 *
 * A change is in the store before anybody is told of it, and that it was told is there right after: after kill -9 no change
 * is forgotten, and the one that was just being told may be told twice. Time that a state collected is saved every 15 s, so
 * a crash costs at most that much of it. What a rule that is no more had firing is cleared as gone. */
#ifndef ALERT_ENGINE_H
#define ALERT_ENGINE_H

#include "outbox.h"
#include "rule.h"
#include "silence.h"
#include "store.h"

enum { ALERT_ORPHANS = 64, ALERT_RULES = 1024 };

struct alert_rule_config {
  const char *name; /* at most ALERT_RULE_NAME - 1 bytes; copied */
  uint64_t made;    /* a hash of its text: another one drops the time that states collected */
  struct alert_params params;
  uint32_t most_rows; /* 0: ALERT_ROWS */
};

struct alert_engine_config {
  struct alert_outbox_config outbox;
  uint64_t store_bytes; /* 0: ALERT_STORE_BYTES */
  uint32_t history;     /* 0: ALERT_HISTORY */
};

struct alert_engine_rule {
  struct alert_rule rule; /* first */
  char name[ALERT_RULE_NAME];
  uint64_t made;
  uint64_t count_saved;
};

struct alert_engine {
  struct alert_engine_rule *rules; /* n of the config, then orphans: rules that only the store knows */
  uint32_t n, n_rules;
  struct alert_outbox outbox;
  struct alert_silences silences;
  struct alert_store store;
  struct buf lines; /* for the store, not yet written */
  int64_t mono_ns, wall_ns, boot_ns, save_ns, retry_ns;
  char *path;         /* of the store */
  bool stepped;       /* what the store says comes too late */
  uint64_t forgotten; /* rows of the store for which there was no room */
};

/* 0, -EINVAL (a name, too many rules) or -ENOMEM. */
int alert_engine_new (const struct alert_engine_config *config, const struct alert_rule_config *rules, uint32_t n,
                      struct alert_engine **ret);
/* 0; -EWOULDBLOCK; other -errno: it works without a store, and tries again by itself. */
int alert_engine_open (struct alert_engine *e, const char *path, int64_t mono_ns, int64_t wall_ns);
void alert_engine_free (struct alert_engine *e); /* saves; NULL is fine */

static inline struct alert_rule *
alert_engine_begin (struct alert_engine *e, uint32_t rule, int64_t mono_ns, int64_t wall_ns)
{
  e->stepped = true;
  e->mono_ns = mono_ns;
  alert_rule_begin (&e->rules[rule].rule, mono_ns, wall_ns);
  return &e->rules[rule].rule; /* for alert_rule_look, alert_rule_row_gone and alert_rule_end */
}

/* After all rules: writes, and tells what is to be told. `boot_ns`: CLOCK_BOOTTIME. */
void alert_engine_flush (struct alert_engine *e, int64_t mono_ns, int64_t wall_ns, int64_t boot_ns, alert_send send, void *arg);

/* Of a message's or an item's rule. */
static inline const char *
alert_engine_name (const struct alert_engine *e, uint32_t rule)
{
  return e->rules[rule].name;
}
#endif
