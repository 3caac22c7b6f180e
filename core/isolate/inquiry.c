#include "inquiry.h"

#include <errno.h>
#include <string.h>

enum { MEMORY = 256 << 20 };

static void
no_line (void *arg, uint32_t level, const char *text)
{
  (void) arg;
  (void) level;
  (void) text;
}

static int
take_answer (struct inquiry *q, struct wire *ret, int32_t *ret_result)
{
  int r = child_reply (&q->child, q->until_ns, ret, ret_result);
  if (!r)
    wire_take_bytes (ret, wire_take_u32 (ret)); /* status lines, of no instance */
  return r ? r : ret->bad ? -EBADMSG : 0;
}

int
inquiry_begin (struct inquiry *q, const char *path, int64_t until_ns, struct wire *ret, char **refused)
{
  const struct confinement how = {.memory_limit = MEMORY};
  int32_t result;
  q->until_ns = until_ns;
  *refused = NULL;
  int r = child_start (&q->child, path, &how, no_line, NULL);
  if (!r)
    r = take_answer (q, ret, &result);
  if (r)
    return r;
  wire_take_u32 (ret); /* what holds it in */
  if (ret->bad)
    return -EBADMSG;
  if (!result)
    return 0;
  const char *why = wire_take_text (ret, NULL);
  *refused = strdup (why ? why : strerror (result < 0 ? -result : EIO));
  return -EINVAL;
}

int
inquiry_ask (struct inquiry *q, enum wire_type type, const struct buf *body, struct wire *ret, int32_t *ret_result)
{
  int r = child_request (&q->child, type, body, q->until_ns);
  return r ? r : take_answer (q, ret, ret_result);
}

void
inquiry_end (struct inquiry *q, int error, char *why, size_t size)
{
  if (!child_end (&q->child, error ? error : -ETIMEDOUT, 0, why, size))
    child_leave (&q->child);
}
