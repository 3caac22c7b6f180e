/* One file of the spool: packed points, one after the other, appended only.
 *
 * A record: "KKp1", its payload's length, a mark, a CRC-32 of length and payload, the payload. The mark is one byte outside of
 * the CRC: 0xff while the point waits, 0 once it need not be sent any more; one byte is written whole or not at all. Whatever
 * is damaged is passed over, and reading goes on at the next record that is whole. */
#ifndef SPOOL_FILE_H
#define SPOOL_FILE_H

#include "point.h"

#include <stddef.h>
#include <sys/types.h>

enum { SPOOL_RECORD_HEADER = 12, SPOOL_FILE_MOST = 1 << 20, SPOOL_NAME = 32, SPOOL_NUMBER_MOST = 0x7fffffff };

struct spool_record {
  const struct point *point;
  uint32_t offset;
  uint32_t length; /* with its header */
};

struct spool_scan {
  uint64_t waiting;
  uint64_t done;
  uint64_t damaged; /* bytes passed over before a whole record */
  uint64_t torn;    /* bytes at the end that are no whole record */
  uint32_t whole;   /* where the last whole record ends */
};

typedef int (*spool_visit) (void *arg, const struct spool_record *record);
/* Walks over the points that wait; stops early when visit returns other than 0, and returns that. */
int spool_file_scan (const void *data, size_t length, spool_visit visit, void *arg, struct spool_scan *ret);

/* "0000002a.points" */
void spool_file_name (uint32_t number, char ret[SPOOL_NAME]);
bool spool_file_parse (const char *name, uint32_t *ret_number);

/* Opens a file of the directory for reading and writing. -ELOOP: it is no regular file. `create`: a new one, -EEXIST if it is
 * there. */
int spool_file_open (int directory, uint32_t number, bool create, int *ret_fd);
/* The whole file; the caller frees it. -EFBIG: larger than any of ours. */
int spool_file_read (int fd, unsigned char **ret, size_t *ret_length);
/* One write at *size, the file's end as it is known, which moves on when it succeeds. Returns the record's offset, or -errno.
 */
int64_t spool_file_append (int fd, uint32_t *size, const unsigned char *payload, size_t length);
/* Takes one point out. -EBADMSG: it is not there any more. */
int spool_file_get (int fd, uint32_t offset, uint32_t length, struct point *ret);
int spool_file_mark (int fd, uint32_t offset); /* done */
#endif
