#include "voice.h"

static struct voice *
voice_of (const struct kk_instance *face)
{
  return (struct voice *) (uintptr_t) face; /* face is its first member */
}

static void
say (struct kk_instance *face, uint32_t level, const char *text)
{
  struct voice *v = voice_of (face);
  pthread_mutex_lock (&v->lock);
  if (v->self)
    v->self->host->log (v->self, level, text);
  pthread_mutex_unlock (&v->lock);
}

static uint32_t
level_of (const struct kk_instance *face)
{
  struct voice *v = voice_of (face);
  pthread_mutex_lock (&v->lock);
  const uint32_t level = v->self ? v->self->host->log_level (v->self) : KK_LOG_ERROR;
  pthread_mutex_unlock (&v->lock);
  return level;
}

static void
show (struct kk_instance *face, const char *key, const char *text)
{
  struct voice *v = voice_of (face);
  pthread_mutex_lock (&v->lock);
  if (v->self)
    v->self->host->status (v->self, key, text);
  pthread_mutex_unlock (&v->lock);
}

void
voice_init (struct voice *v, struct kk_instance *self)
{
  *v = (struct voice){.self = self};
  v->host = (struct kk_host){
    .size = offsetof (struct kk_host, name), .api = self->host->api, .log = say, .log_level = level_of, .status = show};
  v->face.host = &v->host;
  pthread_mutex_init (&v->lock, NULL);
}

void
voice_leave (struct voice *v)
{
  pthread_mutex_lock (&v->lock);
  v->self = NULL;
  pthread_mutex_unlock (&v->lock);
}

void
voice_free (struct voice *v)
{
  pthread_mutex_destroy (&v->lock);
}
