/* What a plugin says of a config before there is an instance. */
#include "guest.h"

#include "../declare.h"
#include "../option.h"
#include "face.h"

#include <errno.h>

static int
ask_plugin (const struct descriptor *d, uint32_t type, const void *config, struct kk_fault *fault, struct descriptor **declared)
{
  const struct kk_plugin *p = &d->plugin;
  if (type == WIRE_CHECK)
    return p->check && p->check (config, fault) ? -EINVAL : 0;
  return p->declare ? declare_tables (d, config, fault, declared) : 0;
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
  *ret_result = ask_plugin (g->d, type, config, &fault, &declared);
  fault.text[sizeof fault.text - 1] = 0;
  wire_text (ret, fault.option);
  wire_text (ret, fault.text);
  if (type == WIRE_DECLARE)
    face_put_tables (ret, declared ? declared->plugin.tables + p->n_tables : NULL,
                     declared ? declared->plugin.n_tables - p->n_tables : 0);
  descriptor_free (declared);
  option_free (p->options, p->n_options, config);
  return ret->error;
}
