#include "scout.h"

#include "face.h"
#include "inquiry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DESCRIBE_NS INT64_C (5000000000)
enum { WHY_SIZE = 256 };

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
  struct inquiry q;
  struct wire w;
  char why[WHY_SIZE], *refused;
  *reason = NULL;
  int r = inquiry_begin (&q, path, wire_now () + DESCRIBE_NS, &w, &refused);
  if (r == -EINVAL) {
    *reason = refused;
    refused = NULL;
  } else if (!r)
    r = face_take (w.p, (size_t) (w.end - w.p), calls, path, ret, &refused);
  if (r == -EINVAL && refused && asprintf (reason, "%s is refused: %s", path, refused) < 0)
    *reason = NULL;
  free (refused);
  bool understood = !r || *reason || r == -ENOMEM;
  inquiry_end (&q, understood ? 0 : r, why, sizeof why);
  return understood ? r : say_why (reason, path, why);
}
