/* The action webhook: messages are posted one after the other, the oldest first, by a program of our own, so that neither
 * libcurl nor a name server that is asleep is in the daemon. What fails is tried again, later and later. One thread. */
#ifndef ALERT_HOOK_H
#define ALERT_HOOK_H

#include "options.h"
#include "post.h"

#include <sys/types.h>

struct hook {
  struct kk_instance *self;
  const struct options *options;
  pid_t pid; /* 0: nothing is under way */
  int answer_fd;
  struct alert_letter *letter;
  int64_t until_ns; /* monotonic: it is ended then */
  bool killed;
  int64_t again_ns; /* monotonic: not before */
  uint32_t failures;
  bool in_trouble;
  int64_t said_ns;
  char error[256]; /* of the last try; "": it went well */
  uint64_t posted, refused;
  char shown[256];
};

/* What came of a letter: told, also when it was refused for good; or not, and it is tried again. */
typedef void (*hook_ended) (void *arg, struct alert_letter *l, bool told);

/* Whether the options can be: 0, or as kk_refuse. */
int hook_check (const struct options *options, struct kk_fault *fault);
void hook_init (struct hook *h, struct kk_instance *self, const struct options *options);
void hook_free (struct hook *h); /* ends what is under way */
/* Posts the next letter when it is time, and takes note of one that ended. Returns when to look again, or INT64_MAX. */
int64_t hook_look (struct hook *h, const struct alert_post *post, int64_t mono_ns, hook_ended ended, void *arg);
/* Something could be done now. */
bool hook_is_busy (const struct hook *h, const struct alert_post *post, int64_t mono_ns);
#endif
