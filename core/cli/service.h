/* The daemon as a unit of systemd: what install and uninstall share. */
#ifndef SERVICE_H
#define SERVICE_H

#include "buf.h"
#include "cli/command.h"

#include <pwd.h>
#include <stdbool.h>

#define SERVICE_UNIT PROGRAM ".service"

struct service {
  bool system;
  char *unit_file;    /* where the unit goes */
  char *program;      /* this program, absolute */
  char *config_file;  /* -c, absolute; NULL: searched for as the daemon does */
  char *plugin_dir;   /* --plugin-dir or KODE_KRONICAL_PLUGINS; NULL: as built */
  struct passwd user; /* whose configuration and data it is; strings are owned */
};

/* Finds out for whom and where; refuses, with its message printed, what cannot be done here: no systemd, not root for the
 * system's, no user manager for the user's. 0 or -errno. */
int service_find (const struct command_call *call, bool system, struct service *ret);
/* Prints the unit to stdout, whatever runs here. 0 or -errno. */
int service_print (const struct command_call *call, bool system);
void service_clear (struct service *s);
/* The unit's text. */
void service_write_unit (const struct service *s, struct buf *b);
/* systemctl for this unit's manager. Its exit status. */
int service_control (const struct service *s, bool quiet, const char *verb, const char *more, const char *unit);
/* Calls f (arg) as the service's user, in a child when that is another; its exit status. */
int service_as_user (const struct service *s, int (*f) (const void *arg), const void *arg);
/* This program as the service's user, at his home, with the service's configuration; words end with NULL. Its exit status. */
int service_run_as_user (const struct service *s, const char *const *words);
#endif
