/* Asking systemd, by its own program. */
#ifndef SYSTEMD_H
#define SYSTEMD_H

#include "cli/running.h"

#include <stdbool.h>

/* Whether this machine was booted with systemd. */
bool systemd_is_there (void);
/* Runs a program of the PATH to its end, with this process's stdin, stdout and stderr. Its exit status; 127: it cannot be run;
 * 128 + n: it died of signal n. `argv` is NULL-ended. */
int systemd_run (const char *const *argv);
/* systemctl [--user] ...; `quiet`: its output goes nowhere. */
int systemd_control (bool user, bool quiet, const char *verb, const char *more, const char *unit);
/* One property of a unit, "ActiveState"; the caller's to free. NULL when it cannot be known. */
char *systemd_property (bool user, const char *unit, const char *property);
/* Whether systemd itself says that this running daemon is the main process of its unit. */
bool systemd_manages (const struct running *r);
#endif
