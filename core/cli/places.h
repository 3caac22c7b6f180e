/* Where the daemon of a configuration keeps its things. Unlike a plan this is found as well when the configuration has faults,
 * so that a running daemon can always be asked and stopped. */
#ifndef PLACES_H
#define PLACES_H

#include <stdbool.h>

struct places {
  char *config_file; /* absolute; NULL: built-in defaults */
  char *data_dir;
  char *pid_file;
  char *log_file;
  bool guessed; /* the configuration could not be read, so that what it says of places is not known: these are the defaults */
};

/* `given`: -c FILE, or NULL. 0, or -errno with its message printed to stderr. */
int places_find (const char *given, struct places *ret);
void places_clear (struct places *p);
#endif
