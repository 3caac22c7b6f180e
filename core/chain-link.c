#include "chain-link.h"

#include <errno.h>
#include <string.h>

const struct binding *
link_binding (const struct link *l, const struct schema *in)
{
  for (size_t i = 0; i < l->n_bindings; i++)
    if (l->bindings[i].schema_id == in->id)
      return l->bindings + i;
  return NULL;
}

void
link_unbind (const struct link *l, struct binding *b)
{
  if (l->filter->plugin->unbind && b->of_filter)
    l->filter->plugin->unbind (l->filter->state, b->of_filter);
  shape_free (b->shape);
  *b = (struct binding){.shape = NULL};
}

int
link_bind (const struct link *l, struct schema *in, struct binding *ret)
{
  struct shape *shape;
  *ret = (struct binding){.shape = NULL};
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
      link_unbind (l, ret);
    return r;
  }
  shape_free (shape);
  return r < 0 ? r : -EIO;
}

struct binding
link_make_room (struct link *l)
{
  struct binding oldest = {.shape = NULL};
  if (l->n_bindings < MAX_BINDINGS)
    return oldest;
  oldest = l->bindings[0];
  memmove (l->bindings, l->bindings + 1, --l->n_bindings * sizeof oldest);
  return oldest;
}

static void
replace_rest (struct link *l, struct shape *rest)
{
  shape_free (l->rest);
  l->rest = rest;
}

/* The newest that is known of what it touches. */
static const struct shape *
known_of (const struct link *l)
{
  return l->rest ? l->rest : l->n_bindings ? l->bindings[l->n_bindings - 1].shape : NULL;
}

struct shape *
link_rest (struct link *l, struct schema *in)
{
  const struct binding *b = link_binding (l, in);
  const struct shape *known = known_of (l);
  struct shape *rest;
  if (b)
    return b->shape;
  if (!known)
    return NULL;
  if (known == l->rest && known->in == in)
    return l->rest;
  if (shape_rest (known, in, &rest))
    return NULL;
  replace_rest (l, rest);
  return rest;
}

void
link_inherit (struct link *l, const struct link *from)
{
  const struct shape *known = known_of (from);
  struct shape *rest;
  if (known && !shape_rest (known, known->in, &rest))
    replace_rest (l, rest);
}

const struct binding *
link_add (struct link *l, const struct binding *b)
{
  replace_rest (l, NULL); /* it is back */
  l->bindings[l->n_bindings] = *b;
  return l->bindings + l->n_bindings++;
}

void
link_release (struct link *l)
{
  while (l->n_bindings)
    link_unbind (l, l->bindings + --l->n_bindings);
  replace_rest (l, NULL);
  sample_unref (l->last);
  l->last = NULL;
}

void
link_was_bound (struct link *l, int result)
{
  if (result && !l->refused) {
    if (result == -ENOSYS)
      kk_error (&l->filter->face, "it adds or renames what a process of its own cannot yet: say isolate: false");
    else if (result != -EEXIST) /* which was said */
      kk_error (&l->filter->face, "it cannot do with the tables that come to it, so nothing goes on behind it: %s",
                strerror (-result));
  }
  l->refused = result != 0;
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

void
link_was_called (struct link *l, const struct emit *e)
{
  if (!e->flushes)
    say_too_many (l, e->too_many);
  count_lost (l->filter, e->shape);
}

void
link_keep_last (struct link *l, const struct emit *e)
{
  if (!e->shape->rows || !l->filter->plugin->flush_filter)
    return;
  sample_unref (l->last);
  l->last = sample_ref (e->in);
}

void
link_note_withheld (struct link *l, const struct emit *e)
{
  if (e->flushes || (e->n && !l->withholds))
    return;
  l->withholds = !e->n;
  instance_withheld (l->filter, l->withholds);
}
