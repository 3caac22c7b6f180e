/* Descriptors of libcurl stay in this process: a program that somebody starts meanwhile does not get them. */
#include "http-inner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { MOST = 4096 };

static curl_socket_t
open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  (void) data;
  (void) purpose;
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

void
http_own_sockets (CURL *easy)
{
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
}

static bool
is_local_socket (int fd)
{
  struct sockaddr address;
  socklen_t n = sizeof address;
  return getsockname (fd, &address, &n) == 0 && address.sa_family == AF_UNIX;
}

/* Notes which descriptors there are; with `own` it makes local sockets that are not noted ours alone. */
static void
look (bool noted[MOST], bool own)
{
  DIR *d = opendir ("/dev/fd");
  if (!d)
    return;
  for (struct dirent *e; (e = readdir (d));) {
    char *end;
    long fd = strtol (e->d_name, &end, 10);
    if (end == e->d_name || *end || fd < 0 || fd >= MOST || fd == dirfd (d))
      continue;
    if (own && !noted[fd] && is_local_socket ((int) fd))
      fcntl ((int) fd, F_SETFD, FD_CLOEXEC);
    noted[fd] = true;
  }
  closedir (d);
}

/* What wakes a multi handle is made without SOCK_CLOEXEC before libcurl 8.9, and nothing tells its number. */
CURLM *
http_multi (void)
{
  bool noted[MOST] = {false};
  look (noted, false);
  CURLM *multi = curl_multi_init ();
  look (noted, true);
  if (multi)
    curl_multi_setopt (multi, CURLMOPT_MAXCONNECTS, 1L);
  return multi;
}
