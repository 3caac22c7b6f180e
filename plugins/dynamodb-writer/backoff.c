#include "backoff.h"

#include "hostname.h"

static const int64_t SECOND_NS = 1000000000, MINUTE_NS = INT64_C (60000000000);

/* splitmix64 */
static uint64_t
next_random (uint64_t *state)
{
  uint64_t z = (*state += UINT64_C (0x9e3779b97f4a7c15));
  z = (z ^ z >> 30) * UINT64_C (0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C (0x94d049bb133111eb);
  return z ^ z >> 31;
}

/* 0 to most - 1. */
static int64_t
random_below (struct backoff *b, int64_t most)
{
  return (int64_t) (next_random (&b->random) % (uint64_t) most);
}

static int64_t
wait_after (struct backoff *b, uint32_t failures)
{
  int64_t most = failures > 5 ? BACKOFF_MOST_NS : SECOND_NS << (failures - 1);
  return 1 + random_below (b, most < BACKOFF_MOST_NS ? most : BACKOFF_MOST_NS);
}

void
backoff_init (struct backoff *b, uint64_t seed)
{
  *b = (struct backoff){.random = seed, .tokens = BACKOFF_TOKENS};
}

int64_t
backoff_failed (struct backoff *b, bool timed_out, bool *ret_rest)
{
  const int32_t cost = timed_out ? BACKOFF_TIMEOUT_COST : BACKOFF_RETRY_COST;
  b->failures++;
  *ret_rest = b->resting || b->failures >= BACKOFF_TRIES || b->tokens < cost;
  if (*ret_rest) {
    b->resting = true;
    b->rests++;
    b->failures = 0;
    b->paid = 0;
    return BACKOFF_REST_NS / 2 + random_below (b, BACKOFF_REST_NS / 2);
  }
  b->tokens -= cost;
  b->paid = cost;
  b->retries++;
  return wait_after (b, b->failures);
}

int64_t
backoff_progressed (struct backoff *b)
{
  b->failures = 0;
  b->resting = false;
  return wait_after (b, 1);
}

void
backoff_succeeded (struct backoff *b)
{
  b->tokens += b->paid ? b->paid : 1;
  if (b->tokens > BACKOFF_TOKENS)
    b->tokens = BACKOFF_TOKENS;
  b->paid = 0;
  b->failures = 0;
  b->resting = false;
}

uint32_t
backoff_place_ms (const char *host)
{
  /* Mixed once more: the hash of names that differ in their last letter alone differs little in its high bits. */
  uint64_t state = hostname_hash (host);
  return (uint32_t) (next_random (&state) % 60000);
}

int64_t
backoff_until_place (const char *host, int64_t wall_ns, int64_t spread_ns)
{
  int64_t at = wall_ns % MINUTE_NS, place = backoff_place_ms (host) * spread_ns / 60000;
  at += at < 0 ? MINUTE_NS : 0;
  int64_t wait = place - at;
  return wait >= SECOND_NS ? wait : wait + MINUTE_NS;
}
