#include "ring.h"

#include "pack.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { CHUNK_SAMPLES = 120, CHUNKS_AT_LEAST = 16 };

/* Samples of one schema, the first standing by itself. */
struct chunk {
  struct chunk *next;
  struct schema *schema;
  uint64_t samples;
  int64_t first_wall_ns;
  bool full;
  size_t first_bytes; /* of the first sample, which holds all its strings */
  struct buf packed;
};

struct ring {
  pthread_mutex_t lock;
  uint64_t max_samples;
  size_t max_bytes;
  struct chunk *oldest, *newest;
  struct sample *before; /* the last one, unpacked, that the next differs from */
  uint64_t samples;
  size_t bytes;
  int64_t last_wall_ns;
};

int
ring_new (uint64_t max_samples, size_t max_bytes, struct ring **ret)
{
  struct ring *r = calloc (1, sizeof *r);
  if (!r)
    return -ENOMEM;
  pthread_mutex_init (&r->lock, NULL);
  r->max_samples = max_samples;
  r->max_bytes = max_bytes;
  *ret = r;
  return 0;
}

static void
chunk_free (struct chunk *c)
{
  schema_unref (c->schema);
  buf_free (&c->packed);
  free (c);
}

static size_t
chunk_bytes (const struct chunk *c)
{
  return sizeof *c + c->packed.cap;
}

static void
drop_oldest (struct ring *r)
{
  struct chunk *c = r->oldest;
  r->oldest = c->next;
  if (!r->oldest) {
    r->newest = NULL;
    sample_unref (r->before);
    r->before = NULL;
  }
  r->samples -= c->samples;
  r->bytes -= chunk_bytes (c);
  chunk_free (c);
}

static void
keep_bounds (struct ring *r)
{
  while (r->oldest && (r->bytes > r->max_bytes || r->samples - r->oldest->samples >= r->max_samples))
    drop_oldest (r);
}

void
ring_bound (struct ring *r, uint64_t max_samples, size_t max_bytes)
{
  pthread_mutex_lock (&r->lock);
  r->max_samples = max_samples;
  r->max_bytes = max_bytes;
  keep_bounds (r);
  pthread_mutex_unlock (&r->lock);
}

void
ring_free (struct ring *r)
{
  if (!r)
    return;
  while (r->oldest)
    drop_oldest (r);
  pthread_mutex_destroy (&r->lock);
  free (r);
}

static bool
begin_chunk (struct ring *r, const struct sample *sample)
{
  struct chunk *c = calloc (1, sizeof *c);
  if (!c)
    return false;
  c->schema = schema_ref (sample->schema);
  c->first_wall_ns = sample->time.wall_ns;
  if (r->newest)
    r->newest->next = c;
  else
    r->oldest = c;
  r->newest = c;
  r->bytes += chunk_bytes (c);
  sample_unref (r->before);
  r->before = NULL;
  return true;
}

/* Whether one more sample goes into the newest chunk. A chunk is what is dropped at a time, so it should be small; but with the
 * command lines of many processes its first sample is large, and then those that differ little from it should follow. */
static bool
takes (const struct ring *r, const struct chunk *c, const struct schema *schema)
{
  size_t most = r->max_bytes / CHUNKS_AT_LEAST;
  if (most < c->first_bytes * 2)
    most = c->first_bytes * 2 < r->max_bytes / 2 ? c->first_bytes * 2 : r->max_bytes / 2;
  return !c->full && c->schema == schema && c->samples < CHUNK_SAMPLES && c->packed.len < most;
}

/* Gives back what a chunk that is done does not need. */
static void
shrink (struct ring *r, struct chunk *c)
{
  char *data = c->packed.data ? realloc (c->packed.data, c->packed.len + 1) : NULL;
  if (!data)
    return;
  r->bytes -= c->packed.cap - (c->packed.len + 1);
  c->packed.data = data;
  c->packed.cap = c->packed.len + 1;
}

static void
push (struct ring *r, const struct sample *sample)
{
  struct chunk *c = r->newest;
  if (!c || !takes (r, c, sample->schema)) {
    if (c)
      shrink (r, c);
    if (!begin_chunk (r, sample))
      return;
    c = r->newest;
  }
  size_t len = c->packed.len, bytes = chunk_bytes (c);
  pack_sample (&c->packed, sample, r->before);
  if (c->packed.error) { /* no memory: the chunk ends here, the next sample begins another */
    c->packed.len = len;
    c->packed.error = 0;
    c->full = true;
  } else {
    if (c->samples++ == 0)
      c->first_bytes = c->packed.len;
    r->samples++;
    sample_unref (r->before);
    r->before = sample_ref (sample);
    r->last_wall_ns = sample->time.wall_ns;
  }
  r->bytes += chunk_bytes (c) - bytes;
  keep_bounds (r);
}

void
ring_push (struct ring *r, const struct sample *sample)
{
  pthread_mutex_lock (&r->lock);
  push (r, sample);
  pthread_mutex_unlock (&r->lock);
}

/* Copies the chunks that hold the last `last` samples; *ret_skip of the first one are to be passed over. */
static int
copy_chunks (struct ring *r, uint64_t last, struct chunk **ret, uint64_t *ret_skip)
{
  if (last > r->max_samples)
    last = r->max_samples;
  uint64_t skip = r->samples > last ? r->samples - last : 0;
  const struct chunk *c = r->oldest;
  for (; c && c->samples <= skip; c = c->next)
    skip -= c->samples;
  struct chunk **to = ret;
  for (*ret = NULL; c; c = c->next, to = &(*to)->next) {
    if (!(*to = calloc (1, sizeof **to)))
      return -ENOMEM;
    (*to)->schema = schema_ref (c->schema);
    (*to)->samples = c->samples;
    buf_add (&(*to)->packed, c->packed.data, c->packed.len);
    if ((*to)->packed.error)
      return -ENOMEM;
  }
  *ret_skip = skip;
  return 0;
}

static int
visit_chunk (const struct chunk *c, uint64_t *skip, ring_visit *visit, void *arg)
{
  struct dict *dict = dict_new ();
  struct sample *before = NULL;
  const char *p = c->packed.data, *end = p + c->packed.len;
  int r = dict ? 0 : -ENOMEM;
  while (!r && p < end) {
    struct sample *s;
    r = unpack_sample (&p, end, c->schema, before, dict, &s);
    if (r)
      break;
    if (*skip)
      --*skip;
    else
      visit (arg, s);
    sample_unref (before);
    before = s;
  }
  sample_unref (before);
  dict_unref (dict);
  return r;
}

int
ring_read (struct ring *r, uint64_t last, ring_visit *visit, void *arg)
{
  struct chunk *copies = NULL;
  uint64_t skip = 0;
  pthread_mutex_lock (&r->lock);
  int e = copy_chunks (r, last, &copies, &skip);
  pthread_mutex_unlock (&r->lock);
  for (struct chunk *c = copies, *next; c; c = next) {
    next = c->next;
    if (!e)
      e = visit_chunk (c, &skip, visit, arg);
    chunk_free (c);
  }
  return e;
}

struct ring_view
ring_view (struct ring *r)
{
  pthread_mutex_lock (&r->lock);
  struct ring_view v = {.samples = r->samples < r->max_samples ? r->samples : r->max_samples,
                        .max_samples = r->max_samples,
                        .bytes = r->bytes,
                        .max_bytes = r->max_bytes,
                        .first_wall_ns = r->oldest ? r->oldest->first_wall_ns : 0,
                        .last_wall_ns = r->oldest ? r->last_wall_ns : 0};
  pthread_mutex_unlock (&r->lock);
  return v;
}
