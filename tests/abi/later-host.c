/* A host built against a later header: it runs an input, a filter and an output as they were built against header 1.
 *
 *   later-host INPUT.so FILTER.so OUTPUT.so DIRECTORY
 *
 * prints what the input's tables hold; the output writes into the directory. */
#include "chain.h"
#include "layout.h"
#include "option.h"

#include <dlfcn.h>
#include <stdlib.h>

struct plan *
plan_ref (const struct plan *p)
{
  return (struct plan *) (uintptr_t) p;
}
void
plan_free (struct plan *p)
{
  (void) p;
}

static int
later (struct kk_instance *self, int value)
{
  (void) self;
  return value * 2;
}

struct loaded {
  struct descriptor *d;
  void *config;
  struct instance_plan plan;
  struct instance *instance;
};

static void
load (struct loaded *l, const char *path, const struct env *env)
{
  char *reason = NULL;
  struct diag faults = {0};
  void *handle = dlopen (path, RTLD_NOW);
  const struct kk_plugin *plugin = handle ? dlsym (handle, "kk_plugin") : NULL;
  if (!plugin || descriptor_copy (plugin, path, &l->d, &reason)
      || option_fill (l->d->plugin.options, l->d->plugin.n_options, l->d->plugin.config_size, NULL, NULL, (struct place){0},
                      &faults, &l->config)) {
    fprintf (stderr, "%s: %s\n", path, handle ? reason ? reason : "no reason" : dlerror ());
    exit (1);
  }
  const struct kk_option *o = l->d->plugin.options;
  printf ("options of %s: %u %lu %s\n", l->d->plugin.name, l->d->plugin.n_options, (unsigned long) o->later_number,
          o->later_text ? o->later_text : "none");
  l->plan = (struct instance_plan){
    .name = (char *) (uintptr_t) l->d->plugin.name, .descriptor = l->d, .config = l->config, .interval_ns = 1000000000};
  if (instance_new (env, NULL, &l->plan, &l->instance, &reason)) {
    fprintf (stderr, "%s\n", reason);
    exit (1);
  }
}

static void
put_out (void *arg, const struct sample *sample)
{
  struct instance *output = arg;
  const struct kk_sample *faces[] = {&sample->face};
  uint32_t done = 0;
  if (output->plugin->write (output->state, faces, 1, &done) || done != 1)
    exit (1);
}

static void
run (struct input *in, struct instance *filter, struct instance *output, const struct env *env)
{
  struct layout *layout;
  struct chain *chain;
  char *reason;
  if (layout_new (env, &in, 1, &layout, &reason) || chain_new (&filter, 1, put_out, output, &chain))
    exit (1);
  for (uint64_t tick = 1; tick <= 3; tick++) {
    struct clock_reading now = clock_read (&env->clock);
    struct kk_time time = input_begin (in, &now);
    input_take (in, &now, tick, input_read (in, &time));
    struct sample *sample = layout_collect (layout, &in, tick, &time);
    chain_run (chain, sample);
    sample_unref (sample);
  }
  chain_flush (chain);
  chain_free (chain);
  layout_free (layout);
}

int
main (int argc, char **argv)
{
  struct env env;
  struct loaded loaded[3] = {0};
  struct input *in;
  if (argc != 5)
    return 2;
  env_init (&env);
  env.host.later = later;
  env.clock = clock_system ();
  env.data_dir = argv[4];
  env.interval_ns = 1000000000;
  for (int i = 0; i < 3; i++)
    load (loaded + i, argv[i + 1], &env);
  if (input_new (loaded[0].instance, &in))
    return 1;
  run (in, loaded[1].instance, loaded[2].instance, &env);
  if (loaded[2].instance->plugin->flush (loaded[2].instance->state))
    return 1;
  input_free (in);
  for (int i = 0; i < 3; i++) {
    if (i)
      instance_free (loaded[i].instance);
    option_free (loaded[i].d->plugin.options, loaded[i].d->plugin.n_options, loaded[i].config);
    descriptor_free (loaded[i].d);
  }
  return 0;
}
