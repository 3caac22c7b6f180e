/* What tells one version of a file from the next: an upgrade puts another file in its place, or writes it anew. */
#ifndef FILE_STAMP_H
#define FILE_STAMP_H

#include <stdint.h>

struct file_stamp {
  uint64_t device, inode; /* 0, 0: there was no such file */
  int64_t size, mtime_ns;
};

enum file_change { FILE_SAME, FILE_CHANGED, FILE_GONE };

/* Of what path leads to now. */
struct file_stamp file_stamp (const char *path);
/* What became of the file in path since its stamp was taken. A stamp of no file stays FILE_SAME. */
enum file_change file_change (const char *path, const struct file_stamp *then);
#endif
