#include "profiles.h"

#include "ini.h"
#include "path.h"
#include "secret.h"
#include "words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What tells one state of a file from another; all 0: no file. */
struct stamp {
  dev_t device;
  ino_t inode;
  off_t size;
  struct timespec mtime, ctime;
};

struct file {
  char *path; /* NULL: no home directory */
  struct stamp stamp;
  struct ini *ini; /* NULL: nothing of it is used */
  char place[512];
};

struct profiles {
  struct file files[PROFILES_FILES];
  char error[512];
};

static const struct {
  const char *variable, *path;
} names[] = {[PROFILES_CREDENTIALS] = {"AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials"},
             [PROFILES_CONFIG] = {"AWS_CONFIG_FILE", "~/.aws/config"}};

/* ---- Reading ---- */

/* Puts in $NAME and ${NAME}; a variable that is not set stays as it was written. */
static void
put_in_variables (const char *text, struct buf *ret)
{
  static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_";
  while (*text) {
    size_t plain = strcspn (text, "$");
    buf_add (ret, text, plain);
    text += plain;
    if (!*text)
      return;
    const char *name = text + 1 + (text[1] == '{');
    size_t length = text[1] == '{' ? strcspn (name, "}") : strspn (name, letters);
    const char *end = name + length + (text[1] == '{' && name[length]);
    char variable[128];
    snprintf (variable, sizeof variable, "%.*s", length < sizeof variable ? (int) length : 0, name);
    const char *value = *variable ? getenv (variable) : NULL;
    if (value)
      buf_adds (ret, value);
    else
      buf_add (ret, text, (size_t) (end - text));
    text = end;
  }
}

static int
find_path (enum profiles_file which, char **ret)
{
  const char *given = getenv (names[which].variable);
  struct buf path BUF_CLEANUP = {.max = 4096};
  put_in_variables (given && *given ? given : names[which].path, &path);
  return path.error ? path.error : path_expand (path.data, ret);
}

static struct stamp
stamp_of (const char *path)
{
  struct stat st;
  struct stamp stamp;
  memset (&stamp, 0, sizeof stamp);
  if (path && stat (path, &st) == 0) {
    stamp.device = st.st_dev;
    stamp.inode = st.st_ino;
    stamp.size = st.st_size;
    stamp.mtime = st.st_mtim;
    stamp.ctime = st.st_ctim;
  }
  return stamp;
}

static bool
same (const struct stamp *a, const struct stamp *b)
{
  return a->device == b->device && a->inode == b->inode && a->size == b->size && a->mtime.tv_sec == b->mtime.tv_sec
         && a->mtime.tv_nsec == b->mtime.tv_nsec && a->ctime.tv_sec == b->ctime.tv_sec && a->ctime.tv_nsec == b->ctime.tv_nsec;
}

static const char *
why (int r)
{
  return r == -ENOENT || r == -ENOTDIR ? "no such file" : r == -EISDIR ? "not a file" : strerror (-r);
}

static int
load_file (struct profiles *p, enum profiles_file which)
{
  struct file *file = p->files + which;
  struct buf text = {.max = INI_MOST_BYTES + 1};
  struct ini_fault fault = {.line = 0};
  int r = find_path (which, &file->path);
  if (r < 0) {
    snprintf (file->place, sizeof file->place, "%s (%s)", names[which].path,
              r == -ENOENT ? "there is no home directory" : strerror (-r));
    return r == -ENOMEM ? r : 0;
  }
  file->stamp = stamp_of (file->path);
  r = secret_read_file (file->path, INI_MOST_BYTES, &text);
  if (r == -ENOMEM)
    return r;
  if (r < 0 && r != -EFBIG && r != -EAGAIN) {
    snprintf (file->place, sizeof file->place, "%.400s (%s)", file->path, why (r));
    return 0;
  }
  snprintf (file->place, sizeof file->place, "%.500s", file->path);
  if (r == 0)
    r = ini_parse (&text, &file->ini, &fault);
  if (r == -EINVAL)
    snprintf (p->error, sizeof p->error, "%.300s:%u: %s", file->path, fault.line, fault.text);
  else if (r == -EFBIG)
    snprintf (p->error, sizeof p->error, "%.300s is larger than %d KiB: that is no file of the AWS tools", file->path,
              INI_MOST_BYTES >> 10);
  else if (r == -EAGAIN)
    snprintf (p->error, sizeof p->error, "%.300s is being written", file->path);
  return r == 0 || r == -ENOMEM ? r : -EINVAL;
}

int
profiles_load (struct profiles **ret)
{
  struct profiles *p = calloc (1, sizeof *p);
  if (!p)
    return -ENOMEM;
  int r = load_file (p, PROFILES_CONFIG), r2 = load_file (p, PROFILES_CREDENTIALS);
  if (r == -ENOMEM || r2 == -ENOMEM) {
    profiles_free (p);
    return -ENOMEM;
  }
  *ret = p;
  return r < 0 ? r : r2;
}

void
profiles_free (struct profiles *p)
{
  for (size_t i = 0; p && i < PROFILES_FILES; i++) {
    ini_free (p->files[i].ini);
    free (p->files[i].path);
  }
  free (p);
}

bool
profiles_changed (const struct profiles *p)
{
  for (size_t i = 0; i < PROFILES_FILES; i++) {
    struct stamp now = stamp_of (p->files[i].path);
    if (!same (&now, &p->files[i].stamp))
      return true;
  }
  return false;
}

const char *
profiles_error (const struct profiles *p)
{
  return p->error;
}

const char *
profiles_place (const struct profiles *p, enum profiles_file file)
{
  return p->files[file].place;
}

/* ---- Looking up ---- */

/* Whether a section's name is "KIND NAME", in quotes or not. */
static bool
is_named (const char *section, const char *kind, const char *name)
{
  char **words;
  size_t n;
  if (strncmp (section, kind, strlen (kind)) != 0 || words_split (section, &words, &n) < 0)
    return false;
  bool is = n == 2 && strcmp (words[1], name) == 0;
  words_free (words);
  return is;
}

/* The last one that fits, as the AWS tools have it, or SIZE_MAX. */
static size_t
find_section (const struct profiles *p, enum profiles_file which, const char *kind, const char *name)
{
  const struct ini *ini = p->files[which].ini;
  size_t found = SIZE_MAX;
  for (size_t s = 0; s < ini_count (ini); s++) {
    const char *section = ini_name (ini, s);
    bool plain = strcmp (section, name) == 0 && strcmp (section, "DEFAULT") != 0;
    if (which == PROFILES_CREDENTIALS ? plain : is_named (section, kind, name) || (plain && strcmp (name, "default") == 0))
      found = s;
  }
  return found;
}

bool
profiles_exist (const struct profiles *p, const char *profile)
{
  return find_section (p, PROFILES_CONFIG, "profile", profile) != SIZE_MAX
         || find_section (p, PROFILES_CREDENTIALS, "profile", profile) != SIZE_MAX;
}

const char *
profiles_get_of (const struct profiles *p, enum profiles_file file, const char *profile, const char *key)
{
  size_t section = find_section (p, file, "profile", profile);
  return section == SIZE_MAX ? NULL : ini_get (p->files[file].ini, section, key);
}

const char *
profiles_get (const struct profiles *p, const char *profile, const char *key)
{
  const char *value = profiles_get_of (p, PROFILES_CREDENTIALS, profile, key);
  return value ? value : profiles_get_of (p, PROFILES_CONFIG, profile, key);
}

int
profiles_service (const struct profiles *p, const char *profile, const char *service, const char *key, struct buf *ret)
{
  const char *name = profiles_get (p, profile, "services");
  if (!name)
    return 0;
  size_t section = find_section (p, PROFILES_CONFIG, "services", name);
  if (section == SIZE_MAX)
    return -ENOENT;
  const char *value = ini_get (p->files[PROFILES_CONFIG].ini, section, service);
  return value && ini_nested (value, key, ret);
}
