/* Making any bytes into UTF-8. */
#ifndef UTF8_H
#define UTF8_H

#include "buf.h"

#include <stdbool.h>

/* Bytes of the character that the n > 0 bytes begin with; 0 when it is ill-formed or torn, and then *ret_bad bytes are the longest
 * beginning of one that it could be. */
size_t utf8_character (const char *text, size_t n, size_t *ret_bad);
/* The length of the longest prefix that is well-formed UTF-8 without a 0 byte (RFC 3629: no surrogates, nothing overlong). */
size_t utf8_valid (const char *text, size_t length);
/* Appends the text to b, each ill-formed sequence as one U+FFFD; ends at a 0 byte or, on a character's border, at `max` bytes. Returns
 * true when all of it was kept as it was. */
bool utf8_clean (struct buf *b, const char *text, size_t length, size_t max);
#endif
