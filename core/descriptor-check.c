/* Whether a description is one that can be worked with. */
#include "descriptor-inner.h"

#include "units.h"

#include <errno.h>
#include <string.h>

static size_t
option_size (uint32_t type)
{
  switch (type) {
  case KK_OPTION_BOOL:
    return sizeof (bool);
  case KK_OPTION_INT:
  case KK_OPTION_DURATION:
  case KK_OPTION_BYTES:
    return sizeof (int64_t);
  case KK_OPTION_FLOAT:
  case KK_OPTION_PERCENT:
    return sizeof (double);
  case KK_OPTION_STRING:
  case KK_OPTION_PATH:
    return sizeof (char *);
  case KK_OPTION_CHOICE:
    return sizeof (int32_t);
  case KK_OPTION_LIST:
    return sizeof (struct kk_list);
  case KK_OPTION_MAP:
    return sizeof (struct kk_map);
  default:
    return 0;
  }
}

/* The options of a plugin, or the members of a map of that name, which fill a struct of `room` bytes. */
struct options {
  const struct kk_option *list;
  uint32_t n, room;
  const char *map; /* NULL: the plugin's own */
};

static int check_options (struct copying *c, const struct options *all);

static int
check_map (struct copying *c, const struct kk_option *o, const char *name, bool nested)
{
  if (nested)
    return descriptor_refuse (c, "option '%s' is a map within a map: one level is all there is", name);
  if (o->def || o->min || o->max || o->choices)
    return descriptor_refuse (c, "option '%s' is a map, which has no .def, .min, .max or .choices", name);
  const struct options members = {o->members, o->n_members, o->member_size, o->name};
  return check_options (c, &members);
}

static int
check_option (struct copying *c, const struct options *all, const struct kk_option *o)
{
  char name[2 * 64 + 1];
  size_t size = option_size (o->type);
  snprintf (name, sizeof name, "%s%s%s", all->map ? all->map : "", all->map ? "." : "", o->name);
  if (!o->help || !*o->help)
    return descriptor_refuse (c, "option '%s' has no .help", name);
  if (!size)
    return descriptor_refuse (c, "option '%s' has type %u, which this host does not know", name, o->type);
  if ((o->offset > all->room || all->room - o->offset < size) && all->map)
    return descriptor_refuse (c, "option '%s' lies outside the struct of an entry: name that struct in KK_MEMBERS (…)", name);
  if (o->offset > all->room || all->room - o->offset < size)
    return descriptor_refuse (c, "option '%s' lies outside the config struct: set .config_size to the size of that struct",
                              name);
  if (o->type == KK_OPTION_CHOICE && (!o->choices || !*o->choices))
    return descriptor_refuse (c, "option '%s' is a choice without .choices", name);
  if ((o->flags & KK_REQUIRED) && o->def)
    return descriptor_refuse (c, "option '%s' is KK_REQUIRED and has a .def: one of them is wrong", name);
  return o->type == KK_OPTION_MAP ? check_map (c, o, name, all->map) : 0;
}

static int
check_options (struct copying *c, const struct options *all)
{
  const char *of = all->map ? " of " : "", *map = all->map ? all->map : "";
  for (uint32_t i = 0; i < all->n; i++) {
    const struct kk_option *o = all->list + i;
    if (!o->name)
      return descriptor_refuse (c, "option number %u%s%s has no name: a hole in the option table", i, of, map);
    if (!descriptor_is_name (o->name, false))
      return descriptor_refuse (c, "option name '%s'%s%s is not lower case letters, digits and '_' (at most 63)", o->name, of,
                                map);
    int r = check_option (c, all, o);
    if (r)
      return r;
    for (uint32_t j = 0; j < i; j++)
      if (!strcmp (all->list[j].name, o->name))
        return descriptor_refuse (c, "option '%s'%s%s is declared twice", o->name, of, map);
  }
  return 0;
}

static int
check_only_if (struct copying *c, const char *where, const char *only_if)
{
  const struct kk_option *o = only_if ? descriptor_option (c->d, only_if) : NULL;
  if (only_if && (!o || o->type != KK_OPTION_BOOL))
    return descriptor_refuse (c, "'%s' has .only_if = \"%s\", which is no KK_OPT_BOOL option of this plugin", where, only_if);
  return 0;
}

static int
check_table (struct copying *c, const struct kk_table *t)
{
  if (t->key_type > KK_U64_KEY || (t->key_type == KK_NO_KEY) != !t->key || (t->key && !descriptor_is_name (t->key, false)))
    return descriptor_refuse (c, "table '%s': key and key type do not fit together: use KK_SINGLE or KK_KEYED", t->name);
  if (t->n_fields == 0)
    return descriptor_refuse (c, "table '%s' has no fields", t->name);
  for (uint32_t i = 0; i < t->n_fields; i++) {
    const struct kk_field *f = t->fields + i;
    if (!f->name)
      return descriptor_refuse (c, "table '%s': field number %u has no name: a hole in the field table", t->name, i);
    if (!descriptor_is_name (f->name, false))
      return descriptor_refuse (c, "table '%s': field name '%s' is not lower case letters, digits and '_' (at most 63)",
                                t->name, f->name);
    if (f->type < KK_TYPE_F64 || f->type > KK_TYPE_STRING || f->kind < KK_GAUGE || f->kind > KK_INFO)
      return descriptor_refuse (c, "field '%s.%s' has a type or kind that this host does not know", t->name, f->name);
    if (f->decimals > 9)
      return descriptor_refuse (c, "field '%s.%s': .decimals is at most 9", t->name, f->name);
    if (!f->unit || !f->help)
      return descriptor_refuse (c, "field '%s.%s' needs .unit and .help", t->name, f->name);
    if (check_only_if (c, f->name, f->only_if))
      return -EINVAL;
    for (uint32_t j = 0; j < i; j++)
      if (!strcmp (t->fields[j].name, f->name))
        return descriptor_refuse (c, "field '%s.%s' is declared twice", t->name, f->name);
  }
  return 0;
}

static int
check_tables (struct copying *c)
{
  const struct kk_plugin *p = &c->d->plugin;
  for (uint32_t i = 0; i < p->n_tables; i++) {
    const struct kk_table *t = p->tables + i;
    if (!t->name)
      return descriptor_refuse (c, "table number %u has no name: a hole in the table list", i);
    if (!descriptor_is_name (t->name, false))
      return descriptor_refuse (c, "table name '%s' is not lower case letters, digits and '_' (at most 63)", t->name);
    if (check_only_if (c, t->name, t->only_if) || check_table (c, t))
      return -EINVAL;
    for (uint32_t j = 0; j < i; j++)
      if (!strcmp (p->tables[j].name, t->name))
        return descriptor_refuse (c, "table '%s' is declared twice", t->name);
  }
  return 0;
}

static int
check_callbacks (struct copying *c)
{
  const struct kk_plugin *p = &c->d->plugin;
  if (p->kind < KK_INPUT || p->kind > KK_OUTPUT)
    return descriptor_refuse (c, "its .kind is %u: it must be KK_INPUT, KK_FILTER or KK_OUTPUT", p->kind);
  if (!descriptor_is_name (p->name, true))
    return descriptor_refuse (c, "its .name is not lower case letters, digits and '-' (at most 63)");
  if (!p->version || !p->summary)
    return descriptor_refuse (c, "it needs .version and .summary");
  int64_t interval;
  if (p->interval && (p->kind != KK_INPUT || units_duration (p->interval, &interval) || interval <= 0))
    return descriptor_refuse (c, "its .interval must be a time such as \"60s\", and only an input has one");
  if (!p->create)
    return descriptor_refuse (c, "it has no .create callback");
  if (p->kind == KK_INPUT && (!p->read || (p->n_tables == 0 && !p->declare)))
    return descriptor_refuse (c, "an input needs .read, and KK_TABLES (…) or .declare");
  if (p->kind != KK_INPUT && p->n_tables)
    return descriptor_refuse (c, "only inputs have tables");
  if (p->kind == KK_FILTER && (!p->bind || !p->process))
    return descriptor_refuse (c, "a filter needs .bind and .process");
  if (p->kind == KK_OUTPUT && !p->write)
    return descriptor_refuse (c, "an output needs .write");
  return 0;
}

int
descriptor_check (struct copying *c)
{
  const struct kk_plugin *p = &c->d->plugin;
  const struct options own = {p->options, p->n_options, p->config_size, NULL};
  int r = check_callbacks (c);
  if (!r)
    r = check_options (c, &own);
  return r ? r : check_tables (c);
}
