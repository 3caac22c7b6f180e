#include "listener.h"

#include "socket-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int
listener_make (const char *data_dir, struct listener *ret)
{
  struct sockaddr_un address;
  struct listener l = {.fd = -1};
  int r = socket_address (data_dir, &address, &l.directory);
  if (r)
    return r;
  l.fd = socket (AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  unlinkat (l.directory, SOCKET_NAME, 0); /* of a daemon that is gone */
  if (l.fd < 0 || bind (l.fd, (struct sockaddr *) &address, sizeof address) || fchmodat (l.directory, SOCKET_NAME, 0600, 0)
      || fstatat (l.directory, SOCKET_NAME, &l.made, AT_SYMLINK_NOFOLLOW) || listen (l.fd, 16)) {
    r = -errno;
    listener_close (&l);
    return r;
  }
  *ret = l;
  return 0;
}

bool
listener_is_there (const char *data_dir)
{
  struct stat st;
  char *path;
  if (asprintf (&path, "%s/" SOCKET_NAME, data_dir) < 0)
    return true; /* looked for again later */
  bool gone = lstat (path, &st) && errno == ENOENT;
  free (path);
  return !gone;
}

void
listener_remove (const struct listener *l)
{
  struct stat st;
  if (l->fd >= 0 && !fstatat (l->directory, SOCKET_NAME, &st, AT_SYMLINK_NOFOLLOW) && st.st_dev == l->made.st_dev
      && st.st_ino == l->made.st_ino)
    unlinkat (l->directory, SOCKET_NAME, 0);
}

void
listener_close (struct listener *l)
{
  if (l->fd >= 0)
    close (l->fd);
  if (l->directory >= 0)
    close (l->directory);
  l->fd = l->directory = -1;
}
