/* How /proc is asked. All functions: 0 or -errno; -ESRCH: that process is gone. */
#ifndef PROCESS_PROC_H
#define PROCESS_PROC_H

#include "parse.h"

#include <buf.h>

#include <sys/types.h>

enum { PROC_STAT_SIZE = 4096, PROC_LISTING_SIZE = 65536 };

struct proc {
  int directory;
  bool kernel;        /* the kernel's own; else a made-up tree, whose files may be replaced at any time */
  bool ours;          /* it shows the PIDs that this process sees */
  uint32_t kept;      /* descriptors kept */
  uint32_t keep;      /* at most so many; 0 once the process ran out of them */
  uint64_t ticks;     /* clock ticks a second */
  uint64_t page;      /* bytes */
  char *listing;      /* room for directory entries */
  int64_t pid_offset; /* where PID 0 would stand in the directory; 0: not known */
  int newest;         /* descriptor for proc_newest; -1: not open */
};

struct pid_list {
  uint32_t *pids; /* ascending, each once */
  size_t n;
  size_t cap;
};

int proc_open (struct proc *p, const char *root);
void proc_close (struct proc *p); /* a zeroed struct is fine */

/* All PIDs, anew. -errno: the list holds what came before the failure. */
int proc_list (struct proc *p, struct pid_list *list);
/* Those above `after` and up to `last` only: much less work among many. -EOPNOTSUPP where that is not possible. */
int proc_list_between (struct proc *p, uint32_t after, uint32_t last, struct pid_list *list);
/* The PID that was given away last. The kernel counts upwards, and begins anew at its limit. -EOPNOTSUPP: not to be had. */
int proc_newest (struct proc *p, uint32_t *ret);
/* The next entries of a directory into p->listing; 0 at its end. */
ssize_t proc_entries (const struct proc *p, int directory);
int pid_list_add (struct pid_list *list, uint32_t pid);
void pid_list_sort (struct pid_list *list);
bool pid_list_has (const struct pid_list *list, uint32_t pid); /* a sorted one */
void pid_list_free (struct pid_list *list);

/* The whole of PID/name into b (cleared before), at most b->max bytes of it. */
int proc_read (struct proc *p, uint32_t pid, const char *name, struct buf *b);
/* The first `size` - 1 bytes of PID/name, 0-terminated, through *fd, which is kept open when that helps; -1 at first. `fd`
 * NULL: is not kept. Nothing to read: -ESRCH. */
int proc_read_kept (struct proc *p, uint32_t pid, const char *name, int *fd, char *text, size_t size, size_t *ret_length);
void proc_drop (struct proc *p, int *fd);
int proc_uid (struct proc *p, uint32_t pid, struct buf *space, uint32_t *ret);
int proc_count_files (struct proc *p, uint32_t pid, uint64_t *ret);
/* The PID that a PID file anywhere states; 0: none. */
uint32_t proc_pid_file (const char *path);
int proc_btime (struct proc *p, struct buf *space, uint64_t *ret);
#endif
