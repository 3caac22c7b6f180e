#include "recover.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t
count_lines (const char *text, size_t length)
{
  uint64_t n = 1;
  for (const char *p = text; (p = memchr (p, '\n', length - (size_t) (p - text))); p++)
    n++;
  return n;
}

static int
collect (void *arg, const struct journal_record *record)
{
  struct segment *s = arg;
  uint64_t code;
  if (record->type == JOURNAL_NAME) {
    char name[NAME_SIZE] = "";
    if (record->length >= sizeof name)
      return 0;
    memcpy (name, record->payload, record->length);
    if (name_parse (name, &code))
      memcpy (s->name, name, sizeof name);
    return 0;
  }
  int r = segment_reserve (s, record->length);
  if (r || !record->length)
    return r;
  uint64_t entries = s->entries + count_lines (record->payload, record->length);
  segment_add (s, record->wall_ns, record->payload, record->length);
  s->entries = entries;
  return 0;
}

/* The file's text in b; -ENOENT when there is none, also when it is nothing that we may look into. */
static int
read_file (const struct store *store, const char *name, struct buf *b, struct stat *st)
{
  int fd = openat (store->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  if (fd < 0)
    return errno == ELOOP ? -ENOENT : -errno;
  int r = fstat (fd, st) < 0 ? -errno : S_ISREG (st->st_mode) && st->st_size <= JOURNAL_MAX ? 0 : -ENOENT;
  size_t size = r ? 0 : (size_t) st->st_size;
  if (!r && !buf_reserve (b, size + 1))
    r = b->error;
  while (!r && b->len < size) {
    ssize_t n = read (fd, b->data + b->len, size - b->len);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0) {
      r = n ? -errno : 0;
      break;
    }
    b->len += (size_t) n;
  }
  close (fd);
  return r;
}

/* The file is the beginning of the segment, as an earlier publish left it, or as a power cut left that: torn, or empty. Nothing
 * in it is lost when the segment takes its place. */
static bool
is_beginning (const struct buf *file, const struct segment *s)
{
  size_t n = file->len;
  while (n && (file->data[n - 1] == '\n' || file->data[n - 1] == ']'))
    n--;
  return n <= s->text.len && !memcmp (file->data, s->text.data, n);
}

/* Leaves out of the segment each entry that stands in the file. */
static int
drop_known (const struct buf *file, struct segment *s, uint64_t *duplicates)
{
  struct buf old BUF_CLEANUP = s->text;
  int64_t wall_ns = s->newest_wall_ns;
  s->text = (struct buf){0};
  s->entries = 0;
  const char *p = old.data + 1, *end = old.data + old.len;
  while (p < end) {
    const char *stop = memchr (p, '\n', (size_t) (end - p));
    size_t length = (size_t) ((stop ? stop - 1 : end) - p);
    if (length && memmem (file->data, file->len, p, length))
      (*duplicates)++;
    else if (length) {
      int r = segment_reserve (s, length);
      if (r)
        return r;
      segment_add (s, wall_ns, p, length);
    }
    p = stop ? stop + 1 : end;
  }
  return 0;
}

int
recover_settle (const struct store *store, struct segment *s, struct recovery *counts, bool *changed)
{
  struct buf file BUF_CLEANUP = {0};
  struct stat st;
  int r = s->name[0] ? read_file (store, s->name, &file, &st) : -EEXIST;
  if (r == -ENOENT) {
    struct stat there;
    r = fstatat (store->directory, s->name, &there, AT_SYMLINK_NOFOLLOW) == 0 ? -EEXIST : 0;
    if (!r)
      return 0;
  } else if (!r && is_beginning (&file, s)) {
    s->on_disk = true;
    s->device = st.st_dev;
    s->inode = st.st_ino;
    s->bytes = st.st_size;
    return 0;
  } else if (!r)
    r = drop_known (&file, s, &counts->duplicates);
  if (r && r != -EEXIST)
    return r;
  *changed = true;
  if (!s->entries)
    return 0;
  s->number = 0;
  return name_choose (store->directory, s->first_wall_ns, &s->number, s->name);
}

int
recover_journal (const struct store *store, struct journal *j, const char *name, const struct segment *s)
{
  if (!s->entries)
    return journal_replace (j, store->journals, name, NULL, 0);
  struct journal_record records[] = {
      {JOURNAL_NAME, s->newest_wall_ns, s->name, strlen (s->name)},
      {JOURNAL_ENTRY, s->newest_wall_ns, s->text.data + 1, s->text.len - 1},
  };
  return journal_replace (j, store->journals, name, records, 2);
}

int
recover_segment (const struct store *store, struct journal *j, const char *name, struct segment *s, struct recovery *counts)
{
  struct journal_report report;
  bool changed = false;
  s->name[0] = 0;
  int r = journal_load (j, collect, s, &report);
  if (r)
    return r;
  counts->entries += s->entries;
  if (s->entries)
    r = recover_settle (store, s, counts, &changed);
  if (r)
    return r;
  if (report.damaged || report.foreign) {
    counts->damaged++;
    changed = true;
    r = journal_quarantine (store->journals, name);
    if (r)
      return r;
  } else
    counts->torn_bytes += report.torn;
  if (changed)
    return recover_journal (store, j, name, s);
  return s->entries ? 0 : journal_reset (j);
}
