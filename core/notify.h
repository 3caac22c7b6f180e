/* Telling the service manager about this process's state: the protocol of sd_notify(3), without libsystemd. */
#ifndef NOTIFY_H
#define NOTIFY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct notify {
  char *address;       /* NULL: nobody listens */
  int64_t watchdog_ns; /* a sign of life is wanted at least this often; 0: none */
  char *unit;          /* "x.service" when this process is the main one of a unit; else NULL */
  bool user_unit;
};

/* The unit that a process belongs to, by its control group: the caller's to free; NULL: none. */
char *notify_unit_of (pid_t pid, bool *ret_user);
/* Looks at the environment, and takes away from it what children must not use. 0 or -ENOMEM. */
int notify_open (struct notify *n);
void notify_close (struct notify *n);
/* Sends "READY=1\nSTATUS=…" and the like. 0 also when nobody listens. */
__attribute__ ((format (printf, 2, 3))) int notify_send (const struct notify *n, const char *format, ...);
/* RELOADING=1 with the time that systemd wants beside it. */
int notify_reloading (const struct notify *n);
#endif
