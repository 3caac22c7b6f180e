#include "spool-inner.h"

#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_FILES = 4096, SET_ASIDE = 8 };

/* ---- The directory ---- */

static int
lock_directory (int directory, int *ret_fd)
{
  struct stat st;
  int fd = openat (directory, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  if (fd < 0)
    return -errno;
  int r = flock (fd, LOCK_EX | LOCK_NB) < 0 ? -errno : fstat (fd, &st) < 0 ? -errno : 0;
  /* Somebody may have removed it between the open and the lock. */
  if (!r && !st.st_nlink)
    r = -EWOULDBLOCK;
  if (r) {
    close (fd);
    return r;
  }
  *ret_fd = fd;
  return 0;
}

static int
open_directory (struct spool *s)
{
  int owner = -1, r = path_mkdirs (s->config.path, 0700);
  if (r)
    return r;
  int directory = open (s->config.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return -errno;
  r = lock_directory (directory, &owner);
  if (r) {
    close (directory);
    return r;
  }
  s->directory = directory;
  s->owner = owner;
  return 0;
}

static bool
is_removed (int fd)
{
  struct stat st;
  return fd >= 0 && (fstat (fd, &st) < 0 || !st.st_nlink);
}

/* The directory, its lock or the file that is written to was removed or replaced. */
static bool
is_lost (const struct spool *s)
{
  struct stat have, there;
  if (fstat (s->directory, &have) < 0 || stat (s->config.path, &there) < 0)
    return true;
  return have.st_ino != there.st_ino || have.st_dev != there.st_dev || is_removed (s->owner) || is_removed (s->fd);
}

void
spool_detach (struct spool *s)
{
  size_t kept = 0;
  for (size_t i = 0; i < s->n; i++)
    if (s->entries[i].packed) {
      s->entries[kept] = s->entries[i];
      s->entries[kept++].length = 0;
    }
  s->n = kept;
  s->n_parts = 0;
  s->counts.bytes = s->counts.unreadable = 0;
  free (s->unreadable);
  s->unreadable = NULL;
  spool_close_reader (s);
  if (s->fd >= 0)
    close (s->fd);
  if (s->directory >= 0)
    close (s->directory);
  if (s->owner >= 0)
    close (s->owner);
  s->fd = s->directory = s->owner = -1;
}

/* ---- Its files ---- */

static void
set_aside (struct spool *s, uint32_t number)
{
  char name[SPOOL_NAME], to[SPOOL_NAME];
  struct stat st;
  spool_file_name (number, name);
  for (int i = 0; i < SET_ASIDE; i++) {
    snprintf (to, sizeof to, "set-aside.%d", i);
    if (fstatat (s->directory, to, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT
        && renameat (s->directory, name, s->directory, to) == 0)
      break;
  }
  /* Where there is no room for more it stays as it is, and is passed over. */
  s->counts.set_aside++;
}

struct load {
  struct spool *spool;
  uint32_t number;
};

/* A fuller one is known. In a file that is enough; from memory it may yet be lost. */
static void
pass_over (struct spool *s, struct spool_entry *fuller, const struct spool_entry *e)
{
  struct spool_entry gone = *e;
  if (fuller->packed && (!fuller->length || fuller->stored_samples < e->samples)) {
    gone = *fuller;
    spool_keep_stored (fuller, e);
    fuller->again |= e->again;
  }
  spool_release (s, &gone);
}

/* Takes one point of a file into the index, unless a fuller one is there. */
static int
take_in (void *arg, const struct spool_record *record)
{
  const struct load *load = arg;
  struct spool *s = load->spool;
  const struct point *p = record->point;
  struct spool_entry e = {.minute = p->minute,
                          .host = hostname_hash (p->host),
                          .file = load->number,
                          .offset = record->offset,
                          .length = record->length,
                          .serial = s->next_serial++,
                          .samples = p->samples,
                          .again = p->flags & POINT_AGAIN};
  bool there;
  int r = spool_room (s);
  if (r)
    return r;
  size_t at = spool_find (s, e.minute, e.host, &there);
  spool_part (s, load->number)->waiting++;
  if (there && s->entries[at].samples > e.samples) {
    pass_over (s, &s->entries[at], &e);
    return 0;
  }
  if (there) {
    struct spool_entry old = s->entries[at];
    spool_release (s, &old);
    spool_take_out (s, at, 1);
    e.again |= old.again;
  }
  s->counts.recovered++;
  spool_insert (s, at, &e);
  return 0;
}

/* Neither begins like a file of ours, nor is it what a power cut leaves of one: zeros. */
static bool
is_foreign (const unsigned char *data, size_t length)
{
  size_t zeros = 0;
  while (zeros < length && !data[zeros])
    zeros++;
  return zeros < length && memcmp (data, "KKp1", length < 4 ? length : 4);
}

static int
load_data (struct spool *s, uint32_t number, const unsigned char *data, size_t length)
{
  struct load load = {s, number};
  struct spool_scan scan = {0};
  int fd;
  struct spool_part *part = spool_add_part (s, number);
  part->size = (uint32_t) length;
  part->waiting = 1; /* so that it stays while it is read */
  s->counts.bytes += length;
  int r = spool_file_scan (data, length, take_in, &load, &scan);
  if (r)
    return r;
  s->counts.damaged_bytes += scan.damaged;
  s->counts.torn_bytes += scan.torn;
  part = spool_part (s, number);
  part->waiting--;
  if (!part->waiting && !scan.waiting && !scan.done && is_foreign (data, length)) {
    set_aside (s, number);
    spool_remove_part (s, part);
  } else if (!part->waiting)
    spool_remove_empty (s, part);
  else if (scan.torn && spool_reader (s, number, &fd) == 0 && ftruncate (fd, (off_t) scan.whole) == 0) {
    s->counts.bytes -= scan.torn;
    part->size = scan.whole;
  }
  return 0;
}

static int
read_file (const struct spool *s, uint32_t number, unsigned char **ret, size_t *ret_length)
{
  int fd, r = spool_file_open (s->directory, number, false, &fd);
  if (r)
    return r;
  r = spool_file_read (fd, ret, ret_length);
  close (fd);
  return r;
}

static int
load_file (struct spool *s, uint32_t number)
{
  unsigned char *data = NULL;
  size_t length = 0;
  int r = spool_room (s);
  if (r)
    return r;
  r = read_file (s, number, &data, &length);
  if (r == -ELOOP || r == -EFBIG)
    set_aside (s, number);
  else if (r && r != -ENOMEM && r != -ENOENT) {
    s->counts.disk_errors++;
    if (!s->counts.unreadable)
      s->counts.unreadable_error = r;
    s->unreadable[s->counts.unreadable++] = number;
  }
  if (r)
    return r == -ENOMEM ? r : 0;
  r = load_data (s, number, data, length);
  free (data);
  return r;
}

/* One of those that could not be read can be now, or is gone. */
static bool
is_readable_again (const struct spool *s)
{
  bool again = false;
  for (uint64_t i = 0; i < s->counts.unreadable && !again; i++) {
    unsigned char *data = NULL;
    size_t length;
    int r = read_file (s, s->unreadable[i], &data, &length);
    free (data);
    again = !r || r == -ENOENT;
  }
  return again;
}

static uint64_t
count_removed (const struct spool *s)
{
  uint64_t n = 0;
  struct stat st;
  for (uint64_t i = 0; i < s->counts.unreadable; i++) {
    char name[SPOOL_NAME];
    spool_file_name (s->unreadable[i], name);
    n += fstatat (s->directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
  }
  return n;
}

static int
by_number (const void *a, const void *b)
{
  const uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
  return (x > y) - (x < y);
}

/* The numbers of its files, ascending; more than could be ours are passed over. */
static int
list (struct spool *s, uint32_t *numbers, size_t *ret_n)
{
  int fd = openat (s->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *d = fd < 0 ? NULL : fdopendir (fd);
  if (!d) {
    int r = -errno;
    if (fd >= 0)
      close (fd);
    return r;
  }
  size_t n = 0;
  uint32_t number;
  s->next_number = 1;
  for (struct dirent *e; (e = readdir (d));) {
    if (!spool_file_parse (e->d_name, &number))
      continue;
    if (number >= s->next_number)
      s->next_number = number + 1;
    if (n < MOST_FILES)
      numbers[n++] = number;
    else
      s->counts.set_aside++;
  }
  closedir (d);
  qsort (numbers, n, sizeof *numbers, by_number);
  *ret_n = n;
  return 0;
}

static int
load (struct spool *s)
{
  uint32_t *numbers = malloc (MOST_FILES * sizeof *numbers);
  size_t n = 0;
  int r = numbers ? list (s, numbers, &n) : -ENOMEM;
  s->unreadable = r || !n ? NULL : malloc (n * sizeof *numbers);
  if (n && !r && !s->unreadable)
    r = -ENOMEM;
  for (size_t i = 0; i < n && !r; i++)
    r = load_file (s, numbers[i]);
  free (numbers);
  if (!s->counts.unreadable) {
    free (s->unreadable);
    s->unreadable = NULL;
  }
  spool_close_reader (s);
  if (r || !s->n_parts)
    return r;
  const struct spool_part *last = &s->parts[s->n_parts - 1];
  int fd;
  if (last->size < s->part_bytes && spool_file_open (s->directory, last->number, false, &fd) == 0)
    s->fd = fd;
  return 0;
}

int
spool_attach (struct spool *s)
{
  size_t known = 0;
  if (s->directory >= 0) {
    if (!is_lost (s) && !is_readable_again (s))
      return 0;
    known = s->n - s->counts.in_memory;
    s->counts.unreadable_gone += count_removed (s);
    spool_detach (s);
  }
  int r = open_directory (s);
  if (!r)
    r = load (s);
  if (r)
    spool_detach (s);
  if (s->n - s->counts.in_memory < known)
    s->counts.lost += known - (s->n - s->counts.in_memory);
  if (r)
    return r;
  s->counts.opened++;
  spool_make_room (s);
  return 0;
}
