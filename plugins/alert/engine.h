/* Rules, outbox and silences together: what the plugin calls. One thread; it waits for no disk, but gives what is to be stored
 * to whoever has the desk (desk.h).
 *
 *   alert_engine_new, then alert_desk_open until it does not answer -EWOULDBLOCK: the instance that a reload is about to end
 *   still has the store. Until then no step: rules without their states would fire anew.
 *   For each sample: for each rule whose table is not wholly held: begin, look at each row, end; then flush.
 *
 * Time that a state collected is saved every 15 s, so a crash costs at most that much of it. What a rule that is no more had
 * firing is cleared as gone. */
#ifndef ALERT_ENGINE_H
#define ALERT_ENGINE_H

#include "outbox.h"
#include "record.h"
#include "rule.h"
#include "silence.h"

enum { ALERT_RULES = 1024, ALERT_ORPHANS = ALERT_RULES };

struct alert_rule_config {
  const char *name; /* at most ALERT_RULE_NAME - 1 bytes; copied */
  uint64_t made;    /* a hash of its text: another one drops the time that states collected */
  struct alert_params params;
  uint32_t most_rows; /* 0: ALERT_ROWS */
};

struct alert_engine_config {
  struct alert_outbox_config outbox;
  uint64_t store_bytes; /* that a new file may have; 0: 4 MiB */
};

/* A message for actions. */
struct alert_draft {
  char id[ALERT_ID];
  unsigned by; /* ALERT_BY_… */
  int64_t wall_ns;
  char *json;
};

/* What one flush gives to be stored. */
struct alert_batch {
  struct buf lines; /* to be appended, before the letters are told */
  struct buf all;   /* how everything is after that */
  bool has_all;
  uint64_t next_serial;
  struct alert_draft *letters;
  uint32_t n_letters, capacity;
};

/* What the store says that a limit was owed. */
struct alert_owed {
  int64_t ns, wall_ns;
};

struct alert_engine_rule {
  struct alert_rule rule; /* first */
  char name[ALERT_RULE_NAME];
  char unit[ALERT_UNIT]; /* of its values; the caller's to fill in, but for orphans */
  uint64_t made;
  uint64_t count_saved, messages_saved;
  struct alert_owed owed;
};

struct alert_engine {
  struct alert_engine_rule *rules; /* n of the config, then orphans: rules that only the store knows */
  uint32_t n, n_rules;
  struct alert_outbox outbox;
  struct alert_owed owed; /* by all rules together */
  struct alert_silences silences;
  struct alert_batch batch; /* not yet given */
  size_t most_bytes;
  int64_t mono_ns, wall_ns, boot_ns, save_ns;
  uint64_t forgotten; /* states of the store for which there was no room */
};

/* 0, -EINVAL (a name, too many rules) or -ENOMEM. */
int alert_engine_new (const struct alert_engine_config *config, const struct alert_rule_config *rules, uint32_t n,
                      struct alert_engine **ret);
/* All that the store said was taken over. */
void alert_engine_opened (struct alert_engine *e, int64_t wall_ns);
void alert_engine_free (struct alert_engine *e); /* NULL is fine */

static inline struct alert_rule *
alert_engine_begin (struct alert_engine *e, uint32_t rule, int64_t mono_ns, int64_t wall_ns)
{
  e->mono_ns = mono_ns;
  alert_rule_begin (&e->rules[rule].rule, mono_ns, wall_ns);
  return &e->rules[rule].rule; /* for alert_rule_look, alert_rule_row_gone and alert_rule_end */
}

/* After all rules: tells what is to be told, and gives what is to be stored; `all`: also how everything is. `boot_ns`:
 * CLOCK_BOOTTIME. The batch is the caller's. */
void alert_engine_flush (struct alert_engine *e, int64_t mono_ns, int64_t wall_ns, int64_t boot_ns, bool all, alert_send send,
                         void *arg, struct alert_batch *ret);
/* In `send`: these actions are to tell this message; `id` has ALERT_ID - 1 digits, the texts are copied. 0, -EFBIG or -ENOMEM.
 */
int alert_engine_draft (struct alert_engine *e, const struct alert_message *m, const char *id, unsigned by, const char *json);
/* At the end: what is to be stored then. */
void alert_engine_last (struct alert_engine *e, struct alert_batch *ret);
void alert_batch_free (struct alert_batch *b);
static inline bool
alert_batch_is_empty (const struct alert_batch *b)
{
  return !b->lines.len && !b->lines.error && !b->has_all && !b->n_letters;
}

/* Of a message's or an item's rule. */
static inline const char *
alert_engine_name (const struct alert_engine *e, uint32_t rule)
{
  return e->rules[rule].name;
}
#endif
