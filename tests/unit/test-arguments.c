#include "cli/command.h"
#include "cli/table.h"
#include "unit.h"

static struct command_call call;

/* Parses words that are separated by '|'; its exit status, or -1 when the command is to be run. */
static int
parse (const char *words)
{
  static char text[256], *argv[32];
  int argc = 0, status = -2;
  argv[argc++] = (char *) "kode-kronical-daemon";
  snprintf (text, sizeof text, "%s", words);
  for (char *rest = text, *word; (word = strsep (&rest, "|"));)
    argv[argc++] = word;
  argv[argc] = NULL;
  call = (struct command_call){.command = NULL};
  return arguments_parse (argc, argv, &call, &status) ? status : -1;
}

START_TEST (options_stand_anywhere)
{
  static const char *const good[] = {"-c|f|start|--debug", "start|-c|f|--debug", "start|--debug|--config=f", "-cf|start|-d",
                                     "--config|f|start|-d"};
  for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
    ck_assert_msg (parse (good[i]) == -1, "'%s' was refused", good[i]);
    ck_assert_str_eq (call.command->name, "start");
    ck_assert_str_eq (call.config_file, "f");
    ck_assert (command_given (&call, "debug") && !command_given (&call, "foreground"));
  }
  ck_assert_int_eq (parse ("start|-fd"), -1);
  ck_assert (command_given (&call, "debug") && command_given (&call, "foreground"));
  ck_assert_int_eq (parse ("tail|-n5|--plugin-dir|/a:/b"), -1);
  ck_assert_str_eq (command_value (&call, "lines"), "5");
  ck_assert_str_eq (call.plugin_dir, "/a:/b");
  ck_assert_int_eq (parse ("tail|-n|1|--lines=7"), -1);
  ck_assert_str_eq (command_value (&call, "lines"), "7");
  ck_assert_ptr_null (command_value (&call, "json"));
}
END_TEST

START_TEST (arguments_are_kept_in_order)
{
  ck_assert_int_eq (parse ("config|set|-c|f|daemon.cpu_alert_threshold|-5"), -1);
  ck_assert_uint_eq (call.n_arguments, 3);
  ck_assert_str_eq (call.arguments[0], "set");
  ck_assert_str_eq (call.arguments[1], "daemon.cpu_alert_threshold");
  ck_assert_str_eq (call.arguments[2], "-5");
  ck_assert_int_eq (parse ("config|set|--|--help|-x"), -1);
  ck_assert_str_eq (call.arguments[1], "--help");
  ck_assert_str_eq (call.arguments[2], "-x");
}
END_TEST

START_TEST (what_makes_no_sense_is_refused)
{
  static const char *const bad[] = {"",        "x",        "start|x", "-c",        "start|-c",  "start|--config=", "start|--debug=1",
                                    "start|-x", "start|-dx", "--",      "tail|--lines", "tail|-n|", "plugin",          "--debug|start"};
  ck_assert_ptr_nonnull (freopen ("/dev/null", "w", stderr));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    ck_assert_msg (parse (bad[i]) == EXIT_USAGE, "'%s' was taken", bad[i]);
}
END_TEST

START_TEST (nothing_reaches_a_terminal_that_moves_it)
{
  char text[] = "a\x1b[2J\n\x7f \xc2\x9b \xff\xe2\x82 \xe2\x82\xac gr\xc3\xbc\xc3\x9f";
  table_clean (text);
  ck_assert_str_eq (text, "a?[2J?? ? ??? \xe2\x82\xac gr\xc3\xbc\xc3\x9f");
  /* Each but the last two turns text, breaks a line or is not seen; those join letters. */
  char turned[] =
    "\xd8\x9c|\xe1\xa0\x8e|\xe2\x80\x8b|\xe2\x80\x8e|\xe2\x80\x8f|\xe2\x80\xa8|\xe2\x80\xaa|\xe2\x80\xae|\xe2\x81\xa6|"
    "\xe2\x81\xa9|\xef\xbb\xbf|\xef\xbf\xb9|\xf3\xa0\x80\x81|\xe2\x80\x8c\xe2\x80\x8d \xf0\x9f\x98\x80\xe2\x80\xaf.";
  table_clean (turned);
  ck_assert_str_eq (turned, "?|?|?|?|?|?|?|?|?|?|?|?|?|\xe2\x80\x8c\xe2\x80\x8d \xf0\x9f\x98\x80\xe2\x80\xaf.");
  ck_assert_int_eq (table_width ("gr\xc3\xbc\xc3\x9f"), 4);
}
END_TEST

START_TEST (columns_are_aligned)
{
  static const struct table_column columns[] = {{"NAME", false, 6}, {"N", true, 0}, {"LAST", false, 0}};
  struct table t = TABLE (columns);
  static const char *const names[] = {"a", "\xc3\xbc\xc3\xbc\xc3\xbc", "much too long"};
  for (int i = 0; i < 3; i++) {
    table_add (&t, "%s", names[i]);
    table_add (&t, "%d", i * 500);
    table_add (&t, "x");
  }
  char text[512] = "";
  FILE *f = fmemopen (text, sizeof text - 1, "w");
  table_print (&t, f);
  fclose (f);
  table_free (&t);
  ck_assert_str_eq (text, "NAME       N  LAST\n"
                          "a          0  x\n"
                          "\xc3\xbc\xc3\xbc\xc3\xbc      500  x\n"
                          "much +  1000  x\n");
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, options_stand_anywhere);
  tcase_add_test (t, arguments_are_kept_in_order);
  tcase_add_test (t, what_makes_no_sense_is_refused);
  tcase_add_test (t, nothing_reaches_a_terminal_that_moves_it);
  tcase_add_test (t, columns_are_aligned);
}
UNIT_MAIN ("arguments", tests)
