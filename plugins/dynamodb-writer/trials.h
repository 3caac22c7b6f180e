/* Each permission, tried by a request that changes nothing. */
#ifndef TRIALS_H
#define TRIALS_H

#include "buf.h"
#include "schema.h"

struct trial {
  const char *action;                /* "PutItem" */
  const char *without[SCHEMA_KINDS]; /* what follows when it is denied; NULL: there is no upload */
  bool extra;                        /* beyond the list of the manual; tried on the registry */
  bool spared;                       /* on the registry: not needed where UpdateItem is allowed */
  bool table_must_be_there;          /* else it would not be harmless */
  void (*body) (struct buf *b, enum schema_kind kind, const char *table, const char *host, int64_t now);
};

extern const struct trial trials[];
extern const size_t n_trials;

/* Whether an answer says that it is allowed: the request did what it should, which is nothing. */
struct aws_error;
bool trial_is_allowed (const struct trial *t, const struct aws_error *e);
#endif
