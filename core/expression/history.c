/* What rate (), change () and absent () remember of each row. Rows that are gone are forgotten, and there is a bound. */
#include <config.h>

#include "inner.h"

enum {
  PARTS = 60,  /* of the span: how far apart kept points are */
  POINTS = 64, /* kept of a row by change () */
  MAX_RATES = 65536,
  MAX_CHANGES = 4096,
};
#define FORGET_NS INT64_C (600000000000) /* a row that is not seen, and not known to be gone */

struct point {
  int64_t mono_ns;
  uint64_t raw;
};

struct entry {
  uint64_t hash[2]; /* of the key: two numbers of 64 bits, so that no two keys are taken for one */
  uint64_t identity;
  uint64_t raw; /* the last fresh value */
  int64_t mono_ns;
  int64_t seen_ns;
  uint64_t evaluation, epoch, slept;
  double result;
  uint32_t type;     /* of raw; 0: there is none */
  uint8_t why;       /* of the result */
  uint32_t first, n; /* of the points */
};

struct history {
  int64_t span_ns;
  bool points_too;
  struct entry *entries;
  struct point *points; /* POINTS for each entry */
  uint32_t *index;      /* entry + 1 by hash; twice as many as entries fit */
  uint32_t n, cap, next;
  uint64_t evaluation; /* of which `touched` entries were seen */
  uint32_t touched;
  int64_t since_ns; /* absent (): when something fresh was seen last, or it was begun to watch */
  bool seen;        /* the former */
  uint64_t epoch;
  bool begun;
};

struct history *
expr_history_new (int64_t span_ns, bool points)
{
  struct history *h = calloc (1, sizeof *h);
  if (h) {
    h->span_ns = span_ns;
    h->points_too = points;
  }
  return h;
}

void
expr_history_free (struct history *h)
{
  if (!h)
    return;
  free (h->entries);
  free (h->points);
  free (h->index);
  free (h);
}

/* ---- Finding a row ---- */

static uint64_t
mix (uint64_t h, uint64_t word, uint64_t by)
{
  h = (h ^ word) * by;
  return h ^ h >> 29;
}

static void
hash_key (const struct kk_value *key, uint64_t hash[2])
{
  uint64_t a = 0x9e3779b97f4a7c15, b = 0xc2b2ae3d27d4eb4f;
  if (key->absent) {
    hash[0] = hash[1] = 0;
    return;
  }
  if (key->type == KK_TYPE_U64) {
    hash[0] = key->u64;
    hash[1] = 1;
    return;
  }
  for (uint32_t i = 0; i < key->length; i += 8) {
    uint64_t word = 0;
    memcpy (&word, key->string + i, key->length - i < 8 ? key->length - i : 8);
    a = mix (a, word, 0xbf58476d1ce4e5b9);
    b = mix (b, word, 0x94d049bb133111eb);
  }
  hash[0] = mix (a, key->length, 0xbf58476d1ce4e5b9);
  hash[1] = mix (b, key->length, 0x94d049bb133111eb);
}

static bool
is (const struct entry *e, const uint64_t hash[2], uint64_t identity)
{
  return e->hash[0] == hash[0] && e->hash[1] == hash[1] && e->identity == identity;
}

static uint32_t
place (const struct history *h, const uint64_t hash[2], uint64_t identity)
{
  return (uint32_t) (mix (hash[0] ^ hash[1], identity, 0x9e3779b97f4a7c15) >> 20) & (2 * h->cap - 1);
}

static void
put_index (struct history *h, uint32_t number)
{
  uint32_t at = place (h, h->entries[number].hash, h->entries[number].identity);
  while (h->index[at])
    at = (at + 1) & (2 * h->cap - 1);
  h->index[at] = number + 1;
}

static bool
grow (struct history *h)
{
  uint32_t cap = h->cap ? 2 * h->cap : 8;
  if (h->n < h->cap)
    return true;
  if (cap > (h->points_too ? MAX_CHANGES : MAX_RATES))
    return false;
  struct entry *entries = reallocarray (h->entries, cap, sizeof *entries);
  h->entries = entries ? entries : h->entries;
  struct point *points = h->points_too ? reallocarray (h->points, cap, POINTS * sizeof *points) : NULL;
  h->points = points ? points : h->points;
  uint32_t *index = calloc (2 * (size_t) cap, sizeof *index);
  if (!entries || (h->points_too && !points) || !index) {
    free (index);
    return false;
  }
  free (h->index);
  h->index = index;
  h->cap = cap;
  for (uint32_t i = 0; i < h->n; i++)
    put_index (h, i);
  return true;
}

/* The entry of a row, a new one if need be; NULL when there is no room. Rows mostly come in the order of the time before. */
static struct entry *
find (struct history *h, const struct reading *reading)
{
  uint64_t hash[2];
  hash_key (&reading->key, hash);
  if (h->next >= h->n)
    h->next = 0;
  if (h->n && is (h->entries + h->next, hash, reading->identity))
    return h->entries + h->next++;
  if (h->n)
    for (uint32_t at = place (h, hash, reading->identity); h->index[at]; at = (at + 1) & (2 * h->cap - 1)) {
      uint32_t number = h->index[at] - 1;
      if (!is (h->entries + number, hash, reading->identity))
        continue;
      h->next = number + 1;
      return h->entries + number;
    }
  if (!grow (h))
    return NULL;
  struct entry *e = h->entries + h->n;
  *e = (struct entry){.hash = {hash[0], hash[1]}, .identity = reading->identity, .why = KK_FIRST};
  put_index (h, h->n);
  h->next = ++h->n;
  return e;
}

void
expr_history_sweep (struct history *h, const struct expression *e, int64_t now_ns, bool all)
{
  if (h->evaluation != e->evaluations)
    h->touched = 0;
  if (h->touched == h->n)
    return;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < h->n; i++) {
    if (h->entries[i].evaluation != e->evaluations && (all || now_ns - h->entries[i].seen_ns > FORGET_NS + 2 * h->span_ns))
      continue;
    if (kept != i) {
      h->entries[kept] = h->entries[i];
      if (h->points_too)
        memcpy (h->points + (size_t) kept * POINTS, h->points + (size_t) i * POINTS, POINTS * sizeof *h->points);
    }
    kept++;
  }
  if (kept == h->n)
    return;
  h->n = kept;
  memset (h->index, 0, 2 * (size_t) h->cap * sizeof *h->index);
  for (uint32_t i = 0; i < h->n; i++)
    put_index (h, i);
}

/* ---- Readings ---- */

static double
difference (uint64_t now, uint64_t before, uint32_t type)
{
  union {
    uint64_t raw;
    double f64;
    int64_t i64;
  } x = {.raw = now}, y = {.raw = before};
  if (type == KK_TYPE_F64)
    return x.f64 - y.f64;
  if (type == KK_TYPE_I64)
    return x.i64 >= y.i64 ? (double) (now - before) : -(double) (before - now);
  return now >= before ? (double) (now - before) : -(double) (before - now);
}

/* What is kept of the row says nothing any more about the time until now. */
static uint8_t
broken (const struct history *h, struct entry *e, const struct expression *x, const struct reading *r)
{
  uint8_t why = 0;
  if (!e->type || e->type != r->value.type)
    why = KK_FIRST;
  else if (h->points_too ? e->slept != x->slept : e->epoch != x->epoch)
    why = h->points_too ? KK_SUSPEND : x->epoch_why;
  else if (r->counter && difference (r->value.u64, e->raw, e->type) < 0)
    why = KK_RESET;
  return why;
}

static void
add_point (struct history *h, struct entry *e, const struct reading *r)
{
  struct point *points = h->points + (size_t) (e - h->entries) * POINTS;
  if (e->n == POINTS) {
    e->first = (e->first + 1) % POINTS;
    e->n--;
  }
  points[(e->first + e->n++) % POINTS] = (struct point){r->mono_ns, r->value.u64};
}

/* The difference to the kept point that lies the span back, to a sixtieth of it. */
static void
change (struct history *h, struct entry *e, const struct reading *r)
{
  const struct point *points = h->points + (size_t) (e - h->entries) * POINTS;
  int64_t step = h->span_ns / PARTS, back = r->mono_ns - h->span_ns + step;
  while (e->n > 1 && points[(e->first + 1) % POINTS].mono_ns <= back) {
    e->first = (e->first + 1) % POINTS;
    e->n--;
  }
  const struct point *oldest = points + e->first;
  e->why = 0;
  if (!e->n || oldest->mono_ns > back)
    e->why = WHY_TOO_SHORT;
  else if (oldest->mono_ns < r->mono_ns - 2 * h->span_ns)
    e->why = WHY_TOO_RARE;
  if (!e->why)
    e->result = difference (r->value.u64, oldest->raw, r->value.type);
  if (!e->n || r->mono_ns - points[(e->first + e->n - 1) % POINTS].mono_ns >= step)
    add_point (h, e, r);
}

static void
rate (struct entry *e, const struct reading *r)
{
  int64_t elapsed = r->mono_ns - e->mono_ns;
  e->why = KK_PRESENT;
  if (elapsed <= 0)
    e->why = KK_GAP;
  if (!e->why)
    e->result = difference (r->value.u64, e->raw, e->type) / ((double) elapsed / 1e9);
}

static void
read_fresh (struct history *h, struct entry *e, const struct expression *x, const struct reading *r)
{
  uint8_t why = broken (h, e, x, r);
  if (why) {
    e->why = why;
    e->first = e->n = 0;
    if (h->points_too)
      add_point (h, e, r);
  } else if (h->points_too)
    change (h, e, r);
  else
    rate (e, r);
  if (!e->why && !isfinite (e->result))
    e->why = WHY_RANGE;
  e->type = r->value.type;
  e->raw = r->value.u64;
  e->mono_ns = r->mono_ns;
  e->epoch = x->epoch;
  e->slept = x->slept;
}

struct value
expr_history_read (struct history *h, const struct expression *x, const struct reading *r)
{
  struct value v = {.fresh = !r->value.held, .why = WHY_TOO_MANY};
  struct entry *e = find (h, r);
  if (!e)
    return v;
  if (h->evaluation != x->evaluations) {
    h->evaluation = x->evaluations;
    h->touched = 0;
  }
  h->touched += e->evaluation != x->evaluations;
  e->evaluation = x->evaluations;
  e->seen_ns = r->now_ns;
  v.why = (uint8_t) r->value.absent;
  if (v.why) {
    bool anew = v.why == KK_RESET || v.why == KK_SUSPEND || (v.why == KK_GAP && !h->points_too) || v.why == KK_FIRST;
    if (v.fresh && anew)
      e->type = 0;
    if (v.fresh)
      e->why = v.why;
    return v;
  }
  if (v.fresh)
    read_fresh (h, e, x, r);
  v.why = e->why;
  v.number = e->why ? 0 : e->result;
  return v;
}

struct value
expr_history_absent (struct history *h, const struct expression *e, int64_t now_ns, bool fresh)
{
  bool anew = !h->begun || h->epoch != e->epoch;
  if (fresh || anew)
    h->since_ns = now_ns;
  h->seen = fresh || (h->seen && !anew);
  h->begun = true;
  h->epoch = e->epoch;
  bool over = now_ns - h->since_ns >= h->span_ns;
  /* Whoever began to watch a moment ago does not know whether it came a moment before. */
  return (struct value){.boolean = over, .fresh = true, .why = h->seen || over ? KK_PRESENT : WHY_TOO_SHORT};
}
