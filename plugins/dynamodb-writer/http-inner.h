/* libcurl's handles, as http.c uses them. */
#ifndef HTTP_INNER_H
#define HTTP_INNER_H

#include <curl/curl.h>

/* As curl_multi_init; keeps one connection, and gives no descriptor of its own to programs that are started. NULL: no memory.
 */
CURLM *http_multi (void);
/* Neither do its connections. */
void http_own_sockets (CURL *easy);
#endif
