/* What a server says of a request, for a log: without what it repeats of the request. */
#ifndef TOLD_H
#define TOLD_H

#include <stddef.h>
#include <string.h>

/* So many bytes of a message are its own. A signature that does not match is answered with the canonical request, whose headers
 * hold the session token, and one that is not understood with the header Authorization. Source: AWS IAM User Guide,
 * "Troubleshoot Signature Version 4 request signing". */
static inline size_t
told_length (const char *text)
{
  static const char *const repeated[] = {"the canonical string", "the string-to-sign", "x-amz-security-token",
                                         "authorization:",       "authorization=",     "aws4-hmac-sha256"};
  size_t n = strlen (text);
  for (size_t i = 0; i < sizeof repeated / sizeof *repeated; i++) {
    const char *at = strcasestr (text, repeated[i]);
    if (at && (size_t) (at - text) < n)
      n = (size_t) (at - text);
  }
  while (n && strchr (" \t\r\n", text[n - 1]))
    n--;
  return n;
}
#endif
