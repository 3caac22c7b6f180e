/* Messages that wait for actions: bounded, in order, and over a crash. */
#include "alert-kit.h"

static char *dir;
static struct alert_post post;

static void
setup (void)
{
  dir = unit_temp_dir ();
  alert_post_init (&post, 4096, 3600 * S);
}

static void
teardown (void)
{
  alert_post_free (&post);
  free (dir);
}

static void
add_of (const char *id, unsigned left, size_t length, int64_t age_ns)
{
  char json[8192];
  struct alert_record r = {.type = ALERT_RECORD_SEND, .left = left, .json = json, .json_length = length};
  snprintf (r.id, sizeof r.id, "%s", id);
  memset (json, ' ', length);
  alert_post_add (&post, &r, age_ns, mono);
}

START_TEST (oldest_first_for_each_action)
{
  add_of ("a", ALERT_BY_FILE | ALERT_BY_COMMAND, 10, 0);
  add_of ("b", ALERT_BY_COMMAND, 10, 0);
  struct alert_letter *a = alert_post_find (&post, "a"), *b = alert_post_find (&post, "b");
  ck_assert_ptr_eq (alert_post_next (&post, ALERT_BY_COMMAND, mono), a);
  ck_assert_ptr_eq (alert_post_next (&post, ALERT_BY_FILE, mono), a);
  ck_assert_ptr_null (alert_post_next (&post, ALERT_BY_WEBHOOK, mono));
  a->under_way = ALERT_BY_COMMAND;
  ck_assert_ptr_eq (alert_post_next (&post, ALERT_BY_COMMAND, mono), b);
  b->command.again_ns = mono + S;
  ck_assert_ptr_null (alert_post_next (&post, ALERT_BY_COMMAND, mono));
  ck_assert_ptr_eq (alert_post_next (&post, ALERT_BY_COMMAND, mono + S), b);
  alert_post_told (&post, a, ALERT_BY_FILE);
  ck_assert_uint_eq (post.n, 2);
  alert_post_told (&post, a, ALERT_BY_COMMAND);
  alert_post_told (&post, b, ALERT_BY_COMMAND);
  ck_assert_uint_eq (post.n + post.bytes, 0);
  ck_assert_ptr_null (post.last);
}
END_TEST

START_TEST (too_many_or_too_much)
{
  char id[16];
  for (int i = 0; i < 10; i++) {
    snprintf (id, sizeof id, "%x", i);
    add_of (id, ALERT_BY_FILE, 1000, 0);
    alert_post_find (&post, "0")->under_way = ALERT_BY_FILE;
  }
  ck_assert_uint_eq (post.n, 4); /* the one under way, and the newest */
  ck_assert_uint_eq (post.crowded, 6);
  ck_assert_ptr_nonnull (alert_post_find (&post, "0"));
  ck_assert_ptr_nonnull (alert_post_find (&post, "9"));
  add_of ("f", ALERT_BY_FILE, 5000, 0);
  ck_assert_ptr_null (alert_post_find (&post, "f"));
  alert_post_clear (&post);
  post.crowded = 0;
  for (int i = 0; i < ALERT_LETTERS + 10; i++) {
    snprintf (id, sizeof id, "%x", i);
    add_of (id, ALERT_BY_FILE, 2, 0);
  }
  ck_assert_uint_eq (post.n, ALERT_LETTERS);
  ck_assert_uint_eq (post.crowded, 10);
}
END_TEST

START_TEST (too_old)
{
  BUF_CLEANUP struct buf lines = {0};
  add_of ("a", ALERT_BY_FILE, 10, 0);
  add_of ("b", ALERT_BY_FILE, 10, 3000 * S);
  add_of ("c", ALERT_BY_FILE, 10, INT64_MAX); /* of a clock that was wrong: still a minute */
  add_of ("d", ALERT_BY_FILE, 10, -S);
  add_of ("e", ALERT_BY_WEBHOOK, 10, 0);
  ck_assert_uint_eq (alert_post_clean (&post, ALERT_BY_FILE, mono + 59 * S, &lines), 0);
  ck_assert_uint_eq (post.n, 4); /* nobody is there who would tell e */
  ck_assert_uint_eq (alert_post_clean (&post, ALERT_BY_FILE, mono + 60 * S, &lines), 1);
  ck_assert_ptr_null (alert_post_find (&post, "c"));
  ck_assert_uint_eq (alert_post_clean (&post, ALERT_BY_FILE, mono + 600 * S, &lines), 1);
  alert_post_find (&post, "a")->under_way = ALERT_BY_FILE;
  ck_assert_uint_eq (alert_post_clean (&post, ALERT_BY_FILE, mono + 3600 * S, &lines), 1);
  ck_assert_uint_eq (post.n, 1);
  ck_assert_uint_eq (post.old, 3);
}
END_TEST

static void
draft (void *arg, const struct alert_message *m)
{
  static int n;
  char id[ALERT_ID];
  snprintf (id, sizeof id, "%x", ++n);
  ck_assert_int_eq (alert_engine_draft (arg, m, id, ALERT_BY_COMMAND | ALERT_BY_WEBHOOK, "{\"some\":1}"), 0);
}

static void
fire (struct alert_engine *e, const char *row)
{
  tick ();
  struct alert_rule *r = alert_engine_begin (e, FAST, mono, wall);
  look_at_row (r, row, 1, ALERT_TRUE);
  alert_rule_end (r, false);
  flush_with (e, draft, e);
}

START_TEST (what_actions_told_outlives_a_crash)
{
  struct alert_engine *e = open_engine (dir);
  fire (e, "a");
  fire (e, "b");
  fire (e, "c");
  struct alert_desk *d = desk_of (e);
  ck_assert_uint_eq (d->post.n, 3);
  alert_desk_told (d, d->post.first, ALERT_BY_COMMAND | ALERT_BY_WEBHOOK);
  alert_desk_told (d, d->post.first, ALERT_BY_COMMAND);
  char id[ALERT_ID];
  memcpy (id, d->post.first->id, sizeof id);
  if (_i) {
    d->store.behind = true; /* all is written anew */
    fire (e, "c");
    ck_assert_uint_eq (d->store.rewritten, 1);
  }
  kill_engine (e);
  e = open_engine (dir);
  d = desk_of (e);
  ck_assert_uint_eq (e->outbox.n, 0); /* none of it is told in another message */
  ck_assert_uint_eq (d->post.n, 2);
  ck_assert_str_eq (d->post.first->id, id);
  ck_assert_str_eq (d->post.first->json, "{\"some\":1}");
  ck_assert_uint_eq (d->post.first->left, ALERT_BY_WEBHOOK);
  ck_assert_uint_eq (d->post.last->left, ALERT_BY_COMMAND | ALERT_BY_WEBHOOK);
  ck_assert_int_eq (d->post.first->end_ns, mono + kit_keep_ns - (wall - d->post.first->wall_ns));
  end_engine (e);
}
END_TEST

/* Because of its age, or because nobody is there to tell it any more. */
START_TEST (what_was_dropped_stays_away)
{
  struct alert_engine *e = open_engine (dir);
  fire (e, "a");
  struct alert_desk *d = desk_of (e);
  ck_assert_uint_eq (d->post.n, 1);
  ck_assert_uint_eq (
    alert_desk_clean (d, _i ? ALERT_BY_FILE : ALERT_BY_COMMAND | ALERT_BY_WEBHOOK, _i ? mono : mono + kit_keep_ns), !_i);
  ck_assert_uint_eq (d->post.n, 0);
  kill_engine (e);
  e = open_engine (dir);
  ck_assert_uint_eq (desk_of (e)->post.n, 0);
  end_engine (e);
}
END_TEST

/* More rows than one line names. */
START_TEST (a_message_about_many_rows)
{
  struct alert_engine *e = open_engine (dir);
  char row[16];
  tick ();
  struct alert_rule *r = alert_engine_begin (e, FAST, mono, wall);
  for (int i = 0; i < 500; i++) {
    snprintf (row, sizeof row, "%d", i);
    look_at_row (r, row, 1, ALERT_TRUE);
  }
  alert_rule_end (r, true);
  flush_with (e, draft, e);
  ck_assert_uint_eq (desk_of (e)->post.n, 1);
  kill_engine (e);
  e = open_engine (dir);
  ck_assert_uint_eq (e->outbox.n, 0);
  ck_assert_uint_eq (desk_of (e)->post.n, 1);
  kill_engine (e);
}
END_TEST

START_TEST (messages_that_are_too_long)
{
  struct alert_engine *e = open_engine (dir);
  char *json = malloc (ALERT_MESSAGE + 2);
  memset (json, ' ', ALERT_MESSAGE + 1);
  json[0] = '{';
  json[ALERT_MESSAGE] = '}';
  json[ALERT_MESSAGE + 1] = 0;
  const struct alert_message m = {.change = ALERT_FIRED};
  ck_assert_int_eq (alert_engine_draft (e, &m, "1", ALERT_BY_WEBHOOK, json), -EFBIG);
  json[ALERT_MESSAGE - 1] = '}';
  json[ALERT_MESSAGE] = 0;
  ck_assert_int_eq (alert_engine_draft (e, &m, "1", ALERT_BY_WEBHOOK, json), 0);
  free (json);
  flush_with (e, draft, e);
  ck_assert_uint_eq (desk_of (e)->post.n, 1);
  kill_engine (e);
  e = open_engine (dir);
  ck_assert_uint_eq (desk_of (e)->post.n, 1);
  ck_assert_uint_eq (desk_of (e)->post.first->length, ALERT_MESSAGE);
  kill_engine (e);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, oldest_first_for_each_action);
  tcase_add_test (t, too_many_or_too_much);
  tcase_add_test (t, too_old);
  tcase_add_loop_test (t, what_actions_told_outlives_a_crash, 0, 2);
  tcase_add_loop_test (t, what_was_dropped_stays_away, 0, 2);
  tcase_add_test (t, a_message_about_many_rows);
  tcase_add_test (t, messages_that_are_too_long);
}

UNIT_MAIN ("alert-post", tests)
