/* What a host costs in a month, as far as it follows from what the daemon does. */
#ifndef COST_H
#define COST_H

#include <stdbool.h>
#include <stdint.h>

/* On demand, standard table class, in us-east-1, US dollars: https://aws.amazon.com/dynamodb/pricing/on-demand/. What a free
 * tier takes off is an account's matter and not counted. Items that expire are deleted for nothing:
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/TTL.html. */
#define COST_BASIS              "on-demand prices of us-east-1 since 2024-11-01"
#define COST_WRITES_PER_MILLION 0.625
#define COST_READS_PER_MILLION  0.125
#define COST_STORAGE_PER_GB     0.25

struct cost {
  int64_t writes, reads; /* request units in a month of 30 days: an item of 1 KB is one write */
  int64_t stored;        /* bytes at most, once the oldest expire */
  double usd_writes, usd_reads, usd_storage, usd;
};

/* `ttl_days`: how long items stay. `reads_row`: UpdateItem is denied, so that the row is read before it is written. */
struct cost cost_of_host (int64_t ttl_days, bool reads_row);
#endif
