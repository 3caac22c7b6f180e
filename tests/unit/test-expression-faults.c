/* What is said of expressions that are wrong, and at which column. */
#include "expression-kit.h"

static struct kit kit;

static void
setup (void)
{
  kit_init (&kit);
}

static void
teardown (void)
{
  kit_free (&kit);
}

static const struct {
  const char *text;
  uint32_t column;
  const char *says;
} faults[] = {
  /* tokens */
  {"", 1, "something is missing at the end"},
  {"  ", 3, "something is missing at the end"},
  {"system.online && true", 15, "'&&' is not known here: write and"},
  {"system.online || true", 15, "write or"},
  {"!system.online", 1, "write not"},
  {"system.load_1m = 5", 16, "write =="},
  {"system.state ~ 'x'", 14, "write == or [field=glob]"},
  {"\303\244\303\266 > 5", 1, "'\303\244' has no meaning here"},
  {"'\303\244\303\266' == \303\274", 9, "'\303\274' has no meaning here"},
  {"system.load_1m > 5;", 19, "';' has no meaning here"},
  {"system.load_1m > \001", 18, "the byte 0x01 has no meaning here"},
  {"system.state == \"ok", 17, "a \" is missing"},
  {"system.state == 'ok", 17, "a ' is missing"},
  {"system.load_1m > 5x", 19, "'5x' has no unit that is known here"},
  {"system.load_1m > 5 x", 20, "an operator is missing before 'x'"},
  {"system.load_1m > 99999999999999GiB", 18, "too large a number"},
  {"system.load_1m > 1e999", 18, "too large a number"},
  {"system.load_1m > 1.", 19, "'.' has no meaning here"},
  /* grammar */
  {"system.load_1m >", 17, "something is missing at the end"},
  {"system.load_1m > and", 18, "is missing before 'and'"},
  {"> 5", 1, "is missing before '>'"},
  {"(system.online", 1, "a ')' is missing"},
  {"system.online)", 14, "this ')' closes no bracket"},
  {"(system.load_1m 5)", 17, "an operator or a ')' is missing before '5'"},
  {"system.online system.online", 15, "an operator is missing before 'system'"},
  {"system.online AND true", 15, "write 'and' in small letters"},
  {"1 < system.load_1m < 5", 20, "two comparisons in a row"},
  {"1 + not true", 5, "put this 'not' and what belongs to it into brackets"},
  {"()", 2, "is missing before ')'"},
  /* references */
  {"cpu_percent > 5", 1, "'cpu_percent' names no field: write TABLE.FIELD"},
  {"system. > 5", 8, "the name of a field is missing after 'system.'"},
  {"processes[name=x] > 5", 18, "a field of these rows is missing"},
  {"processes[name=x.cpu_percent > 5", 10, "a ']' is missing"},
  {"processes['x'.cpu_percent > 5", 10, "a ']' is missing"},
  {"processes['x.cpu_percent > 5", 11, "a ' is missing"},
  {"processes[].cpu_percent > 5", 11, "a pattern is missing here"},
  {"processes[name=].cpu_percent > 5", 16, "a pattern is missing here"},
  {"processes[name=x,].cpu_percent > 5", 18, "a pattern is missing here"},
  {"processes[name==x].cpu_percent > 5", 16, "with one '='"},
  {"processes[eth[0]].cpu_percent > 5", 14, "has to stand in quotes"},
  {"a123456789012345678901234567890123456789012345678901234567890123.x > 5", 1, "at most 63 characters"},
  {"x.a123456789012345678901234567890123456789012345678901234567890123 > 5", 3, "at most 63 characters"},
  {"gone(processes[python*])", 16,
   "the rows of 'processes' are known by numbers (pid), which 'python*' never takes: name a field, as in [name=python*]"},
  {"count(processes[num_threads=4x].cpu_percent) == 0", 17,
   "'num_threads' of the table 'processes' is a number, which '4x' never takes"},
  {"processes[*].cpu_percent > 5 and interfaces[b].speed > 5", 34, "rows of 'processes' are looked at already"},
  {"processes[1].cpu_percent > 5 and processes[2].cpu_percent > 5", 34, "write processes.cpu_percent without brackets"},
  {"processes[*].cpu_percent > 5 and interfaces.speed > 5", 34, "those of 'interfaces' can only stand in sum"},
  {"interfaces.speed > 5 and processes.cpu_percent > 5", 26, "those of 'processes' can only stand in sum"},
  {"system[*].load_1m > 5", 1, "the table 'system' has one row: write system.load_1m without brackets"},
  {"processes[cpu_percent=5].num_threads > 5", 11, "'cpu_percent' is no text"},
  /* functions */
  {"rte(system.bytes_sent) > 5", 1, "there is no function 'rte': did you mean rate?"},
  {"median(system.load_1m) > 5", 1, "there are rate, change, absent"},
  {"rate() > 5", 6, "a field is missing here: write it as rate(network.bytes_sent)"},
  {"rate(5) > 5", 6, "a field is missing here"},
  {"rate(system.bytes_sent, 5s) > 5", 23, "a ')' is missing here"},
  {"rate(system.state) > 5", 1, "'rate(system.state)' is a text"},
  {"change(system.online, 5s) > 5", 1, "is yes or no: rate() and change() want the field of a number"},
  {"change(system.load_1m) > 5", 22, "a comma and a time is missing here"},
  {"change(system.load_1m, 5GiB) > 5", 24, "a time is missing here"},
  {"change(system.load_1m, 0s) > 5", 24, "a time is missing here"},
  {"change(system.load_1m, 1e-10) > 5", 24, "too short"},
  {"absent(system.load_1m)", 22, "a comma and a time is missing here"},
  {"absent(5, 5s)", 8, "a table is missing here"},
  {"gone(system)", 1, "use absent(system, 10s)"},
  {"gone(processes.name)", 16, "gone() wants rows and no field"},
  {"gone(processes[name=x], 5s)", 23, "a ')' is missing here"},
  {"max(system.load_1m, 5) > 3", 19, "max() goes over the rows of a table and takes one thing"},
  {"max(system.load_1m) > 3", 5, "the table 'system' has one row"},
  {"count(system) > 3", 7, "the table 'system' has one row"},
  {"sum(5) > 3", 1, "no field stands in these brackets"},
  {"sum(max(processes[*].cpu_percent)) > 3", 5, "cannot stand within each other"},
  {"count(processes[*].cpu_percent) > 3", 7, "count() wants rows or a comparison"},
  {"sum(processes[*].name) > 3", 5, "'processes[*].name' is a text"},
  {"sum(processes[*].cpu_percent + interfaces.speed) > 3", 32, "can only stand in sum"},
  {"max(processes[*] > 3", 17, "a field of these rows is missing"},
  {"count(processes[*]", 19, "a field of these rows is missing"},
  /* kinds of values */
  {"system.load_1m", 1, "'system.load_1m' is a number: compare it with something"},
  {"5 + 5", 1, "'5 + 5' is a number"},
  {"system.online and 5", 19, "'5' is a number: 'and' and 'or' join comparisons"},
  {"system.load_1m or system.online", 1, "'system.load_1m' is a number"},
  {"not 5", 5, "'not' wants a comparison"},
  {"system.state > 5", 1, "texts and yes or no are compared with == and !="},
  {"5 < system.online", 5, "texts and yes or no are compared with == and !="},
  {"system.state == 5", 14, "'system.state' is a text and '5' is a number: they are never equal"},
  {"system.online == 1", 15, "they are never equal"},
  {"system.state + 1 > 2", 1, "only numbers can be calculated with"},
  {"-system.state > 1", 2, "only numbers can be calculated with"},
  {"-true", 2, "only numbers can be calculated with"},
  /* units */
  {"system.memory_used_mb > 5s", 25, "'system.memory_used_mb' is in MiBy and '5s' is a time: they do not go together"},
  {"system.memory_used_mb > 80%", 25, "is in MiBy and '80%' is a percentage"},
  {"system.cpu_percent > 2GiB", 22, "is in % and '2GiB' is a size in bytes"},
  {"2GiB < system.cpu_percent", 8, "'2GiB' is a size in bytes and 'system.cpu_percent' is in %"},
  {"system.load_1m > 80%", 18, "'system.load_1m' is a plain number and '80%' is a percentage"},
  {"system.load_1m > 5s", 18, "is a plain number and '5s' is a time"},
  {"system.temperature > 5s", 22, "is in Cel"},
  {"system.wait_ms > 2GiB", 18, "is in ms"},
  {"system.memory_used_mb > system.wait_ms", 25, "is in MiBy and 'system.wait_ms' is in ms"},
  {"system.memory_used_mb + system.cpu_percent > 5", 25, "do not go together"},
  {"system.memory_used_mb > 5MB/s", 25, "'5MB/s' is bytes per second"},
  {"system.temperature * system.wait_ms > 5s", 39, "in a unit that comes out of a calculation"},
  {"rate(system.temperature) > 5s", 28, "comes out of a calculation"},
  {"system.memory_used_mb * 80% > 5", 25, "write 0.8 to multiply"},
  {"50% * system.memory_used_mb > 5", 1, "write 0.8 to multiply"},
  {"rate(system.bytes_sent) > 5s", 27, "is in By/s and '5s' is a time"},
};

START_TEST (every_fault_by_column)
{
  for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
    struct expression *e = NULL;
    struct expression_binding *b = NULL;
    struct expression_fault fault = {0};
    int r = expression_parse (faults[i].text, NULL, &e, &fault);
    if (!r)
      r = expression_bind (e, kit_schema (&kit), &b, &fault);
    ck_assert_msg (r == -EINVAL, "%s: %d", faults[i].text, r);
    ck_assert_msg (fault.column == faults[i].column && strstr (fault.text, faults[i].says), "%s: %u: %s", faults[i].text,
                   fault.column, fault.text);
    ck_assert (!fault.in_clear);
    ck_assert_uint_lt (strlen (fault.text), sizeof fault.text - 1);
    expression_unbind (b);
    expression_free (e);
  }
}
END_TEST

static const struct {
  const char *text;
  uint32_t column;
  const char *says;
} lacks[] = {
  {"sytem.cpu_percent > 5", 1, "there is no table 'sytem': did you mean system?"},
  {"gpu.load > 5", 1, "there is no table 'gpu': nothing that is configured collects it, or a filter drops or renames it"},
  {"system.cpu_percnt > 5", 8, "the table 'system' has no field 'cpu_percnt': did you mean cpu_percent?"},
  {"system.zzz > 5", 8, "the table 'system' has no field 'zzz'"},
  {"processes[nmae=x].cpu_percent > 5", 11, "the table 'processes' has no field 'nmae': did you mean name?"},
  {"absent(sytem, 5s)", 8, "did you mean system?"},
  {"gone(proceses[name=x])", 6, "did you mean processes?"},
  {"sum(processes[*].cpu_prcent) > 5", 18, "did you mean cpu_percent?"},
};

START_TEST (what_the_schema_lacks_by_column)
{
  for (size_t i = 0; i < sizeof lacks / sizeof *lacks; i++) {
    struct expression *e;
    struct expression_binding *b = NULL;
    struct expression_fault fault;
    ck_assert_int_eq (expression_parse (lacks[i].text, NULL, &e, &fault), 0);
    ck_assert_int_eq (expression_bind (e, kit_schema (&kit), &b, &fault), -ENOENT);
    ck_assert_msg (fault.column == lacks[i].column && strstr (fault.text, lacks[i].says), "%s: %u: %s", lacks[i].text,
                   fault.column, fault.text);
    expression_unbind (b);
    expression_free (e);
  }
}
END_TEST

static const struct {
  const char *text, *clear;
  uint32_t column;
  const char *says;
} clears[] = {
  {"system.cpu_percent > 90", "", 1, "something is missing at the end"},
  {"system.cpu_percent > 90", "80", 1, "'80' is a number: compare it"},
  {"system.cpu_percent > 90", "<", 2, "something is missing at the end"},
  {"system.cpu_percent > 90", "< 80 and true", 6, "an operator is missing before 'and'"},
  {"system.cpu_percent > 90", "< 5s", 3, "'system.cpu_percent' is in % and '5s' is a time"},
  {"system.cpu_percent > 90", "< 'a'", 3, "texts and yes or no"},
  {"system.cpu_percent > 90", "== 'a'", 1, "never equal"},
  {"system.state == 'a'", "> 5", 1, "'system.state' is a text"},
  {"system.cpu_percent > 90 and system.online", "< 80", 1, "needs a rule that is one comparison"},
  {"system.online", "< 80", 1, "needs a rule that is one comparison"},
  {"not system.cpu_percent > 90", "  < 80", 3, "needs a rule that is one comparison"},
  {"90 < system.cpu_percent", "< 80", 1, "is a constant: turn it round"},
  {"processes[*].cpu_percent > 90", "interfaces[b].speed < 80", 1, "rows of 'processes' are looked at already"},
  {"system.cpu_percent > 90", "> 95", 1, "it never ends"},
  {"system.cpu_percent > 90", "> 90", 1, "it never ends"},
  {"system.cpu_percent >= 90", ">= 90", 1, "it never ends"},
  {"system.cpu_percent < 5", "<= 4", 1, "it never ends"},
  {"system.cpu_percent > 90", "processes[*].cpu_percent < 5", 1, "the rule is about no rows"},
  {"system.cpu_percent > 90", "system.cpu_percent < 5 and processes.cpu_percent < 5", 28, "the rule is about no rows"},
  {"processes[*].cpu_percent > 90", "< interfaces.speed", 3, "rows of 'processes' are looked at already"},
};

START_TEST (faults_of_clear_conditions)
{
  for (size_t i = 0; i < sizeof clears / sizeof *clears; i++) {
    struct expression *e;
    struct expression_binding *b = NULL;
    struct expression_fault fault;
    ck_assert_int_eq (expression_parse (clears[i].text, NULL, &e, &fault), 0);
    int r = expression_clear (e, clears[i].clear, &fault);
    if (!r)
      r = expression_bind (e, kit_schema (&kit), &b, &fault);
    ck_assert_msg (r == -EINVAL && fault.in_clear, "%s, %s: %d", clears[i].text, clears[i].clear, r);
    ck_assert_msg (fault.column == clears[i].column && strstr (fault.text, clears[i].says), "%s, %s: %u: %s", clears[i].text,
                   clears[i].clear, fault.column, fault.text);
    expression_unbind (b);
    expression_free (e);
  }
}
END_TEST

START_TEST (a_refused_condition_leaves_nothing)
{
  struct expression *e;
  struct expression_binding *b;
  struct expression_fault fault;
  ck_assert_int_eq (expression_parse ("processes.cpu_percent > 90", NULL, &e, &fault), 0);
  ck_assert_int_eq (expression_clear (e, "processes[*].cpu_percent < rate(gpu.x) and 5", &fault), -EINVAL);
  ck_assert_int_eq (expression_clear (e, "max(interfaces[a].speed) < 5 and", &fault), -EINVAL);
  ck_assert_int_eq (expression_bind (e, kit_schema (&kit), &b, &fault), 0);
  kit_process (&kit, 1, 0, "b");
  kit_tick (&kit, SECOND);
  static struct kit_results results;
  kit_evaluate (&kit, e, b, &results);
  ck_assert_uint_eq (results.n, 1); /* the rows are not chosen by what was refused */
  expression_unbind (b);
  ck_assert_int_eq (expression_clear (e, "< 80", &fault), 0);
  ck_assert_int_eq (expression_clear (e, "< 80", &fault), -EINVAL);
  ck_assert_int_eq (expression_bind (e, kit_schema (&kit), &b, &fault), 0);
  expression_unbind (b);
  expression_free (e);
}
END_TEST

/* `n` times `text`, between the others. */
static char *
many (const char *before, const char *text, size_t n, const char *after)
{
  size_t length = strlen (text), all = strlen (before) + n * length + strlen (after);
  char *copy = malloc (all + 1), *p = copy;
  ck_assert_ptr_nonnull (copy);
  p = stpcpy (p, before);
  for (size_t i = 0; i < n; i++)
    p = stpcpy (p, text);
  stpcpy (p, after);
  return copy;
}

static void
bounded (char *text, uint32_t column, const char *says)
{
  struct expression *e = NULL;
  struct expression_fault fault = {0};
  int r = expression_parse (text, NULL, &e, &fault);
  if (!says)
    ck_assert_msg (r == 0, "%u: %s", fault.column, fault.text);
  else
    ck_assert_msg (r == -EINVAL && fault.column == column && strstr (fault.text, says), "%d: %u: %s", r, fault.column,
                   fault.text);
  expression_free (e);
  free (text);
}

START_TEST (bounds)
{
  bounded (many ("true", " ", 4092, ""), 0, NULL);
  bounded (many ("true", " ", 4093, ""), 1, "may have 4096 bytes");
  bounded (many ("true", " ", 1000000, ""), 1, "may have 4096 bytes");
  bounded (many ("1", "+1", 498, "<1"), 0, NULL);
  bounded (many ("1", "+1", 499, "<1"), 1000, "may have 1000 parts");
  bounded (many ("", "(", 63, "true)))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"), 0, NULL);
  bounded (many ("", "(", 64, "true"), 65, "nested too deeply: 64 levels");
  bounded (many ("", "not ", 64, "true"), 257, "nested too deeply");
  bounded (many ("", "-", 4000, "1 < 1"), 65, "nested too deeply");
  bounded (many ("'", "x", 4000, "' == 5"), 4004, "xxx...' is a text");
  bounded (many ("", "y", 4000, "(1)"), 1, "yyy...'");
  bounded (many ("true == ", "9", 4000, ""), 9, "too long for a number");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, every_fault_by_column);
  tcase_add_test (t, what_the_schema_lacks_by_column);
  tcase_add_test (t, faults_of_clear_conditions);
  tcase_add_test (t, a_refused_condition_leaves_nothing);
  tcase_add_test (t, bounds);
}

UNIT_MAIN ("expression-faults", tests)
