/* Text for people, broken into lines as wide as their terminal. */
#ifndef WRAP_H
#define WRAP_H

#include "buf.h"

#include <stdio.h>

/* Columns of the terminal that `to` is; 80 when it is none, or does not say. At least 40. */
int wrap_width (FILE *to);
/* Adds `text` to `out`. Lines of more than `width` characters are broken at blanks; what follows begins in column `hang`; when that is
 * negative, below the last column of the line that begins behind two blanks, as in a table, or below its first word. A word that is
 * too long stays in one piece. */
void wrap_add (struct buf *out, const char *text, int width, int hang);
#endif
