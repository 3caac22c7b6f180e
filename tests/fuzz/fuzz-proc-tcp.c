/* /proc/net/tcp and /proc/net/snmp. */
#include "net/source.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct net_tcp_counts counts;
  uint64_t lines = 1;
  for (size_t i = 0; i < size; i++)
    lines += data[i] == '\n';
  if (net_parse_tcp ((const char *) data, size) > lines)
    abort ();
  net_parse_snmp ((const char *) data, size, &counts);
  return 0;
}
