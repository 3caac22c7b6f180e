/* Ending a daemon that runs. */
#ifndef STOP_H
#define STOP_H

#include "cli/running.h"

/* SIGTERM, a bounded wait, SIGKILL; a unit's daemon through systemd. 0 once it is gone, or -errno with its message printed. */
int stop_running (const struct running *r);
/* Finds who runs for -c FILE; -errno with its message printed. */
int stop_find (const char *config_file, struct places *ret_places, struct running *ret);
#endif
