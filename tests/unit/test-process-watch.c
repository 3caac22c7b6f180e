/* Finding and reading processes in made-up trees, one for each way in which this goes wrong. Times are made up, too. */
#include "process-tree.h"

START_TEST (reads_what_is_chosen)
{
  struct world w = begin_python ();
  put (&w,
       &(struct made){.pid = 10, .comm = "python3.11", .command = "python3.11|-m|http.server", .ticks = 50, .start = 12345});
  put (&w, &(struct made){.pid = 20, .comm = "sh", .command = "sh|-c|sleep 9"});
  put (&w, &(struct made){.pid = 30, .comm = "train.py", .command = "/usr/bin/python3|./train.py", .state = 'R'});
  put (&w, &(struct made){.pid = 2, .comm = "kthreadd"});
  unit_write (w.root, "40x/comm", "python\n");
  unit_write (w.root, "50", "no directory");
  tick_after (&w, 1, KK_FIRST);
  ck_assert_uint_eq (w.watch->n, 2);
  ck_assert (!w.watch->partial);
  const struct process *p = &w.watch->processes[0];
  ck_assert_uint_eq (p->pid, 10);
  ck_assert_str_eq (p->name, "python3.11");
  ck_assert_str_eq (p->command, "python3.11 -m http.server");
  ck_assert_uint_eq (p->rss_pages, 2560);
  ck_assert_uint_eq (p->vms_bytes, 54273 * w.watch->proc.page);
  ck_assert_uint_eq (p->stat.threads, 3);
  ck_assert_uint_eq (p->stat.start_ticks, 12345);
  ck_assert_uint_eq (p->stat.minor_faults, 11);
  ck_assert_uint_eq (p->stat.major_faults, 12);
  ck_assert (p->create_known);
  ck_assert_double_eq_tol (p->create_time, 1767220000 + 12345.0 / (double) w.watch->proc.ticks, 0.001);
  ck_assert_uint_eq (p->cpu_absent, KK_FIRST);
  ck_assert_uint_eq (w.watch->processes[1].pid, 30);
  ck_assert_int_eq (w.watch->processes[1].stat.state, 'R');
  end (&w);
}
END_TEST

START_TEST (measures_processor_time)
{
  struct world w = begin_python ();
  struct made m = {.pid = 10, .comm = "python3", .command = "python3", .ticks = 500};
  put (&w, &m);
  tick_after (&w, 1, KK_FIRST);
  ck_assert_uint_eq (tracked (&w, 10)->cpu_absent, KK_FIRST);
  m.ticks += w.watch->proc.ticks / 4;
  put (&w, &m);
  tick_after (&w, 0.5, KK_PRESENT);
  ck_assert_uint_eq (tracked (&w, 10)->cpu_absent, KK_PRESENT);
  ck_assert_double_eq_tol (tracked (&w, 10)->cpu_percent, 50, 0.001);
  m.ticks += w.watch->proc.ticks * 3;
  put (&w, &m);
  tick (&w);
  ck_assert_double_eq_tol (tracked (&w, 10)->cpu_percent, 300, 0.001);
  m.ticks += 1000;
  put (&w, &m);
  tick_after (&w, 3600, KK_SUSPEND);
  ck_assert_uint_eq (tracked (&w, 10)->cpu_absent, KK_SUSPEND);
  tick (&w);
  ck_assert_uint_eq (tracked (&w, 10)->cpu_absent, KK_PRESENT);
  ck_assert_double_eq_tol (tracked (&w, 10)->cpu_percent, 0, 0.001);
  tick_after (&w, 60, KK_GAP);
  ck_assert_uint_eq (tracked (&w, 10)->cpu_absent, KK_GAP);
  m.ticks -= 1;
  put (&w, &m);
  tick (&w);
  ck_assert_uint_eq (tracked (&w, 10)->cpu_absent, KK_RESET);
  end (&w);
}
END_TEST

START_TEST (lets_go_of_what_is_gone)
{
  struct world w = begin_python ();
  for (uint32_t pid = 10; pid < 15; pid++)
    put (&w, &(struct made){.pid = pid, .comm = "python3", .command = "python3"});
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 5);
  gone (&w, 10);
  gone (&w, 12);
  gone (&w, 14);
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 2);
  ck_assert_ptr_nonnull (tracked (&w, 11));
  ck_assert_ptr_nonnull (tracked (&w, 13));
  ck_assert (!w.watch->partial);
  ck_assert_int_eq (w.watch->error, 0);
  end (&w);
}
END_TEST

START_TEST (knows_a_reused_pid)
{
  struct world w = begin_python ();
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3|a.py", .ticks = 500, .start = 1000});
  put (&w, &(struct made){.pid = 11, .comm = "python3", .command = "python3", .ticks = 500, .start = 1000});
  tick (&w);
  tick (&w);
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3|b.py", .ticks = 5000, .start = 1001});
  put (&w, &(struct made){.pid = 11, .comm = "sh", .command = "sh", .ticks = 1, .start = 1001});
  tick (&w);
  const struct process *p = tracked (&w, 10);
  ck_assert_ptr_nonnull (p);
  ck_assert_uint_eq (p->cpu_absent, KK_FIRST); /* no processor time of its predecessor's */
  ck_assert_uint_eq (p->stat.start_ticks, 1001);
  ck_assert_str_eq (p->command, "python3 b.py");
  ck_assert_double_eq_tol (p->create_time, 1767220000 + 1001.0 / (double) w.watch->proc.ticks, 0.001);
  ck_assert_ptr_null (tracked (&w, 11));
  end (&w);
}
END_TEST

/* A PID that was not tracked now belongs to a process that is to be. */
START_TEST (knows_a_reused_pid_of_a_stranger)
{
  struct world w = begin_python ();
  put (&w, &(struct made){.pid = 10, .comm = "sh", .command = "sh", .start = 1000});
  for (int i = 0; i < 100; i++)
    tick (&w);
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3", .start = 1001});
  for (int i = 0; i < 10; i++)
    tick (&w);
  ck_assert_ptr_nonnull (tracked (&w, 10));
  end (&w);
}
END_TEST

/* At whatever age a process runs another program: new ones are looked at again after 1, 2 and 4 s, all within 10 s. */
START_TEST (sees_another_program)
{
  struct world w = begin_python ();
  tick (&w);
  put (&w, &(struct made){.pid = 10, .comm = "sh", .command = "sh|run"});
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 0);
  for (int i = 0; i < _i; i++)
    tick (&w);
  if (_i % 2)
    put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3|run"});
  else /* only the command line was rewritten */
    put (&w, &(struct made){.pid = 10, .comm = "sh", .command = "python3|run"});
  int waited = 0;
  while (!tracked (&w, 10) && waited < 20) {
    tick (&w);
    waited++;
  }
  ck_assert_int_le (waited, _i == 0 ? 1 : _i < 3 ? 2 : _i < 7 ? 4 : 10);
  ck_assert_str_eq (tracked (&w, 10)->command, "python3 run");
  put (&w, &(struct made){.pid = 10, .comm = _i % 2 ? "cat" : "sh", .command = "cat"});
  for (waited = 0; tracked (&w, 10) && waited < 20; waited++)
    tick (&w);
  ck_assert_int_le (waited, _i % 2 ? 1 : 10); /* a name is seen to change at the next tick */
  end (&w);
}
END_TEST

START_TEST (gives_the_new_command_line)
{
  struct world w = begin_python ();
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3|worker|0 %"});
  tick (&w);
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3|worker|100 %"});
  for (int i = 0; i < 10; i++)
    tick (&w);
  ck_assert_str_eq (tracked (&w, 10)->command, "python3 worker 100 %");
  put (&w, &(struct made){.pid = 10, .comm = "python3.12", .command = "x"});
  tick (&w);
  ck_assert_str_eq (tracked (&w, 10)->name, "python3.12");
  ck_assert_str_eq (tracked (&w, 10)->command, "x");
  end (&w);
}
END_TEST

START_TEST (keeps_a_zombie_as_who_it_was)
{
  struct world w = begin_python ();
  put (&w, &(struct made){.pid = 10, .comm = "train.py", .command = "python3|train.py"});
  put (&w, &(struct made){.pid = 11, .comm = "python3", .state = 'Z'});
  tick (&w);
  put (&w, &(struct made){.pid = 10, .comm = "train.py", .state = 'Z'});
  for (int i = 0; i < 20; i++)
    tick (&w);
  ck_assert_ptr_nonnull (tracked (&w, 10));
  ck_assert_str_eq (tracked (&w, 10)->command, "python3 train.py");
  ck_assert_int_eq (tracked (&w, 10)->stat.state, 'Z');
  ck_assert_str_eq (tracked (&w, 11)->command, "");
  end (&w);
}
END_TEST

START_TEST (takes_odd_names_and_long_command_lines)
{
  struct world w = begin_python ();
  put (&w, &(struct made){.pid = 10, .comm = "a) R (python", .command = "x"});
  put (&w, &(struct made){.pid = 11, .comm = "x\ny", .command = "python\n\xff|b"});
  put (&w, &(struct made){.pid = 12, .comm = "python-based-se", .command = "/opt/python-based-server|-v"});
  put (&w, &(struct made){.pid = 13, .comm = "java"});
  size_t length = 100000;
  char *text = malloc (length);
  memset (text, 'a', length);
  memcpy (text + length - 20, "/x/python3/lib", 14);
  put_file (&w, 13, "cmdline", text, length);
  put (&w, &(struct made){.pid = 14, .comm = "unused", .command = "python3"});
  char *comm = unit_path (w.root, "14/comm");
  ck_assert_int_eq (unlink (comm), 0); /* recorded trees may lack it */
  free (comm);
  tick (&w);
  ck_assert_str_eq (tracked (&w, 10)->name, "a) R (python");
  ck_assert_str_eq (tracked (&w, 11)->name, "x\ny");
  ck_assert_str_eq (tracked (&w, 11)->command, "python\n\xff b");
  ck_assert_str_eq (tracked (&w, 12)->name, "python-based-server");
  ck_assert_uint_eq (tracked (&w, 13)->command_length, 16384);
  ck_assert_str_eq (tracked (&w, 14)->name, "unused");
  free (text);
  end (&w);
}
END_TEST

/* The clock was set right: what is tracked keeps its creation time, what comes then gets a right one. */
START_TEST (creation_times_do_not_wander)
{
  struct world w = begin_python ();
  unit_write (w.root, "stat", "btime 100\n");
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3", .start = 0});
  tick (&w);
  double before = tracked (&w, 10)->create_time;
  unit_write (w.root, "stat", "btime 1767220000\n");
  w.wall_ns += INT64_C (1767219900) * SECOND;
  put (&w, &(struct made){.pid = 11, .comm = "python3", .command = "python3", .start = 100});
  for (int i = 0; i < 12; i++)
    tick (&w);
  ck_assert_double_eq (tracked (&w, 10)->create_time, before);
  ck_assert_double_eq_tol (tracked (&w, 11)->create_time, 1767220000 + 100.0 / (double) w.watch->proc.ticks, 0.001);
  end (&w);
}
END_TEST

START_TEST (says_when_the_time_of_boot_is_not_known)
{
  struct world w = begin_python ();
  unit_write (w.root, "stat", "cpu 1 2 3\n");
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3"});
  tick (&w);
  ck_assert (!tracked (&w, 10)->create_known);
  end (&w);
}
END_TEST

START_TEST (keeps_its_bound)
{
  struct world w = begin (&(struct watch_config){.rules = {.all = true}, .max_processes = 3});
  for (uint32_t pid = 10; pid < 20; pid++)
    put (&w, &(struct made){.pid = pid, .comm = "sh", .command = "sh"});
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 3);
  ck_assert_uint_ge (w.watch->left_out, 7);
  gone (&w, 11);
  for (int i = 0; i < 12; i++)
    tick (&w);
  ck_assert_uint_eq (w.watch->n, 3); /* another one took its place */
  end (&w);
}
END_TEST

START_TEST (cuts_long_command_lines)
{
  struct world w = begin (&(struct watch_config){.rules = {.all = true}, .command_max = 10});
  put (&w, &(struct made){.pid = 10, .comm = "sh", .command = "12345678|0"});
  put (&w, &(struct made){.pid = 11, .comm = "sh", .command = "12345678\303\244|b"}); /* not within a character */
  put (&w, &(struct made){.pid = 12, .comm = "sh", .command = "123456789\303\244|b"});
  tick (&w);
  ck_assert_str_eq (tracked (&w, 10)->command, "12345678 0");
  ck_assert_str_eq (tracked (&w, 11)->command, "12345678\303\244");
  ck_assert_str_eq (tracked (&w, 12)->command, "123456789");
  end (&w);
}
END_TEST

START_TEST (cuts_no_password_from_its_url)
{
  static const char *const pairs[][2] = {
    {"a postgres://admin:Secret1@db x", "a postgres://"},
    {"ab postgres://adm:Se@db", "ab postgres://"}, /* just before the '@' */
    {"a postgres://ad:Se@db.example x", "a postgres://ad:Se@"},
    {"a postgres://admin77|x.example b", "a postgres://admin77"}, /* a new word */
    {"http://a/x,redis://:Secret1@db", "http://a/x,redis://"},
    {"http://host/some/where/longer", "http://host/some/whe"},
    {"abcd https://example/a/b/c", "abcd https://example"}, /* just before the '/' */
    {"abc https://example7|x@b cd", "abc https://example7"},
    {"db://admin:Se/cret1234@db", "db://"},
    {"db://admin:Secret12/cret1@db", "db://"},
    {"db://admin:Secret123/cret1@db", "db://"}, /* just before the '/' */
    {"db://ad@min:Se/cret/1@db", "db://ad@"},
    {"db://host:8080/where/else@db", "db://host:8080/where"},
    {"db://a:b@host:8080/where@db", "db://a:b@host:8080/w"},
    {"abcdefghijklmnopqrstuvw", "abcdefghijklmnopqrst"},
    {"abcdefghi postgres://a:Secret1@db", "abcdefghi postgres:/"},
  };
  struct world w = begin (&(struct watch_config){.rules = {.all = true}, .command_max = 20});
  for (uint32_t i = 0; i < KK_COUNT (pairs); i++)
    put (&w, &(struct made){.pid = 10 + i, .comm = "sh", .command = pairs[i][0]});
  tick (&w);
  for (uint32_t i = 0; i < KK_COUNT (pairs); i++)
    ck_assert_str_eq (tracked (&w, 10 + i)->command, pairs[i][1]);
  end (&w);
}
END_TEST

START_TEST (keeps_the_bound_of_all_command_lines)
{
  struct world w = begin (&(struct watch_config){.rules = {.all = true}, .commands_max = 2500});
  char text[1001] = "";
  memset (text, 'x', sizeof text - 1);
  for (uint32_t pid = 10; pid < 15; pid++)
    put (&w, &(struct made){.pid = pid, .comm = "sh", .command = text});
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 5);
  ck_assert_uint_eq (tracked (&w, 11)->command_length, 1000);
  ck_assert_uint_eq (tracked (&w, 14)->command_length, 256);
  ck_assert_uint_eq (w.watch->command_bytes, 2 * 1000 + 3 * 256);
  for (uint32_t pid = 10; pid < 14; pid++)
    gone (&w, pid);
  tick (&w);
  ck_assert_uint_eq (w.watch->command_bytes, 256);
  put (&w, &(struct made){.pid = 20, .comm = "sh", .command = text}); /* there is room again */
  tick (&w);
  ck_assert_uint_eq (tracked (&w, 20)->command_length, 1000);
  end (&w);
}
END_TEST

START_TEST (follows_pid_files)
{
  char *dir = unit_temp_dir (), *file = unit_path (dir, "nginx.pid");
  const char *const files[] = {file, "~/x.pid", dir};
  setenv ("HOME", dir, 1);
  struct world w = begin (&(struct watch_config){.pidfiles = {.items = files, .count = 3}});
  put (&w, &(struct made){.pid = 10, .comm = "nginx", .command = "nginx: master"});
  put (&w, &(struct made){.pid = 20, .comm = "nginx", .command = "nginx: master"});
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 0);
  unit_write (dir, "nginx.pid", "10\n");
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 1);
  ck_assert_str_eq (tracked (&w, 10)->command, "nginx: master");
  unit_write (dir, "nginx.pid", "20\n");
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 1);
  ck_assert_ptr_nonnull (tracked (&w, 20));
  unit_write (dir, "nginx.pid", "not yet\n");
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 0);
  unit_write (dir, "x.pid", "10");
  tick (&w);
  ck_assert_ptr_nonnull (tracked (&w, 10));
  end (&w);
  free (file);
  free (dir);
}
END_TEST

START_TEST (asks_for_user_and_control_group)
{
  static const char *const users[] = {"4711"}, *const groups[] = {"web.service"};
  struct world w =
    begin (&(struct watch_config){.rules = {.users = {.items = users, .count = 1}, .cgroups = {.items = groups, .count = 1}}});
  for (uint32_t pid = 10; pid < 13; pid++) {
    put (&w, &(struct made){.pid = pid, .comm = "sh", .command = "sh"});
    put_file (&w, pid, "status", pid == 11 ? "Uid:\t0\t4711\t0\t0\n" : "Uid:\t4711\t0\t0\t0\n", pid == 11 ? 16 : 16);
    put_file (&w, pid, "cgroup", pid == 12 ? "0::/system.slice/web.service\n" : "0::/user.slice\n", pid == 12 ? 29 : 15);
  }
  tick (&w);
  ck_assert_uint_eq (w.watch->n, 2);
  ck_assert_ptr_null (tracked (&w, 10));
  end (&w);
}
END_TEST

START_TEST (reads_more_when_asked)
{
  struct world w = begin (&(struct watch_config){.rules = {.all = true}, .io = true, .files = true});
  static const char io[] =
    "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 0\n";
  put (&w, &(struct made){.pid = 10, .comm = "sh", .command = "sh"});
  put_file (&w, 10, "io", io, sizeof io - 1);
  put_file (&w, 10, "fd/0", "", 0);
  put_file (&w, 10, "fd/1", "", 0);
  put_file (&w, 10, "fd/255", "", 0);
  put (&w, &(struct made){.pid = 11, .comm = "sh", .command = "sh"});
  tick (&w);
  ck_assert_uint_eq (tracked (&w, 10)->io_absent, KK_PRESENT);
  ck_assert_uint_eq (tracked (&w, 10)->io.read_bytes, 4096);
  ck_assert_uint_eq (tracked (&w, 10)->files_absent, KK_PRESENT);
  ck_assert_uint_eq (tracked (&w, 10)->files, 3);
  ck_assert_uint_eq (tracked (&w, 11)->io_absent, KK_ERROR);
  ck_assert_uint_eq (tracked (&w, 11)->files_absent, KK_ERROR);
  end (&w);
}
END_TEST

START_TEST (survives_a_tree_that_vanishes)
{
  struct world w = begin_python ();
  put (&w, &(struct made){.pid = 10, .comm = "python3", .command = "python3"});
  tick (&w);
  unit_remove_tree (w.root);
  for (int i = 0; i < 3; i++) {
    w.mono_ns += SECOND;
    int error = watch_tick (w.watch, w.wall_ns, w.mono_ns, KK_PRESENT);
    ck_assert (error < 0 || w.watch->n == 0);
  }
  end (&w);
}
END_TEST

START_TEST (says_why_it_cannot_begin)
{
  struct watch_config config = {.proc_root = "/nonexistent/proc", .interval_ns = SECOND, .max_processes = 1};
  struct watch *watch = NULL;
  char why[256] = "";
  ck_assert_int_eq (watch_open (&config, &watch, why, sizeof why), -ENOENT);
  ck_assert_ptr_null (watch);
  ck_assert_ptr_nonnull (strstr (why, "/nonexistent/proc"));
  static const char *const relative[] = {"run/x.pid"};
  config.proc_root = "/proc";
  config.pidfiles = (struct kk_list){.items = relative, .count = 1};
  ck_assert_int_eq (watch_open (&config, &watch, why, sizeof why), -EINVAL);
  ck_assert_ptr_nonnull (strstr (why, "run/x.pid"));
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, reads_what_is_chosen);
  tcase_add_test (t, measures_processor_time);
  tcase_add_test (t, lets_go_of_what_is_gone);
  tcase_add_test (t, knows_a_reused_pid);
  tcase_add_test (t, knows_a_reused_pid_of_a_stranger);
  tcase_add_loop_test (t, sees_another_program, 0, 24);
  tcase_add_test (t, gives_the_new_command_line);
  tcase_add_test (t, keeps_a_zombie_as_who_it_was);
  tcase_add_test (t, takes_odd_names_and_long_command_lines);
  tcase_add_test (t, creation_times_do_not_wander);
  tcase_add_test (t, says_when_the_time_of_boot_is_not_known);
  tcase_add_test (t, keeps_its_bound);
  tcase_add_test (t, cuts_long_command_lines);
  tcase_add_test (t, cuts_no_password_from_its_url);
  tcase_add_test (t, keeps_the_bound_of_all_command_lines);
  tcase_add_test (t, follows_pid_files);
  tcase_add_test (t, asks_for_user_and_control_group);
  tcase_add_test (t, reads_more_when_asked);
  tcase_add_test (t, survives_a_tree_that_vanishes);
  tcase_add_test (t, says_why_it_cannot_begin);
}

UNIT_MAIN ("process-watch", tests)
