/* The spool: what was added is there until it is done, within its bounds. */
#include "spool-kit.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>

enum { ROOM = 16 << 20 };
static const int64_t EVER = INT64_MAX / 2;

static size_t
count_files (const char *dir)
{
  size_t n = 0;
  DIR *d = opendir (dir);
  ck_assert_ptr_nonnull (d);
  for (struct dirent *e; (e = readdir (d));)
    n += strstr (e->d_name, ".points") != NULL;
  closedir (d);
  return n;
}

static uint64_t
file_bytes (const char *dir)
{
  uint64_t bytes = 0;
  DIR *d = opendir (dir);
  ck_assert_ptr_nonnull (d);
  for (struct dirent *e; (e = readdir (d));) {
    struct stat st;
    if (strstr (e->d_name, ".points") && fstatat (dirfd (d), e->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
      bytes += (uint64_t) st.st_size;
  }
  closedir (d);
  return bytes;
}

START_TEST (newest_first_and_gone_when_done)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_spool (dir, ROOM);
  struct spool_ref refs[10];
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq (add_minute (s, "h", T0 + i * 60, 60), 0);
  ck_assert_uint_eq (spool_pick (s, EVER, 10, refs), 5);
  for (int i = 0; i < 5; i++)
    ck_assert_int_eq (refs[i].minute, T0 + (4 - i) * 60);
  ck_assert_uint_eq (spool_pick (s, EVER, 2, refs), 2);
  ck_assert_int_eq (refs[1].minute, T0 + 180);
  spool_done (s, &refs[0]);
  spool_done (s, &refs[0]);
  expect_newest (s, "h", T0 + 180, 60);
  struct spool_view v = look (s);
  ck_assert_uint_eq (v.points, 4);
  ck_assert_int_eq (v.oldest, T0);
  ck_assert_int_eq (v.newest, T0 + 180);
  ck_assert_uint_eq (v.bytes, file_bytes (dir));
  spool_free (s);
  s = open_spool (dir, ROOM);
  expect_newest (s, "h", T0 + 180, 60);
  ck_assert_uint_eq (look (s).points, 4);
  ck_assert_uint_eq (look (s).recovered, 4);
  ck_assert_uint_eq (spool_pick (s, EVER, 10, refs), 4);
  for (int i = 0; i < 4; i++)
    spool_done (s, &refs[i]);
  ck_assert_uint_eq (look (s).points, 0);
  ck_assert_uint_eq (look (s).bytes, 0);
  ck_assert_uint_eq (file_bytes (dir), 0);
  spool_free (s);
  s = open_spool (dir, ROOM);
  ck_assert_uint_eq (look (s).points, 0);
  ck_assert_uint_eq (count_files (dir), 0);
  spool_free (s);
  free (dir);
}
END_TEST

START_TEST (the_fuller_one_stays)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_spool (dir, ROOM);
  struct spool_ref before, after;
  struct point p;
  ck_assert_int_eq (add_minute (s, "h", T0, 30), 0);
  spool_pick (s, EVER, 1, &before);
  ck_assert_int_eq (add_minute (s, "h", T0, 20), 0);
  expect_newest (s, "h", T0, 30);
  ck_assert_int_eq (add_minute (s, "h", T0, 60), 0);
  expect_newest (s, "h", T0, 60);
  spool_pick (s, EVER, 1, &after);
  /* One that was on its way when it was replaced does not take the fuller one with it. */
  ck_assert_int_eq (spool_get (s, &before, &p), -ENOENT);
  spool_done (s, &before);
  spool_refuse (s, &before, "x", 0);
  expect_newest (s, "h", T0, 60);
  ck_assert_uint_eq (look (s).replaced, 1);
  /* Once a minute may be there already, it stays so. */
  struct point partial = make_point ("k", T0, 30);
  partial.flags = POINT_AGAIN;
  ck_assert_int_eq (spool_add (s, &partial), 0);
  ck_assert_int_eq (add_minute (s, "k", T0, 60), 0);
  struct spool_ref all[2];
  ck_assert_uint_eq (spool_pick (s, EVER, 2, all), 2);
  ck_assert (all[0].again != all[1].again && all[0].samples == 60 && all[1].samples == 60);
  spool_done (s, &all[all[1].again]);
  /* Another host's minute is another point. */
  ck_assert_int_eq (add_minute (s, "g", T0, 10), 0);
  ck_assert_uint_eq (look (s).points, 2);
  spool_free (s);
  s = open_spool (dir, ROOM);
  ck_assert_uint_eq (look (s).points, 2);
  spool_done (s, &after); /* the refs of another run mean nothing */
  ck_assert_uint_ge (look (s).points, 1);
  spool_free (s);
  free (dir);
}
END_TEST

START_TEST (a_crash_between_the_new_and_the_old_keeps_the_fuller)
{
  char *dir = unit_temp_dir ();
  for (int order = 0; order < 2; order++) {
    struct spool *s = open_spool (dir, ROOM);
    size_t n = 0, m = 0;
    ck_assert_int_eq (add_minute (s, "h", T0, 60), 0);
    ck_assert_int_eq (add_minute (s, "h", T0 + 60, 60), 0);
    char *one = unit_read (dir, "00000001.points", &n);
    spool_free (s);
    unit_remove_tree (dir);
    s = open_spool (dir, ROOM);
    ck_assert_int_eq (add_minute (s, "h", T0, 50), 0);
    char *two = unit_read (dir, "00000001.points", &m);
    spool_free (s);
    char *both = malloc (n + m);
    ck_assert_ptr_nonnull (both);
    memcpy (both + (order ? m : 0), one, n);
    memcpy (both + (order ? 0 : n), two, m);
    unit_write_n (dir, "00000001.points", both, n + m);
    for (int i = 0; i < 2; i++) {
      s = open_spool (dir, ROOM);
      struct spool_ref refs[3];
      ck_assert_uint_eq (spool_pick (s, EVER, 3, refs), 2);
      ck_assert_uint_eq (refs[1].samples, 60);
      spool_free (s);
    }
    unit_remove_tree (dir);
    free (one);
    free (two);
    free (both);
  }
  free (dir);
}
END_TEST

/* ---- Against a slow version, with restarts ---- */

enum { HOSTS = 2, MINUTES = 300 };
static const char *const hosts[HOSTS] = {"alpha", "beta.example.com"};

struct model {
  uint32_t samples[HOSTS][MINUTES]; /* 0: nothing waits */
};

static void
compare (struct spool *s, const struct model *m)
{
  static struct spool_ref refs[HOSTS * MINUTES + 1];
  size_t n = spool_pick (s, EVER, sizeof refs / sizeof refs[0], refs), expected = 0;
  for (int h = 0; h < HOSTS; h++)
    for (int i = 0; i < MINUTES; i++)
      expected += m->samples[h][i] > 0;
  ck_assert_uint_eq (n, expected);
  for (size_t i = 0; i < n; i++) {
    struct point p, wanted;
    ck_assert (!i || refs[i - 1].minute >= refs[i].minute);
    ck_assert_int_eq (spool_get (s, &refs[i], &p), 0);
    int h = strcmp (p.host, hosts[0]) != 0;
    wanted = make_point (hosts[h], refs[i].minute, m->samples[h][(refs[i].minute - T0) / 60]);
    ck_assert (same_point (&p, &wanted));
  }
}

START_TEST (any_order_of_events)
{
  for (uint32_t seed = 1; seed <= 3; seed++) {
    uint32_t random = seed * 2654435761u;
    char *dir = unit_temp_dir ();
    struct spool *s = open_spool (dir, ROOM);
    struct model m = {0};
    for (int i = 0; i < unit_rounds (2000); i++) {
      uint32_t h = random_below (&random, HOSTS), minute = random_below (&random, MINUTES),
               samples = 1 + random_below (&random, 60);
      struct spool_ref refs[50];
      size_t n = 0;
      switch (random_below (&random, 8)) {
      default:
        ck_assert_int_eq (add_minute (s, hosts[h], T0 + minute * 60, samples), 0);
        if (samples > m.samples[h][minute])
          m.samples[h][minute] = samples;
        break;
      case 0:
      case 1:
        n = spool_pick (s, EVER, 1 + random_below (&random, 50), refs);
        for (size_t k = 0; k < n; k++) {
          if (random_below (&random, 4) == 0)
            continue;
          spool_done (s, &refs[k]);
          m.samples[refs[k].host == hostname_hash (hosts[1])][(refs[k].minute - T0) / 60] = 0;
        }
        break;
      case 2:
        if (random_below (&random, 10) == 0) {
          spool_free (s);
          s = open_spool (dir, ROOM);
        }
      }
      ck_assert_uint_eq (look (s).in_memory, 0);
      if (i % 50 == 0) {
        compare (s, &m);
        ck_assert_uint_eq (look (s).bytes, file_bytes (dir));
      }
    }
    compare (s, &m);
    spool_free (s);
    s = open_spool (dir, ROOM);
    compare (s, &m);
    ck_assert_uint_eq (look (s).damaged_bytes + look (s).torn_bytes, 0);
    spool_free (s);
    free (dir);
  }
}
END_TEST

/* ---- Bounds ---- */

START_TEST (bytes_are_bounded_and_the_oldest_go)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_spool (dir, 1);
  struct spool_ref ref;
  int n = 2000;
  for (int i = 0; i < n; i++) {
    ck_assert_int_eq (add_minute (s, "h", T0 + i * 60, 60), 0);
    ck_assert_uint_le (look (s).bytes, SPOOL_LEAST_BYTES);
  }
  struct spool_view v = look (s);
  ck_assert_uint_eq (v.bytes, file_bytes (dir));
  ck_assert_uint_gt (v.bytes, SPOOL_LEAST_BYTES * 9 / 10);
  ck_assert_uint_eq (v.points + v.dropped_full, (uint64_t) n);
  ck_assert_int_eq (v.newest, T0 + (n - 1) * 60);
  ck_assert_int_eq (v.oldest, v.newest - ((int64_t) v.points - 1) * 60); /* no gap */
  expect_newest (s, "h", T0 + (n - 1) * 60, 60);
  spool_free (s);
  s = open_spool (dir, 1);
  ck_assert_uint_eq (look (s).points, v.points);
  while (spool_pick (s, EVER, 1, &ref))
    spool_done (s, &ref);
  ck_assert_uint_eq (file_bytes (dir), 0);
  spool_free (s);
  free (dir);
}
END_TEST

START_TEST (thirty_days_fit_into_the_default)
{
  enum { POINTS = 30 * 24 * 60 };
  char *dir = unit_temp_dir ();
  struct spool *s = open_spool (dir, ROOM);
  for (int i = 0; i < POINTS; i++)
    add_minute (s, "a-host-with-a-rather-long-name.some-department.example.com", T0 + i * 60, 60);
  struct spool_view v = look (s);
  ck_assert_uint_eq (v.points, POINTS);
  ck_assert_uint_le (v.bytes, ROOM);
  ck_assert_uint_eq (v.dropped_full, 0);
  spool_free (s);
  s = open_spool (dir, ROOM);
  ck_assert_uint_eq (look (s).points, POINTS);
  ck_assert_uint_eq (spool_expire (s, T0 + MONTH), 0);
  ck_assert_uint_eq (spool_expire (s, T0 + MONTH + 600), 10);
  struct spool_ref refs[25];
  struct point p;
  size_t sent = 0;
  for (size_t n; (n = spool_pick (s, EVER, 25, refs)) > 0; sent += n)
    for (size_t i = 0; i < n; i++) {
      ck_assert_int_eq (spool_get (s, &refs[i], &p), 0);
      spool_done (s, &refs[i]);
    }
  ck_assert_uint_eq (sent, POINTS - 10);
  ck_assert_uint_eq (look (s).dropped_age, 10);
  ck_assert_uint_eq (file_bytes (dir), 0);
  spool_free (s);
  free (dir);
}
END_TEST

START_TEST (minutes_to_come_wait)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_spool (dir, ROOM);
  struct spool_ref refs[4];
  ck_assert_int_eq (add_minute (s, "h", T0, 60), 0);
  ck_assert_int_eq (add_minute (s, "h", T0 + 31536000, 60), 0);
  ck_assert_uint_eq (spool_pick (s, T0 - 61, 4, refs), 0);
  ck_assert_uint_eq (spool_pick (s, T0 - 60, 4, refs), 1);
  ck_assert_int_eq (refs[0].minute, T0);
  ck_assert_uint_eq (spool_drop_future (s, T0 + 31536000 - 60), 0);
  ck_assert_uint_eq (spool_drop_future (s, T0), 1);
  ck_assert_uint_eq (look (s).dropped_future, 1);
  ck_assert_int_eq (look (s).newest, T0);
  spool_free (s);
  free (dir);
}
END_TEST

START_TEST (refused_items_are_set_aside_within_a_bound)
{
  char *dir = unit_temp_dir (), *text;
  struct spool *s = open_spool (dir, ROOM);
  struct spool_ref ref;
  size_t n = 0;
  for (int i = 0; i < 500; i++) {
    ck_assert_int_eq (add_minute (s, "h", T0 + i * 60, 60), 0);
    spool_pick (s, EVER, 1, &ref);
    spool_refuse (s, &ref, "ValidationException: \"x\"", T0 * 1000000);
    ck_assert_uint_eq (look (s).points, 0);
  }
  ck_assert_uint_eq (look (s).refused, 500);
  ck_assert_uint_eq (look (s).refused_unsaved, 0);
  text = unit_read (dir, SPOOL_REFUSED_FILE, &n);
  ck_assert_uint_le (n, SPOOL_REFUSED_BYTES);
  ck_assert (!strncmp (
    text, "{\"refused_at\":\"2026-01-01T00:00:00.000000\",\"reason\":\"ValidationException: \\\"x\\\"\",\"item\":{", 85));
  ck_assert_int_eq (text[n - 1], '\n');
  free (text);
  text = unit_read (dir, SPOOL_REFUSED_FILE ".1", &n);
  ck_assert_ptr_nonnull (text);
  ck_assert_uint_le (n, SPOOL_REFUSED_BYTES);
  free (text);
  spool_free (s);
  free (dir);
}
END_TEST

/* ---- Two threads, as a plugin has them ---- */

enum { THREAD_MINUTES = 1000 };

static void *
add_all (void *arg)
{
  for (int i = 0; i < THREAD_MINUTES; i++) {
    struct point p = make_point ("h", T0 + i * 60, 60);
    if (spool_add (arg, &p))
      abort ();
  }
  return NULL;
}

START_TEST (one_adds_while_another_sends)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_spool (dir, ROOM);
  pthread_t adder;
  unsigned sent = 0;
  ck_assert_int_eq (pthread_create (&adder, NULL, add_all, s), 0);
  while (sent < THREAD_MINUTES) {
    struct spool_ref refs[25];
    size_t n = spool_pick (s, EVER, 25, refs);
    for (size_t i = 0; i < n; i++, sent++) {
      struct point p, wanted = make_point ("h", refs[i].minute, 60);
      ck_assert_int_eq (spool_get (s, &refs[i], &p), 0);
      ck_assert (same_point (&p, &wanted));
      spool_done (s, &refs[i]);
    }
  }
  pthread_join (adder, NULL);
  ck_assert_uint_eq (look (s).points, 0);
  ck_assert_uint_eq (file_bytes (dir), 0);
  spool_free (s);
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_test (t, newest_first_and_gone_when_done);
  tcase_add_test (t, the_fuller_one_stays);
  tcase_add_test (t, a_crash_between_the_new_and_the_old_keeps_the_fuller);
  tcase_add_test (t, any_order_of_events);
  tcase_add_test (t, bytes_are_bounded_and_the_oldest_go);
  tcase_add_test (t, thirty_days_fit_into_the_default);
  tcase_add_test (t, minutes_to_come_wait);
  tcase_add_test (t, refused_items_are_set_aside_within_a_bound);
  tcase_add_test (t, one_adds_while_another_sends);
}

UNIT_MAIN ("spool", tests)
