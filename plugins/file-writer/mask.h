/* Command lines without the secrets in them. */
#ifndef MASK_H
#define MASK_H

#include "buf.h"

/* Appends a command line to b; values after words like password, token, secret or key, and passwords in URLs, become "***". */
void mask_add (struct buf *b, const char *text, size_t length);
#endif
