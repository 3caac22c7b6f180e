#include "recorder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char JOURNAL_SUFFIX[] = ".journal";
static const char STRAY_TEMPORARY[] = "stray.tmp";

enum { SLOTS = 16, MAX_STRAYS = 64, NAME_TRIES = 8 };

static int
failed (struct recorder *r, const char *step, int error)
{
  r->step = step;
  return error;
}

/* The first journal name of this instance that nobody holds: during a reload the old instance may still be writing to its own.
 */
static int
open_journal (struct recorder *r)
{
  int error = -EWOULDBLOCK;
  for (int slot = 1; slot <= SLOTS && error == -EWOULDBLOCK; slot++) {
    char number[8] = "";
    if (slot > 1)
      snprintf (number, sizeof number, ".%d", slot);
    snprintf (r->journal_name, sizeof r->journal_name, "%s%s%s", r->instance, number, JOURNAL_SUFFIX);
    snprintf (r->temporary, sizeof r->temporary, "%s%s.tmp", r->instance, number);
    error = journal_open (r->store.journals, r->journal_name, &r->journal);
  }
  return error;
}

static enum segment_sync
final_sync (const struct recorder *r)
{
  return r->fsync == RECORDER_FSYNC_NEVER ? SEGMENT_NO_SYNC : SEGMENT_SYNC;
}

/* Publishes a segment under its name, or under the next free one when somebody was faster; the journal learns the new name
 * first. */
static int
publish (struct recorder *r, struct segment *s, struct journal *j, const char *temporary, enum segment_sync sync)
{
  int error = 0;
  for (int try = 0; try < NAME_TRIES; try++) {
    error = segment_publish (s, &r->store, temporary, sync, &r->sync_error);
    if (error != -EEXIST)
      break;
    char name[NAME_SIZE];
    unsigned number = s->number;
    error = name_choose (r->store.directory, s->first_wall_ns, &number, name);
    if (error)
      return failed (r, "find a free name for a file", error);
    struct journal_record record = {JOURNAL_NAME, s->newest_wall_ns, name, strlen (name)};
    error = journal_append (j, &record, 1);
    if (error)
      return failed (r, "append to the journal", error);
    memcpy (s->name, name, sizeof name);
    s->number = number;
  }
  r->sync_errors += r->sync_error != 0;
  return error ? failed (r, "write a file", error) : 0;
}

/* Makes files of what a journal holds that is not the current one, and empties it. */
static int
fold_in (struct recorder *r, struct journal *j, const char *name)
{
  struct segment stray = {0};
  int error = recover_segment (&r->store, j, name, &stray, &r->recovery);
  if (!error && stray.entries)
    error = publish (r, &stray, j, STRAY_TEMPORARY, final_sync (r));
  if (!error)
    error = journal_reset (j);
  r->segment.wrote += stray.wrote;
  segment_let_go (&stray, &r->store, STRAY_TEMPORARY);
  buf_free (&stray.text);
  return error;
}

static bool
is_stray (const struct recorder *r, const char *name)
{
  size_t n = strlen (name), suffix = sizeof JOURNAL_SUFFIX - 1;
  return n > suffix && n < RECORDER_NAME && !strcmp (name + n - suffix, JOURNAL_SUFFIX) && strcmp (name, r->journal_name);
}

/* Journals that nobody holds: of an instance that was renamed, or of one that a crash ended during a reload. */
static void
fold_in_strays (struct recorder *r)
{
  int fd = openat (r->store.journals, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *dir = fd < 0 ? NULL : fdopendir (fd);
  if (!dir) {
    if (fd >= 0)
      close (fd);
    return;
  }
  struct dirent *entry;
  for (int n = 0; n < MAX_STRAYS && (entry = readdir (dir)); n++) {
    struct journal stray;
    if (!is_stray (r, entry->d_name) || journal_open (r->store.journals, entry->d_name, &stray))
      continue;
    /* What cannot be folded in now is left for the next start. */
    if (!fold_in (r, &stray, entry->d_name))
      unlinkat (r->store.journals, entry->d_name, 0);
    journal_close (&stray);
  }
  closedir (dir);
}

/* Opens everything anew; what is in memory gets a journal again. */
static int
open_all (struct recorder *r)
{
  bool changed;
  segment_let_go (&r->segment, NULL, r->temporary);
  journal_close (&r->journal);
  int error = store_open (&r->store);
  if (error)
    return failed (r, "make the data directory", error);
  error = open_journal (r);
  if (error)
    return failed (r, "open the journal", error);
  if (!r->segment.entries) {
    error = recover_segment (&r->store, &r->journal, r->journal_name, &r->segment, &r->recovery);
    if (error)
      segment_clear (&r->segment);
  } else {
    if (r->journal.size)
      error = fold_in (r, &r->journal, r->journal_name);
    if (!error)
      error = recover_settle (&r->store, &r->segment, &r->recovery, &changed);
    if (!error)
      error = recover_journal (&r->store, &r->journal, r->journal_name, &r->segment);
  }
  if (error) {
    journal_close (&r->journal);
    return failed (r, "recover the journal", error);
  }
  return 0;
}

static int
check_open (struct recorder *r, bool thoroughly)
{
  struct stat st;
  bool lost = r->journal.fd < 0 || fstat (r->journal.fd, &st) < 0 || !st.st_nlink || (thoroughly && store_is_lost (&r->store));
  if (!lost)
    return 0;
  bool again = r->journal.fd >= 0;
  int error = open_all (r);
  r->reopened += again && !error;
  return error;
}

int
recorder_open (struct recorder *r, const char *path, mode_t file_mode, const char *instance, int64_t wall_ns)
{
  r->store = (struct store){.path = path, .file_mode = file_mode, .directory = -1, .journals = -1};
  r->journal.fd = -1;
  snprintf (r->instance, sizeof r->instance, "%s", instance);
  for (char *p = r->instance; *p; p++)
    if (*p == '/' || *p == '.')
      *p = '_';
  int error = open_all (r);
  if (error)
    return error;
  fold_in_strays (r);
  if (!r->segment.entries)
    return 0;
  if (segment_takes (&r->segment, wall_ns, 0, r->segment_bytes))
    return recorder_publish (r, SEGMENT_NO_SYNC);
  return recorder_finish (r);
}

static int
append (struct recorder *r, int64_t wall_ns, const char *entry, size_t length)
{
  struct segment *s = &r->segment;
  struct journal_record records[2];
  unsigned n = 0;
  int error = segment_reserve (s, length);
  if (error)
    return failed (r, "keep an entry in memory", error);
  if (!s->entries) {
    s->number = 0;
    error = name_choose (r->store.directory, wall_ns, &s->number, s->name);
    if (error)
      return failed (r, "find a free name for a file", error);
    records[n++] = (struct journal_record){JOURNAL_NAME, wall_ns, s->name, strlen (s->name)};
  }
  records[n++] = (struct journal_record){JOURNAL_ENTRY, wall_ns, entry, length};
  error = journal_append (&r->journal, records, n);
  if (error)
    return failed (r, "append to the journal", error);
  segment_add (s, wall_ns, entry, length);
  return 0;
}

int
recorder_publish (struct recorder *r, enum segment_sync sync)
{
  int error = check_open (r, true);
  if (error)
    return error;
  if (r->fsync == RECORDER_FSYNC_ALWAYS)
    sync = SEGMENT_SYNC;
  const struct segment *s = &r->segment;
  if (!s->entries || (s->on_disk && s->published == s->entries && (s->synced || sync == SEGMENT_NO_SYNC)))
    return 0;
  return publish (r, &r->segment, &r->journal, r->temporary, sync);
}

static int
finish (struct recorder *r, enum segment_sync sync)
{
  if (!r->segment.entries)
    return 0;
  int error = recorder_publish (r, sync);
  if (error)
    return error;
  error = journal_reset (&r->journal);
  if (error)
    return failed (r, "empty the journal", error);
  memcpy (r->last.name, r->segment.name, sizeof r->last.name);
  r->last.bytes = (uint64_t) r->segment.bytes;
  r->last.newest_wall_ns = r->segment.newest_wall_ns;
  r->files++;
  segment_clear (&r->segment);
  return 0;
}

int
recorder_finish (struct recorder *r)
{
  return finish (r, final_sync (r));
}

int
recorder_add (struct recorder *r, int64_t wall_ns, const char *entry, size_t length)
{
  int error = check_open (r, false);
  if (error)
    return error;
  if (!segment_takes (&r->segment, wall_ns, length, r->segment_bytes)) {
    /* Files that are full before the minute is over wait for its end: syncing each would be one sync a sample on large
     * machines. */
    bool full = segment_takes (&r->segment, wall_ns, length, UINT64_MAX);
    error = finish (r, full ? SEGMENT_NO_SYNC : final_sync (r));
    if (error)
      return error;
  }
  error = append (r, wall_ns, entry, length);
  if (error)
    return error;
  if (r->fsync == RECORDER_FSYNC_ALWAYS && fdatasync (r->journal.fd) < 0) {
    r->sync_error = -errno;
    r->sync_errors++;
  }
  return 0;
}

void
recorder_close (struct recorder *r)
{
  bool second = strchr (r->journal_name, '.') != strrchr (r->journal_name, '.');
  if (r->journal.fd >= 0 && second && !r->journal.size)
    unlinkat (r->store.journals, r->journal_name, 0);
  segment_let_go (&r->segment, &r->store, r->temporary);
  journal_close (&r->journal);
  store_close (&r->store);
  buf_free (&r->segment.text);
}
