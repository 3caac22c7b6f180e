/* An input whose rows are the entries of maps in its config, for the tests of such options. */
#ifndef KK_API
#define KK_API 2
#endif
#include <kode-kronical/plugin.h>

#include <errno.h>
#include <stdlib.h>

#ifndef NAME
#define NAME "mapper"
#endif

struct entry {
  bool on;
  const char *text;
  int64_t number;
  struct kk_list words;
  const char *pin;
};
static const struct kk_option members[] = {
  KK_OPT_STRING ("text", struct entry, text, .flags = KK_REQUIRED, .help = "What the row says; 'bad' is refused"),
  KK_OPT_INT ("number", struct entry, number, .def = "5", .min = "1", .max = "10", .help = "A number"),
  KK_OPT_BOOL ("on", struct entry, on, .def = "true", .help = "Whether there is a row"),
  KK_OPT_LIST ("words", struct entry, words, .def = "[a, b]", .flags = KK_ADVANCED, .help = "Words, which are counted"),
  KK_OPT_STRING ("pin", struct entry, pin, .flags = KK_SECRET, .help = "Nobody's business"),
};

struct config {
  struct kk_map texts, entries, pins;
};
static const struct kk_option options[] = {
  KK_OPT_MAP ("texts", struct config, texts, .help = "Names and texts"),
  KK_OPT_MAP ("entries", struct config, entries, KK_MEMBERS (members, struct entry), .help = "Rows by name"),
  KK_OPT_MAP ("pins", struct config, pins, .flags = KK_SECRET | KK_ADVANCED, .help = "Names and what nobody may see"),
};

enum { TEXT, NUMBER, WORDS, LAST_WORD };
static const struct kk_field fields[] = {
  [TEXT] = KK_STRING ("text", .help = "Its text"),
  [NUMBER] = KK_I64 ("number", "1", KK_GAUGE, .help = "Its number"),
  [WORDS] = KK_U64 ("words", "1", KK_GAUGE, .help = "How many words"),
  [LAST_WORD] = KK_STRING ("last_word", .help = "The last of them"),
};
static const struct kk_table tables[] = {KK_KEYED ("mapped", "name", KK_STRING_KEY, fields, "One row per entry")};

static int
mapper_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  const struct entry *entries = c->entries.items;
  const char *const *texts = c->texts.items;
  for (uint32_t i = 0; i < c->entries.count; i++)
    if (!strcmp (entries[i].text, "bad"))
      return kk_refuse_entry (fault, "entries", c->entries.names[i], "text", "'%s' is no good", entries[i].text);
    else if (!strcmp (entries[i].text, "odd"))
      return kk_refuse_entry (fault, "entries", c->entries.names[i], NULL, "it does not fit together");
  for (uint32_t i = 0; i < c->texts.count; i++)
    if (!strcmp (texts[i], "bad"))
      return kk_refuse_entry (fault, "texts", c->texts.names[i], NULL, "number %u is no good", i);
  return c->texts.count == 13 ? kk_refuse (fault, "texts", "thirteen of them") : 0;
}

static int
mapper_create (struct kk_instance *self, const void *config, void **state)
{
  const struct config *c = config;
  const char *const *pins = c->pins.items;
  for (uint32_t i = 0; i < c->pins.count; i++)
    if (strcmp (pins[i], "hunter2"))
      kk_warn (self, "a pin of %zu bytes", strlen (pins[i]));
  *state = (void *) (uintptr_t) config;
  return 0;
}

static int
mapper_read (void *state, struct kk_rows *out)
{
  const struct config *c = state;
  const struct entry *entries = c->entries.items;
  const char *const *texts = c->texts.items;
  for (uint32_t i = 0; i < c->texts.count; i++)
    kk_string (kk_row (out, 0, c->texts.names[i], 0), TEXT, texts[i]);
  for (uint32_t i = 0; i < c->entries.count; i++) {
    const struct entry *e = entries + i;
    if (!e->on)
      continue;
    struct kk_row *row = kk_row (out, 0, c->entries.names[i], 0);
    kk_string (row, TEXT, e->text);
    kk_i64 (row, NUMBER, e->number);
    kk_u64 (row, WORDS, e->words.count);
    if (e->words.count)
      kk_string (row, LAST_WORD, e->words.items[e->words.count - 1]);
  }
  return 0;
}

KK_PLUGIN (.kind = KK_INPUT, .name = NAME, .version = "1.0", .summary = "Makes rows of maps", KK_OPTIONS (options),
           KK_TABLES (tables), .config_size = sizeof (struct config), .create = mapper_create, .read = mapper_read,
           .check = mapper_check);
