#include "store.h"

#include "path.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Who may read the files must be able to list the directory as well. */
static void
open_to_readers (int directory, mode_t file_mode)
{
  struct stat st;
  mode_t wanted = 0700 | (file_mode & 040 ? 050 : 0) | (file_mode & 04 ? 05 : 0);
  if (wanted != 0700 && fstat (directory, &st) == 0 && st.st_uid == geteuid () && (st.st_mode & wanted) != wanted)
    fchmod (directory, (st.st_mode & 07777) | wanted);
}

int
store_open (struct store *s)
{
  enum { FLAGS = O_RDONLY | O_DIRECTORY | O_CLOEXEC };
  store_close (s);
  int r = path_mkdirs (s->path, 0700);
  if (r)
    return r;
  int directory = open (s->path, FLAGS);
  if (directory < 0)
    return -errno;
  if (mkdirat (directory, STORE_JOURNALS, 0700) < 0)
    r = errno == EEXIST ? 0 : -errno;
  else if (fchmodat (directory, STORE_JOURNALS, 0700, 0) < 0) /* whatever the umask said */
    r = -errno;
  if (r) {
    close (directory);
    return r;
  }
  int journals = openat (directory, STORE_JOURNALS, FLAGS | O_NOFOLLOW);
  if (journals < 0) {
    r = -errno;
    close (directory);
    return r;
  }
  open_to_readers (directory, s->file_mode);
  s->directory = directory;
  s->journals = journals;
  return 0;
}

static bool
is_other (int fd, int at, const char *path)
{
  struct stat have, there;
  return fstat (fd, &have) < 0 || fstatat (at, path, &there, 0) < 0 || have.st_ino != there.st_ino
         || have.st_dev != there.st_dev;
}

bool
store_is_lost (const struct store *s)
{
  return s->directory < 0 || is_other (s->directory, AT_FDCWD, s->path) || is_other (s->journals, s->directory, STORE_JOURNALS);
}

void
store_close (struct store *s)
{
  if (s->directory >= 0)
    close (s->directory);
  if (s->journals >= 0)
    close (s->journals);
  s->directory = s->journals = -1;
}
