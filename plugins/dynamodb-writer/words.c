#include "words.h"

#include "secret.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool
is_blank (char c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One word from *p on into `to`, without quotes: its end there, or NULL when a quotation or an escape has none. */
static char *
take_word (const char **p, char *to)
{
  const char *at = *p;
  char quote = 0;
  for (; *at && (quote || !is_blank (*at)); at++) {
    if (quote == '\'' || (*at != '\\' && (quote || (*at != '\'' && *at != '"')))) {
      if (*at == quote)
        quote = 0;
      else
        *to++ = *at;
    } else if (*at != '\\') {
      quote = *at;
    } else {
      if (!*++at)
        return NULL;
      if (quote && *at != quote && *at != '\\')
        *to++ = '\\';
      *to++ = *at;
    }
  }
  *p = at;
  return quote ? NULL : to;
}

int
words_split (const char *text, char ***ret, size_t *ret_n)
{
  size_t pointers = (WORDS_MOST + 1) * sizeof (char *), n = 0, length = strlen (text);
  char **words = malloc (pointers + length + 2);
  if (!words)
    return -ENOMEM;
  char *to = (char *) words + pointers;
  int r = 0;
  while (r == 0) {
    while (is_blank (*text))
      text++;
    if (!*text)
      break;
    if (n == WORDS_MOST) {
      r = -E2BIG;
      break;
    }
    words[n++] = to;
    char *end = take_word (&text, to);
    if (!end)
      r = -EINVAL;
    else
      *end = 0, to = end + 1;
  }
  if (r < 0) {
    secret_wipe ((char *) words + pointers, length + 2);
    free (words);
    return r;
  }
  words[n] = NULL;
  *ret = words;
  *ret_n = n;
  return 0;
}

void
words_free (char **words)
{
  for (char **word = words; word && *word; word++)
    secret_wipe (*word, strlen (*word));
  free (words);
}
