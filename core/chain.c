#include "chain.h"

#include "chain-link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is still to be done, the next on top. */
struct task {
  size_t at;             /* of the filter; behind the last one: the sink */
  struct sample *sample; /* a reference; NULL: flush it */
};

struct chain {
  chain_sink *sink;
  void *arg;
  struct task *tasks;
  size_t n_tasks, cap;
  pthread_mutex_t lock; /* guards what follows, and `left` of the links */
  uint32_t refs;        /* the owner's, and one for each thread that was left behind */
  bool ended;           /* by its owner */
  uint64_t epoch;       /* changes when a thread is left behind */
  /* the call under way */
  bool busy;
  size_t at;
  int64_t since_ns;
  const struct sample *in; /* borrowed from the thread that is in it */
  struct shape *shape;     /* NULL: it binds */
  bool flushes;
  size_t n;
  struct link links[];
};

int
chain_new (struct instance *const *filters, size_t n, chain_sink *sink, void *arg, struct chain **ret)
{
  struct chain *c = calloc (1, sizeof *c + n * sizeof c->links[0]);
  if (!c)
    return -ENOMEM;
  c->cap = 2 * n + 1;
  c->tasks = calloc (c->cap, sizeof *c->tasks);
  if (!c->tasks) {
    free (c);
    return -ENOMEM;
  }
  pthread_mutex_init (&c->lock, NULL);
  c->refs = 1;
  c->sink = sink;
  c->arg = arg;
  c->n = n;
  for (size_t i = 0; i < n; i++)
    c->links[i].filter = filters[i];
  *ret = c;
  return 0;
}

/* Called with the lock held, which is gone afterwards. */
static void
unref (struct chain *c)
{
  bool last = --c->refs == 0;
  pthread_mutex_unlock (&c->lock);
  if (!last)
    return;
  pthread_mutex_destroy (&c->lock);
  free (c->tasks);
  free (c);
}

void
chain_free (struct chain *c)
{
  if (!c)
    return;
  pthread_mutex_lock (&c->lock);
  c->ended = true;
  for (size_t i = 0; i < c->n; i++)
    if (!c->links[i].left)
      link_release (c->links + i);
  unref (c);
}

void
chain_inherit (struct chain *c, const struct chain *from)
{
  for (size_t i = 0; i < c->n; i++)
    for (size_t j = 0; j < from->n; j++)
      if (c->links[i].filter == from->links[j].filter && instance_away (c->links[i].filter))
        link_inherit (c->links + i, from->links + j);
}

/* ---- What is still to be done ---- */

static void
push (struct chain *c, size_t at, struct sample *sample)
{
  c->tasks[c->n_tasks++] = (struct task){at, sample};
}

static bool
make_room (struct chain *c, size_t n)
{
  if (c->n_tasks + n <= c->cap)
    return true;
  size_t cap = 2 * (c->n_tasks + n);
  struct task *tasks = realloc (c->tasks, cap * sizeof *tasks);
  if (!tasks)
    return false;
  c->tasks = tasks;
  c->cap = cap;
  return true;
}

/* What passes a filter that failed: all but the tables that it touches. False: there is nothing, or no memory. */
static bool
pass_rest (struct chain *c, size_t at, const struct emit *e)
{
  const struct shape_input from = {.in = e->in, .time = &e->in->time, .tick = e->in->tick, .failed = true};
  struct sample *rest;
  if (!e->shape || !shape_has_rest (e->shape) || shape_apply (e->shape, &from, &rest))
    return false;
  push (c, at + 1, rest); /* in the place of the call's own task */
  return true;
}

static void
fail (struct chain *c, size_t at, const struct emit *e)
{
  struct instance *filter = c->links[at].filter;
  if (!e->flushes && filter->plan->pass_on_error)
    push (c, at + 1, sample_ref (e->in));
  else if (!e->flushes && pass_rest (c, at, e))
    INSTANCE_COUNT (filter, incomplete, 1);
  else
    INSTANCE_COUNT (filter, dropped, 1);
}

/* Passes on what was emitted, in that order. */
static void
pass (struct chain *c, size_t at, struct emit *e)
{
  link_note_withheld (c->links + at, e);
  if (!make_room (c, e->n)) {
    INSTANCE_COUNT (c->links[at].filter, dropped, e->n);
    return;
  }
  while (e->n)
    push (c, at + 1, e->out[--e->n]);
}

/* ---- Calls, in which a thread may be left behind ---- */

static uint64_t
enter (struct chain *c, size_t at, const struct emit *e, int64_t since_ns)
{
  pthread_mutex_lock (&c->lock);
  uint64_t epoch = c->epoch;
  c->busy = true;
  c->at = at;
  c->since_ns = since_ns;
  c->in = e->in;
  c->shape = e->shape;
  c->flushes = e->flushes;
  pthread_mutex_unlock (&c->lock);
  return epoch;
}

/* False: the chain is another's by now. */
static bool
come_back (struct chain *c, uint64_t epoch)
{
  pthread_mutex_lock (&c->lock);
  bool mine = c->epoch == epoch;
  if (mine)
    c->busy = false;
  pthread_mutex_unlock (&c->lock);
  return mine;
}

/* The end of a thread that was left behind, after it has freed what was its own. */
static struct instance *
give_up (struct chain *c, size_t at)
{
  struct link *l = c->links + at;
  struct instance *filter = l->filter;
  pthread_mutex_lock (&c->lock);
  l->left = false;
  if (c->ended)
    link_release (l);
  unref (c);
  return filter;
}

/* A call that came back late. A keeper counts those of its process. */
static void
count_late (struct instance *filter, int64_t took_ns)
{
  const struct instance_plan *plan = filter->plan;
  if (plan->deadline_ns && took_ns >= plan->deadline_ns && !plan->descriptor->said)
    INSTANCE_COUNT (filter, overruns, 1);
}

/* False when this thread was left behind. */
static bool
bind (struct chain *c, size_t at, const struct emit *e, const struct instance_call *call, const struct binding **ret,
      int *result)
{
  struct link *l = c->links + at;
  struct binding new, oldest = link_make_room (l);
  *ret = NULL;
  uint64_t epoch = enter (c, at, e, call->mono_ns);
  *result = link_bind (l, e->in->schema, &new);
  link_unbind (l, &oldest);
  if (!come_back (c, epoch)) {
    link_unbind (l, &new);
    return false;
  }
  link_was_bound (l, *result);
  if (!*result)
    *ret = link_add (l, &new);
  return true;
}

/* Has the filter bound, where needed, and called. False when this thread was left behind. */
static bool
call_filter (struct chain *c, size_t at, struct emit *e)
{
  struct link *l = c->links + at;
  struct instance_call call = instance_call_begin (l->filter);
  const struct binding *b = link_binding (l, e->in->schema);
  int r = 0;
  if (!b && !bind (c, at, e, &call, &b, &r)) {
    instance_call_end (l->filter, &call, r);
    return false;
  }
  if (!r) {
    e->shape = b->shape;
    uint64_t epoch = enter (c, at, e, call.mono_ns);
    r = l->filter->plugin->process (l->filter->state, b->of_filter, &e->in->face, &e->face);
    r = r > 0 ? -EIO : r;
    if (!come_back (c, epoch)) {
      instance_call_end (l->filter, &call, r);
      return false;
    }
    link_keep_last (l, e);
    link_was_called (l, e);
  }
  count_late (l->filter, instance_call_end (l->filter, &call, r));
  if (r)
    fail (c, at, e);
  else
    pass (c, at, e);
  return true;
}

/* Sends a sample, of which it takes the reference, to a filter. NULL, or the filter in which this thread was left behind. */
static struct instance *
filter_one (struct chain *c, size_t at, struct sample *sample)
{
  struct link *l = c->links + at;
  struct emit e = {.face.host = sample->face.host, .in = sample, .time = sample->time};
  bool mine = true;
  if (instance_away (l->filter)) {
    e.shape = link_rest (l, sample->schema);
    INSTANCE_COUNT (l->filter, skipped, 1);
    fail (c, at, &e);
  } else
    mine = call_filter (c, at, &e);
  emit_end (&e);
  sample_unref (sample);
  return mine ? NULL : give_up (c, at);
}

static struct instance *
flush_one (struct chain *c, size_t at)
{
  struct link *l = c->links + at;
  const struct binding *b = l->last ? link_binding (l, l->last->schema) : NULL;
  struct emit e = {.face.host = &l->filter->env->host, .flushes = true};
  if (!l->filter->plugin->flush_filter || instance_away (l->filter))
    return NULL;
  if (b) {
    e.in = l->last;
    e.time = l->last->time;
    e.shape = b->shape;
  }
  struct instance_call call = instance_call_begin (l->filter);
  uint64_t epoch = enter (c, at, &e, call.mono_ns);
  int r = l->filter->plugin->flush_filter (l->filter->state, &e.face);
  r = r > 0 ? -EIO : r;
  bool mine = come_back (c, epoch);
  int64_t took_ns = instance_call_end (l->filter, &call, r);
  if (mine) {
    count_late (l->filter, took_ns);
    link_was_called (l, &e);
    if (r)
      fail (c, at, &e);
    else
      pass (c, at, &e);
  }
  emit_end (&e);
  return mine ? NULL : give_up (c, at);
}

struct instance *
chain_go_on (struct chain *c)
{
  struct instance *left = NULL;
  while (!left && c->n_tasks) {
    struct task t = c->tasks[--c->n_tasks];
    if (!t.sample)
      left = flush_one (c, t.at);
    else if (t.at < c->n)
      left = filter_one (c, t.at, t.sample);
    else {
      c->sink (c->arg, t.sample);
      sample_unref (t.sample);
    }
  }
  return left;
}

struct instance *
chain_run (struct chain *c, const struct sample *sample)
{
  push (c, 0, sample_ref (sample));
  return chain_go_on (c);
}

struct instance *
chain_flush (struct chain *c)
{
  for (size_t i = c->n; i--;)
    push (c, i, NULL);
  return chain_go_on (c);
}

/* ---- What other threads do ---- */

/* That of a keeper comes back in time by itself. */
static int64_t
late_at (const struct chain *c)
{
  const struct instance_plan *plan = c->busy ? c->links[c->at].filter->plan : NULL;
  return plan && plan->deadline_ns && !plan->descriptor->said ? c->since_ns + plan->deadline_ns : INT64_MAX;
}

int64_t
chain_late_at (struct chain *c)
{
  pthread_mutex_lock (&c->lock);
  int64_t at_ns = late_at (c);
  pthread_mutex_unlock (&c->lock);
  return at_ns;
}

bool
chain_is_late (struct chain *c, const struct instance *filter, int64_t mono_ns)
{
  if (!c)
    return false;
  pthread_mutex_lock (&c->lock);
  bool so = c->busy && c->links[c->at].filter == filter && mono_ns - c->since_ns >= filter->plan->deadline_ns;
  pthread_mutex_unlock (&c->lock);
  return so;
}

struct instance *
chain_leave (struct chain *c, int64_t mono_ns)
{
  pthread_mutex_lock (&c->lock);
  if (mono_ns < late_at (c)) {
    pthread_mutex_unlock (&c->lock);
    return NULL;
  }
  struct sample *in = c->in ? sample_ref (c->in) : NULL;
  struct emit e = {.in = in, .shape = c->shape, .flushes = c->flushes};
  const size_t at = c->at;
  struct instance *filter = c->links[at].filter;
  c->links[at].left = true;
  instance_leave (filter, c->since_ns);
  c->busy = false;
  c->epoch++;
  c->refs++;
  pthread_mutex_unlock (&c->lock);
  INSTANCE_COUNT (filter, overruns, 1);
  if (!e.shape && in) /* it binds */
    e.shape = link_rest (c->links + at, in->schema);
  fail (c, at, &e);
  sample_unref (in);
  return filter;
}
