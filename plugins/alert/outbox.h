/* Between what changes and what people are told: groups, limits, silences.
 *
 * Changes of one kind and rule that come within group_wait_ns of the first are one message. A message needs a token of its rule
 * and one of all rules: rule_burst at once, then one each rule_every_ns; all_burst and all_every_ns alike. So in a time T a
 * rule sends at most rule_burst + T / rule_every_ns messages, all of them together at most all_burst + T / all_every_ns.
 *
 * What may not be sent is held back, because of a limit or of a silence, and sent as one late message when it may. Of what is
 * held back only what is still true is kept: FIRED and CLEARED of the same row take each other away, so do UNKNOWN and KNOWN;
 * reminders are dropped. What a limit took away is counted and told with the rule's next message, or in one of its own (the
 * kind ALERT_SUMMARY); what a silence took away is counted for status. */
#ifndef ALERT_OUTBOX_H
#define ALERT_OUTBOX_H

#include "state.h"

#include <stddef.h>

#define ALERT_ALL_RULES UINT32_MAX
enum { ALERT_SUMMARY = 1 << 6, ALERT_ROW_NAME = 128, ALERT_WAITING = 4096, ALERT_NAMED = 10 };

struct alert_bucket {
  int64_t every_ns; /* 0: no limit */
  int64_t most_ns;  /* burst * every_ns */
  int64_t credit_ns, at_ns;
};

struct alert_item {
  uint64_t serial; /* ascending; for the store */
  uint32_t rule;
  uint8_t change; /* one of ALERT_… */
  bool gone;      /* CLEARED or KNOWN because the row is no more */
  bool has_value;
  bool held_back;
  uint64_t key_hash, identity;
  int64_t wall_ns;            /* of the change */
  int64_t began_ns, fired_ns; /* as of alert_state */
  int64_t ready_ns;           /* monotonic: when its group's time is up */
  double value;
  char row[ALERT_ROW_NAME]; /* "": the table has one row */
};

struct alert_message {
  uint32_t rule;
  unsigned change;                       /* one of ALERT_…, or ALERT_SUMMARY */
  const struct alert_item *const *items; /* the first of them, */
  uint32_t n_items;                      /* … at most `named` */
  uint32_t total;
  const uint64_t *serials; /* of all `total` */
  bool late;           /* some were held back */
  uint64_t suppressed; /* changes of this rule that nobody was and will be told */
};

struct alert_outbox_config {
  int64_t group_wait_ns;
  int64_t interval_ns; /* between flushes; measured from the second one on */
  uint32_t named; /* 0: ALERT_NAMED */
  uint32_t most;  /* items that wait; 0: ALERT_WAITING */
  uint32_t rule_burst, all_burst;
  int64_t rule_every_ns, all_every_ns; /* 0: no limit */
};

struct alert_outbox_rule {
  struct alert_bucket bucket;
  uint64_t suppressed; /* not yet told */
  uint64_t suppressed_ever, silenced_ever, messages;
  uint32_t waiting;
};

struct alert_outbox {
  struct alert_outbox_config config;
  struct alert_bucket bucket;
  struct alert_outbox_rule *rules;
  uint32_t n_rules, turn;
  int64_t last_ns;           /* of the last flush; 0: there was none */
  int64_t ripe_ns;           /* what is ready until then goes now: nothing that could join it comes before */
  struct alert_item **items; /* by serial */
  size_t n, capacity;
  uint64_t next_serial;
  uint64_t *done; /* serials that need not be remembered any more; the caller takes them and sets n_done to 0 */
  size_t n_done, done_capacity;
  uint64_t lost; /* no room or memory */
};

typedef bool (*alert_ask_silenced) (void *arg, uint32_t rule, const char *row);
typedef void (*alert_send) (void *arg, const struct alert_message *message);

int alert_outbox_init (struct alert_outbox *o, const struct alert_outbox_config *config, uint32_t n_rules);
void alert_outbox_free (struct alert_outbox *o);
/* A copy of it waits, with a serial of its own unless it has one (from the store); of its own: returned. 0: lost and counted.
 */
uint64_t alert_outbox_add (struct alert_outbox *o, const struct alert_item *item, int64_t mono_ns);
/* Sends what may be sent. What `send` is given is borrowed. */
void alert_outbox_flush (struct alert_outbox *o, int64_t mono_ns, alert_ask_silenced silenced, alert_send send, void *arg);
/* How long it takes until the limit of a rule, or of ALERT_ALL_RULES, forgets all that was sent; and to set that, as a process
 * before this one left it: more than there is room for counts as all of it. */
int64_t alert_outbox_owed (struct alert_outbox *o, uint32_t rule, int64_t mono_ns);
void alert_outbox_owe (struct alert_outbox *o, uint32_t rule, int64_t owed_ns, int64_t mono_ns);
/* A serial is done although nobody asked: the store says so. */
void alert_outbox_forget (struct alert_outbox *o, uint64_t serial);
#endif
