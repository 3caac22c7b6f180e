#include "lock.h"

#include "buf.h"
#include "path.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <json.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 32 << 10 };

struct lock {
  char *path;
  int fd;
};

static bool
is_still (int fd, const char *path)
{
  struct stat ours, named;
  return !fstat (fd, &ours) && !stat (path, &named) && ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

static int
open_locked (const char *path, int *ret)
{
  for (int tries = 0; tries < 16; tries++) {
    int fd = open (path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
      return -errno;
    int r = flock (fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
    if (!r && is_still (fd, path)) {
      fchmod (fd, 0600);
      *ret = fd;
      return 0;
    }
    close (fd);
    if (r < 0)
      return r;
  }
  return -EWOULDBLOCK;
}

int
lock_take (const char *data_dir, struct lock **ret)
{
  struct lock *lock = calloc (1, sizeof *lock);
  if (!lock)
    return -ENOMEM;
  int r = path_join (data_dir, "daemon.lock", &lock->path);
  if (!r)
    r = open_locked (lock->path, &lock->fd);
  if (r < 0) {
    free (lock->path);
    free (lock);
    return r;
  }
  *ret = lock;
  return 0;
}

void
lock_release (struct lock *lock)
{
  if (!lock)
    return;
  close (lock->fd);
  free (lock->path);
  free (lock);
}

/* ---- The text ---- */

static void
add_string (struct buf *b, const char *name, const char *value)
{
  if (!value)
    return;
  buf_printf (b, ",\"%s\":", name);
  text_json_string (b, value, strlen (value));
}

int
lock_describe (struct lock *lock, const struct holder *h)
{
  BUF_CLEANUP struct buf b = {.max = TEXT_MAX};
  buf_printf (&b, "{\"pid\":%ld,\"start\":%llu", (long)h->id.pid, (unsigned long long)h->id.start);
  buf_printf (&b, ",\"foreground\":%s,\"debug\":%s", h->foreground ? "true" : "false", h->debug ? "true" : "false");
  add_string (&b, "unit", h->unit);
  if (h->unit)
    buf_printf (&b, ",\"user_unit\":%s", h->user_unit ? "true" : "false");
  add_string (&b, "config_file", h->config_file);
  add_string (&b, "plugin_dir", h->plugin_dir);
  buf_adds (&b, "}\n");
  if (b.error)
    return b.error;
  if (ftruncate (lock->fd, 0) < 0)
    return -errno;
  ssize_t n = pwrite (lock->fd, b.data, b.len, 0);
  return n < 0 ? -errno : (size_t)n < b.len ? -ENOSPC : 0;
}

static char *
get_string (struct json_object *o, const char *name)
{
  struct json_object *v;
  if (!json_object_object_get_ex (o, name, &v) || !json_object_is_type (v, json_type_string))
    return NULL;
  return strdup (json_object_get_string (v));
}

static bool
get_bool (struct json_object *o, const char *name)
{
  struct json_object *v;
  return json_object_object_get_ex (o, name, &v) && json_object_get_boolean (v);
}

static int64_t
get_int (struct json_object *o, const char *name)
{
  struct json_object *v;
  return json_object_object_get_ex (o, name, &v) ? json_object_get_int64 (v) : 0;
}

static int
read_text (int fd, struct holder *ret)
{
  char *text = calloc (1, TEXT_MAX);
  if (!text)
    return -ENOMEM;
  ssize_t n = pread (fd, text, TEXT_MAX - 1, 0);
  struct json_object *o = n > 0 ? json_tokener_parse (text) : NULL;
  free (text);
  if (!json_object_is_type (o, json_type_object)) {
    json_object_put (o);
    return -EINVAL;
  }
  int64_t pid = get_int (o, "pid"), start = get_int (o, "start");
  *ret = (struct holder){
      .id = {.pid = pid > 0 && pid < INT32_MAX ? (pid_t)pid : 0, .start = start > 0 ? (uint64_t)start : 0},
      .unit = get_string (o, "unit"),
      .user_unit = get_bool (o, "user_unit"),
      .foreground = get_bool (o, "foreground"),
      .debug = get_bool (o, "debug"),
      .config_file = get_string (o, "config_file"),
      .plugin_dir = get_string (o, "plugin_dir"),
  };
  json_object_put (o);
  return 0;
}

void
holder_clear (struct holder *h)
{
  free (h->unit);
  free (h->config_file);
  free (h->plugin_dir);
  *h = (struct holder){.id.pid = 0};
}

/* The directory may have been removed with the lock in it. */
static int
open_anew (const char *path, int *ret)
{
  int r = open_locked (path, ret);
  const char *slash = strrchr (path, '/');
  if (r != -ENOENT || !slash || slash == path)
    return r;
  char *directory = strndup (path, (size_t)(slash - path));
  r = directory ? path_mkdirs (directory, 0700) : -ENOMEM;
  free (directory);
  return r < 0 ? r : open_locked (path, ret);
}

/* A start holds the lock while it looks who is there; a daemon also writes about itself. */
static int
is_taken (const char *path, const struct process_id *ours)
{
  struct holder other;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (fd < 0)
    return -EBUSY;
  int r = read_text (fd, &other);
  close (fd);
  if (r < 0)
    return -EBUSY;
  bool described = other.id.pid != ours->pid && process_lives (&other.id);
  holder_clear (&other);
  return described ? -EEXIST : -EBUSY;
}

int
lock_tend (struct lock *lock, const struct holder *holder)
{
  if (is_still (lock->fd, lock->path))
    return 0;
  int fd;
  int r = open_anew (lock->path, &fd);
  if (r < 0)
    return r == -EWOULDBLOCK ? is_taken (lock->path, &holder->id) : r;
  close (lock->fd);
  lock->fd = fd;
  r = lock_describe (lock, holder);
  return r < 0 ? r : 1;
}

int
lock_holder (const char *data_dir, struct holder *ret)
{
  *ret = (struct holder){.id.pid = 0};
  char *path;
  int r = path_join (data_dir, "daemon.lock", &path);
  if (r < 0)
    return r;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  r = fd < 0 ? -errno : 0;
  free (path);
  if (r < 0)
    return r;
  /* A shared lock for a moment: it disturbs no other question, and whoever wants the lock for good tries more than once. */
  bool held = flock (fd, LOCK_SH | LOCK_NB) < 0 && errno == EWOULDBLOCK;
  if (!held)
    flock (fd, LOCK_UN);
  r = read_text (fd, ret);
  close (fd);
  if (!held)
    return -ENOENT;
  return r < 0 || !process_lives (&ret->id) ? -ESRCH : 0;
}
