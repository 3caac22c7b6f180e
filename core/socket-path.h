/* The control socket's address, however long the data directory's path is. */
#ifndef SOCKET_PATH_H
#define SOCKET_PATH_H

#include <sys/un.h>

#define SOCKET_NAME "daemon.sock"

/* Opens the directory and fills in an address that goes through the descriptor; the caller closes *ret_directory after bind or
 * connect. 0 or -errno. */
int socket_address (const char *data_dir, struct sockaddr_un *ret, int *ret_directory);
#endif
