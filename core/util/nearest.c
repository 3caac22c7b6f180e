#include "nearest.h"

#include <ctype.h>
#include <string.h>

enum { MAX_WORD = 64 };

/* Case and the choice between '-' and '_' are half a mistake each: they cost nothing here, an equal word still wins by order.
 */
static int
letter (char c)
{
  return c == '-' ? '_' : tolower ((unsigned char) c);
}

static size_t
min3 (size_t a, size_t b, size_t c)
{
  size_t least = a < b ? a : b;
  return least < c ? least : c;
}

/* Edits from a to b; both at most MAX_WORD long. */
static size_t
distance (const char *a, size_t a_len, const char *b, size_t b_len)
{
  size_t rows[3][MAX_WORD + 1];
  for (size_t j = 0; j <= b_len; j++)
    rows[0][j] = j;
  for (size_t i = 1; i <= a_len; i++) {
    size_t *row = rows[i % 3], *above = rows[(i + 2) % 3], *above2 = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b_len; j++) {
      size_t cost = letter (a[i - 1]) != letter (b[j - 1]);
      row[j] = min3 (above[j] + 1, row[j - 1] + 1, above[j - 1] + cost);
      if (i > 1 && j > 1 && letter (a[i - 1]) == letter (b[j - 2]) && letter (a[i - 2]) == letter (b[j - 1])
          && above2[j - 2] + 1 < row[j])
        row[j] = above2[j - 2] + 1;
    }
  }
  return rows[a_len % 3][b_len];
}

/* What is the start or the end of a longer word is near too: "interval" means "sample_interval". */
static int
is_part (const char *word, size_t length, const char *candidate, size_t candidate_length)
{
  return length >= 4 && length < candidate_length
         && (strncmp (word, candidate, length) == 0 || strcmp (candidate + candidate_length - length, word) == 0);
}

const char *
nearest_word (const char *word, const char *const *candidates, size_t n)
{
  size_t length = strlen (word), best = 0;
  const char *found = NULL;
  if (!length || length > MAX_WORD)
    return NULL;
  for (size_t i = 0; i < n; i++) {
    size_t candidate_length = strlen (candidates[i]);
    if (!candidate_length || candidate_length > MAX_WORD)
      continue;
    size_t longer = length > candidate_length ? length : candidate_length;
    size_t d = distance (word, length, candidates[i], candidate_length);
    size_t allowed = longer < 3 ? 1 : (longer + 2) / 3;
    if (d >= longer)
      continue;
    if (d > allowed && is_part (word, length, candidates[i], candidate_length))
      d = allowed;
    if (d <= allowed && (!found || d < best)) {
      found = candidates[i];
      best = d;
    }
  }
  return found;
}

void
nearest_all (struct buf *b, const char *const *candidates, size_t n)
{
  enum { MOST = 160 };
  for (size_t i = 0; i < n; i++) {
    if (i && b->len + strlen (candidates[i]) > MOST) {
      buf_adds (b, ", …");
      return;
    }
    buf_printf (b, "%s%s", i ? ", " : n == 1 ? "; there is " : "; there are ", candidates[i]);
  }
}
