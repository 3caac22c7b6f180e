#include "cost.h"

#include "item.h"

/* A billed GB is 1e9 bytes, and 100 of each item are counted for the service's own index. */
enum { MINUTES_A_DAY = 1440, MONTH_DAYS = 30, INDEX_BYTES = 100 };

struct cost
cost_of_host (int64_t ttl_days, bool reads_row)
{
  const int64_t minutes = MINUTES_A_DAY * MONTH_DAYS;
  struct cost c = {.writes = 2 * minutes, .reads = reads_row ? minutes : 0};
  c.stored = ttl_days * MINUTES_A_DAY * (ITEM_BYTES + INDEX_BYTES);
  c.usd_writes = (double) c.writes / 1e6 * COST_WRITES_PER_MILLION;
  c.usd_reads = (double) c.reads / 1e6 * COST_READS_PER_MILLION;
  c.usd_storage = (double) c.stored / 1e9 * COST_STORAGE_PER_GB;
  c.usd = c.usd_writes + c.usd_reads + c.usd_storage;
  return c;
}
