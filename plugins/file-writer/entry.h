/* One sample as the text of one entry. What a schema's tables become is worked out once per schema and kept. */
#ifndef ENTRY_H
#define ENTRY_H

#include "buf.h"

#include <kode-kronical/plugin.h>

enum entry_cmdline { ENTRY_CMDLINE_MASKED, ENTRY_CMDLINE_FULL, ENTRY_CMDLINE_NONE };

struct entry_choice {
  struct kk_list tables;  /* globs; empty: all */
  struct kk_list exclude; /* globs */
  enum entry_cmdline cmdline;
  bool microseconds; /* in timestamps */
};

/* Whether a table is written; system and processes always are. */
bool entry_takes_table (const struct entry_choice *choice, const char *name);

struct entry_maker; /* what is kept */

int entry_maker_new (const struct entry_choice *choice, struct entry_maker **ret);
void entry_maker_free (struct entry_maker *m);

/* Why a sample makes no entry. */
struct entry_lack {
  const char *field; /* the required field that is missing; NULL: the entry is too large */
  uint32_t absent;   /* enum kk_absent; KK_PRESENT: no input gives this field at all */
};

/* Appends the entry. 0; -ENODATA with *lack filled: the sample is to be left out; -ENOMEM. */
int entry_add (struct entry_maker *m, const struct kk_sample *sample, struct buf *out, struct entry_lack *lack);
#endif
