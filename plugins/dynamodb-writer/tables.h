/* The tables are there: looked for at the start and after an error, made when they are missing, waited for. */
#ifndef TABLES_H
#define TABLES_H

#include "schema.h"
#include "work.h"

enum table_state {
  TABLE_UNKNOWN, /* to be looked at */
  TABLE_MAKING,  /* being made or removed */
  TABLE_USABLE,
  TABLE_ABSENT, /* there is none, and it is not made or may not be */
  TABLE_UNFIT,  /* what has its name is none of ours */
};

struct table {
  const char *name;
  enum schema_kind kind;
  bool create; /* when missing */
  enum table_state state;
  bool doubted;   /* a request failed: see table_doubt */
  bool missing;   /* a request was told so */
  bool described; /* its keys were seen */
  bool made;      /* by us, in this run */
  bool tagged;    /* its tags are settled, */
  bool finished;  /* … its expiry; what failed for a moment is tried again, */
  int64_t finish_again_ns; /* … not before this; monotonic */
  char arn[300];           /* of a table that was seen; "" */
};

/* A request, or three where the table was just made. Its expiry is settled by a later call otherwise: when a whole fleet starts
 * at once, each request counts. WORK_DONE: it can be written to; WORK_LATER: it is being made; as work_judge. */
enum work_result table_ready (struct work *w, struct table *t);
/* A request was answered that there is no such table, or by something that makes one doubt its keys. */
void table_doubt (struct table *t, bool missing);
const char *table_state_name (const struct table *t);
#endif
