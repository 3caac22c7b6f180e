#include "spool-file.h"

#include "wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

static const unsigned char MAGIC[4] = {'K', 'K', 'p', '1'};
enum { AT_LENGTH = 4, AT_MARK = 6, AT_VERSION = 7, AT_CRC = 8, WAITING = 0xff, DONE = 0, VERSION = 1 };

static uint32_t
checksum (const unsigned char *header, const unsigned char *payload, size_t length)
{
  uLong crc = crc32 (0, header + AT_LENGTH, 2);
  crc = crc32 (crc, header + AT_VERSION, 1);
  return (uint32_t) crc32 (crc, payload, (uInt) length);
}

/* The length of the whole record at p with its header, or 0. */
static size_t
whole_record (const unsigned char *p, size_t left)
{
  if (left < SPOOL_RECORD_HEADER || memcmp (p, MAGIC, sizeof MAGIC) || p[AT_VERSION] != VERSION)
    return 0;
  size_t length = (size_t) wire_load (p + AT_LENGTH, 2);
  if (length > left - SPOOL_RECORD_HEADER || length > POINT_PACKED)
    return 0;
  if (checksum (p, p + SPOOL_RECORD_HEADER, length) != wire_load (p + AT_CRC, 4))
    return 0;
  return SPOOL_RECORD_HEADER + length;
}

int
spool_file_scan (const void *data, size_t length, spool_visit visit, void *arg, struct spool_scan *ret)
{
  const unsigned char *start = data, *p = start, *whole = start, *end = start + length;
  struct spool_scan scan = {0};
  struct point point;
  while (p < end) {
    size_t n = whole_record (p, (size_t) (end - p));
    if (!n) {
      const unsigned char *next = memchr (p + 1, MAGIC[0], (size_t) (end - p - 1));
      p = next ? next : end;
      continue;
    }
    scan.damaged += (uint64_t) (p - whole);
    if (p[AT_MARK] == DONE)
      scan.done++;
    else if (point_unpack (p + SPOOL_RECORD_HEADER, n - SPOOL_RECORD_HEADER, &point))
      scan.damaged += n; /* whole, but nothing that may be sent */
    else {
      struct spool_record record = {&point, (uint32_t) (p - start), (uint32_t) n};
      scan.waiting++;
      int r = visit (arg, &record);
      if (r)
        return r;
    }
    p += n;
    whole = p;
  }
  scan.torn = (uint64_t) (end - whole);
  scan.whole = (uint32_t) (whole - start);
  *ret = scan;
  return 0;
}

/* ---- The file ---- */

void
spool_file_name (uint32_t number, char ret[SPOOL_NAME])
{
  snprintf (ret, SPOOL_NAME, "%08x.points", number);
}

bool
spool_file_parse (const char *name, uint32_t *ret_number)
{
  static const char digits[] = "0123456789abcdef";
  uint32_t number = 0;
  for (int i = 0; i < 8; i++) {
    const char *digit = name[i] ? strchr (digits, name[i]) : NULL;
    if (!digit)
      return false;
    number = number << 4 | (uint32_t) (digit - digits);
  }
  *ret_number = number;
  return !strcmp (name + 8, ".points") && number <= SPOOL_NUMBER_MOST;
}

int
spool_file_open (int directory, uint32_t number, bool create, int *ret_fd)
{
  char name[SPOOL_NAME];
  struct stat st;
  spool_file_name (number, name);
  int fd =
    openat (directory, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | (create ? O_CREAT | O_EXCL : 0), 0600);
  if (fd < 0)
    return errno == EISDIR || errno == ENXIO ? -ELOOP : -errno;
  int r = fstat (fd, &st) < 0 ? -errno : S_ISREG (st.st_mode) ? 0 : -ELOOP;
  if (r) {
    close (fd);
    return r;
  }
  *ret_fd = fd;
  return 0;
}

/* 0, or -EBADMSG where the file ends too early. */
static int
read_at (int fd, unsigned char *to, size_t length, size_t offset)
{
  for (size_t have = 0; have < length;) {
    ssize_t n = pread (fd, to + have, length - have, (off_t) (offset + have));
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n ? -errno : -EBADMSG;
    have += (size_t) n;
  }
  return 0;
}

int
spool_file_read (int fd, unsigned char **ret, size_t *ret_length)
{
  struct stat st;
  if (fstat (fd, &st) < 0)
    return -errno;
  if (st.st_size > SPOOL_FILE_MOST)
    return -EFBIG;
  size_t length = (size_t) st.st_size;
  unsigned char *data = malloc (length + 1);
  if (!data)
    return -ENOMEM;
  int r = read_at (fd, data, length, 0);
  if (r) {
    free (data);
    return r;
  }
  *ret = data;
  *ret_length = length;
  return 0;
}

int64_t
spool_file_append (int fd, uint32_t *size, const unsigned char *payload, size_t length)
{
  unsigned char record[SPOOL_RECORD_HEADER + POINT_PACKED];
  const size_t total = SPOOL_RECORD_HEADER + length;
  const uint32_t offset = *size;
  if (!length || length > POINT_PACKED)
    return -EINVAL;
  memcpy (record, MAGIC, sizeof MAGIC);
  wire_store (record + AT_LENGTH, length, 2);
  record[AT_MARK] = WAITING;
  record[AT_VERSION] = VERSION;
  memcpy (record + SPOOL_RECORD_HEADER, payload, length);
  wire_store (record + AT_CRC, checksum (record, payload, length), 4);
  ssize_t n;
  do
    n = pwrite (fd, record, total, (off_t) offset);
  while (n < 0 && errno == EINTR);
  if (n >= 0 && (size_t) n == total) {
    *size += (uint32_t) total;
    return offset;
  }
  /* A short write is a disk that is just becoming full. What stays of it is written over by the next one. */
  int r = n < 0 ? -errno : -ENOSPC;
  return n > 0 && ftruncate (fd, (off_t) offset) < 0 ? -errno : r;
}

int
spool_file_get (int fd, uint32_t offset, uint32_t length, struct point *ret)
{
  unsigned char record[SPOOL_RECORD_HEADER + POINT_PACKED];
  if (length > sizeof record || length < SPOOL_RECORD_HEADER)
    return -EBADMSG;
  int r = read_at (fd, record, length, offset);
  if (r)
    return r;
  if (whole_record (record, length) != length)
    return -EBADMSG;
  return point_unpack (record + SPOOL_RECORD_HEADER, length - SPOOL_RECORD_HEADER, ret);
}

int
spool_file_mark (int fd, uint32_t offset)
{
  static const unsigned char done = DONE;
  ssize_t n;
  do
    n = pwrite (fd, &done, 1, (off_t) offset + AT_MARK);
  while (n < 0 && errno == EINTR);
  return n == 1 ? 0 : n < 0 ? -errno : -EIO;
}
