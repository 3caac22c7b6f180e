/* The host, as a thread sees it that may outlive its instance: what it says goes to the instance as long as that is there. Any
 * thread. */
#ifndef ALERT_VOICE_H
#define ALERT_VOICE_H

#include <kode-kronical/plugin.h>
#include <pthread.h>

struct voice {
  struct kk_instance face; /* for kk_error …, kk_status; nothing else can be asked */
  struct kk_host host;
  pthread_mutex_t lock;
  struct kk_instance *self; /* NULL: gone */
};

void voice_init (struct voice *v, struct kk_instance *self);
/* From now on nothing reaches the instance. */
void voice_leave (struct voice *v);
void voice_free (struct voice *v);
#endif
