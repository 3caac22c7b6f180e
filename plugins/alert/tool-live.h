/* What a running daemon keeps of the last samples. */
#ifndef ALERT_TOOL_LIVE_H
#define ALERT_TOOL_LIVE_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

struct tool_live {
  bool running;
  json_object *schema;
  json_object **samples; /* the oldest first */
  size_t n;
};

/* At most the last `most`. 0, also when none runs; -errno, and it was said why. */
int tool_live_ask (const char *data_dir, size_t most, struct tool_live *ret);
void tool_live_free (struct tool_live *l);
#endif
