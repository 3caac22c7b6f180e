#include "recorded.h"

#include "../file-writer/read-back.h"
#include "minutes.h"
#include "recorded-entry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct reader {
  const struct recorded_source *source;
  struct recorded *out;
  struct minutes minutes;
  struct recorded_memory memory;
  int64_t last_ns; /* of what was taken */
  int error;
};

/* ---- Points ---- */

size_t
recorded_find (const struct recorded *r, int64_t minute)
{
  size_t low = 0, high = r->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->points[middle].minute < minute)
      low = middle + 1;
    else
      high = middle;
  }
  return low < r->n && r->points[low].minute == minute ? low : r->n;
}

int
recorded_get (const struct recorded *r, size_t i, struct point *ret)
{
  const struct recorded_point *p = &r->points[i];
  return point_unpack ((const unsigned char *) r->packed.data + p->offset, p->length, ret);
}

void
recorded_free (struct recorded *r)
{
  if (!r)
    return;
  free (r->points);
  buf_free (&r->packed);
  *r = (struct recorded){0};
}

static int
insert (struct recorded *r, const struct recorded_point *p)
{
  size_t at = r->n;
  if (r->n == r->capacity) {
    size_t capacity = r->capacity ? r->capacity * 2 : 256;
    struct recorded_point *points = reallocarray (r->points, capacity, sizeof *points);
    if (!points)
      return -ENOMEM;
    r->points = points;
    r->capacity = capacity;
  }
  while (at > 0 && r->points[at - 1].minute > p->minute)
    at--;
  memmove (r->points + at + 1, r->points + at, (r->n - at) * sizeof *p);
  r->points[at] = *p;
  r->n++;
  return 0;
}

static int
keep (struct recorded *r, const struct point *p)
{
  unsigned char packed[POINT_PACKED];
  size_t length = point_pack (p, packed), there = recorded_find (r, p->minute);
  if (!length || (there < r->n && r->points[there].samples >= p->samples))
    return 0;
  struct recorded_point new = {.minute = p->minute, .samples = p->samples, .offset = r->packed.len, .length = length};
  r->packed.max = SIZE_MAX;
  buf_add (&r->packed, packed, length);
  if (r->packed.error)
    return r->packed.error;
  if (there == r->n)
    return insert (r, &new);
  r->points[there] = new;
  return 0;
}

static void
over (void *arg, const struct minute *m)
{
  struct reader *r = arg;
  struct point p;
  struct minute_lack lack;
  if (r->error || m->start < r->source->since || m->start >= r->source->until)
    return;
  if (minute_point (m, r->source->host, r->source->created_ns, &p, &lack) < 0)
    r->out->incomplete++;
  else
    r->error = keep (r->out, &p);
}

/* ---- Entries ---- */

static int
take_entry (void *data, json_object *entry, int64_t wall_ns, bool begins)
{
  struct reader *r = data;
  struct minute_reading reading;
  if (!recorded_entry (&r->memory, entry, &reading))
    return 0;
  /* Files that overlap are of a time that came twice, as the clock was set back: they are not one minute's samples. */
  if (begins && wall_ns < r->last_ns) {
    minutes_flush (&r->minutes);
    minutes_init (&r->minutes, over, r);
  }
  r->last_ns = wall_ns;
  minutes_take (&r->minutes, &reading);
  return r->error;
}

static bool
go_on (void *data, size_t done, size_t files)
{
  const struct reader *r = data;
  return !r->source->go_on || r->source->go_on (r->source->data, done, files);
}

int
recorded_read (const struct recorded_source *source, struct recorded *ret)
{
  struct reader *r = calloc (1, sizeof *r);
  struct read_back_report report = {0};
  if (!r)
    return -ENOMEM;
  r->source = source;
  r->out = ret;
  r->memory = (struct recorded_memory){.cpu_ns = source->cpu_ns, .memory_ns = source->memory_ns};
  minutes_init (&r->minutes, over, r);
  const struct read_back from = {
    .directory = source->directory, .since = source->since, .go_on = go_on, .entry = take_entry, .data = r};
  int e = read_back (&from, &report);
  if (e == 0 || e == -ECANCELED)
    minutes_flush (&r->minutes);
  e = e ? e : r->error;
  ret->files += report.files;
  ret->entries += report.entries;
  ret->damaged += report.damaged;
  memcpy (ret->fault, report.fault, sizeof ret->fault);
  free (r);
  return e;
}
