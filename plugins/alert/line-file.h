/* The file that messages are appended to, a line each. Who rotates it moves it away. */
#ifndef ALERT_LINE_FILE_H
#define ALERT_LINE_FILE_H

#include <kode-kronical/plugin.h>

struct line_file {
  struct kk_instance *self;
  const char *path; /* "": none */
  int error;        /* as it was said */
  bool torn;        /* the last line in the file may be half a one */
  uint32_t failures; /* since it was written last */
  int64_t again_ns;  /* monotonic: not before */
};

/* 0, or -errno: then it is to be tried again, at again_ns. */
int line_file_write (struct line_file *f, const char *line, int64_t mono_ns);
#endif
