#include "proxy.h"

#include "../instance.h"
#include "keeper.h"
#include "outline.h"
#include "replay.h"
#include "scout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CRASHES = 3, BATCH_BYTES = 4 << 20 };

struct proxy {
  struct keeper keeper;
  struct buf body; /* of the request to read: kept from one to the next */
  struct kk_row **current;
  uint32_t next_binding;
  uint32_t crashes; /* while the same samples were being written */
  uint32_t read_by; /* generation of the process that did the last good read */
};

struct binding {
  uint32_t id;
  uint32_t generation; /* of the process that knows it */
  uint32_t told;       /* the process that was told of it, and may know it by now */
  struct schema *schema;
  char *said; /* of its shape, as the process gave it */
  size_t n_said;
};

static const struct kk_plugin proxy_calls;

/* ---- Every kind ---- */

static void
proxy_destroy (void *state)
{
  struct proxy *p = state;
  keeper_end (&p->keeper);
  buf_free (&p->body);
  free (p->current);
  free (p);
}

static int
proxy_create (struct kk_instance *self, const void *config, void **state)
{
  struct instance *i = (struct instance *) self; /* face is its first member */
  struct proxy *p = calloc (1, sizeof *p);
  if (p)
    p->current = calloc (i->plugin->n_tables + 1, sizeof (struct kk_row *));
  if (!p || !p->current) {
    free (p);
    return -ENOMEM;
  }
  int r = keeper_begin (&p->keeper, i, config);
  if (r) {
    proxy_destroy (p);
    return r;
  }
  *state = p;
  return 0;
}

/* What a reply wants done; a process that sends nonsense is ended. */
static int
finish (struct proxy *p, struct wire *w, int32_t result, struct kk_rows *rows, struct kk_emit *emit)
{
  struct replay r = {.instance = &p->keeper.instance->face,
                     .rows = rows,
                     .emit = emit,
                     .current = p->current,
                     .n_tables = p->keeper.instance->plugin->n_tables};
  int done = replay_calls (&r, w);
  if (done == -EBADMSG) {
    keeper_fail (&p->keeper, -EBADMSG);
    return -EIO;
  }
  bool held = rows && result == KK_HELD;
  if (!done && (!result || held))
    keeper_good (&p->keeper);
  return done ? done : result > 0 && !held ? -EIO : result;
}

/* ---- Inputs ---- */

/* What passed since the plugin last read is not always what the host thinks: its process may be new, or its last answer was thrown
 * away. */
static struct kk_time
time_of_read (const struct proxy *p, const struct kk_rows *out)
{
  const struct keeper *k = &p->keeper;
  struct kk_time time;
  kk_read_time (out, &time);
  if (p->read_by != k->generation) {
    time.after = KK_FIRST;
    time.elapsed_ns = time.mono_ns > k->up_ns ? time.mono_ns - k->up_ns : 1;
  } else if (k->missed && time.after == KK_PRESENT)
    time.after = KK_GAP;
  return time;
}

static int
proxy_read (void *state, struct kk_rows *out)
{
  struct proxy *p = state;
  struct wire w;
  int32_t result;
  int r = keeper_ready (&p->keeper);
  if (r)
    return r;
  struct kk_time time = time_of_read (p, out);
  buf_clear (&p->body);
  wire_u32 (&p->body, keeper_level (&p->keeper));
  wire_u64 (&p->body, (uint64_t) time.wall_ns);
  wire_u64 (&p->body, (uint64_t) time.mono_ns);
  wire_u64 (&p->body, (uint64_t) time.elapsed_ns);
  wire_u32 (&p->body, time.after);
  r = keeper_ask (&p->keeper, WIRE_READ, &p->body, &w, &result);
  if (!r)
    r = finish (p, &w, result, out, NULL);
  if (r)
    return r; /* also KK_HELD: what it leaves out at its next read has not changed */
  p->read_by = p->keeper.generation;
  p->keeper.missed = false;
  return 0;
}

/* ---- Filters ---- */

/* Also one whose answer came too late. */
static void
forget (struct proxy *p, const struct binding *b)
{
  struct buf BUF_CLEANUP body = {0};
  if (b->told != p->keeper.generation)
    return;
  wire_u32 (&body, b->id);
  keeper_send (&p->keeper, WIRE_UNBIND, &body);
}

/* Has the process of now bind a schema. *ret is what it drops and touches, good until the next request. */
static int
ask_bind (struct proxy *p, struct binding *b, struct wire *ret)
{
  struct keeper *k = &p->keeper;
  struct buf BUF_CLEANUP body = {0};
  int32_t result;
  int r = keeper_ready (k);
  if (!r)
    r = keeper_schema (k, b->schema, NULL);
  if (r)
    return r;
  forget (p, b);
  b->id = ++p->next_binding;
  b->told = k->generation;
  wire_u32 (&body, keeper_level (k));
  wire_u32 (&body, b->id);
  wire_u64 (&body, b->schema->id);
  r = keeper_ask (k, WIRE_BIND, &body, ret, &result);
  if (r || result)
    return r ? r : result;
  b->generation = k->generation;
  return 0;
}

static void
proxy_unbind (void *state, void *binding)
{
  struct proxy *p = state;
  struct binding *b = binding;
  forget (p, b);
  schema_unref (b->schema);
  free (b->said);
  free (b);
}

static int
proxy_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct proxy *p = state;
  struct binding *b = calloc (1, sizeof *b);
  struct wire w;
  if (!b)
    return -ENOMEM;
  b->schema = schema_ref (schema_of (in));
  int r = ask_bind (p, b, &w);
  struct wire said = w;
  if (!r && (r = outline_take (&said, shape)) == -EBADMSG)
    keeper_fail (&p->keeper, -EBADMSG);
  b->n_said = r ? 0 : (size_t) (w.end - w.p);
  if (!r && !(b->said = malloc (b->n_said + 1)))
    r = -ENOMEM;
  if (r) {
    proxy_unbind (p, b);
    return r;
  }
  memcpy (b->said, w.p, b->n_said);
  *binding = b;
  return 0;
}

/* A new process does not know what the one before was told; what it drops and touches must not change, for others count on it.
 */
static int
bind_again (struct proxy *p, struct binding *b)
{
  struct wire w;
  int r = ask_bind (p, b, &w);
  if (r)
    return r;
  if ((size_t) (w.end - w.p) == b->n_said && !memcmp (w.p, b->said, b->n_said))
    return 0;
  b->generation = 0;
  kk_error (&p->keeper.instance->face,
            "drops or touches other tables and fields than before it was started again: restart the daemon");
  return -ESTALE;
}

static int
proxy_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct proxy *p = state;
  struct binding *b = binding;
  struct buf BUF_CLEANUP body = {0};
  const struct sample *sample = sample_of (in);
  struct sample *before = NULL;
  struct wire w;
  int32_t result;
  int r = keeper_ready (&p->keeper);
  if (!r && b->generation != p->keeper.generation)
    r = bind_again (p, b);
  if (!r)
    r = keeper_schema (&p->keeper, sample->schema, &before);
  if (r)
    return r;
  wire_u32 (&body, keeper_level (&p->keeper));
  wire_u32 (&body, b->id);
  wire_u64 (&body, sample->schema->id);
  carry_put_sample (&body, sample, before);
  known_carried (&p->keeper.known, sample);
  r = keeper_ask (&p->keeper, WIRE_PROCESS, &body, &w, &result);
  return r ? r : finish (p, &w, result, NULL, out);
}

/* ---- Filters and outputs ---- */

static int
ask_flush (struct proxy *p, struct kk_emit *out)
{
  struct buf BUF_CLEANUP body = {0};
  struct wire w;
  int32_t result;
  wire_u32 (&body, keeper_level (&p->keeper));
  int r = keeper_ask (&p->keeper, WIRE_FLUSH, &body, &w, &result);
  return r ? r : out || result <= 0 ? finish (p, &w, result, NULL, out) : result;
}

static int
proxy_flush_filter (void *state, struct kk_emit *out)
{
  return ask_flush (state, out);
}

static int
proxy_flush (void *state)
{
  return ask_flush (state, NULL);
}

/* ---- Outputs ---- */

/* Packs samples from `at` on, as many as go into one message. */
static int
put_samples (struct proxy *p, struct buf *body, const struct kk_sample *const *samples, uint32_t n, uint32_t *ret_packed)
{
  struct buf BUF_CLEANUP packed = {0};
  uint32_t i = 0;
  for (; i < n && packed.len < BATCH_BYTES; i++) {
    const struct sample *sample = sample_of (samples[i]);
    struct sample *before;
    if (i && !known_find (&p->keeper.known, sample->schema))
      break; /* to tell of it takes a message of its own */
    int r = keeper_schema (&p->keeper, sample->schema, &before);
    if (r)
      return r;
    wire_u64 (&packed, sample->schema->id);
    carry_put_sample (&packed, sample, before);
    known_carried (&p->keeper.known, sample);
  }
  wire_u32 (body, keeper_level (&p->keeper));
  wire_u32 (body, i);
  buf_add (body, packed.data, packed.len);
  *ret_packed = i;
  return packed.error;
}

static int
write_some (struct proxy *p, const struct kk_sample *const *samples, uint32_t n, uint32_t *ret_done, uint32_t *ret_packed)
{
  struct buf BUF_CLEANUP body = {0};
  struct wire w;
  int32_t result;
  int r = keeper_ready (&p->keeper);
  if (!r)
    r = put_samples (p, &body, samples, n, ret_packed);
  if (!r)
    r = keeper_ask (&p->keeper, WIRE_WRITE, &body, &w, &result);
  if (r)
    return r;
  uint32_t done = wire_take_u32 (&w);
  if (w.bad || w.p != w.end || done > *ret_packed || result > KK_RETRY) {
    keeper_fail (&p->keeper, -EBADMSG);
    return -EIO;
  }
  *ret_done = result ? done : *ret_packed;
  if (!result)
    keeper_good (&p->keeper);
  return result;
}

/* Without a process the samples wait in their queue. What kills it again and again is given up. */
static int
proxy_write (void *state, const struct kk_sample *const *samples, uint32_t n, uint32_t *done)
{
  struct proxy *p = state;
  uint32_t generation = p->keeper.generation;
  *done = 0;
  while (*done < n) {
    uint32_t some = 0, packed = 0;
    int r = write_some (p, samples + *done, n - *done, &some, &packed);
    *done += some;
    if (some)
      p->crashes = 0;
    if (r == KK_RETRY)
      return r;
    if (r && p->keeper.state == KEEPER_UP && p->keeper.generation == generation)
      return r;
    if (!r)
      continue;
    if (!packed || ++p->crashes < MAX_CRASHES)
      return KK_RETRY;
    p->crashes = 0;
    return -EIO;
  }
  return 0;
}

/* ---- Before there is an instance ---- These only tell that the plugin has such callbacks: judge.c asks its process. */

static int
proxy_check (const void *config, struct kk_fault *fault)
{
  (void) config;
  return kk_refuse (fault, NULL, "only its process can tell");
}

static int
proxy_declare (const void *config, struct kk_declare *out, struct kk_fault *fault)
{
  (void) config;
  (void) out;
  return kk_refuse (fault, NULL, "only its process can tell");
}

static int
proxy_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  (void) config;
  (void) in;
  (void) shape;
  return kk_refuse (fault, NULL, "only its process can tell");
}

static const struct kk_plugin proxy_calls = {.create = proxy_create,
                                             .destroy = proxy_destroy,
                                             .read = proxy_read,
                                             .bind = proxy_bind,
                                             .unbind = proxy_unbind,
                                             .process = proxy_process,
                                             .flush_filter = proxy_flush_filter,
                                             .write = proxy_write,
                                             .flush = proxy_flush,
                                             .check = proxy_check,
                                             .declare = proxy_declare,
                                             .shape = proxy_shape};

int
proxy_describe (const char *path, struct descriptor **ret, char **reason)
{
  return scout_describe (path, &proxy_calls, ret, reason);
}
