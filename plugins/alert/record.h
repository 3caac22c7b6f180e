/* What the store remembers, as lines: a CRC-32 in hexadecimal, a blank, a JSON object. */
#ifndef ALERT_RECORD_H
#define ALERT_RECORD_H

#include "buf.h"
#include "outbox.h"
#include "rule.h"

#include <stddef.h>

enum { ALERT_RULE_NAME = 128, ALERT_SERIALS = 64, ALERT_ID = 33, ALERT_UNIT = 32, ALERT_MESSAGE = 200 << 10 };

enum alert_record_type {
  ALERT_RECORD_EVENT = 1, /* a change, for the history; how its row is then; with a serial it waits to be told */
  ALERT_RECORD_ROW,       /* how a row is */
  ALERT_RECORD_WAIT,      /* a change that waits to be told */
  ALERT_RECORD_TOLD,      /* serials that do not wait any more */
  ALERT_RECORD_COUNT,     /* what limits took away and nobody was told of */
  ALERT_RECORD_BASE,      /* forget all but the history: how everything is follows */
  ALERT_RECORD_SEND,      /* a message that actions are to tell, in place of what waited: its serials */
  ALERT_RECORD_SENT,      /* which actions it is left for */
  ALERT_RECORD_LIMIT,     /* what the limit of a rule, or of all (no rule), is owed: count ns at wall_ns */
};

struct alert_record {
  enum alert_record_type type;
  char rule[ALERT_RULE_NAME];
  uint64_t made; /* which text the rule had */
  struct alert_key key;
  struct alert_state state;
  char unit[ALERT_UNIT]; /* of its value, as the rule was then; "" where that is not known, as with what older versions wrote */
  uint64_t hash; /* of the whole key, where `key` is but its name: of what waits */
  uint64_t serial;
  uint8_t change;
  bool gone, held_back;
  int64_t wall_ns;
  uint64_t count;
  uint64_t serials[ALERT_SERIALS];
  uint32_t n_serials;
  char id[ALERT_ID]; /* of a message: hexadecimal digits */
  uint64_t left;
  const char *json; /* the message, an object of at most ALERT_MESSAGE bytes; where it was read, it stands in the line */
  size_t json_length;
  char text[ALERT_KEY_MOST + 1]; /* of the key */
};

const char *alert_change_name (unsigned change); /* "fired" */
const char *alert_phase_name (unsigned phase);
/* A key for people, at most ALERT_ROW_NAME - 1 bytes of UTF-8. */
void alert_key_name (const struct alert_key *key, char ret[ALERT_ROW_NAME]);

void alert_record_add (struct buf *b, const struct alert_record *r);
/* One line without its newline. 0; -EBADMSG: damaged; -ENOTSUP: whole, but of a kind that this version does not know;
 * -ENOMEM. */
int alert_record_parse (const char *line, size_t length, struct alert_record *ret);

typedef int (*alert_record_visit) (void *arg, const struct alert_record *r, const char *line, size_t length);
struct alert_scan {
  uint64_t records;
  uint64_t damaged; /* bytes before the last whole line */
  uint64_t torn;    /* bytes behind it */
  size_t whole;     /* where it ends */
};
/* Walks over all whole lines; stops when visit returns other than 0, and returns that. -ENOMEM: not all was looked at. */
int alert_record_scan (const char *data, size_t length, alert_record_visit visit, void *arg, struct alert_scan *ret);
#endif
