#include "input.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Longer than this many intervals between two reads is a gap: no rate is formed over it. A missed tick or two is none. */
enum { GAP_INTERVALS = 4 };
#define GAP_MIN_NS INT64_C (2000000000)
#define SUSPEND_NS INT64_C (100000000)

void
input_free (struct input *in)
{
  if (!in)
    return;
  for (uint32_t t = 0; in->latest && t < in->instance->plugin->n_tables; t++)
    block_unref (in->latest[t]);
  free (in->latest);
  rows_free (in->rows);
  instance_free (in->instance);
  free (in);
}

int
input_new (struct instance *instance, struct input **ret)
{
  struct clock_reading now = clock_read (&instance->env->clock);
  struct input *in = calloc (1, sizeof *in);
  if (!in) {
    instance_free (instance);
    return -ENOMEM;
  }
  *in = (struct input){.instance = instance,
                       .interval_ns = instance->plan->interval_ns,
                       .last_good_ns = now.mono_ns,
                       .last_seen_ns = now.mono_ns,
                       .last_boot_ns = now.boot_ns,
                       .first = true};
  int r = rows_new (&instance->env->host, instance->plan->descriptor, instance->plan->config, &in->rows);
  if (!r && !(in->latest = calloc (instance->plugin->n_tables, sizeof *in->latest)))
    r = -ENOMEM;
  for (uint32_t t = 0; !r && t < instance->plugin->n_tables; t++)
    if (!(in->latest[t] = rows_absent (in->rows, t, KK_FIRST)))
      r = -ENOMEM;
  if (r) {
    input_free (in);
    return r;
  }
  *ret = in;
  return 0;
}

bool
input_due (const struct input *in, int64_t mono_ns)
{
  return mono_ns >= in->next_due_ns;
}

static void
plan_next (struct input *in, int64_t mono_ns)
{
  in->next_due_ns = (mono_ns / in->interval_ns + 1) * in->interval_ns;
}

static uint32_t
after (const struct input *in, const struct clock_reading *now, int64_t elapsed)
{
  if (now->boot_ns - in->last_boot_ns - elapsed > SUSPEND_NS)
    return KK_SUSPEND;
  if (in->first)
    return KK_FIRST;
  if (in->late || in->lost)
    return KK_GAP;
  int64_t gap = in->interval_ns > GAP_MIN_NS / GAP_INTERVALS ? in->interval_ns * GAP_INTERVALS : GAP_MIN_NS;
  return now->mono_ns - in->last_seen_ns > gap ? KK_GAP : KK_PRESENT;
}

struct kk_time
input_begin (struct input *in, const struct clock_reading *now)
{
  struct kk_time time = {.wall_ns = now->wall_ns, .mono_ns = now->mono_ns};
  time.elapsed_ns = now->mono_ns > in->last_good_ns ? now->mono_ns - in->last_good_ns : 1;
  time.after = after (in, now, time.elapsed_ns);
  plan_next (in, now->mono_ns);
  return time;
}

int
input_read (struct input *in, const struct kk_time *time)
{
  int r = rows_begin (in->rows, time);
  if (r)
    return r;
  struct instance_call call = instance_call_begin (in->instance);
  r = in->instance->plugin->read (in->instance->state, rows_face (in->rows));
  if (r == KK_HELD && in->lost)
    r = -ENODATA; /* there is nothing to repeat */
  r = r > 0 && r != KK_HELD ? -EIO : r;
  instance_call_end (in->instance, &call, r < 0 ? r : 0);
  return r;
}

/* Without memory for a block the last one stays, as held. */
static void
replace (struct input *in, uint32_t table, struct block *b)
{
  if (!b)
    return;
  block_unref (in->latest[table]);
  in->latest[table] = b;
}

static void
was_good (struct input *in, const struct clock_reading *now, bool late)
{
  in->first = false;
  in->late = late;
  in->last_seen_ns = in->last_good_ns = now->mono_ns;
  in->last_boot_ns = now->boot_ns;
}

void
input_take (struct input *in, const struct clock_reading *now, uint64_t tick, int result)
{
  if (result == KK_HELD) {
    in->last_seen_ns = now->mono_ns;
    return;
  }
  for (uint32_t t = 0; t < in->instance->plugin->n_tables; t++)
    if (rows_has_table (in->rows, t))
      replace (in, t, rows_seal (in->rows, t, tick, result != 0));
  in->lost = result != 0;
  if (!result)
    was_good (in, now, false);
}

void
input_leave (struct input *in)
{
  __atomic_store_n (&in->stuck, true, __ATOMIC_RELEASE);
}

void
input_return (struct input *in, const struct clock_reading *now, int result)
{
  if (!result)
    was_good (in, now, true);
  __atomic_store_n (&in->stuck, false, __ATOMIC_RELEASE);
}

bool
input_stuck (const struct input *in)
{
  return __atomic_load_n (&in->stuck, __ATOMIC_ACQUIRE);
}

void
input_miss (struct input *in, const struct clock_reading *now, uint64_t tick)
{
  plan_next (in, now->mono_ns);
  in->lost = true;
  INSTANCE_COUNT (in->instance, skipped, 1);
  for (uint32_t t = 0; t < in->instance->plugin->n_tables; t++) {
    struct block *b = rows_has_table (in->rows, t) ? rows_absent (in->rows, t, KK_ERROR) : NULL;
    if (b) {
      b->tick = tick;
      b->wall_ns = now->wall_ns;
      b->mono_ns = now->mono_ns;
    }
    replace (in, t, b);
  }
}
