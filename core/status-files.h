/* Which instances run code that is no longer what their plugin's file holds. */
#ifndef STATUS_FILES_H
#define STATUS_FILES_H

#include "instance.h"

#include <json.h>

struct status_file;
struct status_files {
  struct status_file *items;
  size_t n;
};

/* Notes the file of an instance that `o` tells of; asks no file system, so it may be called under a lock. `o` outlives f. */
void status_files_add (struct status_files *f, struct instance *i, struct json_object *o);
/* Looks at the files, says "on_disk" in each object that was noted, "notices" in `whole`, and frees what f holds. */
void status_files_end (struct status_files *f, struct json_object *whole);
#endif
