#include "trouble.h"

#include "text.h"

#include <errno.h>

const char *
trouble_hint (int error)
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

void
trouble_note (struct trouble *t, struct kk_instance *self, const char *what, const char *hint, int error, int64_t mono_ns)
{
  if (error)
    t->times++;
  if (error == t->error)
    return;
  if (error) {
    kk_error (self, "cannot %s: %s; %s", what, strerror (-error), hint);
    kk_status (self, "trouble", "cannot %s: %s", what, strerror (-error));
    if (!t->error)
      t->since_ns = mono_ns;
  } else {
    char text[64] = "";
    struct buf b = {0};
    text_duration (&b, mono_ns - t->since_ns);
    snprintf (text, sizeof text, "%s", b.data ? b.data : "?");
    buf_free (&b);
    kk_info (self, "works again: %s (after %s)", what, text);
    kk_status (self, "trouble", "%s", "");
  }
  t->error = error;
}
