/* Cutting a line into words as Python's shlex.split does: quotes and backslashes as in a shell, nothing is expanded. */
#ifndef WORDS_H
#define WORDS_H

#include <stddef.h>

enum { WORDS_MOST = 256 };

/* The words, then NULL; one block, the caller's to give to words_free. An empty text has none.
 * 0, -EINVAL (a quotation or an escape has no end), -E2BIG (more than WORDS_MOST), -ENOMEM. */
int words_split (const char *text, char ***ret, size_t *ret_n);
void words_free (char **words); /* wipes them; NULL is fine */
#endif
