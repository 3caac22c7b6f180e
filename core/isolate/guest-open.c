/* The first that is asked of the process: to give up what it must not have, and to load the plugin. */
#include "guest.h"

#include "../module.h"
#include "capability.h"
#include "face.h"
#include "sandbox.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_WRITE = 64 };

static uint32_t
enter (struct guest *g, const struct sandbox *s)
{
  uint64_t kept;
  struct buf BUF_CLEANUP names = {0};
  uint32_t confined = sandbox_enter (s, &kept);
  capability_names (&names, s->capabilities & ~kept);
  if (names.len)
    kk_warn (&g->face, "the daemon itself does not have the capabilities that this plugin is to keep: %s", names.data);
  return confined;
}

int
guest_open (struct guest *g, struct wire *w, struct buf *ret, int32_t *ret_result)
{
  const char *write[MAX_WRITE];
  struct sandbox s = {.write = write};
  uint32_t version = wire_take_u32 (w);
  s.memory_limit = wire_take_u64 (w);
  s.network = wire_take_u8 (w);
  s.modes = wire_take_u8 (w);
  s.capabilities = wire_take_u64 (w);
  uint32_t n = wire_take_u32 (w);
  for (uint32_t i = 0; i < n && !w->bad; i++) {
    const char *path = wire_take_text (w, NULL);
    if (path && s.n_write < MAX_WRITE)
      write[s.n_write++] = path;
  }
  const char *path = wire_take_text (w, NULL);
  if (w->bad || !path || version != WIRE_VERSION || g->d)
    return -EBADMSG;
  char *reason = NULL;
  wire_u32 (ret, enter (g, &s));
  *ret_result = module_load_file (path, &g->d, &reason);
  if (*ret_result)
    wire_text (ret, reason);
  else
    face_put (ret, &g->d->plugin);
  free (reason);
  return ret->error;
}
