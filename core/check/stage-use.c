/* Reads, filters, writes: how long it takes, what it sets, what it keeps. */
#include "check/stand.h"

#include "option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { FAST_USES = 40, SPACED_USES = 4, WINDOWS = 5, MOST_WINDOWS = 20, WINDOW_USES = 40, LEAST_LEAK = 32 };
/* What the daemon gives by itself: half a second of the default sample, and outputs, with threads of their own, longer. */
enum { SLOW_MS = 500, SLOW_OUTPUT_MS = 5000 };

static int64_t
cpu_ns (void)
{
  struct timespec t;
  clock_gettime (CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * INT64_C (1000000000) + t.tv_nsec;
}

/* Fields of rows that were there, of which nothing was ever said. */
static void
judge_fields (struct check *k, const struct stand *s, const struct specimen *p)
{
  const struct kk_plugin *plugin = &p->plan.descriptor->plugin;
  for (uint32_t t = 0; t < plugin->n_tables; t++)
    for (uint32_t f = 0; s->rows[t] && f < plugin->tables[t].n_fields && f < STAND_FIELDS; f++)
      if (!s->set[t][f] && rows_column (p->input->rows, t, f) >= 0)
        check_find (k, CHECK_FAULT, "never-set",
                    "Set it, or say by kk_absent why it is not there; KK_UNSET is for what this machine does not have.",
                    "field '%s.%s' is never set", plugin->tables[t].name, plugin->tables[t].fields[f].name);
}

/* A counter of the same thing that went backwards. */
static void
compare_counters (struct check *k, const struct kk_table *t, const struct input *in, uint32_t table, const struct block *old)
{
  const struct block *b = in->latest[table];
  for (uint32_t f = 0; f < t->n_fields; f++) {
    int32_t c = rows_column (in->rows, table, f);
    if (c < 0 || t->fields[f].kind != KK_COUNTER || t->fields[f].type != KK_TYPE_U64 || old->n_rows != b->n_rows)
      continue;
    for (uint32_t r = 0; r < b->n_rows; r++) {
      size_t at = (size_t) c * b->n_rows + r;
      bool same = t->key_type == KK_NO_KEY
                  || (t->key_type == KK_U64_KEY && b->keys[r] == old->keys[r] && b->identities[r] == old->identities[r]);
      if (same && !b->absent[at] && !old->absent[at] && b->values[at] < old->values[at])
        check_find (k, CHECK_ADVICE, "counter-falls", "Say KK_GAUGE of what goes up and down.",
                    "counter '%s.%s' goes backwards from read to read", t->name, t->fields[f].name);
    }
  }
}

static int
read_and_look (struct check *k, struct specimen *p)
{
  const struct kk_plugin *plugin = &p->plan.descriptor->plugin;
  struct block *old[STAND_TABLES] = {NULL};
  for (uint32_t t = 0; p->tick && t < plugin->n_tables; t++)
    old[t] = block_ref (p->input->latest[t]);
  int r = specimen_use (p, NULL);
  for (uint32_t t = 0; t < plugin->n_tables; t++) {
    if (old[t] && !r && rows_has_table (p->input->rows, t))
      compare_counters (k, plugin->tables + t, p->input, t, old[t]);
    block_unref (old[t]);
  }
  return r;
}

/* How it used `uses` calls. */
struct course {
  uint32_t uses, failures;
  int last;
  int64_t cpu_ns;
};

static void
use_often (struct check *k, struct specimen *p, struct samples *samples, uint32_t n, struct course *c)
{
  for (uint32_t i = 0; i < n && check_time_left (k); i++) {
    int64_t begin = cpu_ns ();
    int r = p->input ? read_and_look (k, p) : specimen_use (p, samples);
    c->cpu_ns += cpu_ns () - begin;
    c->uses++;
    c->failures += r != 0;
    c->last = r ? r : c->last;
  }
}

/* Memory that grows from window to window. Between them an hour passes, so that what is kept for a while is let go. What is
 * kept at a window's end may depend on where the clock is in a minute, and comes round in a few windows; what grows does so in
 * each. */
static void
watch_memory (struct check *k, struct specimen *p, struct samples *samples, struct course *c)
{
  uint64_t least = UINT64_MAX, heap = holds_now ().heap;
  for (int i = 0; i < WINDOWS || (i < MOST_WINDOWS && least / WINDOW_USES >= LEAST_LEAK); i++) {
    uint32_t before = c->uses;
    stand_pass (p->stand, INT64_C (3600000000000));
    use_often (k, p, samples, WINDOW_USES, c);
    if (c->uses - before < WINDOW_USES && i < WINDOWS)
      return;
    if (c->uses - before < WINDOW_USES)
      break; /* no time for more */
    uint64_t now = holds_now ().heap, grown = now > heap ? now - heap : 0;
    least = grown < least ? grown : least;
    heap = now;
  }
  if (least / WINDOW_USES >= LEAST_LEAK)
    check_find (k, CHECK_FAULT, "memory-grows", "Free what a call allocates, or bound what is kept.",
                "its memory grows by %" PRIu64 " bytes with every call", least / WINDOW_USES);
}

static void
judge_course (struct check *k, const struct specimen *p, const struct course *c)
{
  static const char *const calls[] = {"", "read", "process", "write"};
  const char *call = calls[k->d->plugin.kind];
  const char *why = p->instance->last_message;
  if (c->uses && c->failures == c->uses)
    check_find (k, CHECK_FAULT, "fails", "Give it what it needs: plugin check FILE.so OPTION=VALUE …", "every %s fails: %s",
                call,
                *why                  ? why
                : c->last == KK_RETRY ? "it always asks to be called again"
                                      : strerror (c->last < 0 ? -c->last : c->last));
  else if (c->failures)
    check_find (k, CHECK_ADVICE, "fails", "What a failed call would have given is lost.", "%u of %u calls of %s fail: %s",
                c->failures, c->uses, call, *why ? why : strerror (c->last < 0 ? -c->last : EAGAIN));
  if (c->failures && !*why && c->last < 0)
    check_find (k, CHECK_ADVICE, "no-message", "Call kk_error once, where most is known, with what the user can do.",
                "%s fails without a message", call);
  int slow_ms = k->d->plugin.kind == KK_OUTPUT ? SLOW_OUTPUT_MS : SLOW_MS;
  if (p->wall_max_ns > slow_ms * INT64_C (1000000))
    check_find (k, CHECK_FAULT, "slow", "Do slow work in a thread of your own and give what it found last.",
                "one %s takes %" PRId64 " ms: more than the %d ms it is given", call, p->wall_max_ns / 1000000, slow_ms);
  if (c->uses) {
    check_figure (k, "calls", "%u", c->uses);
    check_figure (k, "us CPU each", "%" PRId64, c->cpu_ns / c->uses / 1000);
  }
}

static void
run (struct check *k, struct stand *s, void *config, bool judge)
{
  struct specimen p;
  struct samples *samples = NULL;
  struct course c = {0};
  char *reason = NULL;
  if (k->d->plugin.kind != KK_INPUT && samples_new (s, &samples))
    return;
  int r = specimen_new (s, k->d->plugin.name, config, &p, &reason);
  free (reason);
  if (r) {
    samples_free (samples);
    return;
  }
  use_often (k, &p, samples, FAST_USES, &c);
  for (int i = 0; p.input && i < SPACED_USES; i++) {
    nanosleep (&(struct timespec){.tv_nsec = 50000000}, NULL); /* for what counts in the kernel's ticks */
    use_often (k, &p, samples, 1, &c);
  }
  if (judge)
    watch_memory (k, &p, samples, &c);
  if (judge)
    judge_course (k, &p, &c);
  if (p.input)
    judge_fields (k, s, &p);
  specimen_end (&p);
  unsigned kept = samples ? samples_kept (samples) : 0;
  if (kept)
    check_find (k, CHECK_FAULT, "leak-samples", "Every kk_sample_ref needs its kk_sample_unref, at the latest in destroy.",
                "it still holds %u samples after destroy", kept);
  samples_free (samples);
}

/* The config with every option on that a table or field depends on; NULL when there is none. */
static void *
all_on (struct check *k)
{
  const struct kk_plugin *p = &k->d->plugin;
  struct diag d = {0};
  void *config = NULL;
  uint32_t n = 0;
  for (uint32_t t = 0; t < p->n_tables; t++) {
    n += p->tables[t].only_if != NULL;
    for (uint32_t f = 0; f < p->tables[t].n_fields; f++)
      n += p->tables[t].fields[f].only_if != NULL;
  }
  if (!n || option_fill (p->options, p->n_options, p->config_size, k->given->root, NULL, (struct place){0}, &d, &config)) {
    diag_free (&d);
    return NULL;
  }
  for (uint32_t t = 0; t < p->n_tables; t++) {
    const struct kk_option *o = p->tables[t].only_if ? descriptor_option (k->d, p->tables[t].only_if) : NULL;
    if (o)
      *((bool *) config + o->offset) = true;
    for (uint32_t f = 0; f < p->tables[t].n_fields; f++)
      if (p->tables[t].fields[f].only_if && (o = descriptor_option (k->d, p->tables[t].fields[f].only_if)))
        *((bool *) config + o->offset) = true;
  }
  return config;
}

void
stage_use (struct check *k)
{
  struct stand s;
  if (stand_init (&s, k, "data"))
    return;
  run (k, &s, k->config, true);
  void *config = all_on (k);
  if (config)
    run (k, &s, config, false);
  option_free (k->d->plugin.options, k->d->plugin.n_options, config);
  stand_release (&s);
}
