/* Which processes the rules take. */
#include <process/match.h>

#include "unit.h"

static const char *items[8];

static struct kk_list
list (const char *a, const char *b)
{
  items[0] = a;
  items[1] = b;
  return (struct kk_list){.items = items, .count = (uint32_t) (b ? 2 : 1)};
}

static struct rules *
make (const struct rules_config *config)
{
  char why[256] = "";
  struct rules *r = NULL;
  ck_assert_msg (rules_make (config, &r, why, sizeof why) == 0, "%s", why);
  return r;
}

static bool
takes_name (const char *pattern, const char *name)
{
  struct rules *r = make (&(struct rules_config){.track = list (pattern, NULL)});
  bool taken = rules_take_name (r, name);
  rules_free (r);
  return taken;
}

START_TEST (takes_versions_of_a_name)
{
  static const char *const yes[] = {"python", "python3", "python3.11", "python2.7", "python-3.11", "python3.8m", "python3.13t"};
  static const char *const no[] = {"pythonista", "python3ista",   "pytho", "xpython",          "Python",
                                   "python ",    "python-config", "",      "python3.11-config"};
  for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++)
    ck_assert_msg (takes_name ("python", yes[i]), "%s", yes[i]);
  for (size_t i = 0; i < sizeof no / sizeof no[0]; i++)
    ck_assert_msg (!takes_name ("python", no[i]), "%s", no[i]);
  ck_assert (takes_name ("python3.11", "python3.11"));
  ck_assert (!takes_name ("python3.11", "python3"));
}
END_TEST

START_TEST (takes_globs)
{
  ck_assert (takes_name ("php-fpm*", "php-fpm8.2"));
  ck_assert (!takes_name ("php-fpm*", "xphp-fpm"));
  ck_assert (takes_name ("node?", "node1"));
  ck_assert (!takes_name ("node?", "node"));
  ck_assert (takes_name ("[jJ]ava", "Java"));
  ck_assert (takes_name ("*", "anything at all"));
}
END_TEST

START_TEST (takes_regular_expressions)
{
  ck_assert (takes_name ("/^(java|node)$/", "node"));
  ck_assert (!takes_name ("/^(java|node)$/", "nodejs"));
  struct rules *r = make (&(struct rules_config){.track = list ("/-jar +billing/", NULL)});
  ck_assert (rules_need_command (r));
  ck_assert (!rules_take_name (r, "java"));
  ck_assert (rules_take_command (r, "java -jar billing.jar"));
  ck_assert (!rules_take_command (r, "java -jar other.jar"));
  rules_free (r);
}
END_TEST

START_TEST (takes_python_by_itself)
{
  struct rules *r = make (&(struct rules_config){.python = true});
  ck_assert (rules_need_name (r) && rules_need_command (r) && !rules_need_user (r) && !rules_need_cgroup (r));
  ck_assert (rules_take_name (r, "myPYTHONthing"));
  ck_assert (!rules_take_name (r, "sh"));
  ck_assert (rules_take_command (r, "/opt/Python3/bin/x"));
  ck_assert (!rules_take_command (r, "sh -c true"));
  rules_free (r);
  r = make (&(struct rules_config){.track = list ("node", NULL)});
  ck_assert (!rules_need_command (r));
  ck_assert (!rules_take_name (r, "python3"));
  ck_assert (!rules_take_command (r, "python3"));
  rules_free (r);
}
END_TEST

START_TEST (takes_users)
{
  struct rules *r = make (&(struct rules_config){.users = list ("root", "4711")});
  ck_assert (rules_need_user (r) && !rules_need_name (r));
  ck_assert (rules_take_user (r, 0));
  ck_assert (rules_take_user (r, 4711));
  ck_assert (!rules_take_user (r, 1));
  rules_free (r);
}
END_TEST

static bool
takes_cgroup (const char *glob, const char *text)
{
  struct rules *r = make (&(struct rules_config){.cgroups = list (glob, NULL)});
  char *copy = strdup (text);
  bool taken = rules_take_cgroup (r, copy);
  free (copy);
  rules_free (r);
  return taken;
}

START_TEST (takes_control_groups)
{
  static const char two[] = "0::/system.slice/nginx.service/worker\n";
  static const char one[] = "5:memory:/docker/abc\n4:cpu,cpuacct:/user.slice\n1:name=systemd:/system.slice/a:b.service\n";
  ck_assert (takes_cgroup ("nginx.service", two));
  ck_assert (takes_cgroup ("nginx.*", two));
  ck_assert (takes_cgroup ("/system.slice", two));
  ck_assert (takes_cgroup ("/system.slice/nginx.service", two));
  ck_assert (takes_cgroup ("/*/nginx.service", two));
  ck_assert (!takes_cgroup ("nginx", two));
  ck_assert (!takes_cgroup ("/nginx.service", two));
  ck_assert (takes_cgroup ("/docker/*", one));
  ck_assert (takes_cgroup ("a:b.service", one));
  ck_assert (!takes_cgroup ("memory", one));
  ck_assert (takes_cgroup ("/", "0::/\n"));
  ck_assert (!takes_cgroup ("", "0::/\n"));
  ck_assert (!takes_cgroup ("*", "garbage\n:\n::\n"));
}
END_TEST

static void
check_refused (const struct rules_config *config, const char *word)
{
  char why[256] = "";
  struct rules *r = NULL;
  ck_assert_int_eq (rules_make (config, &r, why, sizeof why), -EINVAL);
  ck_assert_ptr_null (r);
  ck_assert_msg (strstr (why, word) != NULL, "%s", why);
}

START_TEST (refuses_what_can_match_nothing)
{
  check_refused (&(struct rules_config){.track = list ("ok", "/(/")}, "/(/");
  check_refused (&(struct rules_config){.track = list ("ok", "")}, "empty");
}
END_TEST

START_TEST (a_user_that_is_not_there_takes_nothing)
{
  struct rules *r = make (&(struct rules_config){.users = list ("no-such-user-here", "4711")});
  ck_assert_str_eq (rules_unknown_user (r), "no-such-user-here");
  ck_assert (rules_take_user (r, 4711) && !rules_take_user (r, 0));
  rules_free (r);
  r = make (&(struct rules_config){.users = list ("root", "4711")});
  ck_assert_ptr_null (rules_unknown_user (r));
  rules_free (r);
}
END_TEST

START_TEST (what_can_be_no_user)
{
  char why[200];
  static const char *const wrong[] = {"", "-1", "root, www", "a:b", "/home"};
  for (size_t i = 0; i < KK_COUNT (wrong); i++) {
    ck_assert_int_eq (rules_check_users (&(struct kk_list){.items = wrong + i, .count = 1}, why, sizeof why), -EINVAL);
    ck_assert_ptr_nonnull (strstr (why, wrong[i]));
  }
  static const char *const right[] = {"root", "4711", "www-data", "no-such-user-here", "DOMAIN\\user", "user@domain"};
  ck_assert_int_eq (rules_check_users (&(struct kk_list){.items = right, .count = KK_COUNT (right)}, why, sizeof why), 0);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, takes_versions_of_a_name);
  tcase_add_test (t, takes_globs);
  tcase_add_test (t, takes_regular_expressions);
  tcase_add_test (t, takes_python_by_itself);
  tcase_add_test (t, takes_users);
  tcase_add_test (t, a_user_that_is_not_there_takes_nothing);
  tcase_add_test (t, what_can_be_no_user);
  tcase_add_test (t, takes_control_groups);
  tcase_add_test (t, refuses_what_can_match_nothing);
}

UNIT_MAIN ("process-match", tests)
