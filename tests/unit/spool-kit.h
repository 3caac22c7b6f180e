/* What the tests of the spool share. */
#ifndef SPOOL_KIT_H
#define SPOOL_KIT_H

#include "dynamodb-writer/spool.h"
#include "minutes.h"

#define MONTH INT64_C (2592000)

static inline struct spool *
new_spool (const char *dir, uint64_t max_bytes)
{
  struct spool *s;
  ck_assert_int_eq (spool_new (&(struct spool_config){.path = dir, .max_bytes = max_bytes, .max_age = MONTH}, &s), 0);
  return s;
}

static inline struct spool *
open_spool (const char *dir, uint64_t max_bytes)
{
  struct spool *s = new_spool (dir, max_bytes);
  ck_assert_int_eq (spool_open (s), 0);
  return s;
}

static inline struct spool_view
look (struct spool *s)
{
  struct spool_view v;
  spool_look (s, &v);
  return v;
}

static inline int
add_minute (struct spool *s, const char *host, int64_t minute, uint32_t samples)
{
  struct point p = make_point (host, minute, samples);
  return spool_add (s, &p);
}

/* Its newest point is this one, and what it says is right. */
static inline void
expect_newest (struct spool *s, const char *host, int64_t minute, uint32_t samples)
{
  struct spool_ref ref;
  struct point p, wanted = make_point (host, minute, samples);
  ck_assert_uint_eq (spool_pick (s, INT64_MAX / 2, 1, &ref), 1);
  ck_assert_int_eq (ref.minute, minute);
  ck_assert_uint_eq (ref.samples, samples);
  ck_assert_int_eq (spool_get (s, &ref, &p), 0);
  ck_assert (same_point (&p, &wanted));
}
#endif
