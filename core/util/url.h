/* URLs in texts of others: where a password in them ends. It should hold no '/', and does. */
#ifndef URL_H
#define URL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether "host" or "host:port" with a port from 1 to 65535, as all that read URLs take it; "user:pass" of
 * "user:pass/word@host" is not, as no port has letters. */
bool url_is_host (const char *text, size_t n);
/* The '@' before the host in what stands behind "://"; NULL: there is none. A later one of the path is not meant. */
const char *url_userinfo_end (const char *text, size_t n);

/* Where a text of `length` bytes may end that has to end at `at` (<= length) or before. Between a URL's "://" and the '@'
 * behind user and password nobody could tell any more that there is a password, and mask it: then only the scheme stays. Behind
 * an '@', which may stand in a password too, the host is left out. */
size_t url_cut (const char *text, size_t length, size_t at);
#endif
