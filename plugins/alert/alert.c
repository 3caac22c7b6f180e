/* alert: judges every sample by rules, tells of changes once, and adds the table `alerts`. */
#include "actor.h"
#include "checks.h"
#include "consider.h"
#include "engine.h"
#include "full-name.h"
#include "hook.h"
#include "notice.h"
#include "path.h"
#include "wording.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#define PATIENCE_NS INT64_C (2000000000)

enum { RULE, ROW, STATE, SEVERITY, SINCE, VALUE, UNIT, TEXT, UNKNOWN };
static const struct kk_field fields[] = {
  [RULE] = KK_STRING ("rule", .help = "Name of the rule"),
  [ROW] = KK_STRING ("row", .help = "Key of the row it is about; empty for a table of one row"),
  [STATE] = KK_STRING ("state", .help = "pending, firing or clearing"),
  [SEVERITY] = KK_STRING ("severity", .help = "info, warning or critical"),
  [SINCE] = KK_F64 ("since", "s", KK_GAUGE, .decimals = 3, .help = "Since when its condition has been true, in Unix seconds"),
  [VALUE] = KK_F64 ("value", "1", KK_GAUGE, .help = "What is compared, in the unit of the field unit"),
  [UNIT] = KK_STRING ("unit", .help = "Unit of the value"),
  [TEXT] = KK_STRING ("text", .help = "What is said"),
  [UNKNOWN] = KK_BOOL ("unknown", .help = "The last look could not tell: the state is held"),
};
static const struct kk_table alerts = KK_KEYED ("alerts", "alert", KK_STRING_KEY, fields, "What is not as it should be");

struct state {
  struct kk_instance *self;
  const struct options *options;
  struct watches watches;
  struct alert_engine *engine;
  struct actor *actor;
  char *path;
  bool opened;
  uint32_t plain;           /* messages of this flush that need no action */
  uint32_t firing, pending; /* as status shows them */
  int64_t wall_ns;
};

struct binding {
  uint32_t added, n;
  struct expression_binding *rules[];
};

/* ---- Configuration ---- */

static int
alert_check (const void *config, struct kk_fault *fault)
{
  return checks_options (config, fault);
}

/* Two would add it twice. */
static int
check_table (const struct kk_schema *in, struct kk_fault *fault)
{
  struct kk_table t;
  for (uint32_t i = 0; !kk_schema_table (in, i, &t); i++)
    if (!strcmp (t.name, alerts.name))
      return kk_refuse (
        fault, NULL,
        "a table alerts comes to it already: put all rules into one alert, give outputs one each in a pipeline of "
        "their own, or let a filter rename in front give that table another name");
  return 0;
}

static int
alert_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  struct watches w;
  uint32_t added;
  int r = watches_make (config, &w, fault);
  if (r)
    return r;
  r = checks_rules (&w, in, shape, fault);
  r = r ? r : check_table (in, fault);
  if (!r)
    checks_words (&w, shape);
  watches_free (&w);
  if (!r)
    checks_command (config, shape);
  return r ? r : kk_shape_add_table (shape, KK_NONE, &alerts, &added);
}

/* ---- An instance ---- */

static void
alert_destroy (void *state)
{
  struct state *s = state;
  struct alert_batch last = {.n_letters = 0};
  if (s->actor && actor_is_open (s->actor))
    alert_engine_last (s->engine, &last);
  if (actor_free (s->actor, &last, PATIENCE_NS))
    alert_engine_free (s->engine);
  watches_free (&s->watches);
  free (s->path);
  free (s);
}

static int
make_engine (struct state *s)
{
  const struct options *o = s->options;
  const struct alert_engine_config config = {.outbox = {.group_wait_ns = o->group_wait_ns,
                                                        .interval_ns = kk_interval (s->self),
                                                        .rule_burst = (uint32_t) o->rule_messages,
                                                        .rule_every_ns = o->rule_every_ns,
                                                        .all_burst = (uint32_t) o->messages,
                                                        .all_every_ns = o->every_ns}};
  struct alert_rule_config *rules = calloc (s->watches.n + 1, sizeof *rules);
  if (!rules)
    return -ENOMEM;
  for (uint32_t i = 0; i < s->watches.n; i++) {
    const struct watch *w = s->watches.items + i;
    rules[i] =
      (struct alert_rule_config){.name = w->name, .made = w->made, .params = consider_params (w, kk_interval (s->self))};
  }
  int r = alert_engine_new (&config, rules, s->watches.n, &s->engine);
  free (rules);
  return r;
}

static int
alert_create (struct kk_instance *self, const void *config, void **state)
{
  struct state *s = calloc (1, sizeof *s);
  if (!s)
    return -ENOMEM;
  s->self = self;
  s->options = config;
  int r = watches_make (config, &s->watches, NULL);
  if (!r && asprintf (&s->path, "%s/%s", kk_data_dir (self), kk_name (self)) < 0) {
    s->path = NULL;
    r = -ENOMEM;
  }
  if (!r)
    r = make_engine (s);
  if (!r)
    r = actor_new (self, s->options, s->path, s->engine, &s->actor);
  if (r) {
    alert_destroy (s);
    return r;
  }
  *state = s;
  return 0;
}

static void
alert_unbind (void *state, void *binding)
{
  struct binding *b = binding;
  (void) state;
  for (uint32_t i = 0; i < b->n; i++)
    expression_unbind (b->rules[i]);
  free (b);
}

static int
alert_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct state *s = state;
  struct binding *b = calloc (1, sizeof *b + s->watches.n * sizeof (struct expression_binding *));
  int r = b ? kk_shape_touch (shape, KK_NONE) : -ENOMEM; /* it hides nothing */
  if (!r)
    r = kk_shape_add_table (shape, KK_NONE, &alerts, &b->added);
  for (uint32_t i = 0; i < s->watches.n && !r; i++) {
    struct expression_fault f;
    r = expression_bind (s->watches.items[i].expression, in, &b->rules[i], &f);
    if (r == -ENOENT || r == -EINVAL) {
      kk_warn (s->self, "rule %s: column %u: %s", s->watches.items[i].name, f.column, f.text);
      r = 0;
    }
    b->n = i + 1;
    if (!r && b->rules[i])
      snprintf (s->engine->rules[i].unit, ALERT_UNIT, "%s", expression_unit (b->rules[i]));
  }
  if (r) {
    if (b)
      alert_unbind (s, b);
    return r;
  }
  *binding = b;
  return 0;
}

/* ---- Judging ---- */

static void
judge (struct state *s, const struct binding *b, const struct kk_sample *in, const struct kk_time *time)
{
  for (uint32_t i = 0; i < b->n; i++)
    if (b->rules[i] && consider_wants (s->watches.items + i, b->rules[i], in))
      consider_rule (alert_engine_begin (s->engine, i, time->mono_ns, time->wall_ns), s->watches.items + i, b->rules[i], in,
                     time);
}

static void
send_one (void *arg, const struct alert_message *m)
{
  struct state *s = arg;
  const struct watch *w = m->rule < s->watches.n ? s->watches.items + m->rule : NULL;
  const char *name = alert_engine_name (s->engine, m->rule), *unit = s->engine->rules[m->rule].unit;
  const unsigned actions = actor_actions (s->actor);
  struct notice n;
  int r = notice_make (&n, w, name, unit, m, s->wall_ns);
  bool bad = (m->change == ALERT_FIRED || m->change == ALERT_REMINDER) && w && w->severity > 0;
  if (!r && s->options->log && bad)
    kk_warn (s->self, "%s", n.line.data);
  else if (!r && s->options->log)
    kk_info (s->self, "%s", n.line.data);
  if (!r && actions)
    r = alert_engine_draft (s->engine, m, n.id, actions, n.json.data);
  s->plain += !r && !actions;
  if (r)
    kk_error (s->self, "a message of rule %s is lost: %s", name, strerror (-r));
  notice_free (&n);
}

static void
say_left_out (struct state *s)
{
  for (uint32_t i = 0; i < s->watches.n; i++) {
    struct alert_rule *rule = &s->engine->rules[i].rule;
    if (alert_rule_says_full (rule))
      kk_warn (s->self, "rule %s: more than %u rows would have to be kept, and the others are left out: let it choose fewer",
               s->watches.items[i].name, rule->most);
  }
}

static void
flush (struct state *s, const struct kk_time *time)
{
  struct timespec boot;
  struct alert_batch batch;
  const bool all = actor_ask (s->actor, &s->engine->silences);
  clock_gettime (CLOCK_BOOTTIME, &boot);
  s->plain = 0;
  alert_engine_flush (s->engine, time->mono_ns, time->wall_ns, boot.tv_sec * INT64_C (1000000000) + boot.tv_nsec, all, send_one,
                      s, &batch);
  actor_give (s->actor, &batch, s->plain);
  say_left_out (s);
}

/* ---- The table ---- */

struct giving {
  struct state *s;
  struct kk_rows *rows;
  uint32_t added, rule, firing, pending;
};

static void
give_row (void *arg, const struct alert_row *row)
{
  struct giving *g = arg;
  const struct alert_state *state = &row->state;
  const struct watch *w = g->s->watches.items + g->rule;
  const struct alert_key key = alert_row_key (row);
  char name[ALERT_ROW_NAME], whole[ALERT_FULL_NAME];
  struct buf BUF_CLEANUP text = {0};
  if (state->phase == ALERT_OK)
    return;
  g->firing += state->phase != ALERT_PENDING;
  g->pending += state->phase == ALERT_PENDING;
  alert_key_name (&key, name);
  alert_full_name (w->name, &key, whole);
  struct kk_row *to = kk_row (g->rows, g->added, whole, row->identity);
  kk_string (to, RULE, w->name);
  kk_string (to, ROW, name);
  kk_string (to, STATE, alert_phase_name (state->phase));
  kk_string (to, SEVERITY, watch_severity (w));
  kk_f64 (to, SINCE, (double) state->began_ns / 1e9);
  if (state->has_value)
    kk_f64 (to, VALUE, state->value);
  const char *unit = g->s->engine->rules[g->rule].unit;
  kk_string (to, UNIT, unit);
  wording_text (&text, w, name, state->has_value, state->value, unit);
  kk_bool (to, UNKNOWN, state->unsure);
  kk_string (to, TEXT, text.error || !text.data ? "" : text.data);
}

static void
give (struct state *s, const struct binding *b, struct kk_emit *out)
{
  struct giving g = {.s = s, .rows = kk_emit_rows (out), .added = b->added};
  if (!g.rows)
    return;
  for (g.rule = 0; g.rule < s->watches.n && s->opened; g.rule++) /* until then they are the actor's */
    alert_rule_each (&s->engine->rules[g.rule].rule, give_row, &g);
  if (!s->opened)
    kk_table_state (g.rows, b->added, KK_FAILED);
  if (g.firing == s->firing && g.pending == s->pending)
    return;
  s->firing = g.firing;
  s->pending = g.pending;
  kk_status (s->self, "alerts", "%u fire, %u pending; %u rule%s", g.firing, g.pending, s->watches.n,
             s->watches.n == 1 ? "" : "s");
}

static int
alert_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct state *s = state;
  const struct binding *b = binding;
  struct kk_time time;
  kk_sample_time (in, &time);
  s->wall_ns = time.wall_ns;
  s->opened = s->opened || actor_is_open (s->actor);
  if (s->opened) {
    judge (s, b, in, &time);
    flush (s, &time);
  }
  give (s, b, out);
  return kk_emit (out);
}

KK_PLUGIN (.kind = KK_FILTER, .name = "alert", .version = "1.0", .summary = "Tells once, rightly, when something is wrong",
           .flags = KK_LAST, .options = alert_options, .n_options = ALERT_N_OPTIONS, .config_size = sizeof (struct options),
           .create = alert_create, .destroy = alert_destroy, .check = alert_check, .shape = alert_shape, .bind = alert_bind,
           .unbind = alert_unbind, .process = alert_process);
