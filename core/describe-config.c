#include <config.h>

#include "describe.h"

#include "plan-inner.h"
#include "settings.h"
#include "shortform.h"

#include <stdlib.h>
#include <string.h>

/* The generated file from top to bottom. A heading begins a group, whose comments are aligned. */
static const struct line {
  const char *section;
  const char *heading;
  const char *key;
  const char *example; /* of a key without a default: written as a comment */
} lines[] = {
    {"daemon", "How often, and how much is kept; times may have units: 250ms, 5s, 2h", NULL, NULL},
    {"daemon", NULL, "sample_interval", NULL},
    {"daemon", NULL, "max_samples", NULL},
    {"daemon", NULL, "data_retention_hours", NULL},
    {"daemon", "What is watched beside processor and memory", NULL, NULL},
    {"daemon", NULL, "enable_network_monitoring", NULL},
    {"daemon", NULL, "track_processes", NULL},
    {"daemon", NULL, "auto_track_python", NULL},
    {"daemon", "Alerts: take the '#' away to turn one on", NULL, NULL},
    {"daemon", NULL, "cpu_alert_threshold", "90"},
    {"daemon", NULL, "memory_alert_threshold", "85"},
    {"daemon", "Upload to AWS DynamoDB", NULL, NULL},
    {"daemon", NULL, "enable_dynamodb_upload", NULL},
    {"daemon", NULL, "dynamodb_table_name", NULL},
    {"daemon", NULL, "dynamodb_region", NULL},
    {"daemon", NULL, "registry_table_name", NULL},
    {"daemon", "Places; '~' is the home of the user who runs the daemon", NULL, NULL},
    {"daemon", NULL, "data_dir", NULL},
    {"daemon", NULL, "log_file", "~/.local/share/kode-kronical/daemon.log"},
    {"daemon", NULL, "pid_file", "~/.local/share/kode-kronical/daemon.pid"},
    {"daemon", NULL, "log_level", NULL},
    {"aws", "Whose AWS account the upload uses", NULL, NULL},
    {"aws", NULL, "profile", NULL},
    {"aws", NULL, "region", NULL},
};
enum { N_LINES = sizeof lines / sizeof *lines, WIDTH = 100 };

static const struct kk_option *
option_of (const struct line *line)
{
  for (uint32_t i = 0; i < settings_n_options && strcmp (line->section, "daemon") == 0; i++)
    if (strcmp (settings_options[i].name, line->key) == 0)
      return &settings_options[i];
  const struct short_key *k = short_key_find (line->section, line->key);
  return k ? &k->option : NULL;
}

static void
common_key (const struct line *line, struct common_key *ret)
{
  const struct kk_option *option = option_of (line);
  /* Places have a default that depends on another key; thresholds have none at all. */
  bool live = !line->example || option->type == KK_OPTION_PATH;
  const char *value = line->example ? line->example : *option->def ? option->def : "\"\"";
  *ret = (struct common_key){.section = line->section, .key = line->key, .value = value, .help = option->help, .live = live};
}

bool
describe_common_key (size_t number, struct common_key *ret)
{
  for (size_t i = 0; i < N_LINES; i++)
    if (lines[i].key && number-- == 0) {
      common_key (&lines[i], ret);
      return true;
    }
  return false;
}

static int
left_width (const struct common_key *k)
{
  return (int) (strlen (k->key) + strlen (k->value)) + 4 + (k->live ? 0 : 2);
}

static void
add_group (struct buf *b, size_t first)
{
  struct common_key k;
  int width = 0;
  for (size_t i = first; i < N_LINES && lines[i].key; i++) {
    common_key (&lines[i], &k);
    if (left_width (&k) > width)
      width = left_width (&k);
  }
  for (size_t i = first; i < N_LINES && lines[i].key; i++) {
    common_key (&lines[i], &k);
    buf_printf (b, "  %s%s: %s%*s  # %s\n", k.live ? "" : "# ", k.key, k.value, width - left_width (&k), "", k.help);
  }
}

/* ---- Plugins ---- */

/* Has a flat key above. */
static bool
is_flat (const char *plugin, const char *option)
{
  for (size_t i = 0; i < n_short_keys; i++)
    if (strcmp (short_keys[i].instance, plugin) == 0 && short_keys[i].target && strcmp (short_keys[i].target, option) == 0)
      return true;
  return false;
}

static bool
is_written (const struct descriptor *d, const struct kk_option *option)
{
  return !(option->flags & KK_ADVANCED) && !is_flat (d->plugin.name, option->name);
}

/* A list as YAML takes it: "[*.*=mean]" has its items in quotes. */
static void
quote_items (const char *list, char *text, size_t size)
{
  struct buf BUF_CLEANUP b = {0};
  bool begins = false, quoted = false;
  for (const char *p = list; *p; p++) {
    if (begins && (quoted = strchr ("*&!|>%@`", *p) != NULL))
      buf_addc (&b, '\'');
    if (*p == ',' || *p == ']') {
      buf_adds (&b, quoted ? "'" : "");
      quoted = false;
    }
    buf_addc (&b, *p);
    begins = *p == '[' || (p > list && p[-1] == ',' && *p == ' ');
  }
  snprintf (text, size, "%s", b.error || !b.data ? list : b.data);
}

/* As one would write the default. */
static void
written_default (const struct kk_option *option, char *text, size_t size)
{
  const char *value = option->def ? option->def : "";
  if (!*value && option->type == KK_OPTION_BOOL)
    value = "false";
  else if (!*value && (option->type == KK_OPTION_STRING || option->type == KK_OPTION_PATH))
    value = "\"\"";
  else if (!*value && option->type == KK_OPTION_LIST)
    value = "[]";
  else if (!*value && option->type == KK_OPTION_MAP)
    value = "{}";
  if (!*value && option->type == KK_OPTION_CHOICE)
    snprintf (text, size, "%.*s", (int) strcspn (option->choices, "|"), option->choices);
  else if (option->type == KK_OPTION_LIST)
    quote_items (value, text, size);
  else
    snprintf (text, size, "%s", *value ? value : "0");
}

/* A comment of its own, ended by a colon, in lines that are not too long. */
static void
add_wrapped (struct buf *b, const char *prefix, const char *text)
{
  size_t room = WIDTH - strlen (prefix) - 1;
  while (*text) {
    size_t n = strlen (text);
    if (n > room)
      for (n = room; n > 0 && text[n] != ' ';)
        n--;
    if (!n)
      n = strlen (text);
    buf_printf (b, "%s%.*s%s\n", prefix, (int) n, text, text[n] ? "" : ":");
    text += n;
    text += strspn (text, " ");
  }
}

/* What an option means, and which words it takes. */
static void
add_help (struct buf *b, const struct kk_option *option)
{
  buf_adds (b, option->help);
  if (option->type != KK_OPTION_CHOICE)
    return;
  buf_adds (b, " (");
  for (const char *p = option->choices; *p; p++)
    if (*p == '|')
      buf_adds (b, ", ");
    else
      buf_addc (b, *p);
  buf_addc (b, ')');
}

/* How a list of options is written. */
struct form {
  const char *prefix; /* before a key: "    # " */
  const char *above;  /* before what a key means, where that stands in a line of its own */
  int width;          /* of a key and its value */
};

static void
add_option (struct buf *b, const struct form *form, const struct kk_option *o)
{
  char value[200];
  written_default (o, value, sizeof value);
  int w = (int) (strlen (o->name) + strlen (value));
  struct buf BUF_CLEANUP help = {0};
  add_help (&help, o);
  const char *text = help.data ? help.data : "";
  /* What does not fit beside goes above. */
  if (strlen (form->prefix) + 2 + (size_t) form->width + 4 + help.len <= WIDTH) {
    buf_printf (b, "%s%s: %s%*s  # %s\n", form->prefix, o->name, value, form->width - w, "", text);
  } else {
    add_wrapped (b, form->above, text);
    buf_printf (b, "%s%s: %s\n", form->prefix, o->name, value);
  }
}

static int
widest (const struct kk_option *options, uint32_t n, const struct descriptor *d)
{
  char value[200];
  int width = 0;
  for (uint32_t i = 0; i < n; i++) {
    written_default (&options[i], value, sizeof value);
    int w = (int) (strlen (options[i].name) + strlen (value));
    if (w > width && (d ? is_written (d, &options[i]) : !(options[i].flags & KK_ADVANCED)))
      width = w;
  }
  return width;
}

/* "site: berlin" or "processes: cpu_percent > 1", with which the help of a map of texts may end in brackets; its length, 0:
 * there is none. */
static int
entry_of_help (const struct kk_option *o, const char **ret)
{
  static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  const char *open = o->n_members ? NULL : strrchr (o->help, '(');
  size_t name = open ? strspn (open + 1, plain) : 0;
  const char *value = open && !strncmp (open + 1 + name, ": ", 2) ? open + 3 + name : NULL;
  size_t text = name && value ? strspn (value, plain) : 0;
  if (text) /* a text may go on with more than its first word */
    text = strcspn (value, ")#:{}[],");
  if (!text || strcmp (open + 3 + name + text, ")") != 0)
    return 0;
  *ret = open + 1;
  return (int) (name + 2 + text);
}

/* An example of a map: one entry, with its options. */
static void
add_map (struct buf *b, const struct form *form, const struct kk_option *o)
{
  char prefix[40], above[40];
  add_wrapped (b, form->above, o->help);
  const char *entry = o->n_members ? "some_name:" : "some_name: text";
  int length = entry_of_help (o, &entry);
  buf_printf (b, "%s%s:\n%s  %.*s\n", form->prefix, o->name, form->prefix, length ? length : (int) strlen (entry), entry);
  snprintf (prefix, sizeof prefix, "%s    ", form->prefix);
  snprintf (above, sizeof above, "%s    # ", form->prefix);
  const struct form inner = {.prefix = prefix, .above = above, .width = widest (o->members, o->n_members, NULL)};
  for (uint32_t i = 0; i < o->n_members; i++)
    if (!(o->members[i].flags & KK_ADVANCED))
      add_option (b, &inner, &o->members[i]);
}

static void
add_plugin (struct buf *b, const struct descriptor *d, bool built_in)
{
  const struct kk_plugin *plugin = &d->plugin;
  const struct form form = {.prefix = built_in ? "    # " : "  #   ",
                            .above = built_in ? "    # # " : "  #   # ",
                            .width = widest (plugin->options, plugin->n_options, d)};
  if (b->len && !b->error && strcmp (b->data + b->len - strlen ("plugins:\n"), "plugins:\n") != 0)
    buf_addc (b, '\n');
  buf_printf (b, "  # %s\n  %s%s:\n", plugin->summary, built_in ? "" : "# ", plugin->name);
  for (uint32_t i = 0; i < plugin->n_options; i++) {
    const struct kk_option *o = &plugin->options[i];
    if (is_written (d, o) && o->type == KK_OPTION_MAP)
      add_map (b, &form, o);
    else if (is_written (d, o))
      add_option (b, &form, o);
  }
}

static bool
is_built_in (const char *name)
{
  for (size_t i = 0; plan_built_in[i]; i++)
    if (strcmp (plan_built_in[i], name) == 0)
      return true;
  return false;
}

static void
add_named (struct buf *b, struct modules *modules, const char *name, bool is_ours)
{
  const struct descriptor *d;
  char *reason = NULL;
  /* What is part of the daemon itself has nothing to set. */
  if (modules_load (modules, name, &d, &reason) == 0 && d->path)
    add_plugin (b, d, is_ours);
  free (reason);
}

static void
add_plugins (struct buf *b, struct modules *modules)
{
  buf_adds (b, "\n# The filters that every sample passes before it is recorded, in this order; one that is on and not\n"
               "# named comes behind them:\n"
               "# pipeline: [select]\n"
               "\n# What plugins take beside; 'NAME: false' turns one off. Take the '#' away to change a line.\n"
               "# More about each: kode-kronical-daemon plugin list, kode-kronical-daemon plugin info NAME\n"
               "plugins:\n");
  for (size_t i = 0; plan_built_in[i]; i++)
    add_named (b, modules, plan_built_in[i], true);
  char **names;
  size_t n;
  if (modules_names (modules, &names, &n) < 0)
    return;
  for (size_t i = 0; i < n; i++) {
    if (!is_built_in (names[i]))
      add_named (b, modules, names[i], false);
    free (names[i]);
  }
  free (names);
}

void
describe_config (struct buf *b, struct modules *modules)
{
  const char *section = "";
  buf_adds (b, "# Configuration of kode-kronical-daemon, which records what this machine does.\n"
               "#\n"
               "# After a change:   kode-kronical-daemon config --check   says whether it is right,\n"
               "#                   kode-kronical-daemon restart          puts it to work.\n");
  for (size_t i = 0; i < N_LINES; i++) {
    if (!lines[i].heading)
      continue;
    buf_addc (b, '\n');
    if (strcmp (lines[i].section, section) != 0)
      buf_printf (b, "%s:\n", lines[i].section);
    section = lines[i].section;
    buf_printf (b, "  # %s\n", lines[i].heading);
    add_group (b, i + 1);
  }
  add_plugins (b, modules);
}
