/* The known word that a misspelt one most likely meant. */
#ifndef NEAREST_H
#define NEAREST_H

#include "buf.h"

#include <stddef.h>

/* The candidate with the smallest edit distance (a swap of neighbours is one edit), or NULL when none is near enough to suggest. */
const char *nearest_word (const char *word, const char *const *candidates, size_t n);
/* Where none is near: "; there are a, b", as many of them as are easily read. Nothing where there are none. */
void nearest_all (struct buf *b, const char *const *candidates, size_t n);
#endif
