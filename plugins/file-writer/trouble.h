/* Something that does not work for a while: said once when it begins, once when it is over. */
#ifndef TROUBLE_H
#define TROUBLE_H

#include <kode-kronical/plugin.h>

struct trouble {
  const char *doing; /* "recording" */
  int error;         /* 0: all is well */
  int64_t since_ns, said_ns;
  char text[200]; /* for status */
};

/* error 0: it worked. Otherwise `step` is what could not be done ("append to the journal"). Says something only when that changes, and
 * then returns true. */
bool trouble_note (struct trouble *t, struct kk_instance *self, const char *step, const char *path, int error, int64_t mono_ns);
#endif
