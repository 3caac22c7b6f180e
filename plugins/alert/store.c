#include "store.h"

#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_READ = 64 << 20 };

void
alert_store_init (struct alert_store *s, uint64_t max_bytes, uint32_t history)
{
  *s = (struct alert_store){.directory = -1, .lock = -1, .fd = -1, .max_bytes = max_bytes, .history = history};
  if (s->max_bytes < ALERT_STORE_LEAST)
    s->max_bytes = ALERT_STORE_LEAST;
  if (s->max_bytes > MOST_READ)
    s->max_bytes = MOST_READ;
}

void
alert_store_close (struct alert_store *s)
{
  if (s->fd >= 0)
    close (s->fd);
  if (s->lock >= 0)
    close (s->lock);
  if (s->directory >= 0)
    close (s->directory);
  s->fd = s->lock = s->directory = -1;
}

/* ---- Opening ---- */

static int
open_file (struct alert_store *s)
{
  struct stat st;
  int fd =
    openat (s->directory, ALERT_STORE_FILE, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0600);
  if (fd < 0)
    return -errno;
  int r = fstat (fd, &st) < 0 ? -errno : S_ISREG (st.st_mode) ? 0 : -ELOOP;
  if (r) {
    close (fd);
    return r;
  }
  s->fd = fd;
  s->size = s->begun = (uint64_t) st.st_size;
  return 0;
}

/* The beginning of a line, as a crash in the very first write leaves it. */
static bool
is_begun_line (const char *data, size_t length)
{
  static const char like[] = "xxxxxxxx {\"t\":\"";
  for (size_t i = 0; i < length && like[i]; i++)
    if (like[i] == 'x' ? !data[i] || !strchr ("0123456789abcdef", data[i]) : data[i] != like[i])
      return false;
  return !memchr (data, '\n', length);
}

/* With something in it from the first: one that is empty was emptied. */
static int
begin_file (struct alert_store *s)
{
  int r = alert_store_rewrite (s, &(struct buf){.len = 0}, NULL, 1);
  s->rewritten = 0;
  return r ? open_file (s) : 0;
}

static int
load (struct alert_store *s, alert_record_visit visit, void *arg)
{
  struct alert_scan scan = {0};
  char *data = NULL;
  size_t length = 0;
  int r = alert_file_read (s->directory, ALERT_STORE_FILE, MOST_READ, &data, &length);
  if (r == -ENOENT)
    return begin_file (s);
  if (r == -ENOMEM)
    return r;
  if (!r)
    r = alert_record_scan (data, length, visit, arg, &scan);
  else {
    /* Too long, no file, not readable. */
    s->damaged = true;
    r = alert_file_set_aside (s->directory, ALERT_STORE_FILE);
    if (!r)
      r = alert_file_replace (s->directory, ALERT_STORE_FILE, "", 0, NULL);
  }
  const bool foreign = data && !scan.records && !is_begun_line (data, length);
  free (data);
  if (!r)
    r = open_file (s);
  if (r)
    return r;
  s->emptied = !s->damaged && !length;
  s->behind |= s->emptied;
  s->torn_bytes += scan.torn;
  s->damaged_bytes += scan.damaged;
  if (scan.damaged || (scan.torn && foreign)) {
    s->damaged = true;
    alert_file_set_aside (s->directory, ALERT_STORE_FILE);
    s->behind = true;
    return 0;
  }
  if (!scan.torn)
    return 0;
  if (ftruncate (s->fd, (off_t) scan.whole) < 0)
    s->behind = true;
  else
    s->size = scan.whole;
  return 0;
}

int
alert_store_open (struct alert_store *s, const char *path, alert_record_visit visit, void *arg)
{
  int r = alert_file_directory (path, true, &s->directory);
  if (!r)
    r = alert_file_lock (s->directory, ALERT_STORE_LOCK, false, &s->lock);
  if (!r)
    r = load (s, visit, arg);
  if (r)
    alert_store_close (s);
  s->error = r == -EWOULDBLOCK ? s->error : r;
  return r;
}

/* ---- Writing ---- */

int
alert_store_append (struct alert_store *s, const struct buf *lines)
{
  ssize_t n;
  if (lines->error || s->behind || s->fd < 0) {
    s->behind = true; /* and why stays the reason */
    return s->error = lines->error ? lines->error : s->error ? s->error : -EAGAIN;
  }
  do
    n = write (s->fd, lines->data, lines->len);
  while (n < 0 && errno == EINTR);
  if (n >= 0 && (size_t) n == lines->len) {
    s->size += lines->len;
    s->appended++;
    return s->error = 0;
  }
  /* A short write is a disk that is just becoming full. */
  s->error = n < 0 ? -errno : -ENOSPC;
  s->behind = true;
  if (n > 0 && ftruncate (s->fd, (off_t) s->size) < 0)
    s->size += (uint64_t) n; /* reading passes over it */
  return s->error;
}

bool
alert_store_wants_rewrite (struct alert_store *s)
{
  struct stat st;
  uint64_t most = 2 * s->begun;
  if (s->directory < 0)
    return false;
  if (s->behind || s->fd < 0 || fstat (s->fd, &st) < 0 || !st.st_nlink)
    return true;
  if (most < ALERT_STORE_LEAST)
    most = ALERT_STORE_LEAST;
  return s->size > (most < s->max_bytes ? most : s->max_bytes);
}

/* The last changes in a file, as they stand there. */
struct history {
  struct {
    const char *line;
    size_t length;
  } * lines;
  uint32_t most, next;
  uint64_t n;
};

static int
note_line (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  struct history *h = arg;
  if (r->type != ALERT_RECORD_EVENT)
    return 0;
  h->lines[h->next].line = line;
  h->lines[h->next].length = length;
  h->next = (h->next + 1) % h->most;
  h->n++;
  return 0;
}

/* Adds as many of them as there is room for, the oldest first. */
static void
add_history (struct buf *b, const struct history *h, size_t room)
{
  uint32_t n = h->n < h->most ? (uint32_t) h->n : h->most, kept = 0;
  for (; kept < n; kept++) {
    size_t length = h->lines[(h->next + h->most - 1 - kept) % h->most].length + 1;
    if (length > room)
      break;
    room -= length;
  }
  for (; kept > 0; kept--) {
    uint32_t at = (h->next + h->most - kept) % h->most;
    buf_add (b, h->lines[at].line, h->lines[at].length);
    buf_addc (b, '\n');
  }
}

/* Takes the history over from the file that is there; where there is none, or no memory, it is lost. */
static void
copy_history (const struct alert_store *s, struct buf *b, size_t room)
{
  struct history h = {.most = s->history};
  struct alert_scan scan;
  char *data;
  size_t length;
  if (!h.most || alert_file_read (s->directory, ALERT_STORE_FILE, MOST_READ, &data, &length))
    return;
  h.lines = calloc (h.most, sizeof *h.lines);
  if (h.lines && alert_record_scan (data, length, note_line, &h, &scan) == 0)
    add_history (b, &h, room);
  free (h.lines);
  free (data);
}

int
alert_store_rewrite (struct alert_store *s, const struct buf *lines, const struct buf *more, uint64_t next_serial)
{
  BUF_CLEANUP struct buf b = {0};
  int fd, r = 0;
  if (s->directory < 0)
    return -EBADF;
  const size_t half = s->max_bytes / 2, length = lines->len + (more ? more->len : 0);
  copy_history (s, &b, length < half ? half - length : 0);
  alert_record_add (&b, &(struct alert_record){.type = ALERT_RECORD_BASE, .serial = next_serial});
  buf_add (&b, lines->data ? lines->data : "", lines->len);
  buf_add (&b, more && more->data ? more->data : "", more ? more->len : 0);
  r = b.error ? b.error : alert_file_replace (s->directory, ALERT_STORE_FILE, b.data, b.len, &fd);
  if (r) {
    s->behind = true;
    return s->error = r;
  }
  if (s->fd >= 0)
    close (s->fd);
  s->fd = fd;
  s->size = s->begun = b.len;
  s->behind = false;
  s->rewritten++;
  return s->error = 0;
}

void
alert_store_sync (const struct alert_store *s)
{
  if (s->fd >= 0)
    fdatasync (s->fd); /* where that fails a power cut may take it, and nothing else */
}

/* ---- For commands ---- */

struct reading {
  alert_record_visit visit;
  void *arg;
};

static int
visit_change (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  const struct reading *reading = arg;
  return r->type == ALERT_RECORD_EVENT ? reading->visit (reading->arg, r, line, length) : 0;
}

int
alert_history_read (const char *path, alert_record_visit visit, void *arg)
{
  struct reading reading = {visit, arg};
  struct alert_scan scan;
  char *data;
  size_t length;
  int directory = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (directory < 0)
    return -errno;
  int r = alert_file_read (directory, ALERT_STORE_FILE, MOST_READ, &data, &length);
  close (directory);
  if (r)
    return r;
  r = alert_record_scan (data, length, visit_change, &reading, &scan);
  free (data);
  return r;
}
