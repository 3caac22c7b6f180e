/* Files of the AWS tools: never a byte outside, and what is found is found again. */
#include "dynamodb-writer/ini.h"
#include "dynamodb-writer/words.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static void
look_up (const struct ini *ini)
{
  static const char *const keys[] = {"region", "aws_access_key_id", "dynamodb", "s3", "a", ""};
  for (size_t s = 0; s < ini_count (ini) && s < 64; s++)
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
      struct buf nested BUF_CLEANUP = {.max = 4096};
      const char *value = ini_get (ini, s, keys[i]);
      if (strlen (ini_name (ini, s)) == 0)
        abort ();
      if (value && ini_nested (value, "endpoint_url", &nested) && nested.len > strlen (value))
        abort ();
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct buf text = {.max = INI_MOST_BYTES + 1};
  struct ini *ini;
  struct ini_fault fault;
  char **words, *line = strndup ((const char *) data, size);
  size_t n;
  buf_add (&text, data, size);
  if (text.error)
    buf_free (&text);
  else if (ini_parse (&text, &ini, &fault) == 0) {
    look_up (ini);
    ini_free (ini);
  }
  if (line && words_split (line, &words, &n) == 0)
    words_free (words);
  free (line);
  return 0;
}
