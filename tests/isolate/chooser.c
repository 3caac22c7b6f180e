/* An input that says only from its config which table it has, and looks at that config beforehand; for the tests of isolation.
 */
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

enum { MOST = 8 };

struct config {
  struct kk_list columns;
  const char *table;
  const char *mode;
  const char *unless;
};

static const struct kk_option options[] = {
  KK_OPT_LIST ("columns", struct config, columns, .def = "[one, two]", .help = "Fields of the table"),
  KK_OPT_STRING ("table", struct config, table, .def = "chosen", .help = "Name of the table"),
  KK_OPT_STRING ("mode", struct config, mode, .def = "good", .help = "What it does wrong"),
  KK_OPT_STRING ("unless", struct config, unless, .help = "A file: while it is there, no config is good"),
};

struct state {
  const struct config *config;
};

static void
misbehave (const struct config *c, const char *in)
{
  static const uint32_t garbage[512] = {64, 2, 0, 0, 7, 7, 7};
  char mode[64];
  int n = snprintf (mode, sizeof mode, "%s", c->mode);
  size_t length = strlen (in);
  if (n < (int) length || strncmp (mode, in, length))
    return;
  fprintf (stderr, "about to do: %s\n", mode);
  const char *what = mode + length;
  if (!strcmp (what, "-segv")) {
    signal (SIGSEGV, SIG_DFL); /* as without a sanitizer, which would catch it first */
    raise (SIGSEGV);
  }
  if (!strcmp (what, "-exit"))
    exit (7);
  if (!strcmp (what, "-stop"))
    raise (SIGSTOP);
  if (!strcmp (what, "-garbage"))
    if (write (3, garbage, sizeof garbage) < 0)
      abort ();
  while (!strcmp (what, "-hang") || !strcmp (what, "-garbage"))
    pause ();
}

static int
chooser_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  misbehave (c, "check");
  for (uint32_t i = 0; i < c->columns.count; i++)
    if (!strcmp (c->columns.items[i], "bad"))
      return kk_refuse (fault, "columns", "'%s' is no column: leave it out", c->columns.items[i]);
  if (*c->unless && access (c->unless, F_OK) == 0)
    return kk_refuse (fault, NULL, "not in the mood"); /* a check must not look at files; this one is caught at it */
  if (!strcmp (c->mode, "refuse"))
    return kk_refuse (fault, NULL, "these options do not fit together");
  return strcmp (c->mode, "elsewhere") ? 0 : kk_refuse (fault, "nowhere", "there is no such option");
}

static int
chooser_declare (const void *config, struct kk_declare *out, struct kk_fault *fault)
{
  const struct config *c = config;
  struct kk_field fields[MOST];
  uint32_t n = 0;
  misbehave (c, "declare");
  if (c->columns.count > MOST)
    return kk_refuse (fault, "columns", "at most %d columns", MOST);
  for (; n < c->columns.count; n++)
    fields[n] = (struct kk_field) KK_U64 (c->columns.items[n], "1", KK_GAUGE, .help = "A number");
  struct kk_table table = {.name = c->table, .help = "What was chosen", .fields = fields, .n_fields = n};
  return !strcmp (c->mode, "none") ? 0 : kk_declare_table (out, &table);
}

static int
chooser_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  (void) self;
  if (!s)
    return -ENOMEM;
  s->config = config;
  *state = s;
  return 0;
}

static int
chooser_read (void *state, struct kk_rows *out)
{
  const struct state *s = state;
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  for (uint32_t i = 0; i < s->config->columns.count; i++)
    kk_u64 (row, i, 10 + i);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = "chooser", .version = "1.0", .summary = "Has the table that its config chooses",
           KK_OPTIONS (options), .config_size = sizeof (struct config), .create = chooser_create, .read = chooser_read,
           .destroy = free, .check = chooser_check, .declare = chooser_declare);
