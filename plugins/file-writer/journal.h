/* The journal: every entry as soon as it is taken, so that a crash loses none. It belongs to one segment at a time: a record
 * with the name of its file, then records of entries; it is emptied once the file is complete.
 *
 * A record: "KKj1", its payload's length, the CRC-32 of all that follows, its type, the newest sample's time (ns), the payload;
 * all little-endian. Whatever is damaged is passed over, and reading goes on at the next record that is whole. */
#ifndef JOURNAL_H
#define JOURNAL_H

#include <stddef.h>
#include <stdint.h>

enum journal_type {
  JOURNAL_NAME = 1, /* the segment's file name */
  JOURNAL_ENTRY,    /* one entry, or several as they stand in the file */
};

enum { JOURNAL_HEADER = 24, JOURNAL_BAD_KEPT = 3, JOURNAL_MAX = 64 << 20 };

struct journal_record {
  enum journal_type type;
  int64_t wall_ns;
  const char *payload;
  size_t length;
};

struct journal {
  int fd;
  uint64_t size;  /* of what is whole */
  uint64_t wrote; /* bytes given to write since it was opened */
};

struct journal_report {
  uint64_t records;
  uint64_t torn;    /* bytes at the end that are no whole record */
  uint64_t damaged; /* bytes passed over before a whole record */
  int foreign;      /* nothing in it is ours */
};

typedef int (*journal_visit) (void *arg, const struct journal_record *record);

/* Walks over the records in memory; stops early when visit returns other than 0, and returns that. */
int journal_scan (const void *data, size_t length, journal_visit visit, void *arg, struct journal_report *ret);

/* Opens or makes NAME in the directory and locks it. -EWOULDBLOCK: somebody else has it. What is no regular file is put aside. */
int journal_open (int directory, const char *name, struct journal *ret);
/* Reads it whole and walks over it; a torn end is cut off. */
int journal_load (struct journal *j, journal_visit visit, void *arg, struct journal_report *ret);
/* One write; on failure the journal is as before. */
int journal_append (struct journal *j, const struct journal_record *records, unsigned n);
/* Empties it. */
int journal_reset (struct journal *j);
/* Puts a new journal with these records in the place of NAME, whatever stands there now; at no moment are both lost. */
int journal_replace (struct journal *j, int directory, const char *name, const struct journal_record *records, unsigned n);
/* Keeps a copy for whoever wants to know what happened: NAME.bad, older ones NAME.bad.1 … */
int journal_quarantine (int directory, const char *name);
void journal_close (struct journal *j);
#endif
