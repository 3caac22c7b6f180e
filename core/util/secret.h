/* Memory that held a secret is wiped before it is given back. */
#ifndef SECRET_H
#define SECRET_H

#include "buf.h"

/* Wipes a string and frees it; NULL is fine. */
void secret_free (char *text);
/* Frees *text so and makes it a copy of `from` (NULL: none). 0 or -ENOMEM, and then *text is NULL. */
int secret_set (char **text, const char *from);
void secret_wipe (void *bytes, size_t n);
void secret_buf_free (struct buf *b); /* NULL is fine */
/* The whole of a regular file of at most `max` bytes, without leaving copies of it elsewhere. `ret` is empty and becomes the
 * caller's to free with secret_buf_free. 0, -ENOENT, -EACCES, -EISDIR (not a regular file), -EFBIG, -EAGAIN (it grew meanwhile)
 * … */
int secret_read_file (const char *path, size_t max, struct buf *ret);

static inline void
secret_cleanup (char **text)
{
  secret_free (*text);
}

#define SECRET_CLEANUP     __attribute__ ((cleanup (secret_cleanup)))
#define SECRET_BUF_CLEANUP __attribute__ ((cleanup (secret_buf_free)))
#endif
