/* The spool on a disk that is damaged, taken away, or somebody else's; and killed. */
#include "spool-kit.h"

#include <fcntl.h>
#include <sys/wait.h>

enum { ROOM = 16 << 20 };
static const int64_t EVER = INT64_MAX / 2;

enum { RECORDS = 4 };

/* A file of some points; ends[i] is where record i ends. */
static char *
make_file (const char *dir, size_t *length, size_t *ends)
{
  struct spool *s = open_spool (dir, ROOM);
  for (int i = 0; i < RECORDS; i++) {
    ck_assert_int_eq (add_minute (s, "host", T0 + i * 60, 60), 0);
    ends[i] = look (s).bytes;
  }
  spool_free (s);
  return unit_read (dir, "00000001.points", length);
}

START_TEST (every_truncation_keeps_what_is_before)
{
  char *dir = unit_temp_dir ();
  size_t length, ends[RECORDS];
  char *whole = make_file (dir, &length, ends);
  for (size_t cut = 0; cut <= length; cut++) {
    unsigned n = 0;
    while (n < RECORDS && ends[n] <= cut)
      n++;
    unit_write_n (dir, "00000001.points", whole, cut);
    struct spool *s = open_spool (dir, ROOM);
    ck_assert_uint_eq (look (s).points, n);
    ck_assert_uint_eq (look (s).torn_bytes, cut - (n ? ends[n - 1] : 0));
    ck_assert_uint_eq (look (s).set_aside, 0);
    if (n)
      expect_newest (s, "host", T0 + (n - 1) * 60, 60);
    ck_assert_int_eq (add_minute (s, "host", T0 + 3600, 60), 0);
    spool_free (s);
    s = open_spool (dir, ROOM);
    ck_assert_uint_eq (look (s).points, n + 1);
    ck_assert_uint_eq (look (s).torn_bytes + look (s).damaged_bytes, 0);
    expect_newest (s, "host", T0 + 3600, 60);
    spool_free (s);
    unit_remove_tree (dir);
    ck_assert_int_eq (mkdir (dir, 0700), 0);
  }
  free (whole);
  free (dir);
}
END_TEST

START_TEST (every_flipped_bit_costs_at_most_one_point)
{
  char *dir = unit_temp_dir ();
  size_t length, ends[RECORDS];
  char *whole = make_file (dir, &length, ends);
  for (size_t bit = 0; bit<length * 8; bit += unit_slow ()> 1 ? 5 : 1) {
    struct spool_ref refs[RECORDS];
    struct point p, wanted;
    whole[bit / 8] = (char) (whole[bit / 8] ^ 1 << bit % 8);
    unit_write_n (dir, "00000001.points", whole, length);
    whole[bit / 8] = (char) (whole[bit / 8] ^ 1 << bit % 8);
    struct spool *s = open_spool (dir, ROOM);
    size_t n = spool_pick (s, EVER, RECORDS, refs);
    ck_assert_msg (n >= RECORDS - 1, "bit %zu: %zu left", bit, n);
    for (size_t i = 0; i < n; i++) {
      ck_assert_int_eq (spool_get (s, &refs[i], &p), 0);
      wanted = make_point ("host", refs[i].minute, 60);
      ck_assert_msg (same_point (&p, &wanted), "bit %zu made up a point", bit);
    }
    spool_free (s);
  }
  free (whole);
  free (dir);
}
END_TEST

START_TEST (a_point_that_the_disk_spoils_later_is_dropped)
{
  char *dir = unit_temp_dir ();
  size_t length, ends[RECORDS];
  free (make_file (dir, &length, ends));
  struct spool *s = open_spool (dir, ROOM);
  struct spool_ref refs[RECORDS];
  struct point p;
  char *path = unit_path (dir, "00000001.points");
  int fd = open (path, O_WRONLY);
  ck_assert_int_eq (pwrite (fd, "XXXX", 4, (off_t) ends[0] + 30), 4);
  close (fd);
  ck_assert_uint_eq (spool_pick (s, EVER, RECORDS, refs), RECORDS);
  ck_assert_int_eq (spool_get (s, &refs[RECORDS - 2], &p), -EBADMSG);
  ck_assert_int_eq (spool_get (s, &refs[RECORDS - 2], &p), -ENOENT);
  ck_assert_int_eq (spool_get (s, &refs[RECORDS - 1], &p), 0);
  ck_assert_uint_eq (look (s).damaged, 1);
  ck_assert_uint_eq (look (s).points, RECORDS - 1);
  spool_free (s);
  free (path);
  free (dir);
}
END_TEST

START_TEST (what_is_not_ours_is_set_aside)
{
  char *dir = unit_temp_dir (), *path, *large = calloc (1, 2 << 20);
  ck_assert_ptr_nonnull (large);
  memset (large, 'x', 2 << 20);
  unit_write (dir, "00000001.points", "hello");
  unit_write_n (dir, "00000002.points", large, 2 << 20);
  path = unit_path (dir, "00000003.points");
  ck_assert_int_eq (mkdir (path, 0700), 0);
  free (path);
  path = unit_path (dir, "00000004.points");
  ck_assert_int_eq (symlink ("/etc/passwd", path), 0);
  free (path);
  path = unit_path (dir, "00000005.points");
  ck_assert_int_eq (mkfifo (path, 0600), 0);
  free (path);
  memset (large, 0, 100);
  unit_write_n (dir, "00000006.points", large, 100); /* what a power cut leaves */
  unit_write (dir, "00000007.points", "");
  unit_write (dir, "0000000A.points", "a name that is not ours");
  unit_write (dir, "ffffffff.points", "nor this");
  unit_write (dir, "notes.txt", "mine");
  for (int i = 8; i < 40; i++) {
    char name[32];
    snprintf (name, sizeof name, "%08x.points", i);
    unit_write (dir, name, "foreign");
  }
  for (int i = 0; i < 2; i++) {
    struct spool *s = open_spool (dir, ROOM);
    ck_assert_uint_eq (look (s).set_aside, i ? 29 : 37); /* eight are moved away */
    ck_assert_int_eq (add_minute (s, "h", T0 + i * 60, 60), 0);
    expect_newest (s, "h", T0 + i * 60, 60);
    ck_assert_uint_eq (look (s).points, (uint64_t) i + 1);
    spool_free (s);
  }
  static const char *const kept[] = {"set-aside.0", "notes.txt", "0000000A.points", "ffffffff.points", "00000027.points"};
  for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++) {
    char *text = unit_read (dir, kept[i], NULL);
    ck_assert_msg (text != NULL, "%s is gone", kept[i]);
    free (text);
  }
  free (large);
  free (dir);
}
END_TEST

/* ---- Owners and directories ---- */

START_TEST (another_owner_is_waited_for_in_memory)
{
  char *dir = unit_temp_dir ();
  struct spool *first = open_spool (dir, ROOM), *second = new_spool (dir, ROOM);
  ck_assert_int_eq (spool_open (second), -EWOULDBLOCK);
  ck_assert_int_eq (spool_directory (second), -ENOENT);
  ck_assert_int_eq (add_minute (first, "h", T0, 60), 0);
  ck_assert_int_eq (add_minute (first, "h", T0 + 60, 20), 0);
  ck_assert_int_eq (add_minute (second, "h", T0 + 60, 40), -EWOULDBLOCK);
  ck_assert_int_eq (add_minute (second, "h", T0 + 60, 30), -EWOULDBLOCK);
  ck_assert_int_eq (add_minute (second, "h", T0 + 120, 60), -EWOULDBLOCK);
  ck_assert_int_eq (add_minute (second, "h", T0, 10), -EWOULDBLOCK);
  ck_assert_uint_eq (look (second).in_memory, 3);
  expect_newest (second, "h", T0 + 120, 60); /* it can be sent all the same */
  spool_free (first);
  ck_assert_int_eq (spool_open (second), 0);
  struct spool_ref refs[4];
  ck_assert_uint_eq (look (second).in_memory, 0);
  ck_assert_uint_eq (spool_pick (second, EVER, 4, refs), 3);
  ck_assert_uint_eq (refs[1].samples, 40);
  ck_assert_uint_eq (refs[2].samples, 60);
  int fd = spool_directory (second);
  ck_assert_int_ge (fd, 0);
  close (fd);
  spool_free (second);
  second = open_spool (dir, ROOM);
  ck_assert_uint_eq (look (second).points, 3);
  spool_free (second);
  free (dir);
}
END_TEST

START_TEST (memory_is_bounded)
{
  char *dir = unit_temp_dir ();
  struct spool *first = open_spool (dir, ROOM), *second = new_spool (dir, ROOM);
  for (int i = 0; i < SPOOL_MEMORY + 100; i++)
    ck_assert_int_eq (add_minute (second, "h", T0 + i * 60, 60), -EWOULDBLOCK);
  struct spool_view v = look (second);
  ck_assert_uint_eq (v.points, SPOOL_MEMORY);
  ck_assert_uint_eq (v.dropped_memory, 100);
  ck_assert_int_eq (v.oldest, T0 + 6000);
  struct spool_ref ref;
  spool_pick (second, EVER, 1, &ref);
  spool_done (second, &ref);
  ck_assert_uint_eq (look (second).in_memory, SPOOL_MEMORY - 1);
  spool_free (first);
  ck_assert_int_eq (add_minute (second, "h", T0, 60), 0);
  ck_assert_uint_eq (look (second).in_memory, 0);
  ck_assert_uint_eq (look (second).points, SPOOL_MEMORY);
  spool_free (second);
  free (dir);
}
END_TEST

START_TEST (a_directory_that_is_removed_is_made_again)
{
  char *dir = unit_temp_dir (), *path = unit_path (dir, "deep/er");
  struct spool *s = open_spool (path, ROOM);
  ck_assert_int_eq (add_minute (s, "h", T0, 60), 0);
  unit_remove_tree (path);
  ck_assert_int_eq (add_minute (s, "h", T0 + 60, 60), 0);
  ck_assert_uint_eq (look (s).points, 1);
  ck_assert_uint_eq (look (s).lost, 1);
  ck_assert_uint_eq (look (s).opened, 2);
  /* Only the file, or only the lock. */
  char *file = unit_path (path, "00000001.points"), *lock = unit_path (path, "lock");
  ck_assert_int_eq (unlink (lock), 0);
  ck_assert_int_eq (add_minute (s, "h", T0 + 120, 60), 0);
  struct spool *other = new_spool (path, ROOM);
  ck_assert_int_eq (spool_open (other), -EWOULDBLOCK);
  spool_free (other);
  ck_assert_uint_eq (look (s).points, 2);
  ck_assert_uint_eq (look (s).lost, 1);
  ck_assert_int_eq (unlink (file), 0);
  ck_assert_int_eq (add_minute (s, "h", T0 + 180, 60), 0);
  ck_assert_uint_eq (look (s).points, 1);
  ck_assert_uint_eq (look (s).lost, 3);
  expect_newest (s, "h", T0 + 180, 60);
  /* Something else stands there: it waits in memory. */
  unit_remove_tree (path);
  unit_write (dir, "deep/er", "a file");
  ck_assert_int_eq (add_minute (s, "h", T0 + 240, 60), -ENOTDIR);
  ck_assert_int_eq (look (s).error, -ENOTDIR);
  ck_assert_uint_eq (look (s).in_memory, 1);
  ck_assert_int_eq (unlink (path), 0);
  ck_assert_int_eq (spool_open (s), 0);
  ck_assert_uint_eq (look (s).in_memory, 0);
  ck_assert_int_eq (look (s).error, 0);
  spool_free (s);
  free (file);
  free (lock);
  free (path);
  free (dir);
}
END_TEST

START_TEST (what_is_not_valid_is_not_kept)
{
  char *dir = unit_temp_dir ();
  struct spool *s = open_spool (dir, ROOM);
  struct point p = make_point ("h", T0, 60);
  p.values[POINT_CPU_PERCENT] = -1;
  ck_assert_int_eq (spool_add (s, &p), -EINVAL);
  ck_assert_uint_eq (look (s).points, 0);
  spool_free (s);
  free (dir);
}
END_TEST

/* kill -9 at any moment: what was said to be there is there, and what was done stays done, but for the one that was being done.
 */
static void
busy (const char *dir, int to)
{
  struct spool *s = open_spool (dir, SPOOL_LEAST_BYTES * 4);
  uint32_t seed = 1 + (uint32_t) look (s).points;
  int64_t minute = look (s).newest < 0 ? T0 : look (s).newest + 60;
  for (;; minute += 60) {
    if (add_minute (s, "h", minute, 60) == 0 && write (to, &minute, sizeof minute) < 0)
      _exit (3);
    struct spool_ref refs[3];
    size_t n = random_below (&seed, 3) ? spool_pick (s, EVER, random_below (&seed, 3), refs) : 0;
    for (size_t i = 0; i < n; i++) {
      int64_t intend = -refs[i].minute;
      if (write (to, &intend, sizeof intend) < 0)
        _exit (3);
      spool_done (s, &refs[i]);
    }
  }
}

START_TEST (killed_at_any_moment)
{
  enum { MOST = 100000 };
  static bool waits[MOST], maybe[MOST];
  char *dir = unit_temp_dir ();
  uint32_t seed = 99;
  for (int round = 0; round < unit_rounds (25); round++) {
    int ends[2], status;
    int64_t word, last_done = -1;
    ck_assert_int_eq (pipe (ends), 0);
    pid_t pid = fork ();
    ck_assert_int_ge (pid, 0);
    if (pid == 0) {
      close (ends[0]);
      busy (dir, ends[1]);
    }
    close (ends[1]);
    unsigned events = 1 + random_below (&seed, 400);
    /* It is killed after so many words of it, while it goes on. */
    for (unsigned i = 0; read (ends[0], &word, sizeof word) == sizeof word; i++) {
      int64_t at = ((word < 0 ? -word : word) - T0) / 60;
      ck_assert (at >= 0 && at < MOST);
      waits[at] = word > 0;
      maybe[at] = false;
      last_done = word < 0 ? at : -1;
      if (i == events)
        kill (pid, SIGKILL);
    }
    close (ends[0]);
    ck_assert_int_eq (waitpid (pid, &status, 0), pid);
    ck_assert (WIFSIGNALED (status));
    if (last_done >= 0)
      maybe[last_done] = true;
    static struct spool_ref refs[MOST];
    static bool there[MOST];
    memset (there, 0, sizeof there);
    struct spool *s = open_spool (dir, SPOOL_LEAST_BYTES * 4);
    ck_assert_uint_eq (look (s).damaged_bytes, 0);
    size_t n = spool_pick (s, EVER, MOST, refs);
    ck_assert_uint_eq (look (s).points, n);
    for (size_t i = 0; i < n; i++) {
      struct point p, wanted = make_point ("h", refs[i].minute, 60);
      ck_assert_int_eq (spool_get (s, &refs[i], &p), 0);
      ck_assert (same_point (&p, &wanted));
      there[(refs[i].minute - T0) / 60] = true;
    }
    /* Bounded: the oldest may have been dropped. Nothing said: the newest may be there or not. */
    int64_t oldest = look (s).oldest < 0 ? 0 : (look (s).oldest - T0) / 60,
            newest = look (s).newest < 0 ? 0 : (look (s).newest - T0) / 60;
    for (int64_t i = oldest; i < newest; i++) {
      ck_assert_msg (maybe[i] || there[i] == waits[i], "minute %d: there %d, expected %d", (int) i, there[i], waits[i]);
      waits[i] = there[i];
    }
    for (int64_t i = newest + 1; i < MOST; i++) {
      ck_assert_msg (maybe[i] || !waits[i], "minute %d is lost", (int) i);
      waits[i] = false;
    }
    waits[newest] = n > 0;
    memset (maybe, 0, sizeof maybe);
    spool_free (s);
  }
  free (dir);
}
END_TEST

static void
tests (TCase *t)
{
  tcase_set_timeout (t, 60 * unit_slow ());
  tcase_add_test (t, every_truncation_keeps_what_is_before);
  tcase_add_test (t, every_flipped_bit_costs_at_most_one_point);
  tcase_add_test (t, a_point_that_the_disk_spoils_later_is_dropped);
  tcase_add_test (t, what_is_not_ours_is_set_aside);
  tcase_add_test (t, another_owner_is_waited_for_in_memory);
  tcase_add_test (t, memory_is_bounded);
  tcase_add_test (t, a_directory_that_is_removed_is_made_again);
  tcase_add_test (t, what_is_not_valid_is_not_kept);
  tcase_add_test (t, killed_at_any_moment);
}

UNIT_MAIN ("spool-damage", tests)
