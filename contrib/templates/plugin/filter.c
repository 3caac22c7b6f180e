/* @NAME@: leaves out the tables that daemon.yaml names.
 *
 * Begin by changing the options and what @IDENT@_bind and @IDENT@_process do. kode-kronical-plugin(3) has every function; the
 * README says where the guide is. */
#define KK_API 1
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What daemon.yaml says below plugins.@NAME@. The daemon parses and checks it. */
struct config {
  struct kk_list drop;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("drop", struct config, drop, .help = "Tables that are left out"),
};

/* Each use of the plugin in daemon.yaml has a state of its own. */
struct state {
  struct kk_instance *self;
  const struct config *config;
};

static int
@IDENT@_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = malloc (sizeof *s);
  if (!s)
    return -ENOMEM;
  *s = (struct state){.self = self, .config = config};
  *state = s;
  return 0;
}

static void
@IDENT@_destroy (void *state)
{
  free (state);
}

static bool
is_dropped (const struct config *config, const char *table)
{
  for (uint32_t i = 0; i < config->drop.count; i++)
    if (!strcmp (config->drop.items[i], table))
      return true;
  return false;
}

/* Called once for every schema, before its first sample: the place to look names up. What is found out may be left in *binding.
 */
static int
@IDENT@_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  const struct state *s = state;
  *binding = NULL;
  for (uint32_t t = 0; t < kk_schema_tables (in); t++) {
    struct kk_table table;
    int r = kk_schema_table (in, t, &table);
    if (!r && is_dropped (s->config, table.name))
      r = kk_shape_drop_table (shape, t);
    if (r)
      return r;
  }
  return 0;
}

/* Called for every sample. Returning 0 without kk_emit leaves this sample out. */
static int
@IDENT@_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  (void) state;
  (void) binding;
  (void) in;
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "@NAME@", .version = "0.1", .summary = "Leaves out the tables it is told to",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = @IDENT@_create, .destroy = @IDENT@_destroy,
           .bind = @IDENT@_bind, .process = @IDENT@_process);
