/* The insides of the spool, shared by its files. */
#ifndef SPOOL_INNER_H
#define SPOOL_INNER_H

#include "spool-file.h"
#include "spool.h"

#include <pthread.h>

/* A point that waits: in a file, or packed in memory. */
struct spool_entry {
  int64_t minute;
  uint64_t host;
  unsigned char *packed; /* NULL: in the file */
  uint32_t packed_length;
  /* Where its record is, and how long with its header. One that is in memory: where a less full one is, which stays on disk
   * until this one is there too; length 0: there is none. */
  uint32_t file, offset, length;
  uint32_t stored_samples; /* of that one */
  uint32_t serial;
  uint32_t samples;
  bool again;
  uint8_t doubt; /* enum spool_doubt */
};

/* Whether it can be read: another one of its file could not; it could not itself. */
enum spool_doubt { SPOOL_FINE, SPOOL_DOUBTED, SPOOL_UNREADABLE, SPOOL_DOUBTS };

struct spool_part {
  uint32_t number;
  uint32_t size;
  uint32_t waiting;
};

struct spool {
  pthread_mutex_t lock;
  struct spool_config config;
  uint32_t part_bytes;  /* a file is not appended to beyond this */
  int directory, owner; /* -1: not open */
  int fd;               /* of the last part, which is appended to; -1: begin a new one */
  int reader;           /* of part reader_number */
  uint32_t reader_number;
  uint32_t *unreadable; /* numbers of the counts.unreadable files */
  uint32_t next_number, next_serial;
  int64_t retried;             /* minute of the last point that could not be read again: the next older ones have their turn */
  struct spool_entry *entries; /* by minute, then by host */
  size_t n, capacity;
  struct spool_part *parts; /* by number */
  size_t n_parts, parts_capacity;
  struct spool_view counts;
};

/* ---- spool-index.c: what is known of points and files ---- */

/* Where the entry of that minute and host is, or would be. */
size_t spool_find (const struct spool *s, int64_t minute, uint64_t host, bool *ret_there);
/* Room for one more of each. 0 or -ENOMEM. */
int spool_room (struct spool *s);
/* What is on disk of `old` stays there while the fuller `e` is only in memory. */
void spool_keep_stored (struct spool_entry *e, const struct spool_entry *old);
void spool_insert (struct spool *s, size_t at, const struct spool_entry *e);
/* Takes some out of the index; the points in their files are the caller's business. */
void spool_take_out (struct spool *s, size_t from, size_t n);
struct spool_part *spool_part (struct spool *s, uint32_t number);
void spool_remove_part (struct spool *s, struct spool_part *part);
struct spool_part *spool_add_part (struct spool *s, uint32_t number);

/* ---- spool-store.c: points and the disk ---- */

/* Writes one packed point to the directory, which is open, and only then makes room for it; the entry is told where it is. 0 or
 * -errno, also when it may not outlive a power cut as it should: then it is not stored. */
int spool_store (struct spool *s, const unsigned char *packed, size_t length, struct spool_entry *e);
/* The entry needs nothing on disk any more. */
void spool_release (struct spool *s, const struct spool_entry *e);
/* The open file of that number. */
int spool_reader (struct spool *s, uint32_t number, int *ret_fd);
/* Drops the oldest file while there are more bytes than may be. */
void spool_make_room (struct spool *s);
/* Removes a file in which nothing waits. One that cannot be removed is tried again when room is needed. */
void spool_remove_empty (struct spool *s, struct spool_part *part);
void spool_close_reader (struct spool *s);

/* ---- spool-open.c: taking a directory over ---- */

/* 0 when the directory is open and still the one of that path; opens it, and reads what is in it, where it is not. */
int spool_attach (struct spool *s);
/* Forgets the directory and what was in it. */
void spool_detach (struct spool *s);
#endif
