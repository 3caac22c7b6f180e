#include "notice.h"

#include "wording.h"

#include <errno.h>
#include <sys/random.h>

static int
make_id (char ret[ALERT_ID])
{
  uint64_t words[2];
  if (getrandom (words, sizeof words, 0) != sizeof words)
    return -EIO;
  snprintf (ret, ALERT_ID, "%016llx%016llx", (unsigned long long) words[0], (unsigned long long) words[1]);
  return 0;
}

int
notice_make (struct notice *n, const struct watch *w, const char *name, const char *unit, const struct alert_message *m,
             int64_t wall_ns)
{
  *n = (struct notice){.line = {.max = 256 << 10}, .json = {.max = 1 << 20}};
  int r = make_id (n->id);
  if (r)
    return r;
  wording_line (&n->line, w, name, unit, m);
  wording_json (&n->json, w, name, unit, m, n->id, wall_ns);
  return n->line.error ? n->line.error : n->json.error;
}

void
notice_free (struct notice *n)
{
  buf_free (&n->line);
  buf_free (&n->json);
}
