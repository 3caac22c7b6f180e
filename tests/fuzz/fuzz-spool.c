/* Bytes as a file of the spool and as the state of a minute: refused, or what may be sent. */
#include "dynamodb-writer/item.h"
#include "dynamodb-writer/minute-state.h"
#include "dynamodb-writer/spool-file.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static int
look (void *arg, const struct spool_record *record)
{
  const size_t *size = arg;
  unsigned char packed[POINT_PACKED];
  struct buf b = {0};
  if (!point_is_valid (record->point) || !point_pack (record->point, packed) || record->offset + record->length > *size)
    abort ();
  item_put_body (&b, "t", record->point, ITEM_TTL_DAYS);
  buf_free (&b);
  return 0;
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  struct spool_scan scan;
  struct point p;
  static struct minute m;
  struct minute_lack lack;
  int64_t newest;
  if (spool_file_scan (data, size, look, &size, &scan) || scan.whole + scan.torn != size)
    abort ();
  if (point_unpack (data, size, &p) == 0 && !point_is_valid (&p))
    abort ();
  if (minute_state_unpack (data, size, &m, &newest) == 0 && minute_point (&m, "h", 0, &p, &lack) == 0 && !point_is_valid (&p))
    abort ();
  char host[HOSTNAME_SIZE];
  hostname_clean ((const char *) data, size, host);
  if (!hostname_is_clean (host, strlen (host)))
    abort ();
  return 0;
}
