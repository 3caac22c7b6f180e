/* A process, known by its PID and its start time, so that a PID which now belongs to another is never taken for it. */
#ifndef PID_H
#define PID_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct process_id {
  pid_t pid;
  uint64_t start; /* in clock ticks since boot, as /proc/PID/stat has it */
};

/* The process that has this PID now. -ESRCH: none, or only a zombie. */
int process_find (pid_t pid, struct process_id *ret);
bool process_lives (const struct process_id *p);
/* Signals this very process. -ESRCH when it is gone, -EPERM when it is somebody else's. */
int process_signal (const struct process_id *p, int signal);
/* Waits until it is gone. 0 or -ETIMEDOUT. */
int process_wait (const struct process_id *p, int timeout_ms);
/* Whether it runs the very program that this process runs; false also where that may not be known. */
bool process_is_alike (pid_t pid);
/* Its arguments, each ended by 0, and how many bytes; at most 64 KiB. The caller's to free. */
int process_command_line (pid_t pid, char **ret, size_t *ret_length);

/* ---- The PID file ---- */

int pidfile_write (const char *path, pid_t pid);
/* -ENOENT: there is none; -EINVAL: it holds no PID. */
int pidfile_read (const char *path, pid_t *ret);
/* Removes it when it still names `pid`. */
void pidfile_remove (const char *path, pid_t pid);
#endif
