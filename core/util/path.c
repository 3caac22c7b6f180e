#include <config.h>

#include "path.h"

#include "buf.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PASSWD_BUFFER = 16384 };

static int
copy (const char *text, char **ret)
{
  char *s = strdup (text);
  if (!s)
    return -ENOMEM;
  *ret = s;
  return 0;
}

/* The home directory that the user database knows; `name` NULL: of the running user. */
static int
database_home (const char *name, char **ret)
{
  char *buffer = malloc (PASSWD_BUFFER);
  if (!buffer)
    return -ENOMEM;
  struct passwd entry, *found = NULL;
  if (name)
    getpwnam_r (name, &entry, buffer, PASSWD_BUFFER, &found);
  else
    getpwuid_r (geteuid (), &entry, buffer, PASSWD_BUFFER, &found);
  int r = found && found->pw_dir && found->pw_dir[0] == '/' ? copy (found->pw_dir, ret) : -ENOENT;
  free (buffer);
  return r;
}

int
path_home (char **ret)
{
  const char *home = getenv ("HOME");
  if (home && home[0] == '/')
    return copy (home, ret);
  return database_home (NULL, ret);
}

int
path_join (const char *directory, const char *name, char **ret)
{
  size_t length = strlen (directory);
  while (length > 1 && directory[length - 1] == '/')
    length--;
  while (*name == '/')
    name++;
  const char *slash = length && directory[length - 1] == '/' ? "" : "/";
  char *joined;
  if (asprintf (&joined, "%.*s%s%s", (int) length, directory, *name ? slash : "", name) < 0)
    return -ENOMEM;
  *ret = joined;
  return 0;
}

int
path_expand (const char *path, char **ret)
{
  if (path[0] != '~')
    return copy (path, ret);
  char *home = NULL, *name = NULL;
  const char *rest = path + 1 + strcspn (path + 1, "/");
  int r;
  if (rest == path + 1) {
    r = path_home (&home);
  } else {
    name = strndup (path + 1, (size_t) (rest - path - 1));
    r = name ? database_home (name, &home) : -ENOMEM;
    free (name);
  }
  if (r < 0)
    return r;
  r = path_join (home, rest, ret);
  free (home);
  return r;
}

static int
absolute (const char *path, char **ret)
{
  if (path[0] == '/' || path[0] == '~')
    return path_expand (path, ret);
  char *here = getcwd (NULL, 0);
  if (!here)
    return -errno;
  int r = path_join (here, strcmp (path, ".") ? path : "", ret);
  free (here);
  return r;
}

int
path_list_absolute (const char *list, char **ret)
{
  struct buf BUF_CLEANUP b = {0};
  while (*list) {
    size_t n = strcspn (list, ":");
    char *one = strndup (list, n), *full = NULL;
    int r = !one ? -ENOMEM : n ? absolute (one, &full) : 0;
    if (full)
      buf_printf (&b, "%s%s", b.len ? ":" : "", full);
    free (full);
    free (one);
    if (r < 0)
      return r;
    list += n + (list[n] == ':');
  }
  return b.error ? b.error : copy (b.len ? b.data : "", ret);
}

/* mkdir whose result has `mode` exactly: a umask of 0777 must not lock us out of our own directory. */
static int
make_directory (const char *path, mode_t mode)
{
  if (mkdir (path, mode) == 0)
    return chmod (path, mode) < 0 ? -errno : 0;
  if (errno != EEXIST)
    return -errno;
  struct stat st;
  if (stat (path, &st) < 0)
    return -errno;
  return S_ISDIR (st.st_mode) ? 0 : -ENOTDIR;
}

int
path_mkdirs (const char *path, mode_t mode)
{
  struct stat st;
  if (stat (path, &st) == 0)
    return S_ISDIR (st.st_mode) ? 0 : -ENOTDIR;
  char *partial = strdup (path);
  if (!partial)
    return -ENOMEM;
  int r = 0;
  for (char *p = partial + 1; r == 0 && *p; p++) {
    if (*p != '/')
      continue;
    *p = 0;
    if (stat (partial, &st) < 0)
      r = make_directory (partial, mode);
    *p = '/';
  }
  if (r == 0)
    r = make_directory (partial, mode);
  free (partial);
  return r;
}

int
path_own_directory (const char *data_dir, const char *name, char **ret)
{
  char *all, *own;
  int r = path_join (data_dir, "plugins", &all);
  if (r)
    return r;
  r = path_join (all, name, &own);
  if (!r) {
    mkdir (all, 0700);
    mkdir (own, 0700);
    *ret = own;
  }
  free (all);
  return r;
}

void
path_own_program (const char *name, const char *installed, char *to, size_t size)
{
  static const char *const beside[] = {"", "../libexec/kode-kronical/"};
  char self[4096];
  const ssize_t n = readlink ("/proc/self/exe", self, sizeof self - 1);
  self[n > 0 ? n : 0] = 0;
  const char *slash = strrchr (self, '/');
  for (size_t i = 0; slash && i < sizeof beside / sizeof *beside; i++) {
    const int length = snprintf (to, size, "%.*s/%s%s", (int) (slash - self), self, beside[i], name);
    if (length > 0 && (size_t) length < size && access (to, X_OK) == 0)
      return;
  }
  snprintf (to, size, "%s/%s", installed, name);
}

static int
try_program (const char *file)
{
  struct stat st;
  if (stat (file, &st) < 0 || access (file, X_OK) < 0)
    return -errno;
  return S_ISREG (st.st_mode) ? 0 : -EACCES;
}

int
path_find_program (const char *program)
{
  const char *path = getenv ("PATH");
  if (!path || !*path)
    path = "/bin:/usr/bin"; /* as execvp does */
  if (strchr (program, '/'))
    return try_program (program);
  int r = -ENOENT;
  for (size_t n; *path; path += n + (path[n] == ':')) {
    char file[4096];
    n = strcspn (path, ":");
    if (snprintf (file, sizeof file, "%.*s/%s", (int) n, path, program) >= (int) sizeof file)
      continue;
    int found = try_program (file);
    if (!found)
      return 0;
    if (found == -EACCES)
      r = found;
  }
  return r;
}

bool
path_is_ours (const char *name)
{
  static const char *const ours[] = {"metrics_*.json", "schema.json", "daemon.log*",
                                     "daemon.pid",     "daemon.lock", "daemon.sock"};
  for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
    if (!fnmatch (ours[i], name, 0))
      return true;
  return false;
}

static int
read_all (int fd, size_t max, struct buf *b)
{
  struct stat st;
  if (fstat (fd, &st) < 0)
    return -errno;
  if (S_ISDIR (st.st_mode))
    return -EISDIR;
  if (!S_ISREG (st.st_mode))
    return -EINVAL;
  if (st.st_size > 0 && (uint64_t) st.st_size > max)
    return -EFBIG;
  size_t step = st.st_size > 0 ? (size_t) st.st_size + 1 : 4096;
  for (;;) {
    char *to = buf_reserve (b, step);
    if (!to)
      return b->error;
    ssize_t n = read (fd, to, step);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    b->len += (size_t) n;
    b->data[b->len] = 0;
    if (n == 0)
      return b->len > max ? -EFBIG : 0;
    step = 4096;
  }
}

int
path_read_file (const char *path, size_t max, char **ret, size_t *ret_length)
{
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
  if (fd < 0)
    return -errno;
  struct buf b = {.max = max + 8192};
  int r = read_all (fd, max, &b);
  close (fd);
  if (r < 0) {
    buf_free (&b);
    return r;
  }
  *ret = b.data;
  *ret_length = b.len;
  return 0;
}

static int
write_all (int fd, const void *data, size_t length)
{
  for (const char *p = data; length;) {
    ssize_t n = write (fd, p, length);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      return -errno;
    p += n;
    length -= (size_t) n;
  }
  return 0;
}

static void
sync_directory_of (const char *path)
{
  const char *slash = strrchr (path, '/');
  char *directory = slash ? strndup (path, slash == path ? 1 : (size_t) (slash - path)) : strdup (".");
  if (!directory)
    return;
  int fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd >= 0) {
    fsync (fd);
    close (fd);
  }
  free (directory);
}

int
path_write_file (const char *path, const void *data, size_t length, mode_t mode, int durable)
{
  char *temporary;
  struct stat st;
  /* As root a rename would put a file in the place of /dev/null. */
  if (!lstat (path, &st) && !S_ISREG (st.st_mode) && !S_ISLNK (st.st_mode))
    return S_ISDIR (st.st_mode) ? -EISDIR : -EEXIST;
  if (asprintf (&temporary, "%s.XXXXXX", path) < 0)
    return -ENOMEM;
  int fd = mkostemp (temporary, O_CLOEXEC);
  if (fd < 0) {
    int r = -errno;
    free (temporary);
    return r;
  }
  int r = write_all (fd, data, length);
  if (r == 0 && fchmod (fd, mode) < 0)
    r = -errno;
  if (r == 0 && durable && fsync (fd) < 0)
    r = -errno;
  if (close (fd) < 0 && r == 0)
    r = -errno;
  if (r == 0 && rename (temporary, path) < 0)
    r = -errno;
  if (r < 0)
    unlink (temporary);
  else if (durable)
    sync_directory_of (path);
  free (temporary);
  return r;
}
