/* Who runs on a data directory now. */
#ifndef RUNNING_H
#define RUNNING_H

#include "cli/places.h"
#include "lock.h"

struct json_object;

enum running_state {
  RUNNING_NONE,   /* nobody, and no PID file either */
  RUNNING_STALE,  /* nobody, but a PID file is there */
  RUNNING_OURS,   /* this daemon: id and holder are known */
  RUNNING_PYTHON, /* the Python library's daemon: id is known */
  RUNNING_HIDDEN, /* the lock is held by a process that cannot be seen from here */
};

struct running {
  enum running_state state;
  struct process_id id;
  struct holder holder; /* RUNNING_OURS; RUNNING_PYTHON: its unit alone; otherwise of the last one, where known */
  pid_t stale_pid;      /* RUNNING_STALE: what the PID file names; 0: no PID */
  char *stale_file;
};

/* 0, or -errno (-EACCES: the directory may not be read). */
int running_find (const struct places *places, struct running *ret);
void running_clear (struct running *r);
/* Whether `pid` runs the Python library's daemon, by its command line. */
bool running_is_python_daemon (pid_t pid);
/* One question to the daemon's control socket; the answer is the caller's to json_object_put. -ENOENT, -ECONNREFUSED: nobody
 * listens; -ETIMEDOUT: no answer; -EPROTO: no JSON. */
int running_ask (const char *data_dir, const char *question, int timeout_ms, struct json_object **ret);
/* "does not end" and the like need a unit's own words: the command a user types. `verb`: "stop". */
void running_print_systemctl (const struct holder *holder, const char *verb);
#endif
