/* What a plugin calls in a process of its own is written down there by guest-host.c and done by replay.c: as if it had been
 * called in the daemon. */
#include "fake.h"
#include "isolate/guest.h"
#include "isolate/replay.h"
#include "rows.h"

#include <math.h>

enum { ROUNDS = 200, CALLS = 60, TABLES = 3, FIELDS = 6 };

struct config {
  bool extra;
};
static const struct kk_option options[] = {KK_OPT_BOOL ("extra", struct config, extra, .help = "More")};
static const struct kk_field fields[FIELDS] = {
  KK_F64 ("f", "1", KK_GAUGE, .help = "f"),
  KK_U64 ("u", "1", KK_GAUGE, .help = "u"),
  KK_I64 ("i", "1", KK_GAUGE, .help = "i"),
  KK_BOOL ("b", .help = "b"),
  KK_STRING ("s", .help = "s"),
  KK_U64 ("x", "1", KK_GAUGE, .only_if = "extra", .help = "x"),
};
static const struct kk_table tables[TABLES] = {
  KK_SINGLE ("single", fields, "One"),
  KK_KEYED ("named", "name", KK_STRING_KEY, fields, "Many"),
  KK_KEYED ("numbered", "number", KK_U64_KEY, fields, "Many", .max_rows = 5),
};

static int
read_ (void *state, struct kk_rows *out)
{
  (void) state;
  (void) out;
  return 0;
}

static const struct kk_plugin plugin =
  FAKE_PLUGIN (.kind = KK_INPUT, .name = "rows", KK_OPTIONS (options), KK_TABLES (tables), .create = fake_create, .read = read_,
               .config_size = sizeof (struct config));

static struct env env;
static struct clock_reading now;
static struct config config;
static struct descriptor *d;
static struct instance_plan plan;
static struct instance *instance;
static struct rows *direct, *replayed;
static struct guest guest;
static struct guest_row handles[TABLES + 1];
static struct kk_row *current[TABLES + 1];

static void
set_up (void)
{
  fake_env (&env, &now);
  d = fake_descriptor (&plugin);
  plan = fake_plan ("rows", d, &config);
  instance = fake_instance (&env, &plan);
  ck_assert_int_eq (rows_new (&env.host, d, &config, &direct), 0);
  ck_assert_int_eq (rows_new (&env.host, d, &config, &replayed), 0);
  guest = (struct guest){.fd = -1, .d = d, .n_tables = TABLES, .handles = handles, .lock = PTHREAD_MUTEX_INITIALIZER};
  guest_host_functions (&guest);
  for (uint32_t t = 0; t < TABLES; t++)
    handles[t] = (struct guest_row){.face.host = &guest.host, .guest = &guest, .table = t};
  guest.nowhere = (struct guest_row){.face.host = &guest.host, .guest = &guest, .lost = true};
}

static void
tear_down (void)
{
  rows_free (direct);
  rows_free (replayed);
  instance_free (instance);
  descriptor_free (d);
  buf_free (&guest.calls);
  buf_free (&guest.statuses);
}

static void
begin (void)
{
  const struct kk_time time = {.mono_ns = 1};
  ck_assert_int_eq (rows_begin (direct, &time), 0);
  ck_assert_int_eq (rows_begin (replayed, &time), 0);
  guest_begin (&guest, KK_LOG_INFO);
}

static int
replay_bytes (const struct buf *b, struct kk_rows *rows, struct kk_emit *emit)
{
  struct replay r = {
    .instance = &instance->face, .rows = rows, .emit = emit, .current = current, .n_tables = rows ? TABLES : 0};
  struct wire w = {.p = b->data, .end = b->data ? b->data + b->len : NULL};
  return replay_calls (&r, &w);
}

static int
replay (void)
{
  return replay_bytes (&guest.calls, rows_face (replayed), NULL);
}

static void
check_same (void)
{
  struct rows_counts a = rows_counts (direct), b = rows_counts (replayed);
  ck_assert_uint_eq (a.bad_sets, b.bad_sets);
  ck_assert_uint_eq (a.lost_rows, b.lost_rows);
  ck_assert_uint_eq (a.cut_strings, b.cut_strings);
  for (uint32_t t = 0; t < TABLES; t++) {
    struct block *x = rows_seal (direct, t, 1, false), *y = rows_seal (replayed, t, 1, false);
    ck_assert (x->n_rows == y->n_rows && x->n_columns == y->n_columns && x->state == y->state);
    for (uint32_t r = 0; r < x->n_rows; r++) {
      ck_assert_uint_eq (x->identities[r], y->identities[r]);
      ck_assert_uint_eq (x->keys[r], y->keys[r]); /* both dictionaries saw the same texts in the same order */
    }
    for (size_t i = 0; i < (size_t) x->n_rows * x->n_columns; i++) {
      ck_assert_uint_eq (x->absent[i], y->absent[i]);
      if (!x->absent[i])
        ck_assert_uint_eq (x->values[i], y->values[i]);
    }
    block_unref (x);
    block_unref (y);
  }
}

/* ---- Random calls, on one side and on the other ---- */

static uint64_t seed = 88172645463325252u;

static uint32_t
below (uint32_t n)
{
  seed ^= seed << 13;
  seed ^= seed >> 7;
  seed ^= seed << 17;
  return (uint32_t) (seed >> 16) % n;
}

static struct kk_row *
random_row (struct kk_rows *out, uint32_t *ret_table)
{
  static const char *const keys[] = {"one", "two", "three", "caf\xc3\xa9", "bad \xff key", ""};
  uint32_t table = *ret_table = below (TABLES + 1);
  switch (below (4)) {
  case 0:
    return kk_row_u64 (out, table, below (8), below (100));
  case 1:
    return kk_row (out, table, NULL, below (100));
  default:
    return kk_row (out, table, keys[below (KK_COUNT (keys))], below (100));
  }
}

static void
random_set (struct kk_row *row)
{
  static const double numbers[] = {0, -1.5, 1e300, NAN, INFINITY};
  static const char *const texts[] = {"", "text", "bad \xc3", "with\ttab"};
  uint32_t field = below (FIELDS + 1);
  switch (below (6)) {
  case 0:
    kk_f64 (row, field, numbers[below (KK_COUNT (numbers))]);
    break;
  case 1:
    kk_u64 (row, field, seed);
    break;
  case 2:
    kk_i64 (row, field, (int64_t) seed);
    break;
  case 3:
    kk_bool (row, field, below (2));
    break;
  case 4:
    kk_string (row, field, texts[below (KK_COUNT (texts))]);
    break;
  default:
    kk_absent (row, field, (enum kk_absent) below (KK_DENIED + 2));
  }
}

/* A row of each table stays at hand, as in plugins that fill two tables by turns. */
static void
random_calls (struct kk_rows *out)
{
  struct kk_row *rows[TABLES + 1] = {NULL};
  for (int i = 0; i < CALLS; i++) {
    uint32_t table = below (TABLES + 1);
    if (below (20) == 0)
      kk_table_state (out, table, (enum kk_table_state) below (KK_FAILED + 2));
    else if (below (3) && rows[table])
      random_set (rows[table]);
    else {
      struct kk_row *row = random_row (out, &table);
      rows[table] = row;
    }
  }
}

START_TEST (calls_come_out_as_they_went_in)
{
  for (int i = 0; i < unit_rounds (ROUNDS); i++) {
    uint64_t from = seed;
    begin ();
    random_calls (rows_face (direct));
    seed = from;
    random_calls (&guest.rows);
    ck_assert_int_eq (guest.calls.error, 0);
    ck_assert_int_eq (replay (), 0);
    check_same ();
  }
}
END_TEST

START_TEST (long_texts_are_cut_alike)
{
  static char text[20000];
  memset (text, 'x', sizeof text - 1);
  begin ();
  for (int i = 0; i < 2; i++) {
    struct kk_rows *out = i ? &guest.rows : rows_face (direct);
    kk_string_n (kk_row (out, 0, NULL, 0), 4, text, sizeof text - 1);
    kk_string (kk_row (out, 1, text, 0), 4, "y");
  }
  ck_assert_int_eq (replay (), 0);
  check_same ();
  ck_assert_uint_ge (rows_counts (replayed).cut_strings, 2);
}
END_TEST

START_TEST (rows_without_end_are_bounded_in_both_places)
{
  begin ();
  for (uint64_t i = 0; i < 1000000; i++)
    kk_u64 (kk_row_u64 (&guest.rows, 2, i, 0), 1, i);
  ck_assert_uint_le (guest.calls.len, WIRE_MAX);
  ck_assert_int_eq (replay (), 0);
  struct block *b = rows_seal (replayed, 2, 1, false);
  ck_assert_uint_eq (b->n_rows, 5);
  ck_assert_uint_eq (b->state, KK_PARTIAL);
  block_unref (b);
  ck_assert_uint_gt (rows_counts (replayed).lost_rows, 5);
}
END_TEST

/* ---- What no plugin can make the guest write ---- */

#define NONSENSE(...)                                                                                                          \
  do {                                                                                                                         \
    buf_clear (&guest.calls);                                                                                                  \
    __VA_ARGS__;                                                                                                               \
    ck_assert_int_eq (replay (), -EBADMSG);                                                                                    \
  } while (0)

static void
put (uint8_t call, uint32_t a, uint32_t b)
{
  wire_u8 (&guest.calls, call);
  wire_u32 (&guest.calls, a);
  wire_u32 (&guest.calls, b);
}

START_TEST (nonsense_is_refused)
{
  begin ();
  NONSENSE (wire_u8 (&guest.calls, 0));
  NONSENSE (wire_u8 (&guest.calls, 99));
  NONSENSE (wire_u8 (&guest.calls, CALL_EMIT)); /* no filter */
  NONSENSE (put (CALL_KEEP_ROWS, 0, 0));
  NONSENSE (put (CALL_ABSENT, 0, KK_ERROR));                                 /* before any row */
  NONSENSE (put (CALL_TABLE, 1, 0));                                         /* then a call 0 */
  NONSENSE ((kk_row (&guest.rows, 0, NULL, 0), put (CALL_STRING, 4, 1000))); /* a text that is not there */
  NONSENSE ((kk_row (&guest.rows, 0, NULL, 0), put (CALL_NUMBER, 0, 99), wire_u64 (&guest.calls, 0))); /* of no type */
  NONSENSE ((wire_u8 (&guest.calls, CALL_STATUS), wire_text (&guest.calls, "key"), wire_text (&guest.calls, NULL)));
}
END_TEST

START_TEST (a_row_of_the_last_read_is_none_of_this)
{
  begin ();
  kk_row (&guest.rows, 0, NULL, 0);
  ck_assert_int_eq (replay (), 0);
  begin ();
  put (CALL_TABLE, 0, 0);
  guest.calls.len -= 4; /* the table alone */
  put (CALL_ABSENT, 0, KK_ERROR);
  ck_assert_int_eq (replay (), -EBADMSG);
}
END_TEST

START_TEST (status_lines_arrive)
{
  kk_status (&guest.face, "segment", "%d of %d", 3, 7);
  kk_status (&guest.face, "gone", "soon");
  kk_status (&guest.face, "gone", "%s", "");
  ck_assert_int_eq (replay_bytes (&guest.statuses, NULL, NULL), 0);
  ck_assert_uint_eq (instance->n_status, 1);
  ck_assert_str_eq (instance->status[0].key, "segment");
  ck_assert_str_eq (instance->status[0].text, "3 of 7");
  for (int i = 0; i < 100000; i++)
    kk_status (&guest.face, "key", "%d", i);
  ck_assert_uint_lt (guest.statuses.len, 128 << 10);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_checked_fixture (t, set_up, tear_down);
  tcase_add_test (t, calls_come_out_as_they_went_in);
  tcase_add_test (t, long_texts_are_cut_alike);
  tcase_add_test (t, rows_without_end_are_bounded_in_both_places);
  tcase_add_test (t, nonsense_is_refused);
  tcase_add_test (t, a_row_of_the_last_read_is_none_of_this);
  tcase_add_test (t, status_lines_arrive);
}
UNIT_MAIN ("replay", tests)
