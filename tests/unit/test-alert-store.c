/* The store's file: what is written reads back; cut at every byte, damaged at every byte, wild. */
#include "alert-kit.h"

#include "alert/file.h"

#include <math.h>

static char *dir;

static void
setup (void)
{
  dir = unit_temp_dir ();
  n_told = 0;
}

static void
teardown (void)
{
  free (dir);
}

static uint64_t seed = 11;

static uint64_t
random64 (void)
{
  seed = seed * UINT64_C (6364136223846793005) + UINT64_C (1442695040888963407);
  return seed ^ seed >> 29;
}

/* ---- Records ---- */

static struct alert_record
random_record (void)
{
  static const char *const keys[] = {"", "eth0", "a \"quoted\" one", "line\nbreak", "gr\xc3\xbc\xc3\x9f", "{}[],:\\"};
  static const char *const units[] = {"", "%", "{a \"quoted\" one, as long as an}"};
  static const unsigned changes[] = {ALERT_FIRED, ALERT_CLEARED, ALERT_BECAME_UNKNOWN, ALERT_KNOWN};
  struct alert_record r = {.type = (enum alert_record_type) (1 + random64 () % 9)};
  const bool is_message = r.type == ALERT_RECORD_SEND || r.type == ALERT_RECORD_SENT;
  const bool has_rule = r.type != ALERT_RECORD_TOLD && r.type != ALERT_RECORD_BASE && !is_message;
  if (has_rule)
    strcpy (r.rule, random64 () % 2 ? "cpu high" : "\"x\"");
  if (r.type == ALERT_RECORD_COUNT || r.type == ALERT_RECORD_LIMIT)
    r.count = random64 ();
  if (r.type == ALERT_RECORD_LIMIT)
    r.wall_ns = (int64_t) (random64 () >> 1);
  if (r.type == ALERT_RECORD_BASE)
    r.serial = random64 ();
  if (is_message) {
    snprintf (r.id, sizeof r.id, "%016llx", (unsigned long long) random64 ());
    r.left = random64 () % 8;
  }
  if (r.type == ALERT_RECORD_SEND) {
    r.wall_ns = (int64_t) (random64 () >> 1);
    r.json = random64 () % 2 ? "{}" : "{\"rule\":\",\\\"message\\\":{}\",\"rows\":[{\"value\":1.5e-300}]}";
    r.json_length = strlen (r.json);
  }
  if (r.type == ALERT_RECORD_TOLD || r.type == ALERT_RECORD_SEND)
    for (r.n_serials = 0; r.n_serials < random64 () % (ALERT_SERIALS + 1); r.n_serials++)
      r.serials[r.n_serials] = random64 ();
  if (!has_rule || r.type == ALERT_RECORD_COUNT || r.type == ALERT_RECORD_LIMIT)
    return r;
  r.made = random64 ();
  r.key = (struct alert_key){.number = random64 (), .identity = random64 () >> random64 () % 64};
  if (random64 () % 2) {
    r.key.text = keys[random64 () % 6];
    r.key.length = strlen (r.key.text);
    r.key.number = 0;
  }
  r.state = (struct alert_state){.phase = random64 () % ALERT_PHASES,
                                 .lasted_ns = (int64_t) (random64 () >> 1 >> random64 () % 63),
                                 .unknown_ns = (int64_t) (random64 () >> 40),
                                 .quiet_ns = (int64_t) (random64 () >> 40),
                                 .began_ns = (int64_t) random64 (),
                                 .fired_ns = (int64_t) random64 (),
                                 .unsure = random64 () % 2,
                                 .has_value = random64 () % 2};
  r.state.said_unknown = r.state.unsure && random64 () % 2;
  if (r.state.has_value)
    r.state.value = ldexp ((double) (int64_t) random64 (), (int) (random64 () % 100) - 80);
  if (r.state.has_value)
    strcpy (r.unit, units[random64 () % 3]);
  if (r.type == ALERT_RECORD_ROW)
    return r;
  r.change = (uint8_t) changes[random64 () % 4];
  r.gone = random64 () % 2;
  r.held_back = random64 () % 2;
  r.wall_ns = (int64_t) random64 ();
  r.serial = random64 () >> 1;
  r.hash = r.type == ALERT_RECORD_WAIT ? random64 () : 0;
  return r;
}

static void
expect_same (const struct alert_record *a, const struct alert_record *b)
{
  ck_assert_int_eq (a->type, b->type);
  ck_assert_str_eq (a->rule, b->rule);
  ck_assert_uint_eq (a->made, b->made);
  ck_assert_int_eq (!a->key.text, !b->key.text);
  ck_assert_uint_eq (a->key.length, b->key.length);
  if (a->key.text)
    ck_assert_int_eq (memcmp (a->key.text, b->key.text, a->key.length), 0);
  ck_assert_uint_eq (a->key.number, b->key.number);
  ck_assert_uint_eq (a->key.identity, b->key.identity);
  ck_assert_int_eq (memcmp (&a->state, &b->state, offsetof (struct alert_state, value)), 0);
  ck_assert (a->state.value == b->state.value);
  ck_assert_int_eq (a->state.phase, b->state.phase);
  ck_assert_int_eq (a->state.unsure, b->state.unsure);
  ck_assert_int_eq (a->state.said_unknown, b->state.said_unknown);
  ck_assert_int_eq (a->state.has_value, b->state.has_value);
  ck_assert_str_eq (a->unit, b->unit);
  ck_assert_uint_eq (a->serial, b->serial);
  ck_assert_uint_eq (a->hash, b->hash);
  ck_assert_uint_eq (a->change, b->change);
  ck_assert_int_eq (a->gone, b->gone);
  ck_assert_int_eq (a->held_back, b->held_back);
  ck_assert_int_eq (a->wall_ns, b->wall_ns);
  ck_assert_uint_eq (a->count, b->count);
  ck_assert_str_eq (a->id, b->id);
  ck_assert_uint_eq (a->left, b->left);
  ck_assert_uint_eq (a->json_length, b->json_length);
  ck_assert_int_eq (a->json ? memcmp (a->json, b->json, a->json_length) : 0, 0);
  ck_assert_uint_eq (a->n_serials, b->n_serials);
  ck_assert_int_eq (memcmp (a->serials, b->serials, a->n_serials * sizeof *a->serials), 0);
}

START_TEST (records_read_back)
{
  struct alert_record back;
  const int rounds = unit_rounds (5000);
  for (int i = 0; i < rounds; i++) {
    struct alert_record r = random_record ();
    struct buf b = {0};
    alert_record_add (&b, &r);
    ck_assert_int_eq (b.error, 0);
    ck_assert_int_eq (b.data[b.len - 1], '\n');
    ck_assert_ptr_eq (memchr (b.data, '\n', b.len), b.data + b.len - 1);
    ck_assert_int_eq (alert_record_parse (b.data, b.len - 1, &back), 0);
    expect_same (&r, &back);
    /* A bit of it is damaged. */
    b.data[random64 () % (b.len - 1)] ^= (char) (1 << random64 () % 7);
    ck_assert_int_eq (alert_record_parse (b.data, b.len - 1, &back), -EBADMSG);
    buf_free (&b);
  }
}
END_TEST

START_TEST (values_that_json_has_not)
{
  static const double values[] = {INFINITY, -INFINITY, NAN};
  for (int i = 0; i < 3; i++) {
    struct alert_record r = {.type = ALERT_RECORD_ROW, .rule = "x", .key = {.text = ""}}, back;
    struct buf b = {0};
    r.state = (struct alert_state){.value = values[i], .has_value = true};
    alert_record_add (&b, &r);
    ck_assert_int_eq (alert_record_parse (b.data, b.len - 1, &back), 0);
    ck_assert (!back.state.has_value);
    buf_free (&b);
  }
}
END_TEST

START_TEST (kinds_of_later_versions_are_passed_over)
{
  static const char text[] = "f23b51f6 {\"t\":\"later\"}\n";
  struct alert_record r;
  struct alert_scan scan;
  ck_assert_int_eq (alert_record_parse (text, strlen (text) - 1, &r), -ENOTSUP);
  ck_assert_int_eq (alert_record_scan (text, strlen (text), NULL, NULL, &scan), 0);
  ck_assert_uint_eq (scan.records, 1);
  ck_assert_uint_eq (scan.damaged + scan.torn, 0);
}
END_TEST

/* ---- The file ---- */

/* Some of everything; returns the file. */
static char *
make_file (size_t *ret_length)
{
  struct alert_engine *e = open_engine (dir);
  struct alert_silence silence = {.rule = "fast", .row = "quiet", .from_ns = wall, .until_ns = wall + 1000 * S};
  ck_assert_int_eq (alert_silence_add (dir, &silence, wall), 0);
  step (e, FAST, "a", ALERT_TRUE);
  step (e, FAST, "quiet", ALERT_TRUE);
  steps (e, 32, SLOW, "b", ALERT_TRUE);
  steps (e, 3, SLOW, "b", ALERT_FALSE);
  desk_of (e)->store.behind = true;
  step (e, SLOW, "c", ALERT_TRUE);
  step (e, FAST, "d", ALERT_TRUE);
  step (e, FAST, "d", ALERT_FALSE);
  step (e, FAST, "d", ALERT_TRUE);
  kill_engine (e);
  char *text = unit_read (dir, ALERT_STORE_FILE, ret_length);
  ck_assert_ptr_nonnull (text);
  ck_assert_uint_gt (*ret_length, 1000);
  return text;
}

/* It starts, says what it found, and goes on: also the next one starts, then without a word. */
static struct alert_store
expect_works (void)
{
  struct alert_engine *e = new_engine (NULL);
  ck_assert_int_eq (open_at (e, dir), 0);
  const struct alert_store found = desk_of (e)->store;
  const int64_t at[3] = {mono, wall, boot};
  step (e, FAST, "e", ALERT_TRUE);
  kill_engine (e);
  e = open_engine (dir);
  ck_assert (!desk_of (e)->store.damaged);
  ck_assert_uint_eq (desk_of (e)->store.torn_bytes, 0);
  ck_assert_int_eq (phase_of (e, FAST, "e"), ALERT_FIRING);
  kill_engine (e);
  n_told = 0;
  mono = at[0];
  wall = at[1];
  boot = at[2];
  return found;
}

START_TEST (cut_at_every_byte)
{
  size_t length, whole = 0;
  char *text = make_file (&length);
  for (size_t cut = 0; cut <= length; cut += cut < length && unit_slow () > 1 ? 7 : 1) {
    const char *newline = cut ? memrchr (text, '\n', cut) : NULL;
    whole = newline ? (size_t) (newline - text) + 1 : 0;
    unit_write_n (dir, ALERT_STORE_FILE, text, cut);
    struct alert_store found = expect_works ();
    ck_assert_uint_eq (found.torn_bytes, cut - whole);
    ck_assert_uint_eq (found.damaged_bytes, 0);
    ck_assert (!found.damaged);
    ck_assert_uint_eq (found.size, whole);
  }
  free (text);
}
END_TEST

START_TEST (damaged_at_every_byte)
{
  size_t length;
  char *text = make_file (&length);
  const size_t last = (size_t) ((char *) memrchr (text, '\n', length - 1) - text); /* with its newline before it */
  for (size_t at = 0; at<length; at += unit_slow ()> 1 ? 11 : 3) {
    char was = text[at];
    text[at] ^= (char) (1 << at % 7);
    unit_write_n (dir, ALERT_STORE_FILE, text, length);
    struct alert_store found = expect_works ();
    ck_assert_msg (found.damaged == (at < last), "byte %zu of %zu", at, length);
    text[at] = was;
  }
  /* It is as it was found. */
  text[5] ^= 1;
  unit_write_n (dir, ALERT_STORE_FILE, text, length);
  expect_works ();
  size_t kept_length = 0;
  char *kept = unit_read (dir, ALERT_STORE_FILE ".damaged", &kept_length);
  ck_assert_uint_eq (kept_length, length);
  ck_assert_int_eq (memcmp (kept, text, length), 0);
  free (kept);
  free (text);
}
END_TEST

START_TEST (damage_takes_one_line_only)
{
  struct alert_engine *e = open_engine (dir);
  static const char *const rows[] = {"a", "b", "c", "d"};
  for (int i = 0; i < 4; i++) {
    struct alert_rule *r = alert_engine_begin (e, FAST, mono, wall);
    look_at_row (r, rows[i], 1, ALERT_TRUE);
    alert_rule_end (r, false);
    flush_engine (e);
  }
  kill_engine (e);
  char *text = unit_read (dir, ALERT_STORE_FILE, NULL), *b = strstr (text, "\"b\"");
  ck_assert_ptr_nonnull (b);
  b[1] = 'x';
  unit_write (dir, ALERT_STORE_FILE, text);
  e = open_engine (dir);
  ck_assert (desk_of (e)->store.damaged);
  ck_assert_uint_eq (e->rules[FAST].rule.n_firing, 3);
  ck_assert_int_eq (phase_of (e, FAST, "b"), ALERT_OK);
  kill_engine (e);
  free (text);
}
END_TEST

START_TEST (what_is_no_file_of_ours)
{
  char *path = unit_path (dir, ALERT_STORE_FILE), *big = calloc (1, 65 << 20);
  unit_write (dir, ALERT_STORE_FILE, "something else\nof somebody\n");
  ck_assert (expect_works ().damaged);
  remove (path);
  ck_assert_int_eq (mkdir (path, 0700), 0);
  ck_assert (expect_works ().damaged);
  remove (path);
  ck_assert_int_eq (mkfifo (path, 0600), 0);
  ck_assert (expect_works ().damaged);
  remove (path);
  ck_assert_int_eq (symlink ("/dev/zero", path), 0);
  ck_assert (expect_works ().damaged);
  remove (path);
  ck_assert_ptr_nonnull (big);
  unit_write_n (dir, ALERT_STORE_FILE, big, 65 << 20);
  ck_assert (expect_works ().damaged);
  unit_write_n (dir, ALERT_STORE_FILE, big, 4096); /* what a power cut leaves */
  ck_assert (expect_works ().damaged);
  free (big);
  free (path);
}
END_TEST

START_TEST (more_rows_than_there_may_be)
{
  struct alert_engine *e = open_engine (dir);
  struct alert_rule *r = alert_engine_begin (e, FAST, mono, wall);
  char row[16];
  for (int i = 0; i < 500; i++) {
    snprintf (row, sizeof row, "%d", i);
    look_at_row (r, row, 1, ALERT_TRUE);
  }
  alert_rule_end (r, true);
  ck_assert_int_eq (flush_engine (e), 1);
  kill_engine (e);
  e = new_engine (NULL);
  e->rules[FAST].rule.most = 100;
  ck_assert_int_eq (open_at (e, dir), 0);
  ck_assert_uint_eq (e->rules[FAST].rule.n, 100);
  ck_assert_uint_eq (e->forgotten, 400);
  kill_engine (e);
}
END_TEST

START_TEST (rules_that_only_the_store_knows_are_bounded)
{
  struct buf b = {0};
  struct alert_record r = {.type = ALERT_RECORD_ROW, .key = {.text = "a", .length = 1}, .state = {.phase = ALERT_FIRING}};
  for (int i = 0; i < ALERT_ORPHANS + 100; i++) {
    snprintf (r.rule, sizeof r.rule, "rule %d", i);
    alert_record_add (&b, &r);
  }
  unit_write_n (dir, ALERT_STORE_FILE, b.data, b.len);
  buf_free (&b);
  struct alert_engine *e = open_engine (dir);
  ck_assert_uint_eq (e->forgotten, 100);
  ck_assert_int_eq (flush_engine (e), ALERT_ORPHANS);
  kill_engine (e);
}
END_TEST

START_TEST (begun_and_emptied)
{
  struct stat st;
  char *path = unit_path (dir, ALERT_STORE_FILE);
  for (int i = 0; i < 2; i++) {
    struct alert_engine *e = open_engine (dir);
    ck_assert (!desk_of (e)->store.emptied); /* also after one that was killed before anything happened */
    ck_assert_int_eq (stat (path, &st), 0);
    ck_assert_int_gt (st.st_size, 0);
    kill_engine (e);
  }
  ck_assert_int_eq (truncate (path, 0), 0);
  for (int i = 0; i < 2; i++) {
    struct alert_engine *e = open_engine (dir);
    ck_assert_int_eq (desk_of (e)->store.emptied, !i);
    ck_assert (!desk_of (e)->store.damaged);
    ck_assert_int_eq (flush_engine (e), 0);
    kill_engine (e);
  }
  free (path);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 120 * unit_slow ());
  tcase_add_checked_fixture (t, setup, teardown);
  tcase_add_test (t, records_read_back);
  tcase_add_test (t, values_that_json_has_not);
  tcase_add_test (t, kinds_of_later_versions_are_passed_over);
  tcase_add_test (t, cut_at_every_byte);
  tcase_add_test (t, damaged_at_every_byte);
  tcase_add_test (t, damage_takes_one_line_only);
  tcase_add_test (t, what_is_no_file_of_ours);
  tcase_add_test (t, more_rows_than_there_may_be);
  tcase_add_test (t, rules_that_only_the_store_knows_are_bounded);
  tcase_add_test (t, begun_and_emptied);
}

UNIT_MAIN ("alert-store", tests)
