/* What file-writer recorded, read again: each entry once, in the order of the files; what only a journal has comes last. */
#ifndef READ_BACK_H
#define READ_BACK_H

#include <json-c/json.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct read_back {
  const char *directory; /* with metrics_*.json, and journal/ */
  int64_t since;         /* Unix seconds: files that were written last before that are left out; */
  int64_t until;         /* … and those behind one that begins an hour after this; 0: none */
  bool (*go_on) (void *data, size_t done, size_t files); /* asked before each file; false: stop. NULL: none */
  /* Each entry, borrowed. `begins`: it is the first of a file. 0, or -errno, which ends it. */
  int (*entry) (void *data, json_object *entry, int64_t wall_ns, bool begins);
  void *data;
};

struct read_back_report {
  uint64_t files, entries;
  uint64_t damaged; /* files that are no array of entries */
  uint64_t strange; /* what stands in files and is no entry */
  char fault[512];  /* of the first file that is damaged or has such; "" */
};

/* `ret` begins as {0}. Files of more than 64 MiB count as damaged. 0; -ENOENT and others (the directory), -ECANCELED (go_on),
 * -ENOMEM, what `entry` returned. */
int read_back (const struct read_back *source, struct read_back_report *ret);
/* When an entry was taken. False: it is none. */
bool read_back_time (json_object *entry, int64_t *ret_ns);
#endif
