#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>
#include <zlib.h>

static const unsigned char MAGIC[4] = {'K', 'K', 'j', '1'};

enum { AT_LENGTH = 4, AT_CRC = 8, AT_TYPE = 12, AT_WALL = 16, MAX_RECORDS = 2, FILE_NAME = 300 };

static void
put (unsigned char *to, uint64_t value, unsigned bytes)
{
  for (unsigned i = 0; i < bytes; i++, value >>= 8)
    to[i] = (unsigned char) value;
}

static uint64_t
take (const unsigned char *from, unsigned bytes)
{
  uint64_t value = 0;
  for (unsigned i = bytes; i-- > 0;)
    value = value << 8 | from[i];
  return value;
}

static uint32_t
checksum (const unsigned char *header, const void *payload, size_t length)
{
  uLong crc = crc32 (0, header + AT_LENGTH, 4);
  crc = crc32 (crc, header + AT_TYPE, JOURNAL_HEADER - AT_TYPE);
  return (uint32_t) crc32 (crc, payload, (uInt) length);
}

static int
make_header (const struct journal_record *r, unsigned char header[JOURNAL_HEADER])
{
  if (r->length > JOURNAL_MAX - JOURNAL_HEADER)
    return -EFBIG;
  memcpy (header, MAGIC, sizeof MAGIC);
  put (header + AT_LENGTH, r->length, 4);
  put (header + AT_TYPE, (uint64_t) r->type, 4);
  put (header + AT_WALL, (uint64_t) r->wall_ns, 8);
  put (header + AT_CRC, checksum (header, r->payload, r->length), 4);
  return 0;
}

/* The whole record at p, or false. */
static int
parse_record (const unsigned char *p, size_t left, struct journal_record *ret)
{
  if (left < JOURNAL_HEADER || memcmp (p, MAGIC, sizeof MAGIC))
    return 0;
  uint64_t length = take (p + AT_LENGTH, 4), type = take (p + AT_TYPE, 4);
  if (length > left - JOURNAL_HEADER || (type != JOURNAL_NAME && type != JOURNAL_ENTRY))
    return 0;
  if (checksum (p, p + JOURNAL_HEADER, length) != take (p + AT_CRC, 4))
    return 0;
  *ret = (struct journal_record){
      .type = (enum journal_type) type,
      .wall_ns = (int64_t) take (p + AT_WALL, 8),
      .payload = (const char *) p + JOURNAL_HEADER,
      .length = length,
  };
  return 1;
}

int
journal_scan (const void *data, size_t length, journal_visit visit, void *arg, struct journal_report *ret)
{
  const unsigned char *start = data, *p = start, *whole = start, *end = start + length;
  struct journal_report report = {0};
  struct journal_record record;
  while (p < end) {
    if (!parse_record (p, (size_t) (end - p), &record)) {
      const unsigned char *next = memchr (p + 1, MAGIC[0], (size_t) (end - p - 1));
      p = next ? next : end;
      continue;
    }
    report.damaged += (uint64_t) (p - whole);
    report.records++;
    int r = visit (arg, &record);
    if (r)
      return r;
    p += JOURNAL_HEADER + record.length;
    whole = p;
  }
  report.torn = (uint64_t) (end - whole);
  report.foreign = length && !report.records && memcmp (start, MAGIC, length < sizeof MAGIC ? length : sizeof MAGIC);
  *ret = report;
  return 0;
}

/* ---- The file ---- */

int
journal_quarantine (int directory, const char *name)
{
  char from[FILE_NAME], to[FILE_NAME];
  for (int i = JOURNAL_BAD_KEPT - 1; i > 0; i--) {
    snprintf (from, sizeof from, i == 1 ? "%s.bad" : "%s.bad.%d", name, i - 1);
    snprintf (to, sizeof to, "%s.bad.%d", name, i);
    if (renameat (directory, from, directory, to) < 0 && errno != ENOENT)
      return -errno;
  }
  snprintf (to, sizeof to, "%s.bad", name);
  /* A link leaves the journal where it is until a new one replaces it; what cannot be linked is moved. */
  if (linkat (directory, name, directory, to, 0) == 0 || renameat (directory, name, directory, to) == 0)
    return 0;
  return -errno;
}

static int
try_open (int directory, const char *name, int flags, struct journal *ret)
{
  int fd = openat (directory, name, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags, 0600);
  if (fd < 0)
    return -errno;
  struct stat st;
  int r = 0;
  if (fstat (fd, &st) < 0)
    r = -errno;
  else if (!S_ISREG (st.st_mode))
    r = -ELOOP;
  else if (flock (fd, LOCK_EX | LOCK_NB) < 0)
    r = -errno;
  else if (fchmod (fd, 0600) < 0)
    r = -errno;
  /* Somebody may have removed it between the open and the lock. */
  else if (fstat (fd, &st) == 0 && !st.st_nlink)
    r = -EWOULDBLOCK;
  if (r) {
    close (fd);
    return r;
  }
  *ret = (struct journal){.fd = fd, .size = (uint64_t) st.st_size};
  return 0;
}

int
journal_open (int directory, const char *name, struct journal *ret)
{
  int r = try_open (directory, name, 0, ret);
  if (r != -ELOOP && r != -EISDIR && r != -ENXIO)
    return r;
  char bad[FILE_NAME];
  snprintf (bad, sizeof bad, "%s.bad", name);
  if (renameat (directory, name, directory, bad) < 0)
    return -errno;
  return try_open (directory, name, 0, ret);
}

static int
read_whole (int fd, size_t size, char *to)
{
  size_t have = 0;
  while (have < size) {
    ssize_t n = pread (fd, to + have, size - have, (off_t) have);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n ? -errno : -EIO;
    have += (size_t) n;
  }
  return 0;
}

int
journal_load (struct journal *j, journal_visit visit, void *arg, struct journal_report *ret)
{
  size_t size = j->size > JOURNAL_MAX ? JOURNAL_MAX : (size_t) j->size;
  struct journal_report report = {0};
  char *data = malloc (size + 1);
  if (!data)
    return -ENOMEM;
  int r = read_whole (j->fd, size, data);
  if (!r)
    r = journal_scan (data, size, visit, arg, &report);
  free (data);
  if (r)
    return r;
  report.torn += j->size - size;
  if (report.torn && !report.foreign && !report.damaged) {
    if (ftruncate (j->fd, (off_t) (j->size - report.torn)) < 0)
      return -errno;
    j->size -= report.torn;
  }
  *ret = report;
  return 0;
}

int
journal_append (struct journal *j, const struct journal_record *records, unsigned n)
{
  unsigned char headers[MAX_RECORDS][JOURNAL_HEADER];
  struct iovec parts[2 * MAX_RECORDS];
  size_t total = 0;
  if (n > MAX_RECORDS)
    return -EINVAL;
  for (unsigned i = 0; i < n; i++) {
    int r = make_header (&records[i], headers[i]);
    if (r)
      return r;
    parts[2 * i] = (struct iovec){headers[i], JOURNAL_HEADER};
    parts[2 * i + 1] = (struct iovec){(void *) (uintptr_t) records[i].payload, records[i].length};
    total += JOURNAL_HEADER + records[i].length;
  }
  ssize_t wrote;
  do
    wrote = writev (j->fd, parts, (int) (2 * n));
  while (wrote < 0 && errno == EINTR);
  if (wrote >= 0 && (size_t) wrote == total) {
    j->size += total;
    j->wrote += total;
    return 0;
  }
  /* A short write is a disk that is just becoming full. */
  int r = wrote < 0 ? -errno : -ENOSPC;
  if (wrote > 0 && ftruncate (j->fd, (off_t) j->size) < 0)
    j->size += (uint64_t) wrote; /* stays as a damaged stretch, which reading passes over */
  return r;
}

int
journal_reset (struct journal *j)
{
  if (ftruncate (j->fd, 0) < 0)
    return -errno;
  j->size = 0;
  return 0;
}

int
journal_replace (struct journal *j, int directory, const char *name, const struct journal_record *records, unsigned n)
{
  char temporary[FILE_NAME];
  struct journal fresh;
  snprintf (temporary, sizeof temporary, "%s.new", name);
  if (unlinkat (directory, temporary, 0) < 0 && errno != ENOENT)
    return -errno;
  int r = try_open (directory, temporary, O_EXCL, &fresh);
  if (r)
    return r;
  if (n)
    r = journal_append (&fresh, records, n);
  if (!r && renameat (directory, temporary, directory, name) < 0)
    r = -errno;
  if (r) {
    journal_close (&fresh);
    unlinkat (directory, temporary, 0);
    return r;
  }
  fresh.wrote += j->wrote;
  journal_close (j);
  *j = fresh;
  return 0;
}

void
journal_close (struct journal *j)
{
  if (j->fd >= 0)
    close (j->fd);
  j->fd = -1;
}
