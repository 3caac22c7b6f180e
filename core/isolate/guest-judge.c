/* What a plugin says of a config before there is an instance. */
#include "guest.h"

#include "../declare.h"
#include "../option.h"
#include "carry.h"
#include "face.h"
#include "outline.h"

#include <errno.h>

static int
ask_plugin (const struct descriptor *d, uint32_t type, const void *config, struct kk_fault *fault, struct descriptor **declared)
{
  const struct kk_plugin *p = &d->plugin;
  if (type == WIRE_CHECK)
    return p->check && p->check (config, fault) ? -EINVAL : 0;
  return p->declare ? declare_tables (d, config, fault, declared) : 0;
}

/* *more: the shape as it is wanted. */
static int
ask_shape (struct guest *g, const void *config, struct wire *w, struct kk_fault *fault, struct buf *more)
{
  struct schema *in = carry_take_schema (w, &g->host);
  struct shape *shape = NULL;
  int r = in ? shape_new (&g->host, in, &shape) : -ENOMEM;
  if (!r)
    r = g->d->plugin.shape ? g->d->plugin.shape (config, &in->face, &shape->face, fault) : 0;
  if (!r) {
    outline_put_warnings (more, shape);
    outline_put (more, shape);
  }
  shape_free (shape);
  schema_unref (in);
  return r > 0 ? -EINVAL : r;
}

int
guest_judge (struct guest *g, uint32_t type, struct wire *w, struct buf *ret, int32_t *ret_result)
{
  if (!g->d || g->created)
    return -EBADMSG;
  const struct kk_plugin *p = &g->d->plugin;
  struct kk_fault fault = {.option = NULL};
  struct descriptor *declared = NULL;
  void *config = face_take_config (w, g->d);
  if (!config)
    return -EBADMSG;
  struct buf BUF_CLEANUP more = {0};
  *ret_result =
    type == WIRE_SHAPE ? ask_shape (g, config, w, &fault, &more) : ask_plugin (g->d, type, config, &fault, &declared);
  fault.text[sizeof fault.text - 1] = 0;
  wire_text (ret, fault.option);
  wire_text (ret, fault.text);
  if (type == WIRE_DECLARE)
    face_put_tables (ret, declared ? declared->plugin.tables + p->n_tables : NULL,
                     declared ? declared->plugin.n_tables - p->n_tables : 0);
  if (more.len)
    buf_add (ret, more.data, more.len);
  descriptor_free (declared);
  option_free (p->options, p->n_options, config);
  return ret->error ? ret->error : more.error;
}
