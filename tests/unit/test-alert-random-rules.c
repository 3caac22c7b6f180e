/* Random rules on random samples: each row has the state, the times and the messages that a slow evaluator of the rule's
 * conditions (expression-slow.c) and a slow reckoning of their answers (alert-slow.h) come to. */
#include "alert-slow.h"
#include "alert/consider.h"
#include "expression-trees.h"

enum { MOST_HEARD = 4 };

static struct kit kit;

/* One row, of which at most one thing is known at a time; where a rule is not about rows, the first is all there is. */
struct model {
  bool tracked, seen;
  uint64_t identity;
  struct past past;
  unsigned expected[MOST_HEARD], heard[MOST_HEARD];
  unsigned n_expected, n_heard;
};

struct subject {
  const struct tree *when, *clear;
  struct choice rows;
  bool by_row;
  struct buf text, clear_text;
  struct watches watches;
  struct expression_binding *binding;
  struct alert_rule rule;
  struct model models[TREE_ROWS];
};

static unsigned changes_met, states_met[ALERT_PHASES];

/* ---- The rule ---- */

static struct alert_key
key_of (const struct subject *s, unsigned i)
{
  static char name[16];
  if (!s->by_row)
    return (struct alert_key){.text = ""};
  if (s->rows.table == PROCESSES)
    return (struct alert_key){.number = 100 + i};
  const int length = snprintf (name, sizeof name, i % 2 ? "eth%u" : "lo%u", i);
  return (struct alert_key){.text = name, .length = (size_t) length};
}

static void
hear (void *arg, struct alert_rule *rule, const struct alert_row *row, unsigned changes, bool gone, int64_t wall_ns)
{
  struct subject *s = arg;
  (void) wall_ns;
  for (unsigned i = 0; i < TREE_ROWS; i++) {
    const struct alert_key key = key_of (s, i);
    if (row != alert_rule_find (rule, &key))
      continue;
    struct model *m = s->models + i;
    INSIST (m->n_heard < MOST_HEARD, "%s: too much is heard", s->text.data);
    m->heard[m->n_heard++] = changes << 1 | gone;
    return;
  }
  INSIST (false, "%s: of a row that is none", s->text.data);
}

static void
make (struct subject *s)
{
  static const struct choice none = {-1, NULL, NULL};
  static const char *const names[] = {"rule"};
  struct rule_options rule = {.text = "", .severity = 1, .clear = ""};
  const struct options options = {.rules = {.names = names, .items = &rule, .count = 1}};
  struct expression_fault fault;
  struct kk_fault refused = {0};
  *s = (struct subject){.rows = tree_below (3) ? tree_choice () : none, .text = s->text, .clear_text = s->clear_text};
  buf_clear (&s->text);
  buf_clear (&s->clear_text);
  s->when = tree_make (1 + tree_below (3), s->rows);
  tree_write (&s->text, s->when, 0);
  rule.when = s->text.data;
  if (tree_below (2)) {
    s->clear = tree_add (1 + tree_below (2), tree_by_row (s->when) ? s->rows : none); /* it must not be about rows alone */
    buf_adds (&s->clear_text, "true and "); /* so that it does not begin with an operator */
    tree_write (&s->clear_text, s->clear, 3);
    buf_printf (&s->clear_text, " for %us", tree_below (4));
    rule.clear = s->clear_text.data;
  }
  s->by_row = tree_by_row (s->when) || tree_by_row (s->clear);
  rule.for_ns = tree_below (4) * SECOND;
  rule.unknown_after_ns = tree_below (4) * SECOND;
  rule.remind_ns = tree_below (4) * SECOND;
  INSIST (!watches_make (&options, &s->watches, &refused), "%s, %s: %s", rule.when, rule.clear, refused.text);
  INSIST (!expression_bind (s->watches.items->expression, kit_schema (&kit), &s->binding, &fault), "%s: %s", rule.when,
          fault.text);
  const struct alert_params params = consider_params (s->watches.items, SECOND);
  alert_rule_init (&s->rule, &params, 0, hear, s);
}

static void
unmake (struct subject *s)
{
  alert_rule_free (&s->rule);
  expression_unbind (s->binding);
  watches_free (&s->watches);
  tree_forget_samples ();
}

/* ---- The slow way ---- */

static void
expect (struct model *m, unsigned changes, bool gone)
{
  if (changes || gone)
    m->expected[m->n_expected++] = changes << 1 | gone;
}

static void
forget (struct model *m)
{
  m->tracked = false;
  m->past = (struct past){.n = 0};
}

static enum alert_truth
truth (struct answer a)
{
  return !a.known ? ALERT_UNKNOWN : a.boolean ? ALERT_TRUE : ALERT_FALSE;
}

static void
look_slowly (const struct subject *s, struct model *m, uint32_t row, uint64_t identity, const struct kk_time *time)
{
  const struct choice *rows = s->by_row ? &s->rows : NULL;
  const unsigned now = tree_n_samples - 1;
  const struct answer when = tree_answer (now, s->when, rows, row);
  struct alert_look look = {.mono_ns = time->mono_ns, .wall_ns = time->wall_ns, .when = truth (when), .held = !when.fresh};
  look.clear = alert_not (look.when);
  if (s->clear) {
    const struct answer clear = tree_answer (now, s->clear, rows, row);
    look.clear = truth (clear);
    look.held = look.held && !clear.fresh;
  }
  /* What only says true or false is news each time. */
  if (!strpbrk (s->text.data, ".[") && !strstr (s->text.data, "absent") && !strpbrk (s->clear ? s->clear_text.data : "", ".[")
      && !strstr (s->clear ? s->clear_text.data : "", "absent"))
    look.held = false;
  look.held = look.held || (!when.known && when.early);
  if (m->tracked && m->identity != identity) {
    expect (m, slow_gone (&m->past), true);
    forget (m);
  }
  m->seen = true;
  if (!m->tracked && (look.held || look.when == ALERT_FALSE))
    return;
  m->tracked = true;
  m->identity = identity;
  expect (m, slow_look (&m->past, &s->watches.items->params, &look), false);
}

static void
step_slowly (struct subject *s, const struct kk_time *time)
{
  const unsigned now = tree_n_samples - 1;
  const struct kk_sample *sample = &tree_samples[now]->face;
  const struct kk_table_info info = tree_info (now, s->by_row ? s->rows.table : SYSTEM);
  if (s->by_row && info.held)
    return;
  if (!s->by_row)
    look_slowly (s, s->models, 0, 0, time);
  for (uint32_t row = 0; s->by_row && row < info.rows; row++) {
    struct kk_value key;
    if (!tree_chosen (now, s->rows, row))
      continue;
    kk_get_key (sample, (uint32_t) s->rows.table, row, &key);
    const unsigned i = s->rows.table == PROCESSES ? (unsigned) key.u64 - 100 : (unsigned) (key.string[key.length - 1] - '0');
    look_slowly (s, s->models + i, row, kk_get_identity (sample, (uint32_t) s->rows.table, row), time);
  }
  for (unsigned i = 0; i < TREE_ROWS; i++) {
    struct model *m = s->models + i;
    const struct alert_look nothing = {
      .mono_ns = time->mono_ns, .wall_ns = time->wall_ns, .when = ALERT_UNKNOWN, .clear = ALERT_UNKNOWN};
    if (m->tracked && !m->seen && info.state == KK_COMPLETE) {
      expect (m, slow_gone (&m->past), true);
      forget (m);
    } else if (m->tracked && !m->seen)
      expect (m, slow_look (&m->past, &s->watches.items->params, &nothing), false);
    if (m->tracked && slow_is_plain (&m->past))
      forget (m);
  }
}

/* ---- Both ---- */

static void
compare (const struct subject *s)
{
  char what[200];
  for (unsigned i = 0; i < TREE_ROWS; i++) {
    const struct model *m = s->models + i;
    const struct alert_key key = key_of (s, i);
    const struct alert_row *row = i && !s->by_row ? NULL : alert_rule_find (&s->rule, &key);
    snprintf (what, sizeof what, "'%.70s', clear '%.70s', sample %u, row %u", s->text.data, s->clear ? s->clear_text.data : "",
              tree_n_samples - 1, i);
    INSIST (m->n_heard == m->n_expected && !memcmp (m->heard, m->expected, m->n_heard * sizeof *m->heard),
            "%s: heard %u (%x), expected %u (%x)", what, m->n_heard, m->heard[0], m->n_expected, m->expected[0]);
    INSIST (!row == !m->tracked, "%s: kept %d, expected %d", what, row != NULL, m->tracked);
    changes_met += m->n_heard;
    states_met[row ? row->state.phase : ALERT_OK] += row != NULL;
    if (!row)
      continue;
    INSIST (row->identity == m->identity, "%s: identity", what);
    struct alert_state state = row->state;
    state.has_value = false; /* what it shows is no condition's */
    slow_compare (&m->past, &s->watches.items->params, &state, what);
  }
}

static void
step (struct subject *s)
{
  struct kk_time time;
  tree_sample (&kit);
  const struct kk_sample *sample = &tree_samples[tree_n_samples - 1]->face;
  kk_sample_time (sample, &time);
  for (unsigned i = 0; i < TREE_ROWS; i++) {
    s->models[i].n_expected = s->models[i].n_heard = 0;
    s->models[i].seen = false;
  }
  if (consider_wants (s->watches.items, s->binding, sample)) {
    alert_rule_begin (&s->rule, time.mono_ns, time.wall_ns);
    consider_rule (&s->rule, s->watches.items, s->binding, sample, &time);
  }
  step_slowly (s, &time);
  compare (s);
}

START_TEST (random_rules_are_as_reckoned)
{
  static struct subject s;
  const int rounds = unit_rounds (10000);
  kit_init (&kit);
  for (int i = 0; i < rounds; i++) {
    make (&s);
    while (tree_n_samples < TREE_SAMPLES)
      step (&s);
    unmake (&s);
  }
  ck_assert_uint_gt (changes_met, (unsigned) rounds * 2); /* else this would say little */
  for (int i = 0; i < ALERT_PHASES; i++)
    ck_assert_uint_gt (states_met[i], (unsigned) rounds / 20);
  printf ("# %u changes; looks at ok but unknown %u, pending %u, firing %u, clearing %u\n", changes_met, states_met[ALERT_OK],
          states_met[ALERT_PENDING], states_met[ALERT_FIRING], states_met[ALERT_CLEARING]);
  buf_free (&s.text);
  buf_free (&s.clear_text);
  kit_free (&kit);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_test (t, random_rules_are_as_reckoned);
}

UNIT_MAIN ("alert-random-rules", tests)
