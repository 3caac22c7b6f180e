/* Every change of state of every kind of rule: from a rule's text over samples to states and messages, one sample a second.
 *
 * Each line is a story: a letter for what the samples say, one for the state that follows, one for the message, of each second.
 */
#include "alert/consider.h"
#include "expression-kit.h"

#include <math.h>

/* What samples say: y, when is true; n, clear is true; m, neither is; u, when is false and clear unknown; ?, unknown; h, held;
 * 0, the row is no more; Y and N, another thing with the same key. States: of ok, pending, Firing, clearing. Messages:
 * ! fired, / cleared, r reminder, ? unknown, = known again, # known and fired, % known and cleared, x cleared as
 * gone, * that and fired, k known as gone. */
enum how { SLOWLY, AT_ONCE, REMINDING };
static const struct line {
  enum how how;
  const char *says, *states, *messages;
} lines[] = {
  /* for 3s, clear for 2s, unknown_after 4s */
  {SLOWLY, "nnnnnn", "......", "      "},
  {SLOWLY, "nyyyn", ".ppp.", "     "},
  {SLOWLY, "nyyynyyyy", ".ppp.pppF", "        !"},
  {SLOWLY, "nyyyyyy", ".pppFFF", "    !  "},
  {SLOWLY, "nyyyynnnn", ".pppFcc..", "    !  / "},
  {SLOWLY, "nyyyynnynnnyyyy", ".pppFccFcc.pppF", "    !     /   !"},
  /* neither */
  {SLOWLY, "nmmm", "....", "    "},
  {SLOWLY, "nyyymyyyy", ".ppp.pppF", "        !"},
  {SLOWLY, "nyyyymmmmmm", ".pppFFFFFFF", "    !      "},
  {SLOWLY, "nyyyynmnnn", ".pppFcFcc.", "    !    /"},
  /* unknown holds each state and its time, and is said once */
  {SLOWLY, "n????n", "......", "      "},
  {SLOWLY, "n???????n", ".........", "     ?  ="},
  {SLOWLY, "nyy????yyy", ".ppppppppF", "         !"},
  {SLOWLY, "nyy??????yyy", ".ppppppppppF", "       ? = !"},
  {SLOWLY, "nyyyy????yy", ".pppFFFFFFF", "    !      "},
  {SLOWLY, "nyyyy??????yy", ".pppFFFFFFFFF", "    !    ? = "},
  {SLOWLY, "nyyyy???y???y", ".pppFFFFFFFFF", "    !        "},
  {SLOWLY, "nyyyynn????nnn", ".pppFccccccc..", "    !       / "},
  {SLOWLY, "nyyyynn??????nnn", ".pppFccccccccc..", "    !      ? =/ "},
  /* ... and ends in any other */
  {SLOWLY, "n?yyyy", "..pppF", "     !"},
  {SLOWLY, "nyy?nn", ".ppp..", "      "},
  {SLOWLY, "nyyyy?nnn", ".pppFFcc.", "    !   /"},
  {SLOWLY, "nyyyyn?yy", ".pppFccFF", "    !    "},
  {AT_ONCE, "n?????y", "......F", "     ?#"},
  {AT_ONCE, "ny?????n", ".FFFFFF.", " !    ?%"},
  /* what only clear asks for is unknown only while it fires */
  {SLOWLY, "nuuuuuuu", "........", "        "},
  {SLOWLY, "nyyyyuuuuuuy", ".pppFFFFFFFF", "    !    ? ="},
  {SLOWLY, "nyyyynuunnn", ".pppFccccc.", "    !     /"},
  /* held: nothing is seen, and the time between two looks counts whole */
  {SLOWLY, "nyhn", ".pp.", "    "},
  {SLOWLY, "nyhhhy", ".ppppF", "     !"},
  {SLOWLY, "nyyyyhhhhy", ".pppFFFFFF", "    !     "},
  {SLOWLY, "nyyyynhhn", ".pppFccc.", "    !   /"},
  {SLOWLY, "n?hhh?n", ".......", "     ?="},
  /* without any time */
  {AT_ONCE, "nyynn", ".FF..", " ! / "},
  {AT_ONCE, "nynyny", ".F.F.F", " !/!/!"},
  /* reminders: remind 3s, clear for 2s */
  {REMINDING, "nyyyyyyynnnn", ".FFFFFFFcc..", " !  r  r  / "},
  {REMINDING, "nyynynynyy", ".FFcFcFcFF", " !  r  r  "},
  {REMINDING, "nyy??yy", ".FFFFFF", " !  r  "},
  /* the row is no more */
  {SLOWLY, "nyyy0yyyy", ".ppp.pppF", "        !"},
  {SLOWLY, "nyyyy0n", ".pppF..", "    !x "},
  {SLOWLY, "nyyyyn0n", ".pppFc..", "    ! x "},
  {SLOWLY, "nyy?????0n", ".ppppppp..", "       ?k "},
  {SLOWLY, "nyyyy?????0n", ".pppFFFFFF..", "    !    ?x "},
  {SLOWLY, "n???0n", "......", "      "},
  /* another thing of that key */
  {SLOWLY, "nyyyYYYYY", ".ppppppFF", "       ! "},
  {SLOWLY, "nyyyyYYYY", ".pppFpppF", "    !x  !"},
  {SLOWLY, "nyyyyNN", ".pppF..", "    !x "},
  {SLOWLY, "nyyyynYYYY", ".pppFcpppF", "    ! x  !"},
  {SLOWLY, "nyy?YYYY", ".ppppppF", "       !"},
  {AT_ONCE, "nyYYN", ".FFF.", " !* /"},
};

/* ---- Kinds of rules, and what they are made to see ---- */

static struct kit kit;
static double sent; /* that was counted so far */

static void
say_number (uint32_t field, char says, double yes, double no)
{
  if (says == '?')
    kit_absent (&kit, SYSTEM, 0, field, KK_DENIED);
  else
    kit_f64 (&kit, SYSTEM, 0, field, says == 'y' ? yes : says == 'm' ? (yes + no) / 2 : no);
}

static void
threshold (char says)
{
  say_number (S_CPU, says, 95, 75);
}

static void
arithmetic (char says)
{
  say_number (S_LOAD, says, 4, 1);
  kit_i64 (&kit, SYSTEM, 0, S_BALANCE, says == 'y' ? 5 : 1);
}

static void
both (char says)
{
  kit_f64 (&kit, SYSTEM, 0, S_CPU, 95);
  say_number (S_LOAD, says, 5, 1);
}

static void
either (char says)
{
  kit_f64 (&kit, SYSTEM, 0, S_CPU, 50);
  say_number (S_LOAD, says, 5, 1);
}

/* While y, clear is true, too. */
static void
another_clear (char says)
{
  say_number (S_CPU, says, 95, 50);
  say_number (S_LOAD, says == 'u' ? '?' : says, 0.5, says == 'm' ? 5 : 0.5);
}

static void
text (char says)
{
  if (says == '?')
    kit_absent (&kit, SYSTEM, 0, S_STATE, KK_DENIED);
  else
    kit_string (&kit, SYSTEM, 0, S_STATE, says == 'y' ? "bad" : "good");
}

static void
boolean (char says)
{
  if (says == '?')
    kit_absent (&kit, SYSTEM, 0, S_ONLINE, KK_DENIED);
  else
    kit_bool (&kit, SYSTEM, 0, S_ONLINE, says != 'y');
}

/* By 2 MB or 10 B a second; r: it began anew; g: nobody looked for too long; s: the machine slept. */
static void
rate (char says)
{
  sent = says == 'r' ? sent / 2 : sent + (says == 'y' ? 2e6 : 10);
  kit_u64 (&kit, SYSTEM, 0, S_BYTES, (uint64_t) sent);
  if (says == '?')
    kit_absent (&kit, SYSTEM, 0, S_BYTES, KK_ERROR);
}

/* Over two seconds: each value follows from that of two seconds before. */
static void
change (char says)
{
  static double before[2];
  const double next = before[0] + (says == 'y' ? 2048 : 0);
  before[0] = before[1];
  before[1] = next;
  kit_f64 (&kit, SYSTEM, 0, S_USED_MB, next);
}

static void
no_value (char says)
{
  if (says == 'y' || says == 'g')
    kit_absent (&kit, SYSTEM, 0, S_LOAD, KK_ERROR);
  else
    kit_f64 (&kit, SYSTEM, 0, S_LOAD, 1);
}

static void
no_table (char says)
{
  kit.tables[SYSTEM].result = says == 'n' ? 0 : kit.tick % 2 ? -EIO : KK_HELD;
}

static bool
is_there (char says)
{
  return !strchr ("0~", says);
}

static void
process_gone (char says)
{
  kit.tables[PROCESSES].n = 0;
  kit_process (&kit, 7, 1, "other");
  if (!strchr ("y?f", says))
    kit_process (&kit, 100, 1, "db");
  kit.tables[PROCESSES].partial = says == '?';
}

static void
count_of_rows (char says)
{
  kit.tables[PROCESSES].n = 0;
  kit_process (&kit, 7, 1, "other");
  for (uint64_t i = 0; i < (says == 'y' ? 3 : 1); i++)
    kit_process (&kit, 100 + i, 1, "python3");
  kit.tables[PROCESSES].partial = says == '?';
}

static void
processes (char says)
{
  kit.tables[PROCESSES].n = 0;
  kit_process (&kit, 7, 1, "other"); /* it is not meant */
  kit_f64 (&kit, PROCESSES, 0, P_CPU, 99);
  kit.tables[PROCESSES].partial = says == '~';
  if (!is_there (says))
    return;
  kit_process (&kit, 100, says == 'Y' || says == 'N' ? 2 : 1, "python3");
  if (says == '?')
    kit_absent (&kit, PROCESSES, 1, P_CPU, KK_DENIED);
  else
    kit_f64 (&kit, PROCESSES, 1, P_CPU, says == 'y' || says == 'Y' ? 60 : says == 'm' ? 45 : 10);
}

static void
interfaces (char says)
{
  kit.tables[INTERFACES].n = 0;
  if (is_there (says)) {
    kit_interface (&kit, "eth0", says == 'Y' || says == 'N' ? 2 : 1);
    kit_bool (&kit, INTERFACES, 0, I_PHYSICAL, true);
    if (says == '?')
      kit_absent (&kit, INTERFACES, 0, I_SPEED, KK_ERROR);
    else
      kit_f64 (&kit, INTERFACES, 0, I_SPEED, says == 'y' || says == 'Y' ? 3000 : 1);
  }
  kit.tables[INTERFACES].partial = says == '~';
  kit_interface (&kit, "lo", 1);
  kit_f64 (&kit, INTERFACES, kit.tables[INTERFACES].n - 1, I_SPEED, 9e9);
  kit_f64 (&kit, SYSTEM, 0, S_LOAD, 2);
}

static const struct kind {
  const char *when, *clear;
  void (*set) (char says);
  const char *can;     /* say, beside y, n and the ways of the next two */
  const char *unknown; /* ways to be: ? itself, f that the table failed, ~ that the row was left out, r and g of a rate */
  const char *held;    /* ways to be: h itself, s after sleep, g after a gap */
  double value;        /* that it shows while it is true; NAN: it is none that is a number */
  unsigned table;
  struct alert_key key;
} kinds[] = {
  {"system.cpu_percent > 90", "< 80", threshold, "m", "?f", "h", 95, SYSTEM, {.text = ""}},
  {"system.cpu_percent > 90", "system.load_1m < 1", another_clear, "mu", "?f", "h", 95, SYSTEM, {.text = ""}},
  {"system.load_1m * 2 + system.balance > 10", "< 10", arithmetic, "", "?f", "h", 13, SYSTEM, {.text = ""}},
  {"system.cpu_percent > 90 and system.load_1m > 4", "system.load_1m < 2", both, "", "?f", "h", 95, SYSTEM, {.text = ""}},
  {"system.cpu_percent > 90 or system.load_1m > 4", "system.load_1m < 2", either, "", "?f", "h", 50, SYSTEM, {.text = ""}},
  {"system.state == \"bad\"", "system.state == \"good\"", text, "", "?f", "h", NAN, SYSTEM, {.text = ""}},
  {"not system.online", "system.online", boolean, "", "?f", "h", NAN, SYSTEM, {.text = ""}},
  {"rate(system.bytes_sent) > 1kB", "< 500B", rate, "", "?frg", "hs", NAN, SYSTEM, {.text = ""}},
  {"change(system.memory_used_mb, 2s) > 1GiB", "< 1MiB", change, "", "", "", 2048, SYSTEM, {.text = ""}},
  {"absent(system.load_1m, 1s)", "not absent(system.load_1m, 1s)", no_value, "", "", "g", NAN, SYSTEM, {.text = ""}},
  {"absent(system, 1s)", "not absent(system, 1s)", no_table, "", "", "", NAN, SYSTEM, {.text = ""}},
  {"gone(processes[name=db])", "not gone(processes[name=db])", process_gone, "", "?f", "h", NAN, PROCESSES, {.text = ""}},
  {"count(processes[name=py*]) > 2", "< 2", count_of_rows, "", "?f", "h", 3, PROCESSES, {.text = ""}},
  {"processes[name=py*].cpu_percent > 50", "< 40", processes, "m0YN", "?f~", "h", 60, PROCESSES, {.number = 100}},
  {"interfaces[eth*].speed > system.load_1m * 100kB/s and interfaces[eth*].physical",
   "interfaces[eth*].speed < 100kB/s",
   interfaces,
   "0YN",
   "?f~",
   "h",
   3000,
   INTERFACES,
   {.text = "eth0", .length = 4}},
};

/* ---- Telling the stories ---- */

struct story {
  const struct kind *kind;
  const struct line *line;
  char unknown, held; /* in which way */
  struct watches watches;
  struct alert_rule rule;
  struct expression_binding *binding;
  char heard;
};

static bool
is_row (const struct alert_row *row, const struct alert_key *key)
{
  return row->is_number ? !key->text && row->number == key->number : key->text && !strcmp (row->text, key->text);
}

static void
hear (void *arg, struct alert_rule *rule, const struct alert_row *row, unsigned changes, bool gone, int64_t wall_ns)
{
  struct story *s = arg;
  (void) rule, (void) wall_ns;
  ck_assert (is_row (row, &s->kind->key));
  changes &= ~(unsigned) ALERT_MOVED;
  char is = changes == 0                               ? ' '
            : changes == ALERT_FIRED                   ? s->heard == 'x' ? '*' : '!'
            : changes == ALERT_CLEARED                 ? gone ? 'x' : '/'
            : changes == ALERT_REMINDER                ? 'r'
            : changes == ALERT_BECAME_UNKNOWN          ? '?'
            : changes == ALERT_KNOWN                   ? gone ? 'k' : '='
            : changes == (ALERT_KNOWN | ALERT_FIRED)   ? '#'
            : changes == (ALERT_KNOWN | ALERT_CLEARED) ? '%'
                                                       : 'E';
  ck_assert (s->heard == ' ' || is == ' ' || is == '*');
  s->heard = is == ' ' ? s->heard : is;
}

static void
begin (struct story *s)
{
  char clear[100];
  const char *const names[] = {"rule"};
  struct rule_options rule = {.when = s->kind->when, .clear = "", .text = "", .severity = 1, .unknown_after_ns = 4 * SECOND};
  struct options options = {.rules = {.names = names, .items = &rule, .count = 1}};
  struct expression_fault fault;
  struct kk_fault refused = {0};
  snprintf (clear, sizeof clear, "%s for 2s", s->kind->clear);
  if (s->line->how != AT_ONCE)
    rule.clear = clear;
  rule.for_ns = s->line->how == SLOWLY ? 3 * SECOND : 0;
  rule.remind_ns = s->line->how == REMINDING ? 3 * SECOND : 0;
  kit_init (&kit);
  sent = 1e9;
  ck_assert_msg (watches_make (&options, &s->watches, &refused) == 0, "%s", refused.text);
  ck_assert_int_eq (expression_bind (s->watches.items->expression, kit_schema (&kit), &s->binding, &fault), 0);
  const struct alert_params params = consider_params (s->watches.items, SECOND);
  alert_rule_init (&s->rule, &params, 0, hear, s);
}

static void
end (struct story *s)
{
  alert_rule_free (&s->rule);
  expression_unbind (s->binding);
  watches_free (&s->watches);
  kit_free (&kit);
}

/* One second. */
static const struct alert_row *
tell (struct story *s, char says)
{
  struct kk_time time;
  if (says == 'h')
    says = s->held;
  if (says == '?')
    says = s->unknown;
  kit.tables[s->kind->table].result = says == 'h' ? KK_HELD : says == 'f' ? -EIO : 0;
  kit.after = says == 'g' ? KK_GAP : says == 's' ? KK_SUSPEND : KK_PRESENT;
  if (says != 'h')
    s->kind->set (says);
  const struct kk_sample *sample = kit_tick (&kit, SECOND);
  kk_sample_time (sample, &time);
  s->heard = ' ';
  if (consider_wants (s->watches.items, s->binding, sample)) {
    alert_rule_begin (&s->rule, time.mono_ns, time.wall_ns);
    consider_rule (&s->rule, s->watches.items, s->binding, sample, &time);
  }
  return alert_rule_find (&s->rule, &s->kind->key);
}

static void
tell_all (struct story *s)
{
  const struct line *l = s->line;
  const size_t n = strlen (l->says);
  char states[32] = "", messages[32] = "";
  ck_assert_uint_eq (strlen (l->states), n);
  ck_assert_uint_eq (strlen (l->messages), n);
  begin (s);
  for (int i = 0; i < 3; i++) /* what was read before */
    ck_assert_ptr_null (tell (s, 'n'));
  for (size_t i = 0; i < n; i++) {
    const struct alert_row *row = tell (s, l->says[i]);
    states[i] = ".pFc"[row ? row->state.phase : ALERT_OK];
    messages[i] = s->heard;
    ck_assert_uint_le (s->rule.n, 1); /* no other row */
    if (!row || !isfinite (s->kind->value) || l->says[i] != 'y')
      continue;
    ck_assert (row->state.has_value);
    ck_assert_double_eq (row->state.value, s->kind->value);
  }
  ck_assert_msg (
    !strcmp (states, l->states) && !strcmp (messages, l->messages),
    "%s\n  says      '%s' (unknown: %c, held: %c)\n  states    '%s'\n  not       '%s'\n  messages  '%s'\n  not       '%s'",
    s->kind->when, l->says, s->unknown, s->held, states, l->states, messages, l->messages);
  end (s);
}

/* Of a row that is ok nothing is known, so its table may fail or leave it out. */
static bool
can_tell (const struct kind *k, const struct line *l, char unknown)
{
  const char *first = strchr (l->says, '?');
  const bool is_ok = first && l->states[first - l->says - 1] == '.', by_row = !k->key.text || *k->key.text;
  for (const char *c = l->says; *c; c++)
    if (!strchr ("yn?h", *c) && !strchr (k->can, *c))
      return false;
  return !(by_row && is_ok && strchr ("f~", unknown));
}

START_TEST (every_change_of_every_kind)
{
  const struct kind *k = kinds + _i;
  unsigned told = 0;
  for (size_t i = 0; i < KK_COUNT (lines); i++) {
    const char *unknown = strchr (lines[i].says, '?') ? k->unknown : " ", *held = strchr (lines[i].says, 'h') ? k->held : " ";
    for (const char *u = unknown; *u; u++)
      for (const char *h = held; *h; h++)
        if (can_tell (k, lines + i, *u)) {
          tell_all (&(struct story){.kind = k, .line = lines + i, .unknown = *u, .held = *h});
          told++;
        }
  }
  ck_assert_uint_ge (told, 10);
}
END_TEST

/* cpu_alert_threshold: 90, looked at every 20 s: for 1 min, clear < 85 for 1 min. */
START_TEST (the_short_keys)
{
  static const struct {
    double cpu;
    char state, message;
  } seconds[] = {{50, '.', ' '}, {91, 'p', ' '}, {91, 'p', ' '}, {89, '.', ' '}, {91, 'p', ' '}, {95, 'p', ' '},
                 {91, 'p', ' '}, {92, 'F', '!'}, {91, 'F', ' '}, {86, 'F', ' '}, {86, 'F', ' '}, {84, 'c', ' '},
                 {84, 'c', ' '}, {86, 'F', ' '}, {84, 'c', ' '}, {10, 'c', ' '}, {84, 'c', ' '}, {84, '.', '/'}};
  static const struct kind kind = {.set = threshold, .table = SYSTEM, .key = {.text = ""}};
  struct story s = {.kind = &kind};
  struct expression_fault fault;
  kit_init (&kit);
  ck_assert_int_eq (watches_make (&(struct options){.cpu_threshold = 90, .memory_threshold = 80}, &s.watches, NULL), 0);
  ck_assert_uint_eq (s.watches.n, 2);
  ck_assert_str_eq (s.watches.items[1].when, "system.memory_percent > 80");
  ck_assert_int_eq (expression_bind (s.watches.items->expression, kit_schema (&kit), &s.binding, &fault), 0);
  const struct alert_params params = consider_params (s.watches.items, 20 * SECOND);
  alert_rule_init (&s.rule, &params, 0, hear, &s);
  for (size_t i = 0; i < KK_COUNT (seconds); i++) {
    struct kk_time time;
    kit_f64 (&kit, SYSTEM, 0, S_CPU, seconds[i].cpu);
    const struct kk_sample *sample = kit_tick (&kit, 20 * SECOND);
    kk_sample_time (sample, &time);
    s.heard = ' ';
    alert_rule_begin (&s.rule, time.mono_ns, time.wall_ns);
    consider_rule (&s.rule, s.watches.items, s.binding, sample, &time);
    const struct alert_row *row = alert_rule_find (&s.rule, &kind.key);
    ck_assert_msg (".pFc"[row ? row->state.phase : ALERT_OK] == seconds[i].state && s.heard == seconds[i].message,
                   "look %zu: %d, '%c'", i, row ? row->state.phase : ALERT_OK, s.heard);
  }
  end (&s);
}
END_TEST

/* A rule about rows is not looked at while its table is held; what it remembers of other tables knows of that time. */
START_TEST (what_happens_while_rows_are_held)
{
  static const struct kind gap = {.when = "processes[name=py*].cpu_percent > 50 and rate(system.bytes_sent) > 1kB",
                                  .clear = "false",
                                  .table = PROCESSES,
                                  .key = {.number = 100}},
                           came = {.when = "processes[name=py*].cpu_percent > 50 and absent(system.load_1m, 3s)",
                                   .clear = "false",
                                   .table = PROCESSES,
                                   .key = {.number = 100}};
  static const struct line line = {.how = AT_ONCE};
  for (int i = 0; i < 2; i++) {
    struct story s = {.kind = i ? &came : &gap, .line = &line};
    begin (&s);
    for (int second = 0; second < 9; second++) {
      struct kk_time time;
      const bool held = second % 4 != 0;
      processes ('y');
      kit.tables[PROCESSES].result = held ? KK_HELD : 0;
      kit.tables[SYSTEM].result = held ? 0 : KK_HELD; /* it comes between */
      kit_u64 (&kit, SYSTEM, 0, S_BYTES, 1000000 * (uint64_t) second);
      kit_f64 (&kit, SYSTEM, 0, S_LOAD, 1);
      kit.after = second == 7 ? KK_GAP : KK_PRESENT;
      const struct kk_sample *sample = kit_tick (&kit, SECOND);
      kk_sample_time (sample, &time);
      s.heard = ' ';
      ck_assert_int_eq (consider_wants (s.watches.items, s.binding, sample), !held);
      if (held)
        continue;
      alert_rule_begin (&s.rule, time.mono_ns, time.wall_ns);
      consider_rule (&s.rule, s.watches.items, s.binding, sample, &time);
      const struct alert_row *row = alert_rule_find (&s.rule, &s.kind->key);
      ck_assert_msg (!row == (i == 1 || second == 0), "%s in second %d", s.kind->when, second);
      ck_assert (!row || (row->state.phase == ALERT_FIRING && row->state.unsure == (second == 8)));
    }
    end (&s);
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_loop_test (t, every_change_of_every_kind, 0, KK_COUNT (kinds));
  tcase_add_test (t, the_short_keys);
  tcase_add_test (t, what_happens_while_rows_are_held);
}

UNIT_MAIN ("alert-kinds", tests)
