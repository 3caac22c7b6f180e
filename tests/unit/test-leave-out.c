/* Entries of maps that are left out of a config, one after the other. */
#include "leave-out.h"

#include "fake.h"
#include "unit.h"

struct rule {
  const char *when;
  int64_t for_ns;
};

struct config {
  bool on;
  struct kk_map words, rules;
};

static const struct kk_option rule_options[] = {KK_OPT_STRING ("when", struct rule, when, .help = "When"),
                                                KK_OPT_DURATION ("for", struct rule, for_ns, .help = "For")};
static const struct kk_option options[] = {
  KK_OPT_BOOL ("on", struct config, on, .help = "On"),
  KK_OPT_MAP ("words", struct config, words, .help = "Words"),
  KK_OPT_MAP ("rules", struct config, rules, KK_MEMBERS (rule_options, struct rule), .help = "Rules"),
};
static int
no_create (struct kk_instance *self, const void *config, void **state)
{
  (void) self, (void) config, (void) state;
  return -ENOSYS;
}
static int
no_bind (void *state, const struct kk_schema *in, struct kk_shape *shape, void **binding)
{
  (void) state, (void) in, (void) shape, (void) binding;
  return -ENOSYS;
}
static int
no_process (void *state, void *binding, const struct kk_sample *in, struct kk_emit *out)
{
  (void) state, (void) binding, (void) in, (void) out;
  return -ENOSYS;
}
static const struct kk_plugin plugin =
  FAKE_PLUGIN (.kind = KK_FILTER, .name = "maps", KK_OPTIONS (options), .create = no_create, .bind = no_bind,
               .process = no_process, .config_size = sizeof (struct config));

static const char *const names[] = {"a", "a.b", "a.b.c"};
static const char *const words[] = {"x", "y", "z"};
static const struct rule rules[] = {{"1", 1}, {"2", 2}, {"3", 3}};
static const struct config whole = {true, {names, words, 3, 0}, {names, rules, 3, 0}};
static struct descriptor *d;
static struct leave_out l;

static void
set_up (void)
{
  d = fake_descriptor (&plugin);
  l = (struct leave_out){.d = d, .whole = &whole};
}

static void
tear_down (void)
{
  leave_out_end (&l);
  descriptor_free (d);
}

static bool
leave (const char *option)
{
  return leave_out_next (&l, &(struct kk_fault){.option = option});
}

static const struct config *
left (void)
{
  return leave_out_config (&l);
}

START_TEST (one_after_the_other)
{
  ck_assert_ptr_eq (left (), &whole);
  ck_assert (leave ("rules.a.b"));
  ck_assert_uint_eq (left ()->rules.count, 2);
  ck_assert_uint_eq (left ()->words.count, 3);
  ck_assert (left ()->on);
  ck_assert_str_eq (left ()->rules.names[1], "a.b.c");
  ck_assert_int_eq (((const struct rule *) left ()->rules.items)[1].for_ns, 3);
  ck_assert (leave ("rules.a.b.c.when")); /* a member of it */
  ck_assert_uint_eq (left ()->rules.count, 1);
  ck_assert_str_eq (left ()->rules.names[0], "a");
  ck_assert (leave ("words.a"));
  ck_assert_str_eq (((const char *const *) left ()->words.items)[0], "y");
  ck_assert (leave ("rules.a"));
  ck_assert_uint_eq (left ()->rules.count, 0);
  ck_assert (!leave ("rules.a"));
  ck_assert_uint_eq (whole.rules.count, 3);
}
END_TEST

START_TEST (what_is_no_entry)
{
  static const char *const others[] = {NULL, "on", "rules", "rules.", "rules.z", "rules.z.when", "on.a", "none.a", "rule.a"};
  for (size_t i = 0; i < KK_COUNT (others); i++)
    ck_assert (!leave (others[i]));
  ck_assert_uint_eq (left ()->rules.count, 3);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, one_after_the_other);
  tcase_add_test (t, what_is_no_entry);
}

UNIT_MAIN ("leave-out", tests)
