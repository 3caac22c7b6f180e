#include "spool-inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static bool
is_last (const struct spool *s, const struct spool_part *part)
{
  return s->fd >= 0 && part == s->parts + s->n_parts - 1;
}

static void
note (struct spool *s, int error)
{
  if (error)
    s->counts.disk_errors++;
}

void
spool_close_reader (struct spool *s)
{
  if (s->reader >= 0)
    close (s->reader);
  s->reader = -1;
}

int
spool_reader (struct spool *s, uint32_t number, int *ret_fd)
{
  if (s->fd >= 0 && s->parts[s->n_parts - 1].number == number) {
    *ret_fd = s->fd;
    return 0;
  }
  if (s->reader < 0 || s->reader_number != number) {
    int fd;
    spool_close_reader (s);
    int r = spool_file_open (s->directory, number, false, &fd);
    if (r)
      return r;
    s->reader = fd;
    s->reader_number = number;
  }
  *ret_fd = s->reader;
  return 0;
}

void
spool_remove_empty (struct spool *s, struct spool_part *part)
{
  char name[SPOOL_NAME];
  if (is_last (s, part)) {
    close (s->fd);
    s->fd = -1;
  }
  if (s->reader_number == part->number)
    spool_close_reader (s);
  spool_file_name (part->number, name);
  if (unlinkat (s->directory, name, 0) < 0 && errno != ENOENT)
    note (s, -errno);
  else
    spool_remove_part (s, part);
}

/* Without a file's points, as if each of them was done. */
static void
forget_part (struct spool *s, uint32_t number)
{
  size_t kept = 0;
  for (size_t i = 0; i < s->n; i++)
    if (s->entries[i].packed || s->entries[i].file != number) {
      struct spool_entry *e = &s->entries[kept++];
      *e = s->entries[i];
      if (e->file == number)
        e->length = 0;
    }
  s->counts.dropped_full += s->n - kept;
  s->n = kept;
}

static void
remove_empty_parts (struct spool *s)
{
  for (size_t i = 0; i < s->n_parts;) {
    size_t before = s->n_parts;
    if (!s->parts[i].waiting && !is_last (s, &s->parts[i]))
      spool_remove_empty (s, &s->parts[i]);
    i += s->n_parts == before;
  }
}

void
spool_make_room (struct spool *s)
{
  while (s->n_parts && !is_last (s, &s->parts[0]) && s->counts.bytes > s->config.max_bytes) {
    size_t before = s->n_parts;
    forget_part (s, s->parts[0].number);
    s->parts[0].waiting = 0;
    spool_remove_empty (s, &s->parts[0]);
    if (s->n_parts == before)
      return;
  }
}

/* 0 also where the file system has no such thing. */
static int
sync_error (int r)
{
  return r == 0 || errno == EINVAL || errno == ENOTSUP ? 0 : -errno;
}

static int
begin_part (struct spool *s)
{
  int r = -EEXIST, fd;
  for (int tries = 0; r == -EEXIST && tries < 16; tries++) {
    if (s->next_number > SPOOL_NUMBER_MOST)
      return -EOVERFLOW;
    r = spool_file_open (s->directory, s->next_number++, true, &fd);
  }
  if (r)
    return r;
  if (s->fd >= 0)
    close (s->fd);
  s->fd = fd;
  struct spool_part *part = spool_add_part (s, s->next_number - 1);
  r = s->config.sync ? sync_error (fsync (s->directory)) : 0;
  if (r)
    spool_remove_empty (s, part);
  return r;
}

/* At the end of the last part. */
static int
append (struct spool *s, const unsigned char *packed, size_t length, uint32_t *ret_offset)
{
  struct spool_part *part = &s->parts[s->n_parts - 1];
  const uint32_t before = part->size;
  int64_t offset = spool_file_append (s->fd, &part->size, packed, length);
  if (offset < 0)
    return (int) offset;
  int r = s->config.sync ? sync_error (fdatasync (s->fd)) : 0;
  if (r) {
    /* The kernel says it once, and takes the page for clean afterwards: only writing it again can help. */
    part->size = before;
    if (ftruncate (s->fd, before) < 0)
      note (s, -errno);
    return r;
  }
  s->counts.bytes += part->size - before;
  *ret_offset = before;
  return 0;
}

int
spool_store (struct spool *s, const unsigned char *packed, size_t length, struct spool_entry *e)
{
  int r = spool_room (s);
  if (r)
    return r;
  remove_empty_parts (s);
  if (s->fd < 0 || s->parts[s->n_parts - 1].size + SPOOL_RECORD_HEADER + length > s->part_bytes)
    r = begin_part (s);
  if (!r)
    r = append (s, packed, length, &e->offset);
  if (r)
    return r;
  struct spool_part *part = &s->parts[s->n_parts - 1];
  part->waiting++;
  e->file = part->number;
  e->length = (uint32_t) (SPOOL_RECORD_HEADER + length);
  spool_make_room (s);
  return 0;
}

void
spool_release (struct spool *s, const struct spool_entry *e)
{
  struct spool_part *part = e->length ? spool_part (s, e->file) : NULL;
  int fd;
  if (!part)
    return;
  part->waiting--;
  if (!part->waiting && !is_last (s, part)) {
    spool_remove_empty (s, part);
    return;
  }
  if (!part->waiting && ftruncate (s->fd, 0) == 0) {
    s->counts.bytes -= part->size;
    part->size = 0;
    return;
  }
  int r = spool_reader (s, e->file, &fd);
  if (!r)
    r = spool_file_mark (fd, e->offset);
  note (s, r);
}
