#include "file-stamp.h"

#include <sys/stat.h>

struct file_stamp
file_stamp (const char *path)
{
  struct stat st;
  if (stat (path, &st))
    return (struct file_stamp){0};
  return (struct file_stamp){.device = st.st_dev,
                             .inode = st.st_ino,
                             .size = st.st_size,
                             .mtime_ns = (int64_t) st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec};
}

enum file_change
file_change (const char *path, const struct file_stamp *then)
{
  struct file_stamp now = file_stamp (path);
  if (!then->inode)
    return FILE_SAME;
  if (!now.inode)
    return FILE_GONE;
  return now.device == then->device && now.inode == then->inode && now.size == then->size && now.mtime_ns == then->mtime_ns
           ? FILE_SAME
           : FILE_CHANGED;
}
