#include "status-files.h"

#include "utf8.h"

#include <stdlib.h>
#include <string.h>

struct status_file {
  struct json_object *to;
  char *name, *path;
  struct file_stamp stamp;
  bool isolated;
  enum file_change change;
};

void
status_files_add (struct status_files *f, struct instance *i, struct json_object *o)
{
  const struct descriptor *d = i->plan->loaded;
  if (!d || !d->path)
    return;
  struct status_file *items = reallocarray (f->items, f->n + 1, sizeof *items);
  if (!items)
    return;
  f->items = items;
  struct status_file *file = items + f->n;
  *file = (struct status_file){.to = o, .name = strdup (i->plan->name), .path = strdup (d->path), .isolated = d->said};
  pthread_mutex_lock (&i->lock);
  file->stamp = i->file;
  pthread_mutex_unlock (&i->lock);
  f->n++;
}

/* One line for all that the same is to be done about. */
static void
add_notice (const struct status_files *f, enum file_change change, bool isolated, const char *text, struct json_object *notices)
{
  struct buf BUF_CLEANUP b = {0};
  for (size_t i = 0; i < f->n; i++) {
    const struct status_file *file = f->items + i;
    if (file->change != change || file->isolated != isolated || !file->name)
      continue;
    buf_adds (&b, b.len ? ", " : text);
    utf8_clean (&b, file->name, strlen (file->name), SIZE_MAX);
  }
  if (b.len && !b.error)
    json_object_array_add (notices, json_object_new_string_len (b.data, (int) b.len));
}

void
status_files_end (struct status_files *f, struct json_object *whole)
{
  static const char *const words[] = {"same", "changed", "gone"};
  struct json_object *notices = json_object_new_array ();
  for (size_t i = 0; i < f->n; i++) {
    struct status_file *file = f->items + i;
    file->change = file->path ? file_change (file->path, &file->stamp) : FILE_SAME;
    json_object_object_add (file->to, "on_disk", json_object_new_string (words[file->change]));
  }
  add_notice (f, FILE_CHANGED, false, "changed on disk, restart: ", notices);
  add_notice (f, FILE_CHANGED, true, "changed on disk, reload: ", notices);
  add_notice (f, FILE_GONE, false, "gone from disk, goes on until a restart: ", notices);
  add_notice (f, FILE_GONE, true, "gone from disk, goes on as long as its process: ", notices);
  json_object_object_add (whole, "notices", notices);
  for (size_t i = 0; i < f->n; i++) {
    free (f->items[i].name);
    free (f->items[i].path);
  }
  free (f->items);
  *f = (struct status_files){0};
}
