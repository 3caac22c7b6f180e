/* The file that is being filled: its text in memory, and how it gets in front of readers. */
#ifndef SEGMENT_H
#define SEGMENT_H

#include "buf.h"
#include "name.h"
#include "store.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* A file that is kept open. */
struct kept_file {
  bool open;
  int fd;
};

struct segment {
  struct buf text; /* "[" and the entries, ",\n" between them; the end is added when it is published */
  char name[NAME_SIZE];
  unsigned number; /* the _NN of the name */
  int64_t first_wall_ns;
  int64_t newest_wall_ns;
  uint64_t entries;
  uint64_t published; /* of the entries */
  bool on_disk;       /* a file of this name is ours: this one */
  bool synced;        /* what is published is durable */
  dev_t device;
  ino_t inode;
  off_t bytes;
  struct kept_file current; /* the file of our name */
  struct kept_file spare;   /* the one it replaced, under the temporary name: written over next time */
  uint64_t wrote;           /* bytes given to write, over all segments */
};

/* Whether an entry belongs into this segment: same minute, and no more than max bytes together. True for an empty one. */
bool segment_takes (const struct segment *s, int64_t wall_ns, size_t length, uint64_t max);
/* Room for one more entry, so that adding it cannot fail. 0 or -errno. */
int segment_reserve (struct segment *s, size_t length);
void segment_add (struct segment *s, int64_t wall_ns, const char *entry, size_t length);
/* Forgets the entries; the name stays as it is. */
void segment_clear (struct segment *s);
/* Closes its files; afterwards it publishes anew. The spare one is removed, unless store is NULL. */
void segment_let_go (struct segment *s, const struct store *store, const char *temporary);

enum segment_sync { SEGMENT_NO_SYNC, SEGMENT_SYNC };
/* Puts the whole text in place of the file, by rename from journal/TEMPORARY. Two files take turns: making one anew each second
 * costs more than all the rest, and what is overwritten before the kernel writes it out never reaches the disk. One that
 * somebody still has open, or has linked elsewhere, is not written over. -EEXIST: somebody else has a file of that name, and it
 * was not touched. *sync_error: 0, or what fsync said; the file is in place then, but a power cut may take it. */
int segment_publish (struct segment *s, const struct store *store, const char *temporary, enum segment_sync sync,
                     int *sync_error);
#endif
