/* The first line as a regular expression, the others as texts: refused with a reason, or it takes what regcomp's own takes. */
#include "pattern.h"

#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
try (struct pattern *p, const regex_t *plain, const char *text)
{
  int taken = pattern_takes (p, text);
  if (taken != 0 && taken != 1)
    abort ();
  if (strlen (text) <= 32 && taken != !regexec (plain, text, 0, NULL, 0)) /* a short one: that may take long */
    abort ();
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  char copy[4096], word[PATTERN_MAX + 8], why[160] = "", *rest = copy;
  size_t n = size < sizeof copy - 1 ? size : sizeof copy - 1;
  struct pattern *p;
  regex_t plain;
  memcpy (copy, data, n);
  copy[n] = 0;
  const char *line = strsep (&rest, "\n");
  snprintf (word, sizeof word, "%s", line);
  if (!pattern_is (word))
    return 0;
  if (pattern_make (word, &p, why, sizeof why)) {
    if (!*why)
      abort ();
    return 0;
  }
  word[strlen (word) - 1] = 0;
  if (regcomp (&plain, word + 1, REG_EXTENDED | REG_NOSUB))
    abort ();
  while ((line = strsep (&rest, "\n"))) {
    try (p, &plain, line);
    bool digits = *line && strspn (line, "0123456789") == strlen (line);
    if (digits && pattern_takes (p, line) == 1 && !pattern_takes_digits (p))
      abort ();
  }
  regfree (&plain);
  pattern_free (p);
  return 0;
}
