/* An instance in use: made, called as the daemon calls it, ended. */
#include "check/stand.h"

#include "declare.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { RETRIES = 5, SLOW_MS = 200 };

static void
count_emitted (void *arg, const struct sample *sample)
{
  (void) sample;
  ((struct specimen *) arg)->emitted++;
}

/* Lets the plugin judge the config and declare its tables, as when daemon.yaml is checked. */
static int
ask (struct specimen *p, char **reason)
{
  struct stand *s = p->stand;
  const struct kk_plugin *plugin = &s->check->d->plugin;
  struct kk_fault fault = {.option = NULL};
  check_step (s->check, "calls check and declare");
  int r = plugin->check ? plugin->check (p->plan.config, &fault) : 0;
  if (r > 0)
    check_find (s->check, CHECK_FAULT, "result", "Return 0 or kk_refuse (…).", "check returns %d", r);
  if (!r && plugin->declare)
    r = declare_tables (s->check->d, p->plan.config, &fault, &p->declared);
  if (r) {
    if (asprintf (reason, "%s: %s", fault.option ? fault.option : "its options", fault.text) < 0)
      *reason = NULL;
    return r < 0 ? r : -EINVAL;
  }
  s->d = p->plan.descriptor = p->declared ? p->declared : s->check->d;
  return 0;
}

int
specimen_new (struct stand *s, const char *name, void *config, struct specimen *ret, char **reason)
{
  const struct descriptor *d = s->check->d;
  *ret = (struct specimen){.stand = s,
                           .plan = {.name = (char *) (uintptr_t) name,
                                    .descriptor = d,
                                    .config = config,
                                    .interval_ns = s->env.interval_ns,
                                    .deadline_ns = SLOW_MS * INT64_C (1000000),
                                    .queue_bytes = 1 << 20,
                                    .queue_age_ns = INT64_C (3600000000000)}};
  *reason = NULL;
  int r = ask (ret, reason);
  check_step (s->check, "calls create");
  if (!r)
    r = instance_new (&s->env, NULL, &ret->plan, &ret->instance, reason);
  if (r) {
    descriptor_free (ret->declared);
    s->d = s->check->d;
    return r;
  }
  if (d->plugin.kind == KK_INPUT && (r = input_new (ret->instance, &ret->input)))
    ret->instance = NULL;
  if (d->plugin.kind == KK_FILTER)
    r = chain_new (&ret->instance, 1, count_emitted, ret, &ret->chain);
  if (r)
    specimen_end (ret);
  return r;
}

void
specimen_end (struct specimen *p)
{
  const struct kk_plugin *plugin = &p->stand->check->d->plugin;
  if (p->chain) {
    check_step (p->stand->check, "calls flush_filter and unbind");
    chain_flush (p->chain);
    chain_free (p->chain);
  }
  if (plugin->kind == KK_OUTPUT && plugin->flush && p->instance) {
    check_step (p->stand->check, "calls flush");
    plugin->flush (p->instance->state);
  }
  check_step (p->stand->check, "calls destroy");
  if (p->input)
    input_free (p->input);
  else
    instance_free (p->instance);
  descriptor_free (p->declared);
  p->stand->d = p->stand->check->d;
}

static int
use_input (struct specimen *p)
{
  struct clock_reading now = p->stand->now;
  struct kk_time time = input_begin (p->input, &now);
  int r = input_read (p->input, &time);
  input_take (p->input, &now, ++p->tick, r);
  return r;
}

static int
use_filter (struct specimen *p, struct samples *samples)
{
  struct sample *sample = samples_next (samples, (unsigned) (p->tick++ / 2 % SAMPLES_VARIANTS));
  if (!sample)
    return -ENOMEM;
  uint64_t failures = p->instance->stats.failures;
  chain_run (p->chain, sample);
  int r = p->instance->stats.failures > failures ? p->instance->stats.last_error : 0;
  sample_unref (sample);
  return r;
}

/* What is left of a batch is given again, as the daemon does, but without its pauses. */
static int
write_all (struct specimen *p, const struct kk_sample *const *faces, uint32_t n)
{
  const struct kk_plugin *plugin = p->instance->plugin;
  struct check *k = p->stand->check;
  uint32_t at = 0;
  int r = KK_RETRY;
  for (int i = 0; i < RETRIES && at < n && r == KK_RETRY; i++) {
    uint32_t done = 0;
    r = plugin->write (p->instance->state, faces + at, n - at, &done);
    if (done > n - at)
      check_find (k, CHECK_FAULT, "done-too-large", "*done counts the samples of this call, from its first.",
                  "write says that %u of %u samples are done", done, n - at);
    if (r > KK_RETRY)
      check_find (k, CHECK_FAULT, "result", "Return 0, KK_RETRY or -errno.", "write returns %d", r);
    at += done < n - at ? done : n - at;
    stand_pass (p->stand, p->stand->env.interval_ns);
  }
  p->written += r == 0 ? n : at;
  return r;
}

static int
use_output (struct specimen *p, struct samples *samples)
{
  static const uint32_t sizes[] = {1, 2, 1, 16};
  const struct kk_sample *faces[16];
  uint32_t n = sizes[p->tick % 4], made = 0;
  unsigned variant = (unsigned) (p->tick++ / 4 % SAMPLES_VARIANTS);
  for (; made < n; made++) {
    struct sample *sample = samples_next (samples, variant);
    if (!sample)
      break;
    faces[made] = &sample->face;
  }
  int r = made ? write_all (p, faces, made) : -ENOMEM;
  for (uint32_t i = 0; i < made; i++)
    sample_unref (sample_of (faces[i]));
  return r;
}

int
specimen_use (struct specimen *p, struct samples *samples)
{
  const struct kk_plugin *plugin = &p->stand->check->d->plugin;
  static const char *const steps[] = {"", "calls read", "calls bind and process", "calls write"};
  check_step (p->stand->check, steps[plugin->kind]);
  stand_pass (p->stand, p->stand->env.interval_ns);
  int64_t begin = check_now_ns ();
  int r = plugin->kind == KK_INPUT    ? use_input (p)
          : plugin->kind == KK_FILTER ? use_filter (p, samples)
                                      : use_output (p, samples);
  int64_t took = check_now_ns () - begin;
  p->wall_max_ns = took > p->wall_max_ns ? took : p->wall_max_ns;
  return r;
}
