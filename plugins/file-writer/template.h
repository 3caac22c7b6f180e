/* What a schema's tables become in an entry: which fields, in which order, with which text before them. */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "entry.h"

enum role { SYSTEM, PROCESSES, NETWORK, OTHER }; /* in the order of an entry */
enum { REQUIRED = 4 };

struct column {
  uint32_t field;
  uint32_t type;
  uint32_t decimals;
  uint32_t prefix; /* where its `"name":` begins in the texts */
  uint32_t prefix_length;
  bool zero;    /* 0.0 where it is not known */
  bool cmdline; /* a command line */
};

struct plan {
  uint32_t table;
  uint32_t key_type;
  enum role role;
  uint32_t prefix, prefix_length; /* `"name":{` */
  uint32_t first, n;              /* of the columns */
  bool has_pid;
};

struct entry_maker {
  struct entry_choice choice;
  uint64_t schema_id;
  struct plan *plans;
  size_t n_plans;
  struct column *columns;
  size_t n_columns;
  struct buf texts;
  struct {
    uint32_t table, field;
    bool there;
  } required[REQUIRED];
  bool made;
};

extern const char *const template_required[REQUIRED];

/* Works out the plans for a schema. 0 or -ENOMEM; then nothing is made. */
int template_make (struct entry_maker *m, const struct kk_schema *schema);
#endif
