/* libcurl's handles, as http.c uses them. */
#ifndef HTTP_INNER_H
#define HTTP_INNER_H

#include <curl/curl.h>
#include <stdbool.h>

enum { HTTP_MOST_FD = 4096 };

/* What a name's lookup needs is made without SOCK_CLOEXEC before libcurl 8.9: those there were before one. */
struct http_sockets {
  bool looks_up; /* a lookup began since http_sockets_settle */
  bool before[HTTP_MOST_FD];
};

/* As curl_multi_init; keeps one connection, and gives no descriptor of its own to programs that are started. NULL: no memory.
 */
CURLM *http_multi (void);
/* Neither do its connections, nor its lookups, when they are settled after each step of libcurl's. */
void http_own_sockets (CURL *easy, struct http_sockets *s);
void http_sockets_settle (struct http_sockets *s);
#endif
