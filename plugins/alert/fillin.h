/* Secrets in an option's text: {env:NAME} stands for a variable of the daemon's environment, {file:/PATH} for what is in a
 * file, without white space at its end. */
#ifndef ALERT_FILLIN_H
#define ALERT_FILLIN_H

#include "buf.h"

#include <stdbool.h>
#include <stddef.h>

/* 0, or -EINVAL with `why`. */
int fillin_check (const char *text, char *why, size_t size);
/* Adds the text; `b` has to be given back by secret_buf_free. 0, or -errno and `why`, in which is no secret. */
int fillin_add (const char *text, struct buf *b, char *why, size_t size);
bool fillin_is_there (const char *text);
#endif
