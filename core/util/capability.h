/* What of root's power a process keeps that runs somebody else's code: sets of capabilities(7), a bit each. */
#ifndef CAPABILITY_H
#define CAPABILITY_H

#include "buf.h"

#include <stdbool.h>
#include <stdint.h>

/* One that it may be left, by its name with or without "CAP_", in any case. False: there is none of that name. */
bool capability_find (const char *name, uint64_t *ret);
/* The names of those in `set`, or of all that may be left (UINT64_MAX), with commas. */
void capability_names (struct buf *b, uint64_t set);
/* Gives up all others, in every set that a thread has; its later threads begin without them. `programs`: what it starts has
 * those that are kept, too; no_new_privs must be set. *ret_kept (may be NULL): those of `keep` that this process had. False:
 * something else is left. */
bool capability_keep (uint64_t keep, bool programs, uint64_t *ret_kept);
#endif
