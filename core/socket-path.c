#include "socket-path.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>

int
socket_address (const char *data_dir, struct sockaddr_un *ret, int *ret_directory)
{
  int fd = open (data_dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  *ret = (struct sockaddr_un){.sun_family = AF_UNIX};
  snprintf (ret->sun_path, sizeof ret->sun_path, "/proc/self/fd/%d/" SOCKET_NAME, fd);
  *ret_directory = fd;
  return 0;
}
