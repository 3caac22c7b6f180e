/* Descriptors of libcurl stay in this process: a program that somebody starts meanwhile does not get them. */
#include "http-inner.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static curl_socket_t
open_socket (void *data, curlsocktype purpose, struct curl_sockaddr *address)
{
  (void) data;
  (void) purpose;
  return socket (address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
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
look (bool noted[HTTP_MOST_FD], bool own)
{
  DIR *d = opendir ("/dev/fd");
  if (!d)
    return;
  for (struct dirent *e; (e = readdir (d));) {
    char *end;
    long fd = strtol (e->d_name, &end, 10);
    if (end == e->d_name || *end || fd < 0 || fd >= HTTP_MOST_FD || fd == dirfd (d))
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
  bool noted[HTTP_MOST_FD] = {false};
  look (noted, false);
  CURLM *multi = curl_multi_init ();
  look (noted, true);
  if (multi)
    curl_multi_setopt (multi, CURLMOPT_MAXCONNECTS, 1L);
  return multi;
}

static int
lookup_begins (void *resolver, void *reserved, void *data)
{
  struct http_sockets *s = data;
  (void) resolver;
  (void) reserved;
  memset (s->before, 0, sizeof s->before);
  look (s->before, false);
  s->looks_up = true;
  return 0;
}

void
http_own_sockets (CURL *easy, struct http_sockets *s)
{
  curl_easy_setopt (easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt (easy, CURLOPT_RESOLVER_START_FUNCTION, lookup_begins);
  curl_easy_setopt (easy, CURLOPT_RESOLVER_START_DATA, s);
}

void
http_sockets_settle (struct http_sockets *s)
{
  if (s->looks_up)
    look (s->before, true);
  s->looks_up = false;
}
