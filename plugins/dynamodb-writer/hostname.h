/* The name under which this machine stands in the tables. */
#ifndef HOSTNAME_H
#define HOSTNAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { HOSTNAME_CHARACTERS = 253, HOSTNAME_SIZE = 4 * HOSTNAME_CHARACTERS + 1 };

/* Any bytes made into a host name: what is no UTF-8 becomes U+FFFD; control characters are taken out, then blanks at both ends,
 * then what is beyond 253 characters; case and domain are kept. Where nothing is left it is "unknown". A 0 byte ends it. */
void hostname_clean (const char *raw, size_t length, char ret[HOSTNAME_SIZE]);
/* gethostname(), cleaned. Asked anew for each minute: it may change. */
void hostname_get (char ret[HOSTNAME_SIZE]);
/* Whether a text is what hostname_clean makes: no change by it. */
bool hostname_is_clean (const char *text, size_t length);
/* A hash that is the same everywhere and for ever (FNV-1a). */
uint64_t hostname_hash (const char *name);
#endif
