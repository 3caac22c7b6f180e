#include "read-back.h"

#include "buf.h"
#include "journal.h"
#include "path.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILE = JOURNAL_MAX, MOST_JOURNALS = 64, MOST_PATH = 4096 };

static const int64_t SECOND_NS = 1000000000, MARGIN = 3600;

struct file {
  int64_t mtime_ns;
  char *path;
};

struct files {
  struct file *list;
  size_t n, capacity;
};

struct reader {
  const struct read_back *source;
  struct read_back_report *out;
  int64_t *known; /* times of what stands in a journal, sorted: files may have it, too */
  size_t n_known;
  bool passed; /* a file began long after `until` */
  bool begins; /* the next entry is the first of a file */
  int error;
};

/* ---- Entries ---- */

/* To the microsecond, which is what is written. */
bool
read_back_time (json_object *entry, int64_t *ret_ns)
{
  json_object *system, *value;
  if (!json_object_is_type (entry, json_type_object) || !json_object_object_get_ex (entry, "system", &system)
      || !json_object_is_type (system, json_type_object) || !json_object_object_get_ex (system, "timestamp", &value))
    return false;
  if (!json_object_is_type (value, json_type_double) && !json_object_is_type (value, json_type_int))
    return false;
  const double seconds = json_object_get_double (value);
  if (!(seconds >= 1 && seconds <= 253402300799.0))
    return false;
  *ret_ns = (int64_t) llround (seconds * 1e6) * 1000;
  return true;
}

static int
compare (const void *a, const void *b)
{
  int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
  return (x > y) - (x < y);
}

static void
take_entry (struct reader *r, json_object *entry, bool of_journal)
{
  int64_t wall_ns;
  if (!read_back_time (entry, &wall_ns)) {
    r->out->strange++;
    return;
  }
  r->passed |= r->begins && !of_journal && r->source->until && wall_ns / SECOND_NS > r->source->until + MARGIN;
  if (!of_journal && r->n_known && bsearch (&wall_ns, r->known, r->n_known, sizeof *r->known, compare))
    return;
  r->out->entries++;
  r->error = r->source->entry (r->source->data, entry, wall_ns, r->begins);
  r->begins = false;
}

/* An array of entries, or entries with commas between them, as a journal has them. NULL: it is none. */
static json_object *
parse (const char *text, size_t length)
{
  struct json_tokener *tokener = json_tokener_new ();
  json_object *whole = tokener && length <= MOST_FILE ? json_tokener_parse_ex (tokener, text, (int) length) : NULL;
  if (whole && (json_tokener_get_error (tokener) != json_tokener_success || !json_object_is_type (whole, json_type_array))) {
    json_object_put (whole);
    whole = NULL;
  }
  if (tokener)
    json_tokener_free (tokener);
  return whole;
}

static void
note_fault (struct reader *r, const char *path, const char *what)
{
  if (!*r->out->fault)
    snprintf (r->out->fault, sizeof r->out->fault, "%.440s: %.60s", path, what);
}

static void
read_file (struct reader *r, const char *path)
{
  char *text = NULL;
  size_t length;
  int e = path_read_file (path, MOST_FILE, &text, &length);
  if (e == -ENOENT)
    return; /* too old, just now */
  json_object *whole = e ? NULL : parse (text, length);
  free (text);
  if (!whole) {
    r->out->damaged++;
    note_fault (r, path, e ? strerror (-e) : length ? "cut off, or no array of entries" : "empty");
    return;
  }
  const uint64_t before = r->out->strange;
  r->out->files++;
  r->begins = true;
  for (size_t i = 0; i < json_object_array_length (whole) && !r->error; i++)
    take_entry (r, json_object_array_get_idx (whole, i), false);
  if (r->out->strange > before)
    note_fault (r, path, "something in it is no entry");
  json_object_put (whole);
}

/* ---- Journals ---- */

static int
collect (void *arg, const struct journal_record *record)
{
  struct buf *all = arg;
  if (record->type != JOURNAL_ENTRY || !record->length)
    return 0;
  buf_adds (all, all->len > 1 ? "," : "");
  buf_add (all, record->payload, record->length);
  return all->error;
}

/* As an array of entries; NULL when nothing is in it. Others go on writing it: what is torn at its end is not there yet. */
static json_object *
read_journal (const char *path)
{
  struct buf all BUF_CLEANUP = {0};
  struct journal_report report;
  char *bytes = NULL;
  size_t length;
  if (path_read_file (path, MOST_FILE, &bytes, &length) < 0)
    return NULL;
  buf_addc (&all, '[');
  int e = journal_scan (bytes, length, collect, &all, &report);
  buf_addc (&all, ']');
  free (bytes);
  return e || all.error ? NULL : parse (all.data, all.len);
}

static void
remember (struct reader *r, json_object *journal)
{
  size_t n = json_object_array_length (journal);
  int64_t *known = reallocarray (r->known, r->n_known + n + 1, sizeof *known);
  if (!known) {
    r->error = -ENOMEM;
    return;
  }
  r->known = known;
  for (size_t i = 0; i < n; i++)
    if (read_back_time (json_object_array_get_idx (journal, i), known + r->n_known))
      r->n_known++;
}

/* ---- The directory ---- */

static int
by_age (const void *a, const void *b)
{
  const struct file *x = a, *y = b;
  return x->mtime_ns != y->mtime_ns ? (x->mtime_ns > y->mtime_ns) - (x->mtime_ns < y->mtime_ns) : strcmp (x->path, y->path);
}

static void
free_files (struct files *files)
{
  for (size_t i = 0; i < files->n; i++)
    free (files->list[i].path);
  free (files->list);
}

static int
add_file (struct files *files, const char *path, int64_t mtime_ns)
{
  if (files->n == files->capacity) {
    size_t capacity = files->capacity ? files->capacity * 2 : 64;
    struct file *list = reallocarray (files->list, capacity, sizeof *list);
    if (!list)
      return -ENOMEM;
    files->list = list;
    files->capacity = capacity;
  }
  char *copy = strdup (path);
  if (!copy)
    return -ENOMEM;
  files->list[files->n++] = (struct file){.mtime_ns = mtime_ns, .path = copy};
  return 0;
}

/* The regular files of a directory that match, written at `since` or later, the oldest first. */
static int
list_files (const char *directory, const char *pattern, int64_t since, struct files *ret)
{
  char path[MOST_PATH];
  struct stat st;
  int r = 0;
  DIR *d = opendir (directory);
  if (!d)
    return -errno;
  for (const struct dirent *e; r == 0 && (e = readdir (d));) {
    if (fnmatch (pattern, e->d_name, FNM_PERIOD) || snprintf (path, sizeof path, "%s/%s", directory, e->d_name) >= MOST_PATH)
      continue;
    if (lstat (path, &st) == 0 && S_ISREG (st.st_mode) && st.st_mtim.tv_sec >= since)
      r = add_file (ret, path, (int64_t) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
  }
  closedir (d);
  if (ret->n)
    qsort (ret->list, ret->n, sizeof *ret->list, by_age);
  return r;
}

static int
read_all (struct reader *r, const struct files *files, const struct files *journals)
{
  json_object *open[MOST_JOURNALS];
  size_t n = 0;
  bool go_on = true;
  for (size_t i = 0; i < journals->n && n < MOST_JOURNALS && !r->error; i++) {
    open[n] = read_journal (journals->list[i].path);
    if (open[n])
      remember (r, open[n++]);
  }
  if (r->n_known)
    qsort (r->known, r->n_known, sizeof *r->known, compare);
  for (size_t i = 0; i < files->n && !r->error && go_on && !r->passed; i++) {
    go_on = !r->source->go_on || r->source->go_on (r->source->data, i, files->n);
    if (go_on)
      read_file (r, files->list[i].path);
  }
  for (size_t i = 0; i < n; i++) {
    r->begins = true;
    for (size_t j = 0; j < json_object_array_length (open[i]) && !r->error && go_on; j++)
      take_entry (r, json_object_array_get_idx (open[i], j), true);
    json_object_put (open[i]);
  }
  return r->error ? r->error : go_on ? 0 : -ECANCELED;
}

int
read_back (const struct read_back *source, struct read_back_report *ret)
{
  struct reader r = {.source = source, .out = ret};
  struct files files = {0}, journals = {0};
  char path[MOST_PATH];
  snprintf (path, sizeof path, "%s/journal", source->directory);
  int e = list_files (path, "*.journal", source->since, &journals);
  e = e == -ENOENT ? 0 : e;
  if (e == 0)
    e = list_files (source->directory, "metrics_*.json", source->since, &files);
  if (e == 0)
    e = read_all (&r, &files, &journals);
  free_files (&files);
  free_files (&journals);
  free (r.known);
  return e;
}
