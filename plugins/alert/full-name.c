#include "full-name.h"

#include "utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MOST_RULE = 128, HASH = 17, MOST = 2 * MOST_RULE + ALERT_KEY_MOST };

void
alert_full_name (const char *rule, const struct alert_key *key, char ret[ALERT_FULL_NAME])
{
  char whole[MOST + 2];
  size_t n = 0;
  for (const char *at = rule; *at && n < (size_t) 2 * MOST_RULE; at++) {
    if (*at == '/' || *at == '\\')
      whole[n++] = '\\';
    whole[n++] = *at;
  }
  if (!key->text)
    n += (size_t) snprintf (whole + n, sizeof whole - n, "/%" PRIu64, key->number);
  else if (key->length) {
    const size_t length = key->length < ALERT_KEY_MOST ? key->length : ALERT_KEY_MOST;
    whole[n++] = '/';
    memcpy (whole + n, key->text, length);
    n += length;
  }
  if (n < ALERT_FULL_NAME) {
    memcpy (ret, whole, n);
    ret[n] = 0;
    return;
  }
  const struct alert_key all = {.text = whole, .length = n};
  const size_t kept = utf8_valid (whole, ALERT_FULL_NAME - 1 - HASH);
  memcpy (ret, whole, kept);
  snprintf (ret + kept, ALERT_FULL_NAME - kept, "#%016" PRIx64, alert_key_hash (&all));
}
