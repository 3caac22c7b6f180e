/* A host for tests of the data path: a clock that stands until it is moved, and instances of plugins that are part of the test. */
#ifndef FAKE_H
#define FAKE_H

#include "graph.h"
#include "unit.h"

#include <time.h>

#define MS INT64_C (1000000)
#define SECOND INT64_C (1000000000)

static inline void
fake_read (void *arg, struct clock_reading *ret)
{
  *ret = *(const struct clock_reading *) arg;
}

/* An environment whose clock is *now, with one sample a second. */
static inline void
fake_env (struct env *env, struct clock_reading *now)
{
  env_init (env);
  *now = (struct clock_reading){.wall_ns = 1767225600 * SECOND, .mono_ns = 1000 * SECOND, .boot_ns = 1000 * SECOND};
  env->clock = (struct clock){.read = fake_read, .arg = now};
  env->data_dir = "/nonexistent";
  env->interval_ns = SECOND;
}

static inline void
fake_pass (struct clock_reading *now, int64_t ns)
{
  now->wall_ns += ns;
  now->mono_ns += ns;
  now->boot_ns += ns;
}

static inline int64_t
real_mono_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_MONOTONIC, &t);
  return t.tv_sec * SECOND + t.tv_nsec;
}

/* Some seconds from now, longer under a sanitizer or valgrind. */
static inline int64_t
real_in (double seconds)
{
  const char *slow = getenv ("KK_SLOW");
  double times = slow && strtod (slow, NULL) > 1 ? strtod (slow, NULL) : 1;
  return real_mono_ns () + (int64_t) (seconds * times * 1e9);
}

/* Looks every few milliseconds until `condition` holds; fails the test when it never does. */
#define WAIT_FOR(condition)                                                                                                    \
  do {                                                                                                                         \
    int64_t until_ = real_in (10);                                                                                             \
    while (!(condition)) {                                                                                                     \
      ck_assert_msg (real_mono_ns () < until_, "never came true: %s", #condition);                                             \
      nanosleep (&(struct timespec){.tv_nsec = 2000000}, NULL);                                                                \
    }                                                                                                                          \
  } while (0)

static inline struct descriptor *
fake_descriptor (const struct kk_plugin *plugin)
{
  struct descriptor *d = NULL;
  char *reason = NULL;
  int r = descriptor_copy (plugin, NULL, &d, &reason);
  ck_assert_msg (r == 0, "%s", reason ? reason : "no reason");
  return d;
}

/* A plan of one instance; the caller frees descriptor (descriptor_free) after it. */
static inline struct instance_plan
fake_plan (const char *name, struct descriptor *d, void *config)
{
  return (struct instance_plan){.name = (char *) (uintptr_t) name,
                                .descriptor = d,
                                .config = config,
                                .interval_ns = SECOND,
                                .deadline_ns = 2 * SECOND, /* a busy machine takes its time */
                                .queue_bytes = 1 << 20,
                                .queue_age_ns = 3600 * SECOND};
}

static inline struct instance *
fake_instance (const struct env *env, const struct instance_plan *plan)
{
  struct instance *i = NULL;
  char *reason = NULL;
  int r = instance_new (env, NULL, plan, &i, &reason);
  ck_assert_msg (r == 0, "%s", reason ? reason : "no reason");
  return i;
}

static inline int
fake_create (struct kk_instance *self, const void *config, void **state)
{
  (void) config;
  *state = self;
  return 0;
}

#define FAKE_PLUGIN(...)                                                                                                       \
  {.size = sizeof (struct kk_plugin), .api = KK_API, .option_size = sizeof (struct kk_option),                                 \
   .field_size = sizeof (struct kk_field), .table_size = sizeof (struct kk_table), .version = "1", .summary = "Of a test",     \
   __VA_ARGS__}
#endif
