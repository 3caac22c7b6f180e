#include "recorded.h"

#include "../file-writer/journal.h"
#include "minutes.h"
#include "path.h"
#include "recorded-entry.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_FILE = JOURNAL_MAX, MOST_JOURNALS = 64, MOST_PATH = 4096 };

struct file {
  int64_t mtime_ns;
  char *path;
};

struct files {
  struct file *list;
  size_t n, capacity;
};

struct reader {
  const struct recorded_source *source;
  struct recorded *out;
  struct minutes minutes;
  struct recorded_memory memory;
  int64_t *known; /* times of what stands in a journal, sorted: files may have it, too */
  size_t n_known;
  int64_t last_ns; /* of what was taken */
  bool begins;     /* the next entry is the first of a file */
  int error;
};

/* ---- Points ---- */

size_t
recorded_find (const struct recorded *r, int64_t minute)
{
  size_t low = 0, high = r->n;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    if (r->points[middle].minute < minute)
      low = middle + 1;
    else
      high = middle;
  }
  return low < r->n && r->points[low].minute == minute ? low : r->n;
}

int
recorded_get (const struct recorded *r, size_t i, struct point *ret)
{
  const struct recorded_point *p = &r->points[i];
  return point_unpack ((const unsigned char *) r->packed.data + p->offset, p->length, ret);
}

void
recorded_free (struct recorded *r)
{
  if (!r)
    return;
  free (r->points);
  buf_free (&r->packed);
  *r = (struct recorded){0};
}

static int
insert (struct recorded *r, const struct recorded_point *p)
{
  size_t at = r->n;
  if (r->n == r->capacity) {
    size_t capacity = r->capacity ? r->capacity * 2 : 256;
    struct recorded_point *points = reallocarray (r->points, capacity, sizeof *points);
    if (!points)
      return -ENOMEM;
    r->points = points;
    r->capacity = capacity;
  }
  while (at > 0 && r->points[at - 1].minute > p->minute)
    at--;
  memmove (r->points + at + 1, r->points + at, (r->n - at) * sizeof *p);
  r->points[at] = *p;
  r->n++;
  return 0;
}

static int
keep (struct recorded *r, const struct point *p)
{
  unsigned char packed[POINT_PACKED];
  size_t length = point_pack (p, packed), there = recorded_find (r, p->minute);
  if (!length || (there < r->n && r->points[there].samples >= p->samples))
    return 0;
  struct recorded_point new = {.minute = p->minute, .samples = p->samples, .offset = r->packed.len, .length = length};
  r->packed.max = SIZE_MAX;
  buf_add (&r->packed, packed, length);
  if (r->packed.error)
    return r->packed.error;
  if (there == r->n)
    return insert (r, &new);
  r->points[there] = new;
  return 0;
}

static void
over (void *arg, const struct minute *m)
{
  struct reader *r = arg;
  struct point p;
  struct minute_lack lack;
  if (r->error || m->start < r->source->since || m->start >= r->source->until)
    return;
  if (minute_point (m, r->source->host, r->source->created_ns, &p, &lack) < 0)
    r->out->incomplete++;
  else
    r->error = keep (r->out, &p);
}

/* ---- Entries ---- */

static int
compare (const void *a, const void *b)
{
  int64_t x = *(const int64_t *) a, y = *(const int64_t *) b;
  return (x > y) - (x < y);
}

static void
take_entry (struct reader *r, json_object *entry, bool of_journal)
{
  struct minute_reading reading;
  struct recorded_memory before = r->memory;
  if (!recorded_entry (&r->memory, entry, &reading))
    return;
  if (!of_journal && r->n_known && bsearch (&reading.wall_ns, r->known, r->n_known, sizeof *r->known, compare)) {
    r->memory = before;
    return;
  }
  /* Files that overlap are of a time that came twice, as the clock was set back: they are not one minute's samples. */
  if (r->begins && reading.wall_ns < r->last_ns) {
    minutes_flush (&r->minutes);
    minutes_init (&r->minutes, over, r);
  }
  r->begins = false;
  r->last_ns = reading.wall_ns;
  r->out->entries++;
  minutes_take (&r->minutes, &reading);
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
    if (!r->out->damaged++)
      snprintf (r->out->fault, sizeof r->out->fault, "%.440s: %.60s", path, e ? strerror (-e) : "no array of entries");
    return;
  }
  r->out->files++;
  r->begins = true;
  for (size_t i = 0; i < json_object_array_length (whole) && !r->error; i++)
    take_entry (r, json_object_array_get_idx (whole, i), false);
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
  for (size_t i = 0; i < n; i++) {
    struct recorded_memory none = {0};
    struct minute_reading reading;
    if (recorded_entry (&none, json_object_array_get_idx (journal, i), &reading))
      known[r->n_known++] = reading.wall_ns;
  }
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
  for (size_t i = 0; i < files->n && !r->error && go_on; i++) {
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
  minutes_flush (&r->minutes);
  return r->error ? r->error : go_on ? 0 : -ECANCELED;
}

int
recorded_read (const struct recorded_source *source, struct recorded *ret)
{
  struct reader *r = calloc (1, sizeof *r);
  struct files files = {0}, journals = {0};
  char path[MOST_PATH];
  if (!r)
    return -ENOMEM;
  r->source = source;
  r->out = ret;
  r->memory = (struct recorded_memory){.cpu_ns = source->cpu_ns, .memory_ns = source->memory_ns};
  minutes_init (&r->minutes, over, r);
  snprintf (path, sizeof path, "%s/journal", source->directory);
  int e = list_files (path, "*.journal", source->since, &journals);
  e = e == -ENOENT ? 0 : e;
  if (e == 0)
    e = list_files (source->directory, "metrics_*.json", source->since, &files);
  if (e == 0)
    e = read_all (r, &files, &journals);
  free_files (&files);
  free_files (&journals);
  free (r->known);
  free (r);
  return e;
}
