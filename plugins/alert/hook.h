/* The action webhook: messages are posted one after the other, the oldest first, by a program of our own, so that neither
 * libcurl nor a name server that is asleep is in the daemon. What fails is tried again, later and later. A message that the
 * server has not taken HOOK_PATIENCE times does not hold up the others: after that the one that failed least is tried, and when
 * that is taken, and the first one still is not, that waits by itself. One thread. */
#ifndef ALERT_HOOK_H
#define ALERT_HOOK_H

#include "options.h"
#include "post.h"

#include <sys/types.h>

enum { HOOK_PATIENCE = 3 };

struct hook {
  struct kk_instance *self;
  const struct options *options;
  pid_t pid; /* 0: nothing is under way */
  int answer_fd;
  struct alert_letter *letter;
  int64_t until_ns; /* monotonic: it is ended then */
  bool killed;
  int64_t again_ns;  /* monotonic: not before */
  uint32_t failures; /* since the server last took or refused one */
  bool in_trouble;   /* since it last took one */
  int64_t said_ns;
  char error[256]; /* of the last try; "": it went well */
  char said[256];  /* the error that was said last, */
  long status, said_status; /* … and the status of the last try, and of that; 0: none */
  uint64_t posted, refused;
  char shown[256];
};

/* What came of a letter: told, also when it was given up; or not, and it is tried again. */
typedef void (*hook_ended) (void *arg, struct alert_letter *l, bool told);

/* Whether the options can be: 0, or as kk_refuse. */
int hook_check (const struct options *options, struct kk_fault *fault);
void hook_init (struct hook *h, struct kk_instance *self, const struct options *options);
void hook_kill (const struct hook *h); /* what is under way */
/* Takes note of an end at the end of all: whether nothing is under way any more. */
bool hook_is_over (struct hook *h);
/* Posts the next letter when it is time, and takes note of one that ended. Returns when to look again, or INT64_MAX. */
int64_t hook_look (struct hook *h, const struct alert_post *post, int64_t mono_ns, hook_ended ended, void *arg);
/* Something could be done now. */
bool hook_is_busy (const struct hook *h, const struct alert_post *post, int64_t mono_ns);
#endif
