/* When to try again, as the standard mode of AWS's SDKs does it, and what comes after that.
 *
 * An operation is tried three times, with a random wait of up to 1, then 2 seconds … at most 20. Retries are paid from a bucket
 * of 500 tokens: 5 each, 10 after a timeout; success gives back what the last retry cost, or 1. With no tokens or no tries left
 * the operation rests: its points wait in the spool, and the next try is after 30 to 60 seconds, however long the outage lasts.
 * One such try at a time probes, and its success lets everything go on at once.
 *
 * No clock, no sleep: it says how long to wait. One thread at a time. */
#ifndef BACKOFF_H
#define BACKOFF_H

#include <stdbool.h>
#include <stdint.h>

enum {
  BACKOFF_TOKENS = 500,
  BACKOFF_RETRY_COST = 5,
  BACKOFF_TIMEOUT_COST = 10,
  BACKOFF_TRIES = 3,
};
#define BACKOFF_MOST_NS INT64_C (20000000000)
#define BACKOFF_REST_NS INT64_C (60000000000)

struct backoff {
  uint64_t random; /* state of the generator; 0 at first: seed it */
  int32_t tokens;
  int32_t paid;      /* by the last retry of this operation */
  uint32_t failures; /* of this operation, in a row */
  bool resting;
  uint64_t retries, rests; /* for status */
};

/* `seed`: different on each host (getrandom). */
void backoff_init (struct backoff *b, uint64_t seed);
/* A try failed in a passing way: how long to wait, in ns, before the next one. *ret_rest: the operation is given up for now. */
int64_t backoff_failed (struct backoff *b, bool timed_out, bool *ret_rest);
/* Part of it got done (a batch with items left over): waits as after a first failure, pays nothing, and the tries begin anew.
 */
int64_t backoff_progressed (struct backoff *b);
void backoff_succeeded (struct backoff *b);

/* This host's own place in the minute, 0 to 59,999 ms, the same always: so that a fleet that starts at once does not send at
 * once. */
uint32_t backoff_place_ms (const char *host);
/* How long until that place comes next, in ns; 1 to 61 s, so that one place is not used twice. The places of all hosts are
 * spread over that much of the minute. */
int64_t backoff_until_place (const char *host, int64_t wall_ns, int64_t spread_ns);
#endif
