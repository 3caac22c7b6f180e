#include "retention.h"

#include "name.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MAX_FILES = 1 << 18, AT_A_TIME = 64, HEAD = 256, TAIL = 64 << 10, MAX_TAIL = 32 << 20 };
static const int64_t SECOND_NS = 1000000000, RESCAN_NS = INT64_C (3600000000000);
/* A time before this was given by a clock that had not been set. */
static const int64_t PLAUSIBLE_NS = INT64_C (1577836800000000000);

static int64_t
age_of (const struct retention_file *f, struct retention_clock now)
{
  return f->age_ns + (now.mono_ns - f->seen_ns);
}

static int64_t
first_age (int64_t newest_ns, struct retention_clock now)
{
  return newest_ns < PLAUSIBLE_NS || newest_ns > now.wall_ns ? 0 : now.wall_ns - newest_ns;
}

/* Where a file stands among the first n, or would: they are in order. */
static size_t
position (const struct retention *r, size_t n, uint64_t code)
{
  size_t low = 0, high = n;
  if (n && r->files[n - 1].code < code) /* mostly it is the newest */
    return n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->files[middle].code < code)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

static bool
has (const struct retention *r, size_t n, uint64_t code)
{
  size_t at = position (r, n, code);
  return at < n && r->files[at].code == code;
}

/* A new one at this place; the others make room. */
static struct retention_file *
add (struct retention *r, size_t at, uint64_t code)
{
  if (r->n == r->cap) {
    size_t cap = r->cap ? r->cap * 2 : 64;
    struct retention_file *files = cap > MAX_FILES ? NULL : reallocarray (r->files, cap, sizeof *files);
    if (!files)
      return NULL;
    r->files = files;
    r->cap = cap;
  }
  struct retention_file *f = r->files + at;
  memmove (f + 1, f, (r->n++ - at) * sizeof *f);
  *f = (struct retention_file){.code = code};
  return f;
}

static void
forget (struct retention *r, struct retention_file *f)
{
  r->bytes -= f->bytes < r->bytes ? f->bytes : r->bytes;
  r->n--;
  memmove (f, f + 1, (size_t) (r->files + r->n - f) * sizeof *f);
}

int
retention_note (struct retention *r, const char *name, uint64_t bytes, int64_t newest_wall_ns, struct retention_clock now)
{
  uint64_t code;
  if (!name_parse (name, &code))
    return 0;
  size_t at = position (r, r->n, code);
  struct retention_file *f = at < r->n && r->files[at].code == code ? r->files + at : add (r, at, code);
  if (!f)
    return -ENOMEM;
  r->bytes += bytes - f->bytes;
  f->bytes = bytes;
  f->newest_ns = newest_wall_ns;
  f->seen_ns = now.mono_ns;
  f->age_ns = 0;
  return 0;
}

/* ---- Looking through the directory ---- */

static int64_t
mtime_ns (const struct stat *st)
{
  return (int64_t) st->st_mtim.tv_sec * SECOND_NS + st->st_mtim.tv_nsec;
}

/* `known`: so many were on the list when the looking began. */
static void
see (struct retention *r, size_t known, int directory, const char *name, struct retention_clock now)
{
  uint64_t code;
  struct stat st;
  if (!name_parse (name, &code) || has (r, known, code))
    return;
  if (fstatat (directory, name, &st, AT_SYMLINK_NOFOLLOW) < 0 || !S_ISREG (st.st_mode) || st.st_uid != geteuid ())
    return;
  struct retention_file *f = add (r, r->n, code);
  if (!f)
    return;
  f->bytes = (uint64_t) st.st_size;
  f->newest_ns = mtime_ns (&st);
  f->seen_ns = now.mono_ns;
  f->age_ns = first_age (f->newest_ns, now);
  r->bytes += f->bytes;
}

static int
by_code (const void *a, const void *b)
{
  const struct retention_file *x = a, *y = b;
  return (x->code > y->code) - (x->code < y->code);
}

/* In order, and each once: a directory that changes meanwhile may name a file twice. */
static void
put_in_order (struct retention *r)
{
  size_t n = 0;
  if (r->n > 0)
    qsort (r->files, r->n, sizeof *r->files, by_code);
  for (size_t i = 0; i < r->n; i++)
    if (n && r->files[n - 1].code == r->files[i].code)
      r->bytes -= r->files[i].bytes;
    else
      r->files[n++] = r->files[i];
  r->n = n;
}

static int
scan (struct retention *r, int directory, struct retention_clock now)
{
  int fd = openat (directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return -errno;
  DIR *dir = fdopendir (fd);
  if (!dir) {
    close (fd);
    return -ENOMEM;
  }
  struct dirent *entry;
  size_t known = r->n;
  while ((entry = readdir (dir)))
    see (r, known, directory, entry->d_name, now);
  closedir (dir);
  put_in_order (r);
  r->scanned_ns = now.mono_ns;
  return 0;
}

/* ---- Looking into a file ---- */

static const char *
skip_blanks (const char *p, const char *end)
{
  while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
    p++;
  return p;
}

static const char *
expect (const char *p, const char *end, const char *text)
{
  size_t n = strlen (text);
  p = skip_blanks (p, end);
  return p && (size_t) (end - p) >= n && !memcmp (p, text, n) ? p + n : NULL;
}

/* `"system":{"timestamp":NUMBER` at p; the number in ns. */
static bool
parse_stamp (const char *p, const char *end, int64_t *ret_ns)
{
  static const char *const parts[] = {"\"system\"", ":", "{", "\"timestamp\"", ":"};
  for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
    if (!(p = expect (p, end, parts[i])))
      return false;
  p = skip_blanks (p, end);
  bool negative = p < end && *p == '-';
  int64_t seconds = 0;
  const char *digits = p += negative;
  for (; p < end && *p >= '0' && *p <= '9' && seconds < INT64_C (8000000000); p++)
    seconds = seconds * 10 + (*p - '0');
  if (p == digits)
    return false;
  *ret_ns = (negative ? -seconds : seconds + 1) * SECOND_NS;
  return true;
}

static bool
read_at (int fd, char *to, size_t n, off_t at)
{
  while (n) {
    ssize_t got = pread (fd, to, n, at);
    if (got <= 0)
      return false;
    to += got;
    at += got;
    n -= (size_t) got;
  }
  return true;
}

/* The last stamp in the last n bytes. In a string of JSON a quote is escaped, so nothing else looks like a stamp. */
static bool
last_stamp (int fd, off_t size, size_t n, int64_t *ret_ns)
{
  char *text = malloc (n);
  bool found = false;
  if (text && read_at (fd, text, n, size - (off_t) n))
    for (size_t i = n; i-- > 0 && !found;)
      found = text[i] == '"' && parse_stamp (text + i, text + n, ret_ns);
  free (text);
  return found;
}

/* Whether a file is an array of entries with times, and when its newest entry was taken. */
static bool
is_ours (int fd, off_t size, int64_t *ret_newest_ns)
{
  char head[HEAD];
  size_t n = size < HEAD ? (size_t) size : HEAD;
  if (!read_at (fd, head, n, 0))
    return false;
  const char *p = expect (head, head + n, "["), *end = head + n;
  if (p)
    p = expect (p, end, "{");
  if (!p || !parse_stamp (p, end, ret_newest_ns))
    return false;
  for (size_t tail = TAIL;; tail *= 8) {
    bool all = (off_t) tail >= size;
    if (last_stamp (fd, size, all ? (size_t) size : tail, ret_newest_ns))
      return true;
    if (all || tail > MAX_TAIL)
      return false;
  }
}

/* Looks at a file once more before it goes. 1: it may; 0: it stays; -ENOENT: it is gone. */
static int
judge (struct retention_file *f, int directory, const char *name, int64_t max_age_ns, struct retention_clock now)
{
  struct stat st;
  int64_t newest = 0;
  int fd = openat (directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return errno == ENOENT ? -ENOENT : 0;
  bool ours = fstat (fd, &st) == 0 && S_ISREG (st.st_mode) && st.st_uid == geteuid () && is_ours (fd, st.st_size, &newest);
  close (fd);
  if (!ours)
    return 0;
  int64_t mtime = mtime_ns (&st);
  newest = newest > mtime ? newest : mtime;
  if (newest > f->newest_ns && f->age_ns > 0) {
    int64_t age = first_age (newest, (struct retention_clock){.wall_ns = f->newest_ns + f->age_ns});
    f->newest_ns = newest;
    f->age_ns = age < f->age_ns ? age : f->age_ns;
  }
  return !max_age_ns || age_of (f, now) > max_age_ns;
}

/* Removes a file or takes it off the list. 1: removed. */
static int
remove_file (struct retention *r, struct retention_file *f, int directory, int64_t max_age_ns, struct retention_clock now)
{
  char name[NAME_SIZE];
  name_of_code (f->code, name);
  int verdict = judge (f, directory, name, max_age_ns, now);
  if (verdict == 0 && max_age_ns && age_of (f, now) <= max_age_ns)
    return 0; /* younger than it looked */
  if (verdict == 0)
    r->kept++;
  if (verdict == 1 && unlinkat (directory, name, 0) < 0 && errno != ENOENT)
    return -errno;
  forget (r, f);
  return verdict == 1;
}

static struct retention_file *
oldest (struct retention *r, uint64_t current, struct retention_clock now)
{
  struct retention_file *found = NULL;
  for (size_t i = 0; i < r->n; i++) {
    struct retention_file *f = r->files + i;
    if (f->code == current)
      continue;
    int64_t difference = found ? age_of (f, now) - age_of (found, now) : 1;
    if (difference > 0 || (!difference && f->code < found->code))
      found = f;
  }
  return found;
}

int
retention_run (struct retention *r, int directory, const char *current, struct retention_clock now)
{
  uint64_t keep = 0;
  name_parse (current, &keep);
  if (!r->scanned_ns || now.mono_ns - r->scanned_ns >= RESCAN_NS) {
    int error = scan (r, directory, now);
    if (error)
      return error;
  }
  for (int n = 0; n < AT_A_TIME; n++) {
    struct retention_file *f = oldest (r, keep, now);
    bool old = f && age_of (f, now) > r->max_age_ns, much = f && r->max_bytes && r->bytes > r->max_bytes;
    if (!old && !much)
      return 0;
    int removed = remove_file (r, f, directory, old ? r->max_age_ns : 0, now);
    if (removed < 0)
      return removed;
    r->aged += old && removed;
    r->pushed += !old && removed;
  }
  return 1;
}

int64_t
retention_pause (const struct retention *r)
{
  int64_t pause = r->max_age_ns / 8;
  return pause < SECOND_NS ? SECOND_NS : pause > 60 * SECOND_NS ? 60 * SECOND_NS : pause;
}

void
retention_free (struct retention *r)
{
  free (r->files);
  *r = (struct retention){0};
}
