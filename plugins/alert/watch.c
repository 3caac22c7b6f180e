#include "watch.h"

#include "record.h"
#include "units.h"

#include <errno.h>
#include <stdlib.h>

#define BUILT_IN_NS INT64_C (60000000000)

struct making {
  const struct options *options;
  struct watches *to;
  struct kk_fault *fault;
};

static uint64_t
hash_text (uint64_t h, const char *text)
{
  do
    h = (h ^ (unsigned char) *text) * 0x100000001b3u;
  while (*text++);
  return h;
}

__attribute__ ((format (printf, 4, 5))) static int
refuse (struct making *m, const char *name, const char *member, const char *format, ...)
{
  char text[256];
  va_list args;
  va_start (args, format);
  vsnprintf (text, sizeof text, format, args);
  va_end (args);
  if (m->fault && *name)
    kk_refuse_entry (m->fault, "rules", name, member, "%s", text);
  return -EINVAL;
}

/* "< 80 for 10s": the condition and the time; without " for " no time. The caller frees *ret_condition. */
static int
split_clear (const char *text, char **ret_condition, int64_t *ret_ns)
{
  const char *last = NULL;
  for (const char *at = text; (at = strstr (at, " for ")); at += 5)
    last = at;
  *ret_ns = 0;
  if (last && (units_duration (last + 5, ret_ns) || *ret_ns < 0))
    return -EINVAL;
  *ret_condition = last ? strndup (text, (size_t) (last - text)) : strdup (text);
  return *ret_condition ? 0 : -ENOMEM;
}

static int
parse_clear (struct making *m, struct watch *w, const struct rule_options *o)
{
  struct expression_fault fault;
  char *condition = NULL;
  if (!*o->clear)
    return 0;
  int r = split_clear (o->clear, &condition, &w->params.clear_for_ns);
  if (r == -EINVAL)
    return refuse (m, w->name, "clear", "'%.60s' ends in no time: write it as '< 80 for 10s'", o->clear);
  int64_t most_ns = 0;
  if (!r && (units_duration (ALERT_FOR_MOST, &most_ns) || w->params.clear_for_ns > most_ns))
    r = refuse (m, w->name, "clear",
                "the time of '%.60s' is out of range: give a duration such as 500ms, 5s or 2h, at most " ALERT_FOR_MOST,
                o->clear);
  if (r) {
    free (condition);
    return r;
  }
  r = expression_clear (w->expression, condition, &fault);
  free (condition);
  if (r == -EINVAL)
    refuse (m, w->name, "clear", "column %u: %s", fault.column, fault.text);
  w->has_clear = !r;
  return r;
}

static int
fill (struct making *m, struct watch *w, const char *name, const struct rule_options *o)
{
  struct expression_fault fault;
  w->params = (struct alert_params){.for_ns = o->for_ns, .unknown_after_ns = o->unknown_after_ns, .remind_ns = o->remind_ns};
  w->severity = o->severity;
  w->name = strdup (name);
  w->when = strdup (o->when);
  w->text = strdup (o->text);
  if (!w->name || !w->when || !w->text)
    return -ENOMEM;
  int r = expression_parse (o->when, NULL, &w->expression, &fault);
  if (r == -EINVAL)
    refuse (m, name, "when", "column %u: %s", fault.column, fault.text);
  if (!r)
    r = parse_clear (m, w, o);
  w->made = hash_text (hash_text (hash_text (0xcbf29ce484222325u, o->when), o->clear), name);
  w->made ^= (uint64_t) o->for_ns * 0x9e3779b97f4a7c15u;
  return r;
}

static int
add (struct making *m, const char *name, const struct rule_options *o)
{
  struct watches *to = m->to;
  for (uint32_t i = 0; i < to->n; i++)
    if (!strcmp (to->items[i].name, name))
      return refuse (m, name, NULL, "there is a rule of this name already: that of the short key");
  return fill (m, to->items + to->n++, name, o);
}

static int
add_built_in (struct making *m, const char *name, const char *field, double above)
{
  char when[80], clear[80];
  if (above <= 0)
    return 0;
  snprintf (when, sizeof when, "%s > %.10g", field, above);
  snprintf (clear, sizeof clear, "< %.10g for 1m", above > 5 ? above - 5 : above / 2);
  const struct rule_options o = {
    .when = when, .clear = clear, .text = "", .for_ns = BUILT_IN_NS, .unknown_after_ns = ALERT_UNKNOWN_AFTER, .severity = 1};
  int r = add (m, name, &o);
  m->to->items[m->to->n - 1].built_in = name;
  m->to->items[m->to->n - 1].field = field;
  return r;
}

int
watches_make (const struct options *o, struct watches *ret, struct kk_fault *fault)
{
  struct watches made = {.items = calloc (o->rules.count + 3, sizeof *made.items)};
  struct making m = {.options = o, .to = &made, .fault = fault};
  const struct rule_options *rules = o->rules.items;
  int r = made.items ? 0 : -ENOMEM;
  if (!r)
    r = add_built_in (&m, "cpu", "system.cpu_percent", o->cpu_threshold);
  if (!r)
    r = add_built_in (&m, "memory", "system.memory_percent", o->memory_threshold);
  for (uint32_t i = 0; i < o->rules.count && !r; i++)
    r = strlen (o->rules.names[i]) < ALERT_RULE_NAME
          ? add (&m, o->rules.names[i], rules + i)
          : refuse (&m, o->rules.names[i], NULL, "the name is longer than %d bytes", ALERT_RULE_NAME - 1);
  if (r)
    watches_free (&made);
  else
    *ret = made;
  return r;
}

void
watches_free (struct watches *w)
{
  for (uint32_t i = 0; i < w->n; i++) {
    struct watch *one = w->items + i;
    expression_free (one->expression);
    free (one->name);
    free (one->when);
    free (one->text);
  }
  free (w->items);
  *w = (struct watches){.n = 0};
}

const char *
watch_severity (const struct watch *w)
{
  static const char *const names[] = {"info", "warning", "critical"};
  return names[w->severity >= 0 && w->severity < 3 ? w->severity : 1];
}
