/* What a journal holds that no file has yet, after an end that was not clean. */
#ifndef RECOVER_H
#define RECOVER_H

#include "journal.h"
#include "segment.h"
#include "store.h"

struct recovery {
  uint64_t entries;    /* taken from journals */
  uint64_t duplicates; /* of these in a file already, which is why they were left out */
  uint64_t torn_bytes; /* cut off the ends of journals */
  uint64_t damaged;    /* journals with a damaged stretch, or not ours at all; a copy is kept as *.bad */
};

/* Reads the journal NAME into an empty segment: the entries that it holds and that the file of its name does not, or that file
 * continued when it is a part of them. Afterwards journal and segment hold the same. 0 or -errno. */
int recover_segment (const struct store *store, struct journal *j, const char *name, struct segment *ret,
                     struct recovery *counts);
/* Looks at the file that the segment names, when it is not ours for sure: continues it, leaves out what it holds already, or
 * finds another name. *ret_changed: entries or name are not what they were. */
int recover_settle (const struct store *store, struct segment *s, struct recovery *counts, bool *ret_changed);
/* A new journal of that name which holds what the segment holds. */
int recover_journal (const struct store *store, struct journal *j, const char *name, const struct segment *s);
#endif
