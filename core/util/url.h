/* URLs in texts that are too long. */
#ifndef URL_H
#define URL_H

#include <stddef.h>

/* Where a text of `length` bytes may end that has to end at `at` (<= length) or before. Between a URL's "://" and the '@'
 * behind user and password nobody could tell any more that there is a password, and mask it: then only the scheme stays. Behind
 * an '@', which may stand in a password too, the host is left out. */
size_t url_cut (const char *text, size_t length, size_t at);
#endif
