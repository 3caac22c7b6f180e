/* A program that runs, under a keeper that leaves nothing of it behind, and its output, read line by line without waiting. */
#ifndef EXEC_CHILD_H
#define EXEC_CHILD_H

#include "buf.h"
#include "limits.h"

#include <kode-kronical/plugin.h>
#include <sys/types.h>

/* What a pipe brings, cut into lines. A line longer than `most` is thrown away and counted. */
struct exec_pipe {
  int fd; /* -1: closed */
  struct buf part;
  size_t most;
  uint64_t bytes; /* ever read */
  uint64_t too_long;
  bool skipping;
};

struct exec_child {
  pid_t pid; /* of the keeper, which ends after the program and as it did; 0: none */
  int pidfd; /* -1: the kernel has none */
  int line;  /* to the keeper */
  bool held; /* it told what holds the program in */
  uint32_t confined; /* that: CONFINED_… of sandbox.h */
  uint64_t kept;     /* capabilities */
  uint64_t peak;     /* of one that has ended: bytes of memory it had used at most; 0: not known */
  struct exec_pipe out, err;
};

typedef void exec_line (void *data, const char *line, size_t n);

void exec_child_init (struct exec_child *c, size_t most);
struct exec_start {
  const struct kk_list *command;
  const struct exec_limits *limits;
  const char *data_dir; /* the program's own directory; NULL: none */
  const char *more;     /* one line more for its environment; NULL: none */
  int64_t interval_ns;
};

/* Starts a program that is found by PATH, in a session of its own, with KK_INTERVAL in its environment. 0 or -errno. */
int exec_child_start (struct exec_child *c, const struct exec_start *s);
/* Whether it is known by now what holds the program in: when it has printed something, or has ended. */
bool exec_child_held (struct exec_child *c);
/* Takes what a pipe has, at most `bytes`; gives each whole line to `line`, at the end of the output also an unfinished one.
 * Returns whether it may have more. */
bool exec_pipe_read (struct exec_pipe *p, size_t bytes, exec_line *line, void *data);
/* Waits until a pipe has something or the program has ended, at most until the monotonic time. False: it is that late. */
bool exec_child_wait (struct exec_child *c, int64_t until_ns);
bool exec_child_ended (const struct exec_child *c);
/* Kills all that is left of it and of what it started, and forgets it: its wait status. */
int exec_child_end (struct exec_child *c);
/* The same, after asking it by SIGTERM and waiting a moment. */
void exec_child_stop (struct exec_child *c);
void exec_child_free (struct exec_child *c);

int64_t exec_mono_ns (void);
#endif
