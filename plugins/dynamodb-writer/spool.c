#include "spool.h"

#include "item.h"
#include "spool-inner.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PARTS = 64, LEAST_PART = 4 << 10, MOST_PART = 256 << 10 };

int
spool_new (const struct spool_config *config, struct spool **ret)
{
  struct spool *s = calloc (1, sizeof *s);
  char *path = strdup (config->path);
  if (!s || !path) {
    free (s);
    free (path);
    return -ENOMEM;
  }
  s->config = *config;
  s->config.path = path;
  if (s->config.max_bytes < SPOOL_LEAST_BYTES)
    s->config.max_bytes = SPOOL_LEAST_BYTES;
  uint64_t part = s->config.max_bytes / PARTS;
  s->part_bytes = part < LEAST_PART ? LEAST_PART : part > MOST_PART ? MOST_PART : (uint32_t) part;
  s->directory = s->owner = s->fd = s->reader = -1;
  pthread_mutex_init (&s->lock, NULL);
  *ret = s;
  return 0;
}

void
spool_free (struct spool *s)
{
  if (!s)
    return;
  spool_detach (s);
  spool_take_out (s, 0, s->n);
  free (s->entries);
  free (s->parts);
  free ((char *) (uintptr_t) s->config.path);
  pthread_mutex_destroy (&s->lock);
  free (s);
}

/* ---- Adding ---- */

/* What waits in memory goes to disk, as far as it takes it. */
static int
settle (struct spool *s)
{
  int r = spool_attach (s);
  for (size_t i = 0; i < s->n && s->counts.in_memory && !r; i++) {
    struct spool_entry e = s->entries[i];
    if (!e.packed)
      continue;
    r = spool_store (s, e.packed, e.packed_length, &e);
    if (r)
      break;
    /* Making room may have dropped others, and thereby moved this one, and what it takes the place of. */
    bool there;
    i = spool_find (s, e.minute, e.host, &there);
    struct spool_entry old = s->entries[i];
    e.packed = NULL;
    s->entries[i] = e;
    s->counts.in_memory--;
    free (old.packed);
    spool_release (s, &old);
  }
  s->counts.error = r;
  return r;
}

/* What is on disk of it, if anything is, waits on. */
static void
drop_from_memory (struct spool *s, size_t at)
{
  struct spool_entry *e = &s->entries[at];
  s->counts.dropped_memory++;
  if (!e->length) {
    spool_take_out (s, at, 1);
    return;
  }
  free (e->packed);
  e->packed = NULL;
  e->samples = e->stored_samples;
  e->serial = s->next_serial++;
  s->counts.in_memory--;
}

static int
keep_in_memory (struct spool *s, const unsigned char *packed, size_t length, struct spool_entry *e)
{
  e->packed = malloc (length);
  if (!e->packed)
    return -ENOMEM;
  memcpy (e->packed, packed, length);
  e->packed_length = (uint32_t) length;
  for (size_t i = 0; i < s->n && s->counts.in_memory >= SPOOL_MEMORY; i++)
    if (s->entries[i].packed) {
      drop_from_memory (s, i);
      break;
    }
  return 0;
}

static int
add (struct spool *s, const struct point *p, const unsigned char *packed, size_t length)
{
  struct spool_entry e = {.minute = p->minute,
                          .host = hostname_hash (p->host),
                          .serial = s->next_serial++,
                          .samples = p->samples,
                          .again = p->flags & POINT_AGAIN};
  bool there;
  int error = settle (s), r = spool_room (s);
  if (r)
    return r;
  size_t at = spool_find (s, e.minute, e.host, &there);
  if (there && s->entries[at].samples >= e.samples)
    return s->entries[at].packed ? error : 0;
  if (!error)
    s->counts.error = error = spool_store (s, packed, length, &e);
  if (error && (r = keep_in_memory (s, packed, length, &e)))
    return r;
  at = spool_find (s, e.minute, e.host, &there);
  if (there) {
    struct spool_entry old = s->entries[at];
    if (e.packed)
      spool_keep_stored (&e, &old);
    else
      spool_release (s, &old);
    e.again |= old.again;
    spool_take_out (s, at, 1);
    s->counts.replaced++;
  }
  spool_insert (s, at, &e);
  return error;
}

int
spool_add (struct spool *s, const struct point *p)
{
  unsigned char packed[POINT_PACKED];
  size_t length = point_pack (p, packed);
  if (!length)
    return -EINVAL;
  pthread_mutex_lock (&s->lock);
  int r = add (s, p, packed, length);
  pthread_mutex_unlock (&s->lock);
  return r;
}

int
spool_open (struct spool *s)
{
  pthread_mutex_lock (&s->lock);
  int r = settle (s);
  pthread_mutex_unlock (&s->lock);
  return r;
}

int
spool_directory (struct spool *s)
{
  pthread_mutex_lock (&s->lock);
  int fd = s->directory < 0 ? -ENOENT : fcntl (s->directory, F_DUPFD_CLOEXEC, 0);
  int r = fd == -1 ? -errno : fd;
  pthread_mutex_unlock (&s->lock);
  return r;
}

/* ---- Sending ---- */

/* Those of minutes from..to that may go. */
static size_t
pick (const struct spool *s, int64_t from, int64_t to, unsigned doubt, size_t most, struct spool_ref *ret)
{
  size_t n = 0;
  for (size_t i = s->n; i-- > 0 && n < most;) {
    const struct spool_entry *e = &s->entries[i];
    if (e->minute < from || e->minute > to || e->doubt != doubt)
      continue;
    ret[n++] = (struct spool_ref){.minute = e->minute,
                                  .host = e->host,
                                  .serial = e->serial,
                                  .samples = e->samples,
                                  .again = e->again,
                                  .unread = doubt == SPOOL_UNREADABLE};
  }
  return n;
}

size_t
spool_pick (struct spool *s, int64_t now, size_t most, struct spool_ref *ret)
{
  const int64_t last = now + SPOOL_FUTURE;
  size_t n = 0;
  pthread_mutex_lock (&s->lock);
  for (unsigned doubt = 0; doubt < SPOOL_UNREADABLE; doubt++)
    n += pick (s, INT64_MIN, last, doubt, most - n, ret + n);
  const int64_t older = s->retried - 1 < last ? s->retried - 1 : last;
  n += pick (s, INT64_MIN, older, SPOOL_UNREADABLE, most - n, ret + n);
  n += pick (s, s->retried, last, SPOOL_UNREADABLE, most - n, ret + n);
  pthread_mutex_unlock (&s->lock);
  return n;
}

static bool
find_ref (const struct spool *s, const struct spool_ref *ref, size_t *ret_at)
{
  bool there;
  *ret_at = spool_find (s, ref->minute, ref->host, &there);
  return there && s->entries[*ret_at].serial == ref->serial;
}

/* Takes one out that is not needed any more. */
static void
drop (struct spool *s, size_t at)
{
  struct spool_entry e = s->entries[at];
  spool_release (s, &e);
  spool_take_out (s, at, 1);
}

/* The others of its file come behind those of other files: one that cannot be read holds up nothing else. Once it can be again
 * they come before those that cannot. */
static void
doubt_file (struct spool *s, const struct spool_entry *e, unsigned from)
{
  for (size_t i = 0; e->doubt == from && i < s->n; i++)
    if (!s->entries[i].packed && s->entries[i].file == e->file && s->entries[i].doubt == from && &s->entries[i] != e)
      s->entries[i].doubt = SPOOL_DOUBTED;
}

static int
get (struct spool *s, const struct spool_ref *ref, struct point *ret)
{
  size_t at;
  int fd;
  if (!find_ref (s, ref, &at))
    return -ENOENT;
  struct spool_entry *e = &s->entries[at];
  if (e->packed)
    return point_unpack (e->packed, e->packed_length, ret);
  int r = spool_reader (s, e->file, &fd);
  if (!r)
    r = spool_file_get (fd, e->offset, e->length, ret);
  if (!r && (ret->minute != e->minute || hostname_hash (ret->host) != e->host))
    r = -EBADMSG;
  if (r == -ENOENT || r == -ELOOP || r == -EBADMSG) {
    drop (s, at);
    s->counts.damaged++;
    return -EBADMSG;
  }
  doubt_file (s, e, r ? SPOOL_FINE : SPOOL_UNREADABLE);
  if (r) {
    s->counts.unread_error = r;
    s->retried = e->minute;
  } else
    s->counts.read_again += e->doubt == SPOOL_UNREADABLE;
  e->doubt = r ? SPOOL_UNREADABLE : SPOOL_FINE;
  return r;
}

int
spool_get (struct spool *s, const struct spool_ref *ref, struct point *ret)
{
  pthread_mutex_lock (&s->lock);
  int r = get (s, ref, ret);
  pthread_mutex_unlock (&s->lock);
  return r;
}

void
spool_done (struct spool *s, const struct spool_ref *ref)
{
  size_t at;
  pthread_mutex_lock (&s->lock);
  if (find_ref (s, ref, &at))
    drop (s, at);
  pthread_mutex_unlock (&s->lock);
}

/* ---- Giving up ---- */

static int
write_refused (struct spool *s, const struct point *p, const char *reason, int64_t now_us)
{
  struct buf line BUF_CLEANUP = {0};
  struct stat st;
  item_refused_line (&line, p, reason, now_us);
  if (line.error)
    return line.error;
  if (s->directory < 0)
    return -ENOENT;
  if (fstatat (s->directory, SPOOL_REFUSED_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0
      && (!S_ISREG (st.st_mode) || (uint64_t) st.st_size + line.len > SPOOL_REFUSED_BYTES)
      && renameat (s->directory, SPOOL_REFUSED_FILE, s->directory, SPOOL_REFUSED_FILE ".1") < 0)
    return -errno;
  int fd = openat (s->directory, SPOOL_REFUSED_FILE, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);
  if (fd < 0)
    return -errno;
  ssize_t n = write (fd, line.data, line.len);
  int r = n < 0 ? -errno : (size_t) n < line.len ? -ENOSPC : 0;
  close (fd);
  return r;
}

int
spool_refuse (struct spool *s, const struct spool_ref *ref, const char *reason, int64_t now_us)
{
  struct point p;
  size_t at;
  pthread_mutex_lock (&s->lock);
  int r = get (s, ref, &p);
  if (r == 0 && find_ref (s, ref, &at)) {
    r = write_refused (s, &p, reason, now_us);
    s->counts.refused++;
    s->counts.refused_unsaved += r != 0;
    drop (s, at);
  }
  pthread_mutex_unlock (&s->lock);
  return r;
}

size_t
spool_expire (struct spool *s, int64_t now)
{
  size_t n = 0;
  pthread_mutex_lock (&s->lock);
  for (; n < s->n && s->entries[n].minute < now - s->config.max_age; n++) {
    struct spool_entry e = s->entries[n];
    spool_release (s, &e);
  }
  spool_take_out (s, 0, n);
  s->counts.dropped_age += n;
  pthread_mutex_unlock (&s->lock);
  return n;
}

size_t
spool_drop_future (struct spool *s, int64_t now)
{
  size_t n = 0;
  pthread_mutex_lock (&s->lock);
  for (; s->n && s->entries[s->n - 1].minute - SPOOL_FUTURE > now; n++)
    drop (s, s->n - 1);
  s->counts.dropped_future += n;
  pthread_mutex_unlock (&s->lock);
  return n;
}

void
spool_look (struct spool *s, struct spool_view *ret)
{
  pthread_mutex_lock (&s->lock);
  *ret = s->counts;
  ret->points = s->n;
  ret->oldest = s->n ? s->entries[0].minute : -1;
  ret->newest = s->n ? s->entries[s->n - 1].minute : -1;
  ret->open = s->directory >= 0;
  for (size_t i = 0; i < s->n; i++) {
    ret->unread += s->entries[i].doubt == SPOOL_UNREADABLE;
    ret->doubted += s->entries[i].doubt == SPOOL_DOUBTED;
  }
  pthread_mutex_unlock (&s->lock);
}
