#include "guest.h"

#include "../option.h"
#include "../shape.h"
#include "carry.h"
#include "face.h"
#include "outline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

enum { MAX_TABLES = 4096, MAX_SAMPLES = 4096 };

static int
send_reply (struct guest *g, uint32_t number, const struct iovec *parts, int n)
{
  struct buf BUF_CLEANUP b = {0};
  bool knock;
  if (desk_answer (&g->desk, number, parts, n, &knock))
    return knock ? wire_send (g->fd, WIRE_KNOCK, number, NULL, 0, INT64_MAX) : 0;
  for (int i = 0; i < n; i++)
    buf_add (&b, parts[i].iov_base, parts[i].iov_len);
  if (b.error)
    return b.error;
  desk_answer (&g->desk, number, NULL, 0, &knock);
  return wire_send (g->fd, WIRE_REPLY, number, b.data, b.len, INT64_MAX);
}

static int
reply (struct guest *g, uint32_t number, int32_t result, const struct buf *more)
{
  pthread_mutex_lock (&g->lock);
  struct buf BUF_CLEANUP statuses = g->statuses;
  g->statuses = (struct buf){0};
  pthread_mutex_unlock (&g->lock);
  const uint32_t head[] = {(uint32_t) result, (uint32_t) statuses.len};
  const struct iovec parts[] = {
    {(void *) (uintptr_t) head, sizeof head}, {statuses.data, statuses.len}, {more ? more->data : NULL, more ? more->len : 0}};
  int r = more && more->error ? more->error : statuses.error;
  return r ? r : send_reply (g, number, parts, 3);
}

/* ---- Requests ---- Each: 0, or -errno when there is no point in going on. */

static int
make_handles (struct guest *g)
{
  if (g->n_tables > MAX_TABLES)
    return -EBADMSG;
  g->handles = calloc (g->n_tables + 1, sizeof *g->handles);
  for (uint32_t i = 0; g->handles && i < g->n_tables; i++)
    g->handles[i] = (struct guest_row){.face.host = &g->host, .guest = g, .table = i};
  g->nowhere = (struct guest_row){.face.host = &g->host, .guest = g, .lost = true};
  return g->handles ? 0 : -ENOMEM;
}

static int
do_create (struct guest *g, struct wire *w, uint32_t number)
{
  const char *name = wire_take_text (w, NULL), *data_dir = wire_take_text (w, NULL);
  g->interval_ns = (int64_t) wire_take_u64 (w);
  g->deadline_ns = (int64_t) wire_take_u64 (w);
  g->n_tables = wire_take_u32 (w);
  guest_begin (g, wire_take_u32 (w));
  if (w->bad || !name || !data_dir || !g->d || g->created)
    return -EBADMSG;
  g->name = strdup (name);
  g->data_dir = strdup (data_dir);
  g->config = face_take_config (w, g->d);
  if (!g->name || !g->data_dir || !g->config || make_handles (g))
    return -EBADMSG;
  prctl (PR_SET_NAME, name);
  int r = g->d->plugin.create (&g->face, g->config, &g->state);
  g->created = !r;
  return reply (g, number, r > 0 ? -EIO : r, NULL);
}

static int
reply_calls (struct guest *g, uint32_t number, int r)
{
  if (g->calls.error)
    r = g->calls.error == -EFBIG ? -EMSGSIZE : g->calls.error;
  bool held = r == KK_HELD && g->d->plugin.kind == KK_INPUT;
  return reply (g, number, r > 0 && !held ? -EIO : r, r ? NULL : &g->calls);
}

static int
do_read (struct guest *g, struct wire *w, uint32_t number)
{
  uint32_t level = wire_take_u32 (w);
  g->time.wall_ns = (int64_t) wire_take_u64 (w);
  g->time.mono_ns = (int64_t) wire_take_u64 (w);
  g->time.elapsed_ns = (int64_t) wire_take_u64 (w);
  g->time.after = wire_take_u32 (w);
  if (w->bad || g->d->plugin.kind != KK_INPUT)
    return -EBADMSG;
  guest_begin (g, level);
  return reply_calls (g, number, g->d->plugin.read (g->state, &g->rows));
}

static void
forget_schemas (struct guest *g)
{
  while (g->n_schemas) {
    struct guest_schema *s = g->schemas + --g->n_schemas;
    sample_unref (s->last);
    schema_unref (s->schema);
  }
}

static int
do_schema (struct guest *g, struct wire *w)
{
  uint64_t id = wire_take_u64 (w);
  if (wire_take_u8 (w))
    forget_schemas (g);
  struct schema *schema = carry_take_schema (w, &g->host);
  if (!schema || g->n_schemas == GUEST_SCHEMAS) {
    schema_unref (schema);
    return -EBADMSG;
  }
  g->schemas[g->n_schemas++] = (struct guest_schema){.id = id, .schema = schema};
  return 0;
}

static struct guest_schema *
take_schema (struct guest *g, struct wire *w)
{
  uint64_t id = wire_take_u64 (w);
  for (uint32_t i = 0; i < g->n_schemas; i++)
    if (g->schemas[i].id == id)
      return g->schemas + i;
  return NULL;
}

static struct sample *
take_sample (struct guest_schema *s, struct wire *w)
{
  struct sample *sample = s ? carry_take_sample (w, s->schema, s->last) : NULL;
  if (!sample)
    return NULL;
  sample_unref (s->last);
  s->last = sample_ref (sample);
  return sample;
}

static void
release_binding (struct guest *g, struct guest_binding *b)
{
  if (b->used && b->of_filter && g->d->plugin.unbind)
    g->d->plugin.unbind (g->state, b->of_filter);
  schema_unref (b->schema);
  *b = (struct guest_binding){0};
}

static struct guest_binding *
find_binding (struct guest *g, uint32_t id)
{
  for (uint32_t i = 0; i < GUEST_BINDINGS; i++)
    if (g->bindings[i].used && g->bindings[i].id == id)
      return g->bindings + i;
  return NULL;
}

static int
do_bind (struct guest *g, struct wire *w, uint32_t number)
{
  uint32_t level = wire_take_u32 (w), id = wire_take_u32 (w), free_one = 0;
  struct guest_schema *s = take_schema (g, w);
  while (free_one < GUEST_BINDINGS && g->bindings[free_one].used)
    free_one++;
  if (w->bad || !s || free_one == GUEST_BINDINGS || find_binding (g, id) || g->d->plugin.kind != KK_FILTER)
    return -EBADMSG;
  guest_begin (g, level);
  struct shape *shape;
  int r = shape_new (&g->host, s->schema, &shape);
  if (r)
    return r;
  struct guest_binding b = {.id = id, .used = true};
  r = g->d->plugin.bind (g->state, &s->schema->face, &shape->face, &b.of_filter);
  struct buf BUF_CLEANUP more = {0};
  if (!r) {
    outline_put (&more, shape);
    b.schema = schema_ref (s->schema);
    g->bindings[free_one] = b;
  }
  shape_free (shape);
  return more.error ? more.error : reply (g, number, r > 0 ? -EIO : r, &more);
}

static int
do_process (struct guest *g, struct wire *w, uint32_t number)
{
  uint32_t level = wire_take_u32 (w);
  const struct guest_binding *b = find_binding (g, wire_take_u32 (w));
  struct sample *sample = take_sample (take_schema (g, w), w);
  if (!b || !sample) {
    sample_unref (sample);
    return -EBADMSG;
  }
  guest_begin (g, level);
  g->in = sample;
  int r = g->d->plugin.process (g->state, b->of_filter, &sample->face, &g->emit);
  g->in = NULL;
  sample_unref (sample);
  return reply_calls (g, number, r);
}

static int
do_flush (struct guest *g, struct wire *w, uint32_t number)
{
  const struct kk_plugin *p = &g->d->plugin;
  guest_begin (g, wire_take_u32 (w));
  if (w->bad)
    return -EBADMSG;
  if (p->kind == KK_FILTER && p->flush_filter)
    return reply_calls (g, number, p->flush_filter (g->state, &g->emit));
  int r = p->kind == KK_OUTPUT && p->flush ? p->flush (g->state) : 0;
  return reply (g, number, r, NULL);
}

static int
do_write (struct guest *g, struct wire *w, uint32_t number)
{
  guest_begin (g, wire_take_u32 (w));
  uint32_t n = wire_take_u32 (w), taken = 0, done = 0;
  const struct kk_sample **faces =
    w->bad || n > MAX_SAMPLES || g->d->plugin.kind != KK_OUTPUT ? NULL : calloc (n + 1, sizeof *faces);
  int r = faces ? 0 : -EBADMSG;
  while (!r && taken < n) {
    struct sample *sample = take_sample (take_schema (g, w), w);
    if (sample)
      faces[taken++] = &sample->face;
    else
      r = -EBADMSG;
  }
  if (!r) {
    int result = g->d->plugin.write (g->state, faces, n, &done);
    struct buf BUF_CLEANUP more = {0};
    wire_u32 (&more, done);
    r = more.error ? more.error : reply (g, number, result, &more);
  }
  while (taken)
    kk_sample_unref (faces[--taken]);
  free (faces);
  return r;
}

/* What may be asked before there is an instance. */
static int
do_early (struct guest *g, uint32_t type, struct wire *w, uint32_t number)
{
  struct buf BUF_CLEANUP more = {0};
  int32_t result;
  int r = type == WIRE_OPEN ? guest_open (g, w, &more, &result) : guest_judge (g, type, w, &more, &result);
  return r ? r : reply (g, number, result, &more);
}

static int
serve_one (struct guest *g, const struct wire_head *head, struct wire *w)
{
  if (head->type == WIRE_CREATE)
    return do_create (g, w, head->number);
  if (head->type == WIRE_OPEN || head->type == WIRE_CHECK || head->type == WIRE_DECLARE || head->type == WIRE_SHAPE)
    return do_early (g, head->type, w, head->number);
  if (!g->created)
    return head->type == WIRE_DESTROY ? -ESHUTDOWN : -EBADMSG;
  switch (head->type) {
  case WIRE_READ:
    return do_read (g, w, head->number);
  case WIRE_SCHEMA:
    return do_schema (g, w);
  case WIRE_BIND:
    return do_bind (g, w, head->number);
  case WIRE_PROCESS:
    return do_process (g, w, head->number);
  case WIRE_FLUSH:
    return do_flush (g, w, head->number);
  case WIRE_WRITE:
    return do_write (g, w, head->number);
  case WIRE_DESTROY:
    return -ESHUTDOWN;
  case WIRE_UNBIND: {
    struct guest_binding *b = find_binding (g, wire_take_u32 (w));
    if (b)
      release_binding (g, b);
    return 0;
  }
  default:
    return -EBADMSG;
  }
}

static void
end (struct guest *g)
{
  for (uint32_t i = 0; i < GUEST_BINDINGS; i++)
    if (g->bindings[i].used)
      release_binding (g, g->bindings + i);
  if (g->created && g->d->plugin.destroy)
    g->d->plugin.destroy (g->state);
  forget_schemas (g);
  if (g->d)
    option_free (g->d->plugin.options, g->d->plugin.n_options, g->config);
  descriptor_free (g->d);
  free (g->handles);
  free (g->name);
  free (g->data_dir);
  buf_free (&g->calls);
  buf_free (&g->statuses);
}

/* Takes one message off the socket and serves it. */
static int
serve_socket (struct guest *g, struct buf *b)
{
  struct wire_head head;
  int r;
  buf_clear (b);
  do
    r = wire_receive (g->fd, &head, b, INT64_MAX);
  while (!r && head.more);
  struct wire w = {.p = b->data, .end = b->data + b->len};
  return r ? r : serve_one (g, &head, &w);
}

int
guest_serve (int fd, const struct desk_guest *desk)
{
  struct guest g = {.fd = fd, .desk = *desk, .level = KK_LOG_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};
  guest_host_functions (&g);
  struct buf BUF_CLEANUP b = {0};
  int r = 0;
  while (!r) {
    if (!desk_next (&g.desk)) {
      r = serve_socket (&g, &b);
      continue;
    }
    const struct desk *d = g.desk.desk;
    struct wire_head head = {.type = d->type, .number = d->number};
    struct wire w = {.p = d->room, .end = d->room + d->n_request};
    r = serve_one (&g, &head, &w);
  }
  end (&g);
  return r == -ESHUTDOWN || r == -ECONNRESET ? 0 : 1;
}
