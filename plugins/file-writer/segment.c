#include "segment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char END[] = "]\n";
static const int64_t MINUTE_NS = INT64_C (60000000000);

static int64_t
minute_of (int64_t wall_ns)
{
  return wall_ns / MINUTE_NS - (wall_ns % MINUTE_NS < 0);
}

bool
segment_takes (const struct segment *s, int64_t wall_ns, size_t length, uint64_t max)
{
  if (!s->entries)
    return true;
  return minute_of (wall_ns) == minute_of (s->first_wall_ns) && s->text.len + length + 4 <= max;
}

int
segment_reserve (struct segment *s, size_t length)
{
  buf_reserve (&s->text, length + 4 + sizeof END);
  int r = s->text.error;
  s->text.error = 0;
  return r;
}

void
segment_add (struct segment *s, int64_t wall_ns, const char *entry, size_t length)
{
  if (!s->entries)
    s->first_wall_ns = wall_ns;
  buf_adds (&s->text, s->entries ? ",\n" : "[");
  buf_add (&s->text, entry, length);
  s->newest_wall_ns = wall_ns;
  s->entries++;
}

static void
kept_close (struct kept_file *f)
{
  if (f->open)
    close (f->fd);
  f->open = false;
}

void
segment_clear (struct segment *s)
{
  enum { KEEP = 1 << 20 };
  if (s->text.cap > KEEP)
    buf_free (&s->text);
  else
    buf_clear (&s->text);
  s->entries = s->published = 0;
  s->on_disk = s->synced = false;
  s->number = 0;
  kept_close (&s->current);
}

void
segment_let_go (struct segment *s, const struct store *store, const char *temporary)
{
  if (s->spare.open && store)
    unlinkat (store->journals, temporary, 0);
  kept_close (&s->spare);
  kept_close (&s->current);
  s->on_disk = false;
  s->published = 0;
}

static int
write_all (int fd, const char *data, size_t length, uint64_t *wrote)
{
  for (size_t at = 0; at < length;) {
    ssize_t n = pwrite (fd, data + at, length - at, (off_t) at);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return n ? -errno : -ENOSPC;
    at += (size_t) n;
    *wrote += (uint64_t) n;
  }
  return ftruncate (fd, (off_t) length) < 0 ? -errno : 0;
}

/* Nobody else has the file open, nor a link to it. A lease for writing is given only then, and there is no other way to ask. */
static bool
is_private (int fd)
{
  struct stat st;
  if (fstat (fd, &st) < 0 || st.st_nlink != 1 || fcntl (fd, F_SETLEASE, F_WRLCK) < 0)
    return false;
  fcntl (fd, F_SETLEASE, F_UNLCK);
  return true;
}

static int
make_spare (struct segment *s, const struct store *store, const char *temporary)
{
  enum { FLAGS = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW };
  if (s->spare.open && is_private (s->spare.fd))
    return 0;
  kept_close (&s->spare);
  if (unlinkat (store->journals, temporary, 0) < 0 && errno != ENOENT)
    return -errno;
  int fd = openat (store->journals, temporary, FLAGS, 0600);
  if (fd < 0)
    return -errno;
  s->spare = (struct kept_file){.open = true, .fd = fd};
  return fchmod (fd, store->file_mode) < 0 ? -errno : 0;
}

/* Fills the spare file. mtime is the newest sample's time, because readers go by it. */
static int
write_spare (struct segment *s, enum segment_sync sync, struct stat *st)
{
  struct timespec time = {.tv_sec = (time_t) (s->newest_wall_ns / 1000000000),
                          .tv_nsec = (long) (s->newest_wall_ns % 1000000000)};
  if (time.tv_nsec < 0) {
    time.tv_sec--;
    time.tv_nsec += 1000000000;
  }
  size_t length = s->text.len;
  buf_adds (&s->text, END);
  if (s->text.error)
    return s->text.error;
  int r = write_all (s->spare.fd, s->text.data, s->text.len, &s->wrote);
  s->text.len = length;
  s->text.data[length] = 0;
  if (r)
    return r;
  struct timespec times[2] = {time, time};
  if (futimens (s->spare.fd, times) < 0 || fstat (s->spare.fd, st) < 0)
    return -errno;
  if (sync == SEGMENT_SYNC && fsync (s->spare.fd) < 0)
    return -errno;
  return 0;
}

static int
make_temporary (struct segment *s, const struct store *store, const char *temporary, enum segment_sync sync, struct stat *st)
{
  int r = make_spare (s, store, temporary);
  if (!r)
    r = write_spare (s, sync, st);
  if (r && s->spare.open) {
    unlinkat (store->journals, temporary, 0);
    kept_close (&s->spare);
  }
  return r;
}

/* A rename that takes nobody's file away. */
static int
rename_to_new (const struct store *store, const char *temporary, const char *name)
{
  if (renameat2 (store->journals, temporary, store->directory, name, RENAME_NOREPLACE) == 0)
    return 0;
  if (errno != EINVAL && errno != ENOSYS)
    return -errno;
  if (linkat (store->journals, temporary, store->directory, name, 0) == 0) {
    unlinkat (store->journals, temporary, 0);
    return 0;
  }
  if (errno != EPERM && errno != EOPNOTSUPP && errno != EMLINK)
    return -errno;
  struct stat st;
  if (fstatat (store->directory, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
    return -EEXIST;
  return renameat (store->journals, temporary, store->directory, name) < 0 ? -errno : 0;
}

/* Looks whether the file of our name is still the one we put there; numbers of inodes are used again. */
static int
check_ours (struct segment *s, const struct store *store)
{
  struct stat st;
  if (!s->on_disk)
    return 0;
  if (fstatat (store->directory, s->name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
    if (errno != ENOENT)
      return -errno;
    s->on_disk = false;
  } else if (st.st_ino != s->inode || st.st_dev != s->device || st.st_size != s->bytes) {
    s->on_disk = false;
    return -EEXIST;
  }
  return 0;
}

/* The file that was current is the spare one now, or gone. */
static void
take_turns (struct segment *s, const struct store *store, const char *temporary, bool exchanged)
{
  struct kept_file old = s->current;
  s->current = s->spare;
  s->spare = old;
  if (exchanged && old.open)
    return;
  if (exchanged)
    unlinkat (store->journals, temporary, 0);
  kept_close (&s->spare);
}

static int
place (struct segment *s, const struct store *store, const char *temporary)
{
  bool exchanged = false;
  int r = 0;
  if (!s->on_disk)
    r = rename_to_new (store, temporary, s->name);
  else if (renameat2 (store->journals, temporary, store->directory, s->name, RENAME_EXCHANGE) == 0)
    exchanged = true;
  else if (errno != EINVAL && errno != ENOSYS)
    r = -errno;
  else if (renameat (store->journals, temporary, store->directory, s->name) < 0)
    r = -errno;
  if (!r)
    take_turns (s, store, temporary, exchanged);
  return r;
}

int
segment_publish (struct segment *s, const struct store *store, const char *temporary, enum segment_sync sync, int *sync_error)
{
  struct stat st;
  *sync_error = 0;
  int r = segment_reserve (s, 0);
  if (!r)
    r = check_ours (s, store);
  if (r)
    return r;
  r = make_temporary (s, store, temporary, sync, &st);
  if (r && sync == SEGMENT_SYNC && r != -ENOSPC && r != -EDQUOT) {
    /* After a failed fsync the kernel may have dropped the pages: only a new file is worth another try. */
    *sync_error = r;
    r = make_temporary (s, store, temporary, SEGMENT_SYNC, &st);
    if (!r)
      *sync_error = 0;
    else
      r = make_temporary (s, store, temporary, sync = SEGMENT_NO_SYNC, &st);
  }
  if (!r)
    r = place (s, store, temporary);
  if (r)
    return r;
  if (sync == SEGMENT_SYNC && fsync (store->directory) < 0)
    *sync_error = -errno;
  s->on_disk = true;
  s->synced = sync == SEGMENT_SYNC;
  s->device = st.st_dev;
  s->inode = st.st_ino;
  s->bytes = st.st_size;
  s->published = s->entries;
  return 0;
}
