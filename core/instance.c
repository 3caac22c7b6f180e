#include "instance.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMED_EVERY = 8 };

static int64_t
thread_cpu_ns (void)
{
  struct timespec t;
  return clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t) ? 0 : t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

int
instance_new (const struct env *env, const struct plan *whole, const struct instance_plan *plan, struct instance **ret, char **reason)
{
  *reason = NULL;
  struct instance *i = calloc (1, sizeof *i);
  if (!i)
    return -ENOMEM;
  i->face.host = &env->host;
  i->env = env;
  i->whole = plan_ref (whole);
  i->plan = plan;
  i->sample_interval_ns = env->interval_ns;
  i->plugin = &plan->descriptor->plugin;
  if (plan->loaded)
    i->file = plan->loaded->file;
  pthread_mutex_init (&i->lock, NULL);
  int r = i->plugin->create (&i->face, plan->config, &i->state);
  if (r) {
    struct buf b = {0};
    buf_printf (&b, "%s: cannot start: %s", plan->name, i->last_message[0] ? i->last_message : strerror (r < 0 ? -r : r));
    *reason = b.data;
    instance_free (i);
    return r < 0 ? r : -EIO;
  }
  i->created = true;
  *ret = i;
  return 0;
}

void
instance_free (struct instance *i)
{
  if (!i)
    return;
  if (i->created && i->plugin->destroy)
    i->plugin->destroy (i->state);
  plan_free (i->whole);
  pthread_mutex_destroy (&i->lock);
  free (i);
}

struct instance_call
instance_call_begin (struct instance *i)
{
  bool timed = i->begun++ % TIMED_EVERY == TIMED_EVERY / 2; /* not the first ones, which also load and allocate */
  return (struct instance_call){.cpu_ns = timed ? thread_cpu_ns () : -1, .mono_ns = clock_read (&i->env->clock).mono_ns};
}

int64_t
instance_call_end (struct instance *i, const struct instance_call *call, int result)
{
  struct clock_reading now = clock_read (&i->env->clock);
  int64_t cpu = call->cpu_ns >= 0 ? thread_cpu_ns () - call->cpu_ns : -1, wall = now.mono_ns - call->mono_ns;
  pthread_mutex_lock (&i->lock);
  struct instance_stats *s = &i->stats;
  s->calls++;
  if (cpu >= 0) {
    s->cpu_ns += (uint64_t) cpu;
    s->cpu_timed++;
  }
  s->wall_ns += wall > 0 ? (uint64_t) wall : 0;
  if (wall > 0 && (uint64_t) wall > s->wall_max_ns)
    s->wall_max_ns = (uint64_t) wall;
  if (result < 0) {
    s->failures++;
    s->last_error = result;
    s->last_error_wall_ns = now.wall_ns;
    s->failing = true;
  } else if (result == 0) { /* KK_RETRY is neither */
    s->last_good_wall_ns = now.wall_ns;
    s->failing = false;
  }
  pthread_mutex_unlock (&i->lock);
  return wall;
}

void
instance_count (struct instance *i, size_t offset, uint64_t n)
{
  pthread_mutex_lock (&i->lock);
  *(uint64_t *) (void *) ((char *) &i->stats + offset) += n;
  pthread_mutex_unlock (&i->lock);
}

void
instance_withheld (struct instance *i, bool so)
{
  pthread_mutex_lock (&i->lock);
  i->stats.withheld += so;
  i->stats.withheld_now = so ? i->stats.withheld_now + 1 : 0;
  pthread_mutex_unlock (&i->lock);
}

void
instance_leave (struct instance *i, int64_t since_ns)
{
  i->away_since_ns = since_ns;
  __atomic_store_n (&i->away, true, __ATOMIC_RELEASE);
}

void
instance_return (struct instance *i)
{
  __atomic_store_n (&i->away, false, __ATOMIC_RELEASE);
}

bool
instance_away (const struct instance *i)
{
  return __atomic_load_n (&i->away, __ATOMIC_ACQUIRE);
}

struct instance_stats
instance_stats (struct instance *i)
{
  pthread_mutex_lock (&i->lock);
  struct instance_stats s = i->stats;
  pthread_mutex_unlock (&i->lock);
  return s;
}

/* ---- What a plugin may ask ---- */

static struct instance *
instance_of (const struct kk_instance *face)
{
  return (struct instance *) (uintptr_t) face; /* face is its first member */
}

static void
host_log (struct kk_instance *self, uint32_t level, const char *text)
{
  struct instance *i = instance_of (self);
  if (level <= KK_LOG_WARNING) {
    pthread_mutex_lock (&i->lock);
    snprintf (i->last_message, sizeof i->last_message, "%s", text);
    pthread_mutex_unlock (&i->lock);
  }
  if (i->env->log)
    log_text (i->env->log, (enum kk_level) level, i->plan->name, text);
}

static uint32_t
host_log_level (const struct kk_instance *self)
{
  const struct instance *i = instance_of (self);
  return i->env->log ? (uint32_t) log_level (i->env->log) : KK_LOG_WARNING;
}

static void
host_status (struct kk_instance *self, const char *key, const char *text)
{
  struct instance *i = instance_of (self);
  pthread_mutex_lock (&i->lock);
  uint32_t at = 0;
  while (at < i->n_status && strncmp (i->status[at].key, key, INSTANCE_KEY_SIZE - 1))
    at++;
  struct instance_status *s = i->status + at;
  if (!*text) {
    if (at < i->n_status) {
      memmove (s, s + 1, (i->n_status - at - 1) * sizeof *s);
      i->n_status--;
    }
  } else if (at < INSTANCE_STATUS_KEYS) {
    snprintf (s->key, sizeof s->key, "%s", key);
    snprintf (s->text, sizeof s->text, "%s", text);
    if (at == i->n_status)
      i->n_status++;
  }
  pthread_mutex_unlock (&i->lock);
}

static const char *
host_name (const struct kk_instance *self)
{
  return instance_of (self)->plan->name;
}

static const char *
host_data_dir (const struct kk_instance *self)
{
  return instance_of (self)->env->data_dir;
}

static int64_t
host_interval (const struct kk_instance *self)
{
  const struct instance *i = instance_of (self);
  return i->plugin->kind == KK_INPUT && i->plan->interval_ns ? i->plan->interval_ns : i->sample_interval_ns;
}

static int64_t
host_deadline (const struct kk_instance *self)
{
  return instance_of (self)->plan->deadline_ns;
}

static void
host_now (const struct kk_instance *self, struct kk_time *time)
{
  struct clock_reading now = clock_read (&instance_of (self)->env->clock);
  *time = (struct kk_time){.wall_ns = now.wall_ns, .mono_ns = now.mono_ns};
}

void
instance_host_functions (struct kk_host *host)
{
  host->log = host_log;
  host->log_level = host_log_level;
  host->status = host_status;
  host->name = host_name;
  host->data_dir = host_data_dir;
  host->interval = host_interval;
  host->now = host_now;
  host->deadline = host_deadline;
}
