/* Changing one value in the text of a YAML file and nothing else: comments, order, quotes and blanks stay. */
#ifndef EDIT_H
#define EDIT_H

#include "buf.h"
#include "diag.h"

#include <stdbool.h>

enum { EDIT_MAX_PATH = 4 };

struct edit {
  const char *path[EDIT_MAX_PATH]; /* {"daemon", "sample_interval"} */
  size_t n;
  const char *value;   /* as a user would write it; put in quotes where YAML needs them */
  const char *comment; /* behind a new line; NULL: none */
  bool uncomment;      /* where the key is missing, but stands in a comment in its place, that line becomes live */
};

/* Appends the changed text to `ret`. What it gives was parsed again: it says what the text said, but for that one value.
 * -EINVAL when the text is no YAML, -ENOTSUP when it is written in a way that cannot be changed without loss; both are said to
 * `d`. -ENOMEM. */
int edit_set (const char *file, const char *text, size_t length, const struct edit *e, struct diag *d, struct buf *ret);
#endif
