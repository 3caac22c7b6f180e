#include "chain.h"

#include "rows-staging.h"
#include "shape.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Schemas come anew with a reload or when a filter in front changes its mind; a link remembers this many. */
enum { MAX_BINDINGS = 8, MAX_EMITS = 4096 };

struct binding {
  uint64_t schema_id;
  struct shape *shape;
  void *of_filter;
};

struct link {
  struct instance *filter;
  struct binding bindings[MAX_BINDINGS];
  size_t n_bindings;
  bool refused;        /* it was said that it cannot be bound, */
  bool too_many;       /* … or that its samples have too many blocks */
  struct sample *last; /* what came last, for a filter that may add to it in flush_filter */
};

struct chain {
  chain_sink *sink;
  void *arg;
  struct instance *busy; /* in a call, */
  int64_t busy_since_ns; /* … since then; other threads look at both */
  size_t n;
  struct link links[];
};

/* What a filter emits into during one call. What it emitted goes on when the call has returned well, so that a filter's cost is its
 * own and a failed call passes on nothing. */
struct emit {
  struct kk_emit face;
  const struct sample *in; /* in flush what came last; NULL where there is none */
  struct shape *shape;
  bool flushes;
  struct row nowhere;  /* where what cannot be set goes */
  bool too_many;       /* a sample would have had too many blocks */
  bool retimed;        /* emit_time was called for the next sample */
  bool begun;          /* something was put in for the next sample */
  struct kk_time time; /* of the next sample */
  uint32_t **rows;     /* by table of in: what emit_keep_rows was given */
  uint32_t *n_rows;
  struct sample **out;
  size_t n, cap;
};

int
chain_new (struct instance *const *filters, size_t n, chain_sink *sink, void *arg, struct chain **ret)
{
  struct chain *c = calloc (1, sizeof *c + n * sizeof c->links[0]);
  if (!c)
    return -ENOMEM;
  c->sink = sink;
  c->arg = arg;
  c->n = n;
  for (size_t i = 0; i < n; i++)
    c->links[i].filter = filters[i];
  *ret = c;
  return 0;
}

static void
binding_release (const struct link *l, struct binding *b)
{
  if (l->filter->plugin->unbind && b->of_filter)
    l->filter->plugin->unbind (l->filter->state, b->of_filter);
  shape_free (b->shape);
}

void
chain_free (struct chain *c)
{
  if (!c)
    return;
  for (size_t i = 0; i < c->n; i++) {
    for (size_t j = 0; j < c->links[i].n_bindings; j++)
      binding_release (c->links + i, c->links[i].bindings + j);
    sample_unref (c->links[i].last);
  }
  free (c);
}

static int
bind_schema (struct link *l, struct schema *in, struct binding *ret)
{
  struct shape *shape;
  int r = shape_new (in->face.host, in, &shape);
  if (r)
    return r;
  void *of_filter = NULL;
  const struct kk_plugin *p = l->filter->plugin;
  r = p->bind (l->filter->state, &in->face, &shape->face, &of_filter);
  if (!r) {
    *ret = (struct binding){.schema_id = in->id, .shape = shape, .of_filter = of_filter};
    r = shape_finish (shape);
    if (r == -EEXIST)
      kk_error (&l->filter->face, "%s: rename one of them", shape->fault);
    if (r)
      binding_release (l, ret);
    return r;
  }
  shape_free (shape);
  return r < 0 ? r : -EIO;
}

static int
binding_for (struct link *l, struct schema *in, const struct binding **ret)
{
  for (size_t i = 0; i < l->n_bindings; i++)
    if (l->bindings[i].schema_id == in->id) {
      *ret = l->bindings + i;
      return 0;
    }
  struct binding b;
  int r = bind_schema (l, in, &b);
  if (r)
    return r;
  if (l->n_bindings == MAX_BINDINGS) {
    binding_release (l, l->bindings);
    memmove (l->bindings, l->bindings + 1, --l->n_bindings * sizeof b);
  }
  l->bindings[l->n_bindings] = b;
  *ret = l->bindings + l->n_bindings++;
  return 0;
}

static void
forget_rows (struct emit *e)
{
  for (uint32_t t = 0; e->rows && t < e->in->schema->n_tables; t++) {
    free (e->rows[t]);
    e->rows[t] = NULL;
  }
}

static void run_from (struct chain *c, size_t at, const struct sample *sample);

/* Ends a filter's call: passes on what it emitted, or on failure drops it. */
static void
finish (struct chain *c, size_t at, struct emit *e, int r)
{
  struct instance *filter = c->links[at].filter;
  for (size_t i = 0; i < e->n; i++) {
    if (!r)
      run_from (c, at + 1, e->out[i]);
    sample_unref (e->out[i]);
  }
  forget_rows (e);
  free (e->rows);
  free (e->n_rows);
  free (e->out);
  if (r && !e->flushes && filter->plan->pass_on_error)
    run_from (c, at + 1, e->in);
  else if (r)
    INSTANCE_COUNT (filter, dropped, 1);
}

static void
say_refused (const struct link *l, int r)
{
  if (r == -ENOSYS)
    kk_error (&l->filter->face, "it adds or renames what a process of its own cannot yet: say isolate: false");
  else if (r != -EEXIST) /* which was said */
    kk_error (&l->filter->face, "it cannot do with the tables that come to it, so nothing goes on behind it: %s",
              strerror (-r));
}

static void
say_too_many (struct link *l, bool too_many)
{
  if (too_many && !l->too_many)
    kk_error (
      &l->filter->face,
      "what comes out of it would have more than %d parts, so it is dropped: let fewer inputs fill a table, or put fewer "
      "filters that add to it one behind the other",
      SAMPLE_MAX_BLOCKS);
  l->too_many = too_many;
}

static void
count_lost (struct instance *filter, struct shape *shape)
{
  if (!shape || !shape->rows)
    return;
  const struct rows_counts now = rows_counts (shape->rows), before = shape->counted;
  shape->counted = now;
  if (!memcmp (&now, &before, sizeof now))
    return;
  INSTANCE_COUNT (filter, bad_fields, now.bad_sets - before.bad_sets);
  INSTANCE_COUNT (filter, lost_rows, now.lost_rows - before.lost_rows);
  INSTANCE_COUNT (filter, cut_strings, now.cut_strings - before.cut_strings);
}

static void
keep_last (struct link *l, const struct shape *shape, const struct sample *sample)
{
  if (!shape->rows || !l->filter->plugin->flush_filter)
    return;
  sample_unref (l->last);
  l->last = sample_ref (sample);
}

static void
set_busy (struct chain *c, struct instance *filter, int64_t since_ns)
{
  __atomic_store_n (&c->busy_since_ns, since_ns, __ATOMIC_RELAXED);
  __atomic_store_n (&c->busy, filter, __ATOMIC_RELEASE);
}

struct instance *
chain_busy (const struct chain *c, int64_t *ret_since_ns)
{
  struct instance *filter = __atomic_load_n (&c->busy, __ATOMIC_ACQUIRE);
  *ret_since_ns = __atomic_load_n (&c->busy_since_ns, __ATOMIC_RELAXED);
  return filter;
}

static void
filter_one (struct chain *c, size_t at, const struct sample *sample)
{
  struct link *l = c->links + at;
  const struct binding *b = NULL;
  struct emit e = {.face.host = sample->face.host, .in = sample, .time = sample->time};
  struct instance_call call = instance_call_begin (l->filter);
  set_busy (c, l->filter, call.mono_ns);
  int r = binding_for (l, sample->schema, &b);
  if (r && !l->refused)
    say_refused (l, r);
  l->refused = r != 0;
  if (!r) {
    e.shape = b->shape;
    r = l->filter->plugin->process (l->filter->state, b->of_filter, &sample->face, &e.face);
    r = r > 0 ? -EIO : r;
    keep_last (l, b->shape, sample);
    say_too_many (l, e.too_many);
    count_lost (l->filter, b->shape);
  }
  set_busy (c, NULL, call.mono_ns);
  instance_call_end (l->filter, &call, r);
  finish (c, at, &e, r);
}

static void
run_from (struct chain *c, size_t at, const struct sample *sample)
{
  if (at == c->n)
    c->sink (c->arg, sample);
  else
    filter_one (c, at, sample);
}

void
chain_run (struct chain *c, const struct sample *sample)
{
  run_from (c, 0, sample);
}

void
chain_flush (struct chain *c)
{
  for (size_t i = 0; i < c->n; i++) {
    struct link *l = c->links + i;
    if (!l->filter->plugin->flush_filter)
      continue;
    const struct binding *b = NULL;
    struct emit e = {.face.host = &l->filter->env->host, .flushes = true};
    if (l->last && !binding_for (l, l->last->schema, &b)) {
      e.in = l->last;
      e.time = l->last->time;
      e.shape = b->shape;
    }
    struct instance_call call = instance_call_begin (l->filter);
    int r = l->filter->plugin->flush_filter (l->filter->state, &e.face);
    r = r > 0 ? -EIO : r;
    count_lost (l->filter, e.shape);
    instance_call_end (l->filter, &call, r);
    finish (c, i, &e, r);
  }
}

/* ---- What a filter may do with its output ---- */

static int
keep_rows (struct kk_emit *face, uint32_t table, const uint32_t *rows, uint32_t n)
{
  struct emit *e = (struct emit *) face;
  if (e->flushes || table >= e->in->schema->n_tables || !e->in->schema->tables[table].key)
    return -EINVAL;
  for (uint32_t i = 0; i < n; i++)
    if (rows[i] >= e->in->tables[table].n_rows || (i && rows[i] <= rows[i - 1]))
      return -EINVAL;
  if (!e->rows) {
    e->rows = calloc (e->in->schema->n_tables, sizeof *e->rows);
    e->n_rows = calloc (e->in->schema->n_tables, sizeof *e->n_rows);
    if (!e->rows || !e->n_rows) {
      free (e->rows);
      free (e->n_rows);
      e->rows = NULL;
      e->n_rows = NULL;
      return -ENOMEM;
    }
  }
  uint32_t *copy = malloc ((n + 1) * sizeof *copy);
  if (!copy)
    return -ENOMEM;
  if (n)
    memcpy (copy, rows, n * sizeof *copy);
  free (e->rows[table]);
  e->rows[table] = copy;
  e->n_rows[table] = n;
  return 0;
}

static int
begin_adding (struct emit *e)
{
  int r = e->begun ? 0 : shape_begin (e->shape, &e->time);
  e->begun |= !r && e->shape->rows;
  return r;
}

static struct kk_rows *
emit_rows (struct kk_emit *face)
{
  struct emit *e = (struct emit *) face;
  return e->in && e->shape->n_added && !begin_adding (e) ? rows_face (e->shape->rows) : NULL;
}

static struct kk_row *
emit_row (struct kk_emit *face, uint32_t table, uint32_t row)
{
  struct emit *e = (struct emit *) face;
  const struct shape_table *w = e->in && !e->flushes && table < e->in->schema->n_tables ? e->shape->wanted + table : NULL;
  if (!w || w->dropped || !w->n_added || begin_adding (e)) {
    e->nowhere.face.host = face->host;
    return &e->nowhere.face;
  }
  return rows_at (e->shape->rows, w->extension, row, e->in->tables[table].n_rows);
}

static int
emit_time (struct kk_emit *face, int64_t wall_ns, int64_t mono_ns)
{
  struct emit *e = (struct emit *) face;
  e->time.wall_ns = wall_ns;
  e->time.mono_ns = mono_ns;
  e->retimed = true;
  return 0;
}

static int
emit (struct kk_emit *face)
{
  struct emit *e = (struct emit *) face;
  if (!e->in)
    return -EINVAL;
  if (e->n == e->cap) {
    size_t cap = e->cap ? e->cap * 2 : 1;
    struct sample **out = cap > MAX_EMITS ? NULL : realloc (e->out, cap * sizeof (struct sample *));
    if (!out)
      return cap > MAX_EMITS ? -E2BIG : -ENOMEM;
    e->out = out;
    e->cap = cap;
  }
  if (begin_adding (e))
    return -ENOMEM;
  const struct shape_input from = {e->in, e->rows, e->n_rows, &e->time, e->flushes ? e->in->tick + 1 : e->in->tick};
  bool untouched = !e->rows && shape_is_identity (e->shape) && !e->retimed; /* the very same sample goes on */
  struct sample *out = untouched ? sample_ref (e->in) : NULL;
  const int r = out ? 0 : shape_apply (e->shape, &from, &out);
  e->too_many |= r == -E2BIG;
  if (r)
    return r;
  forget_rows (e);
  e->begun = e->retimed = false;
  e->time = e->in->time;
  e->out[e->n++] = out;
  return 0;
}

void
chain_host_functions (struct kk_host *host)
{
  shape_host_functions (host);
  host->emit_keep_rows = keep_rows;
  host->emit = emit;
  host->emit_rows = emit_rows;
  host->emit_row = emit_row;
  host->emit_time = emit_time;
}
