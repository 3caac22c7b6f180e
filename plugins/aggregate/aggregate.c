/* aggregate: coarser samples, of windows of time. */
#include "choice.h"
#include "pick.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

struct config {
  int64_t every_ns, window_ns;
  struct kk_list fields;
};

static const struct kk_option options[] = {
  KK_OPT_DURATION ("every", struct config, every_ns, .def = "60s", .min = "1ms", .max = "24h",
                   .help = "Pass on one sample for each such time, which begins at whole multiples of it"),
  KK_OPT_DURATION ("window", struct config, window_ns, .def = "0s", .max = "24h",
                   .help =
                     "How much time a sample is about, a multiple of every: more of it makes windows that overlap; 0s: every"),
  KK_OPT_LIST ("fields", struct config, fields,
               .help =
                 "Fields of numbers, and what to make of them (table.field=FUNCTIONS, globs; the first that fits counts): min, "
                 "max, mean, last, count, sum, stddev, and percentiles as p95; none named: the mean of all"),
};
enum { MOST_BYTES = 64 << 20 };

static const struct kk_list *
items_of (const struct config *c)
{
  static const char *const means[] = {"*.*=mean"};
  static const struct kk_list all = {.items = means, .count = 1};
  return c->fields.count ? &c->fields : &all;
}

struct state {
  struct kk_instance *self;
  const struct config *config;
  struct choice *choices;
  uint32_t n_choices, n_panes;
  struct window **windows;
  uint32_t n_windows;
  bool begun;
  uint64_t pane;
  struct kk_time newest;      /* of the sample that came last */
  const struct binding *last; /* what it came through; NULL: it is gone */
  bool told;                  /* all of it, by a flush */
  struct window_budget budget;
  uint64_t lost; /* as status has it */
};

struct bound {
  uint32_t table, added;
  struct window *window;
};

struct binding {
  uint32_t n;
  struct bound tables[];
};

static int
aggregate_check (const void *config, struct kk_fault *fault)
{
  const struct config *c = config;
  struct choice *choices;
  char why[160] = "out of memory";
  if (c->window_ns % c->every_ns || c->window_ns / c->every_ns > 1000)
    return kk_refuse (fault, "window", "it must be a multiple of every, at most 1,000 times as long");
  if (choices_make (items_of (c), &choices, why))
    return kk_refuse (fault, "fields", "%s", why);
  choices_free (choices, items_of (c)->count);
  return 0;
}

/* Of a text or a switch the last counts, whatever is asked for: who names one by itself means something else. */
static int
check_number (const char *names, const struct kk_schema *in, struct kk_fault *fault)
{
  struct kk_table table;
  struct kk_field f;
  for (uint32_t t = 0; !strpbrk (names, "*?[\\") && !kk_schema_table (in, t, &table); t++)
    for (uint32_t i = 0; !kk_schema_field (in, t, i, &f); i++) {
      const char *rest = pick_for_table (names, table.name);
      if (rest && !strcmp (rest, f.name) && f.type > KK_TYPE_I64)
        return kk_refuse (fault, "fields", "%s.%s is no number: its last value goes on without being named", table.name,
                          f.name);
    }
  return 0;
}

static int
aggregate_shape (const void *config, const struct kk_schema *in, struct kk_shape *shape, struct kk_fault *fault)
{
  const struct kk_list *items = items_of (config);
  struct choice *choices;
  char why[160] = "out of memory";
  int r = choices_make (items, &choices, why);
  if (r)
    return kk_refuse (fault, "fields", "%s", why);
  for (uint32_t i = 0; i < items->count && !r; i++)
    if (!(r = pick_check (in, PICK_FIELD, "fields", choices[i].names, shape, fault)))
      r = check_number (choices[i].names, in, fault);
  for (uint32_t t = 0; t < kk_schema_tables (in) && !r; t++) {
    struct window *w;
    uint32_t added;
    r = choices_window (choices, items->count, 1, NULL, in, t, &w);
    if (!r && w && (r = window_shape (w, in, t, shape, &added)) == -EINVAL)
      r = kk_refuse (fault, "fields", "two fields of table '%.60s' would have one name", w->name);
    window_free (w);
  }
  choices_free (choices, items->count);
  return r;
}

/* ---- An instance ---- */

static int
aggregate_create (struct kk_instance *self, const void *config, void **state)
{
  const struct config *c = config;
  struct state *s = calloc (1, sizeof *s);
  char why[160];
  if (!s)
    return -ENOMEM;
  s->self = self;
  s->config = c;
  s->budget.most = MOST_BYTES;
  s->n_choices = items_of (c)->count;
  s->n_panes = c->window_ns ? (uint32_t) (c->window_ns / c->every_ns) : 1;
  if (choices_make (items_of (c), &s->choices, why)) {
    free (s);
    return -ENOMEM; /* the config was checked */
  }
  *state = s;
  return 0;
}

static void
aggregate_destroy (void *state)
{
  struct state *s = state;
  for (uint32_t i = 0; i < s->n_windows; i++)
    window_free (s->windows[i]);
  free (s->windows);
  choices_free (s->choices, s->n_choices);
  free (s);
}

static bool
is_same (const struct window *a, const struct window *b)
{
  bool same = !strcmp (a->name, b->name) && a->key_type == b->key_type && a->n_slots == b->n_slots && a->n_outs == b->n_outs;
  for (uint32_t i = 0; same && i < a->n_slots; i++)
    same = a->slots[i].field == b->slots[i].field && a->slots[i].type == b->slots[i].type
           && a->slots[i].sketch == b->slots[i].sketch;
  for (uint32_t i = 0; same && i < a->n_outs; i++)
    same = a->outs[i].slot == b->outs[i].slot && a->outs[i].field == b->outs[i].field && a->outs[i].type == b->outs[i].type
           && !strcmp (a->outs[i].name, b->outs[i].name) && !strcmp (a->outs[i].function.name, b->outs[i].function.name);
  return same;
}

/* After a reload what was gathered of that table goes on, whatever fields it has now. */
static int
carry_over (const struct state *s, struct window *w)
{
  int r = 0;
  for (uint32_t i = s->n_windows; i-- > 0 && !w->n_rows && !r;) {
    struct window *old = s->windows[i];
    if (old != w && old->n_rows && old->key_type == w->key_type && !strcmp (old->name, w->name))
      r = window_carry (w, old);
  }
  return r;
}

static int
adopt (struct state *s, struct window *fresh, struct window **ret)
{
  for (uint32_t i = 0; i < s->n_windows; i++)
    if (is_same (s->windows[i], fresh)) {
      window_free (fresh);
      *ret = s->windows[i];
      return carry_over (s, *ret);
    }
  struct window **more = realloc (s->windows, (s->n_windows + 1) * sizeof (struct window *));
  if (!more) {
    window_free (fresh);
    return -ENOMEM;
  }
  s->windows = more;
  *ret = more[s->n_windows++] = fresh;
  return carry_over (s, fresh);
}

static void
aggregate_unbind (void *state, void *binding)
{
  struct state *s = state;
  struct binding *b = binding;
  s->last = s->last == b ? NULL : s->last; /* a window that nobody is bound to any more ends with its time */
  for (uint32_t i = 0; i < b->n; i++)
    b->tables[i].window->bound--;
  free (b);
}

static int
aggregate_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  struct state *s = state;
  uint32_t n = kk_schema_tables (in);
  struct binding *b = calloc (1, sizeof *b + n * sizeof b->tables[0]);
  int r = b ? 0 : -ENOMEM;
  for (uint32_t t = 0; t < n && !r; t++) {
    struct bound *to = b->tables + b->n;
    struct window *w;
    to->table = t;
    r = choices_window (s->choices, s->n_choices, s->n_panes, &s->budget, in, t, &w);
    if (r || !w)
      continue;
    r = window_shape (w, in, t, shape, &to->added);
    if (r)
      window_free (w);
    else
      r = adopt (s, w, &to->window);
    if (!r) {
      to->window->bound++;
      b->n++;
    }
  }
  if (r) {
    if (b)
      aggregate_unbind (s, b);
    return r;
  }
  *binding = b;
  return 0;
}

/* ---- Samples ---- */

/* Windows begin at whole multiples of `every` since 1970, whatever the clock was when the first sample came. */
static uint64_t
pane_of (const struct state *s, const struct kk_time *t)
{
  return t->wall_ns > 0 ? (uint64_t) (t->wall_ns / s->config->every_ns) : 0;
}

static int
give (struct state *s, const struct binding *b, struct kk_emit *out, int64_t wall_ns, int64_t mono_ns)
{
  struct kk_rows *rows = kk_emit_rows (out);
  int r = 0;
  if (!rows)
    return 0;
  for (uint32_t i = 0; i < b->n && !r; i++)
    r = window_give (b->tables[i].window, rows, b->tables[i].added, s->pane);
  if (!r)
    r = kk_emit_time (out, wall_ns, mono_ns);
  return r ? r : kk_emit (out);
}

/* Where time was set back by a little, over a boundary, the window goes on: that before was told. */
static uint64_t
settle (const struct state *s, const struct kk_time *t, uint64_t pane)
{
  bool little = s->begun && pane + 1 == s->pane && s->newest.wall_ns - t->wall_ns < s->config->every_ns;
  return little ? s->pane : pane;
}

/* A gap may be longer than all panes. Where time went backwards what was gathered is of a time to come. */
static void
turn (struct state *s, uint64_t pane)
{
  uint64_t steps = pane > s->pane && pane - s->pane < s->n_panes ? pane - s->pane : s->n_panes;
  uint32_t kept = 0;
  for (uint32_t i = 0; i < s->n_windows; i++) {
    struct window *w = s->windows[i];
    if (!s->begun || pane < s->pane)
      window_empty (w);
    for (uint64_t k = steps; k-- > 0;)
      window_turn (w, pane - k);
    if (w->bound)
      s->windows[kept++] = w;
    else
      window_free (w);
  }
  s->n_windows = kept;
  s->pane = pane;
}

static void
tell_lost (struct state *s)
{
  if (!s->lost)
    kk_warn (s->self,
             "its windows hold more than %zu MiB, or a table more than %d rows, and rows are left out: choose fewer fields or "
             "percentiles, a shorter window or a longer every, or leave rows out in front of it",
             s->budget.most >> 20, WINDOW_MOST_ROWS);
  s->lost = s->budget.lost;
  kk_status (s->self, "rows lost", "%" PRIu64, s->lost);
}

static int
aggregate_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  struct state *s = state;
  const struct binding *b = binding;
  struct kk_time time;
  kk_sample_time (in, &time);
  uint64_t pane = settle (s, &time, pane_of (s, &time));
  int r = 0;
  if (!b->n)
    return kk_emit (out);
  if (s->begun && pane != s->pane) {
    int64_t end = (int64_t) (s->pane + 1) * s->config->every_ns;
    int64_t mono_ns = s->newest.mono_ns + (end - s->newest.wall_ns);
    r = give (s, b, out, end, mono_ns < time.mono_ns ? mono_ns : time.mono_ns);
  }
  if (!s->begun || pane != s->pane)
    turn (s, pane);
  s->begun = true;
  s->told = false;
  s->newest = time;
  s->last = b;
  for (uint32_t i = 0; i < b->n && !r; i++)
    r = window_take (b->tables[i].window, in, b->tables[i].table, pane);
  if (s->budget.lost > s->lost)
    tell_lost (s);
  return r;
}

/* What is left of a window at a stop is told too, as of its last sample. Windows that overlap go on after that. */
static int
aggregate_flush (void *state, struct kk_emit *out)
{
  struct state *s = state;
  if (!s->begun || !s->last || s->told)
    return 0;
  int r = give (s, s->last, out, s->newest.wall_ns, s->newest.mono_ns);
  s->told = true;
  s->begun = s->n_panes > 1;
  return r;
}

KK_PLUGIN (.kind = KK_FILTER, .name = "aggregate", .version = "1.0",
           .summary = "Makes coarser samples: means, extremes and percentiles over time", KK_OPTIONS (options),
           .config_size = sizeof (struct config), .create = aggregate_create, .destroy = aggregate_destroy,
           .check = aggregate_check, .shape = aggregate_shape, .bind = aggregate_bind, .unbind = aggregate_unbind,
           .process = aggregate_process, .flush_filter = aggregate_flush);
