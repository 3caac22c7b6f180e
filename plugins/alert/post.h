/* Messages that actions have yet to tell, the oldest first: bounded in number, bytes and age. What is too much or too old is
 * dropped and counted. No thread, no clock of its own. */
#ifndef ALERT_POST_H
#define ALERT_POST_H

#include "record.h"

/* Who is to tell it. */
enum { ALERT_BY_FILE = 1 << 0, ALERT_BY_COMMAND = 1 << 1, ALERT_BY_WEBHOOK = 1 << 2 };
enum { ALERT_LETTERS = 1000, ALERT_LETTER_LEAST_S = 60 };

/* Of an action that tries it more than once. */
struct alert_tries {
  int64_t again_ns; /* monotonic: not before */
  uint32_t failures;
};

struct alert_letter {
  struct alert_letter *next;
  char id[ALERT_ID];
  unsigned left;      /* ALERT_BY_… */
  unsigned under_way; /* of those; it is not dropped meanwhile */
  int64_t wall_ns;    /* of the message */
  int64_t end_ns;     /* monotonic: it is too old then */
  struct alert_tries command, webhook;
  size_t length;
  char json[]; /* 0-terminated */
};

struct alert_post {
  struct alert_letter *first, *last;
  uint32_t n, most;
  size_t bytes, most_bytes;
  int64_t keep_ns;
  uint64_t crowded, old; /* dropped: for want of room or memory, because of their age */
};

void alert_post_init (struct alert_post *p, size_t most_bytes, int64_t keep_ns);
void alert_post_free (struct alert_post *p);
/* Copies it in. `age_ns`: how long it has waited already; it gets a minute at the least. Another of that id is replaced. */
void alert_post_add (struct alert_post *p, const struct alert_record *r, int64_t age_ns, int64_t mono_ns);
struct alert_letter *alert_post_find (const struct alert_post *p, const char *id);
/* Whether it is left for this action, not under way, and its time has come. */
bool alert_letter_is_due (const struct alert_letter *l, unsigned by, int64_t mono_ns);
/* The oldest that is due; NULL: none. */
struct alert_letter *alert_post_next (const struct alert_post *p, unsigned by, int64_t mono_ns);
/* When one is, or was, due for the first time; INT64_MAX: none is left for this action and not under way. */
int64_t alert_post_due (const struct alert_post *p, unsigned by);
/* Those actions have told it: when none is left it is gone. */
void alert_post_told (struct alert_post *p, struct alert_letter *l, unsigned by);
/* Only these actions are there: others are not waited for. Drops what is too old, and returns how many of that; of all that is
 * dropped *ret_lines gets a line. */
uint32_t alert_post_clean (struct alert_post *p, unsigned there, int64_t mono_ns, struct buf *ret_lines);
void alert_post_clear (struct alert_post *p);
/* ALERT_RECORD_SEND or ALERT_RECORD_SENT, with those that are left. */
void alert_post_line (struct buf *b, const struct alert_letter *l, enum alert_record_type type, unsigned left);
/* Adds a line for each. */
void alert_post_lines (const struct alert_post *p, struct buf *b);
uint32_t alert_post_count (const struct alert_post *p, unsigned by);
#endif
