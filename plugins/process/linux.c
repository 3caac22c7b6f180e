#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

enum {
  KEEP_MOST = 256,
  PATH_SIZE = 64,
  MOST_FILES_LISTED = 1 << 20,
};

int
proc_open (struct proc *p, const char *root)
{
  int fd = open (root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  char *listing = malloc (PROC_LISTING_SIZE);
  if (!listing) {
    close (fd);
    return -ENOMEM;
  }
  long ticks = sysconf (_SC_CLK_TCK), page = sysconf (_SC_PAGESIZE);
  *p = (struct proc){.directory = fd,
                     .listing = listing,
                     .ticks = ticks > 0 ? (uint64_t) ticks : 100,
                     .page = page > 0 ? (uint64_t) page : 4096};
  struct statfs fs;
  p->kernel = fstatfs (fd, &fs) == 0 && fs.f_type == PROC_SUPER_MAGIC;
  char self[16] = "";
  p->newest = -1;
  p->ours = p->kernel && readlinkat (fd, "self", self, sizeof self - 1) > 0 && parse_pid (self) == (uint32_t) getpid ();
  struct rlimit files;
  if (p->kernel && getrlimit (RLIMIT_NOFILE, &files) == 0)
    p->keep = files.rlim_cur / 4 < KEEP_MOST ? (uint32_t) (files.rlim_cur / 4) : KEEP_MOST;
  return 0;
}

void
proc_close (struct proc *p)
{
  if (!p->listing)
    return;
  close (p->directory);
  if (p->newest >= 0)
    close (p->newest);
  free (p->listing);
  *p = (struct proc){0};
}

static int
error_of (int error)
{
  return error == ENOENT || error == ENOTDIR ? -ESRCH : -error;
}

static int
open_at (struct proc *p, uint32_t pid, const char *name, int flags)
{
  char path[PATH_SIZE];
  int n = snprintf (path, sizeof path, "%u%s%s", pid, *name ? "/" : "", name);
  if (n < 0 || (size_t) n >= sizeof path)
    return -ENAMETOOLONG;
  /* A made-up tree may hold a FIFO: never wait for its writer. */
  int fd = openat (p->directory, path, flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0 && (errno == EMFILE || errno == ENFILE))
    p->keep = 0;
  return fd < 0 ? error_of (errno) : fd;
}

int
proc_read (struct proc *p, uint32_t pid, const char *name, struct buf *b)
{
  buf_clear (b);
  int fd = open_at (p, pid, name, 0);
  if (fd < 0)
    return fd;
  int error = 0;
  for (;;) {
    size_t want = b->cap - b->len > 1024 ? b->cap - b->len - 1 : 4095;
    if (b->max - b->len < want)
      want = b->max - b->len;
    char *to = want ? buf_reserve (b, want) : NULL;
    if (!to) {
      error = want ? b->error : 0;
      break;
    }
    ssize_t n = read (fd, to, want);
    if (n < 0 && errno == EINTR)
      continue;
    if (n < 0)
      error = error_of (errno);
    if (n <= 0)
      break;
    b->len += (size_t) n;
    to[n] = '\0';
    if ((size_t) n < want)
      break; /* all of it: saves the call that would say so */
  }
  close (fd);
  if (error == 0 && !b->data)
    error = buf_reserve (b, 1) ? (b->data[0] = '\0', 0) : b->error;
  return error;
}

int
proc_read_kept (struct proc *p, uint32_t pid, const char *name, int *fd, char *text, size_t size, size_t *ret_length)
{
  int none = -1;
  bool keep = fd != NULL;
  if (!fd)
    fd = &none;
  int use = *fd;
  if (use < 0)
    use = open_at (p, pid, name, 0);
  if (use < 0)
    return use;
  ssize_t n;
  do
    n = pread (use, text, size - 1, 0);
  while (n < 0 && errno == EINTR);
  int error = n < 0 ? error_of (errno) : n == 0 ? -ESRCH : 0;
  if (*fd < 0 && keep && error == 0 && p->kept < p->keep) {
    *fd = use;
    p->kept++;
  } else if (*fd < 0)
    close (use);
  else if (p->keep == 0)
    proc_drop (p, fd); /* descriptors ran out: give them back */
  if (error < 0)
    return error;
  text[n] = '\0';
  *ret_length = (size_t) n;
  return 0;
}

void
proc_drop (struct proc *p, int *fd)
{
  if (*fd < 0)
    return;
  close (*fd);
  *fd = -1;
  p->kept--;
}

int
proc_uid (struct proc *p, uint32_t pid, struct buf *space, uint32_t *ret)
{
  if (p->kernel) {
    /* The directory itself belongs to the effective user, also where the files in it do not. */
    char path[PATH_SIZE];
    struct stat s;
    snprintf (path, sizeof path, "%u", pid);
    if (fstatat (p->directory, path, &s, 0) < 0)
      return error_of (errno);
    *ret = s.st_uid;
    return 0;
  }
  int error = proc_read (p, pid, "status", space);
  return error < 0 ? error : parse_uid (space->data, space->len, ret);
}

int
proc_count_files (struct proc *p, uint32_t pid, uint64_t *ret)
{
  int fd = open_at (p, pid, "fd", O_DIRECTORY);
  if (fd < 0)
    return fd;
  struct stat s;
  uint64_t count = 0;
  ssize_t n = 0;
  if (p->kernel && fstat (fd, &s) == 0 && s.st_size > 0)
    count = (uint64_t) s.st_size; /* Linux 6.2 and later say it */
  else
    while (count < MOST_FILES_LISTED && (n = proc_entries (p, fd)) > 0)
      for (ssize_t at = 0; at < n;) {
        const struct dirent64 *entry = (const void *) (p->listing + at);
        count += entry->d_name[0] != '.';
        at += entry->d_reclen;
      }
  close (fd);
  if (n < 0)
    return (int) n;
  *ret = count;
  return 0;
}

uint32_t
proc_pid_file (const char *path)
{
  char text[64];
  struct stat s;
  int fd = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return 0;
  ssize_t n = fstat (fd, &s) == 0 && S_ISREG (s.st_mode) ? read (fd, text, sizeof text) : 0;
  close (fd);
  return n > 0 ? parse_pid_file (text, (size_t) n) : 0;
}

int
proc_btime (struct proc *p, struct buf *space, uint64_t *ret)
{
  buf_clear (space);
  int fd = openat (p->directory, "stat", O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0)
    return -errno;
  int error = 0;
  for (;;) {
    char *to = buf_reserve (space, 8192);
    ssize_t n = to ? read (fd, to, 8191) : 0;
    if (!to || n < 0)
      error = to ? -errno : space->error;
    if (n <= 0)
      break;
    space->len += (size_t) n;
    to[n] = '\0';
  }
  close (fd);
  return error < 0 ? error : parse_btime (space->data, space->len, ret);
}
