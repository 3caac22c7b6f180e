/* Removing what a user's daemon has written. */
#ifndef PURGE_H
#define PURGE_H

/* `config_file`: -c, or NULL. Removes recorded data, log and the user's own configuration; what others put beside them stays.
 * Refuses while a daemon runs. The exit status; messages are printed. */
int purge (const void *config_file);
#endif
