/* The process of one isolated plugin, as the daemon sees it. It dies with the daemon, whatever it is doing: the kernel kills it when
 * the daemon's end of a pipe closes. */
#ifndef CHILD_H
#define CHILD_H

#include "desk.h"
#include "wire.h"

#include <kode-kronical/plugin.h>

#include <sys/types.h>

struct confinement {
  int64_t memory_limit;
  bool network;
  bool guarded; /* as in struct descriptor */
  uint64_t capabilities; /* as capability.h has them */
  const char *data_dir; /* may be written too; or NULL */
  const char *const *write;
  uint32_t n_write;
};

enum { CHILD_WORDS = 200 };

struct child {
  pid_t pid; /* 0: none */
  int fd;    /* messages */
  struct desk_host desk;
  int life;  /* as long as this is open it lives */
  int out;   /* what it prints */
  uint32_t number; /* of the last request */
  bool waiting;    /* its reply has not come */
  int64_t since_ns;
  int64_t silent_ns; /* when it had last printed nothing more */
  struct buf in;
  bool killed;             /* and nothing but `pid` is left of it here */
  int64_t waited_ns;       /* for the reply to the last request, until it was killed */
  char words[CHILD_WORDS]; /* the last it said, logged or printed */
  void (*line) (void *arg, uint32_t level, const char *text);
  void *arg;
};

/* Starts the process and asks it to load `path`. `line` gets what it logs and prints. 0 or -errno; -EPERM when `path` is guarded
 * and others can change it: `line` gets the reason. */
int child_start (struct child *c, const char *path, const struct confinement *how,
                 void (*line) (void *arg, uint32_t level, const char *text), void *arg);
/* 0, or why the request did not get through. */
int child_request (struct child *c, enum wire_type type, const struct buf *body, int64_t until_ns);
int child_send (struct child *c, enum wire_type type, const struct buf *body, int64_t until_ns); /* one without a reply */
/* Waits for the reply to the last request. 0: *ret_result is what it begins with and *ret the rest, good until the next request.
 * -ETIMEDOUT: ask again later. Else: there is no more to be had from this process. */
int child_reply (struct child *c, int64_t until_ns, struct wire *ret, int32_t *ret_result);
/* Ends the process and all it may have started. `error`: what was wrong with it, or 0; grace_ns: how long it may take to end by
 * itself. Says in `why` what became of it and its last words. False: it hangs in the kernel. Then its descriptors and memory
 * are released; call it again later, which waits no more, or child_leave. */
bool child_end (struct child *c, int error, int64_t grace_ns, char *why, size_t size);
/* For who cannot call again: a thread that does nothing else waits for the end of the process. */
void child_leave (struct child *c);
#endif
