/* Answers with credentials, as anybody on the way may have changed them: credentials that can be sent, or none. */
#include "dynamodb-writer/answer.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
judge (int r, struct credentials *c, const struct answer_fault *fault)
{
  if (r == 0) {
    if (!*c->access_key || !*c->secret || strpbrk (c->access_key, "\r\n ") || (c->token && strpbrk (c->token, "\r\n ")))
      abort ();
  } else if (c->access_key || c->secret || c->token || (r != -12 && !memchr (fault->text, 0, sizeof fault->text)))
    abort ();
  credentials_clear (c);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct credentials c = {.provider = CREDENTIALS_NONE};
  struct answer_fault fault;
  const char *text = (const char *) data;
  judge (answer_sts (text, size, &c, &fault), &c, &fault);
  judge (answer_json (ANSWER_ENDPOINT, text, size, &c, &fault), &c, &fault);
  judge (answer_json (ANSWER_PROCESS, text, size, &c, &fault), &c, &fault);
  return 0;
}
