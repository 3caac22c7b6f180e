#include <config.h>

#include "describe.h"

#include "option.h"
#include "plan-inner.h"
#include "settings.h"
#include "text.h"

#include <string.h>

/* How a member of a map begins: JSON and YAML differ in little else, for a JSON value is a YAML one. */
struct form {
  bool json;
  int indent; /* YAML */
  bool first; /* JSON: no comma before the next one */
};

static void
add_string (struct buf *b, const char *text)
{
  text_json_string (b, text, strlen (text));
}

static void
add_key (struct buf *b, struct form *f, const char *key)
{
  if (f->json) {
    buf_adds (b, f->first ? "" : ",");
    add_string (b, key);
    buf_addc (b, ':');
    f->first = false;
  } else {
    buf_printf (b, "%*s%s:", f->indent, "", key);
  }
}

/* Before the value of a key that is no map. */
static void
begin_value (struct buf *b, struct form *f, const char *key)
{
  add_key (b, f, key);
  if (!f->json)
    buf_addc (b, ' ');
}

static void
end_value (struct buf *b, const struct form *f)
{
  if (!f->json)
    buf_addc (b, '\n');
}

static void
open_value (struct buf *b, struct form *f)
{
  if (f->json)
    buf_addc (b, '{');
  else
    end_value (b, f);
  f->indent += 2;
  f->first = true;
}

static void
open_map (struct buf *b, struct form *f, const char *key)
{
  add_key (b, f, key);
  open_value (b, f);
}

static void
close_map (struct buf *b, struct form *f)
{
  f->indent -= 2;
  f->first = false;
  if (f->json)
    buf_addc (b, '}');
}

static void
add_list (struct buf *b, const struct kk_list *list)
{
  buf_addc (b, '[');
  for (uint32_t i = 0; i < list->count; i++) {
    buf_adds (b, i ? ", " : "");
    add_string (b, list->items[i]);
  }
  buf_addc (b, ']');
}

static void
add_choice (struct buf *b, const char *choices, int32_t which)
{
  while (which-- > 0 && strchr (choices, '|'))
    choices = strchr (choices, '|') + 1;
  text_json_string (b, choices, strcspn (choices, "|"));
}

/* Before an entry of a map: its name is the user's, and in quotes in YAML too. */
static void
add_name (struct buf *b, struct form *f, const char *name)
{
  if (f->json)
    buf_adds (b, f->first ? "" : ",");
  else
    buf_printf (b, "%*s", f->indent, "");
  f->first = false;
  add_string (b, name);
  buf_addc (b, ':');
}

static void add_options (struct buf *b, struct form *f, const struct kk_option *options, uint32_t n, const void *config);

static void
add_map (struct buf *b, struct form *f, const struct kk_option *option, const void *config)
{
  union option_value value;
  option_load (option, config, &value);
  const char *const *texts = value.map.items;
  if (!value.map.count) {
    begin_value (b, f, option->name);
    buf_adds (b, "{}");
    end_value (b, f);
    return;
  }
  open_map (b, f, option->name);
  for (uint32_t i = 0; i < value.map.count; i++) {
    add_name (b, f, value.map.names[i]);
    if (option->n_members) {
      open_value (b, f);
      add_options (b, f, option->members, option->n_members, option_map_item (option, &value.map, i));
      close_map (b, f);
    } else {
      buf_adds (b, f->json ? "" : " ");
      add_string (b, texts[i]);
      end_value (b, f);
    }
  }
  close_map (b, f);
}

static void
add_value (struct buf *b, const struct kk_option *option, const void *config)
{
  union option_value value;
  option_load (option, config, &value);
  if (option->flags & KK_SECRET) {
    buf_adds (b, "null"); /* never printed */
    return;
  }
  switch (option->type) {
  case KK_OPTION_BOOL:
    buf_adds (b, value.boolean ? "true" : "false");
    break;
  case KK_OPTION_FLOAT:
  case KK_OPTION_PERCENT:
    text_f64 (b, value.f64, 0);
    break;
  case KK_OPTION_STRING:
  case KK_OPTION_PATH:
    add_string (b, value.string ? value.string : "");
    break;
  case KK_OPTION_DURATION:
    text_f64 (b, (double) value.i64 / 1e9, 0);
    break;
  case KK_OPTION_CHOICE:
    add_choice (b, option->choices, value.choice);
    break;
  case KK_OPTION_LIST:
    add_list (b, &value.list);
    break;
  default:
    text_i64 (b, value.i64);
  }
}

static void
add_options (struct buf *b, struct form *f, const struct kk_option *options, uint32_t n, const void *config)
{
  for (uint32_t i = 0; i < n; i++) {
    if (options[i].type == KK_OPTION_MAP && !(options[i].flags & KK_SECRET)) {
      add_map (b, f, &options[i], config);
      continue;
    }
    begin_value (b, f, options[i].name);
    add_value (b, &options[i], config);
    end_value (b, f);
  }
}

static void
add_host_options (struct buf *b, struct form *f, const struct instance_plan *p)
{
  const struct kk_plugin *plugin = &p->descriptor->plugin;
  begin_value (b, f, "enabled");
  buf_adds (b, p->parked ? "false" : "true");
  end_value (b, f);
  begin_value (b, f, "plugin");
  add_string (b, plugin->name);
  end_value (b, f);
  if (p->n_pipeline) {
    begin_value (b, f, "pipeline");
    add_list (b, &(struct kk_list){.items = (const char *const *) p->pipeline, .count = (uint32_t) p->n_pipeline});
    end_value (b, f);
  }
  if (plugin->kind != KK_INPUT)
    return;
  begin_value (b, f, "interval");
  text_f64 (b, (double) p->interval_ns / 1e9, 0);
  end_value (b, f);
}

/* In JSON the plugin's own options stand apart, for they may have any name. */
static void
add_instance (struct buf *b, struct form *f, const struct instance_plan *p)
{
  const struct kk_plugin *plugin = &p->descriptor->plugin;
  open_map (b, f, p->name);
  add_host_options (b, f, p);
  if (f->json)
    open_map (b, f, "options");
  add_options (b, f, plugin->options, plugin->n_options, p->config);
  if (f->json)
    close_map (b, f);
  close_map (b, f);
}

/* In YAML what is left out would be on. */
static void
add_those_off (struct buf *b, struct form *f, const struct plan *p)
{
  for (size_t i = 0; plan_built_in[i]; i++)
    if (!plan_instance (p, plan_built_in[i])) {
      begin_value (b, f, plan_built_in[i]);
      buf_adds (b, "false");
      end_value (b, f);
    }
}

void
describe_plan (struct buf *b, const struct plan *p, const char *only, bool json)
{
  struct form f = {.json = json, .first = true};
  if (json) {
    buf_addc (b, '{');
    add_key (b, &f, "config_file");
    if (p->config_file)
      add_string (b, p->config_file);
    else
      buf_adds (b, "null");
  } else {
    buf_printf (b, "# %s\n", p->config_file ? p->config_file : "built-in defaults: there is no file");
  }
  open_map (b, &f, "daemon");
  add_options (b, &f, settings_options, settings_n_options, p->settings);
  close_map (b, &f);
  open_map (b, &f, "plugins");
  for (size_t i = 0; i < p->n_instances; i++)
    if (json || !only || strcmp (p->instances[i].name, only) == 0)
      add_instance (b, &f, &p->instances[i]);
  if (!json && !only)
    add_those_off (b, &f, p);
  close_map (b, &f);
  begin_value (b, &f, "pipeline");
  add_list (b, &(struct kk_list){.items = (const char *const *) p->pipeline, .count = (uint32_t) p->n_pipeline});
  end_value (b, &f);
  buf_adds (b, json ? "}\n" : "");
}
