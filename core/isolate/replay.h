/* Does what an isolated plugin wrote down, on the host's own rows and samples, which check it as any plugin's calls. */
#ifndef REPLAY_H
#define REPLAY_H

#include "wire.h"

#include <kode-kronical/plugin.h>

struct replay {
  struct kk_instance *instance;
  struct kk_rows *rows;    /* inputs; or NULL */
  struct kk_emit *emit;    /* filters; or NULL */
  struct kk_row **current; /* by table: room for n_tables + 1 */
  uint32_t n_tables;
};

/* -EBADMSG when it makes no sense; else what the host's functions return. */
int replay_calls (struct replay *r, struct wire *w);
#endif
