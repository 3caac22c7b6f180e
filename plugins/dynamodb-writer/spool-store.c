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
    if (s->entries[i].packed || s->entries[i].file != number)
      s->entries[kept++] = s->entries[i];
  s->counts.dropped_full += s->n - kept;
  s->n = kept;
}

void
spool_make_room (struct spool *s, uint64_t more)
{
  for (size_t i = 0; i < s->n_parts;) {
    size_t before = s->n_parts;
    if (!s->parts[i].waiting && !is_last (s, &s->parts[i]))
      spool_remove_empty (s, &s->parts[i]);
    i += s->n_parts == before;
  }
  while (s->n_parts && s->counts.bytes + more > s->config.max_bytes) {
    size_t before = s->n_parts;
    forget_part (s, s->parts[0].number);
    s->parts[0].waiting = 0;
    spool_remove_empty (s, &s->parts[0]);
    if (s->n_parts == before)
      return;
  }
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
  spool_add_part (s, s->next_number - 1);
  if (s->config.sync)
    fsync (s->directory);
  return 0;
}

int
spool_store (struct spool *s, const unsigned char *packed, size_t length, struct spool_entry *e)
{
  int r = spool_room (s);
  if (r)
    return r;
  spool_make_room (s, SPOOL_RECORD_HEADER + length);
  if (s->fd < 0 || s->parts[s->n_parts - 1].size + SPOOL_RECORD_HEADER + length > s->part_bytes)
    r = begin_part (s);
  if (r)
    return r;
  struct spool_part *part = &s->parts[s->n_parts - 1];
  s->counts.bytes -= part->size;
  int64_t offset = spool_file_append (s->fd, &part->size, packed, length);
  s->counts.bytes += part->size;
  if (offset < 0)
    return (int) offset;
  if (s->config.sync && fdatasync (s->fd) < 0)
    note (s, -errno);
  part->waiting++;
  e->file = part->number;
  e->offset = (uint32_t) offset;
  e->length = (uint32_t) (SPOOL_RECORD_HEADER + length);
  return 0;
}

void
spool_release (struct spool *s, const struct spool_entry *e)
{
  struct spool_part *part = e->packed ? NULL : spool_part (s, e->file);
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
