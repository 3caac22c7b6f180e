#include "trouble.h"

#include "text.h"

#include <errno.h>

/* One trouble may show itself by several errors in turn. */
static const int64_t SAY_CHANGES_NS = INT64_C (60000000000);

static const char *
hint (int error)
{
  switch (-error) {
  case ENOSPC:
    return "make room on the disk (space or inodes); recording goes on by itself then";
  case EDQUOT:
    return "the user's disk quota is used up: raise it or make room; recording goes on by itself then";
  case EACCES:
  case EPERM:
    return "give the daemon's user the right to write there; recording goes on by itself then";
  case EROFS:
    return "the file system is read-only: mount it for writing; recording goes on by itself then";
  case EIO:
    return "the disk reports an error: see the kernel's log";
  case EEXIST:
  case ENOTDIR:
  case ELOOP:
    return "something else stands where the directory should be: move it away";
  default:
    return "it is tried again with every sample";
  }
}

static void
say_it_is_over (const struct trouble *t, struct kk_instance *self, int64_t mono_ns)
{
  struct buf b BUF_CLEANUP = {0};
  text_duration (&b, mono_ns - t->since_ns);
  kk_info (self, "%s works again, after %s", t->doing, b.error ? "a while" : b.data);
}

bool
trouble_note (struct trouble *t, struct kk_instance *self, const char *step, const char *path, int error, int64_t mono_ns)
{
  if (error == t->error)
    return false;
  bool begins = !t->error;
  if (!error)
    say_it_is_over (t, self, mono_ns);
  else if (begins || mono_ns - t->said_ns > SAY_CHANGES_NS) {
    kk_error (self, "cannot %s in %s: %s; %s", step, path, strerror (-error), hint (error));
    t->said_ns = mono_ns;
  }
  snprintf (t->text, sizeof t->text, "%s: cannot %s: %s (in %s)", t->doing, step ? step : "", strerror (-error), path);
  if (begins)
    t->since_ns = mono_ns;
  t->error = error;
  return true;
}
