/* A minute in parts, and its form on disk. */
#include "dynamodb-writer/minute-state.h"
#include "minutes.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

static struct point
point_of (const struct minute *m)
{
  struct point p;
  struct minute_lack lack;
  ck_assert_int_eq (minute_point (m, "web-1", T0 * SECOND_NS_, &p, &lack), 0);
  ck_assert (point_is_valid (&p));
  return p;
}

static double
random_percent (uint32_t *seed)
{
  switch (random_below (seed, 6)) {
  case 0:
    return 0;
  case 1:
    return 100;
  case 2: /* halves of a tenth, which are ties where a double can hold them */
    return random_below (seed, 2000) / 20.0;
  default:
    return random_below (seed, 1000001) / 10000.0;
  }
}

static void
fill (struct minute *m, uint32_t *seed, int from, int to)
{
  for (int i = from; i < to; i++) {
    struct minute_reading r = make_reading (i * 500, random_percent (seed));
    minute_read (&r, MINUTE_LOAD_AVG_1M, random_below (seed, 1000) / 100.0, false);
    if (random_below (seed, 3) == 0)
      minute_read (&r, MINUTE_SWAP_PERCENT, random_percent (seed), false);
    minute_add (m, &r);
  }
}

static bool
same_minute (const struct minute *a, const struct minute *b)
{
  unsigned char x[MINUTE_STATE_PACKED], y[MINUTE_STATE_PACKED];
  size_t n = minute_state_pack (a, 0, x), m = minute_state_pack (b, 0, y);
  return n && n == m && !memcmp (x, y, n);
}

START_TEST (two_parts_make_the_whole)
{
  for (int cut = 0; cut <= 120; cut += 5) {
    struct minute whole, first, second;
    uint32_t seed = 12345, again = 12345;
    minute_begin (&whole, T0);
    minute_begin (&first, T0);
    minute_begin (&second, T0);
    fill (&whole, &seed, 0, 120);
    fill (&first, &again, 0, cut);
    fill (&second, &again, cut, 120);
    /* In either order, and by way of the disk. */
    struct minute other = second, back;
    unsigned char packed[MINUTE_STATE_PACKED];
    int64_t written;
    size_t n = minute_state_pack (&first, T0, packed);
    ck_assert_uint_gt (n, 0);
    ck_assert_int_eq (minute_state_unpack (packed, n, &back, &written), cut ? 0 : -EBADMSG);
    if (cut) {
      ck_assert (same_minute (&back, &first));
      minute_merge (&other, &back);
    } else
      minute_merge (&other, &first);
    minute_merge (&first, &second);
    struct point p = point_of (&whole), q = point_of (&first), r = point_of (&other);
    ck_assert (same_point (&p, &q));
    ck_assert (same_point (&p, &r));
  }
}
END_TEST

static int
open_directory (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY);
  ck_assert_int_ge (fd, 0);
  return fd;
}

START_TEST (a_state_file_cut_anywhere_gives_the_one_before)
{
  char *dir = unit_temp_dir ();
  int at = open_directory (dir);
  struct minute_state s;
  struct minute one, two, back;
  uint32_t seed = 7;
  int64_t written;
  minute_begin (&one, T0);
  fill (&one, &seed, 0, 30);
  two = one;
  fill (&two, &seed, 30, 60);
  ck_assert_int_eq (minute_state_open (&s, at), 0);
  ck_assert_int_eq (minute_state_load (&s, &back, &written), -ENOENT);
  ck_assert_int_eq (minute_state_save (&s, &one, T0, 1, false), 0);
  ck_assert_int_eq (minute_state_save (&s, &two, T0, 2, false), 0);
  ck_assert_uint_eq (s.sequence, 1); /* too soon */
  ck_assert_int_eq (minute_state_save (&s, &two, T0 + 60, 2, false), 0);
  ck_assert_uint_eq (s.sequence, 2); /* what was sent is not forgotten */
  ck_assert_int_eq (minute_state_save (&s, &two, T0 + 60, 2, false), 0);
  ck_assert_uint_eq (s.sequence, 2);
  minute_state_close (&s);
  size_t length = 0;
  char *whole = unit_read (dir, MINUTE_STATE_FILE, &length);
  ck_assert_ptr_nonnull (whole);
  /* The second save went to the file's beginning: spoil each of its bytes in turn. */
  unsigned char packed[MINUTE_STATE_PACKED];
  const size_t used = 20 + minute_state_pack (&two, T0 + 60, packed);
  for (size_t i = 0; i < used; i++) {
    char kept = whole[i];
    whole[i] = (char) (kept ^ 0x40);
    unit_write_n (dir, MINUTE_STATE_FILE, whole, length);
    whole[i] = kept;
    ck_assert_int_eq (minute_state_open (&s, at), 0);
    int r = minute_state_load (&s, &back, &written);
    ck_assert_int_eq (r, 0);
    bool is_one = same_minute (&back, &one), is_two = same_minute (&back, &two);
    ck_assert (is_one || is_two);
    ck_assert_int_eq (written, is_one ? T0 : T0 + 60);
    ck_assert_msg (is_one, "byte %zu", i);
    minute_state_close (&s);
  }
  for (size_t cut = 0; cut < length; cut += cut < used ? 1 : 97) {
    /* Zeros are what a file has where nothing was written. */
    if (cut < used && !whole[cut])
      continue;
    unit_write_n (dir, MINUTE_STATE_FILE, whole, cut);
    ck_assert_int_eq (minute_state_open (&s, at), 0);
    int r = minute_state_load (&s, &back, &written);
    ck_assert (r == -ENOENT || same_minute (&back, &two));
    ck_assert_int_eq (minute_state_save (&s, &one, T0, 0, true), 0);
    ck_assert_int_eq (minute_state_load (&s, &back, &written), 0);
    ck_assert (same_minute (&back, &one));
    minute_state_close (&s);
  }
  free (whole);
  close (at);
  free (dir);
}
END_TEST

static bool
is_ours (int directory)
{
  struct minute_state s;
  ck_assert_int_eq (minute_state_open (&s, directory), 0);
  bool ours = s.ours;
  minute_state_close (&s);
  return ours;
}

/* What another process says of it. */
static bool
is_ours_elsewhere (int directory)
{
  int status;
  pid_t child = fork ();
  ck_assert_int_ge (child, 0);
  if (!child)
    _exit (is_ours (directory));
  ck_assert_int_eq (waitpid (child, &status, 0), child);
  ck_assert (WIFEXITED (status));
  return WEXITSTATUS (status);
}

START_TEST (a_process_knows_its_own_file)
{
  char *dir = unit_temp_dir ();
  int at = open_directory (dir);
  free (dir); /* a child that ends at once would leak it */
  struct minute_state s;
  struct minute m, back;
  uint32_t seed = 5;
  int64_t written;
  minute_begin (&m, T0);
  fill (&m, &seed, 0, 30);
  ck_assert (!is_ours (at));
  ck_assert (is_ours (at));
  ck_assert_int_eq (minute_state_open (&s, at), 0);
  for (int i = 0; i < 2; i++)
    ck_assert_int_eq (minute_state_save (&s, &m, T0, 0, true), 0);
  ck_assert (is_ours (at));
  ck_assert (!is_ours_elsewhere (at));
  ck_assert (!is_ours (at)); /* the other one had it */
  ck_assert_int_eq (minute_state_load (&s, &back, &written), 0);
  ck_assert (same_minute (&back, &m));
  minute_state_close (&s);
  close (at);
}
END_TEST

START_TEST (a_state_that_cannot_be_true_is_refused)
{
  struct minute m, back;
  uint32_t seed = 99;
  int64_t written;
  unsigned char packed[MINUTE_STATE_PACKED], spoiled[MINUTE_STATE_PACKED];
  minute_begin (&m, T0);
  fill (&m, &seed, 0, 60);
  size_t n = minute_state_pack (&m, T0, packed);
  for (int i = 0; i < unit_rounds (200000); i++) {
    memcpy (spoiled, packed, n);
    spoiled[random_below (&seed, (uint32_t) n)] = (unsigned char) random_next (&seed);
    spoiled[random_below (&seed, (uint32_t) n)] ^= (unsigned char) (1u << random_below (&seed, 8));
    if (minute_state_unpack (spoiled, n, &back, &written))
      continue;
    struct point p;
    struct minute_lack lack;
    if (minute_point (&back, "h", 0, &p, &lack) == 0)
      ck_assert (point_is_valid (&p));
  }
}
END_TEST

static void
tests (TCase *t)
{
  tcase_add_test (t, two_parts_make_the_whole);
  tcase_add_test (t, a_state_file_cut_anywhere_gives_the_one_before);
  tcase_add_test (t, a_process_knows_its_own_file);
  tcase_add_test (t, a_state_that_cannot_be_true_is_refused);
}

UNIT_MAIN ("minute-state", tests)
