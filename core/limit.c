#include "limit.h"

#include <stdio.h>
#include <string.h>

static const double NS_PER_MINUTE = 60e9;

/* Lines for debugging have buckets of their own, so that they use up nobody's warnings; a leading '.' marks them. */
static bool
is_debug (const struct limit_bucket *b)
{
  return b->name[0] == '.';
}

static struct limit_bucket *
find_bucket (struct limit *l, const char *name, bool debug, int64_t now_ns)
{
  char key[sizeof l->buckets[0].name];
  snprintf (key, sizeof key, "%s%s", debug ? "." : "", name);
  for (size_t i = 0; i < l->n; i++)
    if (!strcmp (l->buckets[i].name, key))
      return &l->buckets[i];
  if (l->n == sizeof l->buckets / sizeof l->buckets[0])
    return &l->buckets[l->n - 1];
  struct limit_bucket *b = &l->buckets[l->n++];
  *b = (struct limit_bucket){.filled_ns = now_ns, .tokens = debug ? LIMIT_DEBUG_BURST : LIMIT_BURST};
  memcpy (b->name, key, sizeof key);
  return b;
}

static void
fill (struct limit_bucket *b, int64_t now_ns)
{
  double burst = is_debug (b) ? LIMIT_DEBUG_BURST : LIMIT_BURST;
  double per_minute = is_debug (b) ? LIMIT_DEBUG_PER_MINUTE : LIMIT_PER_MINUTE;
  if (now_ns > b->filled_ns)
    b->tokens += (double)(now_ns - b->filled_ns) / NS_PER_MINUTE * per_minute;
  if (b->tokens > burst)
    b->tokens = burst;
  b->filled_ns = now_ns;
}

bool
limit_take (struct limit *l, const char *name, bool debug, int64_t now_ns, uint64_t *ret_missed)
{
  struct limit_bucket *b = find_bucket (l, name, debug, now_ns);
  fill (b, now_ns);
  if (b->tokens < 1) {
    b->left_out++;
    l->left_out++;
    return false;
  }
  b->tokens -= 1;
  *ret_missed = b->left_out;
  b->left_out = 0;
  return true;
}

const char *
limit_settle (struct limit *l, int64_t now_ns, uint64_t *ret_missed)
{
  for (size_t i = 0; i < l->n; i++) {
    struct limit_bucket *b = &l->buckets[i];
    if (!b->left_out)
      continue;
    fill (b, now_ns);
    if (b->tokens < 1)
      continue;
    b->tokens -= 1;
    *ret_missed = b->left_out;
    b->left_out = 0;
    return is_debug (b) ? b->name + 1 : b->name;
  }
  return NULL;
}
