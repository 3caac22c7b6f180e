#include <config.h>

#include "describe.h"

#include "option.h"
#include "plan-inner.h"
#include "settings.h"
#include "shortform.h"
#include "text.h"

#include <stdlib.h>
#include <string.h>

static const char *
option_type_word (const struct kk_option *option)
{
  static const char *const words[] = {"",         "bool",  "int",     "float",  "string", "path",
                                      "duration", "bytes", "percent", "choice", "list",   "map"};
  return option->type < KK_COUNT (words) ? words[option->type] : "";
}

static const char *
field_type_word (uint32_t type)
{
  static const char *const words[] = {"", "f64", "u64", "i64", "bool", "string"};
  return type < KK_COUNT (words) ? words[type] : "";
}

static const char *
field_kind_word (uint32_t kind)
{
  static const char *const words[] = {"", "gauge", "counter", "info"};
  return kind < KK_COUNT (words) ? words[kind] : "";
}

/* ---- For people ---- */

void
describe_option_facts (struct buf *b, const struct kk_option *option)
{
  char *expected = option->n_members ? strdup ("a map of names to what follows") : option_expected (option);
  buf_adds (b, expected ? expected : option_type_word (option));
  free (expected);
  if (option->unit)
    buf_printf (b, ", in %s", option->unit);
  if (option->flags & KK_REQUIRED)
    buf_adds (b, "; must be given");
  else if (option->def && *option->def)
    buf_printf (b, "; default %s", option->def);
}

/* Of the names, with those of members set in. */
static int
name_width (const struct kk_option *options, uint32_t n, int least)
{
  for (uint32_t i = 0; i < n; i++) {
    int own = (int) strlen (options[i].name), inner = name_width (options[i].members, options[i].n_members, 0) + 2;
    least = own > least ? own : least;
    least = options[i].n_members && inner > least ? inner : least;
  }
  return least;
}

static void
add_option_text (struct buf *b, const struct kk_option *option, int width, int indent)
{
  buf_printf (b, "  %*s%-*s  %s\n  %*s  (", indent, "", width - indent, option->name, option->help, width, "");
  describe_option_facts (b, option);
  buf_adds (b, ")\n");
  for (uint32_t i = 0; i < option->n_members; i++)
    add_option_text (b, &option->members[i], width, indent + 2);
}

static void
add_table_text (struct buf *b, const struct kk_table *table)
{
  int width = 0;
  for (uint32_t i = 0; i < table->n_fields; i++)
    if ((int) strlen (table->fields[i].name) > width)
      width = (int) strlen (table->fields[i].name);
  buf_printf (b, "\nTable %s: %s", table->name, table->help ? table->help : "");
  if (table->key)
    buf_printf (b, " (one row per %s)", table->key);
  if (table->only_if)
    buf_printf (b, "; with %s: true", table->only_if);
  buf_addc (b, '\n');
  for (uint32_t i = 0; i < table->n_fields; i++) {
    const struct kk_field *f = &table->fields[i];
    buf_printf (b, "  %-*s  %s", width, f->name, f->help);
    if (strcmp (f->unit, "1") != 0)
      buf_printf (b, ", in %s", f->unit);
    if (f->kind == KK_COUNTER)
      buf_adds (b, ", only rises");
    if (f->only_if)
      buf_printf (b, "; with %s: true", f->only_if);
    buf_addc (b, '\n');
  }
}

/* The options that every instance of a kind takes, the plugin's own aside. */
static bool
is_of_kind (const struct kk_option *option, const struct descriptor *d)
{
  return (host_option_kinds (option->name) & (1u << (d->plugin.kind - KK_INPUT))) && !descriptor_option (d, option->name);
}

void
describe_plugin_text (struct buf *b, const struct descriptor *d)
{
  const struct kk_plugin *p = &d->plugin;
  int width = name_width (p->options, p->n_options, 12);
  buf_printf (b, "%s: %s\n\n  %-9s %s\n  %-9s %s\n  %-9s %s\n", p->name, p->summary, "kind", descriptor_kind (d), "version",
              p->version, "file", d->path ? d->path : "part of the daemon");
  buf_printf (b, "\nOptions, below plugins.%s in daemon.yaml:%s\n", p->name, p->n_options ? "" : " none of its own");
  for (uint32_t i = 0; i < p->n_options; i++)
    add_option_text (b, &p->options[i], width, 0);
  buf_printf (b, "\nOptions that every %s takes:\n", descriptor_kind (d));
  for (uint32_t i = 0; i < n_host_options; i++)
    if (is_of_kind (&host_options[i], d))
      add_option_text (b, &host_options[i], width, 0);
  if (p->kind == KK_INPUT)
    buf_printf (b, "  %-*s  New names for its tables\n  %*s  (a map such as {%s: %s_2})\n", width, "tables", width, "",
                p->n_tables ? p->tables[0].name : "table", p->n_tables ? p->tables[0].name : "table");
  for (uint32_t i = 0; i < p->n_tables; i++)
    add_table_text (b, &p->tables[i]);
}

/* ---- For programs ---- */

static void
add_member (struct buf *b, const char *key, const char *text)
{
  buf_printf (b, "\"%s\":", key);
  if (text)
    text_json_string (b, text, strlen (text));
  else
    buf_adds (b, "null");
}

static void add_options_json (struct buf *b, const struct kk_option *options, uint32_t n);

static void
add_option_json (struct buf *b, const struct kk_option *option)
{
  const struct {
    const char *key, *text;
  } members[] = {
      {"name", option->name}, {"type", option_type_word (option)}, {"default", option->def}, {"min", option->min},
      {"max", option->max},   {"choices", option->choices},        {"unit", option->unit},   {"help", option->help},
  };
  buf_addc (b, '{');
  for (size_t i = 0; i < KK_COUNT (members); i++) {
    add_member (b, members[i].key, members[i].text);
    buf_addc (b, ',');
  }
  buf_printf (b, "\"required\":%s,\"advanced\":%s,\"secret\":%s,\"members\":", option->flags & KK_REQUIRED ? "true" : "false",
              option->flags & KK_ADVANCED ? "true" : "false", option->flags & KK_SECRET ? "true" : "false");
  if (option->n_members)
    add_options_json (b, option->members, option->n_members);
  else
    buf_adds (b, "null");
  buf_addc (b, '}');
}

static void
add_options_json (struct buf *b, const struct kk_option *options, uint32_t n)
{
  buf_addc (b, '[');
  for (uint32_t i = 0; i < n; i++) {
    if (i)
      buf_addc (b, ',');
    add_option_json (b, &options[i]);
  }
  buf_addc (b, ']');
}

static void
add_table_json (struct buf *b, const struct kk_table *table)
{
  buf_addc (b, '{');
  add_member (b, "name", table->name);
  buf_addc (b, ',');
  add_member (b, "key", table->key);
  buf_addc (b, ',');
  add_member (b, "help", table->help);
  buf_addc (b, ',');
  add_member (b, "only_if", table->only_if);
  buf_adds (b, ",\"fields\":[");
  for (uint32_t i = 0; i < table->n_fields; i++) {
    const struct kk_field *f = &table->fields[i];
    const char *const members[][2] = {{"name", f->name},
                                      {"type", field_type_word (f->type)},
                                      {"kind", field_kind_word (f->kind)},
                                      {"unit", f->unit},
                                      {"only_if", f->only_if},
                                      {"help", f->help}};
    buf_adds (b, i ? ",{" : "{");
    for (size_t j = 0; j < KK_COUNT (members); j++) {
      add_member (b, members[j][0], members[j][1]);
      buf_addc (b, ',');
    }
    buf_printf (b, "\"decimals\":%u}", f->decimals);
  }
  buf_adds (b, "]}");
}

void
describe_plugin_json (struct buf *b, const struct descriptor *d)
{
  const struct kk_plugin *p = &d->plugin;
  const char *const members[][2] = {
      {"name", p->name}, {"kind", descriptor_kind (d)}, {"version", p->version}, {"summary", p->summary}, {"path", d->path}};
  buf_addc (b, '{');
  for (size_t i = 0; i < KK_COUNT (members); i++) {
    add_member (b, members[i][0], members[i][1]);
    buf_addc (b, ',');
  }
  buf_printf (b, "\"api\":%u,\"options\":", p->api);
  add_options_json (b, p->options, p->n_options);
  buf_adds (b, ",\"tables\":[");
  for (uint32_t i = 0; i < p->n_tables; i++) {
    if (i)
      buf_addc (b, ',');
    add_table_json (b, &p->tables[i]);
  }
  buf_adds (b, "]}");
}

/* ---- For the manual ---- */

/* Text in pod: '<' and '>' are its own. */
static void
add_pod (struct buf *b, const char *text)
{
  for (; *text; text++)
    if (*text == '<')
      buf_adds (b, "E<lt>");
    else if (*text == '>')
      buf_adds (b, "E<gt>");
    else
      buf_addc (b, *text);
}

/* Members stand in the list of the options, as map.NAME.member: pod2man makes blocks of lists within lists that mandoc refuses.
 */
static void
add_option_pod (struct buf *b, const char *map, const struct kk_option *option, const char *flat)
{
  struct buf BUF_CLEANUP facts = {0};
  describe_option_facts (&facts, option);
  if (map)
    buf_printf (b, "=item B<%s.>I<NAME>B<.%s>\n\n", map, option->name);
  else
    buf_printf (b, "=item B<%s>\n\n", option->name);
  add_pod (b, option->help);
  buf_adds (b, ": ");
  add_pod (b, facts.data ? facts.data : "");
  buf_addc (b, '.');
  if (flat)
    buf_printf (b, " Short form: C<%s>.", flat);
  buf_adds (b, "\n\n");
  for (uint32_t i = 0; i < option->n_members; i++)
    add_option_pod (b, option->name, &option->members[i], NULL);
}

static const struct short_key *
short_key_for (const char *plugin, const char *option)
{
  for (size_t i = 0; i < n_short_keys; i++)
    if (strcmp (short_keys[i].instance, plugin) == 0 && short_keys[i].target && strcmp (short_keys[i].target, option) == 0)
      return &short_keys[i];
  return NULL;
}

void
describe_plugin_pod (struct buf *b, const struct descriptor *d)
{
  const struct kk_plugin *p = &d->plugin;
  buf_adds (b, "=head1 OPTIONS\n\n");
  if (!p->n_options)
    buf_adds (b, "None of its own.\n\n");
  else
    buf_adds (b, "=over\n\n");
  for (uint32_t i = 0; i < p->n_options; i++) {
    const struct short_key *k = short_key_for (p->name, p->options[i].name);
    char flat[100] = "";
    if (k)
      snprintf (flat, sizeof flat, "%s.%s", k->section, k->option.name);
    add_option_pod (b, NULL, &p->options[i], k ? flat : NULL);
  }
  if (p->n_options)
    buf_adds (b, "=back\n\n");
  if (p->n_tables)
    buf_adds (b, "=head1 TABLES\n\n");
  for (uint32_t i = 0; i < p->n_tables; i++) {
    const struct kk_table *t = &p->tables[i];
    buf_printf (b, "=head2 %s\n\n", t->name);
    add_pod (b, t->help ? t->help : "");
    if (t->key)
      buf_printf (b, "; one row per %s", t->key);
    if (t->only_if)
      buf_printf (b, "; with C<%s: true>", t->only_if);
    buf_adds (b, ".\n\n=over\n\n");
    for (uint32_t j = 0; j < t->n_fields; j++) {
      buf_printf (b, "=item B<%s>\n\n", t->fields[j].name);
      add_pod (b, t->fields[j].help);
      buf_printf (b, " (unit %s, %s)", t->fields[j].unit, field_kind_word (t->fields[j].kind));
      if (t->fields[j].only_if)
        buf_printf (b, ", with C<%s: true>", t->fields[j].only_if);
      buf_adds (b, ".\n\n");
    }
    buf_adds (b, "=back\n\n");
  }
}

void
describe_instances_pod (struct buf *b)
{
  static const struct {
    const char *heading;
    uint32_t kinds;
  } groups[] = {{"Every instance", HOST_ANY | HOST_NAMING},
                {"Inputs", HOST_INPUT},
                {"Inputs and outputs", HOST_INPUT | HOST_OUTPUT},
                {"Filters", HOST_FILTER},
                {"Outputs", HOST_OUTPUT}};
  for (size_t i = 0; i < KK_COUNT (groups); i++) {
    buf_printf (b, "=head2 %s\n\n=over\n\n", groups[i].heading);
    for (uint32_t j = 0; j < n_host_options; j++)
      if (host_option_kinds (host_options[j].name) == groups[i].kinds)
        add_option_pod (b, NULL, &host_options[j], NULL);
    if (groups[i].kinds == HOST_INPUT)
      buf_adds (
          b, "=item B<tables>\n\nOther names for its tables, so that several instances do not get in each other's way: a map "
             "such as C<{network: network_dmz}>.\n\n");
    buf_adds (b, "=back\n\n");
  }
}
