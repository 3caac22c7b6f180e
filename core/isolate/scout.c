#include "scout.h"

#include "child.h"
#include "face.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIBE_NS INT64_C (5000000000)
enum { DESCRIBE_MEMORY = 256 << 20, WHY_SIZE = 256 };

static void
no_line (void *arg, uint32_t level, const char *text)
{
  (void) arg;
  (void) level;
  (void) text;
}

static int
say_why (char **reason, const char *path, const char *why)
{
  if (asprintf (reason, "%s cannot be loaded: %s", path, why) < 0)
    *reason = NULL;
  return -EINVAL;
}

int
scout_describe (const char *path, const struct kk_plugin *calls, struct descriptor **ret, char **reason)
{
  const struct confinement how = {.memory_limit = DESCRIBE_MEMORY};
  struct child c;
  struct wire w;
  int32_t result;
  char why[WHY_SIZE], *refused = NULL;
  *reason = NULL;
  int r = child_start (&c, path, &how, no_line, NULL);
  if (!r)
    r = child_reply (&c, wire_now () + DESCRIBE_NS, &w, &result);
  if (!r) {
    wire_take_bytes (&w, wire_take_u32 (&w)); /* status lines, of no instance */
    wire_take_u32 (&w);                       /* what holds it in */
  }
  if (!r && !w.bad && !result) {
    r = face_take (w.p, (size_t) (w.end - w.p), calls, path, ret, &refused);
    if (r == -EINVAL && refused && asprintf (reason, "%s is refused: %s", path, refused) < 0)
      *reason = NULL;
    free (refused);
  } else if (!r && !w.bad) {
    const char *text = wire_take_text (&w, NULL);
    *reason = strdup (text ? text : strerror (-result));
    r = -EINVAL;
  } else if (!r)
    r = -EBADMSG;
  bool understood = !r || *reason || r == -ENOMEM;
  if (!child_end (&c, understood ? -ETIMEDOUT : r, 0, why, sizeof why))
    child_leave (&c);
  return understood ? r : say_why (reason, path, why);
}
