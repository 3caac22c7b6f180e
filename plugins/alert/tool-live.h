/* What a running daemon keeps of the last samples. */
#ifndef ALERT_TOOL_LIVE_H
#define ALERT_TOOL_LIVE_H

#include "tool-config.h"

#include <stddef.h>

struct tool_live {
  bool running;
  json_object *status; /* what the daemon says of itself; NULL: not known */
  json_object *schema; /* NULL: not known */
  char **samples;      /* as JSON, the oldest first; of the tables that rules look at, and `alerts` */
  size_t n;
};

/* At most the last `most`, fewer where they are very big. 0, also when none runs; -errno, and it was said why. */
int tool_live_ask (const struct tool_config *config, size_t most, struct tool_live *ret);
void tool_live_free (struct tool_live *l);
#endif
