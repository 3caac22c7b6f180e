#include "desk.h"

#include "engine-inner.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const int64_t RETRY_NS = INT64_C (10000000000);

int
alert_desk_init (struct alert_desk *d, const char *path, uint64_t store_bytes, uint32_t history, int64_t keep_ns)
{
  *d = (struct alert_desk){.path = strdup (path), .retry_ns = INT64_MIN};
  alert_store_init (&d->store, store_bytes ? store_bytes : ALERT_STORE_BYTES, history ? history : ALERT_HISTORY);
  alert_post_init (&d->post, d->store.max_bytes / 4, keep_ns);
  return d->path ? 0 : -ENOMEM;
}

void
alert_desk_free (struct alert_desk *d)
{
  alert_store_close (&d->store);
  alert_post_free (&d->post);
  free (d->path);
  d->path = NULL;
}

/* ---- Opening ---- */

struct reading {
  struct alert_desk *d;
  struct alert_engine *e;
  int64_t mono_ns, wall_ns;
};

static void
restore_letter (const struct reading *reading, const struct alert_record *r)
{
  struct alert_post *post = &reading->d->post;
  int64_t age_ns;
  if (r->type == ALERT_RECORD_SEND) {
    if (__builtin_sub_overflow (reading->wall_ns, r->wall_ns, &age_ns))
      age_ns = 0;
    alert_post_add (post, r, age_ns, reading->mono_ns);
    return;
  }
  struct alert_letter *l = alert_post_find (post, r->id);
  if (l)
    alert_post_told (post, l, l->left & ~(unsigned) r->left);
}

static int
restore (void *arg, const struct alert_record *r, const char *line, size_t length)
{
  const struct reading *reading = arg;
  if (!reading->e)
    return 0;
  if (r->type == ALERT_RECORD_BASE)
    alert_post_clear (&reading->d->post);
  if (r->type == ALERT_RECORD_SEND || r->type == ALERT_RECORD_SENT)
    restore_letter (reading, r);
  return alert_restore (reading->e, r, line, length);
}

int
alert_desk_open (struct alert_desk *d, struct alert_engine *e, int64_t mono_ns, int64_t wall_ns)
{
  struct reading reading = {d, e, mono_ns, wall_ns};
  if (d->store.directory >= 0)
    return 0;
  if (e)
    e->mono_ns = mono_ns;
  int r = alert_store_open (&d->store, d->path, restore, &reading);
  if (r && r != -EWOULDBLOCK)
    d->retry_ns = mono_ns + RETRY_NS;
  if (r)
    return r;
  d->store.behind |= !e; /* what is there is not how it is now */
  if (e)
    alert_engine_opened (e, wall_ns);
  return 0;
}

/* ---- Writing ---- */

static void
rewrite (struct alert_desk *d, const struct alert_batch *b, int64_t mono_ns)
{
  BUF_CLEANUP struct buf letters = {.max = d->store.max_bytes};
  alert_post_lines (&d->post, &letters);
  int r = b->all.error    ? b->all.error
          : letters.error ? letters.error
                          : alert_store_rewrite (&d->store, &b->all, &letters, b->next_serial);
  d->retry_ns = r ? mono_ns + RETRY_NS : INT64_MIN;
  if (r == -ENOENT)
    alert_store_close (&d->store); /* the directory was removed: it is made again */
}

static void
care_for_store (struct alert_desk *d, const struct alert_batch *b, int64_t mono_ns, int64_t wall_ns)
{
  d->wants_all = false;
  if (mono_ns < d->retry_ns)
    return;
  if (d->store.directory < 0 && alert_desk_open (d, NULL, mono_ns, wall_ns))
    d->retry_ns = mono_ns + RETRY_NS;
  if (!alert_store_wants_rewrite (&d->store))
    return;
  if (b->has_all)
    rewrite (d, b, mono_ns);
  else
    d->wants_all = true;
}

void
alert_desk_take (struct alert_desk *d, struct alert_batch *b, int64_t mono_ns, int64_t wall_ns)
{
  if (b->lines.len && d->store.directory >= 0)
    alert_store_append (&d->store, &b->lines);
  for (uint32_t i = 0; i < b->n_letters; i++) {
    const struct alert_draft *draft = b->letters + i;
    struct alert_record r = {.type = ALERT_RECORD_SEND, .left = draft->by, .wall_ns = draft->wall_ns};
    memcpy (r.id, draft->id, sizeof r.id);
    r.json = draft->json;
    r.json_length = strlen (draft->json);
    alert_post_add (&d->post, &r, 0, mono_ns);
  }
  if (b->n_letters)
    alert_store_sync (&d->store);
  care_for_store (d, b, mono_ns, wall_ns);
  alert_batch_free (b);
}

void
alert_desk_told (struct alert_desk *d, struct alert_letter *l, unsigned by)
{
  BUF_CLEANUP struct buf line = {0};
  alert_post_line (&line, l, ALERT_RECORD_SENT, l->left & ~by);
  alert_post_told (&d->post, l, by);
  if (d->store.directory >= 0)
    alert_store_append (&d->store, &line);
}

uint32_t
alert_desk_clean (struct alert_desk *d, unsigned there, int64_t mono_ns)
{
  BUF_CLEANUP struct buf lines = {0};
  uint32_t old = alert_post_clean (&d->post, there, mono_ns, &lines);
  if (lines.len && d->store.directory >= 0)
    alert_store_append (&d->store, &lines);
  return old;
}
