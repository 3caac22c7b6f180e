/* Something that does not work for a while: said once when it begins, once when it is over. */
#ifndef TROUBLE_H
#define TROUBLE_H

#include <kode-kronical/plugin.h>

struct trouble {
  int error; /* 0: all is well */
  int64_t since_ns;
  uint64_t times;
};

/* error 0: it worked. `what` is for "cannot %s", `hint` is what to do about it. Says something only when that changes. */
void trouble_note (struct trouble *t, struct kk_instance *self, const char *what, const char *hint, int error, int64_t mono_ns);
/* What is to be done about an error of the file system, for a message. */
const char *trouble_hint (int error);
#endif
