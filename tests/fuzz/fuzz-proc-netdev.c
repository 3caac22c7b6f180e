/* /proc/net/dev: two readings, split at a line of dashes, and what went through between them. */
#include "net/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  const char *text = (const char *) data;
  const char *cut = size ? memmem (text, size, "---\n", 4) : NULL;
  size_t first = cut ? (size_t) (cut - text) : size;
  struct net_list before = {0}, now = {0};
  struct net_totals totals;
  if (net_parse_dev (text, first, &before) == 0 && cut && net_parse_dev (cut + 4, size - first - 4, &now) == 0) {
    for (uint32_t i = 0; i < before.n; i++) {
      before.at[i].index = before.at[i].count[0] % 8;
      before.at[i].chosen = true;
    }
    if (!net_follow (&now, &before)) {
      for (uint32_t i = 0; i < now.n; i++) {
        now.at[i].index = now.at[i].count[0] % 8;
        now.at[i].chosen = true;
      }
      net_match (&now, &before);
    }
    net_sum (&now, &totals);
    if (totals.n != now.n)
      abort ();
    for (uint32_t i = 0; i < now.n; i++)
      if (!now.at[i].name[0] || strlen (now.at[i].name) >= NET_NAME_SIZE)
        abort ();
  }
  net_list_free (&before);
  net_list_free (&now);
  return 0;
}
