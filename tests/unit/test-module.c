#include "module.h"
#include "unit.h"

static char *dir;
static struct modules *modules;

/* Puts a copy of a test module, of at most `size` bytes, into a directory under a name. */
static void
put (const char *to, const char *module, const char *name, size_t size)
{
  size_t length;
  char *bytes = unit_read (MODULES_DIR, module, &length);
  ck_assert_msg (bytes != NULL, "%s/%s is missing", MODULES_DIR, module);
  unit_write_n (to, name, bytes, length < size ? length : size);
  free (bytes);
}

static void
set_up (void)
{
  dir = unit_temp_dir ();
  ck_assert_int_eq (modules_open (dir, &modules), 0);
}

static void
tear_down (void)
{
  modules_close (modules);
  free (dir);
}

static void
refused (const char *name, int result, const char *with)
{
  const struct descriptor *d = NULL;
  char *reason = NULL;
  ck_assert_int_eq (modules_load (modules, name, &d, &reason), result);
  ck_assert_ptr_null (d);
  ck_assert_ptr_nonnull (reason);
  ck_assert_msg (strstr (reason, with) != NULL, "'%s' does not say '%s'", reason, with);
  free (reason);
}

static const struct descriptor *
loaded (const char *name)
{
  const struct descriptor *d = NULL;
  char *reason = NULL;
  int r = modules_load (modules, name, &d, &reason);
  ck_assert_msg (r == 0, "%s", reason ? reason : "no reason");
  return d;
}

START_TEST (a_plugin_is_loaded_once)
{
  put (dir, "good.so", "good.so", SIZE_MAX);
  const struct descriptor *d = loaded ("good");
  ck_assert_str_eq (d->plugin.name, "good");
  ck_assert_str_eq (d->plugin.tables[0].name, "good");
  char *path = unit_path (dir, "good.so");
  ck_assert_str_eq (d->path, path);
  ck_assert_int_eq (unlink (path), 0);
  ck_assert_ptr_eq (loaded ("good"), d); /* from memory */
  free (path);
}
END_TEST

START_TEST (what_is_not_there)
{
  char *sub = unit_path (dir, "folder.so");
  refused ("good", -ENOENT, "there is no plugin 'good' in ");
  refused ("../good", -ENOENT, "there is no plugin");
  refused ("", -ENOENT, "there is no plugin");
  ck_assert_int_eq (mkdir (sub, 0700), 0);
  refused ("folder", -ENOENT, "there is no plugin 'folder'");
  free (sub);
}
END_TEST

START_TEST (what_is_no_shared_object_says_the_true_reason)
{
  unit_write (dir, "text.so", "this is no shared object, only some text, long enough, that calls itself one by its name\n");
  unit_write (dir, "empty.so", "");
  for (size_t size = 64; size < 12000; size += 500) { /* dlopen would die of a cut segment */
    char name[32];
    snprintf (name, sizeof name, "torn-%zu.so", size);
    put (dir, "good.so", name, size);
    *strrchr (name, '.') = 0;
    refused (name, -EINVAL,
             size < 1000 ? " cannot be loaded: " : "torn-"); /* without its debugging part it is whole, but misnamed */
  }
  refused ("text", -EINVAL, "/text.so cannot be loaded: ");
  refused ("text", -EINVAL, "invalid ELF header");
  refused ("empty", -EINVAL, "file too short");
}
END_TEST

START_TEST (what_is_no_plugin_of_that_name)
{
  put (dir, "nothing.so", "nothing.so", SIZE_MAX);
  put (dir, "misnamed.so", "misnamed.so", SIZE_MAX);
  put (dir, "refused.so", "refused.so", SIZE_MAX);
  refused ("nothing", -EINVAL, "does not export kk_plugin (KK_PLUGIN makes it)");
  refused ("misnamed", -EINVAL, "calls itself 'another'");
  refused ("another", -ENOENT, "there is no plugin");
  refused ("refused", -EINVAL, "is refused: its .name is not");
}
END_TEST

START_TEST (the_first_directory_counts_and_relative_ones_do_not)
{
  char *second = unit_temp_dir (), *list = NULL, *path;
  modules_close (modules);
  put (second, "good.so", "good.so", SIZE_MAX);
  unit_write (second, "text.so", "text");
  ck_assert_int_gt (asprintf (&list, ".:relative::%s:%s:/nonexistent:", dir, second), 0);
  ck_assert_int_eq (chdir (second), 0);
  ck_assert_int_eq (modules_open ("relative:.", &modules), 0);
  refused ("good", -ENOENT, "there is no plugin");
  modules_close (modules);
  ck_assert_int_eq (modules_open (list, &modules), 0);
  ck_assert_str_eq (modules_directories (modules), list);
  path = unit_path (second, "good.so");
  ck_assert_str_eq (loaded ("good")->path, path);
  put (dir, "good.so", "text.so", SIZE_MAX);
  refused ("text", -EINVAL, "calls itself 'good'"); /* dir's, not the text in the second */
  ck_assert_int_eq (chdir ("/"), 0);
  free (path);
  free (list);
  free (second);
}
END_TEST

START_TEST (the_environment_names_directories)
{
  modules_close (modules);
  put (dir, "good.so", "good.so", SIZE_MAX);
  setenv ("KODE_KRONICAL_PLUGINS", dir, 1);
  ck_assert_int_eq (modules_open (NULL, &modules), 0);
  loaded ("good");
}
END_TEST

START_TEST (names_are_listed_sorted_and_once)
{
  char *second = unit_temp_dir (), *list = NULL, **names;
  size_t n;
  ck_assert_int_eq (modules_names (modules, &names, &n), 0);
  ck_assert_uint_eq (n, 1); /* the one that is part of the host */
  ck_assert_str_eq (names[0], "daemon");
  free (names[0]);
  free (names);
  modules_close (modules);
  static const char *const files[] = {"net.so", "cpu.so", "README", "cpu.la", ".so", "so"};
  for (size_t i = 0; i < KK_COUNT (files); i++)
    unit_write (dir, files[i], "");
  unit_write (second, "cpu.so", "");
  unit_write (second, "aaa.so", "");
  ck_assert_int_gt (asprintf (&list, "%s:%s:/nonexistent", dir, second), 0);
  ck_assert_int_eq (modules_open (list, &modules), 0);
  ck_assert_int_eq (modules_names (modules, &names, &n), 0);
  ck_assert_uint_eq (n, 4);
  ck_assert_str_eq (names[0], "aaa");
  ck_assert_str_eq (names[1], "cpu");
  ck_assert_str_eq (names[2], "daemon");
  ck_assert_str_eq (names[3], "net");
  while (n)
    free (names[--n]);
  free (names);
  free (list);
  free (second);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, a_plugin_is_loaded_once);
  tcase_add_test (t, what_is_not_there);
  tcase_add_test (t, what_is_no_shared_object_says_the_true_reason);
  tcase_add_test (t, what_is_no_plugin_of_that_name);
  tcase_add_test (t, the_first_directory_counts_and_relative_ones_do_not);
  tcase_add_test (t, the_environment_names_directories);
  tcase_add_test (t, names_are_listed_sorted_and_once);
}

UNIT_MAIN ("module", tests)
