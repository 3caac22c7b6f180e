/* The known word that a misspelt one most likely meant. */
#ifndef NEAREST_H
#define NEAREST_H

#include <stddef.h>

/* The candidate with the smallest edit distance (a swap of neighbours is one edit), or NULL when none is near enough to suggest. */
const char *nearest_word (const char *word, const char *const *candidates, size_t n);
#endif
