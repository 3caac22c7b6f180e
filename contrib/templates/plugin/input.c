/* @NAME@: reads the first number of a file into a table of one row.
 *
 * Begin by changing three things: the options, the fields, and what @IDENT@_read puts into them. kode-kronical-plugin(3) has
 * every function; the README says where the guide is. */
#define KK_API 1
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What daemon.yaml says below plugins.@NAME@. The daemon parses and checks it. */
struct config {
  const char *file;
  double scale;
};

static const struct kk_option options[] = {
  KK_OPT_PATH ("file", struct config, file, .def = "/proc/loadavg", .help = "File whose first number is recorded"),
  KK_OPT_FLOAT ("scale", struct config, scale, .def = "1", .help = "What the number is multiplied by"),
};

enum { VALUE };

static const struct kk_field fields[] = {
  [VALUE] = KK_F64 ("value", "1", KK_GAUGE, .decimals = 3, .help = "First number of the file, times scale"),
};

static const struct kk_table tables[] = {KK_SINGLE ("@IDENT@", fields, "What @NAME@ has read")};

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

/* Called once per interval. On -errno nothing of this read is kept, and the daemon counts and reports it. */
static int
@IDENT@_read (void *state, struct kk_rows *out)
{
  const struct state *s = state;
  double value;
  FILE *f = fopen (s->config->file, "re");
  if (!f)
    return -errno;
  int n = fscanf (f, "%lf", &value);
  fclose (f);

  struct kk_row *row = kk_row (out, 0, NULL, 0);
  if (n == 1)
    kk_f64 (row, VALUE, value * s->config->scale);
  else
    kk_absent (row, VALUE, KK_ERROR); /* "not known" is never written as 0 */
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "@NAME@", .version = "0.1", .summary = "Records a number from a file",
           KK_OPTIONS (options), KK_TABLES (tables), .config_size = sizeof (struct config), .create = @IDENT@_create,
           .read = @IDENT@_read, .destroy = @IDENT@_destroy);
