/* A filter that hangs where it is told to, until it is let go, and a clock that threads may look at. */
#ifndef LEAVE_KIT_H
#define LEAVE_KIT_H

#include "fake.h"
#include "shape.h"

#include <poll.h>
#include <pthread.h>

enum { NOWHERE, IN_BIND, IN_PROCESS, IN_FLUSH };

struct hanging {
  int hangs;           /* in its next call of that kind, once */
  const char *touches; /* a table; NULL: it says nothing */
  int emits;
  int result;
  int64_t takes_ns;
  int pipe[2];
  uint32_t entered, binds, unbinds, calls, flushes, destroyed;
};

static int64_t fake_mono_ns;

static inline void
read_fake (void *arg, struct clock_reading *ret)
{
  int64_t ns = __atomic_load_n (&fake_mono_ns, __ATOMIC_RELAXED);
  (void) arg;
  *ret = (struct clock_reading){.wall_ns = 1767225600 * SECOND + ns, .mono_ns = ns, .boot_ns = ns};
}

static inline void
pass_time (int64_t ns)
{
  __atomic_add_fetch (&fake_mono_ns, ns, __ATOMIC_RELAXED);
}

static inline int64_t
mono_ns (void)
{
  return __atomic_load_n (&fake_mono_ns, __ATOMIC_RELAXED);
}

static inline void
use_fake_clock (struct env *of)
{
  struct clock_reading at;
  fake_env (of, &at);
  fake_mono_ns = at.mono_ns;
  of->clock = (struct clock){.read = read_fake};
}

static inline uint32_t
seen (const uint32_t *count)
{
  return __atomic_load_n (count, __ATOMIC_ACQUIRE);
}

static inline void
hang (struct hanging *h, int where)
{
  if (__atomic_load_n (&h->hangs, __ATOMIC_ACQUIRE) != where)
    return;
  __atomic_store_n (&h->hangs, NOWHERE, __ATOMIC_RELEASE);
  __atomic_add_fetch (&h->entered, 1, __ATOMIC_RELEASE);
  char byte;
  while (read (h->pipe[0], &byte, 1) != 1)
    continue;
}

static inline void
let_go (struct hanging *h)
{
  ck_assert_int_eq (write (h->pipe[1], "x", 1), 1);
}

static int
hanging_create (struct kk_instance *self, const void *config, void **state)
{
  (void) self;
  *state = (void *) (uintptr_t) config;
  return 0;
}

static void
hanging_destroy (void *state)
{
  ((struct hanging *) state)->destroyed++;
}

static int
hanging_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  static const struct kk_field fields[] = {KK_U64 ("one", "1", KK_GAUGE, .help = "One")};
  static const struct kk_table added[] = {KK_KEYED ("added", "key", KK_U64_KEY, fields, "Added"),
                                          KK_KEYED ("more", "key", KK_U64_KEY, fields, "Added by another")};
  struct hanging *h = state;
  struct kk_table table;
  uint32_t number;
  h->binds++;
  hang (h, IN_BIND);
  if (h->touches)
    ck_assert_int_eq (kk_shape_touch (shape, KK_NONE), 0);
  for (uint32_t t = 0; h->touches && !kk_schema_table (in, t, &table); t++)
    if (!strcmp (table.name, h->touches))
      ck_assert_int_eq (kk_shape_touch (shape, t), 0);
  if (h->flushes) /* it has something to flush only where it adds rows */
    ck_assert_int_eq (kk_shape_add_table (shape, KK_NONE, added + !strcmp (h->touches, "things"), &number), 0);
  *binding = malloc (1);
  return 0;
}

static void
hanging_unbind (void *state, void *binding)
{
  ((struct hanging *) state)->unbinds++;
  free (binding);
}

static int
hanging_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *to)
{
  struct hanging *h = state;
  struct kk_time time;
  (void) binding;
  __atomic_add_fetch (&h->calls, 1, __ATOMIC_RELEASE);
  pass_time (h->takes_ns);
  hang (h, IN_PROCESS);
  kk_sample_time (in, &time);
  for (int i = 0; i < h->emits; i++) {
    if (i)
      ck_assert_int_eq (kk_emit_time (to, time.wall_ns + i, time.mono_ns), 0);
    ck_assert_int_eq (kk_emit (to), 0);
  }
  return h->result;
}

static int
hanging_flush (void *state, struct kk_emit *to)
{
  struct hanging *h = state;
  hang (h, IN_FLUSH);
  h->flushes++;
  kk_emit (to);
  return 0;
}

static const struct kk_plugin hanging_plugin =
  FAKE_PLUGIN (.kind = KK_FILTER, .name = "hanging", .create = hanging_create, .destroy = hanging_destroy, .bind = hanging_bind,
               .unbind = hanging_unbind, .process = hanging_process, .flush_filter = hanging_flush,
               .config_size = sizeof (struct hanging));

static inline void
make_hanging (struct hanging *h, const char *touches)
{
  *h = (struct hanging){.touches = touches, .emits = 1};
  ck_assert_int_eq (pipe (h->pipe), 0);
}
#endif
