#include "proc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { MOST_PIDS = 4 << 20 /* the kernel's own limit */ };

int
pid_list_add (struct pid_list *list, uint32_t pid)
{
  if (list->n == list->cap) {
    size_t cap = list->cap ? list->cap * 2 : 512;
    uint32_t *pids = cap > MOST_PIDS ? NULL : reallocarray (list->pids, cap, sizeof *pids);
    if (!pids)
      return -ENOMEM;
    list->pids = pids;
    list->cap = cap;
  }
  list->pids[list->n++] = pid;
  return 0;
}

static int
compare_pids (const void *a, const void *b)
{
  uint32_t x = *(const uint32_t *) a, y = *(const uint32_t *) b;
  return (x > y) - (x < y);
}

void
pid_list_sort (struct pid_list *list)
{
  size_t i = 1, n = 1;
  while (i < list->n && list->pids[i - 1] < list->pids[i])
    i++;
  if (i >= list->n)
    return; /* the kernel lists them in order */
  qsort (list->pids, list->n, sizeof *list->pids, compare_pids);
  for (i = 1; i < list->n; i++)
    if (list->pids[i] != list->pids[i - 1])
      list->pids[n++] = list->pids[i];
  list->n = n;
}

bool
pid_list_has (const struct pid_list *list, uint32_t pid)
{
  return list->n > 0 && bsearch (&pid, list->pids, list->n, sizeof pid, compare_pids);
}

void
pid_list_free (struct pid_list *list)
{
  free (list->pids);
  *list = (struct pid_list){0};
}

ssize_t
proc_entries (const struct proc *p, int directory)
{
  ssize_t n = getdents64 (directory, p->listing, PROC_LISTING_SIZE);
  return n < 0 ? -errno : n;
}

/* Adds the PIDs up to `last`, from where the directory stands. */
static int
take_entries (struct proc *p, uint32_t last, struct pid_list *list)
{
  ssize_t n;
  int64_t next = 0; /* where the entry that follows stands */
  while ((n = proc_entries (p, p->directory)) > 0)
    for (ssize_t at = 0; at < n;) {
      const struct dirent64 *entry = (const void *) (p->listing + at);
      uint32_t pid = parse_pid (entry->d_name);
      if (pid > 0 && next > pid)
        p->pid_offset = next - pid;
      next = entry->d_off;
      at += entry->d_reclen;
      if (pid > last)
        return 0;
      if (pid > 0 && pid_list_add (list, pid) < 0)
        return -ENOMEM;
    }
  return (int) n;
}

int
proc_list (struct proc *p, struct pid_list *list)
{
  list->n = 0;
  p->pid_offset = 0;
  int error = lseek (p->directory, 0, SEEK_SET) < 0 ? -errno : take_entries (p, UINT32_MAX, list);
  pid_list_sort (list);
  return error;
}

int
proc_list_between (struct proc *p, uint32_t after, uint32_t last, struct pid_list *list)
{
  list->n = 0;
  if (p->pid_offset <= 0)
    return -EOPNOTSUPP;
  int error = lseek (p->directory, p->pid_offset + after + 1, SEEK_SET) < 0 ? -errno : take_entries (p, last, list);
  pid_list_sort (list);
  return error;
}

int
proc_newest (struct proc *p, uint32_t *ret)
{
  char text[128];
  if (!p->ours)
    return -EOPNOTSUPP;
  if (p->newest < 0) {
    p->newest = openat (p->directory, "loadavg", O_RDONLY | O_CLOEXEC);
    struct statfs fs;
    /* In some containers another file system stands in for this file. */
    if (p->newest < 0 || fstatfs (p->newest, &fs) < 0 || fs.f_type != PROC_SUPER_MAGIC)
      return -EOPNOTSUPP;
  }
  ssize_t n = pread (p->newest, text, sizeof text - 1, 0);
  if (n <= 0)
    return n < 0 ? -errno : -EIO;
  text[n] = '\0';
  const char *last = strrchr (text, ' ');
  uint32_t pid = last ? parse_pid_file (last, strlen (last)) : 0;
  if (pid == 0)
    return -EOPNOTSUPP;
  *ret = pid;
  return 0;
}
