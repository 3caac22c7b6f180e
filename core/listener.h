/* The control socket in the data directory, whose path may be longer than a socket's address. */
#ifndef LISTENER_H
#define LISTENER_H

#include <stdbool.h>
#include <sys/stat.h>

struct listener {
  int directory, fd; /* -1: none */
  struct stat made;  /* the socket: another daemon may have put its own in the place */
};

/* Makes the socket anew and listens. 0 or -errno. Only for whoever holds the lock: what stands there is removed. */
int listener_make (const char *data_dir, struct listener *ret);
/* Whether something stands in the socket's place. */
bool listener_is_there (const char *data_dir);
/* Removes the socket, unless it is another daemon's. */
void listener_remove (const struct listener *l);
void listener_close (struct listener *l);
#endif
