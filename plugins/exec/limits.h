/* What the program of an instance may do: the options that isolated plugins have, as its keeper is told them. */
#ifndef EXEC_LIMITS_H
#define EXEC_LIMITS_H

#include <kode-kronical/plugin.h>

enum { EXEC_NOT_ISOLATED = 2 };

/* As the configuration has them, judged by the daemon already. */
struct exec_limits {
  int32_t isolate; /* index of auto|true|false */
  int64_t memory_limit;
  bool network;
  struct kk_list write_paths, capabilities;
};

/* What is known of a program that failed. */
struct exec_failure {
  int status;        /* as of waitpid */
  uint64_t peak;     /* bytes of memory it used */
  const char *words; /* its last */
};

bool exec_limits_hold (const struct exec_limits *l);
/* The keeper's arguments, 0-ended: what it is to put in force, and the command. data_dir (may be NULL) may be written too.
 * NULL: no memory; else the caller's, by exec_limits_free. */
char **exec_limits_arguments (const struct exec_limits *l, const char *data_dir, const struct kk_list *command);
void exec_limits_free (char **arguments); /* NULL is fine */
/* The capabilities that were to be kept and are not among `kept`, with commas; "" for none. */
void exec_limits_lacking (const struct exec_limits *l, uint64_t kept, char *to, size_t size);
/* What of them may be the reason for a failure, behind its text; "" for nothing. */
void exec_limits_advice (const struct exec_limits *l, const struct exec_failure *f, char *to, size_t size);
#endif
