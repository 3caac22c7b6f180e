/* Regular expressions (POSIX extended, as regcomp has them) of which neither making nor matching takes long, whatever is
 * written and whatever is looked at.
 *
 * What regcomp and regexec take ages for is refused: groups asked for again, repeats of what may be nothing, places within a
 * repeat, and more than PATTERN_STEPS single steps with all repeats written out. Of a text the first PATTERN_TEXT bytes are
 * looked at, once from left to right. What regexec learns of the texts it sees is thrown away from time to time, for it has no
 * bound. One thread at a time. */
#ifndef PATTERN_H
#define PATTERN_H

#include <stdbool.h>
#include <stddef.h>

enum { PATTERN_MAX = 255, PATTERN_STEPS = 128, PATTERN_TEXT = 256 };

struct pattern;

/* Whether a word is meant as one: /text/. */
bool pattern_is (const char *word);
/* Of the word with its slashes. 0, -EINVAL with one clause in `why`, -ENOMEM. */
int pattern_make (const char *word, struct pattern **ret, char *why, size_t size);
void pattern_free (struct pattern *p); /* NULL is fine */
/* Whether it takes the text, anywhere in it: 1, 0, -ENOMEM. */
int pattern_takes (struct pattern *p, const char *text);
/* Whether there can be a text of digits alone that it takes. */
bool pattern_takes_digits (const struct pattern *p);
#endif
