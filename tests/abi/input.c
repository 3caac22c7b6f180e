/* An input of every kind of option and field, built with header 1 and with a later one. NAME is the plugin's. */
#include <kode-kronical/plugin.h>

#include <stdlib.h>

struct config {
  bool flag;
  int64_t number, wait, size;
  double ratio, share;
  const char *text, *path;
  int32_t mode;
  struct kk_list list;
};

#ifdef LATER
#define MORE .later_number = 77, .later_text = "later"
#else
#define MORE .reserved = 0
#endif

static const struct kk_option options[] = {
  KK_OPT_BOOL ("flag", struct config, flag, .def = "true", .help = "A flag", MORE),
  KK_OPT_INT ("number", struct config, number, .def = "7", .min = "1", .max = "9", .help = "A number", MORE),
  KK_OPT_DURATION ("wait", struct config, wait, .def = "5s", .min = "1ms", .max = "1h", .help = "A time", MORE),
  KK_OPT_BYTES ("size", struct config, size, .def = "4KiB", .min = "1", .max = "1MiB", .help = "A size", MORE),
  KK_OPT_FLOAT ("ratio", struct config, ratio, .def = "0.5", .min = "0", .max = "1", .help = "A ratio", MORE),
  KK_OPT_PERCENT ("share", struct config, share, .def = "80%", .help = "A share", MORE),
  KK_OPT_STRING ("text", struct config, text, .def = "word", .help = "A text", MORE),
  KK_OPT_PATH ("path", struct config, path, .def = "/proc", .help = "A path", MORE),
  KK_OPT_CHOICE ("mode", struct config, mode, "auto|on|off", .def = "off", .help = "A choice", MORE),
  KK_OPT_LIST ("list", struct config, list, .def = "[a, b]", .help = "A list", MORE),
};

enum { SUM, ANSWER, FINE, TEXT, SHARE };
static const struct kk_field single[] = {
  [SUM] = KK_U64 ("sum", "1", KK_GAUGE, .help = "The numbers of the config", MORE),
  [ANSWER] = KK_I64 ("answer", "1", KK_GAUGE, .help = "What a later function answered", MORE),
  [FINE] = KK_BOOL ("fine", .help = "Whether all options were as written", MORE),
  [TEXT] = KK_STRING ("text", .help = "A text", MORE),
  [SHARE] = KK_F64 ("share", "%", KK_GAUGE, .decimals = 1, .help = "A share", MORE),
};
static const struct kk_field keyed[] = {KK_U64 ("count", "1", KK_COUNTER, .help = "Reads", MORE)};
static const struct kk_table tables[] = {
  KK_SINGLE ("abi_one", single, "One row", MORE),
  KK_KEYED ("abi_many", "name", KK_STRING_KEY, keyed, "Rows by name", MORE),
  KK_KEYED ("abi_numbers", "number", KK_U64_KEY, keyed, "Rows by number", .only_if = "flag", MORE),
};

struct state {
  struct kk_instance *self;
  const struct config *config;
  uint64_t reads;
};

static int
abi_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -12;
  *s = (struct state){.self = self, .config = config};
  kk_info (self, "%s watches", kk_name (self));
  kk_status (self, "reads", "%d", 0);
  *state = s;
  return 0;
}

static bool
is_fine (const struct config *c)
{
  return c->flag && c->wait == 5000000000 && c->size == 4096 && c->ratio == 0.5 && c->share == 80 && !strcmp (c->text, "word")
         && !strcmp (c->path, "/proc") && c->mode == 2 && c->list.count == 2 && !strcmp (c->list.items[1], "b");
}

static int
abi_read (void *state, struct kk_rows *out)
{
  struct state *s = state;
  struct kk_time time;
  kk_read_time (out, &time);
  s->reads++;
  struct kk_row *row = kk_row (out, 0, NULL, 0);
  kk_u64 (row, SUM, (uint64_t) s->config->number);
#ifdef LATER
  kk_i64 (row, ANSWER, kk_later (s->self, 5));
#else
  kk_i64 (row, ANSWER, 1);
#endif
  kk_bool (row, FINE, is_fine (s->config) && time.elapsed_ns > 0 && kk_interval (s->self) > 0);
  kk_string (row, TEXT, s->config->list.items[0]);
  kk_f64 (row, SHARE, s->config->share);
  kk_u64 (kk_row (out, 1, "one", 1), 0, s->reads);
  kk_u64 (kk_row_u64 (out, 2, 42, 0), 0, s->reads);
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = NAME, .version = "1.0", .summary = "Of the tests", KK_OPTIONS (options),
           KK_TABLES (tables), .config_size = sizeof (struct config), .create = abi_create, .read = abi_read, .destroy = free);
